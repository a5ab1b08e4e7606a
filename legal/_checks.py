"""What every function of the package asks of its arguments."""

from datetime import date, datetime
from decimal import Context, Decimal, DivisionByZero, InvalidOperation, Overflow

CENT = Decimal("0.01")
ZERO_CENTS = Decimal("0.00")

#: Wide enough that sums and products of money never round: the only rounding is the one we ask for,
#: whatever decimal context the calling thread has set.
EXACT = Context(prec=10_000, traps=[InvalidOperation, DivisionByZero, Overflow])


def check_decimal(name: str, value: object) -> Decimal:
    """Return ``value`` if it is a finite ``Decimal``.

    :raises TypeError: for anything else: a float has already lost cents, a bool is a mistake
    :raises ValueError: for NaN and infinity
    """
    if not isinstance(value, Decimal):
        raise TypeError(f"{name} must be a Decimal, not {type(value).__name__}: {value!r}")
    if not value.is_finite():
        raise ValueError(f"{name} must be a finite number, not {value}")
    return value


def check_not_negative(name: str, value: object) -> Decimal:
    """Return ``value`` if it is a finite ``Decimal`` of zero or more.

    :raises TypeError: if it is no Decimal
    :raises ValueError: if it is negative, NaN or infinite
    """
    number = check_decimal(name, value)
    if number < 0:
        raise ValueError(f"{name} must not be negative: {number}")
    return number


def check_day(name: str, value: object) -> date:
    """Return ``value`` if it is a plain calendar day.

    :raises TypeError: for anything else; also for a ``datetime``, whose day depends on a time zone
        that only the caller knows
    """
    if isinstance(value, datetime) or not isinstance(value, date):
        raise TypeError(f"{name} must be a date, not {type(value).__name__}: {value!r}")
    return value
