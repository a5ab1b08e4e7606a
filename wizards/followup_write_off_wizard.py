from odoo import api, fields, models


class FollowupWriteOffWizard(models.TransientModel):
    """Write off small remainders, with account and reason."""

    _name = "followup.write.off.wizard"
    _description = "Write Off Remainders"
    _inherit = "followup.wizard"

    line_ids = fields.Many2many("account.move.line", string="Open Items", required=True)
    company_id = fields.Many2one("res.company", compute="_compute_company_id")
    account_id = fields.Many2one(
        "account.account",
        compute="_compute_account_id",
        store=True,
        readonly=False,
        required=True,
        precompute=True,
        domain="[('account_type', 'in', ('expense', 'expense_other', 'income_other')), ('company_ids', 'parent_of', company_id)]",
    )
    reason = fields.Char(required=True)
    date = fields.Date(required=True, default=lambda self: self.env.company._followup_today())

    @api.depends("line_ids")
    def _compute_company_id(self):
        for wizard in self:
            wizard.company_id = wizard.line_ids.company_id[:1] or self.env.company

    @api.depends("line_ids")
    def _compute_account_id(self):
        for wizard in self:
            company = wizard.line_ids.company_id[:1] or self.env.company
            wizard.account_id = company._followup_write_off_account().id

    def action_confirm(self):
        self.ensure_one()
        self.line_ids._followup_write_off(self.reason, self.account_id, self.date)
        return {"type": "ir.actions.act_window_close"}
