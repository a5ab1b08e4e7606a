"""What both sides of `dev/bench peer` share inside Odoo: who is who in the books, and where mails go."""

from collections import namedtuple

#: Histories that both sides are given: customers (`n`), days ago, the shipped level of ours, the peer's level.
History = namedtuple("History", "part days level peer")
HISTORIES = (
    History("n % 6 = 1", 16, "followup_level_business_30", 2),
    History("n % 6 = 4", 12, "followup_level_business_20", 1),
)
#: Items that were due by so many days before got those messages.
OVERDUE = 20
#: Customers with a hold.
HELD = "n % 33 = 4"
#: Who is measured one by one, where all of them would take too long.
SAMPLE = 100
LETTERS = 40


def who(env):
    """A table of the customers that `books.fill` made: partner, number, consumer or not."""
    env.cr.execute(
        """CREATE TEMP TABLE who AS
           SELECT id AS partner, substr(ref, 6)::int AS n, vat IS NULL AS consumer FROM res_partner WHERE ref ~ '^bench[0-9]+$'"""
    )
    env.cr.execute("CREATE UNIQUE INDEX ON who (partner)")
    env.cr.execute("ANALYZE who")


def companies(env):
    return env["res.company"].search([("name", "!=", ""), ("parent_id", "=", False)], order="id")


def mail_server(env, port):
    """Mails go to the sink of `peer.py`."""
    env["ir.mail_server"].search([]).active = False
    env["ir.mail_server"].create({"name": "bench", "smtp_host": "127.0.0.1", "smtp_port": port, "sequence": 1})
    env.cr.commit()
