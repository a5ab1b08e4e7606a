"""What mail servers report: real shapes of reports, and whatever else arrives at the bounce address."""

from email import message_from_bytes, message_from_string, policy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.dsn import blames_address, is_automatic_answer, read, status_of


def report(blocks, text="It did not arrive.", **headers):
    head = "".join(f"{name.replace('_', '-')}: {value}\n" for name, value in headers.items())
    return message_from_string(
        f"From: MAILER-DAEMON@mx.example\nTo: bounce@us.example\nSubject: Undelivered Mail\n{head}MIME-Version: 1.0\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\n\n'
        f"--b\nContent-Type: text/plain\n\n{text}\n"
        f"--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example\n\n{blocks}\n"
        "--b\nContent-Type: text/rfc822-headers\n\nMessage-Id: <x@us.example>\n\n--b--\n",
        policy=policy.SMTP,
    )


def plain(text, sender="MAILER-DAEMON@mx.example", **headers):
    head = "".join(f"{name.replace('_', '-')}: {value}\n" for name, value in headers.items())
    return message_from_string(
        f"From: {sender}\nTo: bounce@us.example\nSubject: x\n{head}MIME-Version: 1.0\nContent-Type: text/plain\n\n{text}\n",
        policy=policy.SMTP,
    )


FAILED = (
    "Final-Recipient: rfc822; Jan@Peeters.example\nAction: failed\nStatus: 5.1.1\n"
    "Diagnostic-Code: smtp; 550 5.1.1 <jan@peeters.example>: Recipient address rejected: User unknown\n"
)


def test_permanent():
    [row] = read(report(FAILED))
    assert (row.action, row.status, row.recipients, row.address) == ("failed", "5.1.1", ("jan@peeters.example",), True)
    assert "User unknown" in row.diagnostic


def test_forwarded_names_both_addresses():
    [row] = read(
        report("Original-Recipient: rfc822;jan@peeters.example\n" + FAILED.replace("Jan@Peeters", "jan@gmail"))
    )
    assert row.recipients == ("jan@peeters.example", "jan@gmail.example")


def test_delayed_is_no_failure():
    [row] = read(
        report(
            "Final-Recipient: rfc822; jan@peeters.example\nAction: delayed\nStatus: 4.4.1\n"
            "Will-Retry-Until: Mon, 23 Nov 2026 10:00:00 +0100\n"
        )
    )
    assert row.action == "delayed"
    assert row.retry_until.isoformat() == "2026-11-23T10:00:00+01:00"


def test_given_up_after_days_is_a_failure_of_the_address():
    [row] = read(report("Final-Recipient: rfc822; jan@peeters.example\nAction: failed\nStatus: 4.4.7\n"))
    assert (row.action, row.address) == ("failed", True)


@pytest.mark.parametrize("action", ["delivered", "relayed", "expanded"])
def test_a_receipt_is_no_bounce(action):
    [row] = read(report(f"Final-Recipient: rfc822; jan@peeters.example\nAction: {action}\nStatus: 2.0.0\n"))
    assert row.action == "delivered"


def test_two_recipients():
    rows = read(report(FAILED + "\nFinal-Recipient: rfc822; an@peeters.example\nAction: delivered\nStatus: 2.1.5\n"))
    assert [(row.action, row.recipients) for row in rows] == [
        ("failed", ("jan@peeters.example",)),
        ("delivered", ("an@peeters.example",)),
    ]


@pytest.mark.parametrize(
    ("status", "words", "blamed"),
    [
        ("5.1.1", "", True),
        ("5.1.10", "RecipientNotFound", True),
        ("5.2.2", "mailbox full", True),
        ("5.4.4", "unable to route", True),
        ("5.0.0", "550 No such user here", True),
        ("5.0.0", "554 rejected", False),
        ("5.7.1", "550 rejected as spam", False),
        ("5.7.26", "DMARC", False),
        ("5.3.4", "message too big", False),
        ("5.6.0", "content", False),
        ("", "550 no such user", True),
        ("", "554 transaction failed", False),
    ],
)
def test_who_is_to_blame(status, words, blamed):
    assert blames_address(status, words) is blamed


def test_old_servers_write_words_only():
    [row] = read(plain("Hi. This is the qmail-send program.\n<jan@peeters.example>:\nSorry, no mailbox here. (#5.1.1)"))
    assert (row.action, row.status, row.recipients) == ("failed", "5.1.1", ())
    [row] = read(plain("This is only a warning. Your message is delayed; we will keep trying for 4 days."))
    assert row.action == "delayed"
    [row] = read(plain("451 4.3.0 could not be delivered, giving up"))
    assert row.action == "failed"


def test_out_of_office_is_no_bounce():
    assert is_automatic_answer(plain("I am away.", sender="jan@peeters.example", Auto_Submitted="auto-replied"))
    assert is_automatic_answer(plain("I am away.", sender="jan@peeters.example", X_Autoreply="yes"))
    assert not is_automatic_answer(plain("It came back.", Auto_Submitted="no"))
    assert not is_automatic_answer(report(FAILED, Auto_Submitted="auto-replied"))


def test_status_of():
    assert status_of("smtp; 550 5.1.1 gone") == "5.1.1"
    assert status_of("host 10.1.1.1 said no") == ""


@given(st.text(max_size=400), st.text(alphabet=st.characters(codec="ascii"), max_size=200))
def test_never_fails_on_what_it_reads(text, block):
    message = message_from_string(f"From: a@b.example\nContent-Type: text/plain\n\n{text}", policy=policy.SMTP)
    assert len(read(message)) == 1
    for row in read(report(block)):
        assert row.action in ("failed", "delayed", "delivered")


@given(st.binary(max_size=600))
def test_never_fails_on_bytes(raw):
    message = message_from_bytes(raw, policy=policy.SMTP)
    is_automatic_answer(message)
    assert read(message)
