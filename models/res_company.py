from datetime import datetime, time, timedelta

import pytz
from odoo import api, fields, models
from odoo.addons.base.models.res_partner import _tz_get
from odoo.exceptions import UserError, ValidationError

from ..legal.calendar import is_working_day


class ResCompany(models.Model):
    """Settings of follow-up. Branches follow their root company: one setting, one message, one sender."""

    _inherit = "res.company"

    followup_live = fields.Boolean(
        "Live Follow-up",
        help="Off (safe mode): the night prepares notices, but each one waits for a person. "
        "On: levels marked automatic are sent by themselves.",
    )
    followup_cutoff_date = fields.Date(
        "Follow up from",
        help="Invoices that fell due before this date get no automatic step: they were handled elsewhere, "
        "or are too old to be chased without a person looking at them first.",
    )
    followup_min_gap = fields.Integer(
        "Days between two messages",
        default=7,
        help="A customer gets no second written message within this number of days.",
    )
    followup_minimum_amount = fields.Monetary(
        "Minimum amount",
        currency_field="currency_id",
        default=5.0,
        help="Below this overdue amount, after deduction of unallocated credits, nothing is sent.",
    )
    followup_minimum_ids = fields.One2many("followup.minimum", "company_id", "Minimum in other currencies")
    followup_freshness_days = fields.Integer(
        "Bank data not older than (days)",
        default=7,
        help="No automatic step when the last bank line or posted payment is older than this number of days: "
        "the customer may have paid. 0 switches the check off.",
    )
    followup_pause_until = fields.Date("Pause follow-up until", help="Nothing is sent up to and including this day.")
    followup_pause_reason = fields.Char("Reason of the pause")
    followup_tz = fields.Selection(
        _tz_get,
        "Follow-up time zone",
        default="Europe/Brussels",
        required=True,
        help="Decides which day it is for your customers, and when the sending hours are.",
    )
    followup_send_from = fields.Float("Send from", default=8.0, help="Notices leave from this hour on.")
    followup_send_until = fields.Float("Send until", default=20.0, help="Notices leave before this hour.")
    followup_send_any_day = fields.Boolean(
        "Also on days off", help="Send and decide on Saturdays, Sundays and public holidays as well."
    )
    followup_bounce_hours = fields.Integer(
        "Hours before an e-mail counts as delivered",
        default=48,
        help="An e-mail that was accepted by the mail server and did not come back within this time is delivered: "
        "only then does the item reach its next level.",
    )

    # Choices that the law leaves; the defaults are the cautious ones of docs/law.md.
    followup_terms_b2b_id = fields.Many2one(
        "followup.terms",
        "Clause for businesses",
        domain="[('regime', '=', 'b2b'), ('company_id', 'in', (False, id))]",
        help="Your payment clause for businesses. Without one the law applies: its interest, and 40 EUR per invoice.",
    )
    followup_terms_b2c_id = fields.Many2one(
        "followup.terms",
        "Clause for consumers",
        domain="[('regime', '=', 'b2c'), ('company_id', 'in', (False, id))]",
        help="Choose it only when it stands in terms that your consumers accepted. Without a clause nothing may be "
        "charged to a consumer (article XIX.4).",
    )
    followup_year_days = fields.Selection(
        [("365", "365 days in every year"), ("actual", "365 or 366, as the year has")],
        "Days of a year",
        default="365",
        required=True,
        help="Interest = amount x rate x days / days of a year.",
    )
    followup_saturday_counts = fields.Boolean(
        "Saturday is a working day for the post",
        help="A letter to a consumer: his fourteen days begin on the third working day after sending. Not counting "
        "Saturdays is the milder reading.",
    )
    followup_extend_period = fields.Boolean(
        "Extend the fourteen days over days off",
        default=True,
        help="A fourteenth day on a Saturday, Sunday or holiday moves to the next working day: the milder reading.",
    )
    followup_small_creditor = fields.Boolean(
        "We are an SME",
        help="At most one of these is exceeded: 50 employees, 11.25 million EUR turnover, 6 million EUR balance sheet "
        "total. A consumer's interest then counts from the day after the first reminder instead of from the end of "
        "the fourteen days (article XIX.4).",
    )
    followup_legal_rate = fields.Boolean(
        "Legal rate without a valid clause",
        help="When a consumer's clause is missing or too high: claim the (lower) legal rate from the end of the fourteen "
        "days instead of nothing.",
    )
    followup_letter_fallback = fields.Boolean(
        "Letter without an e-mail address",
        default=True,
        help="A customer without a usable e-mail address gets the same message as a letter, ready to print and post.",
    )
    followup_long_term_day = fields.Selection(
        [("60", "day 60 after the invoice"), ("30", "day 30 after the invoice")],
        "Terms above 60 days: interest from",
        default="60",
        required=True,
        help="Between enterprises an agreed term above 60 days is unwritten and the legal 30 days apply (article 4). "
        "Day 60 is milder.",
    )
    followup_higher_of_clause = fields.Boolean(
        "Higher of clause and 40 EUR",
        default=True,
        help="Between enterprises: when your clause gives a higher flat sum than the legal 40 EUR, claim the clause; "
        "never the sum of both.",
    )
    followup_lower_of_sum = fields.Boolean(
        "One flat sum for several invoices of a consumer",
        default=True,
        help="Several invoices in one message to a consumer: the lower of the sum of the flat sums and the flat sum on "
        "the total.",
    )
    followup_max_contacts = fields.Integer(
        "Contacts within 30 days",
        default=5,
        help="No more messages and calls to one customer than this in any 30 days. 0: no limit.",
    )

    _followup_hours_check = models.Constraint(
        "CHECK(followup_send_from >= 0 AND followup_send_until <= 24 AND followup_send_from < followup_send_until)",
        "The hours in which notices are sent must lie between 0 and 24, and begin before they end.",
    )
    _followup_days_check = models.Constraint(
        "CHECK(followup_min_gap >= 0 AND followup_freshness_days >= 0 AND followup_bounce_hours >= 0)",
        "Numbers of days and hours for the follow-up cannot be negative.",
    )

    @api.constrains("followup_live", "followup_cutoff_date")
    def _check_followup_live(self):
        for company in self:
            if not company.followup_live:
                continue
            if not self.env["followup.assistant"]._is_finished(company):
                raise ValidationError(
                    self.env._(
                        "%(company)s: finish the start assistant before you leave safe mode (Invoicing > Follow-up > "
                        "Configuration > Start assistant).",
                        company=company.name,
                    )
                )
            if not company.followup_cutoff_date:
                raise ValidationError(
                    self.env._(
                        "%(company)s: choose in Settings > Invoicing > Follow-up from which due date on invoices "
                        "are followed up before you leave safe mode.",
                        company=company.name,
                    )
                )
            if self.env["ir.config_parameter"].sudo().get_param("database.is_neutralized"):
                raise ValidationError(
                    self.env._("This is a neutralised copy of a database: it never writes to customers.")
                )

    # The clock: asked here and nowhere deeper, so that everything else can be tested with a date.

    def _followup_now(self):
        """The company's local date and time.

        :rtype: datetime with the time zone of the company
        """
        self.ensure_one()
        return datetime.now(pytz.timezone(self._followup_root().followup_tz or "Europe/Brussels"))

    def _followup_today(self):
        """The company's date in its own time zone.

        :rtype: date
        """
        return self._followup_now().date()

    def _followup_day_start(self, day):
        """When `day` begins in the company's time zone, as a naive UTC datetime."""
        zone = pytz.timezone(self._followup_root().followup_tz or "Europe/Brussels")
        return zone.localize(datetime.combine(day, time(0))).astimezone(pytz.utc).replace(tzinfo=None)

    def _followup_root(self):
        """The company whose settings, sender and customers count."""
        return self.sudo().root_id

    def _followup_is_working_day(self, day):
        root = self._followup_root()
        return root.followup_send_any_day or is_working_day(day)

    def _followup_send_window(self, now=None):
        """When a notice may leave, seen from `now`.

        :return: None when it may leave at once, else the first allowed moment as a naive UTC datetime
        """
        root = self._followup_root()
        now = now or root._followup_now()
        start, stop = root.followup_send_from, root.followup_send_until
        hour = now.hour + now.minute / 60
        if root._followup_is_working_day(now.date()) and start <= hour < stop:
            return None
        day = now.date()
        if hour >= start or not root._followup_is_working_day(day):
            day += timedelta(days=1)
        while not root._followup_is_working_day(day):
            day += timedelta(days=1)
        opening = datetime.combine(day, time(0)) + timedelta(minutes=round(start * 60))
        return pytz.timezone(root.followup_tz).localize(opening).astimezone(pytz.utc).replace(tzinfo=None)

    def _followup_opening(self):
        """When a notice may leave: the sending hours, and no pause of the company.

        :return: None when it may leave at once, else the first allowed moment as a naive UTC datetime
        """
        root = self._followup_root()
        now = root._followup_now()
        if root.followup_pause_until and root.followup_pause_until >= now.date():
            after = datetime.combine(root.followup_pause_until + timedelta(days=1), time(0))
            now = pytz.timezone(root.followup_tz).localize(after)
            return root._followup_send_window(now) or now.astimezone(pytz.utc).replace(tzinfo=None)
        return root._followup_send_window(now)

    @api.model
    def _has_field_access(self, field, operation):
        # EXTENDS base: customers log in too, and from which amount they are left alone is not for them to read
        if field.name.startswith("followup_") and not self.env.su and not self.env.user._is_internal():
            return False
        return super()._has_field_access(field, operation)

    @api.model
    def _followup_link_days(self):
        """How many days a link in a message opens its page; system parameter `l10n_be_followup.link_days`."""
        days = self.env["ir.config_parameter"].sudo().get_param("l10n_be_followup.link_days") or ""
        return int(days) if days.isdecimal() and int(days) else 180

    def _followup_check_may_write(self):
        """Refuse to write to customers from a copy of the database.

        :raises UserError: when the database was neutralised
        """
        if self.env["ir.config_parameter"].sudo().get_param("database.is_neutralized"):
            raise UserError(self.env._("This is a neutralised copy of a database: it never writes to customers."))

    def write(self, vals):
        """EXTENDS base: a change of settings changes what is due, so the figures are decided again."""
        result = super().write(vals)
        if any(name.startswith("followup_") for name in vals):
            self.env["followup.engine"]._touch_companies(self)
        return result
