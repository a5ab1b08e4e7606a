from odoo import api, fields, models
from odoo.exceptions import UserError

from ..models.followup_handover import CLOSE_REASONS


class FollowupHandoverEndWizard(models.TransientModel):
    """What came back of a hand-over: costs, the end, or a recall."""

    _name = "followup.handover.end.wizard"
    _description = "Result of a Hand-over"
    _inherit = "followup.wizard"

    handover_id = fields.Many2one("followup.handover", required=True)
    step = fields.Selection(
        [("recall", "Recall"), ("decline", "Decline"), ("close", "Close"), ("fees", "Costs")], required=True
    )
    currency_id = fields.Many2one(related="handover_id.currency_id")
    amount_open = fields.Monetary(related="handover_id.amount_open")
    amount_fees = fields.Monetary(
        "Their Costs", compute="_compute_amount_fees", store=True, precompute=True, readonly=False
    )
    close_code = fields.Selection(CLOSE_REASONS, "Outcome")
    reason = fields.Char()

    @api.depends("handover_id")
    def _compute_amount_fees(self):
        for wizard in self:
            wizard.amount_fees = wizard.handover_id.amount_fees

    def action_confirm(self):
        self.ensure_one()
        handover, reason = self.handover_id, (self.reason or "").strip()
        if self.step == "close":
            if not self.close_code:
                raise UserError(self.env._("Choose the outcome: it is kept with the hand-over."))
            if handover.currency_id.compare_amounts(self.amount_fees, handover.amount_fees):
                handover._record_fees(self.amount_fees)
            handover._close(self.close_code, reason)
        elif self.step == "fees":
            if self.amount_fees < 0:
                raise UserError(self.env._("Costs cannot be negative: enter zero for none."))
            handover._record_fees(self.amount_fees)
        else:
            if not reason:
                raise UserError(self.env._("Say why: it is kept with the hand-over."))
            (handover._recall if self.step == "recall" else handover._decline)(reason)
        return {"type": "ir.actions.act_window_close"}
