"""Advise whether a claim can be handed over to a lawyer, a bailiff or an agency. Pure: no clock, no database.

Money is `Decimal` in the company's currency; days are `date`. The answer is advice: each condition comes with its own
answer, and a person decides. Only what stands in `STOPPING` cannot be overruled.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from .schedule import ZERO, check_day, check_money

CENT = Decimal("0.01")

#: States of a hand-over in which its items are in no other one.
LIVE = ("proposed", "handed_over", "paid", "closed")
#: States in which nothing is sent and nothing is claimed by us about its items.
HOLDING = ("handed_over", "paid", "closed")

#: The conditions, in the order in which advice gives them.
CODES = (
    "owed",
    "overdue",
    "amount",
    "not_arranged",
    "not_promised",
    "undisputed",
    "no_payment",
    "credits",
    "not_insolvent",
    "not_barred",
    "notified",
    "deadline",
    "address",
    "number",
    "bank_data",
    "unopposed",
)
#: Nothing is handed over while one of these is open: there is nothing, or somebody else agreed otherwise.
STOPPING = frozenset({"owed", "not_arranged"})
#: Says which way is open, and keeps nobody from handing over.
INFORMING = frozenset({"unopposed"})
#: Interest and penalties that come along in the collection of unopposed debts: at most this share of the principal
#: (Judicial Code, article 1394/20).
UNOPPOSED_SHARE = Decimal("0.10")


@dataclass(frozen=True, slots=True)
class Debt:
    """One open item of the claim.

    `disputed`: the part of `amount` that an open dispute names. `arranged`, `promised`: a running arrangement or promise
    covers it. `in_payment`: a payment is under way. `regime`: of its invoice. `notified_on`: the day on which the last
    notice about it was delivered, `pay_before` the day by which that asked to pay. `barred_on`: the last day before
    it is time-barred; None: unknown.

    :raises TypeError: for money that is no `Decimal`, a day that is no `date`
    :raises ValueError: for a negative amount
    """

    due_date: date
    amount: Decimal
    regime: str = "b2c"
    disputed: Decimal = ZERO
    arranged: bool = False
    promised: bool = False
    in_payment: bool = False
    notified_on: date | None = None
    pay_before: date | None = None
    barred_on: date | None = None

    def __post_init__(self):
        check_day("The due date", self.due_date)
        for name, amount in (("The amount", self.amount), ("The disputed part", self.disputed)):
            if check_money(name, amount) < 0:
                raise ValueError(f"{name} must not be negative ({amount}): leave the item out.")
        for day in (self.notified_on, self.pay_before, self.barred_on):
            if day is not None:
                check_day("A day of the debt", day)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A customer and what would be handed over of him.

    `credits`: his unallocated money. `missing_address`: what his address lacks. `number_valid`: his enterprise number
    passes its check; `creditor_number_valid`: ours does. `consumer`: he needs no number.
    """

    debts: tuple[Debt, ...]
    credits: Decimal = ZERO
    insolvent: bool = False
    consumer: bool = True
    missing_address: tuple[str, ...] = ()
    number_valid: bool = False
    creditor_number_valid: bool = False

    def __post_init__(self):
        if not isinstance(self.debts, tuple) or not all(isinstance(debt, Debt) for debt in self.debts):
            raise TypeError(f"The debts must be a tuple of debts, not {self.debts!r}")
        if check_money("The unallocated money", self.credits) < 0:
            raise ValueError(f"The unallocated money must not be negative ({self.credits}): enter zero for none.")


@dataclass(frozen=True, slots=True)
class Rules:
    """The settings of the company. `newest_bank_data` None: there are none; `freshness_days` 0: their age is no matter."""

    minimum: Decimal = ZERO
    newest_bank_data: date | None = None
    freshness_days: int = 0


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition and its answer. `detail`: an ISO date, an amount or codes; empty when there is none."""

    code: str
    ok: bool
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Advice:
    """All of `CODES`, in that order, with what they mean together.

    `eligible`: nothing speaks against it. `stopped`: codes that nobody overrules. `unopposed`: the bailiff may collect
    without a court (Judicial Code, articles 1394/20 to 1394/27).
    """

    conditions: tuple[Condition, ...]
    eligible: bool
    stopped: tuple[str, ...]
    unopposed: bool


def advise(candidate: Candidate, rules: Rules, today: date) -> Advice:
    """Whether the claim on `candidate` is ready to be handed over on `today`.

    :raises TypeError: for a day that is no `date`
    """
    check_day("Today", today)
    answers = {
        **_about_debts(candidate, rules, today),
        **_about_customer(candidate, rules, today),
        **_about_notices(candidate, today),
    }
    # Of businesses, to a business, undisputed, due, and neither insolvent nor a public authority (art. 1394/20).
    open_way = all(answers[code][0] for code in ("owed", "overdue", "undisputed", "not_insolvent", "not_barred"))
    between = candidate.number_valid and candidate.creditor_number_valid
    business = bool(candidate.debts) and all(debt.regime == "b2b" for debt in candidate.debts)
    unopposed = open_way and between and business
    answers["unopposed"] = (unopposed, "" if unopposed else _why_opposed(candidate, open_way, business))
    conditions = tuple(Condition(code, *answers[code]) for code in CODES)
    failed = {condition.code for condition in conditions if not condition.ok}
    return Advice(
        conditions=conditions,
        eligible=not failed - INFORMING,
        stopped=tuple(code for code in CODES if code in failed & STOPPING),
        unopposed=unopposed,
    )


def unopposed_extras(principal: Decimal, extras: Decimal) -> Decimal:
    """What of interest and penalties comes along in the collection of unopposed debts, rounded down to the cent.

    :raises ValueError: for a negative amount
    """
    for name, amount in (("The principal", principal), ("Interest and penalties", extras)):
        if check_money(name, amount) < 0:
            raise ValueError(f"{name} must not be negative ({amount}).")
    cap = (principal * UNOPPOSED_SHARE * 100 // 1).scaleb(-2)
    return min(cap, extras)


def _about_debts(candidate: Candidate, rules: Rules, today: date) -> dict[str, tuple[bool, str]]:
    total = _total(debt.amount for debt in candidate.debts)
    disputed = _total(min(debt.disputed, debt.amount) for debt in candidate.debts)
    early = [debt.due_date for debt in candidate.debts if debt.due_date >= today]
    ends = [debt.barred_on for debt in candidate.debts if debt.barred_on is not None]
    return {
        "owed": (total > 0, str(total)),
        "overdue": (not early, str(min(early)) if early else ""),
        "amount": (total >= rules.minimum, str(rules.minimum) if rules.minimum else ""),
        "not_arranged": (not any(debt.arranged for debt in candidate.debts), ""),
        "not_promised": (not any(debt.promised for debt in candidate.debts), ""),
        "undisputed": (not disputed, str(disputed) if disputed else ""),
        "no_payment": (not any(debt.in_payment for debt in candidate.debts), ""),
        "not_barred": (not ends or min(ends) >= today, str(min(ends)) if ends else ""),
    }


def _about_customer(candidate: Candidate, rules: Rules, today: date) -> dict[str, tuple[bool, str]]:
    newest = rules.newest_bank_data
    fresh = not rules.freshness_days or (newest is not None and (today - newest).days <= rules.freshness_days)
    return {
        "credits": (not candidate.credits, str(candidate.credits) if candidate.credits else ""),
        "not_insolvent": (not candidate.insolvent, ""),
        "address": (not candidate.missing_address, ", ".join(candidate.missing_address)),
        "number": (candidate.consumer or candidate.number_valid, "consumer" if candidate.consumer else ""),
        "bank_data": (fresh, str(newest or "")),
    }


def _about_notices(candidate: Candidate, today: date) -> dict[str, tuple[bool, str]]:
    """Each item must have had a notice, and its time to pay: the youngest of them decides."""
    told = [debt.notified_on for debt in candidate.debts]
    ends = [debt.pay_before for debt in candidate.debts if debt.pay_before is not None]
    notified = bool(told) and all(day is not None and day <= today for day in told)
    return {
        "notified": (notified, str(max(told)) if notified else ""),
        "deadline": (notified and (not ends or max(ends) < today), str(max(ends)) if notified and ends else ""),
    }


def _why_opposed(candidate: Candidate, open_way: bool, business: bool) -> str:
    if any(debt.regime == "b2g" for debt in candidate.debts):
        return "authority"
    if not business:
        return "consumer"
    if not candidate.number_valid:
        return "number"
    if not candidate.creditor_number_valid:
        return "own_number"
    return "" if open_way else "conditions"


def _total(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, ZERO)
