"""The European Central Bank's main refinancing rate, through its data API. No Odoo, no database."""

import csv
import io
from datetime import date
from decimal import Decimal, InvalidOperation
from urllib.parse import urlsplit

import requests
from urllib3.util.retry import Retry

from . import outgoing

URL = "https://data-api.ecb.europa.eu/service/data/FM/B.U2.EUR.4F.KR.MRR_FR.LEV"
#: Seconds for connecting and for reading: a slow bank of rates must not hold up a cron.
TIMEOUT = 8
#: Seconds before the second try, doubled before the third.
BACKOFF = 0.5
MAX_BYTES = 65536
#: The rate was never outside these bounds since the euro exists (0 to 4.75).
PLAUSIBLE = (Decimal("-1"), Decimal("15"))


class RateError(Exception):
    """The rate could not be had, or the answer cannot be true; the text says why."""


def reference_rate(day: date, url: str = URL, timeout: float = TIMEOUT) -> Decimal:
    """The rate in force on `day`: the last observation on or before it (the series holds changes only).

    :return: percent a year
    :raises RateError: no connection, an answer that is late, too large, unreadable or implausible
    """
    text = _fetch(url, day, timeout)
    try:
        rows = list(csv.DictReader(io.StringIO(text)))
        observations = [(date.fromisoformat(row["TIME_PERIOD"]), Decimal(row["OBS_VALUE"])) for row in rows]
    except (KeyError, TypeError, ValueError, InvalidOperation) as error:
        raise RateError(f"the answer cannot be read ({error!r})") from error
    known = [(observed, rate) for observed, rate in observations if observed <= day]
    if not known:
        raise RateError(f"the answer holds no rate on or before {day}")
    rate = max(known)[1]
    if not rate.is_finite() or not PLAUSIBLE[0] <= rate <= PLAUSIBLE[1]:
        raise RateError(f"the answer gives a rate of {rate} %, which cannot be true")
    return rate


def _fetch(url: str, day: date, timeout: float) -> str:
    retry = Retry(total=2, backoff_factor=BACKOFF, status_forcelist=(429, 500, 502, 503, 504), allowed_methods=("GET",))
    params = {"format": "csvdata", "endPeriod": day.isoformat(), "lastNObservations": "1"}
    # The address is an administrator's; where a redirect leads is not.
    with outgoing.session({(urlsplit(url).hostname or "").lower()}, retry) as session:
        try:
            with session.get(url, params=params, timeout=timeout, stream=True) as response:
                response.raise_for_status()
                content = response.raw.read(MAX_BYTES + 1, decode_content=True)
        except (requests.RequestException, OSError) as error:
            raise RateError(f"the data service cannot be reached ({type(error).__name__})") from error
        except Exception as error:  # urllib3 raises its own errors while the body is read
            raise RateError(f"the answer broke off ({type(error).__name__})") from error
    if len(content) > MAX_BYTES:
        raise RateError("the answer is too large")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RateError("the answer is no text") from error
