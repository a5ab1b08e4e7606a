from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    """Settings of letters."""

    _inherit = "res.config.settings"

    followup_letter_fallback = fields.Boolean(related="company_id.root_id.followup_letter_fallback", readonly=False)
    followup_letter_window = fields.Selection(
        related="company_id.root_id.followup_letter_window", readonly=False, required=True
    )
    followup_letter_days = fields.Integer(related="company_id.root_id.followup_letter_days", readonly=False)
    followup_letter_wait = fields.Integer(related="company_id.root_id.followup_letter_wait", readonly=False)
    followup_letter_duplex = fields.Boolean(related="company_id.root_id.followup_letter_duplex", readonly=False)
