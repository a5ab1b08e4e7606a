from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError


class FollowupExemptWizard(models.TransientModel):
    """Never suspend services by themselves until a day."""

    _name = "followup.exempt.wizard"
    _description = "Exempt Services from Suspension"
    _inherit = "followup.wizard"

    service_ids = fields.Many2many("followup.service", required=True, readonly=True)
    suspended = fields.Boolean(compute="_compute_suspended")
    until = fields.Date(
        "Until (included)",
        required=True,
        default=lambda self: self.env.company._followup_today() + timedelta(days=30),
    )
    reason = fields.Char(required=True)

    @api.depends("service_ids")
    def _compute_suspended(self):
        for wizard in self:
            wizard.suspended = "suspended" in wizard.service_ids.mapped("state")

    def action_confirm(self):
        self.ensure_one()
        self.service_ids._check_user()
        for company in self.service_ids.company_id:
            if self.until < company._followup_today():
                raise UserError(self.env._("The exemption would end in the past. Choose a day from today on."))
        self.service_ids.write({"exempt_until": self.until, "exempt_reason": self.reason})
        self.service_ids.customer_id._refresh()
        return {"type": "ir.actions.act_window_close"}
