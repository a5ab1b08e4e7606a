"""What follow-up may do for one customer: cases with the reasoning beside them."""

import ast
import sys
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from engine.decision import (
    Credit,
    Customer,
    Item,
    Level,
    Policy,
    Reason,
    Settings,
    decide,
    due_day,
)

#: A Wednesday. 11 November, a Wednesday too, is a holiday; Friday 13 November a bridge in no calendar.
TODAY = date(2026, 11, 18)
HOLIDAYS = {date(2026, 11, 11), date(2026, 12, 25)}
EUR, GBP = 1, 2
LIVE = Settings(live=True)


def working(day):
    return day.weekday() < 5 and day not in HOLIDAYS


def level(number, kind, delay, delay_from="previous", **values):
    values = {"written": True, "call": False, "automatic": True} | values
    return Level(number, number * 10, kind, delay, delay_from, **values)


COURTESY = level(10, "courtesy", -5, "due_date")
FIRST = level(11, "first_reminder", 3, "due_date")
CALL = level(12, "reminder", 7, written=False, call=True)
SECOND = level(13, "reminder", 7)
FORMAL = level(14, "formal_notice", 14)
FINAL = level(15, "final_notice", 8)
BUSINESS = Policy(1, (FIRST, CALL, SECOND, FORMAL, FINAL))
POLITE = Policy(2, (COURTESY, FIRST, SECOND, FORMAL))

FREE = level(21, "first_reminder", 3, "due_date")
CHARGED = level(22, "reminder", 0, "waiting_period")
CONSUMER_FORMAL = level(23, "formal_notice", 14)
CONSUMER = Policy(3, (FREE, CHARGED, CONSUMER_FORMAL))


def item(number=1, late=10, amount="100.00", policy=BUSINESS, reached=None, days_ago=None, **values):
    """An item that is `late` days overdue today, at the level `reached`, which was delivered `days_ago`."""
    values = {
        "currency": EUR,
        "residual_company": Decimal(amount),
        "level_id": reached.id if reached else None,
        "level_kind": reached.kind if reached else None,
        "delivered_on": TODAY - timedelta(days=days_ago) if days_ago is not None else None,
    } | values
    return Item(number, TODAY - timedelta(days=late), residual=Decimal(amount), policy=policy, **values)


def ask(*items, settings=LIVE, today=TODAY, credits=(), manual=False, approved=(), **customer):
    customer = Customer(7, tuple(items), tuple(Credit(EUR, Decimal(c), Decimal(c)) for c in credits), **customer)
    return decide(customer, settings, today, working, manual, frozenset(approved))


def advancing(decision):
    return {line.item.id: line.level for line in decision.message if line.advances}


def named(decision):
    return {line.item.id: line.level for line in decision.message if not line.advances}


def codes(decision, number=None):
    """Reasons of one item, or of the customer."""
    if number is None:
        return {reason.code for reason in decision.reasons}
    return {reason.code for row in decision.items if row.item.id == number for reason in row.reasons}


def test_imports_nothing_but_the_standard_library():
    path = Path(__file__).resolve().parent.parent / "engine" / "decision.py"
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            names = [node.module]
        assert all(name.partition(".")[0] in sys.stdlib_module_names for name in names), names
        assert not (isinstance(node, ast.Attribute) and node.attr in ("today", "now")), node.lineno


# Which level, and on which day

LEVEL_CASES = {
    "nothing delivered: the first level": (item(late=10), FIRST),
    "seven missed weeks change nothing, no level is skipped": (item(late=49), FIRST),
    "after the first reminder the call": (item(late=20, reached=FIRST, days_ago=8), CALL),
    "after the call the second reminder": (item(late=30, reached=CALL, days_ago=8), SECOND),
    "after the last level nothing": (item(late=90, reached=FINAL, days_ago=30), None),
    "not overdue yet: still the first level": (item(late=-3), FIRST),
    "a courtesy message comes before the due date": (item(late=-3, policy=POLITE), COURTESY),
    "... and is forgotten after it": (item(late=3, policy=POLITE), FIRST),
    "a consumer's charged reminder needs the fourteen days": (
        item(late=40, policy=CONSUMER, reached=FREE, days_ago=20, waiting_until=TODAY - timedelta(days=2)),
        CHARGED,
    ),
    "without proof of the free reminder the consumer's ladder begins with it (art. XIX.2)": (
        item(late=40, policy=CONSUMER, level_id=98, level_kind="first_reminder"),
        FREE,
    ),
    "a level of another policy counts as the last one here that is not firmer": (
        item(late=60, level_id=98, level_kind="reminder", days_ago=20),
        FORMAL,
    ),
    "a level that was archived since counts by its kind": (
        item(late=60, reached=level(99, "first_reminder", 0), days_ago=20),
        CALL,
    ),
    "no policy, no level": (item(late=10, policy=None), None),
    "a policy without levels is none": (item(late=10, policy=Policy(9, ())), None),
}


@pytest.mark.parametrize("name", LEVEL_CASES)
def test_next_level(name):
    case, expected = LEVEL_CASES[name]
    [row] = ask(case).items
    assert row.level is expected


DAY_CASES = [
    # due on Monday 2 November + 3 days
    (FIRST, item(late=16), date(2026, 11, 5), "counts from the due date"),
    (FIRST, item(late=10), date(2026, 11, 12), "the 11th is a holiday: the next working day"),
    (FIRST, item(late=7 + 7), date(2026, 11, 9), "the 7th is a Saturday: Monday"),
    (SECOND, item(late=30, reached=FIRST, days_ago=12), date(2026, 11, 13), "counts from the day of delivery"),
    (SECOND, item(late=16), date(2026, 11, 9), "nothing was delivered: from the due date"),
    (CHARGED, item(late=40, waiting_until=date(2026, 11, 17)), date(2026, 11, 17), "from the end of the fourteen days"),
    (COURTESY, item(late=-7), date(2026, 11, 20), "five days before the due date"),
    (COURTESY, item(late=-9), date(2026, 11, 20), "a Sunday: a question before the due date moves back, not on"),
]


@pytest.mark.parametrize(("step", "case", "expected", "why"), DAY_CASES, ids=[case[3] for case in DAY_CASES])
def test_due_day(step, case, expected, why):
    assert due_day(case, step, working) == expected


def test_the_day_before_it_waits_with_a_date_and_on_the_day_it_acts():
    case = item(late=2)
    before = ask(case)
    assert codes(before, 1) == {"not_yet"}
    assert (before.next_level, before.next_date) == (FIRST, date(2026, 11, 19))
    assert advancing(ask(case, today=date(2026, 11, 19))) == {1: FIRST}


def test_never_on_the_due_date_itself():
    # A delay of 0 days: the customer has the whole due date to pay.
    policy = Policy(5, (level(51, "first_reminder", 0, "due_date"),))
    on_the_day = ask(item(late=0, policy=policy))
    assert not on_the_day.acts and on_the_day.next_date == TODAY + timedelta(days=1)
    assert on_the_day.items[0].on == TODAY + timedelta(days=1)
    assert ask(item(late=1, policy=policy)).message


@pytest.mark.parametrize("late", [0, -1, -20])
def test_a_person_cannot_demand_what_is_not_overdue(late):
    decision = ask(item(late=late), manual=True, approved=[1])
    assert not decision.acts and "not_overdue" in codes(decision, 1)


def test_missed_nights_lead_to_one_message_of_one_level():
    for days in (0, 1, 5, 30):
        assert advancing(ask(item(late=49), today=TODAY + timedelta(days=days // 5 * 7))) == {1: FIRST}


def test_the_fourteen_days_hold_a_person_too():
    case = item(late=30, policy=CONSUMER, reached=FREE, days_ago=5, waiting_until=TODAY + timedelta(days=9))
    decision = ask(case, manual=True)
    assert not decision.message and codes(decision, 1) == {"waiting_period"}


# One message


def test_one_message_with_the_firmest_template_and_each_item_at_its_own_level():
    decision = ask(
        item(1, late=10),
        item(2, late=60, reached=SECOND, days_ago=20),
        item(3, late=40, reached=CALL, days_ago=8),
    )
    assert decision.message_level is FORMAL
    assert advancing(decision) == {1: FIRST, 2: FORMAL, 3: SECOND}


def test_items_whose_level_is_not_due_are_named_at_the_level_they_have():
    decision = ask(item(1, late=10), item(2, late=60, reached=SECOND, days_ago=2), item(3, late=90, reached=FINAL))
    assert advancing(decision) == {1: FIRST}
    assert named(decision) == {2: SECOND, 3: FINAL}


def test_an_item_that_is_not_due_is_not_named():
    assert {line.item.id for line in ask(item(1), item(2, late=-4)).message} == {1}


def test_a_call_plans_a_call_and_replaces_no_message():
    decision = ask(item(1, late=20, reached=FIRST, days_ago=8), item(2, late=10))
    assert [line.item.id for line in decision.calls] == [1] and decision.call_level is CALL
    assert advancing(decision) == {2: FIRST} and named(decision) == {1: FIRST}


def test_a_written_level_with_a_call_is_one_message():
    both = Policy(6, (level(61, "first_reminder", 3, "due_date", call=True),))
    decision = ask(item(policy=both))
    assert decision.message and not decision.calls


def test_items_of_two_policies_meet_in_one_message():
    decision = ask(item(1), item(2, policy=CONSUMER))
    assert advancing(decision) == {1: FIRST, 2: FREE}


def test_a_courtesy_message_asks_nothing_of_who_is_late_elsewhere():
    # "Is everything to your wish?" beside a demand, and an amount that is not due yet in its total: no.
    decision = ask(item(1, late=10, policy=POLITE), item(2, late=-3, policy=POLITE))
    assert {line.item.id for line in decision.message} == {1}
    assert codes(decision, 2) == {"overdue_elsewhere"}
    alone = ask(item(2, late=-3, policy=POLITE))
    assert advancing(alone) == {2: COURTESY} and alone.message_level is COURTESY
    waiting = ask(item(1, late=40, policy=POLITE, reached=SECOND, days_ago=1), item(2, late=-3, policy=POLITE))
    assert not waiting.message
    by_hand = ask(item(1, late=10, policy=POLITE), item(2, late=-3, policy=POLITE), manual=True)
    assert {line.item.id for line in by_hand.message} == {1}


def test_an_unused_courtesy_day_may_be_used_up_to_the_due_date():
    assert advancing(ask(item(late=-1, policy=POLITE))) == {1: COURTESY}
    friday, saturday = date(2026, 11, 20), date(2026, 11, 21)
    on_saturday = replace(item(policy=POLITE), due_date=date(2026, 11, 22))
    assert ask(on_saturday, today=friday).message
    # Saturday, due on Sunday: no working day is left before it, so the first reminder comes next.
    assert ask(on_saturday, today=saturday).next_level is FIRST


# Reasons not to act

HARD = {
    "hold": {"holds": (Reason("hold", TODAY + timedelta(days=5), "asked for a copy"),)},
    "hold until today, that day included": {"holds": (Reason("hold", TODAY, "asked for a copy"),)},
    "blocked": {"holds": (Reason("blocked"),)},
    "no_followup": {"holds": (Reason("no_followup"),)},
    "payment_in_progress": {"holds": (Reason("payment_in_progress"),)},
    "failed": {"holds": (Reason("failed", None, "550"),)},
}


@pytest.mark.parametrize("manual", [False, True], ids=["night", "by hand"])
@pytest.mark.parametrize("name", HARD)
def test_a_held_item_is_neither_advanced_nor_named(name, manual):
    decision = ask(item(1, **HARD[name]), item(2), manual=manual)
    assert {line.item.id for line in decision.message} == {2}
    assert codes(decision, 1) == {name.split()[0]}
    assert not ask(item(1, **HARD[name]), manual=manual, approved=[1]).acts


def test_a_hold_that_ended_yesterday_is_over():
    assert ask(item(holds=(Reason("hold", TODAY - timedelta(days=1)),))).message


def test_a_hold_tells_when_it_goes_on():
    decision = ask(item(holds=(Reason("hold", date(2026, 11, 20), "asked for a copy"),)))
    assert decision.next_date == date(2026, 11, 23), "Friday is held: Monday"
    assert decision.reasons == (Reason("hold", date(2026, 11, 20), "asked for a copy"),)
    assert ask(item(holds=(Reason("blocked"),))).next_date is None, "nobody can say until when"


def test_of_equal_reasons_the_one_that_ends_first_is_told():
    held = [item(n, holds=(Reason("hold", until, "holiday"),)) for n, until in ((1, None), (2, TODAY), (3, None))]
    for items in (held, held[::-1]):
        assert ask(*items).reasons == (Reason("hold", TODAY, "holiday"),)


def test_a_hold_on_the_customer_holds_all_items():
    decision = ask(item(1), item(2), holds=(Reason("hold", TODAY),), manual=True)
    assert not decision.acts and codes(decision) == {"hold"}


def test_a_notice_under_way_is_not_sent_again():
    decision = ask(item(1, pending=True), item(2))
    assert advancing(decision) == {2: FIRST}
    assert codes(decision, 1) == {"notice_under_way"}
    assert not ask(item(1, pending=True), manual=True, approved=[1]).acts


def test_a_notice_not_sent_yet_stops_every_other_one():
    decision = ask(item(1), notice_open=True, manual=True, approved=[1])
    assert not decision.acts and codes(decision) == {"notice_open"}


CREDIT_CASES = [
    ("99.99", True, "a cent less than owed: what is left is above the minimum of 0"),
    ("100.00", False, "covers it"),
    ("150.00", False, "more than covers it"),
]


@pytest.mark.parametrize(("credit", "acts", "why"), CREDIT_CASES, ids=[case[2] for case in CREDIT_CASES])
def test_credits_that_cover(credit, acts, why):
    for manual in (False, True):
        decision = ask(item(), credits=[credit], manual=manual)
        assert decision.acts is acts
        assert codes(decision) == (set() if acts else {"credits"})


def test_credits_cover_what_may_be_chased_together():
    # 60 + 60 owed, 100 credit: 20 is left, and a person must allocate before anybody knows of which invoice.
    assert ask(item(1, amount="60"), item(2, amount="60"), credits=["100"]).message
    # 60 of it is disputed: the credit covers the rest.
    held = item(2, amount="60", holds=(Reason("hold", TODAY),))
    assert codes(ask(item(1, amount="60"), held, credits=["100"]), 1) == {"credits"}


def test_credits_cover_their_own_currency_first():
    pounds = item(2, currency=GBP)
    decision = ask(item(1, amount="100"), pounds, credits=["100"])
    assert advancing(decision) == {2: FIRST} and codes(decision, 1) == {"credits"}


def test_money_in_another_currency_counts_when_it_covers_all():
    pounds = item(1, amount="80", currency=GBP, residual_company=Decimal("95"))
    assert ask(pounds, credits=["94"]).message, "may be for something else"
    assert codes(ask(pounds, credits=["95"])) == {"credits"}, "covers all that is owed: ask a person"


MINIMUM_CASES = [
    ("4.99", (), False, "below"),
    ("5.00", (), True, "exactly the minimum"),
    ("100.00", ("95.01",), False, "what credits leave is below"),
]


@pytest.mark.parametrize(("amount", "credits", "acts", "why"), MINIMUM_CASES, ids=[case[3] for case in MINIMUM_CASES])
def test_minimum_amount(amount, credits, acts, why):
    settings = replace(LIVE, minimum_amount=Decimal("5"))
    decision = ask(item(amount=amount), settings=settings, credits=credits)
    assert bool(decision.message) is acts
    assert codes(decision) == (set() if acts else {"minimum_amount"})
    assert ask(item(amount=amount), settings=settings, credits=credits, manual=True).message, "a person may"


def test_minimum_amount_of_a_currency_comes_before_the_general_one():
    pounds = item(amount="6", currency=GBP, residual_company=Decimal("7"))
    settings = replace(LIVE, minimum_amount=Decimal("5"), minimums={GBP: Decimal("10")})
    assert codes(ask(pounds, settings=settings)) == {"minimum_amount"}
    assert ask(item(amount="6"), settings=settings).message
    exactly = item(amount="10", currency=GBP, residual_company=Decimal("3"))
    assert ask(exactly, settings=settings).message, "exactly the minimum, in pounds"


def test_minimum_amount_of_a_level():
    dear = Policy(7, (replace(FIRST, minimum_amount=Decimal("250")),))
    small = ask(item(amount="249.99", policy=dear))
    assert not small.acts and codes(small) == {"minimum_amount"}
    assert small.next_date is None, "nobody can say when more becomes overdue"
    assert ask(item(1, amount="200", policy=dear), item(2, amount="50", policy=dear)).message, "the sum counts"


GAP_CASES = [
    (0, 0, True, "gap 0: even today again"),
    (7, 6, False, "the sixth day after"),
    (7, 7, True, "the seventh day after"),
]


@pytest.mark.parametrize(("gap", "ago", "acts", "why"), GAP_CASES, ids=[case[3] for case in GAP_CASES])
def test_minimum_gap(gap, ago, acts, why):
    settings = replace(LIVE, minimum_gap=gap)
    decision = ask(item(), settings=settings, last_message_on=TODAY - timedelta(days=ago))
    assert bool(decision.message) is acts
    assert codes(decision) == (set() if acts else {"min_gap"})


def test_the_gap_ends_on_a_working_day_and_does_not_stop_calls():
    settings = replace(LIVE, minimum_gap=4)
    last = {"last_message_on": date(2026, 11, 17)}
    assert ask(item(), settings=settings, **last).next_date == date(2026, 11, 23), "the 21st is a Saturday"
    assert ask(item(late=20, reached=FIRST, days_ago=8), settings=settings, **last).calls


SOFT = {
    "not_yet": ({"late": 2}, {}),
    "paused": ({}, {"paused_until": TODAY, "pause_reason": "move"}),
    "max_contacts": ({}, {"max_contacts": 4}),
    "before_cutoff": ({}, {"cutoff": TODAY - timedelta(days=9)}),
    "bank_data_old": ({}, {"newest_bank_data": TODAY - timedelta(days=8), "freshness_days": 7}),
}


@pytest.mark.parametrize("name", SOFT)
def test_a_person_may_overrule_what_is_only_prudence(name):
    values, settings = SOFT[name]
    settings = replace(LIVE, **settings)
    alone = ask(item(**values), settings=settings, contacts=4)
    assert not alone.acts and codes(alone, 1) == {name}
    assert ask(item(**values), settings=settings, contacts=4, manual=True).message
    approved = ask(item(1, **values), item(2, **values), settings=settings, contacts=4, approved=[1])
    assert set(advancing(approved)) == {1}, "a yes stands for the items that he saw"


def test_until_when_nobody_knows_there_is_no_date():
    for name in ("before_cutoff", "bank_data_old", "max_contacts"):
        assert ask(item(), settings=replace(LIVE, **SOFT[name][1]), contacts=4).next_date is None
    assert ask(item(), settings=replace(LIVE, paused_until=TODAY)).next_date == TODAY + timedelta(days=1)


NOT_NOW = [
    ({"max_contacts": 5}, "one contact is left"),
    ({"paused_until": TODAY - timedelta(days=1)}, "the pause is over"),
    ({"cutoff": TODAY - timedelta(days=10)}, "it fell due on the first day that counts"),
    ({"newest_bank_data": TODAY - timedelta(days=7), "freshness_days": 7}, "seven days old is fresh enough"),
    ({"newest_bank_data": date(2020, 1, 1), "freshness_days": 0}, "the guard is off"),
]


@pytest.mark.parametrize(("settings", "why"), NOT_NOW, ids=[case[1] for case in NOT_NOW])
def test_the_day_after_a_reason_it_is_none(settings, why):
    assert ask(item(), settings=replace(LIVE, **settings), contacts=4).message


def test_only_on_working_days():
    saturday = ask(item(), today=date(2026, 11, 21))
    assert not saturday.acts and codes(saturday) == {"not_working_day"}
    assert saturday.next_date == date(2026, 11, 23)


REVIEW_CASES = [
    (LIVE, item(), (), "live and automatic: it leaves by itself"),
    (replace(LIVE, live=False), item(), ("safe_mode",), "safe mode"),
    (LIVE, item(policy=Policy(8, (replace(FIRST, automatic=False),))), ("level",), "the level is reviewed"),
    (replace(LIVE, freshness_days=7), item(), ("no_bank_data",), "no bank data at all"),
]


@pytest.mark.parametrize(("settings", "case", "review", "why"), REVIEW_CASES, ids=[case[3] for case in REVIEW_CASES])
def test_review(settings, case, review, why):
    decision = ask(case, settings=settings)
    assert decision.message and decision.review == review


def test_one_reviewed_item_is_enough():
    reviewed = item(2, policy=Policy(8, (replace(FIRST, automatic=False),)))
    assert ask(item(1), reviewed).review == ("level",)


def test_without_items_there_is_nothing_to_say():
    decision = ask()
    assert not decision.acts and not decision.reasons and decision.next_date is None


def test_a_consumer_is_reviewed_where_bounces_are_not_seen():
    """The fourteen days rest on an e-mail that may have come back unseen: a person looks before charges are claimed."""
    reminded = item(policy=CONSUMER, reached=FREE, days_ago=20, waiting_until=TODAY - timedelta(days=4))
    assert ask(reminded).review == ()
    assert ask(reminded, settings=Settings(live=True, bounces_seen=False)).review == ("no_bounces",)
    assert ask(item(), settings=Settings(live=True, bounces_seen=False)).review == ()


def test_a_reminder_from_elsewhere_is_no_proof_for_a_consumer():
    for place, level in enumerate(CONSUMER.levels):
        elsewhere = item(late=60, policy=CONSUMER, reached=level, days_ago=20, elsewhere=True)
        assert CONSUMER.next_level(elsewhere, True) == FREE, level
        following = (*CONSUMER.levels, None)[place + 1]
        proven = replace(elsewhere, waiting_until=TODAY - timedelta(days=9))
        assert CONSUMER.next_level(proven, True) == following
        assert CONSUMER.next_level(replace(elsewhere, consumer=False), True) == following


def test_a_person_may_include_what_is_older_than_the_cut_off_date():
    settings = Settings(cutoff=TODAY - timedelta(days=9), live=True)
    left_out, included = ask(item(late=20), item(2, late=20, included=True), settings=settings).items
    assert {reason.code for reason in left_out.reasons} == {"before_cutoff"}
    assert included.due


def test_live_for_a_segment_only():
    for live, inside, review in ((True, True, ()), (True, False, ("outside_segment",)), (False, False, ("safe_mode",))):
        taken = ask(item(), settings=Settings(live=live), live=inside)
        assert taken.message
        assert taken.review == review
