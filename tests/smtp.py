"""A real SMTP server on localhost for tests: it keeps what it accepts, refuses or breaks on demand."""

import socket
from email import message_from_bytes, policy

from aiosmtpd.controller import Controller


class _AnyPortController(Controller):
    @property
    def chosen_port(self):
        return self.server.sockets[0].getsockname()[1]

    def _trigger_server(self):
        # The parent would connect to port 0 to see whether the server answers.
        with socket.create_connection((self.hostname, self.chosen_port), timeout=5) as connection:
            connection.recv(1)


class MailSink:
    """`answers`: address -> SMTP answer at RCPT TO. `on_data`: callable that may return an answer at the final dot.

    `drop`: close the connection at the final dot, before (`"before"`) or after (`"after"`) taking the message.
    """

    def __init__(self):
        self.messages = []
        self.answers = {}
        self.on_data = None
        self.drop = None
        self._controller = None

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address in self.answers:
            return self.answers[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        if self.on_data:
            answer = self.on_data(envelope)
            if answer:
                return answer
        if self.drop == "before":
            server.transport.abort()
            return "451 gone"
        message = message_from_bytes(envelope.content, policy=policy.default)
        self.messages.append((list(envelope.rcpt_tos), message))
        if self.drop == "after":
            server.transport.abort()
        return "250 OK"

    def start(self):
        # Port 0: the system chooses a free one, so that two suites can run side by side.
        self._controller = _AnyPortController(self, hostname="127.0.0.1", port=0)
        self._controller.start()
        self.port = self._controller.chosen_port
        return self

    def stop(self):
        self._controller.stop()

    def recipients(self):
        return sorted(address for addresses, _message in self.messages for address in addresses)

    def to(self, address):
        """Messages that were accepted for an address."""
        return [message for addresses, message in self.messages if address in addresses]
