"""Belgian working days.

The ten legal holidays are those of article 1 of the royal decree of 18 April 1974 that carries out the
law of 4 January 1974 on public holidays. A replacement day that an employer grants for a holiday in the
weekend is no legal holiday, and neither are the days of a Community or a public service.
"""

from datetime import date, timedelta
from functools import cache

from dateutil.easter import easter

from ._checks import check_day

ONE_DAY = timedelta(days=1)
SATURDAY, SUNDAY = 5, 6

_FIXED = ((1, 1), (5, 1), (7, 21), (8, 15), (11, 1), (11, 11), (12, 25))
_AFTER_EASTER = (1, 39, 50)  # Easter Monday, Ascension Day, Whit Monday


@cache
def legal_holidays(year: int) -> frozenset[date]:
    """The ten Belgian legal holidays of a calendar year.

    They are ten names but sometimes nine dates: in 2008 Ascension Day was 1 May.

    :param year: from 1583, where the Gregorian Easter begins, to 4099
    :raises ValueError: for a year outside that range
    """
    sunday = easter(year)
    fixed = {date(year, month, day) for month, day in _FIXED}
    return frozenset(fixed | {sunday + timedelta(days=days) for days in _AFTER_EASTER})


def is_working_day(day: date, saturday_counts: bool = False) -> bool:
    """Whether a day is neither a Sunday nor a legal holiday (nor, by default, a Saturday).

    Source: working days of article XIX.2 of the Code of Economic Law. Whether a Saturday is one is
    disputed; leaving it out is the later, safer date for whoever claims.

    :param saturday_counts: count a Saturday that is no holiday as a working day
    :raises TypeError: if ``day`` is no date
    """
    check_day("day", day)
    weekday = day.weekday()
    if weekday == SUNDAY or (weekday == SATURDAY and not saturday_counts):
        return False
    return day not in legal_holidays(day.year)


def next_working_day(day: date, saturday_counts: bool = False) -> date:
    """The day itself if it is a working day, else the first working day after it.

    :raises TypeError: if ``day`` is no date
    """
    while not is_working_day(day, saturday_counts):
        day += ONE_DAY
    return day


def add_working_days(day: date, number: int, saturday_counts: bool = False) -> date:
    """The ``number``-th working day after ``day``; ``day`` itself never counts.

    :param day: any day, working or not
    :param number: working days, zero or more; zero gives ``day`` back, even if it is a holiday
    :raises TypeError: if ``day`` is no date or ``number`` no int
    :raises ValueError: if ``number`` is negative
    """
    check_day("day", day)
    if isinstance(number, bool) or not isinstance(number, int):
        raise TypeError(f"number must be an int, not {type(number).__name__}: {number!r}")
    if number < 0:
        raise ValueError(f"number must not be negative: {number}")
    for _ in range(number):
        day = next_working_day(day + ONE_DAY, saturday_counts)
    return day
