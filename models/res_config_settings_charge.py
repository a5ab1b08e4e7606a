from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    """Interest and costs in the books."""

    _inherit = "res.config.settings"

    followup_charge_journal_id = fields.Many2one(
        related="company_id.root_id.followup_charge_journal_id",
        readonly=False,
        domain="[('type', '=', 'sale'), ('company_id', '=', followup_root_id)]",
    )
    followup_charge_account_id = fields.Many2one(
        related="company_id.root_id.followup_charge_account_id",
        readonly=False,
        domain="[('account_type', 'in', ('income', 'income_other')), ('company_ids', 'parent_of', followup_root_id)]",
    )
    followup_charge_days = fields.Integer(related="company_id.root_id.followup_charge_days", readonly=False)
