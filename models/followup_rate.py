from datetime import date
from decimal import Decimal

from odoo import api, fields, models, tools
from odoo.exceptions import UserError, ValidationError

from ..engine import ecb
from ..legal.rates import RateTable, b2b_rate


class FollowupRate(models.Model):
    """A statutory interest rate and the day from which it holds.

    `b2b`: law of 2 August 2002, by half-year. `civil`: the legal rate of the law of 5 May 1865, by calendar year.
    Interest is never computed beyond the last period with a row that counts.
    """

    _name = "followup.rate"
    _description = "Statutory Interest Rate"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "kind, date_from desc"

    kind = fields.Selection(
        [("b2b", "Between enterprises"), ("civil", "Legal rate")], required=True, default="b2b", tracking=True
    )
    date_from = fields.Date("Valid From", required=True, tracking=True)
    date_until = fields.Date("Valid Until", compute="_compute_date_until")
    rate = fields.Float("Rate (%)", digits=(6, 2), required=True, tracking=True)
    status = fields.Selection(
        [("published", "Published"), ("derived", "Derived")],
        required=True,
        default="published",
        tracking=True,
        help="Published in the Belgian Official Gazette, or derived with the formula of the law from the rate of "
        "the European Central Bank. The official notice often appears weeks into the half-year.",
    )
    confirmed = fields.Boolean(
        default=True,
        tracking=True,
        help="A rate that was proposed counts once a person confirmed it.",
    )
    confirmed_by = fields.Many2one("res.users", readonly=True, ondelete="set null")
    reference_rate = fields.Float("ECB rate (%)", digits=(6, 2), readonly=True)
    source = fields.Char()
    active = fields.Boolean(default=True)

    _kind_date_unique = models.UniqueIndex("(kind, date_from) WHERE active", "There is already a rate from this day.")
    _rate_check = models.Constraint("CHECK(rate >= 0 AND rate <= 50)", "A rate lies between 0 and 50 percent.")

    @api.depends("kind", "date_from")
    def _compute_display_name(self):
        for row in self:
            row.display_name = f"{row.rate:.2f} % ({row.date_from})"

    @api.depends("kind", "date_from")
    def _compute_date_until(self):
        rows = self.search([("kind", "in", self.mapped("kind"))])
        for row in self:
            later = rows.filtered(
                lambda other: other.kind == row.kind and row.date_from and other.date_from > row.date_from  # noqa: B023
            )
            nexts = min(later.mapped("date_from"), default=None)
            own = self._period_end(row.kind, row.date_from) if row.date_from else False
            row.date_until = fields.Date.subtract(nexts, days=1) if nexts else own

    @api.constrains("kind", "date_from")
    def _check_date_from(self):
        for row in self.filtered(lambda row: row.date_from.year >= 2014):
            starts = {(1, 1), (7, 1)} if row.kind == "b2b" else {(1, 1)}
            if (row.date_from.month, row.date_from.day) not in starts:
                raise ValidationError(
                    self.env._(
                        "The rate of %(date)s: rates between enterprises begin on 1 January or 1 July, "
                        "the legal rate on 1 January.",
                        date=row.date_from,
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        self.env.registry.clear_cache()
        return super().create(vals_list)

    def write(self, vals):
        if {"kind", "date_from", "rate", "confirmed", "active"} & vals.keys():
            self.env.registry.clear_cache()
        return super().write(vals)

    def unlink(self):
        self.env.registry.clear_cache()
        return super().unlink()

    @api.model
    def _period_end(self, kind, day):
        """Last day of the half-year (b2b) or calendar year (civil) of `day`."""
        return date(day.year, 6, 30) if kind == "b2b" and day.month <= 6 else date(day.year, 12, 31)

    @api.model
    @tools.ormcache("kind")
    def _rate_table(self, kind):
        """The rows that count, without a gap, as a `RateTable`.

        :raises UserError: when there is not a single row
        """
        rows = []
        for row in self.sudo().search([("kind", "=", kind), ("confirmed", "=", True)], order="date_from"):
            # The civil rate changed at odd moments until 2006; from then on a missing period is a gap: stop there.
            if rows and rows[-1][0].year >= 2007:
                expected = fields.Date.add(self._period_end(kind, rows[-1][0]), days=1)
                if row.date_from > expected:
                    break
            rows.append((row.date_from, Decimal(f"{row.rate:.2f}")))
        if not rows:
            raise UserError(
                self.env._("There are no interest rates. Restore them in Follow-up > Configuration > Interest rates.")
            )
        return RateTable(rows, self._period_end(kind, rows[-1][0]))

    def action_confirm(self):
        """A person has looked the rate up: from now on it counts."""
        self.write({"confirmed": True, "confirmed_by": self.env.uid})
        self.activity_unlink(["l10n_be_followup.mail_activity_type_rate"])

    def action_propose(self):
        """Ask the European Central Bank now for the rate of the current half-year."""
        proposed = self._propose(self.env.company._followup_today())
        if not proposed:
            raise UserError(self.env._("The rate of this half-year is there already."))
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": proposed.id,
            "view_mode": "form",
        }

    @api.model
    def _cron_propose(self):
        """Every day: is the rate of today's half-year there and confirmed? Else propose it, or ask a person."""
        today = self.env.company._followup_today()
        try:
            self._propose(today)
        except UserError as error:
            last = self.search([("kind", "=", "b2b")], order="date_from desc", limit=1)
            self._ask(last, str(error))
        for row in self.search([("confirmed", "=", False), ("date_from", "<=", today)]):
            self._ask(
                row,
                self.env._(
                    "Compare this rate with the official notice or with the rate of the European Central Bank on "
                    "%(date)s, and confirm it. Until then interest stops at the day before.",
                    date=row.date_from,
                ),
            )
        civil = self._rate_table("civil")
        if civil.covered_until < today:
            last = self.search([("kind", "=", "civil")], order="date_from desc", limit=1)
            self._ask(
                last,
                self.env._(
                    "Look up the legal interest rate of %(year)s in the Belgian Official Gazette and add it.",
                    year=today.year,
                ),
            )

    @api.model
    def _propose(self, today):
        """Derive the rate of the half-year of `today` when it is missing.

        :return: the new row, or an empty recordset when there is one already
        :raises UserError: when the bank of rates cannot be reached or its answer cannot be true
        """
        first_day = date(today.year, 1 if today.month <= 6 else 7, 1)
        if self.search_count([("kind", "=", "b2b"), ("date_from", "=", first_day)]):
            return self.browse()
        url = self.env["ir.config_parameter"].sudo().get_param("l10n_be_followup.ecb_url") or ecb.URL
        try:
            reference = ecb.reference_rate(first_day, url)
        except ecb.RateError as error:
            raise UserError(
                self.env._(
                    "The interest rate from %(date)s could not be derived: %(error)s. Look up the main refinancing "
                    "rate of the European Central Bank on that day (or the notice in the Belgian Official Gazette) "
                    "and add the rate by hand: that rate plus 8 points, rounded up to the half point.",
                    date=first_day,
                    error=error,
                )
            ) from error
        rate = b2b_rate(reference)
        row = self.create(
            {
                "kind": "b2b",
                "date_from": first_day,
                "rate": float(rate),
                "reference_rate": float(reference),
                "status": "derived",
                "confirmed": False,
                "source": self.env._("European Central Bank, main refinancing rate %(rate)s %%", rate=reference),
            }
        )
        return row

    def _ask(self, row, note):
        """One activity for a manager, not one a day."""
        kind = self.env.ref("l10n_be_followup.mail_activity_type_rate")
        if not row or row.activity_ids.filtered(lambda activity: activity.activity_type_id == kind):
            return
        users = self.env.ref("l10n_be_followup.l10n_be_followup_group_manager").all_user_ids.filtered(
            lambda user: user.active and not user.share
        )
        row.activity_schedule(
            "l10n_be_followup.mail_activity_type_rate",
            note=note,
            user_id=(users.sorted("id", reverse=True)[:1] or self.env.user).id,
        )
