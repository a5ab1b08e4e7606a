"""Limits, the usual night and returned e-mails: by example, and whatever the numbers are."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import brakes
from engine.brakes import Limits, Sent, Waiting
from engine.decision import Customer, Item, Level, Policy, Reason, Settings, cap_reason, decide

TODAY = date(2026, 11, 18)
LEVEL = Level(1, 10, "reminder", 0, "due_date", True, False, True)
limits = st.builds(
    Limits, company_day=st.integers(0, 6), customer_day=st.integers(0, 4), customer_week=st.integers(0, 6)
)


def item(**values):
    base = Item(1, TODAY - timedelta(days=20), 1, Decimal(100), Decimal(100), Policy(1, (LEVEL,)), consumer=False)
    return replace(base, **values)


def choose(days, day_cap=0, week_cap=0, manual=False, **settings):
    customer = Customer(1, (item(),), messages=tuple(days))
    own = Settings(live=True, minimum_gap=0, day_cap=day_cap, week_cap=week_cap, **settings)
    return decide(customer, own, TODAY, lambda day: day.weekday() < 5, manual)


def test_day_cap_waits_for_the_next_working_day():
    taken = choose([TODAY, TODAY], day_cap=2)
    assert not taken.message
    assert [(reason.code, reason.until) for reason in taken.reasons] == [("customer_day", TODAY)]
    assert taken.items[0].on == TODAY + timedelta(days=1)
    assert choose([TODAY], day_cap=2).message


def test_week_cap_waits_until_the_oldest_is_a_week_old():
    days = [TODAY - timedelta(days=5), TODAY - timedelta(days=1)]
    taken = choose(days, week_cap=2)
    assert [(reason.code, reason.until) for reason in taken.reasons] == [("customer_week", TODAY + timedelta(days=1))]
    # Three of two: two of them must be a week old before there is room for one.
    taken = choose([*days, TODAY], week_cap=2)
    assert taken.reasons[0].until == TODAY + timedelta(days=5)
    assert choose([TODAY - timedelta(days=7)], week_cap=1).message


def test_a_person_may_go_over_a_cap_but_not_through_a_stop():
    assert choose([TODAY], day_cap=1, manual=True).message
    taken = choose([], stopped=True, manual=True)
    assert not taken.message
    assert [(reason.code, reason.until) for reason in taken.reasons] == [("stopped", None)]


def test_a_stop_plans_no_calls_either():
    call = replace(LEVEL, written=False, call=True)
    customer = Customer(1, (item(policy=Policy(1, (call,))),))
    assert decide(customer, Settings(live=True), TODAY, lambda day: True).calls
    assert not decide(customer, Settings(live=True, stopped=True), TODAY, lambda day: True).calls


@given(
    st.integers(0, 3), st.integers(0, 5), st.lists(st.integers(1, 5), min_size=21, max_size=21), st.integers(0, 10**6)
)
def test_never_more_than_the_caps(day_cap, week_cap, tries, seed):
    """Three weeks in which follow-up wants to write several times a day."""
    sent = []
    for number, wanted in enumerate(tries):
        today = TODAY + timedelta(days=number)
        for _try in range(wanted):
            customer = Customer(1, (item(due_date=date(2026, 1, 1)),), messages=tuple(reversed(sent)))
            settings = Settings(live=True, minimum_gap=0, day_cap=day_cap, week_cap=week_cap)
            taken = decide(customer, settings, today, lambda day: True)
            if taken.message:
                sent.append(today)
            else:
                # Whatever the reason says, on the day after it there is room again when nothing else left.
                [reason] = taken.reasons
                later = decide(customer, settings, reason.until + timedelta(days=1), lambda day: True)
                assert later.message
                assert not decide(customer, settings, reason.until, lambda day: True).message
        if day_cap:
            assert sent.count(today) <= day_cap
        if week_cap:
            assert sum(day > today - timedelta(days=7) for day in sent) <= week_cap
        if not day_cap and not week_cap:
            assert sent.count(today) == wanted


@given(limits, st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2)), max_size=60))
def test_one_by_one_never_over_a_limit(own, tries):
    """The last look before a message leaves: (customer, days that go by before it)."""
    left, today = [], TODAY
    for who, days in tries:
        today += timedelta(days=days)
        week = [day for customer, day in left if customer == who and day > today - timedelta(days=7)]
        sent = Sent(sum(day == today for _customer, day in left), week.count(today), len(week))
        why = brakes.over(own, sent)
        if why is None:
            left.append((who, today))
        else:
            assert getattr(own, why) and getattr(sent, why) >= getattr(own, why)
        for day in {day for _who, day in left}:
            assert not own.company_day or sum(other == day for _who, other in left) <= own.company_day


@given(
    st.lists(
        st.builds(
            Waiting,
            id=st.integers(1, 10**6),
            prepared_on=st.dates(date(2026, 11, 1), date(2026, 11, 5)),
            amount=st.decimals(0, 100, places=2),
        ),
        unique_by=lambda message: message.id,
    ),
    st.integers(-3, 30),
)
def test_ration_loses_nobody_and_is_fair(waiting, room):
    go, wait = brakes.ration(waiting, room)
    assert len(go) <= max(room, 0)
    assert sorted(go + wait) == sorted(message.id for message in waiting)
    assert not wait or len(go) == max(room, 0)
    by_id = {message.id: message for message in waiting}
    for first in go:
        for second in wait:
            one, two = by_id[first], by_id[second]
            assert (one.prepared_on, -one.amount) <= (two.prepared_on, -two.amount)
    assert brakes.ration(reversed(waiting), room) == (go, wait)


def test_oldest_first_then_highest():
    monday, tuesday = date(2026, 11, 16), date(2026, 11, 17)
    waiting = [Waiting(1, tuesday, Decimal(900)), Waiting(2, monday, Decimal(5)), Waiting(3, tuesday, Decimal(901))]
    assert brakes.ration(waiting, 2) == ([2, 3], [1])


def test_what_is_usual():
    assert brakes.surge_limit([], 5, 50, 250) == 250
    assert brakes.surge_limit([0, 0, 900, 900], 5, 50, 250) == 250  # two nights are too few to know
    assert brakes.surge_limit([20, 30, 1000], 5, 50, 250) == 150
    assert brakes.surge_limit([1, 2, 3], 5, 50, 250) == 50
    assert brakes.surge_limit([20, 30, 40], 0, 50, 250) is None
    assert brakes.surge_limit([], 5, 50, 0) is None
    assert brakes.surge_limit([10, 11], 2.5, 0, 0) is None
    assert brakes.surge_limit([10, 11, 12, 13], 2.5, 0, 0) == 28  # 11.5 x 2.5, rounded down


@given(st.lists(st.integers(0, 10**5), min_size=3), st.floats(1, 20), st.integers(0, 100))
def test_a_usual_night_is_never_held(history, multiple, least):
    limit = brakes.surge_limit(history, multiple, least, 1)
    sent = sorted(number for number in history if number)
    if len(sent) >= brakes.ENOUGH_RUNS:
        assert limit >= sent[(len(sent) - 1) // 2]


def test_bounces():
    assert not brakes.too_many_bounces(100, 10, 10, 5)  # not more than
    assert brakes.too_many_bounces(100, 11, 10, 5)
    assert not brakes.too_many_bounces(4, 4, 10, 5)  # too few to mean anything
    assert brakes.too_many_bounces(5, 5, 10, 5)
    assert not brakes.too_many_bounces(5, 5, 0, 5)
    assert not brakes.too_many_bounces(0, 0, 10, 0)
    assert brakes.too_many_bounces(1000, 3, 0.2, 1)


def test_a_negative_limit_is_refused():
    with pytest.raises(ValueError, match="customer_day"):
        Limits(customer_day=-1)


def test_who_waits_for_how_long():
    assert cap_reason([], Settings(day_cap=1, week_cap=1), TODAY) is None
    # A clock that was set back: what left "tomorrow" counts today.
    assert cap_reason([TODAY + timedelta(days=1)], Settings(day_cap=1), TODAY) == Reason("customer_day", TODAY)
