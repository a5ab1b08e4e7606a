from datetime import timedelta

from odoo import api, fields, models

from ..engine import schedule
from ..legal.calendar import is_working_day
from . import catalogue
from .followup_demo import NAMESPACE


class FollowupDemo(models.AbstractModel):
    """What was agreed with some customers of the demo: promises, disputes, arrangements at every stage."""

    _inherit = "followup.demo"

    @api.model
    def _make_agreements(self, company, customers):
        for key, (kind, *details) in catalogue.AGREEMENTS.items():
            customer = self.env["followup.customer"]._for_partner(customers[key]["partner"], company)
            getattr(self, f"_make_{kind}")(company, customer, *details)
            made = self.env[f"followup.{kind}"].sudo().search([("customer_id", "=", customer.id)])
            made.user_id = self.env.ref(f"{NAMESPACE}.user_elke")
            customer._refresh()

    @api.model
    def _make_promise(self, company, customer, days, note):
        item = customer.item_ids.filtered("days_late").sorted("date_maturity")[:1]
        day = company._followup_today() + timedelta(days=days)
        while not is_working_day(day):
            day += timedelta(days=1)
        self.env["followup.promise"]._promise(customer, item, item.amount_residual_currency, day, note=note)

    @api.model
    def _make_dispute(self, company, customer, code, part, note):
        item = customer.item_ids.filtered("days_late").sorted("date_maturity")[:1]
        amount = item.currency_id.round(item.amount_residual_currency * part)
        reason = self.env.ref(f"l10n_be_followup.followup_dispute_reason_{code}")
        self.env["followup.dispute"]._dispute(customer, [(item, amount)], reason, note=note)

    @api.model
    def _make_arrangement(self, company, customer, number, days_ago, paid):
        """An arrangement made some weeks ago: today's screen shows it running.

        :param paid: instalments that came in on their day
        """
        overdue = customer.item_ids.filtered("days_late")
        parts = [(item, item.amount_residual_currency) for item in overdue]
        today = company._followup_today()
        plan = schedule.plan(
            customer.currency_id._followup_decimal(sum(amount for _item, amount in parts)),
            schedule.Plan(first_day=today - timedelta(days=days_ago), number=number, whole=True),
            is_working_day,
        )
        arrangement = self.env["followup.arrangement"]._arrange(
            customer,
            parts,
            [(row.day, float(row.amount)) for row in plan],
            acceleration=True,
            acceptance=not days_ago,
        )
        if arrangement.acceptance:
            # Proposed today, waiting for the customer's yes. No message leaves while the demo is made.
            until = arrangement._offer_end()
            arrangement._go("proposed", offer_until=until)
            arrangement._hold(until)
            arrangement._portal_ensure_token()
            return
        arrangement._start()
        made = plan[0].day - timedelta(days=14)
        arrangement.sudo().write({"date": made, "started_on": made})
        for row in plan[:paid]:
            self._pay_oldest(overdue, float(row.amount), row.day)

    @api.model
    def _pay_oldest(self, items, amount, day):
        """Money for an instalment: on the covered invoices, oldest first."""
        for item in items.sorted("date_maturity"):
            part = min(amount, item.move_line_id.amount_residual)
            if part > 0:
                self._register_payment(item.move_id, min(day, fields.Date.today()), part)
                amount = round(amount - part, 2)
