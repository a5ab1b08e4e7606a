from odoo import models


class FollowupArrangement(models.Model):
    _inherit = "followup.arrangement"

    def _is_informal(self):
        """Whether its customer is addressed with je, tu, du: in the e-mail, on paper and on his page."""
        self.ensure_one()
        partner = self.customer_id.sudo().partner_id.with_company(self.company_id)
        return partner.followup_address_form == "informal"
