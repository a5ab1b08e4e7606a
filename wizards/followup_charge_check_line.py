from odoo import api, fields, models


class FollowupChargeCheckLine(models.TransientModel):
    """A journal item and a charge that do not say the same."""

    _name = "followup.charge.check.line"
    _description = "Difference of a Charge with the Ledger"
    _inherit = "followup.wizard"

    check_id = fields.Many2one("followup.charge.check", required=True, ondelete="cascade")
    currency_id = fields.Many2one(related="check_id.currency_id")
    move_id = fields.Many2one("account.move", "Entry", ondelete="cascade")
    charge_id = fields.Many2one("followup.charge", ondelete="cascade")
    amount_ledger = fields.Monetary("In the Ledger")
    amount_charge = fields.Monetary("By the Charges")
    difference = fields.Monetary(compute="_compute_difference")

    @api.depends("amount_ledger", "amount_charge")
    def _compute_difference(self):
        for line in self:
            line.difference = line.amount_ledger - line.amount_charge
