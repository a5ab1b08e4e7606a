from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    # Hand-over
    followup_handover_minimum = fields.Monetary(
        related="company_id.root_id.followup_handover_minimum", readonly=False, currency_field="currency_id"
    )
    followup_handover_recipient_id = fields.Many2one(
        related="company_id.root_id.followup_handover_recipient_id", readonly=False
    )
    followup_handover_restore = fields.Boolean(related="company_id.root_id.followup_handover_restore", readonly=False)
