"""What papers with amounts have in common: lines in one currency, and their sums."""

from dataclasses import dataclass, field
from decimal import Decimal

ZERO = Decimal(0)


@dataclass(slots=True)
class Section:
    """Lines in one currency. Each line has `open`, `interest`, `costs` and `total`, as `Decimal`."""

    currency: object
    lines: list = field(default_factory=list)

    def _sum(self, name):
        return sum((getattr(line, name) for line in self.lines), ZERO)

    @property
    def open(self):
        return self._sum("open")

    @property
    def interest(self):
        return self._sum("interest")

    @property
    def costs(self):
        return self._sum("costs")

    @property
    def total(self):
        return self._sum("total")
