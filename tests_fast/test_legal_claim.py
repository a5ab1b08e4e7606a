"""What may be claimed on an item: reasoned single cases, and what must hold for any item at all.

The table of every combination is in `test_legal_claim_table.py`. Most sums claim 3,650.00, on which a day at 10 % is
exactly 1.00: a day in the first half of 2025 (11.5 %) is 1.15, in its second half and in 2026 (10.5 %) 1.05, in 2024
(12.5 %) 1.25, at the legal rate of 2025 (4.5 %) 0.45.
"""

from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal, localcontext
from fractions import Fraction
from itertools import product

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from legal import claim as law
from legal.claim import Facts, Rules, Terms, allocate_lower, balance_on, claim, clause_amount
from legal.interest import accrue
from legal.rates import RateTable

D = Decimal
CENT = D("0.01")
SUM = D("3650.00")
AGREED = date(2023, 10, 1)
SCALE = Terms(AGREED, compensation="scale")
SME = Rules(small_creditor=True)


def day(text):
    return date.fromisoformat(text)


def paid(text):
    """``2025-06-15:500.00;2025-08-01:700.00`` as payments."""
    pairs = (part.split(":") for part in text.split(";") if part)
    return tuple((day(when), D(amount)) for when, amount in pairs)


def business(due="2025-01-31", principal=SUM, regime="b2b", **more):
    """An invoice of thirty days."""
    due = day(due)
    return Facts(regime, principal, due, more.pop("invoice_date", due - timedelta(days=30)), **more)


def consumer(reminded="2025-06-16", principal=SUM, due="2025-05-31", terms=SCALE, **more):
    """By e-mail on Monday 16 June 2025: day 14 is Monday 30 June, chargeable from 1 July."""
    due = day(due)
    reminded = day(reminded) if reminded else None
    return Facts("b2c", principal, due, due - timedelta(days=30), terms=terms, reminded_on=reminded, **more)


@pytest.fixture
def ask(b2b, civil):
    """Ask the law: ``ask(facts, "2025-03-31")``."""

    def ask_law(facts, today, rules=None, statutory=b2b):
        return claim(facts, rules or Rules(), statutory, civil, day(today))

    return ask_law


# -- businesses -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("due", "today", "payments", "interest"),
    [
        # The due date bears none and is no reason to claim; the next day bears one.
        ("2025-01-31", "2025-01-31", "", "0"),
        ("2025-01-31", "2025-02-01", "", "1.15"),
        # 29 February 2024 is a day like any other, divided by 365: 28 February to 1 March is two days.
        ("2024-02-28", "2024-03-01", "", "2.50"),
        # A whole leap year is 366 days.
        ("2023-12-31", "2024-12-31", "", "457.50"),
        # The border of a half-year: 30 June at 11.5 %, 1 July at 10.5 %.
        ("2025-06-29", "2025-07-01", "", "2.20"),
        # 31 December 2024 at 12.5 %, 1 January 2025 at 11.5 %.
        ("2024-12-30", "2025-01-01", "", "2.40"),
        # Half paid on the tenth day: ten days of 1.15, ten of 0.575.
        ("2025-01-31", "2025-02-20", "2025-02-10:1825.00", "17.25"),
        # Paid in full on the tenth day: ten days, whenever one asks.
        ("2025-01-31", "2025-12-31", "2025-02-10:3650.00", "11.50"),
        # Part of it paid before it was due: 20 % of the rest never bore interest.
        ("2025-01-31", "2025-02-10", "2025-01-02:730.00", "9.20"),
        # Three part payments of a quarter, ten days apart: 11.50 + 8.625 + 5.75 + 2.875.
        ("2025-01-31", "2025-03-12", "2025-02-10:912.50;2025-02-20:912.50;2025-03-02:912.50", "28.75"),
        # A credit note larger than the invoice, on the tenth day: nothing open, and nothing negative.
        ("2025-01-31", "2025-12-31", "2025-02-10:5000.00", "11.50"),
        # Paid today: today still bears interest.
        ("2025-01-31", "2025-02-10", "2025-02-10:3650.00", "11.50"),
    ],
)
def test_business_interest(ask, due, today, payments, interest):
    answer = ask(business(due, payments=paid(payments)), today)
    assert answer.interest == D(interest)
    assert answer.compensation == (40 if D(interest) else 0)
    assert answer.reminder_cost == 0
    assert answer.total == answer.interest + answer.compensation
    if answer.accrual:
        assert sum(segment.amount for segment in answer.accrual.segments) == answer.interest


@pytest.mark.parametrize(
    ("payments", "today", "until"),
    [
        # Today; the day it was paid; today again while a cent is open.
        ("", "2025-03-31", "2025-03-31"),
        ("2025-02-10:3650.00", "2025-03-31", "2025-02-10"),
        ("2025-02-10:3649.99", "2025-03-31", "2025-03-31"),
    ],
)
def test_until_is_the_last_day_that_bears_interest(ask, payments, today, until):
    answer = ask(business(payments=paid(payments)), today)
    assert (answer.until, answer.cut) == (day(until), False)


def test_actual_years(ask):
    """2024 by 366 days: a whole year is exactly 12.5 % of 3,650."""
    assert ask(business("2023-12-31"), "2024-12-31", Rules(year_days="actual")).interest == D("456.25")


@pytest.mark.parametrize(
    ("payments", "reason"),
    [
        # All of it before, all of it on the due date, a credit note of more: nothing was ever late.
        ("2025-01-02:3650.00", "paid_when_due"),
        ("2025-01-31:3650.00", "paid_when_due"),
        ("2025-01-15:5000.00", "paid_when_due"),
    ],
)
@pytest.mark.parametrize("regime", ["b2b", "b2g", "b2c"])
def test_paid_when_due(ask, regime, payments, reason):
    answer = ask(business(payments=paid(payments), regime=regime), "2025-12-31")
    assert (answer.total, answer.reasons, answer.accrual) == (0, (reason,), None)


def test_a_day_late_costs_forty(ask):
    """Article 6 asks nothing more than being late: 3,650.00 paid the day after is 1.15 and 40."""
    answer = ask(business(payments=paid("2025-02-01:3650.00")), "2025-03-31")
    assert (answer.interest, answer.compensation, answer.compensation_basis) == (D("1.15"), 40, "fixed_40")


def test_three_instalments_are_forty_once(ask):
    """The first that fell overdue carries the 40 EUR of the invoice, each bears its own interest."""
    third = {"principal": D("365.00"), "invoice_date": day("2025-01-01"), "single": False}
    answers = [
        ask(business("2025-01-31", **third), "2025-03-31"),
        ask(business("2025-02-28", **third, first_of_invoice=False), "2025-03-31"),
        ask(business("2025-03-31", **third, first_of_invoice=False), "2025-03-31"),
    ]
    # 59 days and 31 days at 0.115; the third is due today.
    assert [answer.interest for answer in answers] == [D("6.79"), D("3.57"), 0]
    assert [answer.compensation for answer in answers] == [40, 0, 0]
    assert [answer.reasons for answer in answers] == [(), ("compensation_once",), ("not_overdue",)]


@pytest.mark.parametrize(
    ("days", "choice", "first_day", "reasons"),
    [
        # Sixty days may be agreed: interest from the day after.
        (60, 60, "2025-03-03", ()),
        # Sixty-one may not. By default it runs from day 60 on, the longest that is lawful.
        (61, 60, "2025-03-03", ("term_above_60",)),
        (90, 60, "2025-03-03", ("term_above_60",)),
        # The option is the law itself: 30 days, then interest.
        (90, 30, "2025-02-01", ("term_above_60",)),
    ],
)
@pytest.mark.parametrize("regime", ["b2b", "b2g"])
def test_term_above_sixty_days(ask, regime, days, choice, first_day, reasons):
    """Invoice of 1 January 2025: day 30 is 31 January, day 60 is 2 March, day 61 3 March, day 90 1 April."""
    due = day("2025-01-01") + timedelta(days=days)
    facts = business(str(due), regime=regime, invoice_date=day("2025-01-01"))
    answer = ask(facts, "2025-04-30", Rules(long_term_day=choice))
    assert answer.accrual.segments[0].first_day == day(first_day)
    assert answer.interest == ((day("2025-04-30") - day(first_day)).days + 1) * D("1.15")
    assert answer.reasons == reasons


def test_term_above_sixty_days_of_an_instalment(ask):
    """Article 4, § 3: a plan of payment has its own due dates."""
    facts = business("2025-04-01", invoice_date=day("2025-01-01"), single=False)
    answer = ask(facts, "2025-04-30")
    assert (answer.interest, answer.reasons) == (29 * D("1.15"), ())


def test_term_above_sixty_days_not_before_the_agreed_day(ask):
    """The customer is not chased before the day that he reads on the invoice, nor if he kept it."""
    facts = business("2025-04-01", invoice_date=day("2025-01-01"))
    assert ask(facts, "2025-04-01").reasons == ("not_overdue",)
    assert ask(replace(facts, payments=paid("2025-03-20:3650.00")), "2025-04-30").reasons == ("paid_when_due",)
    # A part of it was paid on day 70 (12 March): ten days of 1.15, then 49 days of 0.575.
    part = ask(replace(facts, payments=paid("2025-03-12:1825.00")), "2025-04-30")
    assert part.interest == D("39.68")  # 11.50 + 28.175


@pytest.mark.parametrize(
    ("terms", "flat", "basis"),
    [
        # The higher of the clause and 40, never the sum.
        (Terms(AGREED, compensation="fixed", amount=D("39.99")), "40", "fixed_40"),
        (Terms(AGREED, compensation="fixed", amount=D("40.00")), "40", "fixed_40"),
        (Terms(AGREED, compensation="fixed", amount=D("40.01")), "40.01", "clause"),
        # 10 % of 3,650.
        (Terms(AGREED, compensation="percent", percent=D(10)), "365", "clause"),
        # 1 % is 36.50: 40 by law; with a minimum of 75, 75.
        (Terms(AGREED, compensation="percent", percent=D(1)), "40", "fixed_40"),
        (Terms(AGREED, compensation="percent", percent=D(1), amount=D(75)), "75", "clause"),
        # The scale of article XIX.4 is no clause between businesses.
        (SCALE, "40", "fixed_40"),
    ],
)
@pytest.mark.parametrize("regime", ["b2b", "b2g"])
def test_higher_of_clause_and_forty(ask, regime, terms, flat, basis):
    answer = ask(business(regime=regime, terms=terms), "2025-03-31")
    assert (answer.compensation, answer.compensation_basis) == (D(flat), basis)
    only_law = ask(business(regime=regime, terms=terms), "2025-03-31", Rules(higher_of_clause_and_fixed=False))
    assert (only_law.compensation, only_law.compensation_basis) == (40, "fixed_40")


def test_flat_sum_of_a_business_is_on_what_was_late(ask):
    """10 % of what was open on the due date: 2,650 of 3,650; what is paid later does not lower it."""
    terms = Terms(AGREED, compensation="percent", percent=D(10))
    facts = business(terms=terms, payments=paid("2025-01-20:1000.00;2025-02-05:1000.00"))
    assert ask(facts, "2025-03-31").compensation == 265


@pytest.mark.parametrize(
    ("regime", "terms", "interest", "reasons"),
    [
        # Ten days of February 2025 on 3,650 at 11.5 %, or as agreed.
        ("b2b", Terms(AGREED, "rate", D(12)), "12.00", ()),
        ("b2b", Terms(AGREED, "rate", D(2)), "2.00", ()),
        ("b2b", Terms(AGREED, "rate", D(0)), "0.00", ()),
        ("b2b", Terms(AGREED, "none"), "0", ("no_interest_clause",)),
        # The statutory rate of an authority cannot be replaced, up or down.
        ("b2g", Terms(AGREED, "rate", D(12)), "11.50", ("authority_statutory",)),
        ("b2g", Terms(AGREED, "rate", D(2)), "11.50", ("authority_statutory",)),
        ("b2g", Terms(AGREED, "none"), "11.50", ("authority_statutory",)),
        ("b2g", Terms(AGREED), "11.50", ()),
        # Agreed on the day of the invoice: counts. A day later: the law itself.
        ("b2b", Terms(day("2025-01-01"), "rate", D(12)), "12.00", ()),
        ("b2b", Terms(day("2025-01-02"), "rate", D(12)), "11.50", ("terms_later",)),
        ("b2g", Terms(day("2025-01-02"), "rate", D(12)), "11.50", ("terms_later",)),
    ],
)
def test_agreed_rate(ask, regime, terms, interest, reasons):
    answer = ask(business(regime=regime, terms=terms), "2025-02-10")
    assert (answer.interest, answer.reasons) == (D(interest), reasons)
    assert answer.compensation == 40


@pytest.mark.parametrize("regime", ["b2b", "b2g"])
def test_foreign_currency(ask, regime):
    """Interest in the currency of the invoice; flat sums are euros and are not translated."""
    answer = ask(business(regime=regime, euro=False), "2025-02-10")
    assert (answer.interest, answer.compensation) == (D("11.50"), 0)
    assert answer.reasons == ("compensation_euro",)


# -- rates that end -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("due", "payments", "today", "interest", "until", "cut"),
    [
        # The table ends on 31 December 2026: 31 days of December at 1.05, whatever the day.
        ("2026-11-30", "", "2026-12-31", "32.55", "2026-12-31", False),
        ("2026-11-30", "", "2027-01-01", "32.55", "2026-12-31", True),
        ("2026-11-30", "", "2027-08-01", "32.55", "2026-12-31", True),
        # Paid before that day, or on it: nothing is missing.
        ("2026-11-30", "2026-12-10:3650.00", "2027-08-01", "10.50", "2026-12-10", False),
        ("2026-11-30", "2026-12-31:3650.00", "2027-08-01", "32.55", "2026-12-31", False),
        # A cent was left: cut.
        ("2026-11-30", "2026-12-31:3649.99", "2027-08-01", "32.55", "2026-12-31", True),
        # Due when the rates end, and after it: no interest yet, and the notice says until when.
        ("2026-12-31", "", "2027-01-10", "0.00", "2026-12-31", True),
        ("2027-01-31", "", "2027-02-10", "0.00", "2026-12-31", True),
    ],
)
def test_calculated_until(ask, due, payments, today, interest, until, cut):
    answer = ask(business(due, payments=paid(payments)), today)
    assert (answer.interest, answer.until, answer.cut) == (D(interest), day(until), cut)
    assert answer.compensation == 40


def test_an_agreed_rate_does_not_end(ask):
    answer = ask(business("2026-12-31", terms=Terms(AGREED, "rate", D(12))), "2027-01-10")
    assert (answer.interest, answer.until, answer.cut) == (D("12.00"), day("2027-01-10"), False)


@pytest.mark.parametrize("terms", [SCALE, Terms(AGREED, "rate", D(10), "scale"), Terms(AGREED, "rate", D(12), "scale")])
@pytest.mark.parametrize("rules", [Rules(), SME], ids=["other", "SME"])
def test_a_consumer_is_not_charged_without_a_cap(ask, terms, rules):
    """Reminder in January 2027, rates until December 2026: no half-year's cap is known, so no interest yet."""
    answer = ask(consumer("2027-01-11", due="2026-12-15", terms=terms), "2027-03-01", rules)
    assert (answer.interest, answer.until, answer.cut) == (0, day("2026-12-31"), True)
    assert answer.compensation == D("222.50")


def test_a_consumer_rate_is_cut_with_the_cap(ask):
    """Reminder Tuesday 1 December 2026, day 14 is Tuesday the 15th: 16 days of December at 10 %, and no more."""
    facts = consumer("2026-12-01", due="2026-11-15", terms=Terms(AGREED, "rate", D(10)))
    for today, cut in (("2026-12-31", False), ("2027-02-01", True)):
        answer = ask(facts, today)
        assert (answer.interest, answer.until, answer.cut) == (D("16.00"), day("2026-12-31"), cut)


def test_a_table_that_begins_late(ask):
    """Nothing is known before 1 July 2025: interest begins there."""
    short = RateTable([(day("2025-07-01"), D("10.5"))])
    assert ask(business("2025-01-31"), "2025-07-10", statutory=short).interest == 10 * D("1.05")
    assert ask(business("2025-01-31"), "2025-06-10", statutory=short).interest == 0


# -- consumers: from when -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("due", "reminded", "medium", "rules", "from_day"),
    [
        # On a Saturday: day 1 is Sunday 8 November, day 14 Saturday the 21st, to Monday.
        ("2026-10-31", "2026-11-07", "email", Rules(), "2026-11-24"),
        # The same without the extension: chargeable on Sunday the 22nd.
        ("2026-10-31", "2026-11-07", "email", Rules(extend=False), "2026-11-22"),
        # A letter of that Saturday: Monday, Tuesday, then Armistice Day, Thursday 12 is day 1; day 14 is the 25th.
        ("2026-10-31", "2026-11-07", "post", Rules(), "2026-11-26"),
        # A letter of Wednesday 4: Thursday, Friday, Monday 9; with Saturdays, Thursday, Friday and Saturday, which
        # is never day 1 itself: Monday 9 again. Day 14 is Sunday the 22nd, to Monday.
        ("2026-10-31", "2026-11-04", "post", Rules(), "2026-11-24"),
        ("2026-10-31", "2026-11-04", "post", Rules(saturday_counts=True), "2026-11-24"),
        # A letter of Thursday 5: Friday, Monday, Tuesday 10 is day 1, day 14 the 23rd; with Saturdays Monday 9 is,
        # day 14 Sunday the 22nd, to the same Monday.
        ("2026-10-31", "2026-11-05", "post", Rules(), "2026-11-24"),
        ("2026-10-31", "2026-11-05", "post", Rules(saturday_counts=True), "2026-11-24"),
        ("2026-10-31", "2026-11-05", "post", Rules(saturday_counts=True, extend=False), "2026-11-23"),
        # Day 14 is Christmas on a Friday, then a weekend: to Monday 28.
        ("2026-11-30", "2026-12-11", "email", Rules(), "2026-12-29"),
        # A letter of Christmas Eve 2025: Friday 26, Monday 29, Tuesday 30 is day 1; day 14 is Monday 12 January.
        ("2025-11-30", "2025-12-24", "post", Rules(), "2026-01-13"),
        # Day 14 is Easter Sunday 2026, then Easter Monday: to Tuesday 7 April.
        ("2026-02-28", "2026-03-22", "email", Rules(), "2026-04-08"),
        # A letter of Good Friday: Easter Monday is none, so Tuesday, Wednesday, Thursday 9 is day 1.
        ("2026-02-28", "2026-04-03", "post", Rules(), "2026-04-23"),
        # Day 14 is Ascension, Thursday 14 May 2026.
        ("2026-03-31", "2026-04-30", "email", Rules(), "2026-05-16"),
        # Over 29 February: day 1 is 16 February 2024, day 14 Thursday the 29th.
        ("2024-01-31", "2024-02-15", "email", Rules(), "2024-03-01"),
    ],
)
@pytest.mark.parametrize("small", [False, True], ids=["other", "SME"])
def test_first_chargeable_day(ask, due, reminded, medium, rules, from_day, small):
    """Not a cent the day before, whoever the creditor is; everything on the day itself."""
    facts = consumer(reminded, due=due, medium=medium)
    rules = replace(rules, small_creditor=small)
    before = ask(facts, str(day(from_day) - timedelta(days=1)), rules)
    assert (before.total, before.reasons, before.chargeable_from) == (0, ("waiting_period",), day(from_day))
    answer = ask(facts, from_day, rules)
    assert (answer.chargeable_from, answer.reasons, answer.compensation) == (day(from_day), (), D("222.50"))
    first_day = day(reminded) + timedelta(days=1) if small else day(from_day)
    assert answer.accrual.segments[0].first_day == first_day
    assert answer.until == day(from_day)


@pytest.mark.parametrize(
    ("reminded", "medium", "today"),
    [
        (None, "email", "2025-12-31"),
        # Sent before the debt was overdue, or on the due date itself: a courtesy, not a first reminder.
        ("2025-05-20", "email", "2025-12-31"),
        ("2025-05-31", "email", "2025-12-31"),
        # As of a day before it left.
        ("2025-06-16", "email", "2025-06-15"),
        # A text message alone is no durable medium.
        ("2025-06-16", "sms", "2025-12-31"),
        ("2025-06-16", "", "2025-12-31"),
    ],
)
@pytest.mark.parametrize("rules", [Rules(), SME, Rules(legal_rate_without_clause=True)])
def test_no_free_reminder(ask, reminded, medium, today, rules):
    fourth = replace(SCALE, regular_delivery=True, reminder_cost=D(6))
    answer = ask(consumer(reminded, medium=medium, terms=fourth, unpaid_due_dates=4), today, rules)
    assert (answer.total, answer.reasons, answer.chargeable_from) == (0, ("no_free_reminder",), None)


def test_reminded_the_day_after_the_due_date(ask):
    """Sunday 1 June 2025: day 14 is Sunday the 15th, to Monday; an SME's interest begins on the 2nd."""
    answer = ask(consumer("2025-06-01"), "2025-06-17", SME)
    assert (answer.chargeable_from, answer.interest) == (day("2025-06-17"), 16 * D("1.15"))


@pytest.mark.parametrize("regime", ["b2c", "", "B2B", "consumer", None])
def test_not_known_is_a_consumer(ask, regime):
    answer = ask(business(regime=regime), "2025-12-31")
    assert (answer.total, answer.reasons) == (0, ("no_free_reminder",))


# -- consumers: how much --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("payments", "small", "interest", "flat"),
    [
        # From 1 July to 30 September is 92 days of 1.05; an SME adds 14 days of 1.15.
        # 3,650: 65 + 5 % of 3,150 = 222.50.
        ("", False, "96.60", "222.50"),
        ("", True, "112.70", "222.50"),
        # 1,825 paid within the period, on its last day, or before the reminder: half the interest, also of the days
        # before the payment. 65 + 5 % of 1,325 = 131.25.
        ("2025-06-25:1825.00", False, "48.30", "131.25"),
        ("2025-06-25:1825.00", True, "56.35", "131.25"),
        ("2025-06-30:1825.00", True, "56.35", "131.25"),
        ("2025-06-05:1825.00", True, "56.35", "131.25"),
        # A day too late: the flat sum stays, that day bears interest on all of it. 1.05 + 91 * 0.525.
        ("2025-07-01:1825.00", False, "48.83", "222.50"),
        ("2025-07-01:1825.00", True, "64.93", "222.50"),
        # All of it a day too late: the flat sum and one day remain, or fifteen.
        ("2025-07-01:3650.00", False, "1.05", "222.50"),
        ("2025-07-01:3650.00", True, "17.15", "222.50"),
        # Three payments: before, within and after the period. 2,920 left at its end: 65 + 5 % of 2,420 = 186.00;
        # ten days of 0.84, then 82 days of 0.63 on 2,190.
        ("2025-06-05:365.00;2025-06-20:365.00;2025-07-10:730.00", False, "60.06", "186.00"),
        # A credit note of more than the rest, on the tenth day.
        ("2025-07-10:9999.00", False, "10.50", "222.50"),
        # A credit note of more than the invoice within the period: nothing.
        ("2025-06-30:9999.00", True, "0", "0"),
        ("2025-06-30:3650.00", True, "0", "0"),
        # A cent left: 20 EUR and no interest to speak of.
        ("2025-06-30:3649.99", True, "0.00", "20"),
    ],
)
def test_on_the_balance_when_the_period_ends(ask, payments, small, interest, flat):
    answer = ask(consumer(payments=paid(payments)), "2025-09-30", Rules(small_creditor=small))
    assert (answer.interest, answer.compensation) == (D(interest), D(flat))
    assert ("paid_in_time" in answer.reasons) is (D(flat) == 0)


@pytest.mark.parametrize(
    ("balance", "flat"),
    [
        ("0.01", "20"),
        ("149.99", "20"),
        ("150.00", "20"),
        # 30 + 10 % of one cent is 30.001, rounded down.
        ("150.01", "30.00"),
        ("155.55", "30.55"),  # 30.555
        # 30 + 10 % of 350.
        ("500.00", "65.00"),
        ("500.01", "65.00"),
        ("500.20", "65.01"),
        ("39200.00", "2000"),
        ("39200.01", "2000"),
        ("1000000.00", "2000"),
    ],
)
def test_borders_of_the_scale(ask, balance, flat):
    answer = ask(consumer(principal=D(balance)), "2025-07-01")
    assert (answer.compensation, answer.compensation_basis) == (D(flat), "scale")


@pytest.mark.parametrize(
    ("kind", "number", "minimum", "balance", "asked", "lawful"),
    [
        ("fixed", None, "20", "150.00", "20", True),
        ("fixed", None, "20.01", "150.00", "20.01", False),
        ("fixed", None, "30", "150.01", "30", True),
        ("fixed", None, "65", "500.00", "65", True),
        ("fixed", None, "65.01", "500.01", "65.01", False),
        ("fixed", None, "2000", "50000", "2000", True),
        ("fixed", None, "2000.01", "50000", "2000.01", False),
        # 10 % with a minimum of 20: lawful at 150 and at 500, not at 1,000 (90). 10 % passes the cap at 800 exactly.
        ("percent", "10", "20", "150.00", "20", True),
        ("percent", "10", "20", "150.01", "20", True),
        ("percent", "10", "20", "500.00", "50", True),
        ("percent", "10", "20", "800.00", "80", True),
        ("percent", "10", "20", "800.20", "80.02", False),
        ("percent", "10", "20", "1000.00", "100", False),
        # 15 % on 155.30 is 23.295: down, not up.
        ("percent", "15", "0", "155.30", "23.29", True),
        ("percent", "0", "0", "155.30", "0", True),
    ],
)
@pytest.mark.parametrize("old", [False, True], ids=["today's", "old"])
def test_flat_sum_of_a_clause(ask, kind, number, minimum, balance, asked, lawful, old):
    """Above the cap nothing of the clause is left, or from before 1 September 2023 the cap."""
    agreed = day("2023-08-31") if old else day("2023-09-01")
    terms = Terms(agreed, "statutory", compensation=kind, percent=D(number or 0), amount=D(minimum))
    answer = ask(consumer(principal=D(balance), terms=terms), "2025-07-01")
    assert clause_amount(terms, D(balance)) == D(asked)
    if lawful:
        assert (answer.compensation, answer.compensation_basis, answer.reasons) == (D(asked), "clause", ())
    elif old:
        cap = {"150.00": "20", "500.01": "65", "800.20": "80.01", "1000.00": "90"}.get(balance, "2000")
        assert (answer.compensation, answer.compensation_basis) == (D(cap), "reduced")
        assert answer.reasons == ("compensation_reduced",) and answer.interest > 0
    else:
        assert (answer.total, answer.compensation_basis, answer.accrual) == (0, "", None)
        assert answer.reasons == ("compensation_above_cap", "clause_void")


@pytest.mark.parametrize(
    ("rate", "small", "payments", "today", "lawful"),
    [
        # The caps: 11.5 % until 30 June 2025, 10.5 % from 1 July.
        ("10.50", False, "", "2025-09-30", True),
        ("10.51", False, "", "2025-09-30", False),
        # An SME's interest begins in June, but the claim is never made before 1 July, so both caps hold.
        ("10.50", True, "", "2025-09-30", True),
        ("11.00", True, "", "2025-09-30", False),
        ("11.50", True, "", "2025-07-01", False),
    ],
)
def test_a_rate_in_every_half_year_used(ask, rate, small, payments, today, lawful):
    facts = consumer(terms=Terms(AGREED, "rate", D(rate), "scale"), payments=paid(payments))
    answer = ask(facts, today, Rules(small_creditor=small))
    assert (answer.total > 0) is lawful
    assert answer.reasons == (() if lawful else ("interest_above_cap", "clause_void"))


def test_a_half_year_that_is_not_used(ask):
    """11 % was lawful in the first half of 2025. Paid in June: the second half-year was never claimed for."""
    terms = Terms(AGREED, "rate", D(11), "scale")
    # Reminder Monday 5 May, day 14 Monday 19 May: 20 May to 10 June is 22 days of 1.10.
    facts = consumer("2025-05-05", due="2025-04-15", terms=terms)
    on_time = replace(facts, payments=paid("2025-06-10:3650.00"))
    assert ask(on_time, "2025-12-31").interest == D("24.20")
    assert ask(facts, "2025-06-30").interest == D("46.20")  # 42 days
    assert ask(facts, "2025-07-01").reasons == ("interest_above_cap", "clause_void")


def test_an_old_rate_is_reduced_where_it_is_too_high(ask):
    """11 %, agreed in 2022. Day 14 is 19 May: 42 days until 30 June at 11 %, 31 days of July at 10.5 %."""
    facts = consumer("2025-05-05", due="2025-04-15", terms=Terms(date(2022, 1, 15), "rate", D(11)))
    june = ask(facts, "2025-06-30")
    assert (june.interest, june.reasons) == (42 * D("1.10"), ("no_compensation_clause",))
    july = ask(facts, "2025-07-31")
    assert july.interest == 42 * D("1.10") + 31 * D("1.05")
    assert july.reasons == ("interest_reduced", "no_compensation_clause")
    assert [segment.rate for segment in july.accrual.segments] == [D(11), D("10.5")]


@pytest.mark.parametrize(
    ("agreed", "left"),
    [("2023-08-31", True), ("2023-09-01", False), ("2025-04-30", False)],
)
def test_first_of_september_2023(ask, agreed, left):
    answer = ask(consumer(terms=Terms(day(agreed), "rate", D(15))), "2025-07-10")
    assert answer.interest == (D("10.50") if left else 0)


@pytest.mark.parametrize(
    ("agreed", "reasons"),
    # The invoice is of 1 May 2025.
    [("2025-04-30", ()), ("2025-05-01", ()), ("2025-05-02", ("clause_later",))],
)
def test_agreed_before_the_invoice(ask, agreed, reasons):
    answer = ask(consumer(terms=replace(SCALE, accepted_on=day(agreed))), "2025-07-10")
    assert answer.reasons == reasons
    assert (answer.total > 0) is not bool(reasons)


@pytest.mark.parametrize(
    ("terms", "reasons"),
    [
        (None, ("no_clause", "legal_rate")),
        (Terms(day("2025-05-02")), ("clause_later", "legal_rate")),
        (Terms(AGREED, "rate", D(15)), ("interest_above_cap", "no_compensation_clause", "clause_void", "legal_rate")),
        (
            Terms(AGREED, compensation="fixed", amount=D(500)),
            ("compensation_above_cap", "clause_void", "legal_rate"),
        ),
    ],
)
def test_legal_rate_by_option(ask, terms, reasons):
    """From the end of the period, also for an SME: 92 days of 0.45, and no flat sum."""
    rules = Rules(legal_rate_without_clause=True, small_creditor=True)
    answer = ask(consumer(terms=terms), "2025-09-30", rules)
    assert (answer.interest, answer.compensation, answer.reasons) == (92 * D("0.45"), 0, reasons)
    assert answer.accrual.segments[0].first_day == day("2025-07-01")
    # Without the option, nothing.
    assert ask(consumer(terms=terms), "2025-09-30", SME).total == 0


def test_no_legal_rate_where_no_interest_was_agreed(ask):
    terms = Terms(AGREED, "none", compensation="fixed", amount=D(500))
    answer = ask(consumer(terms=terms), "2025-09-30", Rules(legal_rate_without_clause=True))
    assert (answer.total, answer.reasons) == (0, ("no_interest_clause", "compensation_above_cap", "clause_void"))


def test_parts_that_stand_alone(ask):
    """By option an excess in one part leaves the other: 92 days of 1.05, or the flat sum of 222.50."""
    rules = Rules(parts_stand_alone=True)
    flat_too_high = consumer(terms=Terms(AGREED, compensation="fixed", amount=D(500)))
    answer = ask(flat_too_high, "2025-09-30", rules)
    assert (answer.interest, answer.compensation) == (D("96.60"), 0)
    assert answer.reasons == ("compensation_above_cap",)
    rate_too_high = consumer(terms=Terms(AGREED, "rate", D(15), "scale"))
    answer = ask(rate_too_high, "2025-09-30", rules)
    assert (answer.interest, answer.compensation, answer.reasons) == (0, D("222.50"), ("interest_above_cap",))
    answer = ask(rate_too_high, "2025-09-30", replace(rules, legal_rate_without_clause=True))
    assert (answer.interest, answer.compensation) == (D("41.40"), D("222.50"))


@pytest.mark.parametrize(
    ("nth", "agreed", "postage", "regular", "cost"),
    [
        (0, "6", "0", True, "0"),
        (3, "6", "0", True, "0"),
        (4, "6", "0", True, "6"),
        (4, "7.50", "0", True, "7.50"),
        (4, "25", "0", True, "7.50"),
        (5, "25", "1.73", True, "9.23"),
        # No cost was agreed: no postage either.
        (4, "0", "1.73", True, "0"),
        (4, "6", "0", False, "0"),
    ],
)
def test_reminder_cost(ask, nth, agreed, postage, regular, cost):
    terms = replace(SCALE, regular_delivery=regular, reminder_cost=D(agreed))
    facts = consumer(terms=terms, unpaid_due_dates=nth, postage=D(postage))
    assert ask(facts, "2025-06-30").reminder_cost == 0, "the first reminder of a due date stays free"
    assert ask(facts, "2025-07-01").reminder_cost == D(cost)
    assert ask(replace(facts, euro=False), "2025-07-01").reminder_cost == 0
    assert ask(replace(facts, regime="b2b"), "2025-07-01").reminder_cost == 0
    # A clause that is too high in one part is void, its reminder cost too.
    too_high = replace(terms, compensation="fixed", amount=D(500))
    assert ask(replace(facts, terms=too_high), "2025-07-01").total == 0
    # Paid since: there is no reminder to pay for.
    assert ask(replace(facts, payments=paid("2025-07-10:3650.00")), "2025-07-31").reminder_cost == 0


def test_a_dispute_of_a_part(ask):
    """A business owes interest and flat sum on the rest; a consumer nothing until it is settled."""
    terms = Terms(AGREED, compensation="percent", percent=D(10))
    facts = business(terms=terms, disputed=D("1825.00"), payments=paid("2025-02-05:1000.00"))
    answer = ask(facts, "2025-02-10")
    # Five days of 0.575 on 1,825, five of 0.2599 on 825: 2.875 + 1.29966.
    assert (answer.interest, answer.compensation) == (D("4.17"), D("182.50"))
    assert ask(replace(facts, disputed=SUM), "2025-02-10").reasons == ("disputed",)
    assert ask(consumer(disputed=CENT), "2025-09-30").reasons == ("disputed",)


@pytest.mark.parametrize(
    ("frozen", "interest", "flat", "reasons"),
    [
        # Ten days of 1.15 until 10 February. The judgment's own day bears none.
        ("2025-02-11", "11.50", "40", ("frozen",)),
        ("2025-02-10", "10.35", "40", ("frozen",)),
        # The first day late is the first of the insolvency: the 40 EUR never came to be. Or it was not even due.
        ("2025-02-01", "0", "0", ("insolvent",)),
        ("2025-01-31", "0", "0", ("insolvent",)),
        ("2024-06-01", "0", "0", ("insolvent",)),
        # As of a day before it was known.
        ("2025-04-01", "67.85", "40", ()),
    ],
)
def test_insolvency_of_a_business(ask, frozen, interest, flat, reasons):
    answer = ask(business(frozen_on=day(frozen)), "2025-03-31")
    assert (answer.interest, answer.compensation, answer.reasons) == (D(interest), D(flat), reasons)


@pytest.mark.parametrize(("rate", "interest"), [("20", "11.50"), ("5", "5.00")])
def test_clauses_have_no_effect_on_a_frozen_debt(ask, rate, interest):
    """Ten days until 10 February: never above the statutory rate; 40 EUR by law, not the 500 that were agreed."""
    terms = Terms(AGREED, "rate", D(rate), "fixed", D(500))
    answer = ask(business(terms=terms, frozen_on=day("2025-02-11")), "2025-03-31")
    assert (answer.interest, answer.compensation) == (D(interest), 40)


# -- several flat sums in one message -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("amounts", "ceiling", "shares"),
    [
        # Three invoices of 100: 20 each, but 30 + 10 % of 150 = 45 on the 300.
        (["20", "20", "20"], "45", ["15", "15", "15"]),
        # Below the ceiling, or on it: as they are.
        (["20", "20"], "40", ["20", "20"]),
        (["20"], "45", ["20"]),
        ([], "20", []),
        # 100 over three: 33.33 each, the cent to the first.
        (["50", "50", "50"], "100", ["33.34", "33.33", "33.33"]),
        # One that is zero stays zero, also when cents are left.
        (["0", "20", "20", "20"], "35.01", ["0", "11.67", "11.67", "11.67"]),
        (["0", "0.01", "0.01"], "0.01", ["0", "0.01", "0"]),
        (["20", "40"], "0", ["0", "0"]),
    ],
)
def test_allocate_lower(amounts, ceiling, shares):
    assert allocate_lower([D(amount) for amount in amounts], D(ceiling)) == [D(share) for share in shares]


def test_allocate_lower_in_a_narrow_context():
    with localcontext() as context:
        context.prec = 3
        shares = allocate_lower([D("1234.56"), D("6543.21")], D("2000.00"))
    # 1,234.56 / 7,777.77 of 2,000 is 317.458..., the other 1,682.541...: one cent is left for the first.
    assert shares == [D("317.46"), D("1682.54")]


cents = st.integers(0, 10**8).map(lambda number: D(number) / 100)


@given(amounts=st.lists(cents, max_size=12), ceiling=cents)
def test_allocate_lower_always(amounts, ceiling):
    shares = allocate_lower(amounts, ceiling)
    assert len(shares) == len(amounts)
    assert all(0 <= share <= amount for share, amount in zip(shares, amounts, strict=True))
    assert all(share == share.quantize(CENT) for share in shares)
    assert sum(shares) == min(sum(amounts), ceiling)
    # In proportion: each within a cent of its exact share.
    total = Fraction(sum(amounts))
    if total > ceiling:
        for share, amount in zip(shares, amounts, strict=True):
            assert abs(Fraction(share) - Fraction(amount) * Fraction(ceiling) / total) < Fraction(1, 100)


# -- wrong input ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "error", "names"),
    [
        (lambda ask: business(principal=D("-1")), ValueError, "principal"),
        (lambda ask: business(principal=3650.0), TypeError, "principal"),
        (lambda ask: business(disputed=D("-1")), ValueError, "disputed"),
        (lambda ask: business(postage=D("-1")), ValueError, "postage"),
        (lambda ask: business(invoice_date="2025-01-01"), TypeError, "invoice_date"),
        (lambda ask: replace(business(), due_date=datetime(2025, 1, 31)), TypeError, "due_date"),
        (lambda ask: Terms("2025-01-01"), TypeError, "accepted_on"),
        (lambda ask: Terms(AGREED, "contractual"), ValueError, "contractual"),
        (lambda ask: Terms(AGREED, compensation="percentage"), ValueError, "percentage"),
        (lambda ask: Terms(AGREED, "rate", 8.0), TypeError, "rate"),
        (lambda ask: Terms(AGREED, amount=D("-20")), ValueError, "amount"),
        (lambda ask: Terms(AGREED, percent=D("-1")), ValueError, "percent"),
        (lambda ask: Terms(AGREED, reminder_cost=D("NaN")), ValueError, "reminder_cost"),
        (lambda ask: ask(business(payments=((day("2025-02-05"), D("-5")),)), "2025-03-31"), ValueError, "2025-02-05"),
        (lambda ask: allocate_lower([D(1)], D(-1)), ValueError, "ceiling"),
        (lambda ask: allocate_lower([D(-1)], D(1)), ValueError, "amount"),
    ],
)
def test_wrong_input(ask, wrong, error, names):
    with pytest.raises(error, match=names):
        wrong(ask)


def test_today_has_no_hour(b2b, civil):
    with pytest.raises(TypeError, match="today"):
        claim(business(), Rules(), b2b, civil, datetime(2025, 3, 31, 12))


def test_balance():
    facts = business(payments=paid("2025-02-05:1000.00;2025-02-10:3000.00"))
    days = ("2025-02-04", "2025-02-05", "2025-02-09", "2025-02-10")
    assert [balance_on(facts, day(text)) for text in days] == [3650, 2650, 2650, 0]


# -- for any item at all --------------------------------------------------------------------------------------------

amounts = st.one_of(
    st.integers(1, 5_000_00), st.sampled_from([150_00, 150_01, 500_00, 500_01, 3650_00, 50_000_00])
).map(lambda number: D(number) / 100)
rates = st.sampled_from([D(0), D(4), D("10.5"), D("10.51"), D(11), D("11.5"), D("12.5"), D(15)])

# One draw for what has few values: the examples go to the dates and the amounts.
rule_sets = st.sampled_from(
    [
        Rules(year, saturday, extend, small, legal, term, higher, alone)
        for year, (saturday, extend), small, legal, (term, higher), alone in product(
            (365, "actual"),
            ((False, True), (True, False)),
            (False, True),
            (False, True),
            ((60, True), (30, False)),
            (False, True),
        )
    ]
)
kinds = [*product(("statutory", "rate", "none"), ("scale", "fixed", "percent", "none")), *[("statutory", "scale")] * 6]
oddities = [
    {"single": False},
    {"euro": False},
    {"first_of_invoice": False},
    {"compensation_claimed": True},
    {"held": True},
    {"disputed": CENT},
    {"disputed": D(100)},
    {"medium": "post"},
    {"medium": "sms"},
    {"frozen_on": 1},  # days after the due date
    {"frozen_on": 40},
    {"frozen_on": -30},
]


@st.composite
def clauses(draw, invoiced):
    interest, compensation = draw(st.sampled_from(kinds))
    return Terms(
        accepted_on=draw(st.sampled_from([date(2022, 6, 1), AGREED, invoiced, invoiced + timedelta(days=1)])),
        interest=interest,
        rate=draw(rates) if interest == "rate" else D(0),
        compensation=compensation,
        amount=D(draw(st.integers(0, 120))) if compensation in ("fixed", "percent") else D(0),
        percent=D(draw(st.integers(0, 15))) if compensation == "percent" else D(0),
        regular_delivery=True,
        reminder_cost=D(8),
    )


@st.composite
def items(draw, regimes=("b2b", "b2g", "b2c", "")):
    invoiced = draw(st.dates(date(2023, 10, 1), date(2026, 12, 1)))
    due = invoiced + timedelta(days=draw(st.sampled_from([0, 30, 60, 61, 90])))
    principal = draw(amounts)
    reminded = draw(st.sampled_from([None, -20, 0, *range(1, 25), 60]))
    # Days after the due date: any, or around the waiting period.
    when = st.one_of(st.integers(-30, 150), st.integers(0, 40).map(lambda days: days + (reminded or 0)))
    payments = draw(st.lists(st.tuples(when, st.sampled_from([1, 20, 34, 50, 120])), max_size=3))
    odd = dict(draw(st.sampled_from([{}] * 24 + oddities)))
    if "frozen_on" in odd:
        odd["frozen_on"] = due + timedelta(days=odd["frozen_on"])
    return Facts(
        regime=draw(st.sampled_from(regimes)),
        principal=principal,
        due_date=due,
        invoice_date=invoiced,
        payments=tuple(
            (due + timedelta(days=days), (principal * percent / 100).quantize(CENT)) for days, percent in payments
        ),
        terms=draw(clauses(invoiced)) if draw(st.sampled_from([True] * 6 + [False])) else None,
        reminded_on=None if reminded is None else due + timedelta(days=reminded),
        unpaid_due_dates=draw(st.integers(3, 4)),
        **odd,
    )


def a_while_after(facts, days):
    """Counted from the due date, or for a consumer who was reminded from the reminder."""
    anchor = facts.reminded_on if facts.regime not in ("b2b", "b2g") else None
    return max(anchor or facts.due_date, facts.due_date) + timedelta(days=days)


delays = st.sampled_from([-5, 0, 1, 5, *range(12, 26), *range(30, 300, 9)])


@given(facts=items(), rules=rule_sets, delay=delays)
def test_never_negative_and_explained(facts, rules, delay, b2b, civil):
    today = a_while_after(facts, delay)
    answer = claim(facts, rules, b2b, civil, today)
    assert min(answer.interest, answer.compensation, answer.reminder_cost) >= 0
    for amount in (answer.interest, answer.compensation, answer.reminder_cost):
        assert amount == amount.quantize(CENT)
    assert set(answer.reasons) <= law.REASONS
    assert answer.interest == (answer.accrual.total if answer.accrual else 0)
    assert answer.total > 0 or answer.reasons or answer.accrual
    assert bool(answer.compensation_basis) or answer.compensation == 0
    assert answer.until is None or answer.until <= today
    if facts.held or today <= facts.due_date:
        assert answer.total == 0


def earliest_first_day(facts):
    """Without the code: an e-mail counts from the next day, a letter at the earliest from the third day after."""
    return facts.reminded_on + timedelta(days={"email": 1, "post": 3}[facts.medium])


@given(facts=items(regimes=("b2c", "")), rules=rule_sets, delay=delays)
def test_a_consumer_is_never_charged_outside_the_rule(facts, rules, delay, b2b, civil):
    """Read as a list of what must be true of every charge; no other code than the day and the sums is used."""
    today = a_while_after(facts, delay)
    answer = claim(facts, rules, b2b, civil, today)
    if answer.total == 0:
        return
    assert facts.reminded_on is not None and facts.reminded_on > facts.due_date
    assert not facts.held and not facts.disputed
    assert facts.frozen_on is None or today < facts.frozen_on
    # Fourteen complete days.
    assert today >= earliest_first_day(facts) + timedelta(days=14)
    assert today >= answer.chargeable_from
    last_day = answer.chargeable_from - timedelta(days=1)
    balance = facts.principal - sum(amount for when, amount in facts.payments if when <= last_day)
    assert balance > 0
    # A clause, agreed in time; without it no flat sum and no cost, and interest at the legal rate by option only.
    clause = facts.terms is not None and facts.terms.accepted_on <= facts.invoice_date
    if not clause:
        assert rules.legal_rate_without_clause and answer.compensation == answer.reminder_cost == 0
    # Interest: at most the statutory rate on that balance from the first day that is allowed.
    start = facts.reminded_on if rules.small_creditor and clause else last_day
    later = [pay for pay in facts.payments if pay[0] > last_day]
    until = min(today, b2b.covered_until)
    highest = accrue(balance, start, until, b2b, later, rules.year_days).total if until > start else 0
    assert answer.interest <= highest
    if answer.accrual:
        assert all(segment.first_day > start for segment in answer.accrual.segments)
        assert all(segment.base <= balance for segment in answer.accrual.segments)
        assert all(segment.rate <= b2b.on(segment.first_day) for segment in answer.accrual.segments)
    # The flat sum: at most the scale, counted here.
    if balance <= 150:
        cap = D(20)
    elif balance <= 500:
        cap = 30 + (balance - 150) / 10
    else:
        cap = min(65 + (balance - 500) / 20, D(2000))
    assert answer.compensation <= cap
    if answer.reminder_cost:
        assert facts.terms.regular_delivery and facts.unpaid_due_dates >= 4 and answer.reminder_cost <= D("7.50")


@given(facts=items(regimes=("b2c",)), rules=rule_sets, sent=st.integers(1, 20), delay=st.integers(0, 60))
def test_a_consumer_pays_nothing_by_paying_in_time(facts, rules, sent, delay, b2b, civil):
    """Paid on the fourteenth day at the latest, to the last cent: nothing is ever asked."""
    assume(facts.medium != "sms")
    reminded = facts.due_date + timedelta(days=sent)
    in_time = earliest_first_day(replace(facts, reminded_on=reminded)) + timedelta(days=13)
    facts = replace(facts, reminded_on=reminded, payments=((in_time, facts.principal),))
    assert claim(facts, rules, b2b, civil, in_time + timedelta(days=delay)).total == 0


@given(facts=items(), rules=rule_sets, delay=delays, which=st.integers(0, 3), earlier=st.integers(1, 60))
def test_paying_earlier_never_costs_more(facts, rules, delay, which, earlier, b2b, civil):
    """For a clause that stays lawful: one that is void on a high balance can be lawful on a lower one."""
    assume(facts.payments)
    if facts.regime not in ("b2b", "b2g") and facts.terms is not None:
        assume(facts.terms.reducible or (facts.terms.interest != "rate" and facts.terms.compensation != "percent"))
    today = a_while_after(facts, delay)
    late = claim(facts, rules, b2b, civil, today)
    moved = list(facts.payments)
    when, amount = moved[which % len(moved)]
    moved[which % len(moved)] = (when - timedelta(days=earlier), amount)
    early = claim(replace(facts, payments=tuple(moved)), rules, b2b, civil, today)
    if "compensation_above_cap" in early.reasons:  # a fixed sum that is void now: the option's legal rate instead
        assert early.interest <= late.interest + late.compensation
    else:
        assert early.interest <= late.interest
    assert early.compensation <= late.compensation
    assert early.reminder_cost <= late.reminder_cost
    assert early.total <= late.total


@given(facts=items(), rules=rule_sets, delay=delays, more=amounts)
def test_paying_more_never_costs_more(facts, rules, delay, more, b2b, civil):
    if facts.regime not in ("b2b", "b2g") and facts.terms is not None:
        assume(facts.terms.reducible or (facts.terms.interest != "rate" and facts.terms.compensation != "percent"))
    today = a_while_after(facts, delay)
    extra = (*facts.payments, (facts.due_date + timedelta(days=delay // 2), more))
    less = claim(replace(facts, payments=extra), rules, b2b, civil, today)
    assert less.total <= claim(facts, rules, b2b, civil, today).total


@given(facts=items(regimes=("b2b", "b2g")), rules=rule_sets, delay=delays)
def test_business_interest_is_plain_accrual(facts, rules, delay, b2b, civil):
    """From the due date, or day 30 or 60 where more was agreed, on what is not disputed."""
    facts = replace(facts, held=False, frozen_on=None)
    today = a_while_after(facts, delay)
    answer = claim(facts, rules, b2b, civil, today)
    principal = facts.principal - facts.disputed
    on_time = principal - sum(amount for when, amount in facts.payments if when <= facts.due_date)
    if today <= facts.due_date or on_time <= 0:
        assert answer.total == 0
        return
    start = facts.due_date
    if facts.single and (facts.due_date - facts.invoice_date).days > 60:
        start = facts.invoice_date + timedelta(days=rules.long_term_day)
    terms = facts.terms if facts.terms and facts.terms.accepted_on <= facts.invoice_date else None
    table, until = b2b, min(today, b2b.covered_until)
    if facts.regime == "b2b" and terms and terms.interest == "rate":
        table, until = RateTable([(date(2020, 1, 1), terms.rate)], date(2030, 1, 1)), today
    if facts.regime == "b2b" and terms and terms.interest == "none":
        assert answer.interest == 0
    else:
        assert answer.interest == accrue(principal, start, until, table, facts.payments, rules.year_days).total
    once = not facts.first_of_invoice or facts.compensation_claimed or not facts.euro
    assert answer.compensation >= (0 if once else 40)
    assert answer.reminder_cost == 0


@given(facts=items(), rules=rule_sets, delay=delays, more=st.integers(0, 60))
def test_insolvency_only_stops_things(facts, rules, delay, more, b2b, civil):
    """From the judgment the claim no longer changes, and it is never more than it was the day before."""
    today = a_while_after(facts, delay)
    frozen = replace(facts, frozen_on=today)
    answer = claim(frozen, rules, b2b, civil, today)
    before = claim(replace(facts, frozen_on=None), rules, b2b, civil, today - timedelta(days=1))
    assert answer.total <= before.total
    after = claim(frozen, rules, b2b, civil, today + timedelta(days=more))
    assert after.total == answer.total or "not_overdue" in answer.reasons


# What an arrangement keeps from bearing interest (law of 2 August 2002, article 4, § 3). A day on 3,650.00 in the
# second half of 2025 is 1.05; due on 30 June 2025.


def test_no_interest_while_an_arrangement_runs(ask):
    facts = business("2025-06-30", respites=((day("2025-07-31"), SUM),))
    assert ask(facts, "2025-12-31").interest == D("32.55")  # 31 days of July


def test_interest_goes_on_where_it_stopped_when_the_arrangement_ends(ask):
    facts = business("2025-06-30", respites=((day("2025-07-31"), SUM), (day("2025-09-30"), -SUM)))
    answer = ask(facts, "2025-10-31")
    assert answer.interest == D("65.10")  # July and October
    assert [(piece.first_day, piece.last_day) for piece in answer.accrual.segments] == [
        (day("2025-07-01"), day("2025-07-31")),
        (day("2025-10-01"), day("2025-10-31")),
    ]


def test_a_part_in_an_arrangement_leaves_the_rest_bearing_interest(ask):
    facts = business("2025-06-30", respites=((day("2025-07-31"), D("1650.00")),))
    # July on the whole, August on 2,000.00 at 10.5 %: 17.836
    assert ask(facts, "2025-08-31").interest == D("50.39")


def test_what_is_paid_in_the_arrangement_bears_nothing_afterwards(ask):
    facts = business(
        "2025-06-30",
        respites=((day("2025-07-31"), SUM), (day("2025-09-30"), -SUM)),
        payments=((day("2025-08-15"), D("1650.00")),),
    )
    # July on 3,650.00: 32.55; October on 2,000.00: 17.836
    assert ask(facts, "2025-10-31").interest == D("50.39")


def test_a_respite_is_no_payment(ask):
    facts = business("2025-06-30", respites=((day("2025-06-01"), SUM),))
    answer = ask(facts, "2025-12-31")
    assert (answer.interest, answer.compensation) == (0, D("40.00"))


def test_a_respite_has_a_day_and_an_amount():
    rates = RateTable([(day("2025-01-01"), D("10.5"))], day("2025-12-31"))
    with pytest.raises(TypeError, match="respite"):
        accrue(SUM, day("2025-06-30"), day("2025-07-31"), rates, respites=(("2025-07-01", SUM),))
    with pytest.raises(TypeError, match="respite"):
        accrue(SUM, day("2025-06-30"), day("2025-07-31"), rates, respites=((day("2025-07-01"), 5.0),))


# -- charges in the books --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("facts", [business(), business(regime="b2g"), consumer()])
def test_a_posted_charge_bears_nothing(ask, facts):
    answer = ask(replace(facts, is_charge=True), "2026-06-30")
    assert (answer.total, answer.reasons) == (0, ("charge",))


@pytest.mark.parametrize(
    ("facts", "closed"),
    [
        (business(), "2025-03-31"),
        (business(terms=Terms(day("2024-01-01"), interest="rate", rate=D(10))), "2025-03-31"),
        (consumer(), "2025-07-31"),
    ],
)
def test_never_twice_on_a_day(ask, facts, closed):
    """What was claimed until a day, and what is claimed after it, are together what is claimed at once."""
    whole, first = ask(facts, "2025-12-31"), ask(facts, closed)
    later = ask(replace(facts, closed_until=day(closed)), "2025-12-31")
    assert first.interest > 0
    assert later.accrual.segments[0].first_day == day(closed) + timedelta(days=1)
    assert abs(first.interest + later.interest - whole.interest) <= CENT
    assert later.compensation == whole.compensation


def test_closed_beyond_today_or_before_the_start(ask):
    assert ask(business(closed_until=day("2026-01-31")), "2025-12-31").interest == 0
    assert ask(business(closed_until=day("2024-01-31")), "2025-12-31") == ask(business(), "2025-12-31")
    agreed = business(terms=Terms(day("2024-01-01"), interest="rate", rate=D(10)), closed_until=day("2026-01-31"))
    assert ask(agreed, "2025-12-31").interest == 0
