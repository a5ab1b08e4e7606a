from odoo import fields, models


class FollowupWaiveWizard(models.TransientModel):
    """Give up charges, with a reason that is kept."""

    _name = "followup.waive.wizard"
    _description = "Waive Charges"
    _inherit = "followup.wizard"

    charge_ids = fields.Many2many("followup.charge", required=True)
    reason = fields.Char(required=True)

    def action_confirm(self):
        self.ensure_one()
        self.charge_ids._waive(self.reason)
        return {"type": "ir.actions.act_window_close"}
