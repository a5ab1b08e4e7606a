"""Decide, for one customer, what follow-up may do today. Pure: no clock, no database, no Odoo.

The calendar and the law's answers (the end of a consumer's waiting period, working days) come in as arguments.
Money is `Decimal` in the currency named beside it; days are `date`. When a fact is missing the answer is
"do nothing, and here is why".
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

ZERO = Decimal("0")
CENT = Decimal("0.01")
WEEK = timedelta(days=7)

#: From mild to firm. A ladder never goes back down, and a message takes the tone of its firmest level.
KIND_RANK = {
    "courtesy": 0,
    "first_reminder": 1,
    "reminder": 2,
    "formal_notice": 3,
    "final_notice": 4,
    "hand_over": 5,
}

#: Reasons that a person may overrule with the *Send notice* button. Every other reason also stops a person.
SOFT_REASONS = frozenset(
    {
        "not_yet",
        "min_gap",
        "minimum_amount",
        "bank_data_old",
        "paused",
        "before_cutoff",
        "not_working_day",
        "max_contacts",
        "customer_day",
        "customer_week",
    }
)

#: With a lawyer, a bailiff or an agency, or back from them: the ladder has no next level, whatever is left of it.
ELSEWHERE = frozenset({"handed_over", "handover_closed"})


@dataclass(frozen=True, slots=True)
class Level:
    """One step of a policy. `minimum_amount` is in the company's currency."""

    id: int
    sequence: int
    kind: str
    delay: int
    delay_from: str  # "due_date" | "previous" | "waiting_period"
    written: bool
    call: bool
    automatic: bool
    minimum_amount: Decimal = ZERO

    @property
    def rank(self) -> tuple[int, int, int]:
        return (KIND_RANK[self.kind], self.sequence, self.id)


@dataclass(frozen=True, slots=True)
class Policy:
    """An ordered set of levels."""

    id: int
    levels: tuple[Level, ...]

    def level(self, level_id: int | None) -> Level | None:
        return next((level for level in self.levels if level.id == level_id), None)

    def next_level(self, item: "Item", overdue: bool) -> Level | None:
        """The level after the one delivered, never further; None at the end of the ladder.

        A level reached in another policy counts as the last level here that is not firmer. A level that waits
        for the consumer's fourteen days sends an item without them back to the first reminder: without that
        proof the next step is not allowed (art. XIX.2 WER/CDE). So does a reminder that was sent elsewhere: it counts
        for a consumer only with that proof.
        """
        levels = [level for level in self.levels if not (overdue and level.kind == "courtesy")]
        reached = self.level(item.level_id)
        if reached is not None:
            levels = [level for level in levels if (level.sequence, level.id) > (reached.sequence, reached.id)]
        elif item.level_kind is not None:
            rank = KIND_RANK[item.level_kind]
            levels = [level for level in levels if KIND_RANK[level.kind] > rank]
        following = levels[0] if levels else None
        if item.waiting_until is None and item.consumer:
            first = next((level for level in self.levels if level.kind == "first_reminder"), None)
            if (following and following.delay_from == "waiting_period") or (item.elsewhere and first):
                return first
        return following


@dataclass(frozen=True, slots=True)
class Reason:
    """Why nothing happens: a code, the last day it holds (None: until something changes), and a detail."""

    code: str
    until: date | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Cover:
    """What a promise, a dispute or an arrangement keeps out of follow-up: an amount, in the item's currency, and why.

    A cover whose reason has ended holds nothing any more.
    """

    amount: Decimal
    reason: Reason


@dataclass(frozen=True, slots=True)
class Item:
    """One open item: what is left of it, where it stands on its ladder, and what holds it.

    `residual` is positive, in `currency`; `residual_company` is the same in the company's currency.
    `level_kind` is the kind of the level delivered, also when that level belongs to another policy. `consumer`: the
    law for consumers holds for it (unknown counts as one). `covers` keep a part of it, or all of it, out of follow-up.
    `hurry_from`: a promise about it was broken, so that the next step does not wait for its delay; never before this
    day. `review`: why a person must see its next message first. `elsewhere`: its level was reached by a reminder of
    somebody else. `included`: a person wants it followed up although it fell due before the cut-off date.
    """

    id: int
    due_date: date
    currency: int
    residual: Decimal
    residual_company: Decimal
    policy: Policy | None
    level_id: int | None = None
    level_kind: str | None = None
    delivered_on: date | None = None
    waiting_until: date | None = None
    waiting_by_post: bool = False
    consumer: bool = True
    pending: bool = False
    holds: tuple[Reason, ...] = ()
    covers: tuple[Cover, ...] = ()
    hurry_from: date | None = None
    review: tuple[str, ...] = ()
    elsewhere: bool = False
    included: bool = False

    def held(self, today: date) -> Decimal:
        """The part that covers in force keep out of follow-up; never more than is open."""
        amount = sum((cover.amount for cover in self.covers if _holds(cover.reason, today)), ZERO)
        return min(amount, self.residual)

    def payable(self, today: date) -> Decimal:
        """What may be asked for, in `currency`."""
        return self.residual - self.held(today)

    def payable_company(self, today: date) -> Decimal:
        """What may be asked for, in the company's currency, to the cent."""
        held = self.held(today)
        if not held:
            return self.residual_company
        return (self.residual_company * (self.residual - held) / self.residual).quantize(CENT)

    def reasons(self, today: date) -> tuple[Reason, ...]:
        """The holds in force, and the covers that together take the whole of it."""
        reasons = [hold for hold in self.holds if _holds(hold, today)]
        if self.covers and self.payable(today) <= 0:
            reasons += [cover.reason for cover in self.covers if cover.amount and _holds(cover.reason, today)]
        return tuple(reasons)


@dataclass(frozen=True, slots=True)
class Credit:
    """Money of the customer that is not yet allocated: credit notes, payments. Positive amounts."""

    currency: int
    amount: Decimal
    amount_company: Decimal


@dataclass(frozen=True, slots=True)
class Settings:
    """What the company decided. Amounts in the company's currency, but `minimums` per currency.

    `day_cap`, `week_cap`: messages to one customer, 0 for no limit. `stopped`: somebody stopped everything.
    """

    minimum_gap: int = 7
    minimum_amount: Decimal = ZERO
    minimums: dict[int, Decimal] = field(default_factory=dict)
    cutoff: date | None = None
    paused_until: date | None = None
    pause_reason: str = ""
    newest_bank_data: date | None = None
    freshness_days: int = 0
    max_contacts: int = 0
    bounces_seen: bool = True
    live: bool = False
    day_cap: int = 0
    week_cap: int = 0
    stopped: bool = False


@dataclass(frozen=True, slots=True)
class Customer:
    """Everything known of one customer in one company. `messages`: the days of those of the last week, each.

    `live`: he belongs to the customers with whom live mode began; the others stay in safe mode. `review`: why a person
    must see each message to him first.
    """

    id: int
    items: tuple[Item, ...]
    credits: tuple[Credit, ...] = ()
    last_message_on: date | None = None
    holds: tuple[Reason, ...] = ()
    notice_open: bool = False
    contacts: int = 0
    live: bool = True
    review: tuple[str, ...] = ()
    messages: tuple[date, ...] = ()


@dataclass(frozen=True, slots=True)
class ItemDecision:
    """What happens next with one item: the level, the day, and the reasons why not now."""

    item: Item
    level: Level | None
    on: date | None
    reasons: tuple[Reason, ...]

    @property
    def due(self) -> bool:
        return self.level is not None and not self.reasons


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a message: the item, the level that it stands at in it, whether this message advances it.

    `payable` and `payable_company` are what the message may ask for; None: all that is open.
    """

    item: Item
    level: Level | None
    advances: bool
    payable: Decimal | None = None
    payable_company: Decimal | None = None

    @property
    def amount(self) -> Decimal:
        return self.item.residual if self.payable is None else self.payable

    @property
    def amount_company(self) -> Decimal:
        return self.item.residual_company if self.payable_company is None else self.payable_company


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer for one customer.

    `message` holds the rows of the one message to send (empty: no message), `message_level` the level whose
    template speaks, `calls` the items to call about. `reasons` is kept for people to read.
    """

    customer: Customer
    items: tuple[ItemDecision, ...]
    message: tuple[Line, ...] = ()
    message_level: Level | None = None
    calls: tuple[Line, ...] = ()
    call_level: Level | None = None
    review: tuple[str, ...] = ()
    reasons: tuple[Reason, ...] = ()
    next_level: Level | None = None
    next_date: date | None = None

    @property
    def acts(self) -> bool:
        return bool(self.message or self.calls)


def look_again(decision: Decision, today: date) -> date | None:
    """The first day after `today` on which the answer, or a figure made of it, may differ by itself.

    Never later than a week; None when something should have happened today: look again whenever possible.
    """
    if decision.acts:
        return None
    days = [today + timedelta(days=7)]
    for hold in decision.customer.holds:
        days += _days_after([hold.until] if hold.until else [])
    for row in decision.items:
        item = row.item
        # Overdue, and the edges of the ageing buckets.
        days += (item.due_date + timedelta(days=late) for late in (1, 31, 61, 91))
        ends = (hold.until for hold in (*item.holds, *(cover.reason for cover in item.covers), *row.reasons))
        days += (day + timedelta(days=1) for day in ends if day)
        if row.on:
            days.append(row.on)
        if (row.level and row.level.kind == "courtesy") or any(r.code == "max_contacts" for r in row.reasons):
            days.append(today + timedelta(days=1))  # moves with the day
    return min(day for day in days if day > today)


def due_day(item: Item, level: Level, is_working_day: Callable[[date], bool]) -> date:
    """The first working day on which `level` may be taken for `item`."""
    if level.delay_from == "waiting_period" and item.waiting_until is not None:
        base = item.waiting_until
    elif level.delay_from == "previous" and item.delivered_on is not None:
        base = item.delivered_on
    elif level.delay_from == "waiting_period" and item.delivered_on is not None:
        # A business on the consumers' ladder has no fourteen days of its own: it gets as many after the last step.
        base = item.delivered_on + timedelta(days=14)
    else:
        base = item.due_date
    day = base + timedelta(days=level.delay)
    if level.kind == "courtesy":
        # A question before the due date is pointless after it: move back, not forward.
        return _working(day, is_working_day, -1)
    return _working(day, is_working_day, 1)


def decide(
    customer: Customer,
    settings: Settings,
    today: date,
    is_working_day: Callable[[date], bool],
    manual: bool = False,
    approved: frozenset[int] = frozenset(),
) -> Decision:
    """Decide what follow-up does for `customer` on `today`.

    `manual`: a person asks for the next notice now; `approved`: ids of items whose next step a person has
    approved. For them the reasons in `SOFT_REASONS` are waived, never the others (a hold, a dispute, a notice
    under way, the consumer's waiting period, credits that cover the debt).
    """
    group_reasons = _currency_reasons(customer, settings, today)
    decisions = tuple(
        _decide_item(item, customer, settings, today, is_working_day, group_reasons) for item in customer.items
    )
    waived = frozenset(item.id for item in customer.items) if manual else approved
    decisions = tuple(_waive_soft(d) if d.item.id in waived else d for d in decisions)
    due = [decision for decision in decisions if decision.due]
    total = sum((item.payable_company(today) for item in _chaseable(customer, today)), ZERO)
    total -= sum((credit.amount_company for credit in customer.credits), ZERO)
    small = {d.level.id for d in due if d.level and d.level.minimum_amount > max(total, ZERO)}
    decisions = tuple(
        _with_reason(d, Reason("minimum_amount"), is_working_day)
        if d.due and d.level and d.level.id in small and d.item.id not in waived
        else d
        for d in decisions
    )

    written = [d for d in decisions if d.due and d.level and d.level.written]
    gap_until = None
    if customer.last_message_on is not None and settings.minimum_gap > 0:
        gap_until = customer.last_message_on + timedelta(days=settings.minimum_gap - 1)
    if gap_until is not None and gap_until >= today:
        blocked = {d.item.id for d in written} - waived
        decisions = tuple(
            _with_reason(d, Reason("min_gap", gap_until), is_working_day) if d.item.id in blocked else d
            for d in decisions
        )
        written = [d for d in written if d.item.id not in blocked]
    wait = cap_reason(customer.messages, settings, today)
    if wait is not None:
        blocked = {d.item.id for d in written} - waived
        decisions = tuple(_with_reason(d, wait, is_working_day) if d.item.id in blocked else d for d in decisions)
        written = [d for d in written if d.item.id not in blocked]
    calls = [d for d in decisions if d.due and d.level and d.level.call and not d.level.written]

    message_level = max((d.level for d in written if d.level), key=lambda level: level.rank, default=None)
    message = tuple(_message_lines(decisions, today, {d.item.id for d in written})) if message_level else ()
    review = []
    if message_level:
        if not settings.live:
            review.append("safe_mode")
        elif not customer.live:
            review.append("outside_segment")
        if any(d.level and not d.level.automatic for d in written):
            review.append("level")
        if settings.freshness_days > 0 and settings.newest_bank_data is None:
            review.append("no_bank_data")
        if not settings.bounces_seen and any(
            d.item.waiting_until is not None and not d.item.waiting_by_post for d in written
        ):
            # His fourteen days stand on an e-mail that may have come back without anybody seeing it.
            review.append("no_bounces")
        review += sorted({code for d in written for code in d.item.review})
        review += customer.review

    upcoming = min(
        (d for d in decisions if d.level is not None and d.on is not None),
        key=lambda d: (max(d.on, today), [-rank for rank in d.level.rank], d.on),
        default=None,
    )
    return Decision(
        customer=customer,
        items=decisions,
        message=message,
        message_level=message_level,
        calls=tuple(_line(d.item, d.level, True, today) for d in calls),
        call_level=max((d.level for d in calls if d.level), key=lambda level: level.rank, default=None),
        review=tuple(review),
        reasons=_customer_reasons(decisions, today),
        next_level=upcoming.level if upcoming else None,
        next_date=upcoming.on if upcoming else None,
    )


def cap_reason(days: Iterable[date], settings: Settings, today: date) -> Reason | None:
    """Why a customer gets no further message today, and the last day on which that holds; None when he may get one.

    `days`: of the messages that he got, one entry a message, in any order; the future counts as today. A week is today
    and the six days before it.
    """
    recent = sorted(min(day, today) for day in days if day > today - WEEK)
    if settings.week_cap and len(recent) >= settings.week_cap:
        # The day on which so many of them are a week old that there is room for one again.
        leaving = recent[len(recent) - settings.week_cap]
        return Reason("customer_week", leaving + WEEK - timedelta(days=1))
    if settings.day_cap and recent.count(today) >= settings.day_cap:
        return Reason("customer_day", today)
    return None


def repeat(customer: Customer, settings: Settings, today: date, said: list[tuple[int, int | None, bool]]) -> Decision:
    """The same message once more, on its items as they are now: a letter that goes beside an e-mail.

    `said`: (item id, level id, whether it advances) of the message. Its calendar was decided with the e-mail, and
    that one takes the items to their level; here only what is paid, held, disputed or covered by credits drops out.
    Without an advancing item left the answer holds no message, and the reasons say why.
    """
    covered = _currency_reasons(customer, settings, today)
    by_id = {item.id: item for item in customer.items}
    holds = tuple(hold for hold in customer.holds if _holds(hold, today))
    lines: list[Line] = []
    reasons: list[Reason] = list(holds)
    for item_id, level_id, advances in said:
        item = by_id.get(item_id)
        if item is None:
            continue
        why = [*item.reasons(today), *(r for r in covered.get(item.currency, ()) if r.code == "credits")]
        if holds or why or item.payable(today) <= 0:
            reasons += why
            continue
        level = item.policy.level(level_id) if item.policy else None
        lines.append(_line(item, level, advances and level is not None, today))
    top = max((line.level for line in lines if line.advances and line.level), key=lambda lv: lv.rank, default=None)
    return Decision(
        customer=customer,
        items=(),
        message=tuple(lines) if top else (),
        message_level=top,
        reasons=tuple(dict.fromkeys(reasons)),
    )


def _decide_item(
    item: Item,
    customer: Customer,
    settings: Settings,
    today: date,
    is_working_day: Callable[[date], bool],
    group_reasons: dict[int, tuple[Reason, ...]],
) -> ItemDecision:
    holds = [*(hold for hold in customer.holds if _holds(hold, today)), *item.reasons(today)]
    if item.pending:
        return ItemDecision(item, None, None, (Reason("notice_under_way"), *holds))
    if any(hold.code in ELSEWHERE for hold in holds):
        return ItemDecision(item, None, None, tuple(holds))
    if item.policy is None or not item.policy.levels:
        return ItemDecision(item, None, None, (Reason("no_policy"), *holds))
    overdue = item.due_date < today
    level = item.policy.next_level(item, overdue)
    if level is None:
        return ItemDecision(item, None, None, (Reason("ladder_finished"), *holds))
    day = due_day(item, level, is_working_day)
    if item.hurry_from is not None and overdue and level.delay_from != "waiting_period":
        day = min(day, _working(item.hurry_from, is_working_day, 1))
    if level.kind == "courtesy" and day < today and not overdue:
        # The day of the courtesy message passed unused; it may still be sent up to the due date.
        day = _working(today, is_working_day, 1)
        if day > item.due_date:
            level = Policy(item.policy.id, tuple(lv for lv in item.policy.levels if lv.kind != "courtesy")).next_level(
                item, True
            )
            if level is None:
                return ItemDecision(item, None, None, (Reason("ladder_finished"), *holds))
            day = due_day(item, level, is_working_day)
    if level.kind != "courtesy" and day <= item.due_date:
        day = _working(item.due_date + timedelta(days=1), is_working_day, 1)
    reasons: list[Reason] = list(holds)
    if customer.notice_open:
        reasons.append(Reason("notice_open"))
    if day > today:
        waiting = level.delay_from == "waiting_period" and item.waiting_until is not None
        reasons.append(Reason("waiting_period" if waiting else "not_yet", day - timedelta(days=1)))
    if not overdue and level.kind != "courtesy":
        reasons.append(Reason("not_overdue", item.due_date))
    if level.kind == "courtesy" and any(_chaseable(customer, today)):
        # A friendly question does not go with a demand, nor an amount that is not due yet into its total.
        reasons.append(Reason("overdue_elsewhere"))
    if overdue:
        reasons.extend(group_reasons.get(item.currency, ()))
    if settings.cutoff is not None and item.due_date < settings.cutoff and not item.included:
        reasons.append(Reason("before_cutoff"))
    if settings.stopped:
        reasons.append(Reason("stopped"))
    if settings.paused_until is not None and settings.paused_until >= today:
        reasons.append(Reason("paused", settings.paused_until, settings.pause_reason))
    if _bank_data_old(settings, today):
        reasons.append(Reason("bank_data_old", None, settings.newest_bank_data.isoformat()))
    if settings.max_contacts and customer.contacts >= settings.max_contacts:
        reasons.append(Reason("max_contacts"))
    if not is_working_day(today):
        reasons.append(Reason("not_working_day", today))
    if any(reason.until is None for reason in reasons):
        return ItemDecision(item, level, None, tuple(reasons))  # nobody can say until when
    ends = [reason.until for reason in reasons if reason.until is not None]
    return ItemDecision(item, level, _working(max(day, *_days_after(ends)), is_working_day, 1), tuple(reasons))


def _days_after(days: list[date]) -> list[date]:
    return [day + timedelta(days=1) for day in days] or [date.min]


def _waive_soft(decision: ItemDecision) -> ItemDecision:
    reasons = tuple(reason for reason in decision.reasons if reason.code not in SOFT_REASONS)
    return ItemDecision(decision.item, decision.level, decision.on, reasons)


def _with_reason(decision: ItemDecision, reason: Reason, is_working_day: Callable[[date], bool]) -> ItemDecision:
    day = None  # nobody can say until when
    if reason.until is not None and decision.on is not None:
        day = _working(max(decision.on, reason.until + timedelta(days=1)), is_working_day, 1)
    return ItemDecision(decision.item, decision.level, day, (*decision.reasons, reason))


def _chaseable(customer: Customer, today: date) -> Iterator[Item]:
    """Overdue items that nothing holds: the only ones that a message may name."""
    if any(_holds(hold, today) for hold in customer.holds):
        return
    for item in customer.items:
        if item.due_date < today and not item.reasons(today):
            yield item


def _currency_reasons(customer: Customer, settings: Settings, today: date) -> dict[int, tuple[Reason, ...]]:
    """Per currency: does unallocated money cover the debt, or is what is left too small to write about?"""
    owed: dict[int, Decimal] = {}
    owed_company: dict[int, Decimal] = {}
    for item in _chaseable(customer, today):
        owed[item.currency] = owed.get(item.currency, ZERO) + item.payable(today)
        owed_company[item.currency] = owed_company.get(item.currency, ZERO) + item.payable_company(today)
    # Money in one currency may well be meant for a debt in another: when together it covers all, ask a person.
    credit_company = sum((credit.amount_company for credit in customer.credits), ZERO)
    all_covered = bool(owed) and credit_company > 0 and credit_company >= sum(owed_company.values(), ZERO)
    result: dict[int, tuple[Reason, ...]] = {}
    for currency, amount in owed.items():
        credit = sum((c.amount for c in customer.credits if c.currency == currency), ZERO)
        credit_own = sum((c.amount_company for c in customer.credits if c.currency == currency), ZERO)
        if all_covered or (credit > 0 and credit >= amount):
            result[currency] = (Reason("credits"),)
            continue
        if currency in settings.minimums:
            small = amount - credit < settings.minimums[currency]
        else:
            small = owed_company[currency] - credit_own < settings.minimum_amount
        if small:
            result[currency] = (Reason("minimum_amount"),)
    return result


def _message_lines(decisions: tuple[ItemDecision, ...], today: date, advancing: set[int]) -> Iterator[Line]:
    """Every overdue item that nothing holds, each at its own level; only those whose level was due advance."""
    for decision in decisions:
        item = decision.item
        if item.id in advancing:
            yield _line(item, decision.level, True, today)
        elif item.due_date < today and not any(
            reason.code not in SOFT_REASONS | {"notice_under_way", "waiting_period", "ladder_finished"}
            for reason in decision.reasons
        ):
            yield _line(item, item.policy.level(item.level_id) if item.policy else None, False, today)


def _line(item: Item, level: Level | None, advances: bool, today: date) -> Line:
    return Line(item, level, advances, item.payable(today), item.payable_company(today))


def _customer_reasons(decisions: tuple[ItemDecision, ...], today: date) -> tuple[Reason, ...]:
    """The reasons of the overdue items, each once, with the first day on which one of them ends."""
    seen: dict[tuple[str, str], Reason] = {}
    for decision in decisions:
        if decision.item.due_date >= today and len(decisions) > 1:
            continue
        for reason in decision.reasons:
            key = (reason.code, reason.detail)
            known = seen.get(key)
            if known is None or (reason.until or date.max) < (known.until or date.max):
                seen[key] = reason
    return tuple(seen.values())


def _holds(hold: Reason, today: date) -> bool:
    return hold.until is None or hold.until >= today


def _bank_data_old(settings: Settings, today: date) -> bool:
    return (
        settings.freshness_days > 0
        and settings.newest_bank_data is not None
        and settings.newest_bank_data < today - timedelta(days=settings.freshness_days)
    )


def _working(day: date, is_working_day: Callable[[date], bool], step: int) -> date:
    while not is_working_day(day):
        day += timedelta(days=step)
    return day
