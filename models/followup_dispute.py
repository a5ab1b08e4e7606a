from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL, format_date

from .followup_promise import CHANNELS

STATES = [
    ("open", "Open"),
    ("accepted", "Accepted"),
    ("rejected", "Rejected"),
    ("expired", "Expired"),
    ("withdrawn", "Withdrawn"),
]
#: A dispute is solved within a year: nothing is held without an end.
MAX_DAYS = 365
#: How long an accepted amount waits for its credit note before a person is asked again.
DAYS_TO_CREDIT = 30


class FollowupDispute(models.Model):
    """The customer does not agree with an amount. It is not asked for while somebody finds out; the rest is."""

    _name = "followup.dispute"
    _description = "Dispute"
    _inherit = "followup.agreement"
    _order = "deadline, id"
    _prefix = "DI"
    _notice_field = "dispute_id"
    _transitions = {
        "open": {"accepted", "rejected", "expired", "withdrawn"},
        "expired": {"open", "accepted", "rejected", "withdrawn"},
        "accepted": {"open"},
        "rejected": {"open"},
        "withdrawn": {"open"},
    }

    state = fields.Selection(STATES, required=True, readonly=True, default="open", index=True, tracking=True)
    reason_id = fields.Many2one("followup.dispute.reason", required=True, readonly=True, ondelete="restrict")
    check_payments = fields.Boolean(related="reason_id.check_payments")
    freezes = fields.Boolean(
        "Stops Follow-up", readonly=True, help="A consumer's dispute always stops follow-up of its amount."
    )
    amount = fields.Monetary("Disputed", required=True, readonly=True)
    amount_open = fields.Monetary("Still Disputed", compute="_compute_amount_open")
    date = fields.Date("Since", required=True, readonly=True)
    deadline = fields.Date("To Solve By", required=True, readonly=True, tracking=True)
    channel = fields.Selection(CHANNELS, "Made By", required=True, readonly=True, default="phone")
    answer = fields.Html("Answer to the Customer", readonly=True)
    credit_move_ids = fields.Many2many("account.move", string="Credit Notes", readonly=True)
    found_line_ids = fields.Many2many(
        "account.move.line", string="Payments Found", readonly=True, help="Allocated from the check of payments."
    )
    cover_ids = fields.One2many("followup.cover", "dispute_id", "Invoices", readonly=True)
    overdue = fields.Boolean(compute="_compute_overdue", search="_search_overdue")

    _amount_check = models.Constraint("CHECK(amount > 0)", "A disputed amount must be more than zero.")

    @api.depends("cover_ids", "state")
    def _compute_amount_open(self):
        for dispute in self:
            dispute.amount_open = sum(dispute.cover_ids.mapped("rest"))

    def _message_amount(self):
        # EXTENDS followup.agreement: what is left to pay of it
        return min(self.amount, sum(self.cover_ids.item_id.filtered("is_open").mapped("amount_residual_currency")))

    @api.depends("deadline", "state")
    def _compute_overdue(self):
        for dispute in self:
            today = dispute.company_id._followup_today()
            dispute.overdue = dispute.state in ("open", "expired") and dispute.deadline < today

    def _search_overdue(self, operator, value):
        if operator != "in":
            return NotImplemented
        domain = fields.Domain("state", "in", ("open", "expired")) & fields.Domain(
            "deadline", "<", self.env.company._followup_today()
        )
        return domain if True in value else ~domain

    @api.model
    def _dispute(self, customer, parts, reason, user=None, deadline=None, channel="phone", note=False):
        """Record a dispute.

        :param parts: list of (item, disputed amount in its currency), one currency
        :param deadline: date; None: today and the days of the reason
        :raises UserError: names the invoice and the cure
        """
        self.browse()._check_user()
        customer.check_access("read")
        customer.sudo().lock_for_update(allow_referencing=True)
        company = customer.company_id
        today = company._followup_today()
        parts = [(item.sudo(), amount) for item, amount in parts]
        items = self.env["followup.item"].sudo().union(*(item for item, _amount in parts))
        if not items:
            raise UserError(self.env._("Choose the invoice that the customer disputes: nothing is selected."))
        if items.customer_id != customer or len(items.currency_id) != 1:
            raise UserError(self.env._("A dispute is about invoices of one customer, in one currency."))
        deadline = deadline or today + timedelta(days=reason.days)
        if deadline < today:
            raise UserError(self.env._("The deadline lies in the past. Choose a day from today on."))
        if deadline > today + timedelta(days=MAX_DAYS):
            raise UserError(self.env._("A dispute is solved within a year. Choose an earlier deadline."))
        # A promise to pay what is disputed now says nothing any more.
        promises = self.env["followup.promise"]
        before = promises._waiting_for(items)
        before._end("cancelled", self.env._("the customer disputes the invoice"))
        before._tell(self.env._("Promise cancelled: the customer disputes the invoice."))
        consumer = any(item.regime == "b2c" for item in items)
        freezes = reason.freeze or consumer
        covers = self.env["followup.cover"].sudo()._prepare("dispute", parts, deadline, freezes)
        dispute = self.sudo().create(
            {
                "customer_id": customer.id,
                "currency_id": items.currency_id.id,
                "reason_id": reason.id,
                "freezes": freezes,
                "amount": sum(amount for _item, amount in parts),
                "date": today,
                "deadline": deadline,
                "channel": channel,
                "note": note,
                "user_id": (user or promises._owner(customer)).id,
                "cover_ids": [fields.Command.create(vals) for vals in covers],
            }
        )
        dispute._tell(
            self.env._(
                "Dispute: %(reason)s, %(amount)s, to solve by %(date)s.",
                reason=reason.name,
                amount=dispute.currency_id.format(dispute.amount),
                date=format_date(self.env, deadline),
            )
        )
        dispute._plan_solution()
        customer._refresh()
        return dispute.sudo(False)

    def _plan_solution(self):
        """One activity for the responsible person, due at the deadline."""
        kind = self.env.ref("l10n_be_followup.mail_activity_type_dispute")
        for dispute in self.sudo():
            dispute._planned().unlink()
            dispute.with_context(mail_activity_quick_update=True).activity_schedule(
                activity_type_id=kind.id,
                summary=dispute.reason_id.name,
                note=dispute.note or "",
                date_deadline=dispute.deadline,
                user_id=dispute.user_id.id,
            )

    def _planned(self):
        """The activities that follow-up planned itself; what a person planned is his."""
        kind = self.env.ref("l10n_be_followup.mail_activity_type_dispute")
        return self.sudo().activity_ids.filtered(lambda activity: activity.activity_type_id == kind)

    def write(self, vals):
        """Another responsible person gets the planned work with it."""
        result = super().write(vals)
        if "user_id" in vals:
            self._planned().write({"user_id": vals["user_id"]})
        return result

    def _close(self, state, until=None, reason=False):
        """End a dispute; with `until` its amount is held that long still."""
        for dispute in self:
            today = dispute.company_id._followup_today()
            dispute._go(state, closed_on=today, close_reason=reason)
            dispute.sudo().cover_ids.write({"until": until, "live": True, "holds": True} if until else {"live": False})
            dispute._planned().unlink()

    def action_accept(self):
        """The customer is right: the amount is not asked for while its credit note is made."""
        self._check_user()
        self._lock_customers()
        for dispute in self:
            until = dispute.company_id._followup_today() + timedelta(days=DAYS_TO_CREDIT)
            dispute._close("accepted", until)
            dispute._tell(self.env._("Dispute accepted."))
            if not dispute._settled(dispute._came_off()):
                dispute.sudo().activity_schedule(
                    "l10n_be_followup.mail_activity_type_dispute",
                    summary=self.env._("Make the credit note of %s", dispute.currency_id.format(dispute.amount)),
                    date_deadline=until - timedelta(days=DAYS_TO_CREDIT - 7),
                    user_id=dispute.user_id.id,
                )
        self.customer_id._refresh()
        return True

    def _reject(self, answer, send=True):
        """We do not agree: the customer hears why, has some days to pay, and follow-up goes on.

        :param answer: HTML, in the customer's language
        """
        self.ensure_one()
        self._check_user()
        self._lock_customers()
        company = self.company_id
        until = company._followup_today() + timedelta(days=company.followup_dispute_answer_days)
        self.sudo().answer = answer
        self._close("rejected", until)
        self._tell(self.env._("Dispute rejected."))
        if send:
            self.env["followup.notice"]._send_for(self, "dispute", pay_before=until)
        self.customer_id._refresh()

    def action_reject(self):
        """Ask for the answer to the customer."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Reject the dispute"),
            "res_model": "followup.reject.wizard",
            "view_mode": "form",
            "target": "new",
            "context": {"default_dispute_id": self.id},
        }

    def action_withdraw(self):
        """The customer agrees after all, or it was noted by mistake: follow-up goes on as before."""
        self._check_user()
        self._lock_customers()
        self._close("withdrawn")
        self._tell(self.env._("Dispute withdrawn."))
        self.customer_id._refresh()

    def action_reopen(self):
        """Undo the end of a dispute, with as many days as its reason gives."""
        self._check_user()
        self._lock_customers()
        for dispute in self.filtered(lambda dispute: dispute.state != "open"):
            deadline = dispute.company_id._followup_today() + timedelta(days=dispute.reason_id.days)
            dispute._go("open", closed_on=False, close_reason=False, deadline=deadline)
            dispute.sudo().cover_ids.write({"live": True, "holds": dispute.freezes, "until": deadline})
            dispute._plan_solution()
            dispute._tell(self.env._("Dispute opened again, to solve by %s.", format_date(self.env, deadline)))
        self.customer_id._refresh()

    def action_extend(self):
        """More time to find a solution: as many days from today as the reason gives."""
        self._check_user()
        self._lock_customers()
        for dispute in self.filtered(lambda dispute: dispute.state == "open"):
            deadline = dispute.company_id._followup_today() + timedelta(days=dispute.reason_id.days)
            if deadline <= dispute.deadline:
                raise UserError(
                    self.env._(
                        "%(name)s has time until %(date)s already.",
                        name=dispute.name,
                        date=format_date(self.env, dispute.deadline),
                    )
                )
            dispute.sudo().deadline = deadline
            dispute.sudo().cover_ids.until = deadline
            dispute._plan_solution()
            dispute._tell(self.env._("More time to solve it: until %s.", format_date(self.env, deadline)))
        self.customer_id._refresh()

    def action_credit_note(self):
        """Odoo's own credit note for the disputed invoice."""
        self.ensure_one()
        moves = self.cover_ids.move_id
        action = self.env["ir.actions.act_window"]._for_xml_id("account.action_view_account_move_reversal")
        return action | {
            "context": {"active_model": "account.move", "active_ids": moves.ids, "active_id": moves[:1].id}
        }

    def action_check_payments(self):
        """Did he pay already? Unallocated payments and bank lines that may be his."""
        self.ensure_one()
        return self.env["followup.paid.check.wizard"]._open_for(self.customer_id, self)

    def _found(self, credit):
        """Money that had come in before the dispute: what is allocated of it takes the dispute away, not the rest.

        :param credit: `account.move.line`, about to be reconciled
        """
        self.ensure_one()
        self._check_user()
        self._lock_customers()
        self.sudo().found_line_ids |= credit
        self._tell(
            self.env._(
                "Payment found: %(amount)s of %(date)s.",
                amount=credit.currency_id.format(-credit.amount_residual_currency),
                date=format_date(self.env, credit.date),
            )
        )

    def _came_off(self):
        """What credit notes, and payments that were found, took off the disputed items since the dispute.

        :rtype: dict item id -> amount in the dispute's currency
        """
        self.ensure_one()
        self.env["account.partial.reconcile"].flush_model()
        self.env["account.move.line"].flush_model()
        result = {}
        refunds = set()
        for item_id, move_id, move_type, amount in self.env.execute_query(
            SQL(
                """SELECT item.id, credit.move_id, entry.move_type, sum(partial.debit_amount_currency)
                     FROM followup_cover cover
                     JOIN followup_item item ON item.id = cover.item_id
                     JOIN account_partial_reconcile partial ON partial.debit_move_id = item.move_line_id
                     JOIN account_move_line credit ON credit.id = partial.credit_move_id
                     JOIN account_move entry ON entry.id = credit.move_id
                    WHERE cover.dispute_id = %s
                      AND (entry.move_type = 'out_refund' AND partial.create_date >= %s
                           OR credit.id = ANY(%s) AND partial.create_date::date >= %s)
                 GROUP BY item.id, credit.move_id, entry.move_type""",
                self.id,
                self.create_date,
                self.sudo().found_line_ids.ids,
                self.date,
            )
        ):
            result[item_id] = result.get(item_id, 0.0) + float(amount)
            if move_type == "out_refund":
                refunds.add(move_id)
        if refunds != set(self.sudo().credit_move_ids.ids):
            self.sudo().credit_move_ids = [fields.Command.set(sorted(refunds))]
        return result

    def _settled(self, came_off):
        """Nothing of the disputed amounts is left."""
        self.ensure_one()
        return bool(came_off) and all(
            cover.currency_id.compare_amounts(came_off.get(cover.item_id.id, 0.0), cover.amount) >= 0
            for cover in self.sudo().cover_ids
        )

    def _release(self, came_off):
        """Take what came off out of the covers, so that it does not count as money for the part that stayed payable."""
        self.ensure_one()
        for cover in self.sudo().cover_ids:
            released = min(came_off.get(cover.item_id.id, 0.0), cover.amount)
            change = cover.currency_id.round(released - cover.released)
            if change:
                cover.write({"released": released, "residual_start": cover.residual_start - change})

    @api.model
    def _follow(self, company, today, customers):
        """Credit notes that came in, deadlines that passed, amounts that were paid after all."""
        self.env["followup.cover"].invalidate_model(["paid", "rest"])
        for dispute in self.search(
            [
                ("customer_id", "in", customers.ids),
                "|",
                ("state", "in", ("open", "expired")),
                ("cover_ids.live", "=", True),
            ]
        ):
            came_off = dispute._came_off()
            dispute._release(came_off)
            settled = dispute._settled(came_off)
            covers = dispute.cover_ids
            if dispute.state in ("open", "expired"):
                if settled:
                    found = dispute.found_line_ids and not dispute.credit_move_ids
                    dispute._close(
                        "accepted",
                        reason=self.env._("the payment was found") if found else self.env._("a credit note was made"),
                    )
                    dispute._tell(self.env._("Dispute accepted: %s.", dispute.close_reason))
                elif covers.item_id and all(cover.item_id.move_line_id.reconciled for cover in covers):
                    dispute._close("withdrawn", reason=self.env._("the invoice is paid"))
                    dispute._tell(self.env._("Dispute withdrawn: %s.", dispute.close_reason))
                elif dispute.state == "open" and dispute.deadline < today:
                    dispute._expire(today)
            elif settled or not any(cover.item_id.is_open for cover in covers):
                dispute._close_covers()
            elif all(cover.until < today for cover in covers):
                if dispute.state == "accepted":
                    # We agreed that it is not owed: nobody may be asked for it again without a person's look.
                    dispute._go("open", closed_on=False)
                    dispute._expire(today, self.env._("No credit note was made in time: the amount is open again."))
                else:
                    dispute._close_covers()

    def _expire(self, today, text=None):
        self._go("expired", closed_on=today)
        self.cover_ids.live = False
        self._tell(text or self.env._("The deadline passed: follow-up goes on. A person reads the next message first."))

    def _close_covers(self):
        """What was decided is carried out: the credit note is made, or the days to pay are over."""
        self.cover_ids.live = False
        self._planned().unlink()
