from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import format_date

from ..legal import claim
from ..legal.compensation import b2c_cap

#: Balances over which a consumer clause is judged when it is saved: every border of the scale, and a wide range.
BALANCES = [
    Decimal(value)
    for value in ("1", "20", "50", "100", "150", "150.01", "200", "300", "400", "500", "500.01", "750", "1000",
                  "1500", "2500", "5000", "10000", "39200", "50000", "100000")
]  # fmt: skip


class FollowupTerms(models.Model):
    """The payment clause that a customer accepted: interest, compensation, suspension.

    A version in use is never changed: an invoice is judged by the clause that was agreed before it.
    """

    _name = "followup.terms"
    _description = "Payment Terms Clause"
    _inherit = ["mail.thread"]
    _order = "regime, date desc, id desc"

    name = fields.Char(required=True, translate=True)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one("res.company", help="Empty: for all companies.")
    regime = fields.Selection([("b2b", "Business or authority"), ("b2c", "Consumer")], required=True, default="b2b")
    date = fields.Date(
        "Agreed Since",
        required=True,
        default=lambda self: self.env.company._followup_today(),
        help="Since when this clause is part of your terms, in this wording. An older invoice is not judged by it. "
        "Clauses for consumers from before 1 September 2023 are only reduced to the legal maximum; a clause that was "
        "changed or renewed since falls away as a whole when it is too high.",
    )
    text = fields.Html("Clause", translate=True, help="The words of the clause, as accepted by the customer.")
    interest = fields.Selection(
        [("none", "No interest"), ("statutory", "Statutory rate of the law of 2 August 2002"), ("rate", "Agreed rate")],
        required=True,
        default="statutory",
    )
    rate = fields.Float("Agreed rate (%)", digits=(6, 2))
    compensation = fields.Selection(
        [
            ("none", "No clause"),
            ("scale", "Scale of article XIX.4"),
            ("fixed", "Fixed amount"),
            ("percent", "Percentage with a minimum"),
        ],
        required=True,
        compute="_compute_compensation",
        store=True,
        readonly=False,
        precompute=True,
        help="Flat sum for late payment. Between enterprises the law gives 40 EUR for each invoice without any clause; "
        "the higher of the two is claimed, never both.",
    )
    currency_id = fields.Many2one("res.currency", compute="_compute_currency_id")
    amount = fields.Monetary("Amount or minimum", help="In euros.")
    percent = fields.Float("Percentage", digits=(6, 2))
    suspension = fields.Boolean("Suspension clause", help="The terms allow to suspend the service when it is not paid.")
    regular_delivery = fields.Boolean(
        "Regular delivery",
        help="A contract of regular delivery: from the fourth unpaid due date in a calendar year on, a reminder to a "
        "consumer may cost at most 7.50 EUR plus postage (article XIX.2).",
    )
    reminder_cost = fields.Monetary("Cost of a reminder", help="In euros, at most 7.50.")
    warning = fields.Text(compute="_compute_warning")
    move_count = fields.Integer(compute="_compute_move_count")

    _amounts_check = models.Constraint(
        "CHECK(rate >= 0 AND amount >= 0 AND percent >= 0 AND reminder_cost >= 0)",
        "Rates and amounts of a clause cannot be negative.",
    )

    @api.depends("regime")
    def _compute_compensation(self):
        for terms in self:
            terms.compensation = "scale" if terms.regime == "b2c" else "none"

    def _compute_currency_id(self):
        self.currency_id = self.env.ref("base.EUR")

    def _compute_move_count(self):
        counts = dict(
            self.env["account.move"]._read_group(
                [("followup_terms_id", "in", self.ids)], ["followup_terms_id"], ["__count"]
            )
        )
        for terms in self:
            terms.move_count = counts.get(terms, 0)

    @api.depends("regime", "date", "interest", "rate", "compensation", "amount", "percent", "reminder_cost")
    def _compute_warning(self):
        for terms in self:
            terms.warning = "\n".join(terms._cap_breaches()) or False

    @api.constrains("regime", "compensation", "reminder_cost", "interest", "rate")
    def _check_clause(self):
        for terms in self:
            if terms.regime == "b2b" and terms.compensation == "scale":
                raise ValidationError(
                    self.env._("%s: the scale of article XIX.4 is for consumers. Choose another flat sum.", terms.name)
                )
            if terms.regular_delivery and terms.reminder_cost > float(claim.REGULAR_REMINDER_MAX):
                raise ValidationError(
                    self.env._(
                        "%s: a reminder may cost a consumer at most 7.50 EUR (article XIX.2). Lower the amount.",
                        terms.name,
                    )
                )

    def _pure(self):
        """:rtype: `legal.claim.Terms`"""
        self.ensure_one()
        return claim.Terms(
            accepted_on=self.date,
            interest=self.interest,
            rate=_decimal(self.rate),
            compensation=self.compensation,
            amount=_decimal(self.amount),
            percent=_decimal(self.percent),
            regular_delivery=self.regular_delivery,
            reminder_cost=_decimal(self.reminder_cost),
        )

    def _cap_breaches(self):
        """Where the clause asks more than the law allows, in words with the article; an empty list when nowhere.

        Judged over every balance of the scale and every half-year since the clause, also when it is used.
        """
        self.ensure_one()
        if self.regime != "b2c" or not self.date or not self.interest or not self.compensation:
            return []
        if min(self.rate, self.amount, self.percent, self.reminder_cost) < 0:
            return []  # half typed; saving refuses it
        breaches = []
        effect = (
            self.env._("it will be reduced to the maximum (a clause from before 1 September 2023)")
            if self.date < claim.BOOK_XIX
            else self.env._("it falls away as a whole and nothing is claimed")
        )
        if self.interest == "rate":
            table = self.env["followup.rate"]._rate_table("b2b")
            first = max(self.date, table.covered_from, date(2022, 1, 1))
            pieces = table.segments(first, table.covered_until) if first <= table.covered_until else []
            lowest = min(pieces, key=lambda piece: piece.rate, default=None)
            if lowest and _decimal(self.rate) > lowest.rate:
                breaches.append(
                    self.env._(
                        "Interest of %(rate)s %% is more than the maximum of %(max)s %% in the half-year from %(from)s "
                        "(article XIX.4, 1° of the Code of Economic Law): %(effect)s.",
                        **{
                            "rate": self.rate,
                            "max": lowest.rate,
                            "from": format_date(self.env, lowest.first_day),
                            "effect": effect,
                        },
                    )
                )
        if self.compensation in ("fixed", "percent"):
            terms = self._pure()
            for balance in BALANCES:
                asked = claim.clause_amount(terms, balance)
                if asked > b2c_cap(balance):
                    breaches.append(
                        self.env._(
                            "On an open balance of %(balance)s EUR the clause asks %(asked)s EUR, more than the maximum "
                            "of %(max)s EUR (article XIX.4, 2° of the Code of Economic Law): for such a balance "
                            "%(effect)s.",
                            balance=balance,
                            asked=asked,
                            max=b2c_cap(balance),
                            effect=effect,
                        )
                    )
                    break
        return breaches

    def action_open_moves(self):
        """The invoices that are judged by this clause."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Invoices"),
            "res_model": "account.move",
            "view_mode": "list,form",
            "views": [(self.env.ref("account.view_out_invoice_tree").id, "list"), (False, "form")],
            "domain": [("followup_terms_id", "=", self.id)],
        }

    def write(self, vals):
        judged = {
            "regime",
            "date",
            "interest",
            "rate",
            "compensation",
            "amount",
            "percent",
            "regular_delivery",
            "reminder_cost",
        }
        if judged & vals.keys():
            # Also invoices of companies that this user does not see.
            used = self.env["account.move"].sudo().search([("followup_terms_id", "in", self.ids)], limit=1)
            for terms in used.followup_terms_id.with_env(self.env):
                raise UserError(
                    self.env._(
                        "%(terms)s is used by %(count)s posted invoices and cannot be changed: they are judged by the "
                        "clause that was agreed. Duplicate it, change the copy and choose that one from now on.",
                        terms=terms.name,
                        count=terms.move_count,
                    )
                )
        return super().write(vals)


def _decimal(value):
    return Decimal(str(value or 0)).quantize(Decimal("0.01"), ROUND_HALF_UP)
