"""Brakes: who waits for tomorrow, and when a night or a row of returned e-mails is too much. Pure: no clock, no database.

Days are `date`, money is `Decimal` in the company's currency. 0 as a limit means: no limit.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from statistics import median

#: With fewer runs than this that sent something nobody can say what is usual.
ENOUGH_RUNS = 3

#: Why a message that could leave waits, the strongest first.
HELD_BY = ("stop", "surge", "bounces", "company_day", "customer_day", "customer_week")


@dataclass(frozen=True, slots=True)
class Limits:
    """What a company allows: messages a day, and to one customer a day and within seven days."""

    company_day: int = 0
    customer_day: int = 0
    customer_week: int = 0

    def __post_init__(self):
        for name in ("company_day", "customer_day", "customer_week"):
            if getattr(self, name) < 0:
                raise ValueError(f"The limit {name} cannot be negative: {getattr(self, name)}. Take 0 for no limit.")


@dataclass(frozen=True, slots=True)
class Sent:
    """What left already: by the company today, and to the customer today and in the week that ends today."""

    company_day: int = 0
    customer_day: int = 0
    customer_week: int = 0


@dataclass(frozen=True, slots=True)
class Waiting:
    """A message that waits to leave."""

    id: int
    prepared_on: date
    amount: Decimal


def over(limits: Limits, sent: Sent) -> str | None:
    """The limit that one more message would pass; None when it may leave."""
    for name in ("company_day", "customer_day", "customer_week"):
        limit = getattr(limits, name)
        if limit and getattr(sent, name) >= limit:
            return name
    return None


def ration(waiting: Iterable[Waiting], room: int) -> tuple[list[int], list[int]]:
    """Share out the room of a day: what waits longest goes first, then the highest amount.

    :return: (ids that go, ids that wait for another day)
    """
    ordered = sorted(waiting, key=lambda message: (message.prepared_on, -message.amount, message.id))
    room = max(room, 0)
    return [message.id for message in ordered[:room]], [message.id for message in ordered[room:]]


def surge_limit(history: Sequence[int], multiple: float, least: int, first: int) -> int | None:
    """How many messages one night may send by itself; None: any number.

    `history`: what recent nights sent, nights without a message left out. `multiple` of their median, but never below
    `least`; `first` as long as there are too few of them to know what is usual.
    """
    history = [number for number in history if number > 0]
    if len(history) < ENOUGH_RUNS:
        return first or None
    if not multiple:
        return None
    return max(int(median(history) * multiple), least)


def too_many_bounces(sent: int, returned: int, share: float, least: int) -> bool:
    """Whether more than `share` percent of `sent` messages came back, and at least `least` of them."""
    if not share or returned < max(least, 1) or sent <= 0:
        return False
    return Fraction(returned * 100, sent) > Fraction(str(share))
