"""A mail server that behaves as bad ones do: it refuses, hesitates, breaks off, and does not say whether it kept a message."""

import asyncio
import collections
import pathlib
import socket
import struct
import sys

from aiosmtpd.smtp import SMTP

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
from support import DEV, load

smtp = load("followup_smtp", DEV.parent / "tests" / "smtp.py")

#: What can go wrong with one attempt -> what must come of it: `later` sent at another attempt, `unknown`, `failed`.
BEHAVIOURS = {
    "refuse later at RCPT": "later",  # 450
    "break off at RCPT": "later",
    "421 at RCPT": "later",
    "break off at DATA": "later",
    "refuse later at the dot": "later",  # 451
    "421 at the dot": "later",
    "refuse at RCPT": "failed",  # 550
    "refuse at the dot": "failed",  # 554
    "lose at the dot": "unknown",
    "reset at the dot": "unknown",
    "keep, then break off": "unknown",
    "keep, answer too late": "unknown",
    "lose, answer too late": "unknown",
}


class Session(SMTP):
    """One connection."""

    async def smtp_DATA(self, arg):
        if getattr(self.envelope, "behaviour", None) == "break off at DATA":
            self.transport.abort()
            return
        await super().smtp_DATA(arg)


class Controller(smtp._AnyPortController):
    def factory(self):
        return Session(self.handler, **self.SMTP_kwargs)


class ChaosServer(smtp.MailSink):
    """`behave(address, …)`: what happens at the next attempts to deliver to an address; afterwards all is well.

    `patience`: so long the sender waits for an answer, in seconds.
    """

    def __init__(self, patience):
        super().__init__()
        self.patience = patience
        self.plans = collections.defaultdict(collections.deque)
        self.happened = collections.Counter()
        self.accepted = []  # addresses, in the order in which messages were kept

    def start(self):
        self._controller = Controller(self, hostname="127.0.0.1", port=0)
        self._controller.start()
        self.port = self._controller.chosen_port
        return self

    def behave(self, address, *behaviours):
        self.plans[address].extend(behaviours)

    async def handle_RCPT(self, server, session, envelope, address, options):
        plan = self.plans.get(address)
        behaviour = plan.popleft() if plan else None
        envelope.behaviour = behaviour
        if behaviour:
            self.happened[behaviour] += 1
        if behaviour == "refuse later at RCPT":
            return "450 4.2.1 Mailbox busy, try again later"
        if behaviour == "refuse at RCPT":
            return "550 5.1.1 No such mailbox here"
        if behaviour == "421 at RCPT":
            asyncio.get_running_loop().call_later(0.02, server.transport.close)
            return "421 4.3.2 Closing down"
        if behaviour == "break off at RCPT":
            server.transport.abort()
            return "421 gone"
        return await super().handle_RCPT(server, session, envelope, address, options)

    async def handle_DATA(self, server, session, envelope):
        behaviour = getattr(envelope, "behaviour", None)
        if behaviour == "refuse later at the dot":
            return "451 4.3.0 Try again later"
        if behaviour == "421 at the dot":
            asyncio.get_running_loop().call_later(0.02, server.transport.close)
            return "421 4.3.2 Closing down"
        if behaviour == "refuse at the dot":
            return "554 5.7.1 Not wanted"
        if behaviour == "lose at the dot":
            server.transport.abort()
            return "451 gone"
        if behaviour == "reset at the dot":
            self._reset(server)
            return "451 gone"
        if behaviour == "lose, answer too late":
            await asyncio.sleep(1.5 * self.patience)
            return "250 OK"
        answer = await super().handle_DATA(server, session, envelope)
        if not answer.startswith("250"):
            return answer
        self.accepted.extend(envelope.rcpt_tos)
        if behaviour == "keep, then break off":
            server.transport.abort()
        elif behaviour == "keep, answer too late":
            await asyncio.sleep(1.5 * self.patience)
        return answer

    def _reset(self, server):
        """A reset connection (RST) and not a closed one."""
        connection = server.transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        server.transport.abort()
