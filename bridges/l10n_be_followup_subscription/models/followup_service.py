from odoo import api, models


class FollowupService(models.Model):
    _inherit = "followup.service"

    @api.model
    def _selection_subscription(self):
        """EXTENDS l10n_be_followup"""
        return [*super()._selection_subscription(), ("sale.subscription", self.env._("Subscription"))]
