from odoo import api, models


class SaleSubscriptionLine(models.Model):
    _inherit = "sale.subscription.line"

    @api.model_create_multi
    def create(self, vals_list):
        lines = super().create(vals_list)
        lines.sale_subscription_id._followup_sync()
        return lines

    def write(self, vals):
        result = super().write(vals)
        if vals.keys() & {"product_id", "product_uom_qty", "price_unit", "discount", "tax_ids", "sale_subscription_id"}:
            self.sale_subscription_id._followup_sync()
        return result

    def unlink(self):
        subscriptions = self.sale_subscription_id
        result = super().unlink()
        subscriptions.exists()._followup_sync()
        return result

    def _prepare_account_move_line(self):
        """EXTENDS subscription_oca: the line leads to its service and says how far it reaches."""
        subscription = self.sale_subscription_id
        payer = subscription._followup_payer()
        return super()._prepare_account_move_line() | subscription.sudo()._followup_line_values(payer)
