from odoo import fields, models
from odoo.exceptions import UserError

from ..engine.handover import HOLDING


class FollowupItem(models.Model):
    """Whether an item is with a lawyer, a bailiff or an agency."""

    _inherit = "followup.item"

    handover_line_ids = fields.One2many("followup.handover.line", "item_id", domain=[("live", "=", True)])
    handover_id = fields.Many2one(
        "followup.handover", "Hand-over", compute="_compute_handover_id", search="_search_handover_id"
    )

    def _compute_handover_id(self):
        lines = self.env["followup.handover.line"].search(
            [("item_id", "in", self.ids), ("live", "=", True), ("handover_id.state", "in", HOLDING)]
        )
        by_item = {line.item_id.id: line.handover_id for line in lines}
        for item in self:
            item.handover_id = by_item.get(item._origin.id, False)

    def _search_handover_id(self, operator, value):
        if operator in fields.Domain.NEGATIVE_OPERATORS:
            return NotImplemented
        lines = self.env["followup.handover.line"].sudo()
        held = fields.Domain("live", "=", True) & fields.Domain("handover_id.state", "in", HOLDING)
        if operator == "in" and False in value:
            inside = fields.Domain("id", "in", lines._search(held).subselect("item_id"))
            wanted = [item for item in value if item is not False]
            return ~inside | self._search_handover_id("in", wanted) if wanted else ~inside
        return fields.Domain(
            "id", "in", lines._search(held & fields.Domain("handover_id", operator, value)).subselect("item_id")
        )

    def _check_not_handed_over(self):
        """:raises UserError: names the invoice that is in other hands, and the cure"""
        self.invalidate_recordset(["handover_id"])
        for item in self.filtered("handover_id"):
            raise UserError(
                self.env._(
                    "%(invoice)s is handed over (%(handover)s, %(recipient)s). Recall it first, or let them agree with "
                    "the customer.",
                    invoice=item.move_id.name or item.display_name,
                    handover=item.handover_id.name,
                    recipient=item.handover_id.recipient_id.display_name,
                )
            )
