from odoo import api, models


class ContractLine(models.Model):
    _inherit = "contract.line"

    @api.model_create_multi
    def create(self, vals_list):
        lines = super().create(vals_list)
        lines.contract_id._followup_sync()
        return lines

    def write(self, vals):
        result = super().write(vals)
        if self._followup_sources() & vals.keys():
            self.contract_id._followup_sync()
        return result

    def unlink(self):
        contracts = self.contract_id
        result = super().unlink()
        contracts.exists()._followup_sync()
        return result

    @api.model
    def _followup_sources(self):
        """Fields that a service is made from."""
        return {
            "product_id", "quantity", "price_unit", "specific_price", "discount", "automatic_price", "is_canceled",
            "date_end", "display_type", "recurring_rule_type", "recurring_interval", "recurring_invoicing_type",
        }  # fmt: skip

    def _followup_months(self):
        """The months of one period; weeks and days are parts of a month."""
        self.ensure_one()
        delta = self.get_relative_delta(self.recurring_rule_type, self.recurring_interval or 1)
        return delta.years * 12 + delta.months + delta.days / 30

    def _followup_monthly_value(self):
        """What the line costs a month, with VAT, in the currency of the contract."""
        self.ensure_one()
        contract = self.contract_id
        position = contract.fiscal_position_id
        own = self.env["account.tax"]._check_company_domain(contract.company_id)
        # As an invoice line finds them: of the product, else of the account.
        taxes = self.product_id.taxes_id.filtered_domain(own)
        if not taxes:
            accounts = self.product_id.product_tmpl_id.get_product_accounts(position) if self.product_id else {}
            account = accounts.get("income") or contract.journal_id.default_account_id
            taxes = account.tax_ids.filtered(lambda tax: tax.type_tax_use == "sale").filtered_domain(own)
        amounts = position.map_tax(taxes).compute_all(
            self.price_unit * (1 - self.discount / 100),
            currency=contract.currency_id,
            quantity=self.quantity,
            product=self.product_id,
            partner=contract.partner_id,
        )
        months = self._followup_months()
        return amounts["total_included"] / months if months else 0.0

    def _followup_bills(self):
        """Whether the line is invoiced of itself, not a note or section beside another."""
        self.ensure_one()
        return not self.display_type and not self.is_canceled

    def _followup_touches(self, since, until):
        """Whether the next period to invoice has a day from `since` up to and including `until` (None: no end)."""
        self.ensure_one()
        start, end = self.next_period_date_start, self.next_period_date_end
        return bool(self._followup_bills() and start and end and end >= since and (until is None or start <= until))

    def _can_be_invoiced(self, date_ref):
        """EXTENDS contract: not a period with suspended days; one that ended before is still owed."""
        since = self.contract_id.followup_stopped_since
        return super()._can_be_invoiced(date_ref) and not (since and self._followup_touches(since, None))

    def _prepare_invoice_line(self):
        """EXTENDS contract: the line leads to its service and says how far it reaches."""
        values = super()._prepare_invoice_line()
        service = not self.display_type and self.contract_id._followup_billed_service()
        if values and service:
            values["followup_service_id"] = service.id
            values["followup_period_end"] = self._get_period_to_invoice(
                self.last_date_invoiced, self.recurring_next_date
            )[1]
        return values
