from odoo import fields, models


class FollowupChargeReverseWizard(models.TransientModel):
    """Reverse posted charges, with a reason that is kept."""

    _name = "followup.charge.reverse.wizard"
    _description = "Reverse Charges"
    _inherit = "followup.wizard"

    charge_ids = fields.Many2many("followup.charge", string="Charges", required=True)
    reason = fields.Char(required=True)
    date = fields.Date(required=True, default=lambda self: self.env.company._followup_today())

    def action_confirm(self):
        self.ensure_one()
        moves = self.charge_ids._reverse_in_books(self.reason, day=self.date)
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Credit notes"),
            "res_model": "account.move",
            "domain": [("id", "in", moves.ids)],
            "views": [(False, "list"), (False, "form")] if len(moves) > 1 else [(False, "form")],
            "res_id": moves.id if len(moves) == 1 else False,
        }
