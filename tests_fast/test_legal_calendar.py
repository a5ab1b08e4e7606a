"""Belgian holidays and working days, against the printed calendar and the `holidays` package."""

from datetime import date, datetime, timedelta

import holidays
import pytest
from hypothesis import given
from hypothesis import strategies as st

from legal.calendar import add_working_days, is_working_day, legal_holidays, next_working_day

DAYS = st.dates(date(1990, 1, 1), date(2090, 12, 31))


@pytest.mark.parametrize("year", range(1975, 2076))
def test_agrees_with_the_holidays_package(year):
    listed = {day for day in holidays.country_holidays("BE", years=year) if day.year == year}
    ours = legal_holidays(year)
    assert ours <= listed
    # The package also lists Easter and Whit Sunday, which are Sundays and no legal holidays.
    assert {day.weekday() for day in listed - ours} <= {6}
    assert len(listed - ours) <= 2


@pytest.mark.parametrize(
    ("year", "easter_monday", "ascension", "whit_monday"),
    [
        (2008, "2008-03-24", "2008-05-01", "2008-05-12"),  # Easter on 23 March, about the earliest
        (2024, "2024-04-01", "2024-05-09", "2024-05-20"),
        (2025, "2025-04-21", "2025-05-29", "2025-06-09"),
        (2026, "2026-04-06", "2026-05-14", "2026-05-25"),
        (2038, "2038-04-26", "2038-06-03", "2038-06-14"),  # Easter on 25 April, the latest there is
    ],
)
def test_movable_holidays_of_printed_calendars(year, easter_monday, ascension, whit_monday):
    fixed = {
        date(year, 1, 1),
        date(year, 5, 1),
        date(year, 7, 21),
        date(year, 8, 15),
        date(year, 11, 1),
        date(year, 11, 11),
        date(year, 12, 25),
    }
    movable = {date.fromisoformat(day) for day in (easter_monday, ascension, whit_monday)}
    assert legal_holidays(year) == fixed | movable


def test_ten_holidays_on_nine_days_when_ascension_is_labour_day():
    assert len(legal_holidays(2008)) == 9
    assert len(legal_holidays(2026)) == 10


@pytest.mark.parametrize(
    ("day", "saturday_counts", "expected"),
    [
        ("2026-11-20", False, True),  # a plain Friday
        ("2026-11-21", False, False),  # Saturday, not counted by default
        ("2026-11-21", True, True),  # Saturday, counted
        ("2026-11-22", True, False),  # Sunday never
        ("2026-08-15", True, False),  # Assumption on a Saturday: a holiday even where Saturdays count
        ("2026-04-03", False, True),  # Good Friday is no Belgian holiday
        ("2026-12-26", True, True),  # nor is Boxing Day, a Saturday in 2026
        ("2026-07-11", True, True),  # nor the feast of the Flemish Community, a Saturday in 2026
        ("2026-05-15", False, True),  # the Friday after Ascension is a bridge, not a holiday
        ("2024-02-29", False, True),  # a Thursday that exists
    ],
)
def test_is_working_day(day, saturday_counts, expected):
    assert is_working_day(date.fromisoformat(day), saturday_counts) is expected


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        ("2026-11-20", "2026-11-20"),  # a working day stays
        ("2026-11-21", "2026-11-23"),  # Saturday to Monday
        ("2026-04-04", "2026-04-07"),  # Saturday before Easter, over Easter Monday, to Tuesday
        ("2026-12-25", "2026-12-28"),  # Christmas on Friday to Monday
        ("2026-01-01", "2026-01-02"),  # New Year on Thursday to Friday
    ],
)
def test_next_working_day(day, expected):
    assert next_working_day(date.fromisoformat(day)) == date.fromisoformat(expected)


@pytest.mark.parametrize(
    ("day", "number", "saturday_counts", "expected"),
    [
        ("2026-11-20", 1, False, "2026-11-23"),  # Friday + 1 is Monday
        ("2026-11-20", 1, True, "2026-11-21"),  # or Saturday
        ("2026-11-21", 1, False, "2026-11-23"),  # from a Saturday the first one is Monday
        ("2026-12-24", 5, False, "2027-01-04"),  # 28, 29, 30, 31 December, then over New Year (Friday)
        ("2026-04-05", 0, False, "2026-04-05"),  # zero stays, even on Easter Sunday
    ],
)
def test_add_working_days(day, number, saturday_counts, expected):
    found = add_working_days(date.fromisoformat(day), number, saturday_counts)
    assert found == date.fromisoformat(expected)


@given(day=DAYS, number=st.integers(0, 30), more=st.integers(0, 30), saturday_counts=st.booleans())
def test_working_days_add_up(day, number, more, saturday_counts):
    there = add_working_days(day, number, saturday_counts)
    further = add_working_days(there, more, saturday_counts)
    assert further == add_working_days(day, number + more, saturday_counts)
    between = (day + timedelta(days=step) for step in range(1, (there - day).days + 1))
    assert sum(is_working_day(one, saturday_counts) for one in between) == number


@pytest.mark.parametrize("wrong", [datetime(2026, 1, 1), "2026-01-01", None])
def test_a_day_must_be_a_date(wrong):
    with pytest.raises(TypeError, match="day must be a date"):
        is_working_day(wrong)


@pytest.mark.parametrize(("wrong", "error"), [(-1, ValueError), (1.0, TypeError), (True, TypeError)])
def test_a_number_of_working_days_must_be_a_whole_number(wrong, error):
    with pytest.raises(error, match="number must"):
        add_working_days(date(2026, 1, 1), wrong)
