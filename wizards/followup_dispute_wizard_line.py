from odoo import api, fields, models


class FollowupDisputeWizardLine(models.TransientModel):
    """One open item, and how much of it the customer disputes."""

    _name = "followup.dispute.wizard.line"
    _description = "Invoice of a Dispute to Note"
    _inherit = "followup.wizard"

    wizard_id = fields.Many2one("followup.dispute.wizard", required=True, ondelete="cascade")
    selected = fields.Boolean("Disputed")
    item_id = fields.Many2one("followup.item", required=True, ondelete="cascade")
    move_id = fields.Many2one(related="item_id.move_id")
    date_maturity = fields.Date(related="item_id.date_maturity")
    currency_id = fields.Many2one(related="item_id.currency_id")
    free = fields.Monetary("Still Open", help="Open, and not disputed or in an arrangement yet.")
    amount = fields.Monetary("Disputed Amount", help="The whole, or the part that the customer does not agree with.")

    @api.onchange("selected")
    def _onchange_selected(self):
        if not self.selected:
            self.amount = 0.0
        elif not self.amount:
            self.amount = self.free

    @api.onchange("amount")
    def _onchange_amount(self):
        self.selected = self.amount > 0
