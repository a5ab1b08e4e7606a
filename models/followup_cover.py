from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..engine.selection import COVER_PAID

KINDS = [("promise", "Promise"), ("dispute", "Dispute"), ("arrangement", "Arrangement")]


class FollowupCover(models.Model):
    """The part of one open item that a promise, a dispute or an arrangement keeps out of follow-up.

    Money that comes in on the item with the reference of an instalment goes to its arrangement; other money first to
    the part that was left payable (`outside`), then to the covered one; for a promise to the promised one. So the covered rest follows from what is open, whatever the order and
    size of payments, and a payment that is taken back counts back.
    """

    _name = "followup.cover"
    _description = "Covered Item"
    _order = "id"

    kind = fields.Selection(KINDS, required=True, readonly=True)
    promise_id = fields.Many2one("followup.promise", readonly=True, ondelete="cascade", index="btree_not_null")
    dispute_id = fields.Many2one("followup.dispute", readonly=True, ondelete="cascade", index="btree_not_null")
    arrangement_id = fields.Many2one("followup.arrangement", readonly=True, ondelete="cascade", index="btree_not_null")
    customer_id = fields.Many2one("followup.customer", required=True, readonly=True, ondelete="restrict", index=True)
    company_id = fields.Many2one(related="customer_id.company_id", store=True)
    item_id = fields.Many2one("followup.item", readonly=True, ondelete="set null", index="btree_not_null")
    move_id = fields.Many2one("account.move", "Invoice", readonly=True, ondelete="set null", index="btree_not_null")
    name = fields.Char("Number", readonly=True)
    date_maturity = fields.Date("Due Date", readonly=True)
    currency_id = fields.Many2one("res.currency", required=True, readonly=True)
    amount = fields.Monetary("Covered", required=True, readonly=True)
    residual_start = fields.Monetary("Open at the Start", required=True, readonly=True)
    outside = fields.Monetary(
        "Left Payable",
        required=True,
        readonly=True,
        help="Part of the item that stayed payable when this was agreed: money that comes in goes there first.",
    )
    by_reference = fields.Monetary(
        "Paid with its Reference",
        readonly=True,
        help="Money that came in with the communication of an instalment: it is for the arrangement, whatever else of the "
        "invoice is payable.",
    )
    released = fields.Monetary(readonly=True, help="Part that went back to ordinary follow-up meanwhile.")
    # What was reconciled before this came in before it, whenever it is undone or done again.
    last_partial = fields.Integer(readonly=True, default=lambda self: self._last_partial())
    paid = fields.Monetary("Paid since", compute="_compute_paid")
    rest = fields.Monetary("Still Covered", compute="_compute_paid")
    live = fields.Boolean(readonly=True, help="The promise, dispute or arrangement is in force.")
    holds = fields.Boolean(readonly=True, help="Keeps its amount out of follow-up.")
    until = fields.Date("Until (included)", readonly=True)

    _amount_check = models.Constraint("CHECK(amount > 0)", "A covered amount must be more than zero.")
    # Whatever runs at the same time: an item is in one arrangement.
    _one_arrangement = models.UniqueIndex(
        "(item_id) WHERE live AND kind = 'arrangement'", "This invoice is in another payment arrangement already."
    )
    _live_idx = models.Index("(item_id) WHERE live")

    @api.model
    def _last_partial(self):
        """The newest reconciliation of all: what comes in from now on has a higher number."""
        self.env["account.partial.reconcile"].flush_model()
        [[newest]] = self.env.execute_query(SQL("SELECT COALESCE(max(id), 0) FROM account_partial_reconcile"))
        return newest

    def _compute_paid(self):
        paid = self._paid_by_cover()
        for cover in self:
            cover.paid = paid.get(cover._origin.id, 0.0)
            cover.rest = cover.currency_id.round(cover.amount - cover.paid - cover.released) if cover.live else 0.0

    @api.model
    def _forget(self):
        """What came in is read from the books again: no journal item tells its covers that it was paid."""
        self.invalidate_model(["paid", "rest"])
        self.env["followup.promise"].invalidate_model(["amount_paid"])
        self.env["followup.dispute"].invalidate_model(["amount_open"])
        self.env["followup.arrangement"].invalidate_model(["interest_missed"])

    @api.model
    def _find_money(self, customers):
        """Bring covers in line with what happened to their items beside them."""
        for name in ("followup.cover", "followup.instalment", "account.partial.reconcile", "account.move.line"):
            self.env[name].flush_model()
        self._find_older(customers)
        self._find_references(customers)

    @api.model
    def _find_older(self, customers):
        """Money from before a promise or an arrangement that was taken back: that debt is no part of it, and what
        comes in since still counts."""
        self.env.cr.execute(
            SQL(
                """UPDATE followup_cover target
                      SET residual_start = target.residual_start + older.amount,
                          outside = target.outside + CASE WHEN target.kind = 'promise' THEN 0 ELSE older.amount END
                     FROM (SELECT cover.id, aml.amount_residual_currency - cover.residual_start
                                  + COALESCE(sum(partial.debit_amount_currency), 0) AS amount
                             FROM followup_cover cover
                             JOIN followup_item item ON item.id = cover.item_id
                             JOIN account_move_line aml ON aml.id = item.move_line_id
                        LEFT JOIN account_partial_reconcile partial
                               ON partial.debit_move_id = aml.id AND partial.id > cover.last_partial
                            WHERE cover.kind <> 'dispute' AND cover.customer_id = ANY(%s)
                              AND aml.parent_state = 'posted'
                         GROUP BY cover.id, aml.id) older
                    WHERE older.id = target.id AND older.amount > 0""",
                customers.ids,
            )
        )
        self.invalidate_model(["residual_start", "outside"], flush=False)

    @api.model
    def _find_references(self, customers):
        """Note which money named an instalment, for items of which a part stayed payable beside the arrangement.

        The communication of an earlier arrangement about the same item counts: a standing order goes on with it.
        """
        self.env.cr.execute(
            SQL(
                """UPDATE followup_cover target SET by_reference = found.amount
                     FROM (SELECT cover.id, COALESCE(sum(partial.debit_amount_currency) FILTER (
                                      WHERE instalment.id IS NOT NULL), 0) AS amount
                             FROM followup_cover cover
                             JOIN followup_item item ON item.id = cover.item_id
                        LEFT JOIN account_partial_reconcile partial
                               ON partial.debit_move_id = item.move_line_id
                              AND partial.id > cover.last_partial
                        LEFT JOIN account_move_line credit ON credit.id = partial.credit_move_id
                        LEFT JOIN account_move entry ON entry.id = credit.move_id
                        LEFT JOIN account_bank_statement_line bank ON bank.id = credit.statement_line_id
                        LEFT JOIN account_payment payment ON payment.id = credit.payment_id
                        LEFT JOIN LATERAL (
                                  SELECT part.id FROM followup_instalment part
                                    JOIN followup_cover same ON same.arrangement_id = part.arrangement_id
                                   WHERE same.item_id = cover.item_id
                                     AND position(part.reference_digits IN regexp_replace(
                                             concat_ws('x', bank.payment_ref, payment.memo, entry.ref, credit.name),
                                             '[^0-9x]', '', 'g')) > 0
                                   LIMIT 1) instalment ON TRUE
                            WHERE cover.kind = 'arrangement' AND cover.outside > 0 AND cover.customer_id = ANY(%s)
                         GROUP BY cover.id) found
                    WHERE found.id = target.id AND target.by_reference IS DISTINCT FROM found.amount""",
                customers.ids,
            )
        )
        self.invalidate_model(["by_reference"], flush=False)

    def _paid_by_cover(self):
        """:rtype: dict cover id -> amount that came in on the covered part, in the cover's currency"""
        if not self.ids:
            return {}
        for name in ("followup.cover", "followup.item", "account.move.line"):
            self.env[name].flush_model()
        return {
            cover_id: float(paid)
            for cover_id, paid in self.env.execute_query(
                SQL(
                    """SELECT cover.id, %(paid)s
                         FROM followup_cover cover
                         JOIN followup_item item ON item.id = cover.item_id
                         JOIN account_move_line aml ON aml.id = item.move_line_id
                        WHERE cover.id = ANY(%(ids)s)""",
                    paid=COVER_PAID,
                    ids=self.ids,
                )
            )
        }

    def _payments_since(self):
        """The money of `paid`, by day: the newest that came in on each item, less what went to the part left payable.

        :return: list of (day, Decimal in the cover's currency)
        """
        rows = {}
        self.env["account.partial.reconcile"].flush_model()
        for line_id, day, amount in self.env.execute_query(
            SQL(
                """SELECT partial.debit_move_id, credit.date, partial.debit_amount_currency::text
                     FROM account_partial_reconcile partial
                     JOIN account_move_line credit ON credit.id = partial.credit_move_id
                    WHERE partial.debit_move_id = ANY(%s)
                 ORDER BY partial.id DESC""",
                self.item_id.move_line_id.ids,
            )
        ):
            rows.setdefault(line_id, []).append((day, Decimal(amount)))
        payments = []
        for cover in self:
            to_decimal = cover.currency_id._followup_decimal
            line = cover.item_id.move_line_id
            came_in = to_decimal(cover.residual_start) - to_decimal(line.amount_residual_currency)
            newest, left = [], came_in
            for day, amount in rows.get(line.id, ()):
                if left > 0:
                    newest.append((day, min(amount, left)))
                    left -= amount
            named = min(to_decimal(cover.by_reference), max(came_in, Decimal(0)))
            outside, rest = min(to_decimal(cover.outside), max(came_in, Decimal(0)) - named), to_decimal(cover.paid)
            for day, amount in sorted(newest):
                skipped = min(outside, amount)
                outside -= skipped
                part = min(amount - skipped, rest)
                rest -= part
                if part > 0:
                    payments.append((day, part))
        return payments

    def _in_another_arrangement(self):
        """Covers whose item is in another arrangement by now: an item is in one."""
        loose = self.filtered(lambda cover: cover.item_id and not cover.live)
        if not loose:
            return loose  # the database keeps others from what is in force here
        others = self.search(
            [
                ("item_id", "in", loose.item_id.ids),
                ("live", "=", True),
                ("kind", "=", "arrangement"),
                ("arrangement_id", "not in", self.arrangement_id.ids),
            ]
        )
        return loose.filtered(lambda cover: cover.item_id in others.item_id)

    def _troubled(self):
        """Covers whose invoice is not what it was: set back to draft, deleted, or another customer's now."""
        return self.filtered(
            lambda cover: (
                not cover.item_id
                or cover.item_id.customer_id != cover.customer_id
                or cover.item_id.move_line_id.parent_state != "posted"
            )
        )

    @api.model
    def _held_by_item(self, items):
        """What live promises, disputes and arrangements hold already.

        :rtype: dict item -> amount in the item's currency
        """
        held = {}
        self._forget()
        for cover in self.sudo().search([("item_id", "in", items.ids), ("live", "=", True), ("holds", "=", True)]):
            held[cover.item_id] = held.get(cover.item_id, 0.0) + cover.rest
        return held

    @api.model
    def _prepare(self, kind, parts, until, holds=True):
        """Values of covers for one new promise, dispute or arrangement. The customer must be locked.

        :param parts: list of (item, amount in the item's currency)
        :raises UserError: names the invoice and the cure
        """
        items = self.env["followup.item"].union(*(item for item, _amount in parts))
        if kind != "dispute":
            items._check_not_handed_over()
        held = self._held_by_item(items)
        values = []
        for item, amount in parts:
            currency = item.currency_id
            residual = item.amount_residual_currency
            name = item.move_id.name or item.display_name
            if not item.is_open or currency.compare_amounts(residual, 0.0) <= 0:
                raise UserError(self.env._("%s is not open any more. Take it off the list.", name))
            if currency.compare_amounts(amount, 0.0) <= 0:
                raise UserError(self.env._("%s: the amount must be more than zero.", name))
            free = currency.round(residual - (held.get(item, 0.0) if kind != "promise" else 0.0))
            if currency.compare_amounts(amount, free) > 0:
                raise UserError(
                    self.env._(
                        "%(invoice)s: only %(free)s of it is free; the rest is paid, disputed, promised or in an "
                        "arrangement. Lower the amount, or end what holds it first.",
                        invoice=name,
                        free=currency.format(max(free, 0.0)),
                    )
                )
            outside = {"arrangement": free - amount, "dispute": residual - amount, "promise": 0.0}[kind]
            values.append(
                {
                    "kind": kind,
                    "customer_id": item.customer_id.id,
                    "item_id": item.id,
                    "move_id": item.move_id.id,
                    "name": name,
                    "date_maturity": item.date_maturity,
                    "currency_id": currency.id,
                    "amount": currency.round(amount),
                    "residual_start": residual,
                    "outside": currency.round(max(outside, 0.0)),
                    "live": True,
                    "holds": holds,
                    "until": until,
                }
            )
        return values

    def _of_charges(self):
        """Covers of debit notes: charges that were posted while their arrangement ran."""
        covers = self.sudo()
        covers.move_id.mapped("followup_charge_note")  # in one go, whatever they are prefetched with
        return self.browse([cover.id for cover in covers if cover.move_id.followup_charge_note])

    @api.model
    def _spread(self, items, amount):
        """Divide an amount over items, oldest first, as far as nothing holds them.

        :return: list of (item, amount)
        """
        held = self._held_by_item(items)
        parts = []
        for item in items.sorted(lambda item: (item.date_maturity, item.id)):
            free = item.currency_id.round(item.amount_residual_currency - held.get(item, 0.0))
            part = item.currency_id.round(min(free, amount))
            if item.currency_id.compare_amounts(part, 0.0) > 0:
                parts.append((item, part))
                amount -= part
        return parts
