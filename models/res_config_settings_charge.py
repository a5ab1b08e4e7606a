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

    followup_charge_ask_days = fields.Integer(related="company_id.root_id.followup_charge_ask_days", readonly=False)
    followup_waive_amount = fields.Monetary(
        related="company_id.root_id.followup_waive_amount", readonly=False, currency_field="currency_id"
    )
    followup_waive_days = fields.Integer(related="company_id.root_id.followup_waive_days", readonly=False)
    followup_order_b2b = fields.Selection(
        related="company_id.root_id.followup_order_b2b", readonly=False, required=True
    )
    followup_order_b2g = fields.Selection(
        related="company_id.root_id.followup_order_b2g", readonly=False, required=True
    )
    followup_order_b2c = fields.Selection(
        related="company_id.root_id.followup_order_b2c", readonly=False, required=True
    )
    followup_write_off_amount = fields.Monetary(
        related="company_id.root_id.followup_write_off_amount", readonly=False, currency_field="currency_id"
    )
    followup_write_off_account_id = fields.Many2one(
        related="company_id.root_id.followup_write_off_account_id",
        readonly=False,
        domain="[('account_type', 'in', ('expense', 'expense_other', 'income_other')),"
        " ('company_ids', 'parent_of', followup_root_id)]",
    )
