from datetime import timedelta

from odoo import fields, models
from odoo.tools import format_amount, format_date

#: How far the call sheet looks back.
SHOWN = 12


class FollowupCustomer(models.Model):
    """What to know before and during a call: one sheet, on the screen and on paper."""

    _inherit = "followup.customer"

    call_ids = fields.One2many("followup.call", "customer_id", "Calls")
    call_notice_id = fields.Many2one("followup.notice", "Planned Call", compute="_compute_call_notice_id")
    call_when = fields.Char("Planned Call On", compute="_compute_call_notice_id")

    def _compute_call_notice_id(self):
        planned = self.env["followup.notice"].search(
            [("customer_id", "in", self.ids), ("channel", "=", "call"), ("state", "=", "queued")], order="standby, id"
        )
        by_customer = planned.grouped("customer_id")
        for customer in self:
            customer.call_notice_id = by_customer.get(customer._origin, planned.browse())[:1]
            customer.call_when = customer.call_notice_id.call_when

    def action_call_sheet(self):
        """Open the call sheet: amounts, agreements, contacts, deliveries, and what to say."""
        self.ensure_one()
        self._refresh()
        sheet = self.env["followup.call.sheet"].create({"customer_id": self.id})
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Call %s", self.partner_id.display_name),
            "res_model": sheet._name,
            "res_id": sheet.id,
            "view_mode": "form",
            "views": [(False, "form")],
        }

    def _call_goal(self):
        """What to aim for: an arrangement when promises were broken or money is short, else a promise for everything.

        :return: a goal of `followup.call.script`
        """
        self.ensure_one()
        if not self.amount_overdue:
            return "service"
        broken = self.env["followup.promise"]._broken_in_a_row(self)
        last = self.call_ids.filtered(lambda call: call.reached == "yes")[:1]
        return "arrangement" if broken >= 2 or last.reason == "cannot_pay" else "promise"

    def _call_places(self):
        """What a script may name: the customer, who calls, and what it is about."""
        self.ensure_one()
        company = self.company_id
        today = company._followup_today()
        overdue = self.item_ids.filtered(lambda item: item.date_maturity < today)
        contact = self.partner_id._followup_candidates(company)[:1] if self.partner_id else self.partner_id
        friday = self.env["followup.promise.wizard"]._proposed_day(company, today)
        return {
            "customer": self.partner_id.name,
            "contact": contact.name or self.partner_id.name,
            "company": company.name,
            "caller": self.env.user.name,
            "amount": format_amount(self.env, self.amount_overdue, self.currency_id),
            "count": str(len(overdue)),
            "oldest": format_date(self.env, self.oldest_date) if self.oldest_date else "",
            "friday": format_date(self.env, friday),
        }

    def _call_sheet_values(self, goal=None, script=None):
        """Everything that the call sheet shows.

        :param goal: a goal of `followup.call.script`; None: the one that fits the customer
        :param script: HTML to show as the script; None: the one for the goal
        """
        self.ensure_one()
        goal = goal or self._call_goal()
        company, partner = self.company_id, self.partner_id.with_company(self.company_id)
        today = company._followup_today()
        if script is None:
            record = self.env["followup.call.script"]._find(
                company, goal, (self.call_notice_id.level_id or self.next_level_id).kind
            )
            script = record._fill(self._call_places()) if record else ""
        numbers = partner._followup_call_numbers(company)
        goals = dict(self.env["followup.call.script"]._fields["goal"]._description_selection(self.env))
        promises = self.env["followup.promise"].search([("customer_id", "=", self.id)], order="id desc", limit=5)
        return {
            "customer": self,
            "company": company,
            "today": today,
            "goal": goal,
            "goal_text": goals[goal],
            "script": script,
            "numbers": numbers,
            "items": self.item_ids.sorted(lambda item: (item.date_maturity, item.id)),
            "terms": partner.sudo()._followup_terms(self.regime, company),
            "promises": promises,
            "arrangements": self.env["followup.arrangement"].search(
                [("customer_id", "=", self.id), ("state", "in", ("proposed", "active"))]
            ),
            "disputes": self.env["followup.dispute"].search([("customer_id", "=", self.id), ("state", "=", "open")]),
            "contacts": self.env["followup.timeline"].search(
                [
                    ("customer_id", "=", self.id),
                    ("kind", "in", ("email", "letter", "sms", "call", "bounce", "answer", "reminded")),
                    ("status", "in", ("done", "failed", "open")),
                ],
                limit=SHOWN,
            ),
            "related": self._call_sheet_related(),
            "fmt_date": lambda day: format_date(self.env, day),
            "fmt_amount": lambda amount, currency: format_amount(self.env, amount, currency),
            "selection": lambda record, name: dict(record._fields[name]._description_selection(self.env)).get(
                record[name], ""
            ),
        }

    def _call_sheet_sources(self):
        """Where Odoo may know of open deliveries, tickets and tasks: (model, domain, title). Only what is installed
        and what the user may read is shown."""
        family = ("partner_id", "child_of", self.partner_id.id)
        return [
            (
                "stock.picking",
                [family, ("state", "not in", ("done", "cancel", "draft")), ("picking_type_code", "=", "outgoing")],
                self.env._("Deliveries to come"),
            ),
            (
                "stock.picking",
                [
                    family,
                    ("state", "=", "done"),
                    ("date_done", ">=", fields.Datetime.now() - timedelta(days=60)),
                ],
                self.env._("Delivered in the last two months"),
            ),
            ("helpdesk.ticket", [family, ("fold", "=", False)], self.env._("Open tickets")),
            ("project.task", [family, ("is_closed", "=", False)], self.env._("Open tasks")),
            ("repair.order", [family, ("state", "not in", ("done", "cancel"))], self.env._("Open repairs")),
            (
                "crm.lead",
                [family, ("type", "=", "opportunity"), ("won_status", "=", "pending")],
                self.env._("Opportunities"),
            ),
        ]

    def _call_sheet_related(self):
        """:return: list of (title, records), at most five of each"""
        result = []
        for model, domain, title in self._call_sheet_sources():
            if model not in self.env or not self.env[model].has_access("read"):
                continue
            records = self.env[model]
            names = [leaf[0] for leaf in domain]
            if any(name not in records._fields for name in names):
                continue  # another version of that module: nothing is better than an error during a call
            if "company_id" in records._fields:
                domain = [*domain, *records._check_company_domain(self.company_id)]
            records = records.search(domain, limit=5)
            if records:
                result.append((title, records))
        return result
