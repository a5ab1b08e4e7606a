"""Which debts money pays when nobody said which."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from legal.imputation import Debt, impute

D = Decimal
INVOICE = Debt("principal", date(2026, 5, 1), D("100.00"))
NEWER = Debt("principal", date(2026, 6, 1), D("50.00"))
NOTE = Debt("charges", date(2026, 11, 1), D("45.00"))


def paid(shares, debts):
    return [sum((amount for _money, place, amount in shares if place == index), D(0)) for index in range(len(debts))]


@pytest.mark.parametrize(
    ("order", "expected"),
    [("charges_first", [D("75.00"), D(0), D("45.00")]), ("principal_first", [D("100.00"), D("20.00"), D(0)])],
)
def test_the_two_orders(order, expected):
    debts = [INVOICE, NEWER, NOTE]
    assert paid(impute([(0, D("120.00"))], debts, order), debts) == expected


def test_oldest_first_and_in_pieces():
    shares = impute([(0, D("60.00")), (0, D("70.00"))], [NEWER, INVOICE], "principal_first")
    assert shares == [(0, 1, D("60.00")), (1, 1, D("40.00")), (1, 0, D("30.00"))]


def test_only_debts_of_the_same_account():
    other = Debt("principal", date(2026, 1, 1), D("10.00"), group=2)
    assert impute([(1, D("60.00"))], [other], "charges_first") == []
    assert impute([(1, D("3.00")), (2, D("60.00"))], [other], "charges_first") == [(1, 0, D("10.00"))]


@pytest.mark.parametrize(
    "call",
    [
        lambda: impute([], [], "interest_first"),
        lambda: impute([(0, D(-1))], [], "charges_first"),
        lambda: Debt("interest", date(2026, 1, 1), D(1)),
        lambda: Debt("charges", date(2026, 1, 1), D(-1)),
    ],
)
def test_wrong_input(call):
    with pytest.raises(ValueError):
        call()


cents = st.integers(0, 50_000).map(lambda number: D(number) / 100)
debts = st.builds(
    Debt,
    st.sampled_from(["charges", "principal"]),
    st.dates(date(2026, 1, 1), date(2026, 12, 31)),
    cents,
    st.integers(0, 1),
)


@given(
    st.lists(st.tuples(st.integers(0, 1), cents), max_size=4),
    st.lists(debts, max_size=6),
    st.sampled_from(["charges_first", "principal_first"]),
)
def test_nothing_is_lost_or_made(money, owed, order):
    shares = impute(money, owed, order)
    for source, (_group, amount) in enumerate(money):
        assert sum(part for place, _debt, part in shares if place == source) <= amount
    for place, debt in enumerate(owed):
        assert sum(part for _money, index, part in shares if index == place) <= debt.amount
    for group in (0, 1):
        total = sum((part for source, _debt, part in shares if money[source][0] == group), D(0))
        assert total == min(
            sum((amount for own, amount in money if own == group), D(0)),
            sum((debt.amount for debt in owed if debt.group == group), D(0)),
        )
    first = "charges" if order == "charges_first" else "principal"
    done = paid(shares, owed)
    for group in (0, 1):
        own = [index for index, debt in enumerate(owed) if debt.group == group]
        if any(done[index] for index in own if owed[index].kind != first):
            assert all(done[index] == owed[index].amount for index in own if owed[index].kind == first)
