from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_date


class SaleSubscription(models.Model):
    """A subscription is one service; suspending it without billing is its own pause."""

    _name = "sale.subscription"
    _inherit = ["sale.subscription", "followup.subscription.mixin"]

    followup_paused = fields.Boolean(
        "Paused by Follow-up", copy=False, readonly=True, help="Its pause ends when its service is restored."
    )

    _followup_service_unique = models.UniqueIndex(
        "(followup_service_id) WHERE followup_service_id IS NOT NULL", "A service belongs to one subscription."
    )

    @api.model_create_multi
    def create(self, vals_list):
        subscriptions = super().create(vals_list)
        subscriptions._followup_sync()
        return subscriptions

    def write(self, values):
        result = super().write(values)
        if self._followup_sources() & values.keys():
            self._followup_sync()
        return result

    def unlink(self):
        services = self.sudo().followup_service_id
        for subscription in self.sudo():
            subscription._followup_ended()
        result = super().unlink()
        services.write({"active": False, "subscription_ref": False})
        return result

    @api.model
    def _followup_sources(self):
        """Fields that a service is made from."""
        return {
            "code", "template_id", "active", "stage_id", "user_id", "company_id", "partner_id", "partner_invoice_id",
            "pricelist_id", "fiscal_position_id", "sale_subscription_line_ids",
        }  # fmt: skip

    def _followup_has_service(self):
        """OVERRIDE l10n_be_followup"""
        return self.active and self.stage_id.type != "post" and bool(self.sale_subscription_line_ids)

    def _followup_payer(self):
        """OVERRIDE l10n_be_followup"""
        return self.partner_invoice_id or self.partner_id

    def _followup_service_values(self):
        """EXTENDS l10n_be_followup"""
        root = self.company_id._followup_root()
        lines = self.sale_subscription_line_ids
        delta = self._get_recurrence_delta()
        months = delta.years * 12 + delta.months + delta.days / 30
        names = list(dict.fromkeys(lines.product_id.with_context(lang=self.partner_id.lang).mapped("name")))
        title = ", ".join(names[:2]) + (" ..." if names[2:] else "")
        value = sum(lines.mapped("price_total")) / months
        return super()._followup_service_values() | {
            "name": f"{title} ({self.name})" if title and self.name else title or self.name or self.template_id.name,
            "monthly_value": root.currency_id.round(
                self.currency_id._convert(value, root.currency_id, self.company_id, self._followup_today())
            ),
            "period_months": int(months),
        }

    def _followup_line_values(self, payer, start=None):
        """What an invoice line for the period from `start` (or the next one) says about its service."""
        service = self and self._followup_billed_service()
        if not service or payer.commercial_partner_id != service.customer_id.partner_id:
            return {}
        return {"followup_service_id": service.id, "followup_period_end": self._followup_period(start)[1]}

    def _followup_period(self, start=None):
        """The first and the last day of the period from `start`, or of the next one to invoice."""
        self.ensure_one()
        start = start or self.recurring_next_date or self._get_first_invoice_date()
        return start, fields.Date.subtract(self._get_next_invoice_date(start), days=1)

    # Billing

    def _followup_stop_billing(self):
        """EXTENDS l10n_be_followup: pause it, unless somebody did so before: his pause is his to end."""
        running = self.filtered(lambda subscription: subscription.stage_id.type != "post")
        fresh = running.filtered(lambda subscription: not subscription.followup_stopped_since)
        result = super(SaleSubscription, running)._followup_stop_billing()
        for subscription in fresh.filtered(lambda subscription: not subscription.is_paused):
            subscription.action_pause()
            subscription.followup_paused = True
        return result

    def _followup_bill_again(self):
        """EXTENDS l10n_be_followup: end our pause, and no other."""
        ours = self.filtered("followup_paused")
        result = super()._followup_bill_again()
        ours.followup_paused = False
        for subscription in ours.filtered("is_paused"):
            subscription.action_resume()
        return result

    def action_resume(self, automatic=False):
        """EXTENDS subscription_oca: a pause that ends during a suspension goes on as ours."""
        self.ensure_one()
        if self.is_paused and self.followup_stopped_since:
            if not automatic:
                self._followup_refuse()
            self.write({"paused_until": False, "followup_paused": True})
            self.message_post(body=self.env._("It stays paused until its service is restored."))
            return None
        return super().action_resume(automatic=automatic)

    def _followup_refuse(self):
        raise UserError(
            self.env._(
                "Service %(service)s is suspended since %(date)s because of unpaid invoices, and its suspended days are "
                "not invoiced. Restore the service first, or let billing go on in the service itself.",
                service=self.sudo().followup_service_id.name,
                date=format_date(self.env, self.followup_stopped_since),
            )
        )

    def generate_invoice(self):
        """EXTENDS subscription_oca: whoever starts it is told why nothing comes."""
        if self.followup_stopped_since:
            self._followup_refuse()
        return super().generate_invoice()

    def manual_invoice(self):
        """EXTENDS subscription_oca: whoever presses the button is told why nothing comes."""
        if self.followup_stopped_since:
            self._followup_refuse()
        return super().manual_invoice()

    def _followup_skip(self, since, until):
        """OVERRIDE l10n_be_followup: subscription_oca invoices in advance, on the first day of each period."""
        self.ensure_one()
        skipped = []
        start, end = self._followup_period()
        while self.recurring_next_date and start <= until and end >= since:
            skipped.append(f"{format_date(self.env, start)} - {format_date(self.env, end)}")
            self.recurring_next_date = self._get_next_invoice_date(start)
            start, end = self._followup_period()
        if self.recurring_next_date and end < since:
            self.activity_schedule(
                "mail.mail_activity_data_todo",
                user_id=(self.user_id or self.env.user).id,
                note=self.env._(
                    "The period from %(start)s is from before the suspension and is not invoiced yet. Invoice it, and then "
                    "leave out the periods from %(since)s to %(until)s: the service was suspended.",
                    start=format_date(self.env, start),
                    since=format_date(self.env, since),
                    until=format_date(self.env, until),
                ),
            )
        return skipped
