import dataclasses

from odoo import api, models


class FollowupEngine(models.AbstractModel):
    """Live mode for a segment of the customers, and the dry run of what it would do."""

    _inherit = "followup.engine"

    @api.model
    def _settings(self, company, today):
        # EXTENDS l10n_be_followup: the start assistant asks what would happen with its own date, live
        settings = super()._settings(company, today)
        if "followup_as_if_segment" in self.env.context:
            settings = dataclasses.replace(
                settings, live=True, cutoff=self.env.context.get("followup_as_if_cutoff") or settings.cutoff
            )
        return settings

    @api.model
    def _watched_domains(self, company):
        # EXTENDS l10n_be_followup
        return [*super()._watched_domains(company), company._followup_root()._followup_segment()]

    @api.model
    def _select(self, company, customer_ids, today, exclude_notice_ids=None):
        # EXTENDS l10n_be_followup: who is outside the segment stays in safe mode; one query a batch
        customers = super()._select(company, customer_ids, today, exclude_notice_ids)
        root = company.with_context(**self.env.context)._followup_root()
        if not root._followup_segment():
            return customers
        records = self.env["followup.customer"].browse([customer.id for customer in customers])
        inside = root._followup_live_partners(records.partner_id)
        ids = {record.id for record in records if record.partner_id in inside}
        return [customer if customer.id in ids else dataclasses.replace(customer, live=False) for customer in customers]
