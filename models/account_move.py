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
    followup_regime_why = fields.Char(
        "Why this regime",
        compute="_compute_followup_regime_why",
        groups="account.group_account_invoice,account.group_account_readonly",
    )
    followup_free_until = fields.Date(
        "Free of charge until",
        compute="_compute_followup",
        help="Consumer: last of the fourteen days after the free first reminder. Charges are possible from the next day.",
        groups="account.group_account_invoice,account.group_account_readonly",
    )
    followup_clock = fields.Char(
        "Fourteen Days",
        compute="_compute_followup",
        help="A consumer pays nothing extra before he got a free first reminder and fourteen full days have passed "
        "(article XIX.2).",
        groups="account.group_account_invoice,account.group_account_readonly",
    )
    followup_charge_amount = fields.Monetary(
        "Charges Claimed",
        compute="_compute_followup_charge_amount",
        groups="account.group_account_invoice,account.group_account_readonly",
    )
    followup_charge_count = fields.Integer(
        compute="_compute_followup_charge_amount", groups="account.group_account_invoice,account.group_account_readonly"
    )
    followup_level_reached_id = fields.Many2one(
        "followup.level",
        "Follow-up Level",
        compute="_compute_followup",
        search="_search_followup_level_reached_id",
        help="The firmest level that was delivered for this invoice.",
        groups="account.group_account_invoice,account.group_account_readonly",
    )
    followup_next_date = fields.Date(
        "Next Follow-up",
        compute="_compute_followup",
        search="_search_followup_next_date",
        groups="account.group_account_invoice,account.group_account_readonly",
    )
    followup_why = fields.Char(
        "Why No Follow-up Now",
        compute="_compute_followup",
        groups="account.group_account_invoice,account.group_account_readonly",
    )
    followup_tracked = fields.Boolean(
        compute="_compute_followup", groups="account.group_account_invoice,account.group_account_readonly"
    )

    def _compute_followup(self):
        items = (
            self.env["followup.item"].sudo().search([("move_line_id.move_id", "in", self.ids), ("is_open", "=", True)])
        )
        by_move = items.grouped(lambda item: item.move_line_id.move_id.id)
        for move in self:
            tracked = by_move.get(move._origin.id, items.browse())
            reached = tracked.level_id.sorted(lambda level: (level._rank(), level.sequence))
            dates = [item.next_date for item in tracked if item.next_date]
            move.followup_tracked = bool(tracked)
            move.followup_level_reached_id = reached[-1:].id
            move.followup_next_date = min(dates) if dates else False
            move.followup_why = tracked.sorted("date_maturity")[:1].why or False
            waiting = [item.waiting_until for item in tracked if item.waiting_until]
            move.followup_free_until = max(waiting) if waiting else False
            move.followup_clock = tracked._describe_clocks()

    def _compute_followup_charge_amount(self):
        groups = (
            self.env["followup.charge"]
            .sudo()
            ._read_group(
                [("move_id", "in", self.ids), ("state", "in", ("claimed", "posted"))],
                ["move_id"],
                ["amount:sum", "__count"],
            )
        )
        known = {move.id: (amount, count) for move, amount, count in groups}
        for move in self:
            move.followup_charge_amount, move.followup_charge_count = known.get(move._origin.id, (0.0, 0))

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
        for regime, moves in sales.grouped(lambda move: move.commercial_partner_id.sudo().followup_regime).items():
            moves.followup_regime = regime
        for move in posted.filtered(
            lambda move: move.is_sale_document(include_receipts=True) and not move.followup_terms_id
        ):
            terms = move.commercial_partner_id.sudo()._followup_terms(move.sudo().followup_regime, move.company_id)
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
        """EXTENDS account: a change of the regime is noted, and the clause follows it."""
        if "partner_id" in vals:
            self._followup_forget(vals["partner_id"])
        before = {move.id: move.followup_regime for move in self} if "followup_regime" in vals else {}
        result = super().write(vals)
        changed = self.filtered(
            lambda move: move.state == "posted" and before.get(move.id) and move.followup_regime != before[move.id]
        )
        if changed:
            if "followup_terms_id" not in vals:
                changed._followup_fit_terms()
            changed._followup_log_regime(before, self.env.context.get("followup_regime_reason"))
        if "followup_regime" in vals or "invoice_date_due" in vals or "no_followup" in vals:
            self.env["followup.engine"]._touch_partners(self.filtered(lambda move: move.state == "posted"))
        return result

    def _followup_forget(self, partner_id):
        """A draft that gets another customer is judged by that customer's law and clause when it is posted."""
        customer = self.env["res.partner"].browse(partner_id).commercial_partner_id
        moved = self.filtered(
            lambda move: move.state == "draft" and move.commercial_partner_id and move.commercial_partner_id != customer
        )
        judged = moved.filtered(lambda move: move.followup_regime or move.followup_terms_id)
        if judged:
            judged.write({"followup_regime": False, "followup_terms_id": False})

    def _followup_fit_terms(self):
        """A clause for businesses says nothing about a consumer's invoice, and the other way round."""
        for move in self.filtered(lambda move: move.state == "posted"):
            kind = "b2c" if move.followup_regime == "b2c" else "b2b"
            if move.followup_terms_id.regime != kind:
                move.followup_terms_id = move.commercial_partner_id._followup_terms(
                    move.followup_regime, move.company_id
                )

    def _followup_log_regime(self, before, reason=None):
        """Note who changed the law that governs the invoice.

        :param before: dict id -> regime that it had
        """
        names = dict(self._fields["followup_regime"]._description_selection(self.env))
        bodies = {}
        for move in self:
            text = self.env._(
                "Follow-up regime: %(old)s → %(new)s",
                old=names[before[move.id]],
                new=names.get(move.followup_regime) or self.env._("none"),
            )
            bodies[move.id] = f"{text}. {reason}" if reason else text
        self._message_log_batch(bodies=bodies)

    def action_open_followup_charges(self):
        """Interest and costs that were claimed on this invoice."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("l10n_be_followup.followup_charge_action")
        return action | {"domain": [("move_id", "=", self.id)], "context": {}}

    def action_open_followup(self):
        """Open the follow-up screen of this invoice's customer."""
        self.ensure_one()
        return self.commercial_partner_id.with_company(self.company_id).action_open_followup()
