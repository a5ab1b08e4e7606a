"""The letter beside an e-mail: the same items again, whatever the calendar says by then."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from test_decision import BUSINESS, LIVE, TODAY, item

from engine.decision import Cover, Credit, Customer, Reason, repeat

FIRST = BUSINESS.levels[0]


def again(*items, said=None, **customer):
    said = [(1, FIRST.id, True)] if said is None else said
    return repeat(Customer(1, items, **customer), LIVE, TODAY, said)


def test_the_calendar_and_the_level_reached_do_not_count():
    answer = again(item(1, reached=FIRST, days_ago=1), last_message_on=TODAY, notice_open=True)
    assert [(line.item.id, line.level, line.advances) for line in answer.message] == [(1, FIRST, True)]
    assert answer.message_level == FIRST


def test_what_is_paid_or_held_drops_out():
    said = [(1, FIRST.id, True), (2, FIRST.id, True), (3, FIRST.id, True)]
    held = replace(item(2), holds=(Reason("hold", TODAY),))
    answer = again(held, item(3), said=said)
    assert [line.item.id for line in answer.message] == [3]
    assert [reason.code for reason in answer.reasons] == ["hold"]


def test_a_part_that_is_promised_is_not_asked():
    promised = replace(item(1, amount="100.00"), covers=(Cover(Decimal("60"), Reason("promise", TODAY)),))
    assert [line.amount for line in again(promised).message] == [Decimal("40.00")]


def test_nothing_advancing_is_nothing():
    assert not again(item(1), said=[(1, FIRST.id, False)]).message
    assert not again(item(1), said=[(1, 999, True)]).message


def test_a_hold_on_the_customer_or_credits_stop_it():
    assert not again(item(1), holds=(Reason("hold", TODAY + timedelta(days=3)),)).message
    credits = (Credit(1, Decimal("100"), Decimal("100")),)
    answer = again(replace(item(1, amount="100.00"), currency=1), credits=credits)
    assert not answer.message
    assert [reason.code for reason in answer.reasons] == ["credits"]


def test_a_hold_that_is_over_holds_nothing():
    over = replace(item(1), holds=(Reason("hold", date(2020, 1, 1)),))
    assert len(again(over).message) == 1
