from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_date

from ..engine import claims
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
    waiting_by_post = fields.Boolean(readonly=True, help="The fourteen days began with a letter, not with an e-mail.")
    elsewhere = fields.Boolean(
        "Reminded Elsewhere", readonly=True, help="The level was reached by an imported reminder, not by one of ours."
    )
    included = fields.Boolean(
        "Included Anyway",
        readonly=True,
        help="It fell due before the cut-off date, and a person decided to follow it up all the same.",
    )
    next_level_id = fields.Many2one("followup.level", readonly=True, ondelete="set null")
    next_date = fields.Date(readonly=True)
    reasons = fields.Json(readonly=True)
    why = fields.Char("Why Not Now", compute="_compute_why")

    move_id = fields.Many2one(related="move_line_id.move_id")
    currency_id = fields.Many2one(related="move_line_id.currency_id")
    amount_residual_currency = fields.Monetary(related="move_line_id.amount_residual_currency", string="Open Amount")
    days_late = fields.Integer(compute="_compute_days_late")
    regime = fields.Selection(REGIMES, compute="_compute_regime")
    chargeable_from = fields.Date(
        "Charges Possible From",
        compute="_compute_clock",
        help="Consumer: the day after the fourteen days that follow the free first reminder. Before it nothing extra "
        "is owed (article XIX.2).",
    )
    clock = fields.Char("Fourteen Days", compute="_compute_clock")

    # What the law allows as of today, claimed already or not; a level decides what a notice claims.
    claim_interest = fields.Monetary("Interest Today", compute="_compute_claim")
    claim_compensation = fields.Monetary(
        "Compensation Today",
        compute="_compute_claim",
        help="Once per invoice: with instalments it stands at the first one that fell overdue.",
    )
    claim_total = fields.Monetary("Interest and Costs Today", compute="_compute_claim")
    claim_explanation = fields.Text("Why this amount", compute="_compute_claim")

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
        # An entry that is no invoice has no customer of its own, and a sibling branch's invoice may be out of sight.
        for item, known in zip(self, self.sudo(), strict=True):
            item.regime = known.move_line_id.move_id.followup_regime or known.customer_id.partner_id.followup_regime

    @api.depends("waiting_until", "regime")
    def _compute_clock(self):
        for item in self:
            consumer = item.regime == "b2c"
            item.chargeable_from = (
                fields.Date.add(item.waiting_until, days=1) if consumer and item.waiting_until else False
            )
            item.clock = item._describe_clock()

    @api.depends("move_line_id.amount_residual_currency", "date_maturity", "waiting_until", "is_open", "episode")
    def _compute_claim(self):
        """As of today, for all open items of the customers at once: some sums are judged together."""
        engine = self.env["followup.engine"]
        today_of = {company: company._followup_today() for company in self.company_id}
        everything = self.sudo().search([("customer_id", "in", self.customer_id.ids), ("is_open", "=", True)])
        everything |= self.sudo()._origin
        self.sudo().move_line_id.mapped("currency_id")  # in one go: each amount below asks for its currency
        known, failure = {}, False
        for company, items in everything.grouped("company_id").items():
            try:
                known |= engine.sudo()._claims_as_of(company, items, today_of[company])
            except UserError as error:  # no rates at all: the screen must still open
                failure = str(error)
        for item in self:
            answer = known.get(item._origin.id)
            item.claim_interest = float(answer.interest) if answer else 0.0
            item.claim_compensation = float(answer.compensation) if answer else 0.0
            item.claim_total = float(answer.interest + answer.compensation) if answer else 0.0
            item.claim_explanation = (
                engine._explain_claim(None, claims.detail(answer), item.currency_id) if answer else failure
            )

    def _describe_clock(self):
        """Where the consumer's fourteen days are, in words; False for a business."""
        self.ensure_one()
        if self.regime != "b2c":
            return False
        if not self.waiting_until:
            return self.env._("Not started: no free first reminder was delivered yet")
        until = format_date(self.env, self.waiting_until)
        if self.waiting_until >= self.company_id._followup_today():
            return self.env._(
                "Running until %(until)s: charges are possible from %(day)s",
                until=until,
                day=format_date(self.env, self.chargeable_from),
            )
        return self.env._("Over since %(until)s: what the clause allows may be charged", until=until)

    def _describe_clocks(self):
        """The clocks of the items of one invoice; instalments each have their own."""
        clocks = {item.date_maturity: item.clock for item in self.sorted("date_maturity") if item.clock}
        if len(set(clocks.values())) <= 1:
            return next(iter(clocks.values()), False)
        return "; ".join(
            self.env._("due %(date)s: %(clock)s", date=format_date(self.env, day), clock=clock)
            for day, clock in clocks.items()
        )

    @api.model
    def _recompute_levels(self, item_ids):
        """Put items at the last level that was delivered to them in their present episode, from here or elsewhere.

        One set-based statement, so that a bounce, a purge or a repeated call always gives the same answer.
        """
        if not item_ids:
            return
        self.env["followup.notice.line"].flush_model()
        self.env["followup.notice"].flush_model()
        self.env["followup.reminder.import"].flush_model()
        self.env["followup.reminder.import.line"].flush_model()
        self.flush_model()
        self.env.cr.execute(
            """
            UPDATE followup_item item
               SET level_id = reached.level_id,
                   level_kind = reached.level_kind,
                   level_date = reached.delivered_on,
                   waiting_until = waiting.waiting_until,
                   waiting_by_post = waiting.by_post,
                   elsewhere = COALESCE(reached.elsewhere, FALSE)
              FROM followup_item target
         LEFT JOIN LATERAL (
                   SELECT step.level_id, step.level_kind, step.delivered_on, step.id = 0 AS elsewhere
                     FROM (SELECT line.level_id, line.level_kind, notice.delivered_on, notice.id
                             FROM followup_notice_line line
                             JOIN followup_notice notice ON notice.id = line.notice_id
                            WHERE line.item_id = target.id AND line.advances AND line.live
                              AND line.episode = target.episode AND notice.state = 'delivered'
                        UNION ALL
                           SELECT elsewhere.level_id, elsewhere.level_kind, elsewhere.date, 0
                             FROM followup_reminder_import_line elsewhere
                            WHERE elsewhere.item_id = target.id AND elsewhere.live
                              AND elsewhere.episode = target.episode) step
                 ORDER BY step.delivered_on DESC, step.id DESC
                    LIMIT 1) reached ON TRUE
         LEFT JOIN LATERAL (
                   SELECT clock.waiting_until, clock.by_post
                     FROM (SELECT notice.waiting_until, notice.channel = 'letter' AS by_post, notice.id
                             FROM followup_notice_line line
                             JOIN followup_notice notice ON notice.id = line.notice_id
                        LEFT JOIN followup_notice lead ON lead.id = notice.lead_id
                            WHERE line.item_id = target.id AND line.advances
                              -- A letter beside an e-mail takes no level, but the days that it promises are kept.
                              AND (line.live OR notice.standby AND lead.state = 'delivered')
                              AND line.episode = target.episode AND notice.state = 'delivered'
                              AND line.level_kind = 'first_reminder' AND notice.waiting_until IS NOT NULL
                        UNION ALL
                           SELECT elsewhere.waiting_until, source.free_medium = 'post', 0
                             FROM followup_reminder_import_line elsewhere
                             JOIN followup_reminder_import source ON source.id = elsewhere.import_id
                            WHERE elsewhere.item_id = target.id AND elsewhere.live
                              AND elsewhere.episode = target.episode AND elsewhere.waiting_until IS NOT NULL) clock
                 ORDER BY clock.waiting_until DESC, clock.id DESC
                    LIMIT 1) waiting ON TRUE
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

    def action_why_amount(self):
        """Interest and costs of this item as of today, step by step."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Why this amount"),
            "res_model": self._name,
            "res_id": self.id,
            "views": [(self.env.ref("l10n_be_followup.followup_item_view_form").id, "form")],
            "target": "new",
        }

    def action_hold(self):
        """Hold this invoice: nothing is sent about it until a date."""
        self.ensure_one()
        return self.customer_id._action_hold(self.move_id)
