from odoo import fields, models


class AccountMove(models.Model):
    """An invoice shows with whom it is."""

    _inherit = "account.move"

    followup_handover_id = fields.Many2one(
        "followup.handover",
        "Handed Over",
        compute="_compute_followup_handover_id",
        search="_search_followup_handover_id",
        groups="account.group_account_invoice,account.group_account_readonly",
    )

    def _compute_followup_handover_id(self):
        lines = self.env["followup.handover.line"].sudo()
        lines = lines.search(lines._held() & fields.Domain("move_id", "in", self.ids))
        by_move = {line.move_id.id: line.handover_id.id for line in lines}
        for move in self:
            move.followup_handover_id = by_move.get(move._origin.id, False)

    def _search_followup_handover_id(self, operator, value):
        return self.env["followup.handover.line"]._search_held("move_id", operator, value)

    def action_open_followup_handover(self):
        """Open the hand-over in which this invoice is."""
        self.ensure_one()
        return self.followup_handover_id._action_open()
