"""Late-payment interest: simple, on a declining balance, rounded once.

Articles 2 and 5 of the law of 2 August 2002 between enterprises (by law, from the day after the due
date, on the open amount with VAT); article XIX.4 of the Code of Economic Law towards consumers, where
the day that takes the place of the due date is the day the reminder was sent (SME creditor) or the last
day of the waiting period (any other), never the due date of the invoice.
"""

from calendar import isleap
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, localcontext
from itertools import pairwise
from typing import Literal

from ._checks import EXACT, ZERO_CENTS, check_day, check_not_negative
from .calendar import ONE_DAY
from .rates import RateTable

#: Least common multiple of both year lengths: the weight of a day as a whole number.
_ACTUAL = 365 * 366


@dataclass(frozen=True, slots=True)
class Segment:
    """Interest over days that share one base, one rate and one length of year.

    ``first_day`` and ``last_day`` included, ``days`` between them, ``base`` the open principal and
    ``amount`` the interest in the currency of the principal, ``rate`` in percent a year. ``amount`` is
    ``base * rate * days / (100 * year)`` to less than a cent: the running total is rounded, not each line,
    so that the lines add up and earlier lines stay as they are while time goes on.
    """

    first_day: date
    last_day: date
    days: int
    base: Decimal
    rate: Decimal
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Accrual:
    """Interest to the cent and the segments that explain it, in order of time.

    Days on which nothing is open, because everything is paid, have no segment.
    """

    total: Decimal
    segments: tuple[Segment, ...]


def accrue(
    principal: Decimal,
    due_date: date,
    until: date,
    rates: RateTable,
    payments: Sequence[tuple[date, Decimal]] = (),
    year_days: int | Literal["actual"] = 365,
    respites: Sequence[tuple[date, Decimal]] = (),
) -> Accrual:
    """Interest from the day after ``due_date`` up to and including ``until``.

    A payment lowers the base from the day after it; up to and including the due date it reduces the
    principal; after ``until`` it is ignored. The base never falls below zero, and nothing is computed on
    interest or costs. The total is rounded once, half up.

    :param principal: amount due with VAT, in the currency of the claim
    :param due_date: bears no interest itself
    :param until: bears interest; up to and including the due date gives 0.00
    :param rates: percent a year; must cover the period, even where nothing is open any more
    :param payments: day and amount of payments and credit notes, in any order, same currency; a payment
        that was reversed is left out, not passed as a negative amount
    :param respites: day and amount that an arrangement takes out of what bears interest from the next day on; a
        negative amount puts it back. Nothing is paid by it: the base is what is open less what has respite
    :param year_days: days of a year for the division, or ``"actual"``: each day weighs 1/365 or 1/366 by
        its calendar year, and a segment ends where the length of the year changes
    :raises TypeError: if money is no Decimal, a day no date, or ``year_days`` neither an int nor ``"actual"``
    :raises ValueError: if the principal or a payment is negative or not finite, if ``year_days`` is not
        positive, or if a day that bears interest has no rate
    """
    check_not_negative("principal", principal)
    check_day("due_date", due_date)
    check_day("until", until)
    paid_by_day = _paid_by_day(payments)
    year = _ACTUAL if year_days == "actual" else _check_year_days(year_days)
    if until <= due_date:
        return Accrual(ZERO_CENTS, ())

    first_day = due_date + ONE_DAY
    rate_from = {piece.first_day: piece.rate for piece in rates.segments(first_day, until)}
    with localcontext(EXACT):
        balance = principal
        paid_from: dict[date, Decimal] = {}  # first day with another base -> what came off it the day before
        for day, paid in (*paid_by_day.items(), *_respite_by_day(respites).items()):
            if day <= due_date:
                balance -= paid
            elif day < until:
                paid_from[day + ONE_DAY] = paid_from.get(day + ONE_DAY, Decimal(0)) + paid
        starts = rate_from.keys() | paid_from.keys()
        if year_days == "actual":
            starts |= _year_borders(first_day, until)

        segments = []
        divisor = Decimal(100 * year)
        exact = total = Decimal(0)
        rate = rate_from[first_day]
        for start, following in pairwise((*sorted(starts), until + ONE_DAY)):
            rate = rate_from.get(start, rate)
            balance -= paid_from.get(start, 0)
            if balance <= 0:
                continue  # a respite that ends may put something back
            days = (following - start).days
            weight = year // (365 + isleap(start.year)) if year_days == "actual" else 1
            exact += balance * rate * (days * weight)
            reached = _to_cents(exact, divisor)
            segments.append(Segment(start, following - ONE_DAY, days, balance, rate, reached - total))
            total = reached
        return Accrual(total if segments else ZERO_CENTS, tuple(segments))


def _to_cents(dividend: Decimal, divisor: Decimal) -> Decimal:
    """Quotient of two numbers of zero or more, half up to the cent, by exact integer division."""
    return ((dividend * 200 + divisor) // (divisor * 2)).scaleb(-2)


def _year_borders(first_day: date, last_day: date) -> set[date]:
    """The 1 Januaries within the period where a year of another length begins."""
    return {
        date(year, 1, 1) for year in range(first_day.year + 1, last_day.year + 1) if isleap(year) != isleap(year - 1)
    }


def _paid_by_day(payments: Sequence[tuple[date, Decimal]]) -> dict[date, Decimal]:
    paid_by_day: dict[date, Decimal] = {}
    for payment in payments:
        if not isinstance(payment, tuple | list) or len(payment) != 2:
            raise TypeError(f"a payment must be a pair (day, amount): {payment!r}")
        day = check_day("the day of a payment", payment[0])
        amount = check_not_negative(f"the payment of {day}", payment[1])
        if amount:
            paid_by_day[day] = EXACT.add(paid_by_day.get(day, Decimal(0)), amount)
    return paid_by_day


def _respite_by_day(respites: Sequence[tuple[date, Decimal]]) -> dict[date, Decimal]:
    by_day: dict[date, Decimal] = {}
    for day, amount in respites:
        check_day("the day of a respite", day)
        check_not_negative(f"the respite of {day}", abs(amount))
        by_day[day] = EXACT.add(by_day.get(day, Decimal(0)), amount)
    return by_day


def _check_year_days(year_days: object) -> int:
    if isinstance(year_days, bool) or not isinstance(year_days, int):
        raise TypeError(f"year_days must be an int or 'actual', not {year_days!r}")
    if year_days <= 0:
        raise ValueError(f"year_days must be positive: {year_days}")
    return year_days
