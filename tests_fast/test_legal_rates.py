"""The statutory rate and the tables of dated rates."""

from datetime import date, datetime, timedelta
from decimal import Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from legal.rates import RateTable, b2b_rate

D = Decimal


@pytest.mark.oracle("reference_rate.csv")
def test_oracle_reference_rate(row):
    assert b2b_rate(D(row["ecb_main_refinancing_rate"])) == D(row["b2b_rate"])


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("2.00", "10.0"),  # a whole number stays
        ("2.01", "10.5"),  # a hundredth above goes to the next half
        ("2.49", "10.5"),
        ("2.51", "11.0"),
        ("0.05", "8.5"),  # ECB on 1 July 2014 was 0.15: 8.15; on 1 January 2015 0.05: 8.05; both 8.5
        ("0.15", "8.5"),
        ("4.00", "12.0"),  # 1 July 2023
        ("4.50", "12.5"),  # 1 January 2024
        ("-0.10", "8.0"),  # 7.90 goes up to 8.0
        ("-0.50", "7.5"),  # a negative reference rate lowers the rate below the margin
        ("-8", "0.0"),
    ],
)
def test_b2b_rate(reference, expected):
    assert str(b2b_rate(D(reference))) == expected


@given(st.decimals(-8, 50, places=3))
def test_b2b_rate_is_the_next_half_point(reference):
    rate = b2b_rate(reference)
    assert rate % D("0.5") == 0
    assert reference + 8 <= rate < reference + D("8.5")


def test_b2b_rate_does_not_depend_on_the_decimal_context():
    with localcontext() as context:
        context.prec = 2
        assert b2b_rate(D("4.26")) == D("12.5")


@pytest.mark.parametrize("wrong", [2.15, True, 2, "2.15", None])
def test_b2b_rate_refuses_what_is_no_decimal(wrong):
    with pytest.raises(TypeError, match="reference_rate must be a Decimal"):
        b2b_rate(wrong)


@pytest.mark.parametrize("wrong", ["NaN", "Infinity", "-8.01"])
def test_b2b_rate_refuses_what_is_no_rate(wrong):
    with pytest.raises(ValueError, match="reference_rate"):
        b2b_rate(D(wrong))


@pytest.mark.oracle("b2b_rates.csv")
def test_oracle_each_half_year(row, b2b):
    assert b2b.on(date.fromisoformat(row["date_from"])) == D(row["rate_percent"])


@pytest.mark.oracle("civil_rates.csv")
def test_oracle_each_year(row, civil):
    day = date.fromisoformat(row["date_from"])
    assert civil.on(day) == civil.on(date(day.year, 12, 31)) == D(row["rate_percent"])


@pytest.mark.parametrize(
    ("day", "rate"),
    [
        ("2002-07-01", "10.5"),  # the first day of the table
        ("2013-03-15", "8.0"),  # the margin went from 7 to 8 on 16 March 2013, within a half-year
        ("2013-03-16", "9.0"),
        ("2013-06-30", "9.0"),
        ("2013-07-01", "8.5"),
        ("2024-02-29", "12.5"),
        ("2024-12-31", "12.5"),
        ("2025-01-01", "11.5"),
        ("2025-06-30", "11.5"),
        ("2025-07-01", "10.5"),
        ("2026-12-31", "10.5"),  # the last day covered
    ],
)
def test_rate_on_a_day(day, rate, b2b):
    assert b2b.on(date.fromisoformat(day)) == D(rate)


@pytest.mark.parametrize(
    ("last_row", "covered_until"),
    [
        ("2026-01-01", "2026-06-30"),
        ("2026-07-01", "2026-12-31"),
        ("2013-03-16", "2013-06-30"),  # a row within a half-year does not carry further than its end
        ("2026-06-30", "2026-06-30"),
        ("2026-12-31", "2026-12-31"),
    ],
)
def test_a_table_ends_with_the_half_year_of_its_last_row(last_row, covered_until):
    table = RateTable([(date.fromisoformat(last_row), D(10))])
    assert table.covered_until == date.fromisoformat(covered_until)


def test_covered_until_may_be_given():
    table = RateTable([(date(2026, 1, 1), D("4.50"))], covered_until=date(2026, 12, 31))
    assert table.on(date(2026, 12, 31)) == D("4.50")
    assert table.covered_from == date(2026, 1, 1)


def test_rows_may_come_in_any_order_and_from_a_generator():
    rows = [(date(2025, 7, 1), D("10.5")), (date(2025, 1, 1), D("11.5"))]
    table = RateTable(row for row in rows)
    assert [table.on(date(2025, 6, 30)), table.on(date(2025, 7, 1))] == [D("11.5"), D("10.5")]


def test_segments_split_at_each_row_and_keep_equal_rates_apart(b2b):
    assert b2b.segments(date(2024, 6, 30), date(2025, 1, 1)) == [
        (date(2024, 6, 30), date(2024, 6, 30), D("12.5")),
        (date(2024, 7, 1), date(2024, 12, 31), D("12.5")),
        (date(2025, 1, 1), date(2025, 1, 1), D("11.5")),
    ]


def test_segments_of_one_day(b2b):
    (piece,) = b2b.segments(date(2025, 7, 1), date(2025, 7, 1))
    assert (piece.first_day, piece.last_day, piece.rate) == (date(2025, 7, 1), date(2025, 7, 1), D("10.5"))


@given(start=st.dates(date(2002, 7, 1), date(2026, 12, 31)), length=st.integers(0, 1200))
def test_segments_hold_every_day_once_at_its_rate(b2b, start, length):
    end = min(start + timedelta(days=length), b2b.covered_until)
    pieces = b2b.segments(start, end)
    expected = start
    for piece in pieces:
        assert piece.first_day == expected <= piece.last_day
        assert b2b.on(piece.first_day) == b2b.on(piece.last_day) == piece.rate
        expected = piece.last_day + timedelta(days=1)
    assert expected == end + timedelta(days=1)


@pytest.mark.parametrize("day", ["2002-06-30", "2027-01-01"])
def test_a_day_outside_the_table_is_named(day, b2b):
    with pytest.raises(ValueError, match=day):
        b2b.on(date.fromisoformat(day))


def test_a_segment_outside_the_table_is_named(b2b):
    with pytest.raises(ValueError, match=r"2002-06-30.*first_day"):
        b2b.segments(date(2002, 6, 30), date(2003, 1, 1))
    with pytest.raises(ValueError, match=r"2027-01-01.*last_day"):
        b2b.segments(date(2026, 6, 30), date(2027, 1, 1))
    with pytest.raises(ValueError, match="before first_day"):
        b2b.segments(date(2026, 6, 30), date(2026, 6, 29))


@pytest.mark.parametrize(
    ("rows", "error", "message"),
    [
        ([], ValueError, "at least one"),
        ([(date(2025, 1, 1), D(8)), (date(2025, 1, 1), D(9))], ValueError, "2025-01-01"),
        ([(date(2025, 1, 1), D("-1"))], ValueError, "the rate from 2025-01-01 must not be negative"),
        ([(date(2025, 1, 1), D("NaN"))], ValueError, "the rate from 2025-01-01 must be a finite"),
        ([(date(2025, 1, 1), D("Infinity"))], ValueError, "the rate from 2025-01-01"),
        ([(date(2025, 1, 1), 10.5)], TypeError, "the rate from 2025-01-01 must be a Decimal, not float"),
        ([(date(2025, 1, 1), True)], TypeError, "the rate from 2025-01-01 must be a Decimal, not bool"),
        ([("2025-01-01", D(8))], TypeError, "valid from must be a date"),
        ([(datetime(2025, 1, 1), D(8))], TypeError, "valid from must be a date"),
        ([date(2025, 1, 1)], TypeError, "a pair"),
        ([(date(2025, 1, 1), D(8), "published")], TypeError, "a pair"),
    ],
)
def test_wrong_rows_are_refused(rows, error, message):
    with pytest.raises(error, match=message):
        RateTable(rows)


def test_covered_until_must_not_cut_the_last_row():
    with pytest.raises(ValueError, match="covered_until 2025-06-30"):
        RateTable([(date(2025, 7, 1), D(8))], covered_until=date(2025, 6, 30))
    with pytest.raises(TypeError, match="covered_until"):
        RateTable([(date(2025, 7, 1), D(8))], covered_until="2025-12-31")
