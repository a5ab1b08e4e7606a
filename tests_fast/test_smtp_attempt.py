"""How far a message got, against a real connection that breaks at each step of the conversation."""

import contextlib
import smtplib
import socket
import threading

import pytest

from engine.smtp_attempt import SmtpAttempt, is_over

TEXT = "From: a@x.example\r\nTo: b@x.example\r\nSubject: x\r\n\r\nhello\r\n"


@contextlib.contextmanager
def server(answers):
    """A mail server that gives these answers, one to each command and one to the text, and then closes."""
    listener = socket.create_server(("127.0.0.1", 0))

    def talk():
        connection, _address = listener.accept()
        with connection, connection.makefile("rwb") as lines:
            lines.write(b"220 hello\r\n")
            lines.flush()
            text = False
            for answer in answers:
                while (line := lines.readline()) and text and line != b".\r\n":
                    pass
                lines.write(answer.encode() + b"\r\n")
                lines.flush()
                text = answer.startswith("354")
            lines.readline()

    thread = threading.Thread(target=talk, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.close()
        thread.join(5)


STEPS = ["250 ehlo", "250 mail", "250 rcpt", "354 go on", "250 taken"]


@pytest.mark.parametrize(
    ("answers", "offered", "answered", "accepted"),
    [
        (STEPS, True, True, True),
        (STEPS[:4], True, False, False),
        (STEPS[:3], False, False, False),
        (STEPS[:2], False, False, False),
        (STEPS[:1], False, False, False),
        ([*STEPS[:4], "451 later", "250 reset"], True, True, False),
        ([*STEPS[:2], "550 nobody", "250 reset"], False, False, False),
    ],
)
def test_what_smtp_can_tell(answers, offered, answered, accepted):
    with server(answers) as port:
        session = smtplib.SMTP("127.0.0.1", port, timeout=5)
        with contextlib.suppress(smtplib.SMTPException, OSError), SmtpAttempt(session) as attempt:
            session.sendmail("a@x.example", ["b@x.example"], TEXT)
        assert (attempt.offered, attempt.answered, attempt.accepted) == (offered, answered, accepted)
        assert attempt.certain == (answered or not offered)
        assert "send" not in vars(session), "the session is as it was"
        session.close()
    assert is_over(session)


def test_of_another_kind_of_session_nothing_is_known():
    with SmtpAttempt(object()) as attempt:
        pass
    assert attempt.offered
    assert not attempt.certain
    assert not is_over(object())
