"""Promises, disputes and arrangements keep exactly their part of an item out of follow-up."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from engine.decision import Cover, Customer, Item, Level, Policy, Reason, Settings, decide

TODAY = date(2026, 11, 18)
FIRST = Level(1, 10, "first_reminder", 3, "due_date", written=True, call=False, automatic=True)
FREE = Level(2, 20, "reminder", 0, "waiting_period", written=True, call=False, automatic=True)
SECOND = Level(3, 30, "reminder", 14, "previous", written=True, call=False, automatic=True)
BUSINESS, CONSUMER = Policy(1, (FIRST, SECOND)), Policy(2, (FIRST, FREE))
LIVE = Settings(live=True, minimum_amount=Decimal(5))


def working(day):
    return day.weekday() < 5


def item(amount="100.00", *covers, late=10, policy=BUSINESS, **values):
    amount = Decimal(amount)
    values = {"residual_company": amount} | values
    return Item(1, TODAY - timedelta(days=late), 1, amount, policy=policy, covers=covers, consumer=False, **values)


def cover(amount, until=1, kind="dispute"):
    """In force until that number of days from today."""
    return Cover(Decimal(amount), Reason(kind, TODAY + timedelta(days=until), "X"))


def ask(*items, **values):
    return decide(Customer(7, items, **values), LIVE, TODAY, working)


def codes(decision):
    return {reason.code for reason in decision.items[0].reasons}


def test_a_part_is_held_and_the_rest_is_asked_for():
    decision = ask(item("100.00", cover("40.00")))
    [line] = decision.message
    assert (line.amount, line.amount_company, line.advances) == (Decimal("60.00"), Decimal("60.00"), True)


def test_together_they_hold_the_whole():
    decision = ask(item("100.00", cover("40.00"), cover("60.00", kind="promise")))
    assert not decision.message
    assert codes(decision) == {"dispute", "promise"}


def test_more_than_what_is_open_holds_the_whole_and_no_more():
    held = item("30.00", cover("40.00"))
    assert (held.payable(TODAY), held.payable_company(TODAY)) == (0, 0)
    assert codes(ask(held)) == {"dispute"}


def test_what_has_ended_holds_nothing():
    [line] = ask(item("100.00", cover("100.00", until=-1))).message
    assert line.amount == 100


def test_the_last_day_is_included():
    assert not ask(item("100.00", cover("100.00", until=0))).message


def test_the_next_step_is_on_the_working_day_after_the_end():
    decision = ask(item("100.00", cover("100.00", until=2)))  # Friday
    assert decision.items[0].on == date(2026, 11, 23)


def test_too_little_left_to_write_about():
    assert codes(ask(item("100.00", cover("96.00")))) == {"minimum_amount"}


def test_another_currency_to_the_cent():
    held = item("100.00", cover("33.33"), residual_company=Decimal("92.37"))
    assert held.payable_company(TODAY) == Decimal("61.58")  # 92.37 x 66.67 / 100 = 61.583


def test_a_broken_promise_does_not_wait_for_the_delay():
    reached = {"level_id": FIRST.id, "level_kind": FIRST.kind, "delivered_on": TODAY - timedelta(days=4)}
    assert codes(ask(item(**reached))) == {"not_yet"}
    hurried = item(**reached, hurry_from=TODAY)
    assert ask(hurried).message_level == SECOND
    assert not ask(replace(hurried, hurry_from=TODAY + timedelta(days=1))).message, (
        "the last message gave him until then"
    )


def test_a_broken_promise_never_shortens_the_fourteen_days():
    waiting = item(
        policy=CONSUMER, level_id=1, level_kind="first_reminder", delivered_on=TODAY - timedelta(days=9),
        waiting_until=TODAY + timedelta(days=5), hurry_from=TODAY,
    )  # fmt: skip
    assert codes(ask(replace(waiting, consumer=True))) == {"waiting_period"}


def test_after_an_expired_dispute_a_person_reads_the_message():
    decision = ask(item(review=("dispute_expired",)))
    assert (bool(decision.message), decision.review) == (True, ("dispute_expired",))


@given(
    amount=st.integers(1, 100_000),
    covers=st.lists(st.tuples(st.integers(1, 60_000), st.integers(-3, 3)), max_size=4),
    late=st.integers(-5, 60),
)
def test_never_asks_for_what_is_held(amount, covers, late):
    held = sum(cents for cents, until in covers if until >= 0)
    thing = item(str(Decimal(amount) / 100), *(cover(str(Decimal(c) / 100), u) for c, u in covers), late=late)
    decision = ask(thing)
    assert thing.held(TODAY) + thing.payable(TODAY) == thing.residual
    for line in decision.message:
        assert line.amount == Decimal(amount - held) / 100 > 0
    if held >= amount:
        assert not decision.message
        assert late <= 0 or decision.items[0].reasons


def test_what_is_with_a_bailiff_has_no_next_level():
    """Not even "every level was used": nobody here decides about it."""
    decision = ask(item(holds=(Reason("handed_over", None, "HO00001, Bailiff"),)))
    assert not decision.acts
    assert (decision.items[0].level, decision.items[0].on, codes(decision)) == (None, None, {"handed_over"})
