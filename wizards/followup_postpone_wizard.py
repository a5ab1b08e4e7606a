from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError


class FollowupPostponeWizard(models.TransientModel):
    """Let announced suspensions wait until a day."""

    _name = "followup.postpone.wizard"
    _description = "Postpone Suspensions"
    _inherit = "followup.wizard"

    suspension_ids = fields.Many2many("followup.suspension", required=True, readonly=True)
    count = fields.Integer(compute="_compute_count")
    left_out = fields.Integer(compute="_compute_count")
    until = fields.Date(
        "Until (included)",
        required=True,
        default=lambda self: self.env.company._followup_today() + timedelta(days=7),
    )
    reason = fields.Char(required=True)

    @api.depends("suspension_ids")
    def _compute_count(self):
        for wizard in self:
            waiting = wizard._waiting()
            wizard.count = len(waiting)
            wizard.left_out = len(wizard.suspension_ids) - len(waiting)

    def _waiting(self):
        return self.suspension_ids.filtered(lambda suspension: suspension.state in ("announced", "postponed"))

    def action_confirm(self):
        self.ensure_one()
        waiting = self._waiting()
        if not waiting:
            raise UserError(self.env._("Only an announced suspension can be postponed."))
        waiting._postpone(self.until, self.reason)
        return {"type": "ir.actions.act_window_close"}
