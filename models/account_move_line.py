from odoo import api, fields, models
from odoo.fields import Domain


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    # Not named `followup_line_id`: Enterprise has that one.
    followup_level_reached_id = fields.Many2one(
        "followup.level",
        "Follow-up Level Reached",
        compute="_compute_followup_level_reached_id",
        search="_search_followup_level_reached_id",
        groups="account.group_account_invoice,account.group_account_readonly",
    )

    def _compute_followup_level_reached_id(self):
        items = (
            self.env["followup.item"]
            .sudo()
            .search_fetch([("move_line_id", "in", self.ids)], ["move_line_id", "level_id"])
        )
        levels = {item.move_line_id.id: item.level_id for item in items}
        for line in self:
            line.followup_level_reached_id = levels.get(line.id, False)

    @api.model
    def _search_followup_level_reached_id(self, operator, value):
        if operator in Domain.NEGATIVE_OPERATORS:
            return NotImplemented
        items = self.env["followup.item"].sudo()
        if operator == "in" and False in value:
            # Empty is the complement of set: most journal items are not followed up.
            reached = items._search([("level_id", "!=", False), ("level_id", "not in", list(value))])
            return Domain("id", "not in", reached.subselect("move_line_id"))
        return Domain("id", "in", items._search([("level_id", operator, value)]).subselect("move_line_id"))
