from odoo import api, fields, models
from odoo.exceptions import UserError


class FollowupNoticeLine(models.Model):
    """One open item in a notice, frozen: a snapshot that outlives the invoice it describes."""

    _name = "followup.notice.line"
    _description = "Follow-up Notice Line"
    _order = "notice_id, level_rank desc, date_maturity, id"

    notice_id = fields.Many2one("followup.notice", required=True, ondelete="cascade", index=True)
    item_id = fields.Many2one("followup.item", ondelete="set null", index="btree_not_null")
    move_id = fields.Many2one("account.move", "Invoice", ondelete="set null", index="btree_not_null")
    level_id = fields.Many2one("followup.level", ondelete="set null")
    level_kind = fields.Char()
    level_name = fields.Char()
    level_rank = fields.Integer()
    episode = fields.Integer()
    advances = fields.Boolean(help="This message takes the item to the level; other items are only listed.")
    live = fields.Boolean(default=True, help="Off when the notice was cancelled, failed or came back.")
    failure = fields.Text(help="Why the item could not be notified; it waits for a person.")

    name = fields.Char("Number")
    description = fields.Char(help="What was delivered: part of what a first reminder to a consumer must say.")
    invoice_date = fields.Date()
    date_maturity = fields.Date("Due Date")
    days_late = fields.Integer()
    currency_id = fields.Many2one("res.currency", required=True)
    amount_total = fields.Monetary("Amount")
    amount_residual = fields.Monetary("Open Amount")
    amount_held = fields.Monetary(
        "Not Asked", help="Part that is disputed, promised or in an arrangement: this message does not ask for it."
    )
    amount_paid = fields.Monetary("Paid so far")
    interest = fields.Monetary()
    compensation = fields.Monetary()
    reminder_cost = fields.Monetary()
    claim_detail = fields.Json()
    claim_explanation = fields.Text("Why this amount", compute="_compute_claim_explanation")
    amount_claim = fields.Monetary("Interest and Costs", compute="_compute_amount_claim")
    amount_to_pay = fields.Monetary("To Pay", compute="_compute_amount_claim")

    # Forbids doubles whatever runs at the same time; the database is the truth (design, section 4).
    _once_per_level = models.UniqueIndex(
        "(item_id, level_id, episode) WHERE live AND advances",
        "This item already has a notice at this level.",
    )

    @api.depends("interest", "compensation", "reminder_cost", "amount_residual")
    def _compute_amount_claim(self):
        for line in self:
            line.amount_claim = line.interest + line.compensation + line.reminder_cost
            line.amount_to_pay = line.amount_residual + line.amount_claim

    def _compute_claim_explanation(self):
        for line in self:
            line.claim_explanation = self.env["followup.engine"]._explain_claim(
                None, line.claim_detail, line.currency_id
            )

    def action_why_amount(self):
        """What the notice claims on this item, step by step."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Why this amount"),
            "res_model": self._name,
            "res_id": self.id,
            "views": [(self.env.ref("l10n_be_followup.followup_notice_line_view_form").id, "form")],
            "target": "new",
        }

    def _forgive(self):
        """Forget a failure, so that the item can be notified again."""
        self.with_context(followup_engine=True).failure = False

    def write(self, vals):
        if not self.env.context.get("followup_engine"):
            frozen = self.filtered(lambda line: line.notice_id.frozen)
            if frozen and set(vals) - {"item_id", "move_id"}:
                raise UserError(self.env._("What was sent cannot be changed: it is evidence."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_frozen(self):
        if any(line.notice_id.frozen for line in self):
            raise UserError(self.env._("What was sent cannot be deleted: it is evidence."))
