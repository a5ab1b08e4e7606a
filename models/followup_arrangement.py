from datetime import timedelta

from dateutil.relativedelta import relativedelta
from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_date

STATES = [
    ("draft", "To approve"),
    ("proposed", "Proposed"),
    ("active", "Active"),
    ("completed", "Completed"),
    ("broken", "Broken"),
    ("cancelled", "Cancelled"),
]


class FollowupArrangement(models.Model):
    """A customer pays open items in instalments. While he does, nothing else is asked for what is covered."""

    _name = "followup.arrangement"
    _description = "Payment Arrangement"
    _inherit = ["followup.agreement", "portal.mixin"]
    _order = "id desc"
    _prefix = "AP"
    _notice_field = "arrangement_id"
    _transitions = {
        "draft": {"proposed", "active", "cancelled"},
        "proposed": {"active", "cancelled"},
        "active": {"completed", "broken", "cancelled"},
        "completed": {"active"},
        "broken": {"active", "completed", "cancelled"},
        "cancelled": set(),
    }

    state = fields.Selection(STATES, required=True, readonly=True, default="draft", index=True, tracking=True)
    regime = fields.Selection(related="customer_id.regime")
    consumer = fields.Boolean(readonly=True, help="The law for consumers governs at least one of the invoices.")
    cover_ids = fields.One2many("followup.cover", "arrangement_id", "Covered Invoices", readonly=True)
    charge_ids = fields.Many2many(
        "followup.charge", string="Charges Included", readonly=True, help="Interest and costs claimed before."
    )
    instalment_ids = fields.One2many("followup.instalment", "arrangement_id", "Instalments", readonly=True)
    notice_ids = fields.One2many("followup.notice", "arrangement_id", "Notices", readonly=True)
    notice_count = fields.Integer(compute="_compute_notice_count")

    amount_items = fields.Monetary("Invoices", readonly=True)
    amount_charges = fields.Monetary("Claimed Charges", readonly=True)
    amount_admin = fields.Monetary("Administration", readonly=True)
    amount_interest = fields.Monetary("Interest", readonly=True, help="Agreed for the arrangement, businesses only.")
    amount_total = fields.Monetary("Total", readonly=True)
    amount_paid = fields.Monetary("Paid", readonly=True)
    amount_open = fields.Monetary("Open", compute="_compute_amount_open", store=True)
    amount_shortfall = fields.Monetary("Missed", readonly=True, help="Missed instalments, past their days of grace.")
    interest_missed = fields.Monetary(
        "Interest on Missed Instalments",
        compute="_compute_interest_missed",
        help="As of today. Businesses only: while an arrangement runs, interest runs on missed instalments alone "
        "(law of 2 August 2002, article 4, § 3).",
    )
    progress = fields.Float(compute="_compute_amount_open", store=True)

    date = fields.Date("Made On", readonly=True, required=True)
    started_on = fields.Date("In Force Since", readonly=True)
    next_date = fields.Date("Next Instalment", readonly=True)
    last_date = fields.Date("Last Instalment", compute="_compute_last_date", store=True)
    offer_until = fields.Date("To Accept By", readonly=True)
    catch_up_until = fields.Date("Catch Up Until", readonly=True, help="A person gave more days after a missed instalment.")
    acceptance = fields.Boolean("Accepted by the Customer First", readonly=True)
    accepted_name = fields.Char("Accepted By", readonly=True)
    accepted_date = fields.Datetime("Accepted On", readonly=True)
    accepted_address = fields.Char("From Address", readonly=True, help="Internet address from which it was accepted.")
    approval_reason = fields.Text("Waits for a Manager Because", readonly=True)
    approved_by = fields.Many2one("res.users", readonly=True, ondelete="set null")
    grace_days = fields.Integer(readonly=True)
    remind_days = fields.Integer(readonly=True)
    catchup_days = fields.Integer(readonly=True)
    acceleration = fields.Boolean("Whole Amount Falls Due", readonly=True)
    full_interest = fields.Boolean("Interest as if there had been no Arrangement", readonly=True)
    previous_id = fields.Many2one("followup.arrangement", "Replaces", readonly=True, ondelete="set null")
    trouble = fields.Char(readonly=True, help="Why follow-up leaves this arrangement to a person.")

    _amount_check = models.Constraint("CHECK(amount_total > 0)", "An arrangement must be about more than zero.")

    @api.depends("name", "partner_id.name")
    @api.depends_context("arrangement_with_customer")
    def _compute_display_name(self):
        with_customer = self.env.context.get("arrangement_with_customer")  # a calendar shows nothing else
        for arrangement in self:
            name = arrangement.name or ""
            arrangement.display_name = f"{arrangement.partner_id.name}, {name}" if with_customer else name

    @api.depends("amount_total", "amount_paid")
    def _compute_amount_open(self):
        for arrangement in self:
            arrangement.amount_open = max(arrangement.amount_total - arrangement.amount_paid, 0.0)
            total = arrangement.amount_total
            arrangement.progress = min(100.0 * arrangement.amount_paid / total, 100.0) if total else 0.0

    @api.depends("instalment_ids.date")
    def _compute_last_date(self):
        for arrangement in self:
            arrangement.last_date = max(arrangement.instalment_ids.mapped("date"), default=False)

    def _compute_notice_count(self):
        counts = dict(
            self.env["followup.notice"]._read_group(
                [("arrangement_id", "in", self.ids)], ["arrangement_id"], ["__count"]
            )
        )
        for arrangement in self:
            arrangement.notice_count = counts.get(arrangement, 0)

    def _compute_access_url(self):
        super()._compute_access_url()
        for arrangement in self:
            arrangement.access_url = f"/my/arrangement/{arrangement.id}"

    def _compute_interest_missed(self):
        engine = self.env["followup.engine"].sudo()
        for arrangement in self:
            arrangement.interest_missed = engine._interest_missed(arrangement.sudo())

    # Making one

    @api.model
    def _arrange(self, customer, parts, instalments, charges=None, previous=None, **options):
        """Make a draft arrangement. The caller confirms it.

        :param parts: list of (item, amount in its currency), one currency
        :param instalments: list of (date, amount) that add up to the total
        :param charges: claimed `followup.charge` that are paid with it
        :param previous: the arrangement that this one replaces
        :param options: `admin`, `interest` (amounts, businesses only), `acceptance`, `acceleration`,
            `full_interest`, `note`
        :raises UserError: names what is wrong and the cure
        """
        self.browse()._check_user()
        customer.check_access("read")
        customer.sudo().lock_for_update(allow_referencing=True)
        company = customer.company_id
        today = company._followup_today()
        parts = [(item.sudo(), amount) for item, amount in parts]
        items = self.env["followup.item"].sudo().union(*(item for item, _amount in parts))
        charges = (charges or self.env["followup.charge"]).sudo()
        self._check_scope(customer, items, charges)
        if previous:
            previous._replace()
        promises = self.env["followup.promise"].sudo()
        promises.search([("state", "=", "active"), ("cover_ids.item_id", "in", items.ids)])._end(
            "cancelled", self.env._("replaced by an arrangement")
        )
        currency = items.currency_id
        consumer = any(item.regime == "b2c" for item in items)
        admin, interest = options.get("admin") or 0.0, options.get("interest") or 0.0
        if consumer and (admin or interest):
            raise UserError(
                self.env._(
                    "An arrangement with a consumer is free of interest and costs: with them it may be consumer credit, "
                    "which only a licensed lender may give. Set both to zero."
                )
            )
        self._check_other_arrangement(items)
        covers = self.env["followup.cover"].sudo()._prepare("arrangement", parts, today)
        for vals in covers:
            vals["live"] = False  # in force when the arrangement is
        amounts = {
            "amount_items": sum(amount for _item, amount in parts),
            "amount_charges": sum(charges.mapped("amount")),
            "amount_admin": admin,
            "amount_interest": interest,
        }
        total = currency.round(sum(amounts.values()))
        if currency.compare_amounts(total, sum(amount for _day, amount in instalments)):
            raise UserError(
                self.env._(
                    "The instalments add up to %(sum)s, but the arrangement is about %(total)s. Correct the amounts.",
                    sum=currency.format(sum(amount for _day, amount in instalments)),
                    total=currency.format(total),
                )
            )
        arrangement = self.sudo().create(
            {
                **amounts,
                "customer_id": customer.id,
                "currency_id": currency.id,
                "consumer": consumer,
                "amount_total": total,
                "date": today,
                "user_id": self.env["followup.promise"]._owner(customer.sudo()).id,
                "acceptance": bool(options.get("acceptance")),
                "acceleration": bool(options.get("acceleration")),
                "full_interest": bool(options.get("full_interest")) and not consumer,
                "note": options.get("note"),
                "grace_days": company.followup_plan_grace_days,
                "remind_days": company.followup_plan_remind_days,
                "catchup_days": company.followup_plan_catchup_days,
                "previous_id": previous.id if previous else False,
                "charge_ids": [fields.Command.set(charges.ids)],
                "cover_ids": [fields.Command.create(vals) for vals in covers],
                "instalment_ids": [
                    fields.Command.create({"date": day, "amount": amount}) for day, amount in instalments
                ],
            }
        )
        return arrangement.sudo(False)

    @api.model
    def _check_scope(self, customer, items, charges):
        """One customer, one company, one currency.

        :raises UserError: names the cure
        """
        if not items:
            raise UserError(self.env._("Choose the invoices of the arrangement: nothing is selected."))
        if (items.customer_id | charges.customer_id) != customer:
            raise UserError(
                self.env._(
                    "An arrangement is with one customer in one company. Make one for each company, from the "
                    "customer's follow-up screen in that company."
                )
            )
        currencies = items.currency_id | charges.currency_id
        if len(currencies) > 1:
            raise UserError(
                self.env._(
                    "An arrangement is in one currency, and you chose %(names)s. Make one arrangement per currency.",
                    names=", ".join(currencies.mapped("name")),
                )
            )

    @api.model
    def _check_other_arrangement(self, items):
        """:raises UserError: names the invoice and the arrangement that has it already"""
        taken = self.env["followup.cover"].sudo().search(
            [("item_id", "in", items.ids), ("live", "=", True), ("kind", "=", "arrangement")], limit=1
        )
        if taken:
            raise UserError(
                self.env._(
                    "%(invoice)s is in arrangement %(name)s already. Amend that one instead.",
                    invoice=taken.name,
                    name=taken.arrangement_id.name,
                )
            )

    def _beyond_limits(self):
        """What a manager must approve, in words; empty when all is within the limits of the company."""
        self.ensure_one()
        company = self.company_id
        limits = []
        days = self.instalment_ids.sorted("date")

        def in_company(amount):
            return self.currency_id._convert(amount, company.currency_id, company, self.date)

        months = company.followup_plan_max_months
        if months and days and days[-1].date > self.date + relativedelta(months=months):
            limits.append(
                self.env._(
                    "it runs until %(date)s, longer than %(months)s months",
                    date=format_date(self.env, days[-1].date),
                    months=months,
                )
            )
        smallest = min((instalment.amount for instalment in days[:-1]), default=None)
        if smallest is not None and company.currency_id.compare_amounts(
            in_company(smallest), company.followup_plan_min_instalment
        ) < 0:
            limits.append(
                self.env._(
                    "instalments of %(amount)s are below %(limit)s",
                    amount=self.currency_id.format(smallest),
                    limit=company.currency_id.format(company.followup_plan_min_instalment),
                )
            )
        highest = company.followup_plan_max_amount
        if highest and company.currency_id.compare_amounts(in_company(self.amount_total), highest) > 0:
            limits.append(
                self.env._(
                    "%(amount)s is more than %(limit)s",
                    amount=self.currency_id.format(self.amount_total),
                    limit=company.currency_id.format(highest),
                )
            )
        return limits

    def _message_amount(self):
        # EXTENDS followup.agreement: what is left of it
        return self.amount_open

    def _follow_now(self):
        """Judge at once what these arrangements stand for, and decide their customers again."""
        self.customer_id._refresh()

    def _offer_end(self):
        return self.company_id._followup_today() + timedelta(days=self.company_id.followup_plan_offer_days)
