"""How far one message got with a mail server: what SMTP can tell when something breaks. Plain Python."""

import smtplib


class SmtpAttempt:
    """Watches a session of `smtplib` while it hands over one message (a context manager).

    `offered`: the text of the message began to leave. Before that the server cannot have it.
    `answered`: the server said at the end of the text whether it took it.
    `accepted`: it took it.

    :param session: `smtplib.SMTP`; of anything else nothing is known, and the message counts as offered
    :param key: whose attempt it is: the claim of the notice
    """

    def __init__(self, session, key=None):
        self.key = key
        self.answered = self.accepted = False
        self._session = session if isinstance(session, smtplib.SMTP) else None
        self.offered = self._session is None

    @property
    def certain(self):
        """Whether it is known what became of the message."""
        return self.answered or not self.offered

    def __enter__(self):
        session = self._session
        if session is not None:
            send, data = session.send, session.data

            def watched_send(content):
                if not isinstance(content, str):  # commands are text, a message is bytes
                    self.offered = True
                return send(content)

            def watched_data(message):
                code, answer = data(message)
                self.answered, self.accepted = True, code == 250
                return code, answer

            session.send, session.data = watched_send, watched_data
        return self

    def __exit__(self, *_error):
        if self._session is not None:
            del self._session.send, self._session.data


def is_over(session):
    """Whether a session is closed, so that nothing can be handed over in it any more."""
    return isinstance(session, smtplib.SMTP) and session.sock is None
