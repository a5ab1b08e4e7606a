"""Judge a running payment arrangement. Pure: no clock, no database, no Odoo.

Money is `Decimal` in the one currency of the arrangement; days are `date`; the calendar comes in as an argument.
Whoever missed an instalment loses nothing before a notice about it has reached him and its last day has passed.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from .schedule import ZERO, check_day, check_money, days_later, next_working_day

#: The states of an instalment.
STATES = ("planned", "partly", "due", "late", "missed", "paid")


@dataclass(frozen=True, slots=True)
class Part:
    """One instalment.

    `missed_notice_pay_before`: the notice that it was missed was **delivered**, and named this last day to catch
    up; None: not delivered (yet). A caller who grants a new chance, for a payment that was reversed, leaves it None.
    `reminded`: the reminder before its day exists. `missed_notified`: a notice that it was missed exists, delivered
    or not.
    """

    day: date
    amount: Decimal
    missed_notice_pay_before: date | None = None
    reminded: bool = False
    missed_notified: bool = False


@dataclass(frozen=True, slots=True)
class Agreement:
    """An arrangement and what was paid for it.

    `parts` by day. `paid`: everything since the start, zero or more; it may exceed the total. `waiting_money`: money
    of the customer not allocated yet, that may be meant for it. `remind_days` 0: no reminders. `acceleration`: an
    instalment not caught up breaks the whole; without it, only that instalment goes back to ordinary follow-up.
    """

    parts: tuple[Part, ...]
    paid: Decimal
    grace_days: int = 3
    remind_days: int = 3
    waiting_money: Decimal = ZERO
    acceleration: bool = True


@dataclass(frozen=True, slots=True)
class PartState:
    """How one instalment stands.

    `state`: *planned*; *partly* (something paid, its day not past); *due* (today, nothing paid); *late* (past its
    day, within grace); *missed* (past grace); *paid*. `grace_until`: the last day of grace, a working day.
    """

    paid: Decimal
    state: str
    grace_until: date


@dataclass(frozen=True, slots=True)
class Verdict:
    """How the arrangement stands, and what to write today. Indexes are those of the parts.

    `shortfall`: what is missing of the missed parts. `released`: without acceleration, the part of it whose day to
    catch up has passed. `remind`: the part to remind of, before its day. `notify_missed`: the missed part to write
    about. `next_index`: the first part not fully paid. `held_until`: the last day on which the arrangement surely
    holds if nothing changes; before today only if it is broken, None when completed.
    """

    parts: tuple[PartState, ...]
    completed: bool
    broken: bool
    shortfall: Decimal
    released: Decimal
    remind: int | None
    notify_missed: int | None
    next_index: int | None
    held_until: date | None


def judge(agreement: Agreement, today: date, is_working_day: Callable[[date], bool]) -> Verdict:
    """How `agreement` stands on `today`.

    What was paid fills the parts in order of their days, whenever and in however many payments it came.

    :raises TypeError: for money that is no `Decimal`, a day that is no `date`, a count that is no `int`
    :raises ValueError: for no parts or parts out of order, an amount of zero or less, a negative number
    """
    _check(agreement, today)
    parts = agreement.parts
    states = _states(agreement, today, is_working_day)
    missing = [part.amount - state.paid for part, state in zip(parts, states, strict=True)]
    missed = [index for index, state in enumerate(states) if state.state == "missed"]
    lapsed = [index for index in missed if _passed(parts[index].missed_notice_pay_before, today)]
    unpaid = [index for index, left in enumerate(missing) if left > 0]
    shortfall = sum((missing[index] for index in missed), ZERO)
    # Money that waits to be allocated and covers what is missing: perhaps he paid, and a person has to look first.
    doubtful = bool(missed) and agreement.waiting_money >= shortfall
    fatal = lapsed if agreement.acceleration else [index for index in lapsed if index == len(parts) - 1]
    broken = bool(fatal) and not doubtful
    released = ZERO if agreement.acceleration else sum((missing[index] for index in lapsed), ZERO)
    if broken:
        held_until = min(_last_day(agreement, states, index) for index in fatal)
    else:
        held_until = _held_until(agreement, states, unpaid, missed, lapsed, today)
    return Verdict(
        parts=states,
        completed=not unpaid,
        broken=broken,
        shortfall=shortfall,
        released=released,
        remind=None if missed else _to_remind(agreement, unpaid, today),
        notify_missed=None if broken or doubtful else _to_notify(parts, missed),
        next_index=unpaid[0] if unpaid else None,
        held_until=held_until,
    )


def _check(agreement: Agreement, today: date) -> None:
    check_day("Today", today)
    for name, amount in (("What was paid", agreement.paid), ("The waiting money", agreement.waiting_money)):
        if check_money(name, amount) < 0:
            raise ValueError(f"{name} must not be negative ({amount}): enter zero for nothing.")
    for name, days in (("The days of grace", agreement.grace_days), ("The days to remind", agreement.remind_days)):
        if isinstance(days, bool) or not isinstance(days, int):
            raise TypeError(f"{name} must be an int, not {type(days).__name__}: {days!r}")
        if days < 0:
            raise ValueError(f"{name} must not be negative ({days}): enter zero for none.")
    if not agreement.parts:
        raise ValueError("The arrangement has no instalments: plan them first.")
    before = None
    for part in agreement.parts:
        check_day("The day of an instalment", part.day)
        if part.missed_notice_pay_before is not None:
            check_day("The day to catch up", part.missed_notice_pay_before)
        if check_money("An instalment", part.amount) <= 0:
            raise ValueError(f"The instalment of {part.day} must be more than zero, not {part.amount}: remove it.")
        if before is not None and part.day < before:
            raise ValueError(f"The instalment of {part.day} comes after that of {before}: put them in order.")
        before = part.day


def _states(agreement: Agreement, today: date, is_working_day: Callable[[date], bool]) -> tuple[PartState, ...]:
    states = []
    left = agreement.paid
    for part in agreement.parts:
        paid = min(left, part.amount)
        left -= paid
        grace_until = next_working_day(days_later(part.day, agreement.grace_days), is_working_day)
        states.append(PartState(paid, _state(part, paid, grace_until, today), grace_until))
    return tuple(states)


def _state(part: Part, paid: Decimal, grace_until: date, today: date) -> str:
    if paid >= part.amount:
        return "paid"
    if today > grace_until:
        return "missed"
    if today > part.day:
        return "late"
    if paid > 0:
        return "partly"
    return "due" if today == part.day else "planned"


def _passed(day: date | None, today: date) -> bool:
    return day is not None and day < today


def _to_remind(agreement: Agreement, unpaid: list[int], today: date) -> int | None:
    for index in unpaid:
        part = agreement.parts[index]
        if 0 < (part.day - today).days <= agreement.remind_days and not part.reminded:
            return index
    return None


def _to_notify(parts: tuple[Part, ...], missed: list[int]) -> int | None:
    """The first missed part without a notice: those before it have theirs."""
    for index in missed:
        if not parts[index].missed_notified and parts[index].missed_notice_pay_before is None:
            return index
    return None


def _held_until(
    agreement: Agreement,
    states: tuple[PartState, ...],
    unpaid: list[int],
    missed: list[int],
    lapsed: list[int],
    today: date,
) -> date | None:
    """The last day on which an arrangement that is not broken surely holds."""
    if not unpaid:
        return None
    # Without acceleration a part that was released is no longer held: the others count.
    held = missed if agreement.acceleration else [index for index in missed if index not in lapsed]
    following = [index for index in unpaid if index not in missed]
    days = [_last_day(agreement, states, index) for index in held or following[:1]]
    # A missed part whose notice is not delivered has a last day in the past: it gives today.
    return max(today, min(days, default=today))


def _last_day(agreement: Agreement, states: tuple[PartState, ...], index: int) -> date:
    """The last day to pay a part: the end of its grace, or what a delivered notice named when that is later."""
    return max(states[index].grace_until, agreement.parts[index].missed_notice_pay_before or date.min)
