from odoo import api, fields, models


class FollowupArrangeWizardItem(models.TransientModel):
    """One open item that the arrangement may cover, wholly or in part."""

    _name = "followup.arrange.wizard.item"
    _description = "Invoice to Arrange"
    _inherit = "followup.wizard"
    _order = "date_maturity, id"

    wizard_id = fields.Many2one("followup.arrange.wizard", required=True, ondelete="cascade")
    item_id = fields.Many2one("followup.item", required=True, ondelete="cascade")
    selected = fields.Boolean("In")
    amount = fields.Monetary(help="Part of the invoice that is paid in instalments. The rest is followed up as usual.")
    free = fields.Monetary(compute="_compute_free", help="Open, and not disputed nor in another arrangement.")
    currency_id = fields.Many2one(related="item_id.currency_id")
    move_id = fields.Many2one(related="item_id.move_id", string="Invoice")
    date_maturity = fields.Date(related="item_id.date_maturity", store=True, precompute=True)
    amount_residual_currency = fields.Monetary(related="item_id.amount_residual_currency")

    @api.depends("item_id", "wizard_id.previous_id")
    def _compute_free(self):
        for wizard, lines in self.grouped("wizard_id").items():
            free = wizard._free_by_item(lines.item_id)
            for line in lines:
                line.free = free.get(line.item_id, 0.0)

    @api.onchange("amount")
    def _onchange_amount(self):
        """An amount that is typed is meant."""
        self.selected = self.currency_id.compare_amounts(self.amount, 0.0) > 0 if self.currency_id else False
