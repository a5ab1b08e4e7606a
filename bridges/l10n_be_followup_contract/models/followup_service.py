from odoo import api, fields, models


class FollowupService(models.Model):
    _inherit = "followup.service"

    contract_ids = fields.One2many("contract.contract", "followup_service_id", readonly=True)

    @api.model
    def _selection_subscription(self):
        """EXTENDS l10n_be_followup"""
        return [*super()._selection_subscription(), ("contract.contract", self.env._("Contract"))]
