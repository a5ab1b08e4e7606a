"""The time a consumer has to pay after the free first reminder."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from ._checks import check_day
from .calendar import ONE_DAY, add_working_days, next_working_day

#: Calendar days without any charge: article XIX.2 of the Code of Economic Law.
WAITING_DAYS = 14


@dataclass(frozen=True, slots=True)
class WaitingPeriod:
    """The days on which nothing may be charged, both ends included, and the first day after them."""

    first_day: date
    last_day: date
    chargeable_from: date


def waiting_period(
    sent_on: date,
    medium: Literal["email", "post"],
    saturday_counts: bool = False,
    extend: bool = True,
) -> WaitingPeriod:
    """The fourteen calendar days after the free first reminder to a consumer.

    By e-mail they begin the day after sending, by post on the third working day after it. They must have
    passed completely before anything may be charged. Source: article XIX.2 of the Code of Economic Law.

    :param sent_on: day the reminder left; a letter on the day it was posted, working day or not
    :param medium: ``"email"`` or ``"post"``
    :param saturday_counts: by post, count a Saturday among the three working days; it is then never the
        third one itself, which moves to the next working day
    :param extend: move a last day on a Saturday, Sunday or legal holiday to the next day that is none of
        them, whatever ``saturday_counts``
    :raises TypeError: if ``sent_on`` is no date
    :raises ValueError: if the medium is unknown
    """
    check_day("sent_on", sent_on)
    if medium == "email":
        first_day = sent_on + ONE_DAY
    elif medium == "post":
        first_day = next_working_day(add_working_days(sent_on, 3, saturday_counts))
    else:
        raise ValueError(f"medium must be 'email' or 'post', not {medium!r}")
    last_day = first_day + timedelta(days=WAITING_DAYS - 1)
    if extend:
        last_day = next_working_day(last_day)
    return WaitingPeriod(first_day, last_day, last_day + ONE_DAY)
