"""Flat sums for late payment, in euros."""

from datetime import date
from decimal import ROUND_DOWN, Decimal, localcontext
from typing import NamedTuple

from ._checks import CENT, EXACT, ZERO_CENTS, check_day, check_not_negative

#: Recovery cost between enterprises, once for each late invoice: article 6 of the law of 2 August 2002.
B2B_FIXED = Decimal("40.00")


class Bracket(NamedTuple):
    """``fixed`` plus ``percent`` of the part of the balance above ``above``, for balances above it."""

    above: Decimal
    fixed: Decimal
    percent: Decimal


class Scale(NamedTuple):
    """The caps in force from a day: brackets by growing balance, and the most that is ever allowed."""

    valid_from: date
    brackets: tuple[Bracket, ...]
    maximum: Decimal


#: Article XIX.4, second paragraph, 2°, of the Code of Economic Law (law of 4 May 2023). A royal decree can
#: index the amounts: add its scale behind, with its own first day.
B2C_SCALES = (
    Scale(
        valid_from=date(2023, 9, 1),
        brackets=(
            Bracket(above=Decimal(0), fixed=Decimal(20), percent=Decimal(0)),
            Bracket(above=Decimal(150), fixed=Decimal(30), percent=Decimal(10)),
            Bracket(above=Decimal(500), fixed=Decimal(65), percent=Decimal(5)),
        ),
        maximum=Decimal(2000),
    ),
)


def b2c_cap(balance: Decimal, on: date | None = None) -> Decimal:
    """The most a flat sum may be towards a consumer, for the balance left when the waiting period ends.

    Up to 150: 20. To 500: 30 plus 10 % of the part above 150. Beyond: 65 plus 5 % of the part above 500,
    at most 2,000. Rounded down to the cent, so that the cap is never exceeded. Nothing open: 0.00.

    Source: article XIX.4, second paragraph, 2°, of the Code of Economic Law.

    :param balance: euros
    :param on: day of the claim, which chooses the scale; by default the latest scale
    :return: euros, to the cent
    :raises TypeError: if ``balance`` is no Decimal or ``on`` no date
    :raises ValueError: if ``balance`` is negative or not finite, or if ``on`` lies before the first scale
    """
    check_not_negative("balance", balance)
    scale = _scale_on(on)
    if not balance:
        return ZERO_CENTS
    bracket = max(bracket for bracket in scale.brackets if bracket.above < balance)
    with localcontext(EXACT):
        part = (balance - bracket.above) * bracket.percent / 100
        cap = min(bracket.fixed + part, scale.maximum)
        return cap.quantize(CENT, rounding=ROUND_DOWN)


def _scale_on(on: date | None) -> Scale:
    if on is None:
        return B2C_SCALES[-1]
    check_day("on", on)
    for scale in reversed(B2C_SCALES):
        if scale.valid_from <= on:
            return scale
    raise ValueError(f"no scale on {on}: the first is valid from {B2C_SCALES[0].valid_from}")
