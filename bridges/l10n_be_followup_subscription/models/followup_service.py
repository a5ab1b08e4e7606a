from odoo import api, fields, models


class FollowupService(models.Model):
    _inherit = "followup.service"

    sale_subscription_ids = fields.One2many("sale.subscription", "followup_service_id", readonly=True)

    @api.model
    def _selection_subscription(self):
        """EXTENDS l10n_be_followup"""
        return [*super()._selection_subscription(), ("sale.subscription", self.env._("Subscription"))]
