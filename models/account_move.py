from odoo import api, fields, models
from odoo.fields import Domain

from .followup_policy import REGIMES


class AccountMove(models.Model):
    _inherit = "account.move"

    followup_regime = fields.Selection(
        REGIMES,
        "Follow-up Regime",
        copy=False,
        help="The law that governs late payment of this invoice. Kept when the invoice is posted; "
        "change it when, say, a self-employed person bought privately.",
    )
    followup_terms_id = fields.Many2one(
        "followup.terms",
        "Payment Clause",
        copy=False,
        ondelete="restrict",
        help="The clause in force when the invoice was posted: late payment is judged by it.",
    )
    followup_regime_why = fields.Char("Why this regime", compute="_compute_followup_regime_why")
    followup_free_until = fields.Date(
        "Free of charge until",
        compute="_compute_followup",
        help="Consumer: last of the fourteen days after the free first reminder. Charges are possible from the next day.",
    )
    followup_level_reached_id = fields.Many2one(
        "followup.level",
        "Follow-up Level",
        compute="_compute_followup",
        search="_search_followup_level_reached_id",
        help="The firmest level that was delivered for this invoice.",
    )
    followup_next_date = fields.Date("Next Follow-up", compute="_compute_followup", search="_search_followup_next_date")
    followup_why = fields.Char("Why No Follow-up Now", compute="_compute_followup")
    followup_tracked = fields.Boolean(compute="_compute_followup")

    def _compute_followup(self):
        items = self.env["followup.item"].sudo().search(
            [("move_line_id.move_id", "in", self.ids), ("is_open", "=", True)]
        )
        by_move = items.grouped(lambda item: item.move_line_id.move_id.id)
        for move in self:
            tracked = by_move.get(move.id, items.browse())
            reached = tracked.level_id.sorted(lambda level: (level._rank(), level.sequence))
            dates = [item.next_date for item in tracked if item.next_date]
            move.followup_tracked = bool(tracked)
            move.followup_level_reached_id = reached[-1:].id
            move.followup_next_date = min(dates) if dates else False
            move.followup_why = tracked.sorted("date_maturity")[:1].why or False
            waiting = [item.waiting_until for item in tracked if item.waiting_until]
            move.followup_free_until = max(waiting) if waiting else False

    @api.depends("followup_regime", "commercial_partner_id")
    def _compute_followup_regime_why(self):
        for move in self:
            move.followup_regime_why = move._followup_explain_regime()

    def _followup_explain_regime(self):
        self.ensure_one()
        customer = self.commercial_partner_id
        if not customer or not self.followup_regime:
            return False
        if self.followup_regime != customer.followup_regime:
            return self.env._("Kept from the posting, or changed by hand: the customer's data say otherwise today.")
        if customer.followup_regime_manual:
            return self.env._("Decided by hand on the customer.")
        return {
            "b2g": self.env._("The customer is marked as a public authority."),
            "b2b": self.env._("The customer has a valid VAT or enterprise number."),
            "b2c": self.env._("The customer has no valid VAT or enterprise number: treated as a consumer."),
        }[self.followup_regime]

    @api.model
    def _search_followup_level_reached_id(self, operator, value):
        return self._search_followup_items("level_id", operator, value)

    @api.model
    def _search_followup_next_date(self, operator, value):
        return self._search_followup_items("next_date", operator, value)

    @api.model
    def _search_followup_items(self, name, operator, value):
        """Entries of which an open item matches. Empty is the complement of set: most entries have no item at all."""
        if operator in Domain.NEGATIVE_OPERATORS:
            return NotImplemented

        def matching(domain):
            items = self.env["followup.item"].sudo()._search(Domain("is_open", "=", True) & domain)
            return Domain("line_ids", "in", items.subselect("move_line_id"))

        if operator == "in" and False in value:
            empty = ~matching(Domain(name, "!=", False))
            return empty | matching(Domain(name, "in", [item for item in value if item is not False]))
        return matching(Domain(name, operator, value))

    def _post(self, soft=True):
        """EXTENDS account: keep the regime that holds on the day of posting."""
        posted = super()._post(soft)
        sales = posted.filtered(lambda move: move.is_sale_document(include_receipts=True) and not move.followup_regime)
        for regime, moves in sales.grouped(lambda move: move.commercial_partner_id.followup_regime).items():
            moves.followup_regime = regime
        for move in posted.filtered(lambda move: move.is_sale_document(include_receipts=True) and not move.followup_terms_id):
            terms = move.commercial_partner_id._followup_terms(move.followup_regime, move.company_id)
            if terms:
                move.followup_terms_id = terms
        self.env["followup.engine"]._touch_partners(posted.filtered("commercial_partner_id"))
        return posted

    def button_draft(self):
        """EXTENDS account"""
        result = super().button_draft()
        self.env["followup.engine"]._touch_partners(self)
        return result

    def action_toggle_block_payment(self):
        """EXTENDS account"""
        result = super().action_toggle_block_payment()
        self.env["followup.engine"]._touch_partners(self)
        return result

    def write(self, vals):
        """EXTENDS account"""
        result = super().write(vals)
        if "followup_regime" in vals or "invoice_date_due" in vals or "no_followup" in vals:
            self.env["followup.engine"]._touch_partners(self.filtered(lambda move: move.state == "posted"))
        return result

    def action_open_followup(self):
        """Open the follow-up screen of this invoice's customer."""
        self.ensure_one()
        return self.commercial_partner_id.with_company(self.company_id).action_open_followup()
