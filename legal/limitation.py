"""When a debt becomes time-barred, and what interrupts that. Plain dates, no clock.

General rule: ten years for a contractual claim. Five years for what falls due periodically (rent, subscriptions, energy,
water, telecom). One year for goods that a trader sells to a private person. A reminder of the creditor himself, even a
formal notice by registered letter, interrupts nothing; what the debtor acknowledges does, and so does a formal notice by a
lawyer or a bailiff, for one year at least and only once (old Civil Code, articles 2244 to 2277, still in force for this).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from ._checks import check_day

#: What a claim may be, and after how many years it is time-barred.
YEARS = {"general": 10, "periodic": 5, "goods": 1}
#: What interrupts: an acknowledgement (also an accepted arrangement), a formal notice of a lawyer or a bailiff, a summons
#: or a seizure; a judgment gives ten years anew.
INTERRUPTIONS = ("acknowledgement", "formal_notice", "summons", "judgment")
#: A formal notice of a lawyer or a bailiff: the debt is not time-barred before so many years after it (article 2244, § 2).
FORMAL_NOTICE_YEARS = 1


@dataclass(frozen=True, slots=True)
class Interruption:
    """What interrupted the limitation on a day.

    :raises ValueError: for an unknown kind
    :raises TypeError: for a day that is no date
    """

    day: date
    kind: str

    def __post_init__(self) -> None:
        check_day("The day of the interruption", self.day)
        if self.kind not in INTERRUPTIONS:
            raise ValueError(f"An interruption is one of {', '.join(INTERRUPTIONS)}, not {self.kind!r}")


def last_day(due_date: date, kind: str, interruptions: Iterable[Interruption] = ()) -> date | None:
    """The last day on which the debt can be claimed in court.

    Counted from the day after the due date. What comes after the last day interrupts nothing: the debt is time-barred
    already. From a summons on, nothing runs until the judgment.

    :param kind: one of `YEARS`
    :return: None while a lawsuit is under way
    :raises ValueError: for an unknown kind
    :raises TypeError: if the due date is no date
    """
    check_day("The due date", due_date)
    if kind not in YEARS:
        raise ValueError(f"A limitation is one of {', '.join(YEARS)}, not {kind!r}")
    years = YEARS[kind]
    end: date | None = _years_later(due_date, years)
    noticed = False
    for event in sorted(interruptions, key=lambda event: event.day):
        if event.kind == "judgment":
            if end is None or event.day <= end:
                end = _years_later(event.day, YEARS["general"])
            years = YEARS["general"]
            continue
        if end is None or event.day > end:
            continue
        if event.kind == "summons":
            end = None
        elif event.kind == "acknowledgement":
            end = max(end, _years_later(event.day, years))
        elif not noticed:
            noticed = True
            end = max(end, _years_later(event.day, FORMAL_NOTICE_YEARS))
    return end


def _years_later(day: date, years: int) -> date:
    """The same day, so many years later; 29 February becomes the 28th. The end of time when there is no such year."""
    if day.year + years > date.max.year:
        return date.max
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)


def warn_from(end: date, days: int) -> date:
    """The first day on which to warn of a limitation, `days` before its last day."""
    return end - timedelta(days=min(days, (end - date.min).days))
