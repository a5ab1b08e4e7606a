from decimal import Decimal

from odoo import Command, api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_date

from ..engine import schedule
from ..legal import calendar

ZERO = Decimal("0")
#: Rows of the schedule that are shown before the middle of a long one is left out.
SHOWN = 26


class FollowupArrangeWizard(models.TransientModel):
    """The schedule: drawn up anew at every change, and checked in the user's own language."""

    _inherit = "followup.arrange.wizard"

    schedule_html = fields.Html("Schedule", compute="_compute_schedule", sanitize=False)
    problem = fields.Char(compute="_compute_schedule")
    amount_items = fields.Monetary(compute="_compute_schedule")
    amount_interest = fields.Monetary("Interest", compute="_compute_schedule")
    amount_total = fields.Monetary("Total", compute="_compute_schedule")
    limits = fields.Char(compute="_compute_schedule")
    needs_manager = fields.Boolean(compute="_compute_schedule")
    warning_html = fields.Html(compute="_compute_warning_html", sanitize=False)
    sent_to = fields.Char("Confirmation to", compute="_compute_warning_html")

    @api.depends(
        "customer_id",
        "previous_id",
        "currency_id",
        "item_ids.selected",
        "item_ids.amount",
        "include_charges",
        "method",
        "number",
        "amount",
        "frequency",
        "first_day",
        "month_day",
        "instalment_ids.date",
        "instalment_ids.amount",
        "down_payment",
        "down_payment_day",
        "whole",
        "admin",
        "percent",
    )
    def _compute_schedule(self):
        manager = self.env.user.has_group("l10n_be_followup.l10n_be_followup_group_manager")
        for wizard in self:
            instalments, interest, wizard.problem = (), ZERO, False
            try:
                instalments, interest = wizard._draw_up()
            except UserError as error:
                wizard.problem = str(error)
            wizard.amount_items = sum(wizard._selected().mapped("amount"))
            wizard.amount_interest = float(interest)
            wizard.amount_total = float(sum(part.amount for part in instalments))
            limits = wizard._beyond_limits(instalments) if instalments else []
            wizard.needs_manager = bool(limits) and not manager
            if wizard.needs_manager and wizard.previous_id.state in ("proposed", "active"):
                # Until a manager looks nothing would hold what is arranged now: the customer would be chased.
                wizard.problem = self.env._(
                    "Only a manager can change %(name)s so, because %(why)s. Until then it stays as it is.",
                    name=wizard.previous_id.name,
                    why="; ".join(limits),
                )
                limits, wizard.needs_manager = [], False
            wizard.limits = wizard._limits_text(limits, manager) if limits else False
            wizard.schedule_html = wizard._render_schedule(instalments) if instalments else False

    @api.depends("customer_id", "previous_id", "item_ids.selected")
    def _compute_warning_html(self):
        for wizard in self:
            lines = wizard._warnings()
            wizard.warning_html = (
                self.env["ir.qweb"]._render("l10n_be_followup.followup_arrange_wizard_warnings", {"lines": lines})
                if lines
                else False
            )
            wizard.sent_to = wizard._recipient_text()

    def _recipient_text(self):
        if not self.customer_id:
            return False
        try:
            return self.customer_id.partner_id.with_company(self.company_id)._followup_route(self.company_id).where
        except UserError:
            return False  # a warning says so

    @api.model
    def _is_working_day(self, day):
        """Banks keep the law's calendar, also where a company sends on any day."""
        return calendar.is_working_day(day)

    def _unit(self):
        currency = self.currency_id
        return Decimal(1).scaleb(-currency.decimal_places)

    def _money(self, amount):
        return self.currency_id._followup_decimal(amount)

    def _admin(self):
        return 0.0 if self.consumer else self.admin

    def _base(self):
        """What is to be paid, without interest for the arrangement itself."""
        amounts = [*self._selected().mapped("amount"), self._admin()]
        if self.include_charges:
            amounts.append(self.amount_charges)
        return sum(map(self._money, amounts), ZERO)

    def _draw_up(self):
        """The instalments of what is filled in.

        :return: (tuple of `engine.schedule.Instalment`, interest in the total)
        :raises UserError: a sentence that names what is wrong and the cure
        """
        self.ensure_one()
        self._check_items()
        percent = ZERO if self.consumer else Decimal(str(self.percent))
        if percent < 0:
            raise UserError(self.env._("The interest cannot be negative. Enter 0 for none."))
        base, interest, seen = self._base(), ZERO, []
        instalments = self._plan(base)
        if not percent:
            return instalments, ZERO
        # Interest is part of what is divided, and how it is divided makes the interest.
        for _turn in range(40):
            fresh = schedule.interest_on_plan(
                self._principal_parts(instalments), self.company_id._followup_today(), percent, self._unit()
            )
            if fresh == interest:
                return instalments, interest
            seen.append(fresh)
            interest = fresh
            instalments = self._plan(base + interest)
        interest = min(seen[-10:])  # it goes up and down by a cent: the lower one
        return self._plan(base + interest), interest

    def _principal_parts(self, instalments):
        """The instalments as far as they pay invoices: never interest on interest or on costs.

        Money comes in on the invoices first, so what stands on top is in the last instalments.
        """
        left = self._money(sum(self._selected().mapped("amount")))
        parts = []
        for instalment in instalments:
            part = min(left, instalment.amount)
            left -= part
            parts.append(schedule.Instalment(instalment.day, part))
        return parts

    def _plan(self, total):
        try:
            return self._plan_own_dates(total) if self.method == "dates" else self._plan_regular(total)
        except ValueError as error:
            # What people mistype was caught before, in their language.
            raise UserError(self.env._("These instalments cannot be made: %s", error)) from None

    def _plan_regular(self, total):
        self._check_regular(total)
        return schedule.plan(
            total,
            schedule.Plan(
                first_day=self.first_day,
                frequency=self.frequency,
                month_day=self.month_day or None if self.frequency == "monthly" else None,
                number=None if self.method == "amount" else self.number,
                amount=self._money(self.amount) if self.method == "amount" else None,
                down_payment=self._money(self.down_payment),
                down_payment_day=self.down_payment_day or None,
                unit=self._unit(),
                whole=self.whole,
            ),
            self._is_working_day,
        )

    def _plan_own_dates(self, total):
        """On the customer's own dates: amounts that were typed stay, the other dates share what is left."""
        lines = self.instalment_ids.filtered("date").sorted("date")
        fixed = sum((self._money(line.amount) for line in lines), ZERO)
        shared = lines.filtered(lambda line: not self._money(line.amount))
        self._check_own_dates(total, lines, fixed, shared)

        def plan(amount, some):
            dates = tuple(some.mapped("date"))
            asked = schedule.Plan(first_day=dates[0], dates=dates, unit=self._unit(), whole=self.whole)
            return schedule.plan(amount, asked, self._is_working_day)

        rests = iter(plan(total - fixed, shared) if shared else ())
        return tuple(
            schedule.Instalment(part.day, self._money(line.amount) if self._money(line.amount) else next(rests).amount)
            for part, line in zip(plan(total, lines), lines, strict=True)
        )

    def _check_items(self):
        if not self.customer_id:
            raise UserError(self.env._("Choose the customer."))
        if not self.item_ids:
            raise UserError(self.env._("Nothing of this customer is open and free to arrange."))
        if not self._selected():
            raise UserError(self.env._("Tick the invoices that are paid in instalments."))
        for line in self._selected():
            if line.currency_id.compare_amounts(line.amount, 0.0) <= 0:
                raise UserError(
                    self.env._("%s: enter an amount of more than zero, or untick it.", line.move_id.name or "")
                )
            if line.currency_id.compare_amounts(line.amount, line.free) > 0:
                raise UserError(
                    self.env._(
                        "%(invoice)s: no more than %(free)s can be arranged.",
                        invoice=line.move_id.name or "",
                        free=line.currency_id.format(line.free),
                    )
                )
        if not self.consumer and self.currency_id.compare_amounts(self.admin, 0.0) < 0:
            raise UserError(self.env._("The administration compensation cannot be negative. Enter 0 for none."))

    def _check_regular(self, total):
        today = self.company_id._followup_today()
        if not self.first_day:
            raise UserError(self.env._("Enter the day of the first instalment."))
        self._check_not_past(self.first_day, today)
        if not 0 <= self.month_day <= 31:
            raise UserError(
                self.env._("The day of the month is from 1 to 31, or 0 for the day of the first instalment.")
            )
        down = self._money(self.down_payment)
        if down < 0:
            raise UserError(self.env._("The down payment cannot be negative. Enter 0 for none."))
        if down >= total:
            raise UserError(
                self.env._("The down payment must be less than the total, %s.", self.currency_id.format(float(total)))
            )
        if down:
            if not self.down_payment_day:
                raise UserError(self.env._("Enter the day by which the down payment is paid."))
            self._check_not_past(self.down_payment_day, today)
            if self.down_payment_day > self.first_day:
                raise UserError(
                    self.env._("The down payment comes before the first instalment: choose an earlier day.")
                )
        if self.method == "amount":
            part = self._money(self.amount)
            if part <= 0:
                raise UserError(self.env._("Enter how much the customer pays each time."))
            number = -(-(total - down) // part)
        else:
            number = self.number
            if number < 1:
                raise UserError(self.env._("Enter the number of instalments, 1 or more."))
            if total - down < number * self._unit():
                raise UserError(self.env._("There are more instalments than cents to pay: enter a smaller number."))
        self._check_number(number)

    def _check_own_dates(self, total, lines, fixed, shared):
        today = self.company_id._followup_today()
        if not lines:
            raise UserError(self.env._("Add the dates on which the customer pays."))
        self._check_number(len(lines))
        for line in lines:
            self._check_not_past(line.date, today)
            if self._money(line.amount) < 0:
                raise UserError(self.env._("An instalment cannot be negative."))
        dates = lines.mapped("date")
        twice = next((day for day in dates if dates.count(day) > 1), None)
        if twice:
            raise UserError(self.env._("%s is there twice: remove one of them.", format_date(self.env, twice)))
        rest = total - fixed
        if (shared and rest < len(shared) * self._unit()) or (not shared and rest):
            raise UserError(
                self.env._(
                    "The amounts add up to %(sum)s and the total is %(total)s. Correct one, or leave it at 0 to take "
                    "the rest.",
                    sum=self.currency_id.format(float(fixed)),
                    total=self.currency_id.format(float(total)),
                )
            )

    def _check_number(self, number):
        if number > schedule.MOST_INSTALMENTS:
            raise UserError(self.env._("That makes more than %s instalments: enter fewer.", schedule.MOST_INSTALMENTS))

    def _check_not_past(self, day, today):
        if day < today:
            raise UserError(self.env._("%s is over: choose a day from today on.", format_date(self.env, day)))

    def _beyond_limits(self, instalments):
        """The limits of the company that a manager must approve, asked of the arrangement as it would be."""
        arrangement = self.env["followup.arrangement"].new(
            {
                "customer_id": self.customer_id._origin.id,
                "currency_id": self.currency_id.id,
                "date": self.company_id._followup_today(),
                "amount_total": float(sum(part.amount for part in instalments)),
                "instalment_ids": [
                    Command.create({"date": part.day, "amount": float(part.amount)}) for part in instalments
                ],
            }
        )
        return arrangement._beyond_limits()

    def _limits_text(self, limits, manager):
        why = "; ".join(limits)
        if manager:
            return self.env._("Beyond the limits of the company: %s. You approve it by confirming.", why)
        return self.env._("A manager will be asked first, because %s. Until then nothing is sent.", why)

    def _render_schedule(self, instalments):
        total = rest = sum(part.amount for part in instalments)
        rows = []
        for place, part in enumerate(instalments, 1):
            rest -= part.amount
            rows.append(
                {
                    "number": place,
                    "date": format_date(self.env, part.day, date_format="EEE d MMM y"),
                    "amount": self.currency_id.format(float(part.amount)),
                    "rest": self.currency_id.format(float(rest)),
                }
            )
        left_out = 0
        if len(rows) > SHOWN:
            left_out = len(rows) - SHOWN
            rows = [*rows[: SHOWN - 2], None, *rows[-2:]]
        parts = [
            (self.env._("Invoices"), self.amount_items),
            (self.env._("Claimed interest and costs"), self.amount_charges if self.include_charges else 0.0),
            (self.env._("Administration"), self._admin()),
            (self.env._("Interest"), self.amount_interest),
        ]
        parts = [(name, self.currency_id.format(amount)) for name, amount in parts if amount]
        return self.env["ir.qweb"]._render(
            "l10n_be_followup.followup_arrange_wizard_schedule",
            {
                "summary": self._summary(instalments),
                "rows": rows,
                "left_out": left_out,
                "parts": parts if len(parts) > 1 else [],
                "total": self.currency_id.format(float(total)),
            },
        )

    def _summary(self, instalments):
        """One line to say on the phone: 3 × 300.00 + 301.00."""
        runs = []  # equal amounts that follow each other: [amount, how many]
        for part in instalments:
            if runs and runs[-1][0] == part.amount:
                runs[-1][1] += 1
            else:
                runs.append([part.amount, 1])
        texts = [
            f"{number} × {self.currency_id.format(float(amount))}"
            if number > 1
            else self.currency_id.format(float(amount))
            for amount, number in runs
        ]
        until = format_date(self.env, instalments[-1].day, date_format="d MMMM y")
        if len(texts) > 3:
            return self.env._("%(number)s instalments, the last by %(date)s", number=len(instalments), date=until)
        if len(instalments) == 1:
            return self.env._("%(amount)s by %(date)s", amount=texts[0], date=until)
        return self.env._("%(amounts)s, the last by %(date)s", amounts=" + ".join(texts), date=until)
