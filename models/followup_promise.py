from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL, format_date

STATES = [("active", "Waiting"), ("kept", "Kept"), ("broken", "Broken"), ("cancelled", "Cancelled")]
#: A payment that is taken back this number of days after the promise ended still counts against it.
DAYS_TO_TAKE_BACK = 60
#: Nothing is held without an end, whatever the company's own limit.
MAX_DAYS = 365
CHANNELS = [("phone", "Phone"), ("email", "E-mail"), ("portal", "Customer's page"), ("other", "Other")]


class FollowupPromise(models.Model):
    """A customer says that he will pay an amount by a day. Nothing is sent about it until then, and some days more."""

    _name = "followup.promise"
    _description = "Promise to Pay"
    _inherit = "followup.agreement"
    _order = "date desc, id desc"
    _prefix = "PR"
    _notice_field = "promise_id"
    _transitions = {
        "active": {"kept", "broken", "cancelled"},
        "kept": {"active"},
        "broken": {"kept", "active"},
        "cancelled": {"active"},
    }

    state = fields.Selection(STATES, required=True, readonly=True, default="active", index=True, tracking=True)
    amount = fields.Monetary("Promised", required=True, readonly=True)
    amount_paid = fields.Monetary("Paid since", compute="_compute_amount_paid")
    made_on = fields.Date("Noted On", required=True, readonly=True)
    date = fields.Date("Promised For", required=True, readonly=True)
    until = fields.Date(
        "Waits Until", required=True, readonly=True, help="The promised day and the days of grace after it."
    )
    channel = fields.Selection(CHANNELS, "Made By", required=True, readonly=True, default="phone")
    cover_ids = fields.One2many("followup.cover", "promise_id", "Invoices", readonly=True)
    successor_id = fields.Many2one("followup.promise", "Replaced By", readonly=True, index="btree_not_null", copy=False)

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
        before = self._waiting_for(items)
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
                "made_on": today,
                "date": date,
                "until": until,
                "channel": channel,
                "note": note,
                "user_id": self._owner(customer).id,
                "cover_ids": [fields.Command.create(vals) for vals in cover._prepare("promise", parts, until)],
            }
        )
        before.successor_id = promise
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
    def _waiting_for(self, items):
        """Promises that wait for one of these items."""
        return self.sudo().search([("state", "=", "active"), ("cover_ids.item_id", "in", items.ids)])

    @api.model
    def _free_by_item(self, items):
        """What of each item may be promised or disputed: a promise gives way, a dispute or arrangement does not.

        :rtype: dict item -> amount in its currency
        """
        items = items.sudo()
        held = dict.fromkeys(items, 0.0)
        domain = [("item_id", "in", items.ids), ("live", "=", True), ("holds", "=", True), ("kind", "!=", "promise")]
        for cover in self.env["followup.cover"].sudo().search(domain):
            held[cover.item_id] += cover.rest
        return {item: item.currency_id.round(item.amount_residual_currency - held[item]) for item in items}

    @api.model
    def _reliability(self, customer):
        """:return: numbers of promises that this customer kept and broke"""
        counts = dict(
            self.sudo()._read_group(
                [("customer_id", "=", customer.id), ("state", "in", ("kept", "broken"))], ["state"], ["__count"]
            )
        )
        return counts.get("kept", 0), counts.get("broken", 0)

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
        if date > today + timedelta(days=MAX_DAYS):
            raise UserError(self.env._("A promise is for a day within a year. Choose an earlier day."))
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
        """Promises since the last one that was kept: broken, or put off to a later day before they could be."""
        count = 0
        for promise in self.sudo().search(
            [
                ("customer_id", "=", customer.id),
                "|",
                ("state", "in", ("kept", "broken")),
                "&",
                ("state", "=", "cancelled"),
                ("successor_id", "!=", False),
            ],
            order="closed_on desc, id desc",
        ):
            if promise.state == "kept":
                break
            if promise.state == "broken" or promise._was_put_off():
                count += 1
        return count

    def _was_put_off(self):
        """Another day was promised instead, not on the same day: that is no correction."""
        self.ensure_one()
        return self.successor_id.date > self.date and self.successor_id.made_on > self.made_on

    def _end(self, state, reason=False):
        for promise in self:
            promise._go(state, closed_on=promise.company_id._followup_today(), close_reason=reason)
            promise.sudo().cover_ids.live = False

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
            promise._check_free()
            promise._go("active", closed_on=False, close_reason=False)
            promise.sudo().write({"successor_id": False})
            promise.sudo().cover_ids.live = True
            promise._tell(self.env._("Promise restored."))
        self.customer_id._refresh()

    def _check_free(self):
        """:raises UserError: when something else holds the same invoices meanwhile"""
        self.ensure_one()
        items = self.sudo().cover_ids.item_id.filtered("is_open")
        if not items:
            raise UserError(self.env._("%s: nothing of it is open any more.", self.name))
        others = self._waiting_for(items) - self
        if others:
            raise UserError(
                self.env._(
                    "%(name)s: the customer promised something else meanwhile (%(others)s). Cancel that first.",
                    name=self.name,
                    others=", ".join(others.mapped("name")),
                )
            )
        free = self._free_by_item(items)
        for cover in self.sudo().cover_ids.filtered("item_id.is_open"):
            wanted = cover.currency_id.round(cover.amount - cover.paid)
            if cover.currency_id.compare_amounts(wanted, free[cover.item_id]) > 0:
                raise UserError(
                    self.env._(
                        "%(name)s: %(invoice)s is disputed or in an arrangement meanwhile. Note a new promise.",
                        name=self.name,
                        invoice=cover.name,
                    )
                )

    @api.model
    def _follow(self, company, today, customers, waiting):
        """Close promises that were kept, and those whose days are over.

        :param customers: `followup.customer` whose rows are locked
        :param waiting: dict (customer id, currency id) -> unallocated money that may be meant for them
        """
        self.env["followup.cover"].invalidate_model(["paid", "rest"])
        self.invalidate_model(["amount_paid"])
        since = today - timedelta(days=DAYS_TO_TAKE_BACK)
        promises = self.search(
            [
                ("customer_id", "in", customers.ids),
                "|",
                ("state", "=", "active"),
                "&",
                ("state", "in", ("kept", "broken")),
                ("closed_on", ">=", since),
            ]
        )
        for promise in promises:
            missing = promise._missing()
            currency = promise.currency_id
            if promise.state == "broken":
                if missing is not None and missing <= 0 and promise._paid_in_time():
                    promise._go("kept", close_reason=self.env._("the money had come in time"))
                    promise._tell(self.env._("Promise kept after all: the money had come in time."))
                continue
            if promise.state == "kept":
                if missing is None or missing <= 0:
                    continue
                promise._go("active", closed_on=False)
                promise.cover_ids.live = True
                promise._tell(self.env._("The payment was taken back: the promise counts again."))
            if missing is None:
                promise._end("cancelled", self.env._("the invoice is not open any more"))
                promise._tell(self.env._("Promise cancelled: the invoice is not open any more."))
            elif missing <= 0:
                promise._end("kept")
                promise._tell(self.env._("Promise kept."))
            elif (
                promise.until < today
                and currency.compare_amounts(waiting.get((promise.customer_id.id, currency.id), 0.0), missing) < 0
            ):
                promise._end("broken")
                promise._tell(self.env._("Promise broken: the next step is taken at once."))

    def _missing(self):
        """What is still to come of the promised amount.

        :return: amount in its currency, zero or less when it is kept; None when every invoice was set back to draft or
            cancelled, which is not the customer's doing
        """
        self.ensure_one()
        troubled = self.cover_ids._troubled()
        if troubled == self.cover_ids:
            return None
        missing = self.amount - self.amount_paid - sum(cover.amount - cover.paid for cover in troubled)
        return self.currency_id.round(missing)

    def _paid_in_time(self):
        """The bank data came later than the money: what is dated on or before the last day counts."""
        self.ensure_one()
        self.env["account.partial.reconcile"].flush_model()
        [[amount]] = self.env.execute_query(
            SQL(
                """SELECT COALESCE(sum(partial.debit_amount_currency), 0)
                     FROM account_partial_reconcile partial
                     JOIN account_move_line credit ON credit.id = partial.credit_move_id
                    WHERE partial.debit_move_id = ANY(%s) AND credit.date <= %s AND partial.create_date >= %s""",
                self.cover_ids.item_id.move_line_id.ids,
                self.until,
                self.create_date,
            )
        )
        return self.currency_id.compare_amounts(float(amount), self.amount) >= 0
