"""Interest and compensation for many open items in one run, on a real database.

Run with `dev/bench interest [NUMBER]`, which makes a database of its own, fills it and measures. Prints one line
per size: items, seconds, microseconds an item, queries, peak memory of the process.
"""

import resource
import sys
import time
from datetime import date

from odoo.addons.l10n_be_followup.engine import claims
from rows import copy_rows, line_columns

NUMBERS = [int(number) for number in sys.argv[1:]] or [1_000, 10_000, 100_000]


def fill(env, number):
    """Posted receivable items of `number` invoices, 5 a customer, by SQL from one real invoice."""
    company = env.company
    partner = env["res.partner"].create(
        {"name": f"bench{number}", "vat": "BE0477472701", "country_id": env.ref("base.be").id}
    )
    move = env["account.move"].create(
        {
            "move_type": "out_invoice",
            "partner_id": partner.id,
            "invoice_date": date(2025, 1, 10),
            "invoice_date_due": date(2025, 2, 10),
            "invoice_line_ids": [(0, 0, {"name": "x", "quantity": 1, "price_unit": 1000, "tax_ids": [(5,)]})],
        }
    )
    move.action_post()
    env.flush_all()
    [line] = move.line_ids.filtered(lambda ln: ln.account_type == "asset_receivable").ids
    copy_rows(
        env, "res_partner", partner.id, number // 5, {"commercial_partner_id": "id", "name": f"'bench{number} ' || n"}
    )
    env.cr.execute(f"UPDATE res_partner SET commercial_partner_id = id WHERE name LIKE 'bench{number}%'")
    copy_rows(
        env, "account_move", move.id, number,
        {"name": f"'BENCH{number}/' || n", "sequence_number": "n", "payment_reference": f"'B{number}x' || n", "access_token": "NULL"},
    )  # fmt: skip
    env.cr.execute(
        f"""UPDATE account_move m SET partner_id = p.id, commercial_partner_id = p.id,
                  invoice_date_due = date '2024-01-01' + (m.id % 900)
             FROM (SELECT id, row_number() OVER (ORDER BY id) AS place,
                          count(*) OVER () AS total FROM res_partner WHERE name LIKE 'bench{number}%') p
            WHERE m.name LIKE 'BENCH{number}/%' AND p.place = 1 + m.id % p.total"""
    )
    env.cr.execute(
        """INSERT INTO account_move_line ({columns}) SELECT {values}
             FROM account_move_line l, account_move m WHERE l.id = %s AND m.name LIKE 'BENCH{number}/%%'""".format(
            number=number, **line_columns(env)
        ),
        [line],
    )
    env.cr.execute("ANALYZE")
    env.cr.commit()
    env.invalidate_all()
    return company


def measure(env, company, number):
    engine = env["followup.engine"]
    started = time.monotonic()
    engine._synchronise(company)
    synchronised = time.monotonic() - started
    items = env["followup.item"].search([("is_open", "=", True)])
    env.invalidate_all()
    queries = env.cr.sql_log_count
    started = time.monotonic()
    total = claims.claims(env, company, items.ids, date(2026, 11, 21))
    took = time.monotonic() - started
    assert len(total) == len(items) and sum(answer.interest for answer in total.values()) > 0
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(
        f"| {len(items):,} | {synchronised:.2f} | {took:.2f} | {took / len(items) * 1e6:.0f} | "
        f"{env.cr.sql_log_count - queries} | {memory} |",
        flush=True,
    )


def main(env):
    print(
        "| items | select into items (s) | interest and compensation (s) | microseconds an item | queries | peak MB |"
    )
    print("| --- | --- | --- | --- | --- | --- |")
    done = 0
    for number in NUMBERS:
        company = fill(env, number - done)
        done = number
        measure(env, company, number)


main(env)  # noqa: F821 - `dev/odoo shell` gives the environment
