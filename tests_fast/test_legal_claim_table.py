"""Who may be asked what, when: every combination of regime, stage, clause, creditor and obstacle.

One story in all cells. Invoice of Friday 2 May 2025, due Saturday 31 May. First reminder by e-mail on Monday 16 June:
day 1 of the waiting period is 17 June, day 14 Monday 30 June, so charges are possible from 1 July. That is also
where the statutory rate goes from 11.5 % to 10.5 %. The legal rate is 4.5 % in the whole of 2025.

The expectation below is not computed by the code under test: dates and flat sums are written out, and interest is
counted day by day in whole cents. Caps of article XIX.4 on the balances that occur: 75 and 150 -> 20.00;
500 -> 30 + 10 % of 350 = 65.00; 1,000 -> 65 + 5 % of 500 = 90.00.
"""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from itertools import product

import pytest

from legal.claim import REASONS, Facts, Rules, Terms, claim

D = Decimal
ZERO, THOUSAND = D(0), D(1000)
ONE_DAY = timedelta(days=1)
INVOICED, DUE = date(2025, 5, 2), date(2025, 5, 31)
REMINDED, PERIOD_ENDS = date(2025, 6, 16), date(2025, 6, 30)
JUDGMENT, EARLY_JUDGMENT = date(2025, 6, 20), date(2025, 5, 15)
FIRST_HALF, SECOND_HALF, CIVIL = D("11.5"), D("10.5"), D("4.5")
BEFORE, OLD, YOUNGER = date(2024, 1, 15), date(2022, 1, 15), date(2025, 5, 3)

REGIMES = ("b2b", "b2g", "b2c", "")  # not known: a consumer


@dataclass(frozen=True)
class Stage:
    """Where the story stands: today, whether the reminder left, which part was paid when."""

    name: str
    today: date
    reminded: bool = True
    paid_on: date | None = None
    paid: D = ZERO


STAGES = (
    Stage("not overdue", DUE, reminded=False),
    Stage("overdue, no reminder", date(2025, 6, 10), reminded=False),
    Stage("within the waiting period", date(2025, 6, 20)),
    Stage("its last day", PERIOD_ENDS),
    Stage("first chargeable day", date(2025, 7, 1)),
    Stage("later", date(2025, 9, 30)),
    Stage("no reminder at all, later", date(2025, 9, 30), reminded=False),
    Stage("paid when due", date(2025, 9, 30), paid_on=DUE, paid=D(1)),
    Stage("paid within the period", date(2025, 9, 30), paid_on=date(2025, 6, 25), paid=D(1)),
    Stage("half paid within the period", date(2025, 9, 30), paid_on=date(2025, 6, 25), paid=D("0.5")),
    Stage("half paid after the period", date(2025, 9, 30), paid_on=date(2025, 7, 15), paid=D("0.5")),
    Stage("paid after the period", date(2025, 9, 30), paid_on=date(2025, 7, 15), paid=D(1)),
)

OBSTACLES = {
    "none": {},
    "held": {"held": True},
    "half disputed": {"disputed": D("0.5")},
    "insolvent since 20 June": {"frozen_on": JUDGMENT},
    "insolvent before it was due": {"frozen_on": EARLY_JUDGMENT},
}

CREDITORS = {
    "other creditor": Rules(),
    "SME creditor": Rules(small_creditor=True),
    "legal rate without a clause": Rules(legal_rate_without_clause=True),
}

TOO_HIGH = None  # a flat sum above its cap that voids the clause


@dataclass(frozen=True)
class Clause:
    """A clause, and by hand what its flat sum comes to on each balance that occurs."""

    name: str
    terms: Terms | None
    consumer: dict  # balance when the period ends -> flat sum, TOO_HIGH, or the code of why there is none
    business: dict  # balance on the due date -> flat sum
    cost: D = ZERO  # of a reminder to a consumer
    principal: D = THOUSAND
    facts: tuple = ()
    reduced: tuple = ()  # balances on which an old clause is reduced to the cap


FORTY = {D(500): D(40), D(1000): D(40), D(75): D(40), D(150): D(40)}
CAP = {D(75): D(20), D(150): D(20), D(500): D(65), D(1000): D(90)}


def every(what):
    return dict.fromkeys(CAP, what)


CLAUSES = (
    Clause("no clause", None, every("no_clause"), FORTY),
    Clause("statutory rate only", Terms(BEFORE), every("no_compensation_clause"), FORTY),
    # A contractual rate: 8 % is always below the cap, 11 % only in the first half of 2025, 13 % never.
    Clause("8 %", Terms(BEFORE, "rate", D(8)), every("no_compensation_clause"), FORTY),
    Clause("11 %", Terms(BEFORE, "rate", D(11)), every("no_compensation_clause"), FORTY),
    Clause("13 %", Terms(BEFORE, "rate", D(13)), every("no_compensation_clause"), FORTY),
    Clause("13 % and the scale", Terms(BEFORE, "rate", D(13), "scale"), CAP, FORTY),
    # From before 1 September 2023: reduced to 11.5 % and 10.5 %.
    Clause("old 11 %", Terms(OLD, "rate", D(11)), every("no_compensation_clause"), FORTY),
    Clause("old 13 %", Terms(OLD, "rate", D(13)), every("no_compensation_clause"), FORTY),
    Clause("scale", Terms(BEFORE, compensation="scale"), CAP, FORTY),
    Clause("scale, no interest", Terms(BEFORE, "none", compensation="scale"), CAP, FORTY),
    # Fixed: 20 is under every cap and under the 40 of businesses.
    Clause("fixed 20", Terms(BEFORE, compensation="fixed", amount=D(20)), every(D(20)), FORTY),
    # 70 is above 65 on 500 and under 90 on 1,000; a business owes the 70 and not 70 + 40.
    Clause(
        "fixed 70",
        Terms(BEFORE, compensation="fixed", amount=D(70)),
        {D(500): TOO_HIGH, D(1000): D(70)},
        every(D(70)),
    ),
    # 10 % with a minimum of 20: 20 on 75 and on 150, both lawful; a business owes 40.
    Clause(
        "10 %, at least 20, on 150",
        Terms(BEFORE, compensation="percent", percent=D(10), amount=D(20)),
        {D(75): D(20), D(150): D(20)},
        FORTY,
        principal=D(150),
    ),
    # 50 on 500 is lawful (65), 100 on 1,000 is not (90); a business owes 50 or 100.
    Clause(
        "10 %, at least 20, on 1,000",
        Terms(BEFORE, compensation="percent", percent=D(10), amount=D(20)),
        {D(500): D(50), D(1000): TOO_HIGH},
        {D(500): D(50), D(1000): D(100)},
    ),
    Clause(
        "old fixed 70",
        Terms(OLD, compensation="fixed", amount=D(70)),
        {D(500): D(65), D(1000): D(70)},
        every(D(70)),
        reduced=(D(500),),
    ),
    Clause(
        "old 10 %, at least 20, on 1,000",
        Terms(OLD, compensation="percent", percent=D(10), amount=D(20)),
        {D(500): D(50), D(1000): D(90)},
        {D(500): D(50), D(1000): D(100)},
        reduced=(D(1000),),
    ),
    # Younger than the invoice: no clause for a consumer, the law itself for a business.
    Clause("younger", Terms(YOUNGER, "rate", D(8), "fixed", D(70)), every("clause_later"), FORTY),
    # Regular delivery: the third unpaid due date of the year is free, the fourth costs what was agreed, up to 7.50
    # and the postage.
    Clause(
        "regular delivery, third",
        Terms(BEFORE, compensation="scale", regular_delivery=True, reminder_cost=D(6)),
        CAP,
        FORTY,
        facts=(("unpaid_due_dates", 3),),
    ),
    Clause(
        "regular delivery, fourth",
        Terms(BEFORE, compensation="scale", regular_delivery=True, reminder_cost=D(6)),
        CAP,
        FORTY,
        cost=D(6),
        facts=(("unpaid_due_dates", 4),),
    ),
    Clause(
        "regular delivery, fourth, 12 and postage",
        Terms(BEFORE, compensation="scale", regular_delivery=True, reminder_cost=D(12)),
        CAP,
        FORTY,
        cost=D("7.50") + D("1.73"),
        facts=(("unpaid_due_dates", 4), ("postage", D("1.73"))),
    ),
    Clause(
        "no regular delivery, fourth",
        Terms(BEFORE, compensation="scale", reminder_cost=D(6)),
        CAP,
        FORTY,
        facts=(("unpaid_due_dates", 4),),
    ),
    # The flat sum hangs on another instalment, was claimed before, or would not be in euros.
    Clause(
        "second instalment",
        Terms(BEFORE, compensation="scale"),
        every("compensation_once"),
        every("compensation_once"),
        facts=(("first_of_invoice", False), ("single", False)),
    ),
    Clause(
        "claimed before",
        Terms(BEFORE, compensation="scale"),
        every("compensation_once"),
        every("compensation_once"),
        facts=(("compensation_claimed", True),),
    ),
    Clause(
        "in dollars",
        Terms(BEFORE, compensation="scale"),
        every("compensation_euro"),
        every("compensation_euro"),
        facts=(("euro", False),),
    ),
)


@cache
def counted(opened, first_day, last_day, paid_on, paid, rate_first_half, rate_second_half):
    """Interest day by day; a payment counts from the day after it. Cents, then half up, once."""
    total, day = 0, first_day
    while day <= last_day:
        left = opened - (paid if paid_on and paid_on < day else 0)
        rate = rate_first_half if day <= date(2025, 6, 30) else rate_second_half
        total += max(int(left * 100), 0) * int(rate * 10)
        day += ONE_DAY
    year = 365 * 1000  # rates in tenths of a percent
    return D((2 * total + year) // (2 * year)) / 100


def nothing(*reasons):
    return D(0), D(0), D(0), set(reasons)


def expected(regime, clause, stage, obstacle, creditor):
    """What this cell allows, in the words of the law: interest, flat sum, reminder cost, reasons."""
    if obstacle == "held":
        return nothing("held")
    if stage.today <= DUE:
        return nothing("not_overdue")
    if obstacle == "half disputed" and regime not in ("b2b", "b2g"):
        return nothing("disputed")
    if stage.paid == 1 and stage.paid_on <= DUE:
        return nothing("paid_when_due")
    if regime in ("b2b", "b2g"):
        return expected_business(regime, clause, stage, obstacle)
    return expected_consumer(clause, stage, obstacle, creditor)


def expected_business(regime, clause, stage, obstacle):
    if obstacle == "insolvent before it was due":
        return nothing("insolvent")
    terms, reasons = clause.terms, set()
    # From the judgment no interest, and what was agreed has no effect: the statutory rate and the 40 EUR stay.
    frozen = obstacle == "insolvent since 20 June" and stage.today >= JUDGMENT
    last_day = date(2025, 6, 19) if frozen else stage.today
    if frozen:
        reasons.add("frozen")
    if clause.name == "younger":
        terms = None
        reasons.add("terms_later")
    first_half, second_half = FIRST_HALF, SECOND_HALF
    if terms and terms.interest != "statutory" and regime == "b2g":
        reasons.add("authority_statutory")
    elif terms and terms.interest == "none":
        first_half = second_half = D(0)
        reasons.add("no_interest_clause")
    elif terms and terms.interest == "rate":
        first_half = second_half = terms.rate
        if frozen:
            first_half, second_half = min(terms.rate, FIRST_HALF), min(terms.rate, SECOND_HALF)
    opened = clause.principal / 2 if obstacle == "half disputed" else clause.principal
    interest = counted(
        opened,
        date(2025, 6, 1),
        last_day,
        stage.paid_on,
        stage.paid * clause.principal,
        first_half,
        second_half,
    )
    flat = clause.business[opened]
    if isinstance(flat, str):
        return interest, D(0), D(0), reasons | {flat}
    return interest, D(40) if frozen else flat, D(0), reasons


def expected_consumer(clause, stage, obstacle, creditor):
    if obstacle == "insolvent before it was due" or (obstacle == "insolvent since 20 June" and stage.today >= JUDGMENT):
        return nothing("insolvent")
    if not stage.reminded:
        return nothing("no_free_reminder")
    if stage.today <= PERIOD_ENDS:
        return nothing("waiting_period")
    # What was paid within the period is out of the sum; what was paid later lowers it from the next day.
    balance, paid_on, paid = clause.principal, stage.paid_on, stage.paid * clause.principal
    if paid_on and paid_on <= PERIOD_ENDS:
        balance, paid_on, paid = balance - paid, None, D(0)
    if balance <= 0:
        return nothing("paid_in_time")

    def interest_from(first_day, first_half, second_half):
        return counted(balance, first_day, stage.today, paid_on, paid, first_half, second_half)

    legal = interest_from(date(2025, 7, 1), CIVIL, CIVIL)
    option = creditor == "legal rate without a clause"
    terms, flat = clause.terms, clause.consumer[balance]
    if flat in ("no_clause", "clause_later"):
        return (legal, D(0), D(0), {flat, "legal_rate"}) if option else nothing(flat)

    reasons = set()
    # 17 June is the day after the reminder, 1 July the first after the period: an SME needs both half-years' caps.
    small = creditor == "SME creditor"
    first_day = date(2025, 6, 17) if small else date(2025, 7, 1)
    first_half, second_half = FIRST_HALF, SECOND_HALF
    if terms.interest == "none":
        first_half = second_half = D(0)
        reasons.add("no_interest_clause")
    elif clause.name == "8 %":
        first_half = second_half = D(8)
    elif clause.name in ("11 %", "13 %", "13 % and the scale"):
        reasons.add("interest_above_cap")
    elif clause.name == "old 11 %":
        first_half = D(11)
        reasons.add("interest_reduced")
    elif clause.name == "old 13 %":
        reasons.add("interest_reduced")
    if flat is TOO_HIGH:
        reasons.add("compensation_above_cap")
    if reasons & {"interest_above_cap", "compensation_above_cap"}:
        # One excess and nothing of the clause is left, unless the company claims the legal rate.
        # The reasons name what was too high; what is merely absent is not told any more.
        reasons |= {"clause_void"} | ({flat} if isinstance(flat, str) else set())
        return (legal, D(0), D(0), reasons | {"legal_rate"}) if option else nothing(*reasons)
    if balance in clause.reduced:
        reasons.add("compensation_reduced")
    if isinstance(flat, str):
        reasons.add(flat)
        flat = D(0)
    cost = clause.cost if paid < balance else D(0)  # nothing left, no reminder to pay for
    return interest_from(first_day, first_half, second_half), flat, cost, reasons


@pytest.mark.parametrize("clause", CLAUSES, ids=lambda clause: clause.name)
@pytest.mark.parametrize("regime", REGIMES, ids=lambda regime: regime or "unknown")
def test_every_cell(regime, clause, b2b, civil):
    wrong = []
    for stage, (obstacle, facts), (creditor, rules) in product(STAGES, OBSTACLES.items(), CREDITORS.items()):
        cell = Facts(
            regime=regime,
            principal=clause.principal,
            due_date=DUE,
            invoice_date=INVOICED,
            terms=clause.terms,
            reminded_on=REMINDED if stage.reminded else None,
            payments=((stage.paid_on, stage.paid * clause.principal),) if stage.paid_on else (),
            **dict(clause.facts),
        )
        if obstacle == "half disputed":
            facts = {"disputed": clause.principal / 2}
        got = claim(replace(cell, **facts), rules, b2b, civil, stage.today)
        answer = (got.interest, got.compensation, got.reminder_cost, set(got.reasons))
        want = expected(regime, clause, stage, obstacle, creditor)
        if answer != want:
            wrong.append(f"{stage.name} / {obstacle} / {creditor}: {answer}, expected {want}")
        assert set(got.reasons) <= REASONS
        assert len(set(got.reasons)) == len(got.reasons)
        assert got.total == sum(want[:3])
    assert not wrong, "\n".join(wrong)


def test_the_table_tells_every_reason():
    """Each code occurs in some cell, except a term above sixty days and posted charges: tested by themselves."""
    told = set()
    for regime, clause, stage, obstacle, creditor in product(REGIMES, CLAUSES, STAGES, OBSTACLES, CREDITORS):
        told |= expected(regime, clause, stage, obstacle, creditor)[3]
    assert told == REASONS - {"term_above_60", "charge"}


@pytest.mark.parametrize(
    ("principal", "first_day", "last_day", "first_half", "second_half", "interest"),
    [
        # 1,000 at 11.5 % is 0.31507 a day: 10 days.
        (D(1000), date(2025, 6, 1), date(2025, 6, 10), FIRST_HALF, SECOND_HALF, D("3.15")),
        # Thirty days at 11.5 % and one at 10.5 %: 9.45205 + 0.28767 = 9.73972.
        (D(1000), date(2025, 6, 1), date(2025, 7, 1), FIRST_HALF, SECOND_HALF, D("9.74")),
        # 92 days at 4.5 %: 11.34246.
        (D(1000), date(2025, 7, 1), date(2025, 9, 30), CIVIL, CIVIL, D("11.34")),
    ],
)
def test_the_count_itself(principal, first_day, last_day, first_half, second_half, interest):
    """The yardstick of the table, against sums done by hand."""
    assert counted(principal, first_day, last_day, None, D(0), first_half, second_half) == interest
