from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError


class FollowupHoldWizard(models.TransientModel):
    """Put a customer or one invoice on hold, with a reason and an end."""

    _name = "followup.hold.wizard"
    _description = "Put Follow-up on Hold"
    _inherit = "followup.wizard"

    customer_id = fields.Many2one("followup.customer", required=True)
    move_id = fields.Many2one("account.move", "Invoice", help="Empty: everything of this customer.")
    item_move_ids = fields.Many2many("account.move", compute="_compute_item_move_ids")
    until = fields.Date(
        "Until (included)",
        required=True,
        default=lambda self: self.env.company._followup_today() + timedelta(days=14),
    )
    reason = fields.Char(required=True)

    @api.depends("customer_id")
    def _compute_item_move_ids(self):
        for wizard in self:
            wizard.item_move_ids = wizard.customer_id.item_ids.move_id

    def action_confirm(self):
        self.ensure_one()
        if self.until < self.customer_id.company_id._followup_today():
            raise UserError(self.env._("The hold would end in the past. Choose a day from today on."))
        self.env["followup.hold"].create(
            {
                "customer_id": self.customer_id.id,
                "move_id": self.move_id.id,
                "until": self.until,
                "reason": self.reason,
            }
        )
        return {"type": "ir.actions.act_window_close"}
