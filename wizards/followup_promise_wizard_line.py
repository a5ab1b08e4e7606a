from odoo import fields, models


class FollowupPromiseWizardLine(models.TransientModel):
    """One open item that a promise may be about."""

    _name = "followup.promise.wizard.line"
    _description = "Invoice of a Promise to Note"
    _inherit = "followup.wizard"

    wizard_id = fields.Many2one("followup.promise.wizard", required=True, ondelete="cascade")
    selected = fields.Boolean("Promised")
    item_id = fields.Many2one("followup.item", required=True, ondelete="cascade")
    move_id = fields.Many2one(related="item_id.move_id")
    date_maturity = fields.Date(related="item_id.date_maturity")
    currency_id = fields.Many2one(related="item_id.currency_id")
    free = fields.Monetary("Still Open", help="Open, and not disputed or in an arrangement.")
