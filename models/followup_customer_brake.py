from odoo import api, fields, models


class FollowupCustomer(models.Model):
    """Whoever looks at a customer sees that everything is stopped."""

    _inherit = "followup.customer"

    stop_text = fields.Char(compute="_compute_stop_text")

    @api.depends("company_id")
    def _compute_stop_text(self):
        for company, customers in self.grouped("company_id").items():
            customers.stop_text = company._followup_stop_brake().description or False
