"""The flat sums: 40 euros between enterprises, the scale of article XIX.4 towards consumers."""

from datetime import date
from decimal import Decimal, localcontext
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from legal.compensation import B2B_FIXED, B2C_SCALES, b2c_cap

D = Decimal
BALANCES = st.decimals(0, 60000, places=2)


def statute(balance):
    """Article XIX.4 word for word, in fractions, unrounded."""
    balance = Fraction(balance)
    if balance == 0:
        return Fraction(0)
    if balance <= 150:
        return Fraction(20)
    if balance <= 500:
        return 30 + (balance - 150) / 10
    return min(65 + (balance - 500) / 20, Fraction(2000))


def test_b2b_fixed():
    assert str(B2B_FIXED) == "40.00"


@pytest.mark.oracle("compensation_b2c.csv")
def test_oracle_cap(row):
    assert b2c_cap(D(row["balance"])) == D(row["cap"])


@pytest.mark.parametrize(
    ("balance", "cap"),
    [
        ("0", "0.00"),  # nothing open, nothing owed
        ("0.01", "20.00"),  # the first bracket is flat
        ("149.99", "20.00"),
        ("150.00", "20.00"),  # "up to 150" holds 150 itself
        ("150.01", "30.00"),  # 30 + 0.001, down
        ("150.09", "30.00"),  # 30 + 0.009, down, not 30.01
        ("150.10", "30.01"),  # 30 + 0.010
        ("333.33", "48.33"),  # 30 + 18.333
        ("499.99", "64.99"),  # 30 + 34.999, down
        ("500.00", "65.00"),  # 30 + 35
        ("500.01", "65.00"),  # 65 + 0.0005
        ("500.19", "65.00"),  # 65 + 0.0095, down
        ("500.20", "65.01"),  # 65 + 0.0100
        ("1000.00", "90.00"),  # 65 + 25: a clause of 10 % would be 100 and void here
        ("39199.99", "1999.99"),  # 65 + 1934.9995 = 1999.9995, down
        ("39200.00", "2000.00"),  # 65 + 1935: where the maximum is reached
        ("39200.01", "2000.00"),
        ("1000000.00", "2000.00"),
    ],
)
def test_cap(balance, cap):
    assert str(b2c_cap(D(balance))) == cap


@given(BALANCES)
def test_cap_is_the_statute_rounded_down(balance):
    cap, exact = Fraction(b2c_cap(balance)), statute(balance)
    assert cap <= exact < cap + Fraction(1, 100)
    assert cap <= 2000


@given(BALANCES, BALANCES)
def test_cap_never_decreases(one, other):
    low, high = sorted((one, other))
    assert b2c_cap(low) <= b2c_cap(high)


def test_cap_never_decreases_cent_by_cent_around_the_borders():
    for border in (150, 500, 39200):
        cents = [D(border) + D(step) / 100 for step in range(-30, 31)]
        caps = [b2c_cap(balance) for balance in cents]
        assert caps == sorted(caps)


def test_cap_does_not_depend_on_the_decimal_context():
    with localcontext() as context:
        context.prec = 2
        assert b2c_cap(D("1234.56")) == D("101.72")  # 65 + 36.728


def test_the_day_chooses_the_scale(monkeypatch):
    assert b2c_cap(D(150), on=date(2023, 9, 1)) == b2c_cap(D(150)) == 20
    indexed = B2C_SCALES[0]._replace(valid_from=date(2030, 1, 1), maximum=D(2500))
    monkeypatch.setattr("legal.compensation.B2C_SCALES", (*B2C_SCALES, indexed))
    assert b2c_cap(D(100000), on=date(2029, 12, 31)) == 2000
    assert b2c_cap(D(100000), on=date(2030, 1, 1)) == b2c_cap(D(100000)) == 2500


def test_before_the_first_scale_there_is_no_cap():
    with pytest.raises(ValueError, match="2023-08-31"):
        b2c_cap(D(100), on=date(2023, 8, 31))
    with pytest.raises(TypeError, match="on must be a date"):
        b2c_cap(D(100), on="2023-09-01")


@pytest.mark.parametrize("wrong", [150.0, True, 150, "150", None])
def test_a_balance_must_be_a_decimal(wrong):
    with pytest.raises(TypeError, match="balance must be a Decimal"):
        b2c_cap(wrong)


@pytest.mark.parametrize("wrong", ["-0.01", "NaN", "Infinity", "-Infinity"])
def test_a_balance_must_not_be_negative_or_endless(wrong):
    with pytest.raises(ValueError, match="balance"):
        b2c_cap(D(wrong))
