"""What `install-cycle` looks at: the books before and after, and what an uninstallation leaves behind."""

import collections
import json
import pathlib
import sys
from datetime import timedelta

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from support import Odoo, check, enterprise_number, night, open_all_hours, queue, smtp_server

CUSTOMERS = 40
ORIGINALS = 100
COPIES = 19
#: From one copy of an invoice to the next: with 19 copies, five years back.
STEP = timedelta(days=96)
INVOICES = ORIGINALS * (COPIES + 1)


def make_invoices(env):
    """A hundred invoices through the ORM; the rest of the years is copied in SQL, because it need not be slow."""
    from odoo import Command

    today = env.cr.now().date()
    partners = env["res.partner"].create(
        [
            {
                "name": f"Customer {number:03d}",
                "email": f"customer{number:03d}@customers.example",
                "country_id": env.ref("base.be").id,
                "is_company": number % 2 == 0,
                "vat": enterprise_number(4000000 + number) if number % 2 == 0 else False,
            }
            for number in range(CUSTOMERS)
        ]
    )
    moves = env["account.move"].create(
        [
            {
                "move_type": "out_invoice",
                "partner_id": partners[number % CUSTOMERS].id,
                "invoice_date": today - timedelta(days=40 + number % 60),
                "invoice_date_due": today - timedelta(days=10 + number % 60),
                "invoice_payment_term_id": False,
                "invoice_line_ids": [
                    Command.create(
                        {"name": "Service", "quantity": 1, "price_unit": 50 + number, "tax_ids": [Command.clear()]}
                    )
                ],
            }
            for number in range(ORIGINALS)
        ]
    )
    moves.action_post()
    env.company.email = "facturen@zilverberk.example"
    env.flush_all()
    for copy in range(1, COPIES + 1):
        copy_invoices(env.cr, moves.ids, copy)
    env.cr.commit()


def copy_invoices(cr, ids, copy):
    days = STEP.days * copy
    moved = {column: f"source.{column} - {days}" for column in ("date", "invoice_date", "invoice_date_due")}
    copy_rows(
        cr,
        "account_move",
        moved
        | {
            "name": f"source.name || '/{copy}'",
            "payment_reference": f"source.payment_reference || '/{copy}'",
            "ref": f"'{copy}:' || source.id",
        },
        "FROM account_move source WHERE source.id = ANY(%s)",
        [ids],
    )
    moved = {column: f"source.{column} - {days}" for column in ("date", "invoice_date", "date_maturity")}
    copy_rows(
        cr,
        "account_move_line",
        moved | {"move_id": "made.id", "move_name": "made.name"},
        f"FROM account_move_line source JOIN account_move made ON made.ref = '{copy}:' || source.move_id WHERE source.move_id = ANY(%s)",
        [ids],
    )


def copy_rows(cr, table, changed, rest, parameters):
    cr.execute(
        "SELECT column_name FROM information_schema.columns WHERE table_name = %s AND column_name <> 'id'", [table]
    )
    columns = [name for [name] in cr.fetchall()]
    values = ", ".join(changed.get(name, f'source."{name}"') for name in columns)
    names = ", ".join(f'"{name}"' for name in columns)
    cr.execute(f"INSERT INTO {table} ({names}) SELECT {values} {rest}", parameters)


# What must stay, and what must go

#: Columns that a message to a customer may fill: the key of the invoice's portal link, as Odoo itself does.
GIVEN = ("access_token",)
BOOKS = ("account_move", "account_move_line", "account_partial_reconcile", "account_payment")


def columns(odoo):
    rows = odoo.query(
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1, 2"
    )
    found = collections.defaultdict(list)
    for table, column in rows:
        found[table].append(column)
    return dict(found)


def checksums(odoo, known):
    """Of every column that the books had before we came, also who wrote them last and when."""
    sums = {}
    for table in BOOKS:
        row = ", ".join(f'"{column}"' for column in known[table] if column not in GIVEN)
        [[count, total]] = odoo.query(
            f"SELECT count(*), md5(string_agg(md5(ROW({row})::text), '' ORDER BY id)) FROM {table}"
        )
        sums[table] = [count, total]
    return sums


#: name of what may be left behind -> query of names
TRACES = {
    "tables": "SELECT table_name FROM information_schema.tables WHERE table_name LIKE '%followup%'",
    "columns": """SELECT table_name || '.' || column_name FROM information_schema.columns
                   WHERE column_name LIKE '%followup%' AND column_name <> 'no_followup'""",
    "indexes": "SELECT indexname FROM pg_indexes WHERE indexname LIKE '%followup%'",
    "functions": "SELECT proname FROM pg_proc WHERE proname LIKE '%followup%'",
    "triggers": "SELECT tgname FROM pg_trigger WHERE tgname LIKE '%followup%'",
    "sequences": "SELECT sequencename FROM pg_sequences WHERE sequencename LIKE '%followup%'",
    "external ids": "SELECT name FROM ir_model_data WHERE module = 'l10n_be_followup' AND name <> 'module_l10n_be_followup'",
    "models": "SELECT model FROM ir_model WHERE model LIKE 'followup.%'",
    "fields": "SELECT model || '.' || name FROM ir_model_fields WHERE name LIKE 'followup%' OR model LIKE 'followup.%'",
    "views": "SELECT name FROM ir_ui_view WHERE model LIKE 'followup.%' OR name LIKE '%followup%' OR arch_db::text LIKE '%followup_%' AND arch_db::text NOT LIKE '%no_followup%'",
    "crons": "SELECT cron_name FROM ir_cron WHERE cron_name ILIKE '%follow-up%' OR cron_name ILIKE '%followup%'",
    "actions": "SELECT name->>'en_US' FROM ir_act_window WHERE res_model LIKE 'followup.%'",
    "server actions": "SELECT code FROM ir_act_server WHERE code LIKE '%followup%'",
    "menus": "SELECT name->>'en_US' FROM ir_ui_menu WHERE name->>'en_US' ILIKE 'follow-up%'",
    "templates": "SELECT name->>'en_US' FROM mail_template WHERE model LIKE 'followup.%'",
    "groups": "SELECT name->>'en_US' FROM res_groups WHERE name->>'en_US' ILIKE '%follow-up%'",
    "rules": "SELECT name FROM ir_rule WHERE name ILIKE '%follow%up%'",
    "activity types": "SELECT name->>'en_US' FROM mail_activity_type WHERE res_model LIKE 'followup.%'",
    "activities": "SELECT res_model FROM mail_activity WHERE res_model LIKE 'followup.%'",
    "attachments": "SELECT res_model FROM ir_attachment WHERE res_model LIKE 'followup.%'",
    "waiting mails": "SELECT model FROM mail_mail mail JOIN mail_message message ON message.id = mail.mail_message_id WHERE model LIKE 'followup.%' AND mail.state IN ('outgoing', 'exception')",
    "settings": "SELECT key FROM ir_config_parameter WHERE key LIKE '%followup%' AND value <> ''",
}


def traces(odoo):
    return {name: sorted({row[0] for row in odoo.query(query)}) for name, query in TRACES.items()}


def remember(odoo, file):
    known = columns(odoo)
    found = {"columns": known, "books": checksums(odoo, known), "traces": traces(odoo)}
    check(found["books"]["account_move_line"][0] >= 2 * INVOICES, f"not enough invoices: {found['books']}")
    pathlib.Path(file).write_text(json.dumps(found))


def books_are_untouched(odoo, file):
    before = json.loads(pathlib.Path(file).read_text())
    after = checksums(odoo, before["columns"])
    check(after == before["books"], f"the books changed: before {before['books']}, after {after}")
    return before


def installed(odoo, file):
    books_are_untouched(odoo, file)
    [[items, customers, decided]] = odoo.query(
        """SELECT (SELECT count(*) FROM followup_item WHERE is_open),
                  count(*), count(decided_on) FROM followup_customer WHERE amount_overdue > 0"""
    )
    check(
        (items, customers, decided) == (INVOICES, CUSTOMERS, CUSTOMERS),
        f"{items} items, {customers} customers, {decided} decided",
    )
    [[without]] = odoo.query(
        "SELECT count(*) FROM account_move WHERE move_type = 'out_invoice' AND followup_regime IS NULL"
    )
    check(not without, f"{without} invoices without a regime")


def notices(odoo):
    return odoo.query("SELECT id, name, state, subject, sha256, sent_date FROM followup_notice ORDER BY id")


def send(database):
    sink = smtp_server().start()
    try:
        odoo = Odoo(database, sink.port)
        odoo.run(open_all_hours)
        odoo.run(night)
        odoo.run(queue)
        states = collections.Counter(row[2] for row in notices(odoo))
        check(states["sent"] == CUSTOMERS == len(sink.messages), f"{states}, {len(sink.messages)} messages")
    finally:
        sink.stop()


def still_sent(odoo, file):
    books_are_untouched(odoo, file)
    states = collections.Counter(row[2] for row in notices(odoo))
    check(states == {"sent": CUSTOMERS}, f"after the upgrade: {states}")


def uninstalled(odoo, file, what="nothing sent"):
    before = books_are_untouched(odoo, file)
    left = {name: rows for name, rows in traces(odoo).items() if set(rows) - set(before["traces"][name])}
    check(not left, f"left behind: {left}")
    after = columns(odoo)
    check(after == before["columns"], f"schema differs: {differences(before['columns'], after)}")
    count, total = before["books"]["account_move_line"]
    print(
        f"uninstalled ({what}): nothing of ours left in {len(TRACES)} places, {count} journal items as before ({total[:8]})"
    )


def modules(odoo, *wanted):
    """Each `name=state` as it must be; several names may stand before the state, separated by commas."""
    for names, state in (text.split("=") for text in wanted):
        for name in names.split(","):
            found = odoo.query("SELECT state FROM ir_module_module WHERE name = %s", [name])
            check(found == [(state,)], f"{name} is {found}, not {state}")


def differences(before, after):
    one = {f"{table}.{column}" for table, names in before.items() for column in names}
    other = {f"{table}.{column}" for table, names in after.items() for column in names}
    return sorted(one ^ other)


def main(database, step, *arguments):
    if step == "send":
        return send(database)
    odoo = Odoo(database)
    if step == "make":
        return odoo.run(make_invoices)
    steps = {
        "remember": remember,
        "installed": installed,
        "still-sent": still_sent,
        "uninstalled": uninstalled,
        "modules": modules,
    }
    return steps[step](odoo, *arguments)


if __name__ == "__main__":
    main(*sys.argv[1:])
