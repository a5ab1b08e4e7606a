from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_date


class ContractContract(models.Model):
    """A contract with a customer is one service."""

    _name = "contract.contract"
    _inherit = ["contract.contract", "followup.subscription.mixin"]

    _followup_service_unique = models.UniqueIndex(
        "(followup_service_id) WHERE followup_service_id IS NOT NULL", "A service belongs to one contract."
    )

    @api.model_create_multi
    def create(self, vals_list):
        contracts = super().create(vals_list)
        contracts._followup_sync()
        return contracts

    def write(self, vals):
        result = super().write(vals)
        if self._followup_sources() & vals.keys():
            self._followup_sync()
        return result

    def unlink(self):
        services = self.sudo().followup_service_id
        for contract in self.sudo():
            contract._followup_ended()
        result = super().unlink()
        services.write({"active": False, "subscription_ref": False})
        return result

    @api.model
    def _followup_sources(self):
        """Fields that a service is made from."""
        return {
            "name", "code", "active", "user_id", "company_id", "contract_type", "partner_id", "invoice_partner_id",
            "date_end", "fiscal_position_id", "pricelist_id", "contract_line_ids", "contract_line_fixed_ids",
            "line_recurrence", "recurring_rule_type", "recurring_interval", "recurring_invoicing_type",
        }  # fmt: skip

    def _followup_lines(self):
        """The lines that deliver something now."""
        self.ensure_one()
        today = self._followup_today()
        return self.contract_line_ids.filtered(
            lambda line: (
                not line.display_type and not line.is_canceled and not (line.date_end and line.date_end < today)
            )
        )

    def _followup_has_service(self):
        """OVERRIDE l10n_be_followup"""
        return self.active and self.contract_type == "sale" and bool(self._followup_lines())

    def _followup_payer(self):
        """OVERRIDE l10n_be_followup"""
        return self.invoice_partner_id or self.partner_id

    def _followup_service_values(self):
        """EXTENDS l10n_be_followup"""
        lines = self._followup_lines()
        root = self.company_id._followup_root()
        value = sum(line._followup_monthly_value() for line in lines)
        months = [line._followup_months() for line in lines if line.recurring_invoicing_type == "pre-paid"]
        return super()._followup_service_values() | {
            "name": self.name or self.code or self.env._("Contract %s", self.id),
            "monthly_value": root.currency_id.round(
                self.currency_id._convert(value, root.currency_id, self.company_id, self._followup_today())
            ),
            "period_months": int(max(months, default=0)),
        }

    # Invoicing

    @api.model
    def _get_contracts_to_invoice_domain(self, date_ref=None):
        """EXTENDS contract: not those with nothing but suspended periods."""
        domain = super()._get_contracts_to_invoice_domain(date_ref)
        day = date_ref or fields.Date.context_today(self)
        stopped = self.search(domain & fields.Domain("followup_stopped_since", "!=", False))
        silent = stopped.filtered(lambda contract: not contract._get_lines_to_invoice(day))
        return domain & fields.Domain("id", "not in", silent.ids) if silent else domain

    def recurring_create_invoice(self):
        """EXTENDS contract: whoever presses the button is told why nothing comes."""
        self.ensure_one()
        day = self.recurring_next_date
        if self.followup_stopped_since and day and not self._get_lines_to_invoice(day):
            raise UserError(
                self.env._(
                    "Service %(service)s is suspended since %(date)s because of unpaid invoices, and its suspended days "
                    "are not invoiced. Restore the service first, or let billing go on in the service itself.",
                    service=self.sudo().followup_service_id.name,
                    date=format_date(self.env, self.followup_stopped_since),
                )
            )
        return super().recurring_create_invoice()

    @api.model
    def cron_recurring_create_invoice(self, date_ref=None):
        """EXTENDS contract: a contract that reached its last day delivers nothing any more."""
        result = super().cron_recurring_create_invoice(date_ref)
        day = date_ref or fields.Date.context_today(self)
        self.search([("followup_service_id.active", "=", True), ("date_end", "<", day)])._followup_sync()
        return result

    def _followup_skip(self, since, until):
        """OVERRIDE l10n_be_followup: move on by contract's own step, as if the periods had been invoiced."""
        self.ensure_one()
        skipped = []
        while lines := self.contract_line_ids.filtered(lambda line: line._followup_touches(since, until)):
            periods = [(line.next_period_date_start, line.next_period_date_end) for line in lines]
            if periods == skipped[-len(periods) :]:
                break  # A recurrence of no length goes nowhere.
            skipped += periods
            lines._update_last_date_invoiced()
            self._compute_recurring_next_date()
        # A period from before the suspension that nobody invoiced yet keeps what comes after it from moving on.
        waiting = self.contract_line_ids.filtered(
            lambda line: line._followup_bills() and line.next_period_date_end and line.next_period_date_end < since
        )
        if waiting:
            self.activity_schedule(
                "mail.mail_activity_data_todo",
                user_id=(self.user_id or self.env.user).id,
                note=self.env._(
                    "%(lines)s: there is a period from before the suspension that is not invoiced yet. Invoice it, and then "
                    "leave out the periods from %(since)s to %(until)s: the service was suspended.",
                    lines=", ".join(waiting.mapped("name")),
                    since=format_date(self.env, since),
                    until=format_date(self.env, until),
                ),
            )
        return [f"{format_date(self.env, start)} - {format_date(self.env, end)}" for start, end in sorted(set(skipped))]
