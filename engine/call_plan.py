"""When to call whom: calls land in the golden hours, the most valuable first, as many as the week has room for. Pure.

People answer in the middle of the morning and the early afternoon, early in the week; half an hour of it each week is
kept up, a whole day is not. So a call gets a day and a block of hours, and keeps them.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

#: Calls that find no room within these weeks come on top in the last of them: later, nobody would call at all.
WEEKS = 2


@dataclass(frozen=True)
class Hours:
    """Golden hours of a company.

    `days`: weekdays that come first, Monday 0. `blocks`: hours from and until, in order. `minutes` for one call,
    `week_minutes` that one person spends on calls in a week.
    """

    days: frozenset[int] = frozenset((0, 1))
    blocks: tuple[tuple[float, float], ...] = ((9.5, 11.5), (13.5, 15.5))
    minutes: int = 6
    week_minutes: int = 30

    @property
    def a_week(self):
        return max(self.week_minutes // self.minutes, 1)

    def a_block(self, block):
        start, stop = self.blocks[block]
        return max(int((stop - start) * 60) // self.minutes, 1)


@dataclass(frozen=True)
class Call:
    """One call to plan: its key, who makes it, and what it is about in company currency."""

    key: Any
    owner: Any
    value: float


def plan(
    calls: Iterable[Call],
    hours: Hours,
    today: date,
    hour: float,
    working: Callable[[Any, date], bool],
    taken: Mapping[tuple[Any, date, int], int],
):
    """Give each call a day and a block.

    :param hour: time of `today`; a block that began is over
    :param working: whether a person works on a day: no holiday, not away
    :param taken: how many calls of (person, day, block) there are already, also those made
    :return: dict key -> (day, number of the block)
    """
    taken = Counter(taken)
    slots = {}
    result = {}
    for call in sorted(calls, key=lambda call: (-call.value, call.key)):
        if call.owner not in slots:
            slots[call.owner] = _slots(hours, today, hour, lambda day, owner=call.owner: working(owner, day))
        result[call.key] = slot = _choose(call.owner, slots[call.owner], hours, taken)
        taken[(call.owner, *slot)] += 1
    return result


def _slots(hours, today, hour, working):
    """The coming blocks of one person, week by week: (Monday of the week, day, block)."""
    monday = today - timedelta(days=today.weekday())
    result = []
    weeks = 0
    # A person who is away for long, or a year without working days: the search ends all the same.
    for number in range(60):
        week = monday + timedelta(weeks=number)
        days = [day for day in (week + timedelta(days=n) for n in range(7)) if working(day)]
        # Only in a week without any of the chosen days another day will do.
        days = [day for day in days if day.weekday() in hours.days] or days
        found = [
            (week, day, block)
            for day in days
            for block, (start, _stop) in enumerate(hours.blocks)
            if day > today or (day == today and start > hour)
        ]
        result += found
        weeks += bool(found)
        if weeks == WEEKS:
            break
    return result or [(monday, today, 0)]


def _choose(owner, slots, hours, taken):
    """The first block with room in a week with room; else the emptiest block of the last week."""
    of_week = Counter()
    for (who, day, _block), count in taken.items():
        if who == owner:
            of_week[day - timedelta(days=day.weekday())] += count
    for week, day, block in slots:
        if of_week[week] < hours.a_week and taken[(owner, day, block)] < hours.a_block(block):
            return day, block
    last = slots[-1][0]
    return min(
        ((day, block) for week, day, block in slots if week == last),
        key=lambda slot: (taken[(owner, *slot)], slot),
    )
