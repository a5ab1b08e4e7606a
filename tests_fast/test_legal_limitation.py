"""When a debt is time-barred."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from legal.limitation import INTERRUPTIONS, YEARS, Interruption, last_day, warn_from


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("general", date(2036, 9, 30)), ("periodic", date(2031, 9, 30)), ("goods", date(2027, 9, 30))],
)
def test_years(kind, expected):
    """Due 30 September 2026: the first day counts as 1 October, the last as 30 September."""
    assert last_day(date(2026, 9, 30), kind) == expected


def test_leap_day():
    assert last_day(date(2024, 2, 29), "goods") == date(2025, 2, 28)


def test_an_acknowledgement_begins_anew():
    assert last_day(date(2026, 9, 30), "goods", [Interruption(date(2027, 3, 1), "acknowledgement")]) == date(2028, 3, 1)


def test_too_late_to_interrupt():
    """On the last day it still works, the day after it does not."""
    due, end = date(2026, 9, 30), date(2027, 9, 30)
    assert last_day(due, "goods", [Interruption(end, "acknowledgement")]) == date(2028, 9, 30)
    assert last_day(due, "goods", [Interruption(end + timedelta(days=1), "acknowledgement")]) == end


def test_a_lawyers_notice_gives_a_year_at_least_and_once():
    due = date(2026, 9, 30)
    notice = Interruption(date(2027, 6, 1), "formal_notice")
    assert last_day(due, "goods", [notice]) == date(2028, 6, 1)
    assert last_day(due, "goods", [notice, Interruption(date(2028, 5, 1), "formal_notice")]) == date(2028, 6, 1)
    assert last_day(due, "general", [notice]) == date(2036, 9, 30)  # long before its end: nothing is gained


def test_a_lawsuit_stops_the_clock_until_its_judgment():
    due = date(2026, 9, 30)
    summons = Interruption(date(2027, 9, 1), "summons")
    assert last_day(due, "goods", [summons]) is None
    assert last_day(due, "goods", [summons, Interruption(date(2029, 1, 15), "judgment")]) == date(2039, 1, 15)


def test_wrong_input():
    with pytest.raises(ValueError, match="general"):
        last_day(date(2026, 1, 1), "ten")
    with pytest.raises(ValueError, match="acknowledgement"):
        Interruption(date(2026, 1, 1), "reminder")
    with pytest.raises(TypeError):
        last_day("2026-01-01", "goods")
    with pytest.raises(TypeError):
        Interruption("2026-01-01", "summons")


def test_warning():
    assert warn_from(date(2027, 9, 30), 90) == date(2027, 7, 2)
    assert warn_from(date(1, 1, 5), 90) == date.min


@given(
    st.dates(date(2000, 1, 1), date(2100, 1, 1)),
    st.sampled_from(sorted(YEARS)),
    st.lists(st.tuples(st.dates(date(2000, 1, 1), date(2120, 1, 1)), st.sampled_from(INTERRUPTIONS[:2]))),
)
def test_interruptions_never_shorten(due, kind, events):
    end = last_day(due, kind, [Interruption(day, name) for day, name in events])
    assert end >= last_day(due, kind)
