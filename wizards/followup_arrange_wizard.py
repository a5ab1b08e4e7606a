from itertools import pairwise

from odoo import Command, api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_date

from ..engine import schedule

METHODS = [("number", "Number of instalments"), ("amount", "Amount of each"), ("dates", "Own dates")]
FREQUENCIES = [("monthly", "Every month"), ("biweekly", "Every two weeks"), ("weekly", "Every week")]


class FollowupArrangeWizard(models.TransientModel):
    """Draw up a payment arrangement while the customer is on the phone: the schedule is there at once.

    What is computed from the instalments stands in `followup_arrange_wizard_schedule.py`.
    """

    _name = "followup.arrange.wizard"
    _description = "Arrange Payment"
    _inherit = "followup.wizard"

    customer_id = fields.Many2one("followup.customer", required=True)
    previous_id = fields.Many2one(
        "followup.arrangement", "Replaces", help="This arrangement ends when the new one is confirmed."
    )
    company_id = fields.Many2one(related="customer_id.company_id")
    arrangement_id = fields.Many2one("followup.arrangement", readonly=True)
    currency_ids = fields.Many2many("res.currency", string="Currencies", compute="_compute_currency_ids")
    currency_count = fields.Integer(compute="_compute_currency_ids")
    currency_id = fields.Many2one(
        "res.currency",
        compute="_compute_currency_id",
        store=True,
        precompute=True,
        readonly=False,
        help="An arrangement is in one currency. Make one for each.",
    )
    item_ids = fields.One2many(
        "followup.arrange.wizard.item",
        "wizard_id",
        "Invoices",
        compute="_compute_item_ids",
        store=True,
        precompute=True,
        readonly=False,
    )
    consumer = fields.Boolean(compute="_compute_consumer")
    charge_ids = fields.Many2many("followup.charge", compute="_compute_charge_ids")
    amount_charges = fields.Monetary("Claimed Charges", compute="_compute_charge_ids")
    include_charges = fields.Boolean(
        "With claimed interest and costs",
        compute="_compute_proposal",
        store=True,
        precompute=True,
        readonly=False,
        help="What earlier notices claimed on these invoices, and on invoices that are paid meanwhile.",
    )

    method = fields.Selection(
        METHODS, "By", required=True, compute="_compute_proposal", store=True, precompute=True, readonly=False
    )
    number = fields.Integer("How many", compute="_compute_proposal", store=True, precompute=True, readonly=False)
    amount = fields.Monetary("How much each")
    frequency = fields.Selection(
        FREQUENCIES,
        "How often",
        required=True,
        compute="_compute_proposal",
        store=True,
        precompute=True,
        readonly=False,
    )
    first_day = fields.Date(
        "First instalment", compute="_compute_proposal", store=True, precompute=True, readonly=False
    )
    month_day = fields.Integer(
        "Day of the month", help="1 to 31; in a shorter month its last day. 0: the day of the first instalment."
    )
    instalment_ids = fields.One2many("followup.arrange.wizard.instalment", "wizard_id", "Dates")
    down_payment = fields.Monetary(help="Paid before the first instalment. 0: none.")
    down_payment_day = fields.Date(
        "Down payment by", compute="_compute_proposal", store=True, precompute=True, readonly=False
    )
    whole = fields.Boolean(
        "Without cents",
        compute="_compute_proposal",
        store=True,
        precompute=True,
        readonly=False,
        help="Instalments in whole euros. The last one takes the difference, to the cent.",
    )
    admin = fields.Monetary(
        "Administration compensation",
        compute="_compute_proposal",
        store=True,
        precompute=True,
        readonly=False,
        help="Businesses only.",
    )
    percent = fields.Float(
        "Interest (% a year)",
        compute="_compute_proposal",
        store=True,
        precompute=True,
        readonly=False,
        help="Businesses only. On what is still open of the invoices until each instalment is paid, not on costs or "
        "interest.",
    )
    acceptance = fields.Boolean(
        "The customer accepts first",
        compute="_compute_proposal",
        store=True,
        precompute=True,
        readonly=False,
        help="The customer gets a link and accepts; only then is the arrangement in force. Off: in force at once.",
    )
    acceleration = fields.Boolean(
        "The whole amount falls due when an instalment is missed",
        compute="_compute_proposal",
        store=True,
        precompute=True,
        readonly=False,
        help="After the days of grace, the message and the days to catch up. Off: only what was missed goes back to "
        "ordinary follow-up.",
    )
    full_interest = fields.Boolean(
        "When broken: interest as if there had been no arrangement",
        compute="_compute_proposal",
        store=True,
        precompute=True,
        readonly=False,
        help="Businesses only. It stands in the confirmation.",
    )
    note = fields.Text(compute="_compute_proposal", store=True, precompute=True, readonly=False)

    @api.depends("customer_id", "previous_id")
    def _compute_currency_ids(self):
        for wizard in self:
            wizard.currency_ids = wizard._free_items().currency_id
            wizard.currency_count = len(wizard.currency_ids)

    @api.depends("customer_id", "previous_id")
    def _compute_currency_id(self):
        for wizard in self:
            own, known = wizard.company_id.currency_id, wizard.currency_ids._origin
            wizard.currency_id = wizard.previous_id.currency_id or (own if own in known else known[:1] or own)

    @api.depends("customer_id", "previous_id", "currency_id")
    def _compute_item_ids(self):
        for wizard in self:
            wizard.item_ids = [Command.clear(), *(Command.create(vals) for vals in wizard._prepare_items())]

    @api.depends("customer_id", "item_ids.selected")
    def _compute_consumer(self):
        for wizard in self:
            regimes = wizard._selected().item_id.mapped("regime") or [wizard.customer_id.regime]
            wizard.consumer = "b2c" in regimes

    @api.depends("customer_id", "previous_id", "currency_id", "item_ids.selected")
    def _compute_charge_ids(self):
        for wizard in self:
            wizard.charge_ids = wizard._claimed_charges()
            wizard.amount_charges = sum(wizard.charge_ids.mapped("amount"))

    @api.depends("customer_id", "previous_id")
    def _compute_proposal(self):
        """What is filled in beforehand: the company's settings, or what is left of the previous arrangement."""
        for wizard in self:
            company, previous = wizard.company_id or self.env.company._followup_root(), wizard.previous_id
            today = company._followup_today()
            wizard.first_day = fields.Date.add(today, days=company.followup_plan_start_days)
            wizard.down_payment_day = min(schedule.next_working_day(today, wizard._is_working_day), wizard.first_day)
            wizard.method = "number"
            wizard.whole = company.followup_plan_round
            ahead = previous.instalment_ids.filtered(lambda instalment: instalment.state != "paid")
            wizard.number = len(ahead) or 3
            wizard.frequency = wizard._frequency_of(previous.instalment_ids)
            wizard.include_charges = bool(previous.charge_ids) if previous else True
            wizard.acceptance = previous.acceptance if previous else company.followup_plan_acceptance
            wizard.acceleration = previous.acceleration if previous else company.followup_plan_acceleration
            wizard.full_interest = previous.full_interest if previous else company.followup_plan_full_interest
            wizard.percent = company.followup_plan_interest if not previous or previous.amount_interest else 0.0
            wizard.admin = (
                previous.amount_admin
                if previous
                else company.currency_id._convert(
                    company.followup_plan_admin_amount, wizard.currency_id or company.currency_id, company, today
                )
            )
            wizard.note = previous.note

    @api.onchange("method")
    def _onchange_method(self):
        """Own dates begin with the ones on the screen."""
        if self.method == "dates" and not self.instalment_ids:
            try:
                days = [part.day for part in self._plan_regular(self._base())]
            except (UserError, ValueError):
                days = [self.first_day]
            self.instalment_ids = [Command.create({"date": day}) for day in days]

    def _free_items(self):
        """Open items that an arrangement may cover: in no other one, and not disputed entirely."""
        self.ensure_one()
        items = self.customer_id.item_ids.filtered(
            lambda item: item.currency_id.compare_amounts(item.amount_residual_currency, 0.0) > 0
        )
        items -= self._arranged_items(items)
        free = self._free_by_item(items)
        return items.filtered(lambda item: item.currency_id.compare_amounts(free[item], 0.0) > 0)

    def _arranged_items(self, items):
        """Items that are in another live arrangement than the one that this one replaces."""
        covers = self._live_covers(items).filtered(lambda cover: cover.kind == "arrangement")
        return covers.filtered(lambda cover: cover.arrangement_id != self.previous_id).item_id.sudo(False)

    def _live_covers(self, items):
        return self.env["followup.cover"].sudo().search([("item_id", "in", items.ids), ("live", "=", True)])

    def _free_by_item(self, items):
        """What no dispute and no other arrangement holds. Promises, and the previous one, end with this one.

        :rtype: dict item -> amount in its currency
        """
        held = self.env["followup.cover"]._held_by_item(items)
        free = {item: item.amount_residual_currency - held.get(item, 0.0) for item in items}
        for cover in self._live_covers(items).filtered("holds"):
            if cover.kind == "promise" or (self.previous_id and cover.arrangement_id == self.previous_id):
                free[cover.item_id.sudo(False)] += cover.rest
        return {
            item: item.currency_id.round(min(amount, item.amount_residual_currency)) for item, amount in free.items()
        }

    def _prepare_items(self):
        """Values of the lines: what is overdue, or what is left of the previous arrangement, is ticked."""
        today = self.company_id._followup_today() if self.company_id else None
        items = self._free_items().filtered(lambda item: item.currency_id == self.currency_id._origin)
        free = self._free_by_item(items)
        left = {
            cover.item_id.sudo(False): cover.currency_id.round(cover.amount - cover.paid)
            for cover in self.previous_id.sudo().cover_ids
        }
        values = []
        for item in items.sorted(lambda item: (item.date_maturity, item.id)):
            selected = left.get(item, 0.0) > 0 if self.previous_id else item.date_maturity < today
            amount = min(free[item], left.get(item) or free[item])
            values.append({"item_id": item.id, "selected": selected, "amount": amount})
        return values

    def _claimed_charges(self):
        """Claims that may be paid with it. One on an open invoice that stays out goes on growing there."""
        charges = self.env["followup.charge"].search(
            [
                ("customer_id", "=", self.customer_id._origin.id),
                ("state", "=", "claimed"),
                ("amount", ">", 0),
                ("currency_id", "=", self.currency_id._origin.id),
            ]
        )
        others = self.env["followup.arrangement"].search(
            [
                ("customer_id", "=", self.customer_id._origin.id),
                ("state", "in", ("draft", "proposed", "active")),
                ("id", "!=", self.previous_id._origin.id),
            ]
        )
        items = self._selected().item_id
        # What the previous one agreed on top ends with it.
        replaced = charges.filtered(
            lambda charge: (
                charge.arrangement_id == self.previous_id._origin
                and charge.kind in ("administration", "agreed_interest")
                and self.previous_id
            )
        )
        running = charges.filtered(lambda charge: charge.arrangement_id and charge.arrangement_id in others)
        return (charges - others.charge_ids - running - replaced).filtered(
            lambda charge: not charge.item_id.is_open or charge.item_id in items
        )

    def _selected(self):
        return self.item_ids.filtered(lambda line: line.selected and line.item_id)

    @api.model
    def _frequency_of(self, instalments):
        """How often the previous arrangement was paid."""
        days = sorted(instalments.mapped("date"))
        gaps = sorted((later - day).days for day, later in pairwise(days))
        gap = gaps[len(gaps) // 2] if gaps else 30
        return "weekly" if gap <= 10 else "biweekly" if gap <= 20 else "monthly"

    def action_confirm(self):
        """Make the arrangement, and send it: or have a manager look first when it is beyond the limits."""
        self.ensure_one()
        self.lock_for_update()
        if self.arrangement_id:
            raise UserError(self.env._("This was confirmed already: %s.", self.arrangement_id.name))
        if self.problem:
            raise UserError(self.problem)
        instalments, interest = self._draw_up()
        arrangement = self.env["followup.arrangement"]._arrange(
            self.customer_id,
            [(line.item_id, line.amount) for line in self._selected()],
            [(part.day, float(part.amount)) for part in instalments],
            charges=self.charge_ids if self.include_charges else None,
            previous=self.previous_id or None,
            admin=self._admin(),
            interest=float(interest),
            acceptance=self.acceptance,
            acceleration=self.acceleration,
            full_interest=self.full_interest and not self.consumer,
            note=self.note,
        )
        self.arrangement_id = arrangement
        arrangement.action_confirm()
        return arrangement._action_open()

    def _warnings(self):
        """What a person should know before he promises anything; most serious first.

        :rtype: list of str
        """
        self.ensure_one()
        customer, company = self.customer_id, self.company_id
        if not customer:
            return []
        lines = []
        if customer.insolvency_text:
            lines.append(
                self.env._(
                    "Insolvent: %s. Arrange nothing before you know what the law allows.", customer.insolvency_text
                )
            )
        try:
            customer.partner_id.with_company(company)._followup_route(company)
        except UserError as error:
            lines.append(str(error))
        if company.currency_id.compare_amounts(customer.amount_credit, 0.0) > 0:
            lines.append(
                self.env._(
                    "%s was received and stands unallocated. Allocate it first, or it will be asked twice.",
                    company.currency_id.format(customer.amount_credit),
                )
            )
        items = customer.item_ids
        covers = self._live_covers(items)
        for dispute in covers.dispute_id:
            lines.append(
                self.env._(
                    "%(invoices)s: disputed (%(reason)s). What is disputed stays out.",
                    invoices=", ".join(dispute.cover_ids.mapped("name")),
                    reason=dispute.reason_id.display_name,
                )
            )
        for promise in (
            covers.promise_id & covers.filtered(lambda c: c.item_id in self._selected().item_id.sudo()).promise_id
        ):
            lines.append(self.env._("Promise %s ends with this arrangement.", promise.name))
        for other in covers.arrangement_id - self.previous_id.sudo():
            lines.append(
                self.env._(
                    "%(invoices)s: in arrangement %(name)s already. Amend that one to add to it.",
                    invoices=", ".join(other.cover_ids.mapped("name")),
                    name=other.name,
                )
            )
        broken = self.env["followup.arrangement"].search(
            [("customer_id", "=", customer._origin.id), ("state", "=", "broken")], limit=1
        )
        if broken:
            lines.append(
                self.env._(
                    "An earlier arrangement, %(name)s, was broken on %(date)s.",
                    name=broken.name,
                    date=format_date(self.env, broken.closed_on),
                )
            )
        return lines
