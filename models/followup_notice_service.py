from odoo import fields, models
from odoo.tools import format_amount

from ..engine import application


class FollowupNotice(models.Model):
    """The services that a notice announces may be suspended, frozen with the rest of it."""

    _inherit = "followup.notice"

    services = fields.Json(readonly=True, help="Service, name and overdue amount, as the message names them.")

    def _find_services(self):
        """Services whose suspension this message announces: their amount is among what it asks for.

        :return: list of dict(id, name, amount), amounts in company currency
        """
        self.ensure_one()
        if not self.level_id.announce_suspension:
            return []
        known = (
            self.env["followup.service"]
            .sudo()
            .search([("customer_id", "=", self.customer_id.id), ("essential", "=", False)])
        )
        if not known:
            return []
        engine = self.env["followup.engine"].sudo()
        today = self.prepared_on or self.company_id._followup_today()
        debts = engine._service_debts(self.company_id, self.customer_id, today)
        items = set(self.line_ids.item_id.ids)
        rows = []
        for service in known:
            if service.state == "suspended":
                continue
            amount = sum(
                debt.amount - debt.held
                for debt in debts.get(service.id, ())
                if debt.item_id in items and debt.due_date < today
            )
            if amount > 0:
                rows.append({"id": service.id, "name": service.name, "amount": float(amount)})
        return rows

    def _prepare_body_values(self, intro):
        # EXTENDS: what is announced is kept, so that only what the customer read counts
        rows = self._find_services()
        if rows != (self.services or []):
            self.with_context(followup_engine=True).services = rows
        return {**super()._prepare_body_values(intro), "services": rows}

    def _service_values(self, intro):
        """Everything that the frame of a message about a suspension shows."""
        self.ensure_one()
        company = self.company_id
        bank = application._agreed_bank(self.suspension_id.item_ids.move_id, company)
        return {
            "notice": self,
            "purpose": self.purpose,
            "company": company,
            "intro": intro,
            "suspension": self.suspension_id,
            "service": self.suspension_id.service_id,
            "fee": sum(
                self.suspension_id.charge_ids.filtered(lambda charge: charge.state == "claimed").mapped("amount")
            ),
            "items": self.suspension_id.item_ids.filtered("is_open"),
            "bank": bank,
            "base_url": company.get_base_url(),
            "responsible": self.responsible_id,
            "enterprise_number": application.enterprise_number(company),
            "fmt_date": lambda day: application.notice_date(self.env, day, self.lang),
            "fmt_amount": lambda amount, currency: format_amount(self.env, amount, currency, lang_code=self.lang),
        }
