"""Is a claim ready to be handed over? Cases with the reasoning beside them."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.handover import CODES, STOPPING, Candidate, Debt, Rules, advise, unopposed_extras

D = Decimal
TODAY = date(2026, 11, 18)
DEBT = Debt(
    date(2026, 8, 31), D("500.00"), regime="b2b", notified_on=date(2026, 11, 2), pay_before=date(2026, 11, 10),
    barred_on=date(2036, 8, 31),
)  # fmt: skip
READY = Candidate(debts=(DEBT,), consumer=False, number_valid=True, creditor_number_valid=True)
RULES = Rules(minimum=D("50"), newest_bank_data=date(2026, 11, 17), freshness_days=3)


def ask(debt=None, today=TODAY, rules=None, **values):
    if debt is not None:
        values["debts"] = (replace(DEBT, **debt),)
    return advise(replace(READY, **values), replace(RULES, **(rules or {})), today)


def failed(advice):
    return {condition.code for condition in advice.conditions if not condition.ok}


def test_everything_speaks_for_it():
    advice = ask()
    assert [condition.code for condition in advice.conditions] == list(CODES)
    assert not failed(advice)
    assert advice.eligible and advice.unopposed and advice.stopped == ()


@pytest.mark.parametrize(
    ("debt", "code"),
    [
        ({"amount": D("0")}, "owed"),
        ({"due_date": TODAY}, "overdue"),  # may be paid until tonight
        ({"amount": D("49.99")}, "amount"),
        ({"arranged": True}, "not_arranged"),
        ({"promised": True}, "not_promised"),
        ({"disputed": D("0.01")}, "undisputed"),
        ({"in_payment": True}, "no_payment"),
        ({"barred_on": TODAY - timedelta(days=1)}, "not_barred"),
        ({"notified_on": None}, "notified"),
        ({"pay_before": TODAY}, "deadline"),  # today is his
    ],
)
def test_one_item_speaks_against_it(debt, code):
    advice = ask(debt)
    assert code in failed(advice)
    assert not advice.eligible
    assert (code in advice.stopped) == (code in STOPPING)


@pytest.mark.parametrize(
    ("values", "rules", "code"),
    [
        ({"credits": D("12.50")}, {}, "credits"),
        ({"insolvent": True}, {}, "not_insolvent"),
        ({"missing_address": ("zip",)}, {}, "address"),
        ({"number_valid": False}, {}, "number"),
        ({}, {"newest_bank_data": TODAY - timedelta(days=4)}, "bank_data"),
        ({}, {"newest_bank_data": None}, "bank_data"),
    ],
)
def test_the_customer_speaks_against_it(values, rules, code):
    advice = ask(rules=rules, **values)
    assert failed(advice) - {"unopposed"} == {code}
    assert not advice.eligible


def test_the_last_day_still_counts():
    """On its last day a debt is not time-barred yet."""
    assert "not_barred" not in failed(ask({"barred_on": TODAY}))


def test_one_item_without_a_notice_is_enough_to_warn():
    other = replace(DEBT, notified_on=None, pay_before=None)
    assert {"notified", "deadline"} <= failed(ask(debts=(DEBT, other)))


def test_age_of_bank_data_may_be_no_matter():
    assert "bank_data" not in failed(ask(rules={"newest_bank_data": None, "freshness_days": 0}))


def test_no_items():
    advice = ask(debts=())
    assert advice.stopped == ("owed",)
    assert not advice.unopposed


def test_a_consumer_goes_to_court():
    """No number is asked of him, and the bailiff cannot collect without a court."""
    advice = ask({"regime": "b2c"}, consumer=True, number_valid=False)
    assert advice.eligible and not advice.unopposed
    assert next(row.detail for row in advice.conditions if row.code == "unopposed") == "consumer"


@pytest.mark.parametrize(
    ("debt", "values", "why"),
    [
        ({"regime": "b2g"}, {}, "authority"),
        ({}, {"number_valid": False}, "number"),
        ({}, {"creditor_number_valid": False}, "own_number"),
        ({"disputed": D("1")}, {}, "conditions"),
        ({}, {"insolvent": True}, "conditions"),
    ],
)
def test_why_not_unopposed(debt, values, why):
    advice = ask(debt, **values)
    assert not advice.unopposed
    assert next(row.detail for row in advice.conditions if row.code == "unopposed") == why


def test_at_most_a_tenth_comes_along():
    assert unopposed_extras(D("1000.00"), D("140.00")) == D("100.00")
    assert unopposed_extras(D("1000.00"), D("99.99")) == D("99.99")
    assert unopposed_extras(D("99.99"), D("50")) == D("9.99")  # rounded down


def test_wrong_input():
    with pytest.raises(TypeError, match="Decimal"):
        Debt(TODAY, 5.0)
    with pytest.raises(ValueError, match="negative"):
        Debt(TODAY, D("-1"))
    with pytest.raises(TypeError, match="tuple of debts"):
        Candidate(debts=[DEBT])
    with pytest.raises(ValueError, match="negative"):
        Candidate(debts=(DEBT,), credits=D("-1"))
    with pytest.raises(TypeError):
        advise(READY, RULES, "2026-11-18")
    with pytest.raises(ValueError, match="negative"):
        unopposed_extras(D("-1"), D("0"))


@given(st.lists(st.booleans(), min_size=4, max_size=4), st.decimals("0", "10000", places=2))
def test_eligible_means_nothing_failed(flags, amount):
    arranged, promised, in_payment, insolvent = flags
    debt = {"arranged": arranged, "promised": promised, "in_payment": in_payment, "amount": amount}
    advice = ask(debt, insolvent=insolvent)
    assert advice.eligible == (not failed(advice) - {"unopposed"})
    assert set(advice.stopped) == failed(advice) & STOPPING
