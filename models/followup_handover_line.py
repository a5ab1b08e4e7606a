from odoo import api, fields, models


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

    @api.depends("item_id", "live")
    def _compute_amount_open(self):
        for line in self:
            entry = line.sudo().item_id.move_line_id
            posted = entry.parent_state == "posted"
            line.amount_open = entry.amount_residual_currency if posted else 0.0
            line.amount_open_company = entry.amount_residual if posted else 0.0
