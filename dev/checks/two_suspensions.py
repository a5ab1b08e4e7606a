"""Two crons, an approval and payments at the same moment: each service is suspended once and restored once."""

import datetime
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from support import Odoo, check, make_customers, night, open_all_hours

SERVICES = 24
ROUNDS = 2


def settings(env):
    open_all_hours(env)
    env["followup.level"].search([]).attach_invoices = False  # no PDF is looked at here
    company = env["res.company"].search([("parent_id", "=", False)], limit=1)
    company.write({"followup_suspend_from": 0, "followup_suspend_until": 24, "followup_suspend_cap": 1000})
    bank = env["account.journal"].search([("type", "=", "bank"), ("company_id", "=", company.id)], limit=1)
    env["account.bank.statement.line"].create(
        {"journal_id": bank.id, "date": company._followup_today(), "payment_ref": "charges", "amount": -1.0}
    )
    env.cr.commit()


def announced(env, first, count):
    """Customers with a service each, whose announcement arrived long ago."""
    make_customers(env, first, count)
    product = env["product.product"].create({"name": "Hosting", "type": "service"})
    numbers = [f"customer{number:03d}@customers.example" for number in range(first, first + count)]
    partners = env["res.partner"].search([("email", "in", numbers)])
    services = env["followup.service"].create(
        [
            {
                "name": partner.name,
                "partner_id": partner.id,
                "product_ids": [(6, 0, product.ids)],
                "proportionate": True,
            }
            for partner in partners
        ]
    )
    for service in services:
        lines = env["account.move.line"].search(
            [("partner_id", "=", service.partner_id.id), ("display_type", "=", "product")]
        )
        lines.followup_service_id = service
    env.flush_all()
    for policy in ("business", "consumer"):
        level = env.ref(f"l10n_be_followup.followup_level_{policy}_30")
        env.cr.execute(
            """UPDATE followup_item item SET level_id = %s, level_kind = %s, level_date = item.date_maturity
                 FROM followup_customer customer
                WHERE customer.id = item.customer_id AND customer.partner_id = ANY(%s) AND customer.regime = %s""",
            [level.id, level.kind, partners.ids, {"business": "b2b", "consumer": "b2c"}[policy]],
        )
    env.cr.commit()
    env.invalidate_all()
    night(env)
    # The services that a message names are known once it is rendered: before it is sent.
    for notice in env["followup.notice"].search(
        [("partner_id", "in", partners.ids), ("level_id.announce_suspension", "=", True), ("channel", "=", "email")]
    ):
        if notice.state == "review":
            notice._go("queued")
        notice._go("sending", attempts=1)
        notice._go("sent")
        notice._deliver(env.company._followup_today())
    env.cr.execute(
        """UPDATE followup_suspension SET announced_on = announced_on - 40, deadline = deadline - 60
            WHERE service_id = ANY(%s)""",
        [services.ids],
    )
    env.cr.commit()
    return len(services.suspension_ids)


def at_work():
    """A morning on which a service may be suspended, whatever day and hour it is now."""
    from freezegun import freeze_time
    from odoo.addons.l10n_be_followup.legal.calendar import is_working_day

    day = datetime.date.today() + datetime.timedelta(days=1)
    while not (is_working_day(day) and is_working_day(day + datetime.timedelta(days=1))):
        day += datetime.timedelta(days=1)
    return freeze_time(datetime.datetime.combine(day, datetime.time(10)), tick=True, real_asyncio=True)


def cron(env):
    with at_work():
        env["followup.engine"]._cron_suspend()
        env.cr.commit()


def approve(env):
    with at_work():
        env["followup.suspension"].search([("state", "=", "announced")]).action_approve()
        env.cr.commit()


def pay(env):
    """A credit note for each invoice, and follow-up hears of it as of a payment."""
    with at_work():
        pay_all(env)


def pay_all(env):
    for move in env["account.move"].search([("move_type", "=", "out_invoice"), ("payment_state", "=", "not_paid")]):
        move._reverse_moves([{"invoice_date": move.invoice_date}], cancel=True)
        env.cr.commit()


class Check:
    def __init__(self, database):
        self.odoo = Odoo(database)

    def assert_once(self, kind, what):
        rows = self.odoo.query(
            """SELECT suspension.name, suspension.state, suspension.occurrence,
                      (SELECT count(*) FROM followup_service_event event
                        WHERE event.suspension_id = suspension.id AND event.kind = %(kind)s),
                      (SELECT count(*) FROM followup_notice notice
                        WHERE notice.suspension_id = suspension.id AND notice.purpose = %(kind)s)
                 FROM followup_suspension suspension""",
            {"kind": kind},
        )
        wrong = [row for row in rows if row[1:] not in ((kind, 1, 1, 1), ("restored", 1, 1, 1))]
        check(rows and not wrong, f"{what}: name, state, times, events, messages: {wrong[:5]} ({len(wrong)})")
        [[gaps]] = self.odoo.query(
            """SELECT count(*) FROM (SELECT service_number FROM followup_service_event
                GROUP BY 1 HAVING max(sequence) <> count(*)) x"""
        )
        check(not gaps, f"{what}: {gaps} services whose events have gaps")
        return len(rows)


def main(database):
    this = Check(database)
    this.odoo.run(settings)
    for number in range(ROUNDS):
        made = this.odoo.run(announced, number * SERVICES, SERVICES)
        check(made == SERVICES, f"{made} of {SERVICES} announced")
        this.odoo.together((cron, (), None), (approve, (), "base.user_admin"), (cron, (), None))
        this.odoo.run(cron)  # what was locked at that moment waits for the next pass
        known = this.assert_once("suspended", f"two crons and an approval, round {number + 1}")
        this.odoo.together((cron, (), None), (pay, (), None), (cron, (), None))
        this.odoo.run(cron)
        this.assert_once("restored", f"payments and two crons, round {number + 1}")
    print(f"two crons with an approval, two crons with payments: {ROUNDS} rounds, {known} services, each once")


if __name__ == "__main__":
    main(*sys.argv[1:])
