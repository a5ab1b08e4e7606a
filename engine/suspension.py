"""Judge whether a service may be suspended, and whether a suspended one must be restored. Pure: no clock, no database.

Money is `Decimal` in the company's currency; days are `date`; the calendar comes in as an argument. A service is
suspended for what a delivered notice announced and nothing else: a debt that no notice named counts for nothing,
whatever payments did to the oldest due date.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_CEILING, Context, Decimal

from .schedule import LONGEST_CLOSURE, ONE_DAY, ZERO, check_day, check_money, days_later

CENT = Decimal("0.01")

#: The conditions, in the order in which a verdict gives them.
CODES = (
    "announced",
    "deadline",
    "clause",
    "owed",
    "amount",
    "not_held",
    "credits",
    "bank_data",
    "not_paid_ahead",
    "not_essential",
    "not_exempt",
    "not_postponed",
    "not_insolvent",
    "working_day",
    "hour",
    "cap",
    "live",
    "approved",
)

#: What a clock, tomorrow or the person who is asked solves: with only these open, a person is asked.
PASSING = frozenset({"working_day", "hour", "cap", "approved"})
#: What no day solves: as long as one of these is open, nobody can say when.
LASTING = frozenset({"announced", "clause", "not_essential", "not_insolvent", "live"})
#: Why a part is held while its cause is still there. A promise, an arrangement and a payment under way restore when
#: their money comes; an insolvency, a hand-over, or a failure of follow-up itself, never does.
NOT_RESTORING = frozenset(
    {"promise", "arrangement", "payment_in_progress", "insolvency", "failed", "handed_over", "handover_closed"}
)

#: At least so many days between the delivery of the notice and a suspension.
LEAST_DAYS_CONSUMER = 15
LEAST_DAYS_BUSINESS = 8

#: No sum or product of money rounds, whatever decimal context the calling thread has set.
_EXACT = Context(prec=10_000)


@dataclass(frozen=True, slots=True)
class Debt:
    """The share of an open item that is owed for the service.

    `held`: the part of `amount` that a dispute, a promise, an arrangement on track, a hold or a payment under way
    keeps out, and `held_codes` why. `announced`: the item stood in the delivered notice that announced the suspension.

    :raises TypeError: for money that is no `Decimal`, a day that is no `date`
    :raises ValueError: for a negative amount, more held than there is
    """

    due_date: date
    amount: Decimal
    held: Decimal = ZERO
    held_codes: tuple[str, ...] = ()
    announced: bool = False

    def __post_init__(self):
        check_day("The due date", self.due_date)
        _check_amount("The amount", self.amount)
        _check_amount("The held part", self.held)
        if self.held > self.amount:
            raise ValueError(f"The held part {self.held} is more than the amount {self.amount}: take its share.")
        if not isinstance(self.held_codes, tuple) or not all(isinstance(code, str) for code in self.held_codes):
            raise TypeError(f"The reasons of what is held must be a tuple of codes, not {self.held_codes!r}")
        _check_flags(self, "announced")

    @property
    def free(self) -> Decimal:
        """What nothing holds."""
        return _EXACT.subtract(self.amount, self.held)

    @property
    def cause(self) -> Decimal:
        """What keeps a suspended service suspended: nothing holds it, or only what promises money."""
        waits = bool(self.held_codes) and NOT_RESTORING.issuperset(self.held_codes)
        return self.amount if waits else self.free


@dataclass(frozen=True, slots=True)
class Announcement:
    """The delivered notice: when it reached him, and the last day to pay that it named.

    `proven`: a posted letter, or an e-mail whose return would have been seen; else a person must say yes.
    """

    delivered_on: date
    deadline: date
    proven: bool = True

    def __post_init__(self):
        check_day("The day of delivery", self.delivered_on)
        check_day("The deadline", self.deadline)
        _check_flags(self, "proven")


@dataclass(frozen=True, slots=True)
class Service:
    """A service and all that matters for suspending it. Days "until" and "through" are included.

    `monthly_value` 0: unknown. `grace_days`: its own, after the deadline. `clause`: the accepted terms have a
    suspension clause; `proportionate`: instead of it, a person recorded that suspension is proportionate.
    `credits`: unallocated money of the customer. `rewarded`: the first instalment of an arrangement over its debts
    is paid, and the arrangement is not broken.

    :raises TypeError: for money that is no `Decimal`, a day that is no `date`, a flag that is no `bool`
    :raises ValueError: for a negative amount or number
    """

    id: int
    debts: tuple[Debt, ...]
    monthly_value: Decimal
    essential: bool = False
    exempt_until: date | None = None
    grace_days: int = 0
    paid_through: date | None = None
    consumer: bool = True
    clause: bool = False
    proportionate: bool = False
    credits: Decimal = ZERO
    insolvent: bool = False
    announcement: Announcement | None = None
    postponed_until: date | None = None
    approved: bool = False
    rewarded: bool = False
    suspended_by_hand: bool = False

    def __post_init__(self):
        if not isinstance(self.debts, tuple) or not all(isinstance(debt, Debt) for debt in self.debts):
            raise TypeError(f"The debts must be a tuple of debts, not {self.debts!r}")
        if not isinstance(self.announcement, Announcement | None):
            raise TypeError(f"The announcement must be one or None, not {self.announcement!r}")
        _check_amount("The monthly value", self.monthly_value)
        _check_amount("The unallocated money", self.credits)
        _check_count("The days of grace", self.grace_days)
        for day in (self.exempt_until, self.paid_through, self.postponed_until):
            if day is not None:
                check_day("A day of the service", day)
        _check_flags(self, "essential", "consumer", "clause", "proportionate", "insolvent", "approved", "rewarded")
        _check_flags(self, "suspended_by_hand")


@dataclass(frozen=True, slots=True)
class Rules:
    """The settings of the company, and how its day stands.

    `minimum` and `share` of the monthly value (0.5 is half): suspend for at least both. `restore_below`: a smaller
    remainder restores. `newest_bank_data` None: there are none. `freshness_days` 0: their age does not matter.
    `first_hour` counts, `last_hour` does not. `daily_cap` 0: none at all. `live` False: safe mode.

    :raises TypeError: for money that is no `Decimal`, a day that is no `date`, a count that is no `int`
    :raises ValueError: for fewer days than 15 for a consumer or 8 for a business, and for what cannot be kept
    """

    days_consumer: int = LEAST_DAYS_CONSUMER
    days_business: int = LEAST_DAYS_BUSINESS
    minimum: Decimal = Decimal("10")
    share: Decimal = Decimal("0.5")
    restore_below: Decimal = Decimal("10")
    approval: bool = True
    newest_bank_data: date | None = None
    freshness_days: int = 3
    first_hour: float = 9
    last_hour: float = 15
    daily_cap: int = 50
    done_today: int = 0
    paused: bool = False
    live: bool = False

    def __post_init__(self):
        for who, days, least in (
            ("a consumer", self.days_consumer, LEAST_DAYS_CONSUMER),
            ("a business", self.days_business, LEAST_DAYS_BUSINESS),
        ):
            if _check_count(f"The days for {who}", days) < least:
                raise ValueError(f"The days for {who} must be {least} or more, not {days}: give the time to pay.")
        _check_amount("The minimum", self.minimum)
        _check_amount("The share of the monthly value", self.share)
        if _check_amount("The amount below which to restore", self.restore_below) > self.minimum:
            raise ValueError(
                f"A service that is restored below {self.restore_below} cannot be suspended from {self.minimum}: "
                "lower the first or raise the second."
            )
        if self.newest_bank_data is not None:
            check_day("The day of the newest bank data", self.newest_bank_data)
        for name, number in (
            ("The age of bank data", self.freshness_days),
            ("The most suspensions a day", self.daily_cap),
            ("The suspensions of today", self.done_today),
        ):
            _check_count(name, number)
        if not _check_hour(self.first_hour) < _check_hour(self.last_hour):
            raise ValueError(f"The hours from {self.first_hour} to {self.last_hour} are none: end after you begin.")
        _check_flags(self, "approval", "paused", "live")

    def needed(self, service: Service) -> Decimal:
        """The least amount to suspend `service` for."""
        return max(self.minimum, _EXACT.multiply(self.share, service.monthly_value))


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition and its answer. `detail`: an ISO date, an amount, hours or a code; empty when there is none."""

    code: str
    ok: bool
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a service may be suspended, and why.

    `conditions`: all of `CODES`, in that order. `ready`: only `PASSING` ones are open: ask a person. `overdue`: what
    is overdue of the service and not held, announced or not. `earliest`: the first day on which it may be suspended
    if nothing changes, somebody approves and the bank data are kept fresh; None: never, or nobody can say.
    """

    conditions: tuple[Condition, ...]
    may_suspend: bool
    ready: bool
    overdue: Decimal
    earliest: date | None


def judge(service: Service, rules: Rules, today: date, hour: float, is_working_day: Callable[[date], bool]) -> Verdict:
    """Whether `service` may be suspended on `today` at `hour`, of the company's clock.

    :param hour: 9.5 is half past nine
    :raises TypeError: for a day that is no `date`, an hour that is no number
    :raises ValueError: for an hour that is none, a deadline beyond the calendar
    """
    check_day("Today", today)
    _check_hour(hour)
    answers = {
        **_about_notice(service, rules, today),
        **_about_amounts(service, rules, today),
        **_about_service(service, rules, today),
        **_about_moment(service, rules, today, hour, is_working_day),
    }
    conditions = tuple(Condition(code, *answers[code]) for code in CODES)
    failed = {condition.code for condition in conditions if not condition.ok}
    return Verdict(
        conditions=conditions,
        may_suspend=not failed,
        ready=failed <= PASSING,
        overdue=_total(debt.free for debt in service.debts if debt.due_date < today),
        earliest=None if failed & LASTING else _earliest(service, rules, today, hour, is_working_day),
    )


def restore(service: Service, rules: Rules, today: date) -> str | None:
    """Why a suspended service must be restored at once; None: it stays suspended.

    *paid*: nothing of what was announced is overdue any more; *below_threshold*: too little of it; *arranged*: the
    first instalment is paid; *disputed*: what is left is disputed or on hold. Like the suspension it looks at what
    was announced: who paid that is not kept out for what no notice named. Unallocated money alone restores nothing,
    it may be meant for something else, and neither does an insolvency. What was suspended by hand stays so.
    """
    check_day("Today", today)
    if service.suspended_by_hand:
        return None
    debts = _announced(service, today)
    gross = _total(debt.amount for debt in debts)
    cause = _total(debt.cause for debt in debts)
    if gross == 0:
        return "paid"
    if gross < rules.restore_below:
        return "below_threshold"
    if service.rewarded:
        return "arranged"
    if cause == 0 or cause < rules.restore_below:
        return "disputed"
    return None


# The conditions: code -> (ok, detail)


def _about_notice(service: Service, rules: Rules, today: date) -> dict[str, tuple[bool, str]]:
    notice = service.announcement
    last_day = _last_day(service, rules)
    return {
        "announced": (notice is not None and notice.delivered_on <= today, str(notice.delivered_on) if notice else ""),
        "deadline": (last_day is not None and last_day < today, str(last_day or "")),
        "clause": (
            service.clause or service.proportionate,
            "proportionate" if service.proportionate and not service.clause else "",
        ),
    }


def _about_amounts(service: Service, rules: Rules, today: date) -> dict[str, tuple[bool, str]]:
    """Each looks at what was announced, is overdue, and is of this service."""
    debts = _announced(service, today)
    needed = rules.needed(service)
    gross = _total(debt.amount for debt in debts)
    free = _total(debt.free for debt in debts)
    left = _EXACT.subtract(free, service.credits)
    codes = {code for debt in debts if debt.held for code in debt.held_codes}
    if service.rewarded:
        codes.add("arrangement")
    return {
        "owed": (free > 0, _text(free)),
        "amount": (gross >= needed, _text(needed)),
        # Once an arrangement restored it, the arrangement protects it: else it would go off and on again.
        "not_held": (not service.rewarded and (free == gross or free >= needed), ", ".join(sorted(codes))),
        # Money that nobody allocated yet counts as paid, and what then is left must still be enough.
        "credits": (
            service.credits == 0 or (left > 0 and left >= needed),
            _text(service.credits) if service.credits else "",
        ),
    }


def _about_service(service: Service, rules: Rules, today: date) -> dict[str, tuple[bool, str]]:
    newest = rules.newest_bank_data
    return {
        "bank_data": (
            newest is not None and (not rules.freshness_days or (today - newest).days <= rules.freshness_days),
            str(newest or ""),
        ),
        "not_paid_ahead": _over(service.paid_through, today),
        "not_essential": (not service.essential, ""),
        "not_exempt": _over(service.exempt_until, today),
        "not_postponed": _over(service.postponed_until, today),
        "not_insolvent": (not service.insolvent, ""),
    }


def _about_moment(
    service: Service, rules: Rules, today: date, hour: float, is_working_day: Callable[[date], bool]
) -> dict[str, tuple[bool, str]]:
    # On the eve of a day off nobody is there to hear that he paid, or to put it right.
    off = next((day for day in (today, days_later(today, 1)) if not is_working_day(day)), None)
    return {
        "working_day": (off is None, str(off or "")),
        "hour": (
            rules.first_hour <= hour < rules.last_hour,
            f"{_clock(rules.first_hour)}-{_clock(rules.last_hour)}",
        ),
        "cap": (rules.done_today < rules.daily_cap, f"{rules.done_today}/{rules.daily_cap}"),
        "live": (rules.live and not rules.paused, "paused" if rules.paused else "" if rules.live else "safe_mode"),
        "approved": (service.approved or not (rules.approval or _unproven(service)), ""),
    }


def _unproven(service: Service) -> bool:
    return service.announcement is not None and not service.announcement.proven


def _over(until: date | None, today: date) -> tuple[bool, str]:
    return until is None or until < today, str(until or "")


def _last_day(service: Service, rules: Rules) -> date | None:
    """The last day to pay: never earlier than the notice said, nor than the days after its delivery."""
    notice = service.announcement
    if notice is None:
        return None
    days = rules.days_consumer if service.consumer else rules.days_business
    return days_later(max(notice.deadline, days_later(notice.delivered_on, days)), service.grace_days)


def _announced(service: Service, today: date) -> list[Debt]:
    return [debt for debt in service.debts if debt.announced and debt.due_date < today]


def _earliest(
    service: Service, rules: Rules, today: date, hour: float, is_working_day: Callable[[date], bool]
) -> date | None:
    """The first day that fulfils what a day can fulfil; the caller saw to the rest."""
    last_day = _last_day(service, rules)
    enough = _enough_on(service, rules, today)
    if last_day is None or enough is None or rules.newest_bank_data is None or not rules.daily_cap:
        return None
    ends = [last_day, service.paid_through, service.exempt_until, service.postponed_until]
    if hour >= rules.last_hour or rules.done_today >= rules.daily_cap:
        ends.append(today)
    after = max(day for day in ends if day is not None)
    if after > date.max - timedelta(days=LONGEST_CLOSURE + 2):
        return None  # exempt for ever
    first = max(today, enough, after + ONE_DAY)
    days = (days_later(first, count) for count in range(LONGEST_CLOSURE + 1))
    return next((day for day in days if is_working_day(day) and is_working_day(days_later(day, 1))), None)


def _enough_on(service: Service, rules: Rules, today: date) -> date | None:
    """The first day on which the announced debts that are overdue are enough to suspend for; None: never."""
    due = {debt.due_date for debt in service.debts if debt.announced and debt.due_date >= today}
    for day in (today, *(days_later(day, 1) for day in sorted(due))):
        if all(ok for ok, _detail in _about_amounts(service, rules, day).values()):
            return day
    return None


# Texts and checks


def _total(amounts: Iterable[Decimal]) -> Decimal:
    total = ZERO
    for amount in amounts:
        total = _EXACT.add(total, amount)
    return total


def _text(amount: Decimal) -> str:
    """For people: half of a cent needed is a cent needed."""
    return f"{amount.quantize(CENT, ROUND_CEILING, _EXACT):f}"


def _clock(hour: float) -> str:
    return "{:02d}:{:02d}".format(*divmod(round(hour * 60), 60))


def _check_amount(name: str, value: object) -> Decimal:
    if check_money(name, value) < 0:
        raise ValueError(f"{name} must not be negative ({value}): enter zero for none.")
    return value


def _check_count(name: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} must be an int, not {type(value).__name__}: {value!r}")
    if value < 0:
        raise ValueError(f"{name} must not be negative ({value}): enter zero for none.")
    return value


def _check_hour(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"An hour must be a number, not {type(value).__name__}: {value!r}")
    if not 0 <= value <= 24:
        raise ValueError(f"An hour must be from 0 to 24, not {value}: correct it.")
    return value


def _check_flags(record: object, *names: str) -> None:
    for name in names:
        value = getattr(record, name)
        if not isinstance(value, bool):
            raise TypeError(f"{name} must be True or False, not {type(value).__name__}: {value!r}")
