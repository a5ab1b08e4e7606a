from odoo import models


class ResUsers(models.Model):
    _inherit = "res.users"

    def _followup_fit(self, company):
        """Of these users, who may sign for `company` and get its replies: still here, staff, with access to it."""
        return self.filtered(
            lambda user: user.active and not user.share and company._followup_root() in user.sudo().company_ids
        )
