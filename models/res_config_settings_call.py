from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    """Settings of calls, kept on the root company."""

    _inherit = "res.config.settings"

    followup_call_monday = fields.Boolean(related="company_id.root_id.followup_call_monday", readonly=False)
    followup_call_tuesday = fields.Boolean(related="company_id.root_id.followup_call_tuesday", readonly=False)
    followup_call_wednesday = fields.Boolean(related="company_id.root_id.followup_call_wednesday", readonly=False)
    followup_call_thursday = fields.Boolean(related="company_id.root_id.followup_call_thursday", readonly=False)
    followup_call_friday = fields.Boolean(related="company_id.root_id.followup_call_friday", readonly=False)
    followup_call_morning_from = fields.Float(related="company_id.root_id.followup_call_morning_from", readonly=False)
    followup_call_morning_until = fields.Float(related="company_id.root_id.followup_call_morning_until", readonly=False)
    followup_call_afternoon_from = fields.Float(
        related="company_id.root_id.followup_call_afternoon_from", readonly=False
    )
    followup_call_afternoon_until = fields.Float(
        related="company_id.root_id.followup_call_afternoon_until", readonly=False
    )
    followup_call_minutes = fields.Integer(related="company_id.root_id.followup_call_minutes", readonly=False)
    followup_call_week_minutes = fields.Integer(related="company_id.root_id.followup_call_week_minutes", readonly=False)
    followup_call_tries = fields.Integer(related="company_id.root_id.followup_call_tries", readonly=False)
