"""Read what a mail server reports about a message that it took: delivery status notifications (RFC 3464, RFC 3463).

Pure: an `email.message.EmailMessage` in, plain facts out. Nothing here trusts the sender: a report that cannot be read
says nothing, it does not fail.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from email.message import Message
from email.utils import parseaddr, parsedate_to_datetime

#: Status codes that speak of the address, not of the message: another address may well work.
_ADDRESS = re.compile(r"^[45]\.(1\.\d+|2\.[0-2]|4\.[0-9]+)")
_STATUS = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")
#: A server that goes on trying; anything else that comes back was not delivered.
_STILL_TRYING = re.compile(
    r"(will|going to) (be |keep |continue )*(try|trying|retry|retried|attempt)|only a warning", re.IGNORECASE
)
#: Words of the answer, where a server gives no status code.
_NO_SUCH_USER = re.compile(
    r"user unknown|unknown user|no such (user|recipient|mailbox|address)|does(n't| not) exist|mailbox (is )?(full|unavailable|not found)"
    r"|recipient (address )?rejected|invalid recipient|over ?quota|domain not found|unrouteable|host not found|account .{0,20}disabled",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Report:
    """What became of the message for one recipient.

    `action`: `failed`, `delayed`, or `delivered` (also relayed or expanded); `recipients`: the addresses by which the
    report names him, normalized; `status`: `5.1.1` or empty; `address`: the address is to blame, not the message;
    `retry_until`: how long the server goes on trying, when it says so.
    """

    action: str
    recipients: tuple[str, ...] = ()
    status: str = ""
    diagnostic: str = ""
    address: bool = True
    retry_until: datetime | None = None


def is_automatic_answer(message: Message) -> bool:
    """Out of office, a ticket number: an answer by a machine that read the message, and so no bounce (RFC 3834)."""
    if any(part.get_content_type() == "message/delivery-status" for part in message.walk()):
        return False
    submitted = _header(message, "Auto-Submitted").split(";")[0].strip().lower()
    if submitted in ("auto-replied", "auto-notified"):
        sender = parseaddr(_header(message, "From"))[1].split("@")[0].lower()
        # Some servers mark their bounces so as well.
        return sender not in ("mailer-daemon", "postmaster") or message.get_content_type() != "multipart/report"
    return bool(
        _header(message, "X-Autoreply")
        or _header(message, "X-Autorespond")
        or _header(message, "Precedence").lower() == "auto_reply"
    )


def read(message: Message) -> list[Report]:
    """The reports in a message that was sent to the bounce address, one per recipient.

    A returned message without a machine-readable part (old servers) is one failed report without an address.
    """
    blocks = [
        block
        for part in message.walk()
        if part.get_content_type() == "message/delivery-status" and isinstance(part.get_payload(), list)
        for block in part.get_payload()
        if _header(block, "Action") or _header(block, "Final-Recipient") or _header(block, "Status")
    ]
    if not blocks:
        return [_from_words(_text(message))]
    return [_from_block(block) for block in blocks]


def blames_address(status: str, diagnostic: str) -> bool:
    """Whether a refusal is about the address; a message refused as spam or too large would be refused elsewhere too."""
    if status:
        return bool(_ADDRESS.match(status)) or (status.split(".")[1] == "0" and bool(_NO_SUCH_USER.search(diagnostic)))
    return bool(_NO_SUCH_USER.search(diagnostic)) or bool(re.search(r"\b55[0136]\b", diagnostic))


def status_of(text: str) -> str:
    """The enhanced status code (RFC 3463) in a server's answer; empty when there is none."""
    found = _STATUS.search(text)
    return found[1] if found else ""


def _from_block(block: Message) -> Report:
    action = _header(block, "Action").split()[:1]
    action = action[0].lower() if action else "failed"
    diagnostic = " ".join(_header(block, "Diagnostic-Code").split())
    status = status_of(_header(block, "Status")) or status_of(diagnostic)
    if action in ("delivered", "relayed", "expanded"):
        action = "delivered"
    elif action != "delayed":
        action = "failed"
    return Report(
        action=action,
        recipients=tuple(
            dict.fromkeys(
                address
                for name in ("Original-Recipient", "Final-Recipient")
                if (address := _address(_header(block, name)))
            )
        ),
        status=status,
        diagnostic=diagnostic[:300],
        address=blames_address(status, diagnostic) or not (status or diagnostic),
        retry_until=_day(_header(block, "Will-Retry-Until")),
    )


def _from_words(text: str) -> Report:
    status = status_of(text)
    if not status.startswith("5") and _STILL_TRYING.search(text):
        return Report("delayed", status=status, diagnostic=text[:300])
    return Report("failed", status=status, diagnostic=text[:300], address=blames_address(status, text) or not status)


def _address(value: str) -> str:
    """`rfc822; Jan@Peeters.example` -> `jan@peeters.example`; empty when there is none."""
    address = value.rpartition(";")[2].strip().strip("<>").lower()
    return address if "@" in address else ""


def _day(value: str) -> datetime | None:
    try:
        return parsedate_to_datetime(value) if value else None
    except (TypeError, ValueError, IndexError, OverflowError):
        return None


def _header(message: Message, name: str) -> str:
    try:
        return str(message.get(name) or "")
    except Exception:  # noqa: BLE001 - a header that the parser itself cannot read says nothing
        return ""


def _text(message: Message) -> str:
    for part in message.walk():
        if part.get_content_type() == "text/plain":
            try:
                content = part.get_payload(decode=True) or b""
            except Exception:  # noqa: BLE001 - bad encodings say nothing
                return ""
            return " ".join(content.decode("utf-8", "replace").split())
    return ""
