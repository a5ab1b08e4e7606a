from odoo import api, fields, models
from odoo.exceptions import UserError

from ..engine import claims

KINDS = [
    ("interest", "Interest"),
    ("compensation", "Compensation"),
    ("reminder", "Reminder cost"),
    ("missed_interest", "Interest on missed instalments"),
    ("administration", "Administration of an arrangement"),
    ("agreed_interest", "Interest of an arrangement"),
    ("reconnection", "Reconnection of a service"),
]
#: Kinds that belong to an invoice and follow it.
ITEM_KINDS = ("interest", "compensation", "reminder")
STATES = [
    ("claimed", "Claimed"),
    ("posted", "Posted"),
    ("settled", "Settled"),
    ("reversed", "Reversed"),
    ("waived", "Waived"),
    ("cancelled", "Cancelled"),
]
TRANSITIONS = {
    "claimed": {"posted", "waived", "cancelled"},
    # In the books the entries decide: a payment or a credit note comes, and may be taken back.
    "posted": {"settled", "reversed", "claimed"},
    "settled": {"posted", "reversed", "claimed"},
    "reversed": {"posted", "settled", "claimed"},
    "waived": {"claimed", "cancelled"},
    "cancelled": set(),
}


class FollowupCharge(models.Model):
    """What a notice claimed on top of an open item. A claim, not a booking: it is no income until a person posts it.

    A charge outlives its item: when the principal is paid it stays *outstanding*, its interest frozen at the day of
    the payment, and is never chased by itself.
    """

    _name = "followup.charge"
    _description = "Follow-up Charge"
    _inherit = ["mail.thread"]
    _order = "id desc"

    customer_id = fields.Many2one(
        "followup.customer", "Follow-up", required=True, readonly=True, ondelete="restrict", index=True
    )
    partner_id = fields.Many2one(related="customer_id.partner_id", store=True, string="Customer")
    company_id = fields.Many2one("res.company", required=True, readonly=True)
    move_id = fields.Many2one("account.move", "Invoice", readonly=True, ondelete="set null", index="btree_not_null")
    item_id = fields.Many2one("followup.item", readonly=True, ondelete="set null", index="btree_not_null")
    arrangement_id = fields.Many2one("followup.arrangement", readonly=True, ondelete="restrict", index="btree_not_null")
    suspension_id = fields.Many2one("followup.suspension", readonly=True, ondelete="restrict", index="btree_not_null")
    name = fields.Char("For", readonly=True)
    kind = fields.Selection(KINDS, required=True, readonly=True)
    currency_id = fields.Many2one("res.currency", required=True, readonly=True)
    amount = fields.Monetary(required=True, readonly=True)
    claimed_until = fields.Date(readonly=True, help="Last day that bears interest in the amount.")
    first_notice_id = fields.Many2one("followup.notice", "First Claimed In", readonly=True, ondelete="restrict")
    notice_id = fields.Many2one("followup.notice", "Last Claimed In", readonly=True, ondelete="restrict")
    state = fields.Selection(STATES, required=True, readonly=True, default="claimed", index=True, tracking=True)
    detail = fields.Json(readonly=True)
    explanation = fields.Text(compute="_compute_explanation")
    principal_paid_on = fields.Date(
        readonly=True, help="The invoice is paid since this day; the charge is outstanding and grows no more."
    )
    outstanding = fields.Boolean(compute="_compute_outstanding", search="_search_outstanding")
    waive_reason = fields.Char(readonly=True, tracking=True)
    waived_by = fields.Many2one("res.users", readonly=True, ondelete="set null")
    waived_on = fields.Date(readonly=True)

    # Once per invoice, whatever runs at the same time (art. 6; C-585/20); a waived one is not claimed again.
    _compensation_once = models.UniqueIndex(
        "(move_id, customer_id) WHERE kind = 'compensation' AND state <> 'cancelled'",
        "The compensation of this invoice was claimed already.",
    )
    _interest_once = models.UniqueIndex(
        "(item_id) WHERE kind = 'interest' AND state = 'claimed'", "The interest of this item was claimed already."
    )
    _missed_once = models.UniqueIndex(
        "(arrangement_id) WHERE kind = 'missed_interest' AND state = 'claimed'",
        "The interest on missed instalments of this arrangement was claimed already.",
    )
    _reconnection_once = models.UniqueIndex(
        "(suspension_id) WHERE kind = 'reconnection' AND state <> 'cancelled'",
        "The reconnection fee of this suspension was claimed already.",
    )
    _amount_check = models.Constraint("CHECK(amount >= 0)", "A charge cannot be negative.")

    @api.depends("detail")
    def _compute_explanation(self):
        for charge in self:
            charge.explanation = self.env["followup.engine"]._explain_claim(
                charge.kind, charge.detail, charge.currency_id
            )

    @api.depends("state", "principal_paid_on")
    def _compute_outstanding(self):
        for charge in self:
            charge.outstanding = charge.state == "claimed" and bool(charge.principal_paid_on)

    def _search_outstanding(self, operator, value):
        if operator != "in":
            return NotImplemented
        domain = fields.Domain("state", "=", "claimed") & fields.Domain("principal_paid_on", "!=", False)
        return domain if True in value else ~domain

    def _go(self, state, **vals):
        for charge in self:
            if state not in TRANSITIONS[charge.state]:
                names = dict(self._fields["state"]._description_selection(self.env))
                raise UserError(
                    self.env._(
                        "The charge for %(name)s is %(old)s and cannot become %(new)s.",
                        name=charge.name,
                        old=names[charge.state].lower(),
                        new=names[state].lower(),
                    )
                )
        self.write({"state": state, **vals})

    @api.model
    def _claim_from(self, notice):
        """A notice left: what it claimed becomes, or renews, the charges of its items."""
        for line in notice.line_ids:
            self._claim_line(notice, line, "interest", line.interest)
            self._claim_line(notice, line, "compensation", line.compensation)
            self._claim_line(notice, line, "reminder", line.reminder_cost)
        if notice.purpose == "missed" and notice.amount_missed_interest:
            self._claim_missed(notice)

    @api.model
    def _claim_missed(self, notice):
        """Interest on missed instalments, for a business: it grows until they are paid."""
        arrangement = notice.arrangement_id
        vals = {
            "amount": notice.amount_missed_interest,
            "notice_id": notice.id,
            "claimed_until": notice.prepared_on,
        }
        known = self.search(
            [("arrangement_id", "=", arrangement.id), ("kind", "=", "missed_interest"), ("state", "=", "claimed")]
        )
        if known:
            known.write(vals)
            return
        self.create(
            {
                **vals,
                "customer_id": notice.customer_id.id,
                "company_id": notice.company_id.id,
                "arrangement_id": arrangement.id,
                "name": arrangement.name,
                "kind": "missed_interest",
                "currency_id": arrangement.currency_id.id,
                "first_notice_id": notice.id,
            }
        )

    @api.model
    def _claim_line(self, notice, line, kind, amount):
        amount = self._not_settled_since(notice, line, kind, amount)
        if not amount:
            return
        domain = [("kind", "=", kind), ("state", "=", "claimed"), ("customer_id", "=", notice.customer_id.id)]
        domain.append(
            ("move_id", "=", line.move_id.id) if kind == "compensation" else ("item_id", "=", line.item_id.id)
        )
        known = self.browse() if kind == "reminder" else self.search(domain, limit=1)
        vals = {
            "amount": amount,
            "notice_id": notice.id,
            "claimed_until": (line.claim_detail or {}).get("until"),
            "detail": line.claim_detail,
        }
        if known:
            if kind == "interest" or amount < known.amount:
                known.write(vals)
            else:
                known.notice_id = notice
            return
        self.create(
            {
                **vals,
                "customer_id": notice.customer_id.id,
                "company_id": notice.company_id.id,
                "move_id": line.move_id.id,
                "item_id": line.item_id.id,
                "name": line.name,
                "kind": kind,
                "currency_id": line.currency_id.id,
                "first_notice_id": notice.id,
            }
        )

    @api.model
    def _not_settled_since(self, notice, line, kind, amount):
        """What of an amount is still to be claimed: a letter lies printed while the same is posted or waived.

        :return: the rest, in the currency of the line
        """
        if not amount or kind not in ("interest", "compensation"):
            return amount
        closed = [("kind", "=", kind), ("state", "not in", ("claimed", "cancelled"))]
        if kind == "compensation":
            known = [("move_id", "=", line.move_id.id), ("customer_id", "=", notice.customer_id.id)]
            return 0.0 if self.search_count([*closed, *known], limit=1) else amount
        # Only of the same days: what was closed before the message was made is not in it.
        days = [segment["from"] for segment in (line.claim_detail or {}).get("segments", ())]
        if not days:
            return amount
        same = self.search([*closed, ("item_id", "=", line.item_id.id), ("claimed_until", ">=", min(days))])
        return max(line.currency_id.round(amount - sum(same.mapped("amount"))), 0.0)

    @api.model
    def _unclaim(self, notice):
        """The notice came back: what it was the first to claim was never claimed."""
        self.search([("first_notice_id", "=", notice.id), ("state", "=", "claimed")])._go("cancelled")

    @api.model
    def _follow_items(self, company, today, customers=None):
        """Charges of items that were paid stay outstanding, frozen; those of items credited in full are cancelled."""
        domain = fields.Domain([("company_id", "=", company.id), ("state", "=", "claimed"), ("kind", "in", ITEM_KINDS)])
        if customers is not None:
            domain &= fields.Domain("customer_id", "in", customers.ids)
        else:
            # A night looks at those that an item left, or came back to: there are thousands of the others.
            paid = fields.Domain("principal_paid_on", "!=", False)
            open_again = fields.Domain("item_id.is_open", "=", True)
            domain &= (paid & open_again) | (~paid & ~open_again)
        charges = self.search(domain)
        reopened = charges.filtered(lambda charge: charge.principal_paid_on and charge.item_id.is_open)
        reopened.principal_paid_on = False
        closed = charges.filtered(lambda charge: not charge.principal_paid_on and not charge.item_id.is_open)
        self._follow_grounds(company, today, charges if customers is not None else closed)
        closed = closed.filtered(lambda charge: charge.state == "claimed")
        if closed:
            closed._freeze(company, today)

    def _freeze(self, company, today):
        """The items of these charges are settled: they grow no more, or fall with an invoice that was credited."""
        known = claims.facts(self.env, company, self.item_id.ids, today)
        credited = self._credited_in_full(self.move_id)
        gone = self.filtered(lambda charge: charge.move_id in credited or not charge.item_id)
        gone._go("cancelled")
        paid_on = {}
        for charge in self - gone:
            payments = known[charge.item_id.id][0].payments if charge.item_id.id in known else ()
            paid_on[charge] = max((day for day, _amount in payments), default=today)
        for day, charges in (self - gone).grouped(paid_on.get).items():
            charges.principal_paid_on = day
        growing = (self - gone).filtered(
            lambda charge: (
                charge.kind == "interest" and charge.claimed_until and charge.claimed_until != paid_on[charge]
            )
        )
        for day, charges in (growing - growing._fixed()).grouped(paid_on.get).items():
            answers = claims.claims(self.env, company, charges.item_id.ids, day)
            for charge in charges:
                answer = answers[charge.item_id.id]
                if {"held", "disputed"} & set(answer.reasons):
                    continue  # a dispute or an arrangement stops new charges; what was claimed before it stays
                charge.write(
                    {"amount": float(answer.interest), "detail": claims.detail(answer), "claimed_until": answer.until}
                )

    def _fixed(self):
        """Those whose amount was agreed, or stands since a consumer's dispute or a hand-over began."""
        agreed = (
            self.env["followup.arrangement"]
            .search([("charge_ids", "in", self.ids), ("state", "in", ("active", "completed"))])
            .charge_ids
        )
        handed = self.filtered(lambda charge: charge.item_id.handover_id)
        return (agreed & self) | self._disputed_since() | handed

    def _disputed_since(self):
        """Those whose invoice a consumer disputed after they were claimed: that stops every new charge."""
        covers = self.env["followup.cover"].search([("kind", "=", "dispute"), ("item_id", "in", self.item_id.ids)])
        disputes = covers.grouped("item_id")
        return self.filtered(
            lambda charge: (
                charge.item_id.regime == "b2c"
                and any(
                    not dispute.closed_on or not charge.claimed_until or dispute.closed_on > charge.claimed_until
                    for dispute in disputes.get(charge.item_id, covers.browse()).dispute_id
                )
            )
        )

    @api.model
    def _follow_grounds(self, company, today, charges):
        """A consumer's claim falls, or shrinks, with its ground; a business's when it turns out to have paid in time.

        A payment that was booked late, a first reminder that came back, an invoice that turned out to be private:
        what was claimed until then stands no further than the facts of today allow. Never because of an insolvency,
        in which claims are filed, nor of a new episode, in which only new ones need a new reminder.
        """
        episodes = {(line.notice_id, line.item_id): line.episode for line in charges.notice_id.line_ids if line.item_id}
        judged = charges.filtered(
            lambda charge: (
                charge.kind in ("interest", "compensation")
                and charge.item_id
                and (charge.item_id.regime == "b2c" or not charge.item_id.is_open)
                and charge.item_id.episode == episodes.get((charge.notice_id, charge.item_id))
                and not charge.partner_id.with_company(company).followup_insolvency
            )
        )
        for (kind, day), same in judged.grouped(
            lambda charge: (charge.kind, charge.claimed_until or today if charge.kind == "interest" else today)
        ).items():
            # A dispute or an arrangement stops new charges; it takes nothing back that was claimed before it.
            known = claims.claims(self.env, company, same.item_id.ids, day, holds=False)
            for charge in same:
                answer = known[charge.item_id.id]
                allowed = float(getattr(answer, kind))
                if not allowed:
                    charge._go("cancelled")
                elif charge.currency_id.compare_amounts(allowed, charge.amount) < 0:
                    charge.write({"amount": allowed, "detail": claims.detail(answer)})

    @api.model
    def _credited_in_full(self, moves):
        """Invoices that credit notes took away entirely: no money ever came in."""
        return moves.filtered(lambda move: move.payment_state == "reversed" or move.state != "posted")

    def action_waive(self):
        """Give up these charges; asks for the reason."""
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Waive"),
            "res_model": "followup.waive.wizard",
            "view_mode": "form",
            "target": "new",
            "context": {"default_charge_ids": [fields.Command.set(self.ids)]},
        }

    def action_undo_waive(self):
        """A waiver by mistake: the charge is claimed again."""
        self._check_user()
        for charge in self.sudo():
            newer = charge._claimed_since()
            if newer:
                # Interest of later days was claimed meanwhile: there is one claim per item, over both periods.
                older, later = charge.detail or {}, newer.detail or {}
                newer.write(
                    {
                        "amount": newer.amount + charge.amount,
                        "detail": later | {"segments": older.get("segments", []) + later.get("segments", [])},
                    }
                )
                charge._go("cancelled")
            else:
                charge._go("claimed", waive_reason=False, waived_by=False, waived_on=False)

    def _claimed_since(self):
        """The claim of interest on the same item, or arrangement, of the days after these."""
        self.ensure_one()
        if self.kind == "interest" and self.item_id:
            same = [("item_id", "=", self.item_id.id)]
        elif self.kind == "missed_interest":
            same = [("arrangement_id", "=", self.arrangement_id.id)]
        else:
            return self.browse()
        return self.search([*same, ("kind", "=", self.kind), ("state", "=", "claimed")], limit=1)

    def _waive(self, reason):
        self._check_user()
        self.customer_id.sudo().lock_for_update(allow_referencing=True)
        self.invalidate_recordset()
        self.sudo()._go(
            "waived", waive_reason=reason, waived_by=self.env.uid, waived_on=self.env.company._followup_today()
        )
        self._tell(self.env._("waived: %s", reason))

    def _check_user(self):
        self.check_access("read")
        if not self.env.su and not self.env.user.has_group("l10n_be_followup.l10n_be_followup_group_user"):
            raise UserError(self.env._("You need the rights of a follow-up user to do this."))
