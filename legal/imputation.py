"""Which debts money pays, when nobody said which: the order of the law, as far as the parties agreed nothing else.

Pure: amounts are `Decimal` in one currency. Between enterprises costs come first, then interest, then the principal
(Book 5 of the Civil Code on imputation, formerly article 1254); for a consumer the add-on counts the principal first, which is milder.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from ._checks import check_day, check_not_negative

ORDERS = {
    "charges_first": {"charges": 0, "principal": 1},
    "principal_first": {"principal": 0, "charges": 1},
}


@dataclass(frozen=True, slots=True)
class Debt:
    """Something owed: ``charges`` (a note of costs and interest) or ``principal``.

    `group`: money pays only debts of its own group (in the books: the same receivable account).

    :raises ValueError: for an unknown kind or a negative amount
    """

    kind: str
    due: date
    amount: Decimal
    group: int = 0

    def __post_init__(self) -> None:
        if self.kind not in ("charges", "principal"):
            raise ValueError(f"kind must be 'charges' or 'principal', not {self.kind!r}")
        check_day("due", self.due)
        check_not_negative("amount", self.amount)


def impute(money: Sequence[tuple[int, Decimal]], debts: Sequence[Debt], order: str) -> list[tuple[int, int, Decimal]]:
    """Divide money over debts: by kind as `order` says, the oldest first within a kind.

    :param money: (group, amount), used in this order
    :param order: ``charges_first`` or ``principal_first``
    :return: list of (place in `money`, place in `debts`, amount), in the order in which they are paid
    :raises ValueError: for an unknown order or negative money
    """
    if order not in ORDERS:
        raise ValueError(f"order must be one of {sorted(ORDERS)}, not {order!r}")
    left = [check_not_negative("money", amount) for _group, amount in money]
    shares = []
    for place in sorted(
        range(len(debts)), key=lambda index: (ORDERS[order][debts[index].kind], debts[index].due, index)
    ):
        owed = debts[place].amount
        for source, (group, _amount) in enumerate(money):
            part = min(owed, left[source])
            if part > 0 and group == debts[place].group:
                shares.append((source, place, part))
                left[source] -= part
                owed -= part
    return shares
