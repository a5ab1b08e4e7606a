"""One signed message to the system that delivers the services. No Odoo, no database."""

import hashlib
import hmac
import json
import random
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

import requests

from . import outgoing

#: An answer is a word, not a book.
MAX_BYTES = 65536
#: Seconds between attempts: 1, 2, 4 ... minutes, never more than six hours.
FIRST_DELAY = 60
LONGEST_DELAY = 6 * 3600
#: The client-error answers that say "not now" instead of "never": time-out, conflict in time, too early, too many.
PASSING = {408, 425, 429}


class WebhookError(Exception):
    """No complete answer: refused, broken, too late. The receiver may or may not have applied the event."""


@dataclass(frozen=True)
class Answer:
    """`outcome`: `acknowledged` (applied), `delivered` (taken), `refused` (never) or `later` (try again)."""

    status: int
    text: str
    outcome: str
    retry_after: int = 0


def encode(payload: dict) -> bytes:
    """The bytes that are signed and sent: the same for every attempt."""
    return json.dumps(payload, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def sign(secret: str, timestamp: str, body: bytes) -> str:
    """HMAC-SHA256 over the timestamp, a dot and the body, as it stands in the header."""
    digest = hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    return f"sha256={digest}"


def check_url(url: str, allowed=()) -> str | None:
    """What is wrong with an address: `scheme`, `host`, `password`, `internal` or `unreadable`; None when it may be used.

    :param allowed: hosts of the own network that an administrator allows; http is enough there
    """
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port
    except ValueError:
        return "unreadable"
    if not host or any(character.isspace() or not character.isprintable() for character in url):
        return "host"
    if parts.username or parts.password:
        return "password"  # an address is shown to people; the signature is what proves who we are
    if parts.scheme != "https" and not (
        parts.scheme == "http" and (host in allowed or outgoing.is_named_internal(host))
    ):
        return "scheme"
    return "internal" if host not in allowed and outgoing.is_named_internal(host) else None


def delay(attempts: int, retry_after: int = 0) -> int:
    """Seconds to wait after so many attempts; up to a quarter more by chance, so that not all come back together."""
    base = FIRST_DELAY * 2 ** min(max(attempts - 1, 0), 20)
    return int(min(max(base * random.uniform(1, 1.25), retry_after), LONGEST_DELAY))  # noqa: S311 - spreads, hides nothing


def judge(status: int, text: str) -> str:
    """What an answer means; the rules stand in docs/provisioning.md."""
    if 200 <= status < 300:
        try:
            said = json.loads(text).get("acknowledged")
        except (ValueError, AttributeError, RecursionError):
            said = None
        if said is True or (status in (200, 204) and said is not False):
            return "acknowledged"
        return "delivered"
    if status == 409:
        return "acknowledged"
    if 400 <= status < 500 and status not in PASSING:
        return "refused"
    return "later"


def post(url: str, body: bytes, headers: dict, timeout: float, allowed=()) -> Answer:
    """Send once. Redirects are not followed: the signed message goes where a manager said, and nowhere else.

    :param timeout: seconds for connecting, for each wait, and for the whole answer
    :param allowed: hosts of the own network that an administrator allows
    :raises WebhookError: without a complete answer
    """
    deadline = time.monotonic() + 2 * timeout
    content = b""
    parts = urlsplit(url)
    try:
        outgoing.check_host(parts.hostname or "", parts.port or 443, allowed)
        with (
            outgoing.session(allowed) as session,
            session.post(
                url, data=body, headers=headers, timeout=timeout, allow_redirects=False, stream=True
            ) as response,
        ):
            for piece in response.iter_content(1):
                content += piece
                if len(content) >= MAX_BYTES:
                    break
                if time.monotonic() > deadline:
                    raise WebhookError("the answer took too long")
            status, after = response.status_code, response.headers.get("Retry-After", "")
    except outgoing.InternalAddressError as error:
        raise WebhookError(
            f"{error} is an address of the own network: an administrator can allow it in the system parameter "
            "l10n_be_followup.internal_hosts"
        ) from error
    except (requests.RequestException, OSError, ValueError) as error:
        raise WebhookError(f"no answer ({type(error).__name__})") from error
    text = content.decode("utf-8", "replace").replace("\x00", "")
    return Answer(status, text, judge(status, text), min(int(after), LONGEST_DELAY) if after.isdecimal() else 0)
