from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    # Limitation
    followup_limitation_days = fields.Integer(related="company_id.root_id.followup_limitation_days", readonly=False)
    followup_limitation_default = fields.Selection(
        related="company_id.root_id.followup_limitation_default", readonly=False, required=True
    )
