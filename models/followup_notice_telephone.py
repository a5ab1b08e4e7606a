from babel.dates import format_date as babel_date
from odoo import api, fields, models
from odoo.exceptions import RedirectWarning
from odoo.tools import SQL, babel_locale_parse, format_duration

from ..engine import application, call_plan


class FollowupNotice(models.Model):
    """Planned calls: on a day and in a block of hours when people answer, for a person who has the time."""

    _inherit = "followup.notice"

    call_user_id = fields.Many2one("res.users", "Caller", readonly=True, index="btree_not_null", ondelete="set null")
    call_date = fields.Date(readonly=True)
    call_from = fields.Float(readonly=True)
    call_until = fields.Float(readonly=True)
    call_when = fields.Char("When to Call", compute="_compute_call_when")
    call_ids = fields.One2many("followup.call", "notice_id", "Calls")
    call_tries = fields.Integer("Tries", compute="_compute_call_tries", help="How often nobody was reached.")
    phone = fields.Char(related="customer_id.phone", string="Phone of the Customer")
    call_id = fields.Many2one("followup.call", "Confirms", readonly=True, ondelete="restrict", index="btree_not_null")

    _planned_call_idx = models.Index("(company_id, call_date) WHERE channel = 'call'")

    @api.depends("call_date", "call_from", "call_until")
    @api.depends_context("lang")
    def _compute_call_when(self):
        for notice in self:
            notice.call_when = notice._call_block(self.env.lang) if notice.call_date else False

    @api.depends("call_ids.reached")
    def _compute_call_tries(self):
        counts = dict(
            self.env["followup.call"]._read_group(
                [("notice_id", "in", self.ids), ("reached", "=", "no")], ["notice_id"], ["__count"]
            )
        )
        for notice in self:
            notice.call_tries = counts.get(notice._origin, 0)

    def _call_block(self, lang):
        """The day and the hours as people say them: "Tue 24 Nov, 9.30-11.30"."""
        self.ensure_one()
        locale = babel_locale_parse(lang or "en_US")
        day = babel_date(self.call_date, "EEE d MMM", locale=locale)
        hours = "-".join(
            format_duration(hour).lstrip("0").replace(":", ".") for hour in (self.call_from, self.call_until)
        )
        return f"{day}, {hours}"

    def _about(self):
        # EXTENDS: a message that confirms a call is about the call
        return super()._about() or self.call_id

    def _queue(self):
        # EXTENDS: a call beside a message that was just approved gets its day
        result = super()._queue()
        self.filtered(lambda notice: notice.channel == "call" and not notice.call_date)._plan_call()
        return result

    def _plan_call(self):
        """Give calls a day and hours in the coming golden hours, and their activities; one pass for all of them."""
        for company, calls in self.grouped("company_id").items():
            calls._assign_callers()
            slots = calls._choose_slots(company)
            hours = company._followup_call_hours()
            for call in calls:
                day, block = slots[call.id]
                call.call_date = day
                call.call_from, call.call_until = hours.blocks[block]
            calls._plan_activities()

    @api.model
    def _plan_calls(self, company):
        """Give the calls of this company that have none a day, the highest amounts first."""
        self.search(
            [
                ("company_id", "=", company.id),
                ("channel", "=", "call"),
                ("state", "=", "queued"),
                ("call_date", "=", False),
            ]
        )._plan_call()

    def _assign_callers(self):
        """Who calls: the responsible person of the notice, else of the customer."""
        fallback = {}
        for call in self:
            user = call.responsible_id or call.partner_id.user_id.filtered(lambda user: user.active and not user.share)
            if not user:
                company = call.company_id
                fallback[company] = fallback.get(company) or call.customer_id._default_responsible()
                user = fallback[company]
            call.call_user_id = user

    def _choose_slots(self, company):
        """:return: dict notice id -> (day, number of the block)"""
        hours = company._followup_call_hours()
        now = company._followup_now()
        today = now.date()
        away = self._absences(self.call_user_id, today)
        return call_plan.plan(
            [call_plan.Call(call.id, call.call_user_id.id, call.amount_total) for call in self],
            hours,
            today,
            now.hour + now.minute / 60,
            lambda user_id, day: company._followup_is_call_day(day) and (user_id, day) not in away,
            self._calls_taken(company, hours, today),
        )

    @api.model
    def _calls_taken(self, company, hours, today):
        """How many calls there are already of (user id, day, number of the block), planned and made, from this week on."""
        monday = fields.Date.start_of(today, "week")
        self.flush_model()
        rows = self.env.execute_query(
            SQL(
                """SELECT call_user_id, call_date, call_from, COUNT(*)
                     FROM followup_notice
                    WHERE company_id = %s AND channel = 'call' AND state IN ('queued', 'delivered')
                      AND call_date >= %s AND call_user_id IS NOT NULL
                 GROUP BY call_user_id, call_date, call_from""",
                company.id,
                monday,
            )
        )
        starts = {start: number for number, (start, _stop) in enumerate(hours.blocks)}
        taken = {}
        for user_id, day, start, count in rows:
            key = user_id, day, starts.get(start, 0)
            taken[key] = taken.get(key, 0) + count
        return taken

    @api.model
    def _absences(self, users, today):
        """Days on which these users are away, where Odoo knows it.

        :rtype: set of (user id, date)
        """
        if "resource.calendar.leaves" not in self.env or not users:
            return set()
        leaves = (
            self.env["resource.calendar.leaves"]
            .sudo()
            .search(
                [
                    ("resource_id.user_id", "in", users.ids),
                    ("date_to", ">=", fields.Datetime.to_datetime(today)),
                    ("date_from", "<=", fields.Datetime.add(fields.Datetime.to_datetime(today), weeks=9)),
                ]
            )
        )
        away = set()
        for leave in leaves:
            day = fields.Datetime.context_timestamp(self, leave.date_from).date()
            last = fields.Datetime.context_timestamp(self, leave.date_to).date()
            while day <= last:
                away.add((leave.resource_id.user_id.id, day))
                day = fields.Date.add(day, days=1)
        return away

    def _plan_activities(self):
        """One activity for each call, made together; it says day and hours."""
        kind = self.env.ref("l10n_be_followup.mail_activity_type_call")
        model_id = self.env["ir.model"]._get_id("followup.customer")
        # No "assigned to you" mail for each call: a night may plan dozens; they stand in the activity view.
        activities = self.env["mail.activity"].sudo().with_context(mail_activity_quick_update=True)
        calls = self.filtered(lambda call: not call.activity_id)
        values = []
        for call in calls:
            lang = call.call_user_id.lang
            level = call.level_id.with_context(lang=lang)
            values.append(
                {
                    "res_model_id": model_id,
                    "res_id": call.customer_id.id,
                    "activity_type_id": level.activity_type_id.id or kind.id,
                    "date_deadline": call.call_date,
                    "summary": f"{level.name}: {call._call_block(lang)}",
                    "note": level.activity_note,
                    "user_id": call.call_user_id.id,
                    "automated": True,
                }
            )
        for call, activity in zip(calls, activities.create(values), strict=True):
            call.activity_id = activity
        for call in self - calls:
            call._move_activity()

    def _move_activity(self):
        self.ensure_one()
        lang = self.call_user_id.lang
        self.activity_id.sudo().write(
            {
                "date_deadline": self.call_date,
                "summary": f"{self.level_id.with_context(lang=lang).name}: {self._call_block(lang)}",
            }
        )

    def _try_again(self, day):
        """Nobody answered: the call moves to `day`, in the same hours."""
        for call in self:
            call.call_date = day
            if call.activity_id:
                call._move_activity()

    def _ask_for_outcome(self):
        """A call is closed with what came of it.

        :raises RedirectWarning: it leads to the screen in which that is noted
        """
        call = self[:1]
        raise RedirectWarning(
            self.env._(
                "Note what came of the call to %(customer)s: reached or not, why nothing was paid, what was agreed and "
                "the next date. The call is done then.",
                customer=call.partner_id.display_name,
            ),
            self.env.ref("l10n_be_followup.followup_call_wizard_action").id,
            self.env._("Log the call"),
            {"default_customer_id": call.customer_id.id},
        )

    def action_call_sheet(self):
        """What to know and to say, in front of you while you call."""
        self.ensure_one()
        return self.customer_id.action_call_sheet()

    def action_log_call(self):
        self.ensure_one()
        return self.customer_id.action_log_call()

    def _wrap(self, intro):
        # EXTENDS: the e-mail that confirms a call has a frame of its own
        if self.purpose != "call" or self.channel == "letter":
            return super()._wrap(intro)
        values = self.sudo().with_context(lang=self.lang)._agreement_values(intro)
        return self.env["ir.qweb"].with_context(lang=self.lang)._render("l10n_be_followup.followup_call_email", values)

    def _agreement_values(self, intro):
        # EXTENDS: what was agreed on the phone, and what is open
        return application.call_values(self, intro) if self.purpose == "call" else super()._agreement_values(intro)

    def _agreement_key(self):
        # EXTENDS: what was agreed on the phone does not change
        return self.call_id.confirmation or "" if self.purpose == "call" else super()._agreement_key()
