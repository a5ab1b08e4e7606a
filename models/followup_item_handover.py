from odoo import fields, models
from odoo.exceptions import UserError


class FollowupItem(models.Model):
    """Whether an item is with a lawyer, a bailiff or an agency."""

    _inherit = "followup.item"

    handover_line_ids = fields.One2many("followup.handover.line", "item_id", domain=[("live", "=", True)])
    handover_id = fields.Many2one(
        "followup.handover", "Hand-over", compute="_compute_handover_id", search="_search_handover_id"
    )

    def _compute_handover_id(self):
        lines = self.env["followup.handover.line"]
        lines = lines.search(lines._held() & fields.Domain("item_id", "in", self.ids))
        by_item = {line.item_id.id: line.handover_id for line in lines}
        for item in self:
            item.handover_id = by_item.get(item._origin.id, False)

    def _search_handover_id(self, operator, value):
        return self.env["followup.handover.line"]._search_held("item_id", operator, value)

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
