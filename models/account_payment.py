from odoo import models


class AccountPayment(models.Model):
    _inherit = "account.payment"

    def action_post(self):
        """EXTENDS account: a payment may have no entry yet and hold its invoices all the same."""
        result = super().action_post()
        self.env["followup.engine"]._touch_partner_ids(self.partner_id.commercial_partner_id.ids)
        return result
