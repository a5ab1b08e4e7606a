from datetime import datetime, time, timedelta

import pytz
from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL, format_datetime

from ..engine import brakes
from .followup_brake import MANAGER, USER

#: E-mails of so many days count for the share that came back.
BOUNCE_DAYS = 7


class ResCompany(models.Model):
    """Brakes: how much may leave by itself, and the switch that stops everything. Branches follow their root company."""

    _inherit = "res.company"

    followup_company_day_cap = fields.Integer(
        "Messages a day",
        default=1000,
        help="No more messages leave by themselves in one day: what waits longest goes first, then the highest amounts, "
        "the rest waits for the next working day. Printed letters count too. 0: no limit.",
    )
    followup_customer_day_cap = fields.Integer(
        "Messages to one customer a day",
        default=3,
        help="E-mails, letters and text messages about anything. What is over it waits; only a person who was warned "
        "sends more. 0: no limit.",
    )
    followup_customer_week_cap = fields.Integer(
        "Messages to one customer in seven days",
        default=6,
        help="E-mails, letters and text messages about anything, today and the six days before. 0: no limit.",
    )
    followup_surge_multiple = fields.Float(
        "Times the usual",
        default=5.0,
        help="A night that would send more than this many times the usual waits for a manager. Usual is the median of the "
        "last ten nights that sent something. 0: off.",
    )
    followup_surge_least = fields.Integer(
        "But not below", default=50, help="A night with no more messages than this is never held back as unusual."
    )
    followup_surge_first = fields.Integer(
        "In the beginning",
        default=250,
        help="As long as fewer than three nights sent something, nobody can say what is usual: a night with more messages "
        "than this waits for a manager. 0: off.",
    )
    followup_bounce_share = fields.Float(
        "Returned e-mails (%)",
        default=10.0,
        help="When more than this share of the e-mails of the last seven days came back or was refused, no e-mail leaves "
        "by itself until a manager has looked. 0: off.",
    )
    followup_bounce_least = fields.Integer(
        "At least so many returned", default=10, help="Fewer returned e-mails than this prove nothing."
    )
    followup_duplicate_days = fields.Integer(
        "Days without a twin",
        default=7,
        help="A message that was sent within so many days already (the same customer, step and items, or the same words "
        "to the same address) does not leave: a person looks at it first. 0: off.",
    )

    _followup_brake_check = models.Constraint(
        """CHECK(followup_company_day_cap >= 0 AND followup_customer_day_cap >= 0 AND followup_customer_week_cap >= 0
             AND followup_surge_multiple >= 0 AND followup_surge_least >= 0 AND followup_surge_first >= 0
             AND followup_bounce_share BETWEEN 0 AND 100 AND followup_bounce_least >= 0
             AND followup_duplicate_days BETWEEN 0 AND 60)""",
        "Limits of follow-up cannot be negative, a share lies between 0 and 100 percent, and twins are looked for in 60 "
        "days at most.",
    )

    def _followup_limits(self):
        """:rtype: `engine.brakes.Limits`"""
        root = self._followup_root()
        return brakes.Limits(
            root.followup_company_day_cap, root.followup_customer_day_cap, root.followup_customer_week_cap
        )

    def _followup_opening_after(self, day):
        """The first moment after `day` at which a notice may leave, as a naive UTC datetime."""
        root = self._followup_root()
        if root.followup_pause_until:
            day = max(day, root.followup_pause_until)
        next_day = datetime.combine(day + timedelta(days=1), time(0))
        moment = pytz.timezone(root.followup_tz or "Europe/Brussels").localize(next_day)
        return root._followup_send_window(moment) or moment.astimezone(pytz.utc).replace(tzinfo=None)

    # The switch

    def _followup_stop_brake(self):
        """The brake of who stopped everything; empty while nobody did. Asked from the database, never remembered."""
        return (
            self.env["followup.brake"]
            .sudo()
            .search(
                [("company_id", "=", self._followup_root().id), ("kind", "=", "stop"), ("state", "=", "holding")],
                limit=1,
            )
        )

    def _followup_is_stopped(self):
        return bool(self._followup_stop_brake())

    def _followup_check_not_stopped(self):
        """:raises UserError: names who stopped everything, when, and the cure"""
        for company in self.mapped("root_id") if self else self:
            brake = company._followup_stop_brake()
            if brake:
                raise UserError(
                    self.env._(
                        "%(user)s stopped all follow-up of %(company)s on %(date)s%(why)s. A manager starts it again under "
                        "Invoicing > Follow-up > Health.",
                        user=brake.held_by_id.name or "-",
                        company=company.name,
                        date=format_datetime(self.env, brake.held_date, dt_format="short"),
                        why=f" ({brake.reason})" if brake.reason else "",
                    )
                )

    @api.model
    def _followup_stoppable(self):
        """The root companies whose follow-up this user may stop."""
        return self.env.user.company_ids.sudo().root_id.sorted("sequence")

    def _followup_stop(self, reason=None):
        """Stop everything that leaves by itself or by a button, at once. Any follow-up user may.

        :return: the brakes that were put on
        """
        if not self.env.su and not self.env.user.has_group(USER):
            raise AccessError(self.env._("You need the rights of a follow-up user to do this."))
        held = self.env["followup.brake"]
        for company in self & self._followup_stoppable():
            held |= held._hold(company, "stop", reason, user=self.env.user)
        return held

    def _followup_start(self, reason=None):
        """Start again what was stopped. A manager does."""
        if not self.env.su and not self.env.user.has_group(MANAGER):
            raise AccessError(self.env._("Only a follow-up manager starts follow-up again."))
        brakes_on = self.env["followup.brake"]
        for company in self & self._followup_stoppable():
            brakes_on |= company._followup_stop_brake()
        return brakes_on.with_env(self.env)._release(reason)

    # Returned e-mails

    def _followup_bounce_figures(self, since=None):
        """E-mails that left and those that came back or were refused, by root company, in one query.

        :param since: naive UTC datetime, default seven days ago; after the release of a brake it begins anew
        :rtype: dict of company id -> (sent, returned)
        """
        since = since or fields.Datetime.now() - timedelta(days=BOUNCE_DAYS)
        for name in ("followup.notice", "followup.brake"):
            self.env[name].flush_model()
        return {
            company_id: (sent, returned)
            for company_id, sent, returned in self.env.execute_query(
                SQL(
                    """SELECT company.id, left_by.sent, left_by.returned
                         FROM res_company company
                    LEFT JOIN LATERAL (
                           SELECT max(released_date) AS released FROM followup_brake
                            WHERE company_id = company.id AND kind = 'bounces' AND state = 'released') brake ON TRUE
                    LEFT JOIN LATERAL (
                           SELECT count(*) AS sent,
                                  count(*) FILTER (WHERE notice.state IN ('bounced', 'failed')) AS returned
                             FROM followup_notice notice
                            WHERE notice.company_id = company.id AND notice.channel = 'email'
                              AND notice.claim_date >= %(since)s
                              AND (brake.released IS NULL OR notice.claim_date > brake.released)) left_by ON TRUE
                        WHERE company.id = ANY(%(ids)s)""",
                    since=since,
                    ids=self.ids,
                )
            )
        }

    def _followup_check_bounces(self):
        """Put the brake on when too many e-mails came back."""
        root = self._followup_root()
        share, least = root.followup_bounce_share, root.followup_bounce_least
        if not share:
            return
        sent, returned = root._followup_bounce_figures()[root.id]
        if brakes.too_many_bounces(sent, returned, share, least):
            self.env["followup.brake"]._hold(
                root,
                "bounces",
                self.env._(
                    "%(returned)s of %(sent)s e-mails of the last seven days came back or were refused. Check the mail "
                    "server and the addresses, then release.",
                    returned=returned,
                    sent=sent,
                ),
            )
