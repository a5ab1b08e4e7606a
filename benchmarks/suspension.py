"""Judge the suspensions of many services in a night, and announce some, on a real database.

Run with `dev/bench suspension [NUMBER]`: NUMBER services (20,000), two of each customer and an unpaid invoice for
each, all of them announced; each tenth is suspended, each twentieth waits for a yes from tonight on.
"""

import resource
import sys
import time
from datetime import date, datetime, timedelta

from odoo.addons.l10n_be_followup.models.followup_engine import BATCH
from odoo.tools import split_every
from rows import columns_of, copy_rows

NUMBER = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
TODAY = date.today()
#: So many notices are announced one by one, as the delivery of messages does it.
ANNOUNCED = 200


def one_customer(env):
    """A customer whose two services were announced by a delivered notice: the others are copied from him."""
    company = env.company
    env["followup.assistant"]._mark_finished(company)
    company.write({"followup_live": True, "followup_cutoff_date": TODAY - timedelta(days=400), "email": "a@b.example"})
    bank = env["account.journal"].search([("type", "=", "bank"), ("company_id", "=", company.id)], limit=1)
    env["account.bank.statement.line"].create(
        {"journal_id": bank.id, "date": TODAY, "payment_ref": "charges", "amount": -1.0}
    )
    partner = env["res.partner"].create(
        {"name": "bench", "vat": "BE0477472701", "is_company": True, "country_id": env.ref("base.be").id,
         "email": "bench@customer.example"}
    )  # fmt: skip
    moves = env["account.move"]
    for name in ("web", "mail"):
        product = env["product.product"].create({"name": name, "type": "service"})
        env["followup.service"].create(
            {
                "name": name,
                "partner_id": partner.id,
                "product_ids": [(6, 0, product.ids)],
                "monthly_value": 100,
                "proportionate": True,
            }
        )
        line = {"product_id": product.id, "name": name, "quantity": 1, "price_unit": 100, "tax_ids": [(5,)]}
        moves += env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": partner.id,
                "invoice_date": TODAY - timedelta(days=90),
                "invoice_date_due": TODAY - timedelta(days=60),
                "invoice_line_ids": [(0, 0, line)],
            }
        )
    moves.action_post()
    env.flush_all()
    engine = env["followup.engine"]
    engine._synchronise(company)
    level = env.ref("l10n_be_followup.followup_level_business_30")
    env.cr.execute(
        "UPDATE followup_item SET level_id = %s, level_kind = %s, level_date = %s",
        [level.id, level.kind, TODAY - timedelta(days=40)],
    )
    env.invalidate_all()
    customer = env["followup.customer"].search([("partner_id", "=", partner.id)])
    working = next(
        TODAY - timedelta(days=n) for n in range(9) if company._followup_is_working_day(TODAY - timedelta(days=n))
    )
    decisions = engine._decide(company, engine._select(company, customer.ids, working), working)
    notices, failures = engine._apply(company, decisions, working)
    assert notices and not failures, failures
    notice = notices[0]
    if notice.state == "review":
        notice._go("queued")
    moment = datetime.combine(TODAY - timedelta(days=2), datetime.min.time())
    notice._go("sending", claim_date=moment, attempts=1)
    notice._go("sent", sent_date=moment)
    notice._deliver(moment.date())
    assert len(customer.service_ids.suspension_ids) == 2, notice.services
    env.flush_all()
    return customer, moves, notice


def rows(env, table, where, changes, source):
    """Copy rows of `table`, joined with `source` that names what each copy is for."""
    names = columns_of(env, table)
    values = [changes.get(name, f's."{name}"') for name in names]
    env.cr.execute(
        f"INSERT INTO {table} ({', '.join(chr(34) + n + chr(34) for n in names)}) "
        f"SELECT {', '.join(values)} FROM {table} s, {source} WHERE {where}"
    )


def fill(env, number):
    company, (customer, moves, notice) = env.company, one_customer(env)
    first = customer.partner_id.id
    copy_rows(env, "res_partner", first, number // 2 - 1, {"name": "'bench ' || n"})
    env.cr.execute("UPDATE res_partner SET commercial_partner_id = id WHERE name LIKE 'bench %'")
    env.cr.execute("CREATE TEMP TABLE bench AS SELECT id AS partner FROM res_partner WHERE name LIKE 'bench %'")
    for move in moves:
        rows(
            env, "account_move", f"s.id = {move.id}",
            {"name": f"'BENCH{move.id}/' || partner", "sequence_number": "partner", "access_token": "NULL",
             "payment_reference": f"'B{move.id}x' || partner", "partner_id": "partner",
             "commercial_partner_id": "partner", "partner_shipping_id": "partner"},
            "bench",
        )  # fmt: skip
        rows(
            env, "account_move_line", f"s.move_id = {move.id}",
            {"move_id": "m.id", "move_name": "m.name", "partner_id": "m.partner_id"},
            f"(SELECT * FROM account_move WHERE name LIKE 'BENCH{move.id}/%') m",
        )  # fmt: skip
    env.invalidate_all()
    env["followup.engine"]._synchronise(company)
    env.cr.execute(
        """CREATE TEMP TABLE who AS SELECT customer.id AS customer, partner
             FROM bench JOIN followup_customer customer ON customer.partner_id = partner"""
    )
    mine = f"s.customer_id = {customer.id}"
    whose = {"customer_id": "customer", "partner_id": "partner"}
    rows(env, "followup_service", mine, {**whose, "external_reference": "s.id::text", "suspension_id": "NULL"}, "who")
    env.cr.execute(
        """INSERT INTO followup_service_product_rel (service_id, product_id)
           SELECT service.id, rel.product_id FROM followup_service service
             JOIN followup_service_product_rel rel ON rel.service_id::text = service.external_reference"""
    )
    rows(env, "followup_notice", f"s.id = {notice.id}", {**whose, "name": "s.name || '/' || customer"}, "who")
    owned = f"""(SELECT item.id AS item, item.customer_id AS customer, line.move_id AS move, line.name AS own,
                        notice.id AS notice
                   FROM followup_item item JOIN account_move_line line ON line.id = item.move_line_id
                   JOIN followup_notice notice ON notice.customer_id = item.customer_id
                  WHERE item.customer_id <> {customer.id}) owned"""
    for move in moves:
        line = notice.line_ids.filtered(lambda line, move=move: line.move_id == move)
        rows(
            env, "followup_notice_line",
            f"s.id = {line.id} AND move IN (SELECT id FROM account_move WHERE name LIKE 'BENCH{move.id}/%')",
            {"notice_id": "notice", "item_id": "item"}, owned,
        )  # fmt: skip
    rows(
        env, "followup_suspension", f"{mine} AND s.service_id::text = service.external_reference",
        {**whose, "service_id": "service.id", "notice_id": "notice.id", "name": "'SU' || service.id"},
        """who JOIN followup_service service ON service.customer_id = customer
           JOIN followup_notice notice ON notice.customer_id = customer""",
    )  # fmt: skip
    rel = env["followup.suspension"]._fields["item_ids"]
    env.cr.execute(
        f"""INSERT INTO {rel.relation} ({rel.column1}, {rel.column2})
            SELECT suspension.id, item.id
              FROM followup_suspension suspension
              JOIN followup_service_product_rel led ON led.service_id = suspension.service_id
              JOIN followup_item item ON item.customer_id = suspension.customer_id
              JOIN account_move_line owed ON owed.id = item.move_line_id
              JOIN account_move_line sold ON sold.move_id = owed.move_id AND sold.product_id = led.product_id
                ON CONFLICT DO NOTHING"""
    )
    env.cr.execute(
        """UPDATE followup_suspension SET conditions = NULL;
           UPDATE followup_suspension SET announced_on = announced_on - 30, deadline = deadline - 40 WHERE id % 20 = 1;
           UPDATE followup_suspension SET state = 'suspended', suspended_date = now() - interval '9 days', occurrence = 1
            WHERE id % 10 = 0;
           UPDATE followup_service service SET state = suspension.state, suspension_id = suspension.id
             FROM followup_suspension suspension WHERE suspension.service_id = service.id"""
    )
    env.cr.execute("ANALYZE")
    env.cr.commit()
    env.invalidate_all()
    return company


def measured(env, what, number, function):
    env.flush_all()
    env.invalidate_all()
    queries, started = env.cr.sql_log_count, time.monotonic()
    function()
    env.flush_all()
    took = time.monotonic() - started
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(
        f"| {what} | {number:,} | {took:.1f} | {took / number * 1000:.2f} | {env.cr.sql_log_count - queries:,} | {memory} |",
        flush=True,
    )
    env.cr.commit()


def main(env):
    company = fill(env, NUMBER)
    engine = env["followup.engine"]
    suspensions = env["followup.suspension"].search([])
    assert len(suspensions) == NUMBER, len(suspensions)
    customers = suspensions.customer_id.ids

    def evaluate(suspend=False):
        for ids in split_every(BATCH, customers):
            batch = env["followup.customer"].browse(ids)
            if suspend:
                engine._suspend_safely(company, batch, TODAY)
            else:
                engine._follow_suspensions(company, batch, TODAY)
            env.flush_all()
            env.invalidate_all()

    print("| step | services | seconds | ms each | queries | peak MB |")
    print("| --- | --- | --- | --- | --- | --- |")
    measured(env, "a night, all for the first time", NUMBER, evaluate)
    assert env["followup.suspension"].search_count([("ready", "=", True)]), suspensions[1].conditions_text
    assert env["followup.suspension"].search_count([("state", "=", "suspended"), ("amount_overdue", ">", 0)])
    measured(env, "the next night", NUMBER, evaluate)
    measured(env, "an hour in the day", NUMBER, lambda: evaluate(suspend=True))
    some = env["followup.notice"].search([("services", "!=", False)], limit=ANNOUNCED)
    measured(env, "what a notice announces", 2 * len(some), lambda: [notice._find_services() for notice in some])

    def announce():
        for notice in some:
            env["followup.suspension"]._announce(notice)

    own = env["followup.suspension"].search([("notice_id", "in", some.ids)])
    env.cr.execute("UPDATE followup_suspension SET state = 'cancelled' WHERE id = ANY(%s)", [own.ids])
    env.cr.execute(
        "UPDATE followup_service SET suspension_id = NULL, state = 'active' WHERE id = ANY(%s)", [own.service_id.ids]
    )
    env.cr.execute(
        """UPDATE followup_notice notice
              SET services = (SELECT jsonb_agg(jsonb_build_object('id', service.id, 'name', service.name, 'amount', 100))
                                FROM followup_service service WHERE service.customer_id = notice.customer_id)
            WHERE id = ANY(%s)""",
        [some.ids],
    )
    measured(env, "a delivered notice: announced", 2 * len(some), announce)


main(env)  # noqa: F821 - `dev/odoo shell` gives the environment
