from collections import Counter
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from engine.call_plan import Call, Hours, plan
from legal.calendar import is_working_day

WEDNESDAY = date(2026, 11, 18)
MONDAY = date(2026, 11, 23)


def planned(*values, hours=None, today=WEDNESDAY, hour=11.0, away=(), taken=None, owner="An"):
    calls = [Call(number, owner, value) for number, value in enumerate(values)]
    return plan(
        calls,
        hours or Hours(),
        today,
        hour,
        lambda who, day: is_working_day(day) and (who, day) not in away,
        taken or {},
    )


def test_the_coming_monday_morning():
    assert planned(100) == {0: (MONDAY, 0)}


def test_on_monday_before_the_block_the_same_day():
    assert planned(100, today=MONDAY, hour=1.5) == {0: (MONDAY, 0)}
    assert planned(100, today=MONDAY, hour=9.6) == {0: (MONDAY, 1)}
    assert planned(100, today=MONDAY, hour=14.0) == {0: (date(2026, 11, 24), 0)}


def test_half_an_hour_a_week_and_the_most_valuable_first():
    answer = planned(10, 70, 30, 60, 20, 50, 40)
    assert [key for key, (day, _block) in answer.items() if day == MONDAY] == [1, 3, 5, 6, 2]
    assert {answer[0], answer[4]} == {(date(2026, 11, 30), 0)}


def test_a_holiday_on_monday():
    # Easter Monday 2027 is 29 March.
    assert planned(1, today=date(2027, 3, 25)) == {0: (date(2027, 3, 30), 0)}


def test_a_week_without_the_chosen_days_uses_another():
    monday_only = Hours(days=frozenset((0,)))
    assert planned(1, hours=monday_only, today=date(2027, 3, 26)) == {0: (date(2027, 3, 30), 0)}


def test_a_person_who_is_away():
    away = {("An", MONDAY), ("An", date(2026, 11, 24))}
    assert planned(1, away=away) == {0: (date(2026, 11, 25), 0)}
    assert planned(1, away=away, owner="Bo") == {0: (MONDAY, 0)}


def test_a_full_block_goes_on_in_the_next():
    hours = Hours(week_minutes=240, minutes=30, blocks=((9.5, 10.5), (13.5, 14.5)))
    slots = list(planned(5, 4, 3, 2, 1, hours=hours).values())
    assert slots == [(MONDAY, 0)] * 2 + [(MONDAY, 1)] * 2 + [(date(2026, 11, 24), 0)]


def test_what_is_planned_already_keeps_its_place():
    assert planned(100, taken={("An", MONDAY, 0): 5}) == {0: (date(2026, 11, 30), 0)}
    assert planned(100, taken={("Bo", MONDAY, 0): 5}) == {0: (MONDAY, 0)}


def test_beyond_two_weeks_they_come_on_top():
    answer = Counter(planned(*range(30)).values())
    assert sum(answer.values()) == 30
    assert max(answer) < (date(2026, 12, 7), 0)
    assert answer[(MONDAY, 0)] == 5


@given(
    st.lists(st.integers(0, 10**6), max_size=60),
    st.dates(date(2026, 1, 1), date(2030, 12, 31)),
    st.floats(0, 23.9),
    st.sets(st.integers(0, 4), min_size=0),
    st.integers(1, 60),
    st.integers(0, 600),
)
def test_always_in_a_coming_block_of_a_working_day(values, today, hour, days, minutes, week_minutes):
    hours = Hours(days=frozenset(days), minutes=minutes, week_minutes=week_minutes)
    answer = planned(*values, hours=hours, today=today, hour=hour)
    assert len(answer) == len(values)
    for day, block in answer.values():
        assert is_working_day(day)
        assert day > today or hours.blocks[block][0] > hour
        assert day <= today + timedelta(weeks=4)
    # More valuable, never later.
    order = sorted(range(len(values)), key=lambda key: (-values[key], key))
    first_week = [answer[key] for key in order][: hours.a_week]
    assert first_week == sorted(first_week)
