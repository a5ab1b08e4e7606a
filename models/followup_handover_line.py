from odoo import api, fields, models

from ..engine.handover import HOLDING


class FollowupHandoverLine(models.Model):
    """One item of a hand-over: what was open and what could be claimed on it at that moment."""

    _name = "followup.handover.line"
    _description = "Hand-over Item"
    _order = "date_maturity, id"
    _rec_name = "name"

    handover_id = fields.Many2one("followup.handover", required=True, readonly=True, ondelete="cascade", index=True)
    customer_id = fields.Many2one(related="handover_id.customer_id", store=True, index=True)
    company_id = fields.Many2one(related="handover_id.company_id", store=True)
    item_id = fields.Many2one("followup.item", readonly=True, ondelete="set null", index="btree_not_null")
    move_id = fields.Many2one("account.move", "Invoice", readonly=True, ondelete="set null", index="btree_not_null")
    name = fields.Char("Number", readonly=True)
    date_maturity = fields.Date("Due Date", readonly=True)
    episode = fields.Integer(readonly=True)
    currency_id = fields.Many2one("res.currency", required=True, readonly=True)
    amount = fields.Monetary("Principal", readonly=True, help="Open at the hand-over.")
    interest = fields.Monetary(readonly=True)
    costs = fields.Monetary("Compensation and Costs", readonly=True)
    amount_open = fields.Monetary("Still Open", compute="_compute_amount_open")
    amount_open_company = fields.Float(compute="_compute_amount_open")
    live = fields.Boolean(readonly=True, default=True)

    # An item is with one lawyer, bailiff or agency at a time, whatever runs at the same moment.
    _one_live = models.UniqueIndex("(item_id) WHERE live", "This invoice is in another hand-over already.")

    @api.model
    def _held(self):
        """Lines whose item or invoice is in other hands now.

        :rtype: fields.Domain
        """
        return fields.Domain("live", "=", True) & fields.Domain("handover_id.state", "in", HOLDING)

    @api.model
    def _search_held(self, name, operator, value):
        """What `search=` of a field with the hand-over needs; `name`: the field of the line that leads to its record."""
        if operator in fields.Domain.NEGATIVE_OPERATORS:
            return NotImplemented
        lines, held = self.sudo(), self._held()
        if operator == "in" and False in value:
            inside = fields.Domain("id", "in", lines._search(held).subselect(name))
            wanted = [item for item in value if item is not False]
            return ~inside | self._search_held(name, "in", wanted) if wanted else ~inside
        return fields.Domain(
            "id", "in", lines._search(held & fields.Domain("handover_id", operator, value)).subselect(name)
        )

    @api.depends("item_id", "live")
    def _compute_amount_open(self):
        for line in self:
            entry = line.sudo().item_id.move_line_id
            posted = entry.parent_state == "posted"
            line.amount_open = entry.amount_residual_currency if posted else 0.0
            line.amount_open_company = entry.amount_residual if posted else 0.0
