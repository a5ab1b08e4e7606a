from odoo import fields, models


class FollowupArrangeWizardInstalment(models.TransientModel):
    """One date that the customer chose himself, and how much he pays then."""

    _name = "followup.arrange.wizard.instalment"
    _description = "Date to Pay"
    _inherit = "followup.wizard"
    _order = "date, id"

    wizard_id = fields.Many2one("followup.arrange.wizard", required=True, ondelete="cascade")
    currency_id = fields.Many2one(related="wizard_id.currency_id")
    date = fields.Date("Pay by", required=True)
    amount = fields.Monetary(help="0: an equal part of what the other dates leave.")
