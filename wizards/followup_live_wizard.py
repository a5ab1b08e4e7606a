from odoo import api, fields, models
from odoo.exceptions import AccessError


class FollowupLiveWizard(models.TransientModel):
    """Leave safe mode: a manager confirms from which due date on invoices are followed up."""

    _name = "followup.live.wizard"
    _description = "Leave Safe Mode"

    company_id = fields.Many2one("res.company", required=True, default=lambda self: self.env.company._followup_root())
    live = fields.Boolean(related="company_id.followup_live")
    cutoff_date = fields.Date(
        "Follow up invoices due from", required=True, default=lambda self: self._default_cutoff_date()
    )
    older_count = fields.Integer("Older overdue items", compute="_compute_effect")
    customer_count = fields.Integer("Customers to be written to", compute="_compute_effect")
    warning = fields.Char(compute="_compute_effect")
    confirmed = fields.Boolean("I looked at the preview and want notices to leave by themselves")

    @api.model
    def _default_cutoff_date(self):
        company = self.env.company._followup_root()
        return company.followup_cutoff_date or fields.Date.subtract(company._followup_today(), months=3)

    @api.depends("company_id", "cutoff_date")
    def _compute_effect(self):
        for wizard in self:
            today = wizard.company_id._followup_today()
            items = self.env["followup.item"].search(
                [
                    ("company_id", "=", wizard.company_id.id),
                    ("is_open", "=", True),
                    ("date_maturity", "<", today),
                ]
            )
            older = items.filtered(lambda item: wizard.cutoff_date and item.date_maturity < wizard.cutoff_date)  # noqa: B023
            wizard.older_count = len(older)
            wizard.customer_count = len((items - older).customer_id)
            wizard.warning = self.env["followup.engine"]._bank_data_warning(wizard.company_id)

    def action_confirm(self):
        """Switch to live mode."""
        self.ensure_one()
        self._check_manager()
        if not self.confirmed:
            return self._reopen()
        self.company_id.sudo().write({"followup_cutoff_date": self.cutoff_date, "followup_live": True})
        return {"type": "ir.actions.client", "tag": "soft_reload"}

    def action_only_cutoff(self):
        """Stay in safe mode, but let the night prepare notices for review."""
        self.ensure_one()
        self._check_manager()
        self.company_id.sudo().followup_cutoff_date = self.cutoff_date
        return {"type": "ir.actions.client", "tag": "soft_reload"}

    def action_safe_mode(self):
        """Back to safe mode: from now on every notice waits for a person."""
        self.ensure_one()
        self._check_manager()
        self.company_id.sudo().followup_live = False
        return {"type": "ir.actions.client", "tag": "soft_reload"}

    def _check_manager(self):
        if self.company_id not in self.env.user.company_ids.sudo().root_id:
            raise AccessError(self.env._("%s is not one of your companies.", self.company_id.sudo().name))
        if not self.env.user.has_group("l10n_be_followup.l10n_be_followup_group_manager"):
            raise AccessError(self.env._("Only a follow-up manager can change this."))

    def _reopen(self):
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "target": "new",
        }
