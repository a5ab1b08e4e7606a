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
#: How long an accepted amount waits for its credit note before a person is asked again.
DAYS_TO_CREDIT = 30


class FollowupDispute(models.Model):
    """The customer does not agree with an amount. It is not asked for while somebody finds out; the rest is."""

    _name = "followup.dispute"
    _description = "Dispute"
    _inherit = "followup.agreement"
    _order = "deadline, id"
    _prefix = "DI"
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
    cover_ids = fields.One2many("followup.cover", "dispute_id", "Invoices", readonly=True)
    overdue = fields.Boolean(compute="_compute_overdue", search="_search_overdue")

    _amount_check = models.Constraint("CHECK(amount > 0)", "A disputed amount must be more than zero.")

    @api.depends("cover_ids", "state")
    def _compute_amount_open(self):
        for dispute in self:
            dispute.amount_open = sum(dispute.cover_ids.mapped("rest"))

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
        # A promise to pay what is disputed now says nothing any more.
        promises = self.env["followup.promise"].sudo()
        promises.search([("state", "=", "active"), ("cover_ids.item_id", "in", items.ids)])._end(
            "cancelled", self.env._("the customer disputes the invoice")
        )
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
            dispute.activity_ids.filtered(lambda activity: activity.activity_type_id == kind).unlink()
            dispute.with_context(mail_activity_quick_update=True).activity_schedule(
                activity_type_id=kind.id,
                summary=dispute.reason_id.name,
                note=dispute.note or "",
                date_deadline=dispute.deadline,
                user_id=dispute.user_id.id,
            )

    def _close(self, state, until=None, reason=False):
        """End an open dispute; with `until` its amount is held that long still."""
        for dispute in self:
            today = dispute.company_id._followup_today()
            dispute._go(state, closed_on=today, close_reason=reason)
            dispute.sudo().cover_ids.write({"until": until} if until else {"live": False})
            dispute.activity_ids.sudo().unlink()

    def action_accept(self):
        """The customer is right: the amount is not asked for while its credit note is made."""
        self._check_user()
        self._lock_customers()
        for dispute in self:
            until = dispute.company_id._followup_today() + timedelta(days=DAYS_TO_CREDIT)
            dispute.sudo().cover_ids.write({"live": True, "holds": True})
            dispute._close("accepted", until)
            dispute._tell(self.env._("Dispute accepted."))
            if not dispute._credited():
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
        live = self.state == "open"
        self.sudo().answer = answer
        self._close("rejected", until if live else None)
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
        self.customer_id._refresh()

    def action_credit_note(self):
        """Odoo's own credit note for the disputed invoice."""
        self.ensure_one()
        moves = self.cover_ids.move_id
        action = self.env["ir.actions.act_window"]._for_xml_id("account.action_view_account_move_reversal")
        return action | {"context": {"active_model": "account.move", "active_ids": moves.ids, "active_id": moves[:1].id}}

    def action_check_payments(self):
        """Did he pay already? Unallocated payments and bank lines that may be his."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Paid already?"),
            "res_model": "followup.paid.check.wizard",
            "view_mode": "form",
            "target": "new",
            "context": {"default_dispute_id": self.id, "default_customer_id": self.customer_id.id},
        }

    def _credited(self):
        """Amount of credit notes that came off the disputed items since the dispute, in its currency."""
        self.ensure_one()
        self.env["account.partial.reconcile"].flush_model()
        lines = self.sudo().cover_ids.item_id.move_line_id
        [[amount]] = self.env.execute_query(
            SQL(
                """SELECT COALESCE(sum(partial.debit_amount_currency), 0)
                     FROM account_partial_reconcile partial
                     JOIN account_move_line credit ON credit.id = partial.credit_move_id
                     JOIN account_move refund ON refund.id = credit.move_id
                    WHERE partial.debit_move_id = ANY(%s) AND refund.move_type = 'out_refund'
                      AND partial.create_date >= %s""",
                lines.ids,
                self.create_date,
            )
        )
        return float(amount)

    @api.model
    def _follow(self, company, today, customers):
        """Credit notes that came in, deadlines that passed, amounts that were paid after all."""
        for dispute in self.search(
            [("customer_id", "in", customers.ids), ("cover_ids.live", "=", True)]
        ):
            credited = dispute._credited()
            rest = credited
            for cover in dispute.cover_ids:
                cover.released = min(rest, cover.amount)
                rest -= cover.released
            if dispute.state in ("open", "expired") and credited:
                if dispute.currency_id.compare_amounts(credited, dispute.amount) >= 0:
                    dispute._close("accepted")
                    dispute._tell(self.env._("Dispute accepted: a credit note was made."))
                    continue
            if dispute.state == "open" and not any(cover.item_id.is_open for cover in dispute.cover_ids):
                dispute._close("withdrawn", reason=self.env._("the invoice is paid"))
            elif dispute.state == "open" and dispute.deadline < today:
                dispute._go("expired", closed_on=today)
                dispute.cover_ids.live = False
                dispute._tell(
                    self.env._("The deadline passed: follow-up goes on. A person reads the next message first.")
                )
            elif dispute.state in ("accepted", "rejected") and (
                all(cover.until < today for cover in dispute.cover_ids)
                or dispute.currency_id.compare_amounts(credited, dispute.amount) >= 0
            ):
                dispute.cover_ids.live = False
