"""Late-payment interest, against sums that can be done in the head and against a count day by day.

Most cases claim 3,650.00: a day at 10 % of it is exactly 1.00, so a day in the first half of 2025 (11.5 %) is
1.15, in the second half and in 2026 (10.5 %) 1.05, in 2024 (12.5 %) 1.25, in 2003-2004 (9.5 %) 0.95.
"""

from datetime import date, datetime, timedelta
from decimal import Decimal, localcontext
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from legal.consumer import waiting_period
from legal.interest import accrue
from legal.rates import RateTable

D = Decimal
CENT = D("0.01")
ONE_DAY = timedelta(days=1)
FLAT = RateTable([(date(2000, 1, 1), D(10))], covered_until=date(2099, 12, 31))


def day(text):
    return date.fromisoformat(text)


def paid(text):
    """``2025-06-15:500.00;2025-08-01:700.00`` as payments."""
    pairs = (part.split(":") for part in text.split(";") if part)
    return [(day(when), D(amount)) for when, amount in pairs]


@pytest.mark.oracle("interest_b2b.csv")
def test_oracle_interest(row, b2b):
    accrual = accrue(D(row["principal"]), day(row["due_date"]), day(row["until"]), b2b, paid(row["payments"]))
    assert accrual.total == D(row["interest"])
    assert sum(segment.amount for segment in accrual.segments) == accrual.total


@pytest.mark.parametrize(
    ("principal", "due_date", "until", "payments", "interest"),
    [
        # -- from and to
        # Until the due date itself, or before it: nothing.
        ("3650.00", "2025-01-31", "2025-01-31", "", "0.00"),
        ("3650.00", "2025-01-31", "2024-06-30", "", "0.00"),
        # The day after it: one day.
        ("3650.00", "2025-01-31", "2025-02-01", "", "1.15"),
        # Ten days, the tenth included.
        ("3650.00", "2025-01-31", "2025-02-10", "", "11.50"),
        # The due date needs no rate: the first day of the table is 1 July 2002 (10.5 %).
        ("3650.00", "2002-06-30", "2002-07-01", "", "1.05"),
        # The last day of the table still has one: 31 December 2026.
        ("3650.00", "2026-12-30", "2026-12-31", "", "1.05"),
        # -- leap years, divided by 365 all the same
        # 29 February and 1 March 2024: two days.
        ("3650.00", "2024-02-28", "2024-03-01", "", "2.50"),
        # 2025 has no 29 February: one day.
        ("3650.00", "2025-02-28", "2025-03-01", "", "1.15"),
        # Due 29 February 2024, a year later: 306 days of 2024 at 1.25 = 382.50, 59 of 2025 at 1.15 = 67.85.
        ("3650.00", "2024-02-29", "2025-02-28", "", "450.35"),
        # The whole of 2024 is 366 days: 366 * 1.25.
        ("3650.00", "2023-12-31", "2024-12-31", "", "457.50"),
        # The whole of 2025 is 181 * 1.15 + 184 * 1.05 = 208.15 + 193.20.
        ("3650.00", "2024-12-31", "2025-12-31", "", "401.35"),
        # -- half-year borders
        # 30 June 2025 is the last day at 11.5 %.
        ("3650.00", "2025-06-29", "2025-06-30", "", "1.15"),
        # 1 July is the first at 10.5 %.
        ("3650.00", "2025-06-30", "2025-07-01", "", "1.05"),
        # One day of each.
        ("3650.00", "2025-06-29", "2025-07-01", "", "2.20"),
        # 31 December 2024 at 12.5 %, 1 January 2025 at 11.5 %.
        ("3650.00", "2024-12-30", "2025-01-01", "", "2.40"),
        # The law changed within a half-year: 15 March 2013 at 8 %, the 16th at 9 %.
        ("3650.00", "2013-03-14", "2013-03-16", "", "1.70"),
        # Two years: 181 * 1.00 + 184 * 0.95 + 366 * 0.95 = 181.00 + 174.80 + 347.70.
        ("3650.00", "2002-12-31", "2004-12-31", "", "703.50"),
        # -- payments
        # Paid in full on the due date: nothing.
        ("3650.00", "2025-01-31", "2025-03-31", "2025-01-31:3650.00", "0.00"),
        # Paid in full the day after: that one day.
        ("3650.00", "2025-01-31", "2025-03-31", "2025-02-01:3650.00", "1.15"),
        # Half paid long before it was due: half is left.
        ("7300.00", "2025-01-31", "2025-02-10", "2024-11-15:3650.00", "11.50"),
        # Half paid on the due date: the same.
        ("7300.00", "2025-01-31", "2025-02-10", "2025-01-31:3650.00", "11.50"),
        # Half paid the day after: that day on the whole (2.30), nine on the half (10.35).
        ("7300.00", "2025-01-31", "2025-02-10", "2025-02-01:3650.00", "12.65"),
        # Half paid the day before the last: nine days on the whole, the last on the half.
        ("7300.00", "2025-01-31", "2025-02-10", "2025-02-09:3650.00", "21.85"),
        # Paid on the last day: that day still bears interest.
        ("3650.00", "2025-01-31", "2025-02-10", "2025-02-10:3650.00", "11.50"),
        # Paid after the last day: not known yet.
        ("3650.00", "2025-01-31", "2025-02-10", "2025-02-11:3650.00", "11.50"),
        # Nothing paid, in so many words.
        ("3650.00", "2025-01-31", "2025-02-10", "2025-02-05:0.00", "11.50"),
        # Three part payments, ten days each at 4.60, 3.45, 2.30, 1.15 (21 February to 2 March is ten days).
        (
            "14600.00",
            "2025-01-31",
            "2025-03-12",
            "2025-02-10:3650.00;2025-02-20:3650.00;2025-03-02:3650.00",
            "115.00",
        ),
        # The same, told in another order.
        (
            "14600.00",
            "2025-01-31",
            "2025-03-12",
            "2025-03-02:3650.00;2025-02-10:3650.00;2025-02-20:3650.00",
            "115.00",
        ),
        # Two payments on one day are one: ten days at 2.30, ten at 1.15.
        ("7300.00", "2025-01-31", "2025-02-20", "2025-02-10:1650.00;2025-02-10:2000.00", "34.50"),
        # Half paid on the last day of a half-year: ten days at 2.30, ten at 1.05.
        ("7300.00", "2025-06-20", "2025-07-10", "2025-06-30:3650.00", "33.50"),
        # A day earlier: nine at 2.30, one at 1.15, ten at 1.05.
        ("7300.00", "2025-06-20", "2025-07-10", "2025-06-29:3650.00", "32.35"),
        # A day later: ten at 2.30, one at 2.10, nine at 1.05.
        ("7300.00", "2025-06-20", "2025-07-10", "2025-07-01:3650.00", "34.55"),
        # -- credit notes
        # For the whole, after five days.
        ("3650.00", "2025-01-31", "2025-02-28", "2025-02-05:3650.00", "5.75"),
        # Larger than the invoice: five days, and no interest the other way.
        ("3650.00", "2025-01-31", "2025-02-28", "2025-02-05:5000.00", "5.75"),
        # Larger than what two payments had left: ten days at 2.30, five at 1.15.
        ("7300.00", "2025-01-31", "2025-02-28", "2025-02-10:3650.00;2025-02-15:9999.00", "28.75"),
        # Larger than the invoice and before it was due.
        ("3650.00", "2025-01-31", "2025-02-28", "2025-01-10:5000.00", "0.00"),
        # -- instalments: each item has its own due date; 69, 41 and 10 days to 10 April 2025.
        ("3650.00", "2025-01-31", "2025-04-10", "", "79.35"),
        ("3650.00", "2025-02-28", "2025-04-10", "", "47.15"),
        ("3650.00", "2025-03-31", "2025-04-10", "", "11.50"),
        # -- rounding
        # 36.50 at 11.5 % is 0.0115 a day; 30 days are 0.345, half up 0.35 (half even would be 0.34).
        ("36.50", "2025-01-31", "2025-03-02", "", "0.35"),
        # 29 days are 0.3335.
        ("36.50", "2025-01-31", "2025-03-01", "", "0.33"),
        # A cent for a year is 0.00115.
        ("0.01", "2024-12-31", "2025-12-31", "", "0.00"),
        # Nothing owed.
        ("0.00", "2024-12-31", "2025-12-31", "", "0.00"),
        # 9,999,999.99 for 181 days at 11.5 %: 570,273.97203... (9999999.99 * 0.115 * 181 / 365).
        ("9999999.99", "2024-12-31", "2025-06-30", "", "570273.97"),
        # A currency with three decimals: 3650.005 is 1.1500016 a day; the total stays in cents.
        ("3650.005", "2025-01-31", "2025-02-10", "", "11.50"),
    ],
)
def test_interest(principal, due_date, until, payments, interest, b2b):
    accrual = accrue(D(principal), day(due_date), day(until), b2b, paid(payments))
    assert str(accrual.total) == interest


@pytest.mark.parametrize(
    ("due_date", "until", "interest"),
    [
        # 5.75 % in 2024, 4.50 % in 2025: ten days of each, 5.75 + 4.50.
        ("2024-12-21", "2025-01-10", "10.25"),
        # A civil year does not change on 1 July: 20 days at 0.45.
        ("2026-06-20", "2026-07-10", "9.00"),
    ],
)
def test_interest_at_the_civil_rate(due_date, until, interest, civil):
    assert str(accrue(D("3650.00"), day(due_date), day(until), civil).total) == interest


@pytest.mark.parametrize(
    ("principal", "year_days", "due_date", "until", "interest", "pieces"),
    [
        # At a flat 10 % a year of 133,590.00 is 13,359.00: 36.60 a day of 365, 36.50 a day of 366.
        # 31 December 2023 (365) and two days of 2024 (366): 36.60 + 73.00.
        ("133590.00", "actual", "2023-12-30", "2024-01-02", "109.60", 2),
        # 31 December 2024 (366) and two days of 2025 (365): 36.50 + 73.20.
        ("133590.00", "actual", "2024-12-30", "2025-01-02", "109.70", 2),
        # Two years of one length: no border.
        ("133590.00", "actual", "2025-12-30", "2026-01-02", "109.80", 1),
        # A whole leap year is a whole year's interest.
        ("1000.00", "actual", "2023-12-31", "2024-12-31", "100.00", 1),
        # 2023 to 2028 holds five such years.
        ("1000.00", "actual", "2022-12-31", "2028-12-31", "600.00", 4),
        # 1900 and 2100 are no leap years, 2000 is: 366 days.
        ("1000.00", "actual", "1999-12-31", "2000-12-31", "100.00", 1),
        # The same leap year over 366 in every year, and over 360: 366 * 1.00.
        ("3660.00", 366, "2023-12-31", "2024-12-31", "366.00", 1),
        ("3600.00", 360, "2023-12-31", "2024-12-31", "366.00", 1),
    ],
)
def test_length_of_year(principal, year_days, due_date, until, interest, pieces):
    accrual = accrue(D(principal), day(due_date), day(until), FLAT, year_days=year_days)
    assert str(accrual.total) == interest
    assert len(accrual.segments) == pieces


def test_consumer_interest_starts_at_the_reminder_or_at_the_end_of_the_period(b2b):
    """Article XIX.4: an SME creditor from the day after sending, another from the end of the period."""
    sent_on = day("2026-11-02")
    period = waiting_period(sent_on, "email")  # 3 to 16 November, chargeable from the 17th
    # 3 to 17 November is 15 days at 1.05.
    assert accrue(D("3650.00"), sent_on, period.chargeable_from, b2b).total == D("15.75")
    assert accrue(D("3650.00"), period.last_day, period.chargeable_from, b2b).total == D("1.05")


def test_segments_explain_every_step(b2b):
    # 7,300.00 due 20 June 2025, half paid on 25 June; 2.30 a day, then 1.15, then 1.05.
    accrual = accrue(D("7300.00"), day("2025-06-20"), day("2025-07-10"), b2b, paid("2025-06-25:3650.00"))
    found = [(s.first_day, s.last_day, s.days, s.base, s.rate, s.amount) for s in accrual.segments]
    assert found == [
        (day("2025-06-21"), day("2025-06-25"), 5, D("7300.00"), D("11.5"), D("11.50")),
        (day("2025-06-26"), day("2025-06-30"), 5, D("3650.00"), D("11.5"), D("5.75")),
        (day("2025-07-01"), day("2025-07-10"), 10, D("3650.00"), D("10.5"), D("10.50")),
    ]
    assert accrual.total == D("27.75")


def test_segments_stop_when_everything_is_paid(b2b):
    accrual = accrue(D("3650.00"), day("2025-06-20"), day("2026-01-31"), b2b, paid("2025-06-25:3650.00"))
    assert [segment.last_day for segment in accrual.segments] == [day("2025-06-25")]


def test_no_segments_when_nothing_bears_interest(b2b):
    assert accrue(D("0.00"), day("2025-06-20"), day("2025-07-31"), b2b).segments == ()
    assert accrue(D("10.00"), day("2025-06-20"), day("2025-06-20"), b2b).segments == ()


def test_half_years_at_one_rate_stay_apart(b2b):
    accrual = accrue(D("3650.00"), day("2024-06-29"), day("2024-07-01"), b2b)
    assert [(s.days, s.rate, s.amount) for s in accrual.segments] == [(1, D("12.5"), D("1.25"))] * 2


def test_the_whole_is_rounded_once():
    # 18.25 at 10 % is 0.005 a day. Half a cent on each side of 1 July is one cent, not two.
    table = RateTable([(date(2025, 1, 1), D(10)), (date(2025, 7, 1), D(10))])
    accrual = accrue(D("18.25"), day("2025-06-29"), day("2025-07-01"), table)
    assert accrual.total == CENT
    assert [segment.amount for segment in accrual.segments] == [CENT, 0]


def test_a_rate_of_zero_is_a_rate():
    table = RateTable([(date(2025, 1, 1), D(0))])
    accrual = accrue(D("100.00"), day("2025-01-10"), day("2025-01-20"), table)
    assert str(accrual.total) == "0.00"
    assert [(s.days, str(s.amount)) for s in accrual.segments] == [(10, "0.00")]


def test_the_decimal_context_of_the_caller_does_not_matter(b2b):
    with localcontext() as context:
        context.prec = 3
        context.rounding = "ROUND_DOWN"
        accrual = accrue(D("9999999.99"), day("2024-12-31"), day("2025-06-30"), b2b, [(day("2024-12-01"), D("0.01"))])
    # 9,999,999.98 * 0.115 * 181 / 365 = 570,273.97146...
    assert accrual.total == D("570273.97")
    assert accrual.segments[0].base == D("9999999.98")


@pytest.mark.parametrize(
    ("due_date", "until", "named"),
    [("2026-12-01", "2027-01-01", "2027-01-01"), ("2002-06-29", "2002-07-31", "2002-06-30")],
)
def test_a_day_without_a_rate_is_named(due_date, until, named, b2b):
    with pytest.raises(ValueError, match=named):
        accrue(D("3650.00"), day(due_date), day(until), b2b)
    # Also when nothing is open: the caller cuts at covered_until.
    with pytest.raises(ValueError, match=named):
        accrue(D("0.00"), day(due_date), day(until), b2b)


@pytest.mark.parametrize("wrong", [3650.0, True, 3650, "3650", None])
def test_money_must_be_a_decimal(wrong, b2b):
    with pytest.raises(TypeError, match="principal must be a Decimal"):
        accrue(wrong, day("2025-01-31"), day("2025-02-10"), b2b)
    with pytest.raises(TypeError, match="the payment of 2025-02-05 must be a Decimal"):
        accrue(D("3650"), day("2025-01-31"), day("2025-02-10"), b2b, [(day("2025-02-05"), wrong)])


@pytest.mark.parametrize("wrong", ["-0.01", "NaN", "sNaN", "Infinity", "-Infinity"])
def test_money_must_not_be_negative_or_endless(wrong, b2b):
    with pytest.raises(ValueError, match="principal must"):
        accrue(D(wrong), day("2025-01-31"), day("2025-02-10"), b2b)
    with pytest.raises(ValueError, match="the payment of 2025-02-05 must"):
        accrue(D("3650"), day("2025-01-31"), day("2025-02-10"), b2b, [(day("2025-02-05"), D(wrong))])


def test_wrong_input_is_refused_even_where_the_result_would_be_zero(b2b):
    with pytest.raises(ValueError, match="principal"):
        accrue(D(-1), day("2025-01-31"), day("2025-01-01"), b2b)
    with pytest.raises(TypeError, match="year_days"):
        accrue(D(1), day("2025-01-31"), day("2025-01-01"), b2b, year_days=365.0)


@pytest.mark.parametrize("wrong", [datetime(2025, 1, 31), "2025-01-31", None])
def test_days_must_be_dates(wrong, b2b):
    fine = day("2025-01-31")
    with pytest.raises(TypeError, match="due_date must be a date"):
        accrue(D("1"), wrong, fine, b2b)
    with pytest.raises(TypeError, match="until must be a date"):
        accrue(D("1"), fine, wrong, b2b)
    with pytest.raises(TypeError, match="the day of a payment must be a date"):
        accrue(D("1"), fine, fine, b2b, [(wrong, D("1"))])
    with pytest.raises(TypeError, match="a pair"):
        accrue(D("1"), fine, fine, b2b, [wrong])


@pytest.mark.parametrize(
    ("wrong", "error"),
    [(0, ValueError), (-365, ValueError), (True, TypeError), (365.25, TypeError), ("365", TypeError)],
)
def test_year_days_must_be_a_positive_int_or_actual(wrong, error, b2b):
    with pytest.raises(error, match="year_days must be"):
        accrue(D("1"), day("2025-01-31"), day("2025-02-10"), b2b, year_days=wrong)


# -- properties, against a count day by day that knows nothing of segments

FIRST, LAST = date(2011, 12, 1), date(2026, 12, 31)
MONEY = st.decimals(500, 20000, places=2) | st.decimals(0, 20000, places=2)


@st.composite
def claims(draw):
    """A principal, its due date, a last day, payments around both ends and between, and the year's length."""
    year = draw(st.integers(FIRST.year + 1, LAST.year))
    due_date = date(year, 1, 1) + timedelta(days=draw(st.integers(-31, 364)))
    until = min(due_date + timedelta(days=draw(st.integers(0, 40) | st.integers(0, 900))), LAST)
    length = (until - due_date).days
    near_the_ends = st.sampled_from([-1, 0, 1, length - 1, length, length + 1])
    offsets = near_the_ends | st.integers(-40, length + 20)
    payments = draw(st.lists(st.tuples(offsets, st.decimals(0, 6000, places=2)), max_size=4))
    payments = [(due_date + timedelta(days=offset), amount) for offset, amount in payments]
    return draw(MONEY), due_date, until, payments, draw(st.sampled_from(["actual", 365, 366, 360]))


def count_day_by_day(principal, due_date, until, payments, year_days, rates):
    total = Fraction(0)
    today = due_date + ONE_DAY
    while today <= until:
        base = Fraction(principal) - sum(Fraction(amount) for when, amount in payments if when < today)
        length = year_days
        if year_days == "actual":
            length = (date(today.year + 1, 1, 1) - date(today.year, 1, 1)).days
        total += max(base, Fraction(0)) * Fraction(rates.on(today)) / 100 / length
        today += ONE_DAY
    return total


def half_up(number):
    return D((number * 100 + Fraction(1, 2)).__floor__()).scaleb(-2)


@settings(max_examples=150)
@given(claims())
def test_equals_the_count_day_by_day(b2b, claim):
    principal, due_date, until, payments, year_days = claim
    exact = count_day_by_day(principal, due_date, until, payments, year_days, b2b)
    assert accrue(principal, due_date, until, b2b, payments, year_days).total == half_up(exact)


@given(claims(), st.integers(0, 900))
def test_is_additive_over_periods(b2b, claim, offset):
    principal, due_date, until, payments, year_days = claim
    middle = min(due_date + timedelta(days=offset), until)
    whole = accrue(principal, due_date, until, b2b, payments, year_days).total
    first = accrue(principal, due_date, middle, b2b, payments, year_days).total
    second = accrue(principal, middle, until, b2b, payments, year_days).total
    assert abs(whole - first - second) <= CENT


@given(claims(), st.integers(1, 200))
def test_never_decreases_with_time(b2b, claim, later):
    principal, due_date, until, payments, year_days = claim
    known = [(when, amount) for when, amount in payments if when <= until]
    before = accrue(principal, due_date, until, b2b, known, year_days)
    later_day = min(until + timedelta(days=later), b2b.covered_until)
    after = accrue(principal, due_date, later_day, b2b, known, year_days)
    assert before.total <= after.total
    # What a notice said of a closed period stays as it was said.
    closed = before.segments[:-1]
    assert after.segments[: len(closed)] == closed


@given(claims(), st.data())
def test_splitting_a_payment_changes_nothing(b2b, claim, data):
    principal, due_date, until, payments, year_days = claim
    split = []
    for when, amount in payments:
        part = data.draw(st.decimals(0, amount, places=2))
        split += [(when, part), (when, amount - part)]
    split = data.draw(st.permutations(split))
    whole = accrue(principal, due_date, until, b2b, payments, year_days).total
    assert abs(accrue(principal, due_date, until, b2b, split, year_days).total - whole) <= CENT


@given(claims())
def test_paying_more_or_earlier_never_costs_more(b2b, claim):
    principal, due_date, until, payments, year_days = claim
    total = accrue(principal, due_date, until, b2b, payments, year_days).total
    earlier = [(when - ONE_DAY, amount) for when, amount in payments]
    more = [(when, amount + 1) for when, amount in payments]
    assert accrue(principal, due_date, until, b2b, earlier, year_days).total <= total
    assert accrue(principal, due_date, until, b2b, more, year_days).total <= total


@given(claims())
def test_segments_add_up_and_explain_themselves(b2b, claim):
    principal, due_date, until, payments, year_days = claim
    accrual = accrue(principal, due_date, until, b2b, payments, year_days)
    assert sum((segment.amount for segment in accrual.segments), D(0)) == accrual.total
    expected = due_date + ONE_DAY
    for segment in accrual.segments:
        assert segment.first_day == expected <= segment.last_day <= until
        assert segment.days == (segment.last_day - segment.first_day).days + 1
        assert segment.base > 0
        assert segment.amount >= 0
        assert segment.amount == segment.amount.quantize(CENT)
        assert b2b.on(segment.first_day) == b2b.on(segment.last_day) == segment.rate
        exact = count_day_by_day(segment.base, segment.first_day - ONE_DAY, segment.last_day, [], year_days, b2b)
        assert abs(Fraction(segment.amount) - exact) < Fraction(1, 100)
        expected = segment.last_day + ONE_DAY
    if expected <= until:  # it stopped early: nothing was open from there on
        assert sum(amount for when, amount in payments if when < expected) >= principal
