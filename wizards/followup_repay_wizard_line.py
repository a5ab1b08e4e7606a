from odoo import fields, models


class FollowupRepayWizardLine(models.TransientModel):
    """A charge that does not stand, or stands for less."""

    _name = "followup.repay.wizard.line"
    _description = "Charge to Repay"
    _inherit = "followup.wizard"

    wizard_id = fields.Many2one("followup.repay.wizard", required=True, ondelete="cascade")
    charge_id = fields.Many2one("followup.charge", required=True, ondelete="cascade")
    selected = fields.Boolean(default=True)
    partner_id = fields.Many2one(related="charge_id.partner_id")
    name = fields.Char(related="charge_id.name")
    kind = fields.Selection(related="charge_id.kind")
    state = fields.Selection(related="charge_id.state")
    currency_id = fields.Many2one(related="charge_id.currency_id")
    amount_charge = fields.Monetary(related="charge_id.amount", string="Charged")
    amount_collected = fields.Monetary(related="charge_id.amount_collected", string="Paid")
    amount = fields.Monetary("To Take Back", required=True)
    why = fields.Char("Because", readonly=True)
