from odoo import models


class SaleSubscriptionTemplate(models.Model):
    _inherit = "sale.subscription.template"

    def write(self, vals):
        result = super().write(vals)
        if vals.keys() & {"recurring_interval", "recurring_rule_type"}:
            self.subscription_ids._followup_sync()
        return result
