from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_date

STATES = [("active", "Waiting"), ("kept", "Kept"), ("broken", "Broken"), ("cancelled", "Cancelled")]
CHANNELS = [("phone", "Phone"), ("email", "E-mail"), ("portal", "Customer's page"), ("other", "Other")]


class FollowupPromise(models.Model):
    """A customer says that he will pay an amount by a day. Nothing is sent about it until then, and some days more."""

    _name = "followup.promise"
    _description = "Promise to Pay"
    _inherit = "followup.agreement"
    _order = "date desc, id desc"
    _prefix = "PR"
    _transitions = {
        "active": {"kept", "broken", "cancelled"},
        "kept": {"active"},
        "broken": {"kept", "active"},
        "cancelled": {"active"},
    }

    state = fields.Selection(STATES, required=True, readonly=True, default="active", index=True, tracking=True)
    amount = fields.Monetary("Promised", required=True, readonly=True)
    amount_paid = fields.Monetary("Paid since", compute="_compute_amount_paid")
    date = fields.Date("Promised For", required=True, readonly=True)
    until = fields.Date(
        "Waits Until", required=True, readonly=True, help="The promised day and the days of grace after it."
    )
    channel = fields.Selection(CHANNELS, "Made By", required=True, readonly=True, default="phone")
    cover_ids = fields.One2many("followup.cover", "promise_id", "Invoices", readonly=True)

    _amount_check = models.Constraint("CHECK(amount > 0)", "A promised amount must be more than zero.")

    @api.depends("cover_ids")
    def _compute_amount_paid(self):
        for promise in self:
            promise.amount_paid = sum(promise.cover_ids.mapped("paid"))

    @api.model
    def _promise(self, customer, items, amount, date, channel="phone", note=False):
        """Record a promise; one that was waiting for the same invoices is replaced.

        :param items: open items of the customer, in one currency
        :raises UserError: when it lies beyond the limits of the company, or covers nothing that is open
        """
        self.browse()._check_user()
        customer.check_access("read")
        customer.sudo().lock_for_update(allow_referencing=True)
        company = customer.company_id
        today = company._followup_today()
        self._check_limits(customer, date, today)
        items = items.sudo()
        if not items:
            raise UserError(self.env._("Choose what the customer promised to pay: nothing is selected."))
        if items.customer_id != customer or len(items.currency_id) != 1:
            raise UserError(self.env._("A promise is about invoices of one customer, in one currency."))
        before = self.sudo().search([("state", "=", "active"), ("cover_ids.item_id", "in", items.ids)])
        before._end("cancelled", self.env._("replaced by a new promise"))
        cover = self.env["followup.cover"].sudo()
        parts = cover._spread(items, amount)
        covered = items.currency_id.round(sum(part for _item, part in parts))
        if items.currency_id.compare_amounts(covered, amount):
            raise UserError(
                self.env._(
                    "Only %(free)s of the chosen invoices is open and free to promise, not %(amount)s.",
                    free=items.currency_id.format(covered),
                    amount=items.currency_id.format(amount),
                )
            )
        until = date + timedelta(days=company.followup_promise_grace_days)
        promise = self.sudo().create(
            {
                "customer_id": customer.id,
                "currency_id": items.currency_id.id,
                "amount": amount,
                "date": date,
                "until": until,
                "channel": channel,
                "note": note,
                "user_id": self._owner(customer).id,
                "cover_ids": [fields.Command.create(vals) for vals in cover._prepare("promise", parts, until)],
            }
        )
        promise._tell(
            self.env._(
                "Promise to pay %(amount)s by %(date)s. Follow-up waits until %(until)s.",
                amount=items.currency_id.format(amount),
                date=format_date(self.env, date),
                until=format_date(self.env, until),
            )
        )
        customer._refresh()
        return promise.sudo(False)

    @api.model
    def _owner(self, customer):
        """Who looks after it: the person who notes it, or the customer's responsible when he wrote it himself."""
        user = self.env.user
        return customer._default_responsible() if user.share or user._is_public() or self.env.su else user

    @api.model
    def _check_limits(self, customer, date, today):
        company = customer.company_id
        if date < today:
            raise UserError(self.env._("The promised day lies in the past. Choose a day from today on."))
        if self.env.user.has_group("l10n_be_followup.l10n_be_followup_group_manager") and not self.env.su:
            return
        limit = company.followup_promise_max_days
        if limit and date > today + timedelta(days=limit):
            raise UserError(
                self.env._(
                    "A promise may lie at most %(days)s days ahead (%(date)s). Agree on an earlier day or on a payment "
                    "arrangement, or ask a follow-up manager.",
                    days=limit,
                    date=format_date(self.env, today + timedelta(days=limit)),
                )
            )
        limit = company.followup_promise_max_row
        if limit and self._broken_in_a_row(customer) >= limit:
            raise UserError(
                self.env._(
                    "%(customer)s broke %(count)s promises in a row. Agree on a payment arrangement, or ask a "
                    "follow-up manager.",
                    customer=customer.partner_id.display_name,
                    count=limit,
                )
            )

    @api.model
    def _broken_in_a_row(self, customer):
        count = 0
        for promise in self.sudo().search(
            [("customer_id", "=", customer.id), ("state", "in", ("kept", "broken"))], order="closed_on desc, id desc"
        ):
            if promise.state == "kept":
                break
            count += 1
        return count

    def _end(self, state, reason=False):
        for promise in self:
            promise._go(state, closed_on=promise.company_id._followup_today(), close_reason=reason)
            promise.sudo().cover_ids.live = False
            promise.activity_ids.sudo().unlink()

    def action_cancel(self):
        """The promise was noted by mistake, or something else was agreed: follow-up goes on as before."""
        self._check_user()
        self._lock_customers()
        waiting = self.filtered(lambda promise: promise.state == "active")
        waiting._end("cancelled", self.env._("cancelled by %s", self.env.user.name))
        waiting._tell(self.env._("Promise cancelled."))
        self.customer_id._refresh()

    def action_restore(self):
        """Undo a cancellation, as long as its days are not over."""
        self._check_user()
        self._lock_customers()
        for promise in self.filtered(lambda promise: promise.state == "cancelled"):
            if promise.until < promise.company_id._followup_today():
                raise UserError(self.env._("%s: its day is over. Note a new promise.", promise.name))
            promise._go("active", closed_on=False, close_reason=False)
            promise.sudo().cover_ids.live = True
        self.customer_id._refresh()

    @api.model
    def _follow(self, company, today, customers, waiting):
        """Close promises that were kept, and those whose days are over.

        :param customers: `followup.customer` whose rows are locked
        :param waiting: dict (customer id, currency id) -> unallocated money that may be meant for them
        """
        for promise in self.search([("state", "in", ("active", "kept")), ("customer_id", "in", customers.ids)]):
            currency = promise.currency_id
            missing = currency.round(promise.amount - promise.amount_paid)
            settled = currency.compare_amounts(missing, 0.0) <= 0
            if promise.state == "kept":
                # The payment was taken back within the days of the promise.
                if not settled and promise.until >= today:
                    promise._go("active", closed_on=False)
                    promise.cover_ids.live = True
            elif settled:
                promise._end("kept")
                promise._tell(self.env._("Promise kept."))
            elif promise.until < today and waiting.get((promise.customer_id.id, currency.id), 0.0) < missing:
                promise._end("broken")
                promise._tell(self.env._("Promise broken: the next step is taken at once."))
