"""Is this the database that sent the last messages, or an older state of it? Pure: no clock, no database, no Odoo."""

from dataclasses import dataclass
from datetime import datetime, timedelta

#: So long without a sign of life, and nobody can say whether the server was off or a backup was restored. Shorter, and the
#: nights that were missed are made up for: a long weekend is no reason to ask.
SILENCE = timedelta(days=4)


@dataclass(frozen=True, slots=True)
class Home:
    """Which database this is: its uuid, and numbers that PostgreSQL gives anew to what is restored or copied."""

    uuid: str
    database: int
    table: int


@dataclass(frozen=True, slots=True)
class Signs:
    """What can be seen before something leaves.

    `home`: the database now; `signed`: as it was when something left last, None: nothing ever left. `own`: whether the
    last entry of the journal is known to the database, None: no entry. `others`: the same for the journal that this database kept
    under another name. `alive`: last sign of life of the scheduled actions, None: never.
    """

    home: Home
    signed: Home | None = None
    own: bool | None = None
    others: bool | None = None
    alive: datetime | None = None


def judge(signs: Signs, now: datetime, automatic: bool = True) -> str | None:
    """What is wrong with this database; None when what waits may leave.

    :return: `missing` (messages left that it does not know), `moved` (it was restored or copied, and no journal says whether
        something left since), `copy` (a copy with an identity of its own), `silence` (no sign of life for days), or None
    """
    if signs.own is False:
        return "missing"
    if signs.signed is not None and signs.home != signs.signed and signs.own is None:
        if signs.home.uuid != signs.signed.uuid:
            return "copy"
        if signs.others is None:
            return "moved"
        if not signs.others:
            return "missing"
    if automatic and signs.alive is not None and now - signs.alive > SILENCE:
        return "silence"
    return None
