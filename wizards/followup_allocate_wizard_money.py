from odoo import api, fields, models


class FollowupAllocateWizardMoney(models.TransientModel):
    """A payment or credit note with something left."""

    _name = "followup.allocate.wizard.money"
    _description = "Money to Allocate"
    _inherit = "followup.wizard"

    wizard_id = fields.Many2one("followup.allocate.wizard", required=True, ondelete="cascade")
    move_line_id = fields.Many2one("account.move.line", "Payment", required=True, ondelete="cascade")
    selected = fields.Boolean(default=True)
    currency_id = fields.Many2one(related="move_line_id.currency_id")
    date = fields.Date(related="move_line_id.date")
    name = fields.Char(related="move_line_id.name")
    amount = fields.Monetary(compute="_compute_amount")
    seen = fields.Monetary(compute="_compute_seen", store=True)

    @api.depends("move_line_id")
    def _compute_amount(self):
        for row in self:
            row.amount = -row.move_line_id.amount_residual_currency

    @api.depends("move_line_id")
    def _compute_seen(self):
        for row in self:
            row.seen = abs(row.move_line_id.amount_residual_currency)
