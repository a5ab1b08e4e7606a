"""Interest rates in time: percent a year, each valid from a day."""

from bisect import bisect_right
from collections.abc import Iterable
from datetime import date
from decimal import ROUND_CEILING, Decimal, localcontext
from typing import NamedTuple

from ._checks import EXACT, check_day, check_decimal, check_not_negative
from .calendar import ONE_DAY

#: Points on top of the reference rate since 16 March 2013 (before: 7).
B2B_MARGIN = Decimal(8)


class RateSegment(NamedTuple):
    """One rate and the days it holds for, both ends included; ``rate`` in percent a year."""

    first_day: date
    last_day: date
    rate: Decimal


def b2b_rate(reference_rate: Decimal) -> Decimal:
    """Statutory rate between enterprises: the reference rate plus 8 points, up to the next half point.

    An exact half point stays. Source: article 5 of the law of 2 August 2002 on late payment, as it
    stands since 16 March 2013; older half-years had another margin and belong in a table.

    :param reference_rate: percent; the ECB's main refinancing rate on 1 January or 1 July
    :return: percent a year with one decimal
    :raises TypeError: if ``reference_rate`` is no Decimal
    :raises ValueError: if it is not finite, or so low that the rate would be negative
    """
    check_decimal("reference_rate", reference_rate)
    with localcontext(EXACT):
        rate = reference_rate + B2B_MARGIN
        if rate < 0:
            raise ValueError(f"reference_rate gives a negative rate: {reference_rate}")
        half_points = (rate * 2).to_integral_value(rounding=ROUND_CEILING)
        return (half_points / 2).quantize(Decimal("0.1"))


class RateTable:
    """Rates that follow each other without a gap, from the first row to ``covered_until``.

    :param rows: pairs of the first day and the percentage a year; in any order
    :param covered_until: last day the table answers for; by default 30 June or 31 December, the end of
        the half-year in which the last row begins. A table by calendar year, such as the civil rate,
        passes 31 December; a contractual rate the last day its contract holds for.
    :raises TypeError: if a row is no pair of a date and a Decimal
    :raises ValueError: if there is no row, if two begin on one day, if a rate is negative or not finite,
        or if ``covered_until`` lies before the last row
    """

    __slots__ = ("_covered_until", "_first_days", "_rates")

    def __init__(self, rows: Iterable[tuple[date, Decimal]], covered_until: date | None = None) -> None:
        by_day: dict[date, Decimal] = {}
        for row in rows:
            if not isinstance(row, tuple | list) or len(row) != 2:
                raise TypeError(f"a row must be a pair (valid from, percent): {row!r}")
            day = check_day("valid from", row[0])
            if day in by_day:
                raise ValueError(f"two rates are valid from {day}")
            by_day[day] = check_not_negative(f"the rate from {day}", row[1])
        if not by_day:
            raise ValueError("rows must hold at least one rate")
        self._first_days = sorted(by_day)
        self._rates = [by_day[day] for day in self._first_days]
        last = self._first_days[-1]
        if covered_until is None:
            covered_until = date(last.year, 6, 30) if last.month <= 6 else date(last.year, 12, 31)
        elif check_day("covered_until", covered_until) < last:
            raise ValueError(f"covered_until {covered_until} lies before the last row, {last}")
        self._covered_until = covered_until

    @property
    def covered_from(self) -> date:
        """First day with a rate."""
        return self._first_days[0]

    @property
    def covered_until(self) -> date:
        """Last day with a rate; callers cut their period here and say so."""
        return self._covered_until

    def _row_on(self, name: str, day: date) -> int:
        check_day(name, day)
        if not self.covered_from <= day <= self.covered_until:
            raise ValueError(f"no rate on {day}: {name} must lie from {self.covered_from} to {self.covered_until}")
        return bisect_right(self._first_days, day) - 1

    def on(self, day: date) -> Decimal:
        """The rate on a day, in percent a year.

        :raises TypeError: if ``day`` is no date
        :raises ValueError: if no rate covers it
        """
        return self._rates[self._row_on("day", day)]

    def segments(self, first_day: date, last_day: date) -> list[RateSegment]:
        """The rates of a period in order, one piece a row, that together hold every day of it once.

        Two rows with the same percentage stay two pieces, so that a claim can show each half-year.

        :param first_day: included
        :param last_day: included
        :raises TypeError: if a bound is no date
        :raises ValueError: if a bound lies outside the table, or the last before the first
        """
        start = self._row_on("first_day", first_day)
        stop = self._row_on("last_day", last_day)
        if last_day < first_day:
            raise ValueError(f"last_day {last_day} lies before first_day {first_day}")
        pieces = []
        for row in range(start, stop + 1):
            begin = first_day if row == start else self._first_days[row]
            end = last_day if row == stop else self._first_days[row + 1] - ONE_DAY
            pieces.append(RateSegment(begin, end, self._rates[row]))
        return pieces
