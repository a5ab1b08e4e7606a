from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    followup_snailmail = fields.Boolean(related="company_id.root_id.followup_snailmail", readonly=False)
