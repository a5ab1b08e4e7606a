"""What may be claimed on top of an open item today, and why: interest, compensation, reminder cost.

Pure: facts and settings in, a `Claim` out; no clock, no database, no Odoo. Money is `Decimal` in the item's own
currency unless said otherwise; days are `date`. The rules and their sources are in `docs/law.md`. When a
condition is missing the claim is zero and `reasons` says which one.

Businesses and authorities: law of 2 August 2002 on late payment in commercial transactions. Consumers: Book XIX of
the Code of Economic Law. Insolvency: Book XX of the same code.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import ROUND_DOWN, Decimal, localcontext
from typing import Literal, NamedTuple

from ._checks import CENT, EXACT, check_day, check_not_negative
from .compensation import B2B_FIXED, b2c_cap
from .consumer import WaitingPeriod, waiting_period
from .interest import Accrual, accrue
from .rates import RateTable

ZERO = Decimal("0")
ONE_DAY = timedelta(days=1)

#: The regimes of the law of 2 August 2002. Anything else is a consumer: the strictest protection.
COMMERCIAL = frozenset({"b2b", "b2g"})
#: Clauses agreed from this day on fall away as a whole when they exceed a cap; older ones are reduced to it.
BOOK_XIX = date(2023, 9, 1)
#: Article XIX.2: at most this for a reminder, plus postage, from the fourth unpaid due date of a calendar year on.
REGULAR_REMINDER_MAX = Decimal("7.50")
REGULAR_FREE_DUE_DATES = 3
#: Article 4 of the law of 2 August 2002: an agreed term above these calendar days is unwritten.
LONGEST_TERM = 60

#: Every code that `Claim.reasons` may hold.
REASONS = frozenset(
    {
        # nothing is claimed
        "charge",
        "held",
        "not_overdue",
        "disputed",
        "paid_when_due",
        "insolvent",
        "no_free_reminder",
        "waiting_period",
        "paid_in_time",
        "no_clause",
        "clause_later",
        # a part is not claimed, or claimed otherwise than agreed
        "term_above_60",
        "terms_later",
        "authority_statutory",
        "frozen",
        "no_interest_clause",
        "interest_above_cap",
        "interest_reduced",
        "no_compensation_clause",
        "compensation_above_cap",
        "compensation_reduced",
        "compensation_once",
        "compensation_euro",
        "clause_void",
        "legal_rate",
    }
)


@dataclass(frozen=True, slots=True)
class Terms:
    """An accepted payment clause.

    `interest`: none, statutory, rate (percent a year in `rate`); `compensation`: none, scale (of article XIX.4,
    consumers only), fixed (`amount`), percent (`percent`, with `amount` as minimum). Amounts are euros.
    `accepted_on` is the day this wording was agreed: a clause changed or renewed since has that later day.

    :raises ValueError: for an unknown kind, or a negative number
    :raises TypeError: if a number is no Decimal, or the day no date
    """

    accepted_on: date
    interest: str = "statutory"
    rate: Decimal = ZERO
    compensation: str = "none"
    amount: Decimal = ZERO
    percent: Decimal = ZERO
    regular_delivery: bool = False
    reminder_cost: Decimal = ZERO

    def __post_init__(self) -> None:
        check_day("accepted_on", self.accepted_on)
        if self.interest not in ("none", "statutory", "rate"):
            raise ValueError(f"interest must be 'none', 'statutory' or 'rate', not {self.interest!r}")
        if self.compensation not in ("none", "scale", "fixed", "percent"):
            raise ValueError(f"compensation must be 'none', 'scale', 'fixed' or 'percent', not {self.compensation!r}")
        check_not_negative("rate", self.rate)
        check_not_negative("amount", self.amount)
        check_not_negative("percent", self.percent)
        check_not_negative("reminder_cost", self.reminder_cost)

    @property
    def reducible(self) -> bool:
        """Whether an excess is only reduced to the cap: a clause from before Book XIX, not renewed since."""
        return self.accepted_on < BOOK_XIX


@dataclass(frozen=True, slots=True)
class Facts:
    """One open item as the books have it.

    :param regime: ``b2b``, ``b2g``; anything else is a consumer
    :param principal: the original amount with VAT
    :param invoice_date: a clause that was agreed later does not count
    :param payments: what came off it on which day (payments and credit notes)
    :param reminded_on: the day the free first reminder for this due date left, once it was delivered; one that
        left before the debt was overdue is none (article XIX.2)
    :param medium: ``email`` or ``post``; any other is no durable medium and the reminder is none
    :param single: the invoice has one due date, not instalments
    :param first_of_invoice: this item carries the flat sum of its invoice: its first one that fell overdue
    :param compensation_claimed: the flat sum of the invoice was claimed before
    :param unpaid_due_dates: rank of this due date among the unpaid ones of its calendar year, itself included
    :param frozen_on: the day of the judgment (bankruptcy, reorganisation, collective debt settlement): from it on
        the debt bears nothing. None for debts from after the opening of a reorganisation
    :param held: a reason not to claim: dispute, arrangement in good standing, manual hold
    :param disputed: the part of the principal that is disputed; it bears nothing, and a consumer's dispute of
        any part stops every charge
    :param postage: what it costs to post the reminder, in euros; only beside a reminder cost
    :param respites: day and amount that a payment arrangement took out of what bears interest (negative: put back);
        it bears none in between (law of 2 August 2002, article 4, § 3; a consumer's arrangement is free of interest)
    :param is_charge: the item itself is interest or costs: it is owed and reminded, but bears nothing
    :param closed_until: interest up to and including this day was booked, or given up: it counts from the next day
    :raises ValueError: for a negative amount
    :raises TypeError: if an amount is no Decimal or a day no date
    """

    regime: str
    principal: Decimal
    due_date: date
    invoice_date: date
    payments: tuple[tuple[date, Decimal], ...] = ()
    terms: Terms | None = None
    reminded_on: date | None = None
    medium: str = "email"
    single: bool = True
    euro: bool = True
    first_of_invoice: bool = True
    compensation_claimed: bool = False
    unpaid_due_dates: int = 0
    frozen_on: date | None = None
    held: bool = False
    disputed: Decimal = ZERO
    postage: Decimal = ZERO
    respites: tuple[tuple[date, Decimal], ...] = ()
    is_charge: bool = False
    closed_until: date | None = None

    def __post_init__(self) -> None:
        check_not_negative("principal", self.principal)
        check_not_negative("disputed", self.disputed)
        check_not_negative("postage", self.postage)
        check_day("due_date", self.due_date)
        check_day("invoice_date", self.invoice_date)


@dataclass(frozen=True, slots=True)
class Rules:
    """The choices of the company; the defaults are those of `docs/law.md`.

    `parts_stand_alone`: an excess in the interest or in the flat sum of a consumer clause voids that part only.
    By default it voids both: nothing may be charged unless the amounts of the clause stay under the caps.
    """

    year_days: int | Literal["actual"] = 365
    saturday_counts: bool = False
    extend: bool = True
    small_creditor: bool = False
    legal_rate_without_clause: bool = False
    long_term_day: int = 60
    higher_of_clause_and_fixed: bool = True
    parts_stand_alone: bool = False


@dataclass(frozen=True, slots=True)
class Claim:
    """What may be claimed on one item as of a day.

    `until` is the last day that bears interest in it: today, the day before an insolvency, the day the rest was
    paid, or, when `cut`, the last day with a known rate ("calculated until"). `chargeable_from` is the first day
    after a consumer's waiting period. `compensation_basis`: fixed_40, clause, scale, reduced, or empty.
    `reminder_cost` is for one reminder, the one that is being written; `interest` and `compensation` are totals.
    """

    interest: Decimal = ZERO
    compensation: Decimal = ZERO
    reminder_cost: Decimal = ZERO
    accrual: Accrual | None = None
    until: date | None = None
    cut: bool = False
    chargeable_from: date | None = None
    compensation_basis: str = ""
    reasons: tuple[str, ...] = field(default=())

    @property
    def total(self) -> Decimal:
        return self.interest + self.compensation + self.reminder_cost


class _Debt(NamedTuple):
    """What bears interest: an amount, what came off it on which day, what an arrangement kept out, and since when."""

    principal: Decimal
    payments: tuple[tuple[date, Decimal], ...]
    respites: tuple[tuple[date, Decimal], ...] = ()
    closed_until: date | None = None

    def open_on(self, day: date) -> Decimal:
        """What was open at the end of `day`; never below zero."""
        with localcontext(EXACT):
            paid = sum((amount for paid_on, amount in self.payments if paid_on <= day), ZERO)
            return max(self.principal - paid, ZERO)


@dataclass(frozen=True, slots=True)
class _Interest:
    """Interest of a claim, before it is put together with the rest."""

    accrual: Accrual | None = None
    until: date | None = None
    cut: bool = False
    void: bool = False
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Flat:
    """Flat sum of a claim, before it is put together with the rest."""

    amount: Decimal = ZERO
    basis: str = ""
    void: bool = False
    reasons: tuple[str, ...] = ()


def claim(facts: Facts, rules: Rules, statutory: RateTable, civil: RateTable, today: date) -> Claim:
    """The claim on one item as of `today`, whatever a policy says: the law's answer, not the ladder's.

    :param statutory: rates of the law of 2 August 2002 by half-year
    :param civil: legal rates by calendar year
    :raises TypeError: if `today` is no date
    :raises ValueError: for a negative payment
    """
    check_day("today", today)
    commercial = facts.regime in COMMERCIAL
    if facts.is_charge:
        return Claim(reasons=("charge",))
    if facts.held:
        return Claim(reasons=("held",))
    if today <= facts.due_date:
        return Claim(reasons=("not_overdue",))
    if facts.disputed > 0 and (not commercial or facts.disputed >= facts.principal):
        return Claim(reasons=("disputed",))
    debt = _Debt(facts.principal - facts.disputed, facts.payments, facts.respites, facts.closed_until)
    if debt.open_on(facts.due_date) <= 0:
        return Claim(reasons=("paid_when_due",))
    if commercial:
        return _business(facts, debt, rules, statutory, today)
    return _consumer(facts, debt, rules, statutory, civil, today)


def balance_on(facts: Facts, day: date) -> Decimal:
    """What was open at the end of `day`, a disputed part included; never below zero."""
    return _Debt(facts.principal, facts.payments).open_on(day)


def clause_amount(terms: Terms, balance: Decimal) -> Decimal:
    """The flat sum in euros that the clause itself asks for on `balance`, rounded down to the cent.

    Nothing for a clause without one and for the scale of article XIX.4, which is the cap itself.
    """
    with localcontext(EXACT):
        if terms.compensation == "fixed":
            return terms.amount.quantize(CENT, ROUND_DOWN)
        if terms.compensation == "percent":
            return max(balance * terms.percent / 100, terms.amount).quantize(CENT, ROUND_DOWN)
        return ZERO


def allocate_lower(amounts: Sequence[Decimal], ceiling: Decimal) -> list[Decimal]:
    """Several flat sums in one message to a consumer: never more together than `ceiling`.

    Each is reduced in proportion, rounded down to the cent; the cents left go to the first ones. Amounts and
    ceiling are euros to the cent.

    :raises ValueError: for a negative amount or ceiling
    """
    check_not_negative("ceiling", ceiling)
    with localcontext(EXACT):
        total = sum((check_not_negative("an amount", amount) for amount in amounts), ZERO)
        if total <= ceiling:
            return list(amounts)
        shares = [(amount * ceiling * 100 // total).scaleb(-2) for amount in amounts]
        left = ceiling - sum(shares, ZERO)
        for place, amount in enumerate(amounts):
            if left < CENT:
                break
            extra = min(CENT, amount - shares[place])
            shares[place] += extra
            left -= extra
        return shares


def _business(facts: Facts, debt: _Debt, rules: Rules, statutory: RateTable, today: date) -> Claim:
    """Law of 2 August 2002, articles 5 and 6: by law, without notice, from the day after the due date."""
    stop, frozen = today, False
    if facts.frozen_on is not None and facts.frozen_on <= today:
        stop, frozen = facts.frozen_on - ONE_DAY, True
        if stop <= facts.due_date:
            return Claim(reasons=("insolvent",))
    terms = facts.terms
    start, reasons = _business_start(facts, rules)
    if terms is not None and terms.accepted_on > facts.invoice_date:
        terms = None
        reasons.append("terms_later")
    if frozen:
        reasons.append("frozen")
    interest = _business_interest(facts, debt, terms, frozen, rules, statutory, start, stop)
    flat = _business_compensation(facts, debt, None if frozen else terms, rules)
    return Claim(
        interest=interest.accrual.total if interest.accrual else ZERO,
        compensation=flat.amount,
        accrual=interest.accrual,
        until=interest.until,
        cut=interest.cut,
        compensation_basis=flat.basis,
        reasons=(*reasons, *interest.reasons, *flat.reasons),
    )


def _business_start(facts: Facts, rules: Rules) -> tuple[date, list[str]]:
    """The last day without interest. An agreed term above 60 days is unwritten (article 4, § 1).

    A payment plan is allowed (article 4, § 3): instalments keep their own due dates.
    """
    if facts.single and facts.due_date > facts.invoice_date + timedelta(days=LONGEST_TERM):
        return facts.invoice_date + timedelta(days=rules.long_term_day), ["term_above_60"]
    return facts.due_date, []


def _business_interest(
    facts: Facts,
    debt: _Debt,
    terms: Terms | None,
    frozen: bool,
    rules: Rules,
    statutory: RateTable,
    start: date,
    stop: date,
) -> _Interest:
    """The statutory rate of article 5, or the agreed one; an authority cannot replace the statutory rate.

    Once a debt is frozen a clause that raises the rate has no effect any more (Book XX): the statutory one stays.
    """
    if terms is None or terms.interest == "statutory":
        return _accrue(debt, start, stop, statutory, rules)
    if facts.regime == "b2g":
        return replace(_accrue(debt, start, stop, statutory, rules), reasons=("authority_statutory",))
    if terms.interest == "none":
        return _Interest(reasons=("no_interest_clause",))
    if frozen:
        return _at_most(_accrue(debt, start, stop, statutory, rules), debt, start, terms.rate, statutory, rules)
    agreed = RateTable([(start + ONE_DAY, terms.rate)], max(stop, start + ONE_DAY))
    return _accrue(debt, start, stop, agreed, rules)


def _business_compensation(facts: Facts, debt: _Debt, terms: Terms | None, rules: Rules) -> _Flat:
    """Article 6: 40 EUR for each late invoice; of a clause and the 40 EUR the higher, never the sum."""
    if not facts.first_of_invoice or facts.compensation_claimed:
        return _Flat(reasons=("compensation_once",))
    if not facts.euro:
        return _Flat(reasons=("compensation_euro",))
    if terms is not None and rules.higher_of_clause_and_fixed:
        agreed = clause_amount(terms, debt.open_on(facts.due_date))
        if agreed > B2B_FIXED:
            return _Flat(agreed, "clause")
    return _Flat(B2B_FIXED, "fixed_40")


def _consumer(facts: Facts, debt: _Debt, rules: Rules, statutory: RateTable, civil: RateTable, today: date) -> Claim:
    """Articles XIX.2 to XIX.5: nothing, a reminder cost included, unless every condition holds."""
    if facts.frozen_on is not None and facts.frozen_on <= today:
        return Claim(reasons=("insolvent",))
    sent_on = _reminded_on(facts, today)
    period = _waiting_period(facts, rules, sent_on)
    if sent_on is None or period is None:
        return Claim(reasons=("no_free_reminder",))
    if today < period.chargeable_from:
        return Claim(chargeable_from=period.chargeable_from, reasons=("waiting_period",))
    balance = debt.open_on(period.last_day)
    if balance <= 0:
        return Claim(chargeable_from=period.chargeable_from, reasons=("paid_in_time",))
    # Everything is charged on what was left when the period ended: what was paid within it never bore interest.
    later = tuple(payment for payment in debt.payments if payment[0] > period.last_day)
    left = _Debt(balance, later, debt.respites, debt.closed_until)
    terms = facts.terms
    interest, flat, cost = _Interest(void=True, reasons=("no_clause",)), _Flat(void=True), ZERO
    if terms is not None and terms.accepted_on > facts.invoice_date:
        interest = _Interest(void=True, reasons=("clause_later",))
    elif terms is not None:
        # An SME creditor from the day after the reminder, another one from the end of the period (art. XIX.4, 1°).
        start = sent_on if rules.small_creditor else period.last_day
        interest = _consumer_interest(left, terms, rules, statutory, start, today)
        flat = _consumer_compensation(facts, terms, balance)
        if (interest.void or flat.void) and not rules.parts_stand_alone:
            reasons = (*interest.reasons, *flat.reasons, "clause_void")
            interest, flat = _Interest(void=terms.interest != "none", reasons=reasons), _Flat(void=True)
        elif left.open_on(today) > 0:
            cost = _reminder_cost(facts, terms)
    if interest.void and rules.legal_rate_without_clause:
        legal = _accrue(left, period.last_day, today, civil, rules)
        interest = replace(legal, reasons=(*interest.reasons, "legal_rate"))
    return Claim(
        interest=interest.accrual.total if interest.accrual else ZERO,
        compensation=flat.amount,
        reminder_cost=cost,
        accrual=interest.accrual,
        until=interest.until,
        cut=interest.cut,
        chargeable_from=period.chargeable_from,
        compensation_basis=flat.basis,
        reasons=(*interest.reasons, *flat.reasons),
    )


def _reminded_on(facts: Facts, today: date) -> date | None:
    """The day of the first reminder, if by `today` one has left for a debt that was overdue (article XIX.2, § 1)."""
    if facts.reminded_on is None or not facts.due_date < facts.reminded_on <= today:
        return None
    return facts.reminded_on


def _waiting_period(facts: Facts, rules: Rules, sent_on: date | None) -> WaitingPeriod | None:
    """The fourteen days after a reminder on a durable medium; a text message alone is none."""
    if sent_on is not None and facts.medium == "email":
        return waiting_period(sent_on, "email", rules.saturday_counts, rules.extend)
    if sent_on is not None and facts.medium == "post":
        return waiting_period(sent_on, "post", rules.saturday_counts, rules.extend)
    return None


def _consumer_interest(
    left: _Debt, terms: Terms, rules: Rules, statutory: RateTable, start: date, today: date
) -> _Interest:
    """At most the statutory rate of each half-year in which something was open (article XIX.4, 1°).

    A clause that asks more in one of them falls away, an old one is reduced.
    """
    if terms.interest == "none":
        return _Interest(reasons=("no_interest_clause",))
    highest = _accrue(left, start, today, statutory, rules)
    if terms.interest == "statutory" or highest.accrual is None:
        return highest
    above = any(terms.rate > segment.rate for segment in highest.accrual.segments)
    if above and not terms.reducible:
        return _Interest(void=True, reasons=("interest_above_cap",))
    lower = _at_most(highest, left, start, terms.rate, statutory, rules)
    return replace(lower, reasons=("interest_reduced",)) if above else lower


def _consumer_compensation(facts: Facts, terms: Terms, balance: Decimal) -> _Flat:
    """A flat sum under the cap of article XIX.4, 2°, on the balance left when the waiting period ended."""
    if not facts.first_of_invoice or facts.compensation_claimed:
        return _Flat(reasons=("compensation_once",))
    if terms.compensation == "none":
        return _Flat(reasons=("no_compensation_clause",))
    if not facts.euro:
        return _Flat(reasons=("compensation_euro",))
    cap = b2c_cap(balance)
    if terms.compensation == "scale":
        return _Flat(cap, "scale")
    agreed = clause_amount(terms, balance)
    if agreed <= cap:
        return _Flat(agreed, "clause")
    if terms.reducible:
        return _Flat(cap, "reduced", reasons=("compensation_reduced",))
    return _Flat(void=True, reasons=("compensation_above_cap",))


def _reminder_cost(facts: Facts, terms: Terms) -> Decimal:
    """Contracts of regular delivery: from the fourth unpaid due date of the calendar year (article XIX.2, § 2).

    At most 7.50 EUR and the postage, for a reminder after the free first one of this due date.
    """
    if not terms.regular_delivery or facts.unpaid_due_dates <= REGULAR_FREE_DUE_DATES or not facts.euro:
        return ZERO
    cost = min(terms.reminder_cost, REGULAR_REMINDER_MAX)
    return cost + facts.postage if cost > 0 else ZERO


def _at_most(
    highest: _Interest, debt: _Debt, start: date, rate: Decimal, statutory: RateTable, rules: Rules
) -> _Interest:
    """The agreed rate over the days of `highest`, and the statutory one in each half-year where that is lower."""
    if highest.accrual is None or not highest.accrual.segments or highest.until is None:
        return highest
    first_day = highest.accrual.segments[0].first_day
    rows = [(piece.first_day, min(rate, piece.rate)) for piece in statutory.segments(first_day, highest.until)]
    lower = _accrue(debt, start, highest.until, RateTable(rows, highest.until), rules)
    return replace(lower, until=highest.until, cut=highest.cut)


def _accrue(debt: _Debt, start: date, stop: date, rates: RateTable, rules: Rules) -> _Interest:
    """Interest from the day after `start` to `stop`, never beyond the days covered by a rate nor twice on a day.

    Cut means that something was still open on the first day without a rate.
    """
    last = min(stop, rates.covered_until)
    start = max(start, rates.covered_from - ONE_DAY, debt.closed_until or start)
    accrual = accrue(debt.principal, start, max(last, start), rates, debt.payments, rules.year_days, debt.respites)
    if last < stop and debt.open_on(last) > 0:
        return _Interest(accrual, rates.covered_until, cut=True)
    return _Interest(accrual, accrual.segments[-1].last_day if accrual.segments else None)
