from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    """Settings of the brakes, kept on the root company."""

    _inherit = "res.config.settings"

    followup_company_day_cap = fields.Integer(related="company_id.root_id.followup_company_day_cap", readonly=False)
    followup_customer_day_cap = fields.Integer(related="company_id.root_id.followup_customer_day_cap", readonly=False)
    followup_customer_week_cap = fields.Integer(related="company_id.root_id.followup_customer_week_cap", readonly=False)
    followup_surge_multiple = fields.Float(related="company_id.root_id.followup_surge_multiple", readonly=False)
    followup_surge_least = fields.Integer(related="company_id.root_id.followup_surge_least", readonly=False)
    followup_surge_first = fields.Integer(related="company_id.root_id.followup_surge_first", readonly=False)
    followup_bounce_share = fields.Float(related="company_id.root_id.followup_bounce_share", readonly=False)
    followup_bounce_least = fields.Integer(related="company_id.root_id.followup_bounce_least", readonly=False)
    followup_duplicate_days = fields.Integer(related="company_id.root_id.followup_duplicate_days", readonly=False)
