from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_date

from ..models.followup_promise import CHANNELS

FRIDAY = 4


class FollowupPromiseWizard(models.TransientModel):
    """Note what the customer promised to pay, and by when: everything overdue on the next Friday is proposed."""

    _name = "followup.promise.wizard"
    _description = "Note a Promise to Pay"
    _inherit = "followup.wizard"

    customer_id = fields.Many2one("followup.customer", required=True)
    currency_ids = fields.Many2many("res.currency", string="Currencies", compute="_compute_currency_ids")
    currency_count = fields.Integer(compute="_compute_currency_ids")
    currency_id = fields.Many2one(
        "res.currency",
        required=True,
        compute="_compute_currency_id",
        store=True,
        precompute=True,
        readonly=False,
        help="One promise is about invoices in one currency.",
    )
    line_ids = fields.One2many(
        "followup.promise.wizard.line",
        "wizard_id",
        "Invoices",
        compute="_compute_line_ids",
        store=True,
        precompute=True,
        readonly=False,
    )
    amount = fields.Monetary("Promised", compute="_compute_amount", store=True, readonly=False)
    date = fields.Date(
        "Pays By",
        required=True,
        compute="_compute_date",
        store=True,
        precompute=True,
        readonly=False,
        help="The day that was promised.",
    )
    until = fields.Date("Follow-up Waits Until", compute="_compute_until")
    channel = fields.Selection(CHANNELS, "Made By", required=True, default="phone")
    note = fields.Text("What was said")
    send_confirmation = fields.Boolean(
        "Send a written confirmation", help="An e-mail to the customer with the amount and the day that he promised."
    )
    reliability = fields.Char("Earlier promises", compute="_compute_reliability")
    warning = fields.Text(compute="_compute_warning")

    @api.depends("customer_id")
    def _compute_currency_ids(self):
        for wizard in self:
            wizard.currency_ids = wizard.customer_id.item_ids.currency_id
            wizard.currency_count = len(wizard.currency_ids)

    @api.depends("customer_id")
    def _compute_currency_id(self):
        for wizard in self:
            # Where most is overdue in number: usually there is one currency anyway.
            items = wizard.customer_id.item_ids
            counts = {}
            for item in items:
                counts[item.currency_id] = counts.get(item.currency_id, 0) + 1
            wizard.currency_id = max(counts, key=counts.get, default=wizard.customer_id.currency_id)

    @api.depends("customer_id", "currency_id")
    def _compute_line_ids(self):
        for wizard in self:
            today = wizard._today()
            items = wizard.customer_id.item_ids.filtered(lambda item, w=wizard: item.currency_id == w.currency_id)
            free = self.env["followup.promise"]._free_by_item(items)
            wizard.line_ids = [
                fields.Command.clear(),
                *(
                    fields.Command.create(
                        {"item_id": item.id, "free": free[item], "selected": item.date_maturity < today}
                    )
                    for item in items
                    if item.currency_id.compare_amounts(free[item], 0.0) > 0
                ),
            ]

    @api.depends("line_ids.selected")
    def _compute_amount(self):
        for wizard in self:
            wizard.amount = sum(line.free for line in wizard.line_ids if line.selected)

    @api.depends("customer_id")
    def _compute_date(self):
        for wizard in self:
            wizard.date = self._proposed_day(wizard.customer_id.company_id or self.env.company, wizard._today())

    @api.depends("date", "customer_id")
    def _compute_until(self):
        for wizard in self:
            days = wizard.customer_id.company_id.followup_promise_grace_days
            wizard.until = wizard.date + timedelta(days=days) if wizard.date else False

    @api.depends("customer_id")
    def _compute_reliability(self):
        for wizard in self:
            kept, broken = self.env["followup.promise"]._reliability(wizard.customer_id)
            if kept or broken:
                wizard.reliability = self.env._("%(kept)s kept, %(broken)s broken", kept=kept, broken=broken)
            else:
                wizard.reliability = self.env._("None so far")

    @api.depends("customer_id", "date", "line_ids.selected", "amount")
    def _compute_warning(self):
        for wizard in self:
            wizard.warning = "\n".join(wizard._warnings()) or False

    def _warnings(self):
        """What a person should know before he notes it."""
        self.ensure_one()
        company, today = self.customer_id.company_id, self._today()
        promises = self.env["followup.promise"]
        if not self.customer_id:
            return
        if not self.line_ids:
            yield self.env._("Nothing is open and free to promise: it is paid, disputed or in an arrangement.")
        limit = company.followup_promise_max_days
        if self.date and self.date < today:
            yield self.env._("The promised day lies in the past.")
        elif limit and self.date and self.date > today + timedelta(days=limit):
            yield self.env._(
                "More than %(days)s days ahead (%(date)s): only a follow-up manager may note this.",
                days=limit,
                date=format_date(self.env, today + timedelta(days=limit)),
            )
        limit = company.followup_promise_max_row
        count = promises._broken_in_a_row(self.customer_id)
        if limit and count >= limit:
            yield self.env._(
                "The last %(count)s promises were not kept: only a follow-up manager may note another one. A payment "
                "arrangement may help more.",
                count=count,
            )
        chosen = self.line_ids.filtered("selected")
        if chosen and self.currency_id.compare_amounts(self.amount, sum(chosen.mapped("free"))) < 0:
            yield self.env._("Less than what is ticked: the oldest invoices count first, the rest is followed up.")
        for promise in promises._waiting_for(chosen.item_id):
            yield self.env._(
                "%(name)s (%(amount)s by %(date)s) is replaced by this one.",
                name=promise.name,
                amount=promise.currency_id.format(promise.amount),
                date=format_date(self.env, promise.date),
            )

    def _today(self):
        return (self.customer_id.company_id or self.env.company)._followup_today()

    @api.model
    def _proposed_day(self, company, today):
        """The next Friday, or the working day before it; within the company's limit where that is possible."""
        day = today + timedelta(days=(FRIDAY - today.weekday() - 1) % 7 + 1)
        limit = company.followup_promise_max_days
        if limit:
            day = min(day, today + timedelta(days=limit))
        while day > today and not company._followup_is_working_day(day):
            day -= timedelta(days=1)
        return day

    def action_confirm(self):
        self.ensure_one()
        items = self.line_ids.filtered("selected").item_id
        if not items:
            raise UserError(self.env._("Tick the invoices that the customer promised to pay."))
        promise = self.env["followup.promise"]._promise(
            self.customer_id, items, self.amount, self.date, self.channel, self.note
        )
        if self.send_confirmation:
            self.env["followup.notice"]._send_for(promise, "promise", pay_before=promise.date)
        return {"type": "ir.actions.act_window_close"}
