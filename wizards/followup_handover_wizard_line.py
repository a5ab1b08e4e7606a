from odoo import fields, models


class FollowupHandoverWizardLine(models.TransientModel):
    """An open item that may be handed over."""

    _name = "followup.handover.wizard.line"
    _description = "Item to Hand Over"
    _inherit = "followup.wizard"
    _order = "date_maturity, id"

    wizard_id = fields.Many2one("followup.handover.wizard", required=True, ondelete="cascade")
    item_id = fields.Many2one("followup.item", required=True, ondelete="cascade")
    selected = fields.Boolean()
    move_id = fields.Many2one(related="item_id.move_id")
    date_maturity = fields.Date(related="item_id.date_maturity", store=True)
    days_late = fields.Integer(related="item_id.days_late")
    level_id = fields.Many2one(related="item_id.level_id")
    currency_id = fields.Many2one(related="item_id.currency_id")
    amount = fields.Monetary(related="item_id.amount_residual_currency")
