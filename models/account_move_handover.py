from odoo import fields, models

from ..engine.handover import HOLDING


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
        lines = (
            self.env["followup.handover.line"]
            .sudo()
            .search([("move_id", "in", self.ids), ("live", "=", True), ("handover_id.state", "in", HOLDING)])
        )
        by_move = {line.move_id.id: line.handover_id.id for line in lines}
        for move in self:
            move.followup_handover_id = by_move.get(move._origin.id, False)

    def _search_followup_handover_id(self, operator, value):
        if operator in fields.Domain.NEGATIVE_OPERATORS:
            return NotImplemented
        lines = self.env["followup.handover.line"].sudo()
        held = fields.Domain("live", "=", True) & fields.Domain("handover_id.state", "in", HOLDING)
        if operator == "in" and False in value:
            inside = fields.Domain("id", "in", lines._search(held).subselect("move_id"))
            wanted = [item for item in value if item is not False]
            return ~inside | self._search_followup_handover_id("in", wanted) if wanted else ~inside
        return fields.Domain(
            "id", "in", lines._search(held & fields.Domain("handover_id", operator, value)).subselect("move_id")
        )

    def action_open_followup_handover(self):
        """Open the hand-over in which this invoice is."""
        self.ensure_one()
        return self.followup_handover_id._action_open()
