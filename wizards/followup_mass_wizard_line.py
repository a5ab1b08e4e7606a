from odoo import api, fields, models


class FollowupMassWizardLine(models.TransientModel):
    """What became of one customer or notice, and what is needed to take it back."""

    _name = "followup.mass.wizard.line"
    _description = "Result of a Follow-up of Several"
    _inherit = "followup.wizard"
    _order = "success, id"

    wizard_id = fields.Many2one("followup.mass.wizard", required=True, ondelete="cascade")
    customer_id = fields.Many2one("followup.customer", "Follow-up")
    notice_id = fields.Many2one("followup.notice")
    partner_id = fields.Many2one("res.partner", "Customer", compute="_compute_partner_id")
    success = fields.Boolean("Done")
    undone = fields.Boolean("Taken Back")
    note = fields.Char()
    hold_ids = fields.Many2many("followup.hold")
    previous_user_id = fields.Many2one("res.users")

    @api.depends("customer_id", "notice_id")
    def _compute_partner_id(self):
        for line in self:
            line.partner_id = line.customer_id.partner_id or line.notice_id.partner_id
