"""Build the instalments of a payment arrangement. Pure: no clock, no database, no Odoo.

Money is `Decimal` in one currency, whose smallest amount is `unit`; days are `date`. The calendar comes in as an
argument. Amounts are counted in whole units, so no decimal context can cost a cent.
"""

from calendar import monthrange
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Context, Decimal
from fractions import Fraction
from itertools import pairwise

ZERO = Decimal("0")
ONE_DAY = timedelta(days=1)

#: Days between two instalments of a frequency; "monthly" follows the calendar. Free dates need no frequency.
FREQUENCIES = ("weekly", "biweekly", "monthly")
_STEP_DAYS = {"weekly": 7, "biweekly": 14}

MOST_INSTALMENTS = 600
#: A calendar without a working day for so long is a mistake, not a holiday.
LONGEST_CLOSURE = 60

_EXACT = Context(prec=10_000)


@dataclass(frozen=True, slots=True)
class Instalment:
    """What is to be paid, and by which (working) day at the latest."""

    day: date
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Plan:
    """What was asked. Exactly one of `number` and `amount`, unless free `dates` are given.

    `first_day`: the wanted day of the first regular instalment. `month_day` (1 to 31, monthly only): the day of the
    month to pay on, in a shorter month its last day; None: the day of `first_day`. `number` and `amount` are of the
    regular instalments: the down payment comes before them. `whole`: equal parts in whole units of currency.
    `dates`: one instalment on each; `first_day`, `frequency`, `month_day`, `number` and `amount` then do not count.
    """

    first_day: date
    frequency: str = "monthly"
    month_day: int | None = None
    number: int | None = None
    amount: Decimal | None = None
    down_payment: Decimal = ZERO
    down_payment_day: date | None = None
    unit: Decimal = Decimal("0.01")
    whole: bool = False
    dates: tuple[date, ...] = ()


def plan(total: Decimal, asked: Plan, is_working_day: Callable[[date], bool]) -> tuple[Instalment, ...]:
    """The instalments of `total`, by day: they add up to it exactly and each is more than zero.

    Equal parts are rounded down, the last one takes the difference. Every date is counted from the wanted dates,
    never from a moved one, then moved forward to a working day; no two instalments share a day.

    :raises TypeError: for money that is no `Decimal`, a day that is no `date`, a count that is no `int`
    :raises ValueError: for what cannot be planned, in a sentence that names the value and the cure
    """
    unit = _check_unit(asked.unit)
    units = _in_units("The total", total, unit)
    if units <= 0:
        raise ValueError(f"The total must be more than zero, not {total}: choose items that are still open.")
    down = _in_units("The down payment", asked.down_payment, unit)
    if down < 0:
        raise ValueError(f"The down payment must not be negative ({asked.down_payment}): enter zero for none.")
    if down >= units:
        raise ValueError(f"The down payment {asked.down_payment} must be less than the total {total}: lower it.")
    if asked.dates:
        wanted = _free_days(asked.dates)
        parts = _equal_parts(units - down, len(wanted), asked)
    else:
        parts = _regular_parts(units - down, asked)
        wanted = _regular_days(asked, len(parts))
    if down:
        parts = [down, *parts]
        wanted = [_down_payment_day(asked, wanted[0]), *wanted]
    days: list[date] = []
    for day in wanted:
        if days and day <= days[-1]:
            day = days[-1] + ONE_DAY
        days.append(next_working_day(day, is_working_day))
    return tuple(Instalment(day, _EXACT.multiply(unit, part)) for day, part in zip(days, parts, strict=True))


def interest_on_plan(
    instalments: Sequence[Instalment],
    start: date,
    yearly_percent: Decimal,
    unit: Decimal = Decimal("0.01"),
    year_days: int = 365,
) -> Decimal:
    """Simple interest, in the currency of the instalments, on what is still to be paid when each is paid on its day.

    Every instalment bears interest from the day after `start` up to its own day, both included; one on or before
    `start` bears none. The whole is rounded once, half up, to `unit`.

    :param yearly_percent: percent a year, zero or more: ``Decimal("8")`` is 8 %
    :param year_days: days in a year, 365 or 360
    :raises TypeError: for money or a percentage that is no `Decimal`, a day that is no `date`
    :raises ValueError: for a negative percentage or amount, no days in a year, a unit that is not above zero
    """
    check_day("The start", start)
    _check_unit(unit)
    if check_money("The yearly percentage", yearly_percent) < 0:
        raise ValueError(f"The yearly percentage must not be negative ({yearly_percent}): enter zero for no interest.")
    if _check_count("The number of days in a year", year_days) < 1:
        raise ValueError(f"The number of days in a year must be one or more, not {year_days}: use 365 or 360.")
    money_days = Fraction(0)  # amounts times the days that they stay unpaid
    for instalment in instalments:
        if check_money("An instalment", instalment.amount) < 0:
            raise ValueError(f"An instalment must not be negative ({instalment.amount}): correct the plan.")
        money_days += Fraction(instalment.amount) * max((check_day("A day", instalment.day) - start).days, 0)
    interest = money_days * Fraction(yearly_percent) / 100 / year_days
    return _EXACT.multiply(unit, int(interest / Fraction(unit) + Fraction(1, 2)))


def days_later(day: date, days: int) -> date:
    """`days` days after `day`.

    :raises ValueError: beyond the year 9999
    """
    try:
        return day + timedelta(days=days)
    except OverflowError:
        raise ValueError(f"{days} days after {day} is beyond the calendar: begin earlier or ask for fewer.") from None


def next_working_day(day: date, is_working_day: Callable[[date], bool]) -> date:
    """The day itself if it is a working day, else the first working day after it.

    :raises ValueError: if there is none within 60 days
    """
    for days in range(LONGEST_CLOSURE + 1):
        following = days_later(day, days)
        if is_working_day(following):
            return following
    raise ValueError(
        f"The calendar has no working day within {LONGEST_CLOSURE} days from {day}: correct the working days."
    )


def check_money(name: str, value: object) -> Decimal:
    """Return `value` if it is a finite `Decimal`.

    :raises TypeError: for anything else: a float has already lost cents
    :raises ValueError: for NaN and infinity
    """
    if not isinstance(value, Decimal):
        raise TypeError(f"{name} must be a Decimal, not {type(value).__name__}: {value!r}")
    if not value.is_finite():
        raise ValueError(f"{name} must be a finite number, not {value}: enter an amount.")
    return value


def check_day(name: str, value: object) -> date:
    """Return `value` if it is a plain calendar day.

    :raises TypeError: for anything else; also for a `datetime`, whose day depends on a time zone
    """
    if isinstance(value, datetime) or not isinstance(value, date):
        raise TypeError(f"{name} must be a date, not {type(value).__name__}: {value!r}")
    return value


def _check_count(name: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} must be an int, not {type(value).__name__}: {value!r}")
    return value


def _check_unit(unit: Decimal) -> Decimal:
    if check_money("The smallest amount of the currency", unit) <= 0:
        raise ValueError(f"The smallest amount of the currency must be more than zero, not {unit}: correct it.")
    return unit


def _in_units(name: str, amount: Decimal, unit: Decimal) -> int:
    """How many times `unit` goes into `amount`, exactly."""
    count = Fraction(check_money(name, amount)) / Fraction(unit)
    if count.denominator != 1:
        raise ValueError(f"{name} {amount} is not a multiple of {unit}: round it to what the currency can pay.")
    return count.numerator


def _regular_parts(rest: int, asked: Plan) -> list[int]:
    """The amounts of the regular instalments, in units."""
    if (asked.number is None) == (asked.amount is None):
        given = "neither" if asked.number is None else f"both {asked.number} and {asked.amount}"
        raise ValueError(f"Give either the number of instalments or the amount of each, not {given}.")
    if asked.amount is None:
        return _equal_parts(rest, asked.number, asked)
    part = _in_units("The amount of an instalment", asked.amount, asked.unit)
    if part <= 0:
        raise ValueError(f"The amount of an instalment must be more than zero, not {asked.amount}: raise it.")
    number = -(-rest // part)
    if number > MOST_INSTALMENTS:
        raise ValueError(
            f"Instalments of {asked.amount} would be {number} in number, more than {MOST_INSTALMENTS}: raise the amount."
        )
    return [part] * (number - 1) + [rest - part * (number - 1)]


def _equal_parts(rest: int, number: int | None, asked: Plan) -> list[int]:
    """`rest` units in `number` equal parts, rounded down; the last one takes the difference."""
    number = _check_count("The number of instalments", number)
    if not 1 <= number <= MOST_INSTALMENTS:
        raise ValueError(f"The number of instalments must be from 1 to {MOST_INSTALMENTS}, not {number}: change it.")
    if rest < number:
        left = _EXACT.multiply(asked.unit, rest)
        raise ValueError(f"{left} is too little for {number} instalments of at least {asked.unit}: ask for fewer.")
    part = rest // number
    one = 1 / Fraction(asked.unit)
    if asked.whole and one.denominator == 1:
        # Where a whole unit of currency is more than each part has, the smallest amount has to do.
        part = part // one.numerator * one.numerator or part
    return [part] * (number - 1) + [rest - part * (number - 1)]


def _free_days(dates: Sequence[date]) -> list[date]:
    days = sorted(check_day("A free date", day) for day in dates)
    for day, following in pairwise(days):
        if day == following:
            raise ValueError(f"The date {day} is given twice: keep one of them.")
    return days


def _regular_days(asked: Plan, number: int) -> list[date]:
    """The wanted days, working or not."""
    first = check_day("The first day", asked.first_day)
    if asked.frequency not in FREQUENCIES:
        raise ValueError(f"The frequency {asked.frequency!r} is unknown: use one of {', '.join(FREQUENCIES)}.")
    if asked.frequency != "monthly":
        return [days_later(first, _STEP_DAYS[asked.frequency] * place) for place in range(number)]
    month_day = first.day if asked.month_day is None else _check_count("The day of the month", asked.month_day)
    if not 1 <= month_day <= 31:
        raise ValueError(f"The day of the month must be from 1 to 31, not {month_day}: change it.")
    month = first.year * 12 + first.month - 1
    if _in_month(month, month_day) < first:
        month += 1
    return [_in_month(month + place, month_day) for place in range(number)]


def _in_month(month: int, month_day: int) -> date:
    """That day of a month counted from the year 0, or the last day of a shorter one."""
    year, month = divmod(month, 12)
    if year > date.max.year:
        raise ValueError(f"An instalment would fall in the year {year}: begin earlier or ask for fewer.")
    return date(year, month + 1, min(month_day, monthrange(year, month + 1)[1]))


def _down_payment_day(asked: Plan, first: date) -> date:
    if asked.down_payment_day is None:
        raise ValueError(f"The down payment of {asked.down_payment} has no day: enter the day by which to pay it.")
    day = check_day("The day of the down payment", asked.down_payment_day)
    if day > first:
        raise ValueError(f"The down payment on {day} comes after the first instalment on {first}: make it earlier.")
    return day
