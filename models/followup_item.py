from odoo import api, fields, models
from odoo.fields import Domain

from .followup_policy import REGIMES


class FollowupItem(models.Model):
    """Where one open item stands: level reached, what comes next, and why not now.

    Written set-based by the engine, never by hand; the journal item itself is never touched.
    """

    _name = "followup.item"
    _description = "Follow-up Item"
    _order = "date_maturity, id"
    _rec_name = "move_line_id"

    move_line_id = fields.Many2one("account.move.line", required=True, readonly=True, ondelete="cascade")
    customer_id = fields.Many2one("followup.customer", required=True, readonly=True, ondelete="cascade", index=True)
    company_id = fields.Many2one("res.company", required=True, readonly=True, ondelete="cascade")
    is_open = fields.Boolean(readonly=True)
    date_maturity = fields.Date("Due Date", readonly=True)
    episode = fields.Integer(
        readonly=True,
        help="Grows when the due date changes or a payment is reversed: the ladder starts again and history stays.",
    )
    level_id = fields.Many2one("followup.level", "Level Reached", readonly=True, ondelete="set null")
    level_kind = fields.Char(readonly=True)
    level_date = fields.Date("Reached On", readonly=True)
    waiting_until = fields.Date(
        "Free of charge until",
        readonly=True,
        help="Last of the consumer's fourteen days after the free first reminder.",
    )
    next_level_id = fields.Many2one("followup.level", "Next Level", readonly=True, ondelete="set null")
    next_date = fields.Date("Next Date", readonly=True)
    reasons = fields.Json(readonly=True)
    why = fields.Char("Why Not Now", compute="_compute_why")

    move_id = fields.Many2one(related="move_line_id.move_id", string="Invoice")
    currency_id = fields.Many2one(related="move_line_id.currency_id")
    amount_residual_currency = fields.Monetary(related="move_line_id.amount_residual_currency", string="Open Amount")
    days_late = fields.Integer(compute="_compute_days_late")
    regime = fields.Selection(REGIMES, compute="_compute_regime")

    _move_line_unique = models.UniqueIndex("(move_line_id)", "A journal item is followed up once.")
    _level_idx = models.Index("(level_id) WHERE is_open")

    @api.depends("reasons")
    def _compute_why(self):
        for item in self:
            item.why = self.env["followup.engine"]._explain(item.reasons)

    @api.depends("date_maturity")
    def _compute_days_late(self):
        today = self.env.company._followup_today()
        for item in self:
            item.days_late = max((today - item.date_maturity).days, 0) if item.date_maturity else 0

    def _compute_regime(self):
        for item in self:
            move = item.move_line_id.move_id
            item.regime = move.followup_regime or move.commercial_partner_id.followup_regime

    @api.model
    def _recompute_levels(self, item_ids):
        """Put items at the last level that was delivered to them in their present episode.

        One set-based statement, so that a bounce, a purge or a repeated call always gives the same answer.
        """
        if not item_ids:
            return
        self.env["followup.notice.line"].flush_model()
        self.env["followup.notice"].flush_model()
        self.flush_model()
        self.env.cr.execute(
            """
            UPDATE followup_item item
               SET level_id = reached.level_id,
                   level_kind = reached.level_kind,
                   level_date = reached.delivered_on,
                   waiting_until = waiting.waiting_until
              FROM followup_item target
         LEFT JOIN LATERAL (
                   SELECT line.level_id, line.level_kind, notice.delivered_on
                     FROM followup_notice_line line
                     JOIN followup_notice notice ON notice.id = line.notice_id
                    WHERE line.item_id = target.id AND line.advances AND line.live
                      AND line.episode = target.episode AND notice.state = 'delivered'
                 ORDER BY notice.delivered_on DESC, notice.id DESC
                    LIMIT 1) reached ON TRUE
         LEFT JOIN LATERAL (
                   SELECT max(notice.waiting_until) AS waiting_until
                     FROM followup_notice_line line
                     JOIN followup_notice notice ON notice.id = line.notice_id
                    WHERE line.item_id = target.id AND line.advances AND line.live
                      AND line.episode = target.episode AND notice.state = 'delivered'
                      AND line.level_kind = 'first_reminder') waiting ON TRUE
             WHERE item.id = target.id AND target.id = ANY(%s)
            """,
            [list(item_ids)],
        )
        self.invalidate_model()

    def action_open_invoice(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "account.move",
            "res_id": self.move_id.id,
            "view_mode": "form",
        }

    def action_hold(self):
        """Hold this invoice: nothing is sent about it until a date."""
        self.ensure_one()
        return self.customer_id._action_hold(self.move_id)


