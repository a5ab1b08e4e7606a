from odoo import api, fields, models
from odoo.exceptions import UserError

from ..models.followup_policy import REGIMES


class FollowupRegimeWizard(models.TransientModel):
    """Decide for several invoices at once which law governs their late payment; posted ones too."""

    _name = "followup.regime.wizard"
    _description = "Set the Follow-up Regime"
    _inherit = "followup.wizard"

    move_ids = fields.Many2many(
        "account.move", string="Invoices", required=True, default=lambda self: self._default_move_ids()
    )
    regime = fields.Selection(REGIMES, required=True)
    reason = fields.Char(help="Noted on each invoice.")
    change_count = fields.Integer(compute="_compute_effect")
    same_count = fields.Integer(compute="_compute_effect")
    left_out_count = fields.Integer(compute="_compute_effect")
    consumer_count = fields.Integer(compute="_compute_effect")

    @api.model
    def _default_move_ids(self):
        return self.env["account.move"].browse(
            self.env.context.get("active_ids", []) if self.env.context.get("active_model") == "account.move" else []
        )

    @api.depends("move_ids", "regime")
    def _compute_effect(self):
        for wizard in self:
            moves = wizard._moves()
            changing = wizard._changing()
            wizard.left_out_count = len(wizard.move_ids) - len(moves)
            wizard.change_count = len(changing) if wizard.regime else 0
            wizard.same_count = len(moves) - len(changing) if wizard.regime else 0
            # From consumer to business: the customer loses protection.
            wizard.consumer_count = (
                len(changing.filtered(lambda move: move.followup_regime == "b2c")) if wizard.regime else 0
            )

    def _moves(self):
        """Customer invoices and credit notes that are not cancelled; the rest of the selection is left alone."""
        self.ensure_one()
        return self.move_ids.filtered(
            lambda move: move.is_sale_document(include_receipts=True) and move.state != "cancel"
        )

    def _changing(self):
        return self._moves().filtered(lambda move: move.followup_regime != self.regime)

    def action_confirm(self):
        self.ensure_one()
        if not self._moves():
            raise UserError(self.env._("Select customer invoices or credit notes that are not cancelled."))
        changing = self._changing()
        changing.check_access("write")
        changing.with_context(followup_regime_reason=self.reason).write({"followup_regime": self.regime})
        return {"type": "ir.actions.act_window_close"}
