import dataclasses

from odoo import api, models

from ..engine.decision import Reason


class FollowupEngine(models.AbstractModel):
    """A customer who was archived: nobody writes to him by himself, and a person decides what becomes of his debt."""

    _inherit = "followup.engine"

    @api.model
    def _select(self, company, customer_ids, today, exclude_notice_ids=None):
        # EXTENDS l10n_be_followup: archived is a reason not to act; gone, merged, or by mistake: nobody can tell
        customers = super()._select(company, customer_ids, today, exclude_notice_ids)
        rows = self.env["followup.customer"].browse(customer_ids)
        archived = {row.id for row in rows if not row.partner_id.active}
        if not archived:
            return customers
        return [
            dataclasses.replace(customer, holds=(*customer.holds, Reason("archived")))
            if customer.id in archived
            else customer
            for customer in customers
        ]
