import hashlib
import json
import logging
import re
from collections import Counter
from datetime import timedelta

import psycopg2
from odoo import api, fields, models
from odoo.tools import SQL

from ..engine import application, brakes, watch

_logger = logging.getLogger(__name__)

#: Why a message that was prepared and approved waits all the same.
HELD_BY = [
    ("stop", "Everything is stopped"),
    ("surge", "Unusual night"),
    ("bounces", "Too many returned e-mails"),
    ("company_day", "Daily limit of the company"),
    ("customer_day", "Daily limit of the customer"),
    ("customer_week", "Weekly limit of the customer"),
]
#: A message in these states reached the customer, or may have: it counts for limits and twins.
REACHED = ("sending", "printed", "sent", "delivered", "unknown")
#: Who sends an agreement again by hand means it; a second press of the button within minutes does not.
MINUTES_BY_HAND = 10
#: How often a place in the company's day is looked for when others take it at the same moment.
ATTEMPTS = 20


class FollowupNotice(models.Model):
    """Brakes at the last moment: the switch, held nights, limits and twins, in one query before the claim."""

    _inherit = "followup.notice"

    held_by = fields.Selection(
        HELD_BY, readonly=True, copy=False, help="A brake keeps this message from leaving; it is not lost."
    )
    quota_day = fields.Date(readonly=True, copy=False, help="The day of the company on which it left.")
    quota_slot = fields.Integer("Number of the Day", readonly=True, copy=False)
    same_key = fields.Char(readonly=True, copy=False, help="Equal for messages about the same step and items.")
    words_key = fields.Char(readonly=True, copy=False, help="Equal for the same words to the same address.")
    twin_id = fields.Many2one(
        "followup.notice",
        "Sent Already As",
        readonly=True,
        copy=False,
        ondelete="set null",
        index="btree_not_null",
        help="The same message left a short time ago: this one waits until a person has looked.",
    )

    stop_text = fields.Char(related="customer_id.stop_text")

    # Two processes never take the same place in the day, so that a limit is never passed.
    _quota_unique = models.UniqueIndex(
        "(company_id, quota_day, quota_slot) WHERE quota_slot > 0", "This place in the day is taken."
    )
    _left_idx = models.Index("(company_id, claim_date) WHERE claim_date IS NOT NULL")
    _words_idx = models.Index("(words_key, claim_date) WHERE words_key IS NOT NULL")
    _held_idx = models.Index("(company_id, held_by) WHERE held_by IS NOT NULL AND state = 'queued'")

    def _go(self, state, **vals):
        # EXTENDS: a message that moves on is not held any more, and takes its place in the company's day
        vals.setdefault("held_by", False)
        if not vals.get("quota_slot"):
            result = super()._go(state, **vals)
            if state in ("bounced", "failed") and "email" in self.mapped("channel"):
                for company in self.company_id:
                    company._followup_check_bounces()
            return result
        for attempt in range(ATTEMPTS):
            try:
                with self.env.cr.savepoint():
                    return super()._go(state, **vals)
            except psycopg2.errors.UniqueViolation:
                # Somebody took this place since our snapshot: the next one, as long as there is one.
                self.invalidate_recordset()
                vals["quota_slot"] += 1
                cap = self.company_id._followup_limits().company_day
                by_hand = self.env.context.get("followup_over_cap")
                if attempt + 1 == ATTEMPTS or (cap and vals["quota_slot"] > cap and not by_hand):
                    break
        # Left for the next pass, which finds the day full.
        raise psycopg2.errors.SerializationFailure("the places of this day are taken")

    # What makes two messages the same

    def _twin_keys(self):
        """What is said to whom about what, and in which words: (key of the step, key of the words)."""
        self.ensure_one()
        about = self._about()
        step = [
            self.channel,
            self.purpose,
            self.level_id.id,
            # A proposal and the confirmation that it is in force are two steps of one arrangement.
            [about._name, about.id, about._fields.get("state") and about.state, self.suspension_id.occurrence]
            if about
            else None,
            self.instalment_id.id,
            self.call_id.id,
            sorted((line.item_id.id, line.level_id.id, line.advances, line.episode) for line in self.line_ids),
        ]
        # Without what differs in every message: its own number, its own reference, the links.
        text = re.sub(r"<[^>]*>", " ", str(self.body or ""))
        for own in (self.name, application.structured_reference("9", self.id) if self.id else None):
            text = text.replace(own, "") if own else text
        words = [
            self.channel,
            (self.email_to or self.phone_to or self.address or "").strip().lower(),
            self.subject or "",
            " ".join(text.split()),
            self.text or "",
        ]
        return tuple(hashlib.sha256(json.dumps(part).encode()).hexdigest() for part in (step, words))

    def _twins_since(self):
        """From when on a message like this one is its twin; None when twins do not matter."""
        self.ensure_one()
        days = self.company_id._followup_root().followup_duplicate_days
        if not days:
            return None
        now = fields.Datetime.now()
        if self.manual and self.purpose != "level":
            return now - timedelta(minutes=MINUTES_BY_HAND)
        return now - timedelta(days=days)

    # The last look

    def _pass_brakes(self, mail=None):
        """The last look before a message is claimed, in one query: the switch, held nights, limits, a twin.

        :param mail: its `mail.mail`, for an e-mail
        :return: values for the claim; None when it does not leave now, and waits or is looked at by a person
        """
        self.ensure_one()
        company = self.company_id
        limits, today = company._followup_limits(), company._followup_today()
        same_key, words_key = self._twin_keys()
        holding, slot, sent, twin_id = self._brake_facts(today, same_key, words_key)
        by_hand = self.env.context.get("followup_send_now")
        taken = self.quota_day == today and self.quota_slot
        code = None
        if "stop" in holding:
            code = "stop"
        elif "surge" in holding and not self.approved_by:
            code = "surge"
        elif "bounces" in holding and self.channel == "email" and not by_hand:
            code = "bounces"
        elif not self.env.context.get("followup_over_cap"):
            own = brakes.Limits(0, limits.customer_day, limits.customer_week) if taken else limits
            code = brakes.over(own, sent)
        if code:
            self._hold_back(code, mail)
            return None
        if twin_id and not (self.approved_by and self.twin_id.id == twin_id):
            self._refuse_twin(self.browse(twin_id), mail)
            return None
        vals = {"same_key": same_key, "words_key": words_key}
        if limits.company_day and self.channel != "letter" and not taken:
            vals |= {"quota_day": today, "quota_slot": slot + 1}
        return vals

    def _brake_facts(self, today, same_key, words_key):
        """:return: (kinds of brakes that hold, last place taken today, `engine.brakes.Sent`, id of a twin or None)"""
        self.ensure_one()
        company = self.company_id
        since = self._twins_since()
        day = company._followup_day_start(today)
        week = company._followup_day_start(today - timedelta(days=6))
        for name in ("followup.notice", "followup.brake"):
            self.env[name].flush_model()
        [[holding, slot, letters, on_day, in_week, same, words]] = self.env.execute_query(
            SQL(
                """SELECT (SELECT array_agg(brake.kind) FROM followup_brake brake
                            WHERE brake.company_id = %(company)s AND brake.state = 'holding'
                              AND (brake.kind <> 'surge' OR brake.run_id = %(run)s)),
                          (SELECT COALESCE(max(quota_slot), 0) FROM followup_notice
                            WHERE company_id = %(company)s AND quota_day = %(today)s AND quota_slot > 0),
                          (SELECT count(*) FROM followup_notice
                            WHERE company_id = %(company)s AND claim_date >= %(day)s AND channel = 'letter'),
                          own.on_day, own.in_week, own.same,
                          (SELECT max(id) FROM followup_notice
                            WHERE words_key = %(words_key)s AND claim_date >= %(since)s AND id <> %(id)s
                              AND state = ANY(%(reached)s) AND occupies)
                     FROM (SELECT count(*) FILTER (WHERE claim_date >= %(day)s) AS on_day,
                                  count(*) FILTER (WHERE claim_date >= %(week)s) AS in_week,
                                  max(id) FILTER (WHERE claim_date >= %(since)s AND same_key = %(same_key)s AND occupies)
                                      AS same
                             FROM followup_notice
                            WHERE customer_id = %(customer)s AND id <> %(id)s AND state = ANY(%(reached)s)
                              AND channel <> 'call' AND claim_date IS NOT NULL) own""",
                company=company.id,
                run=self.run_id.id or None,
                today=today,
                day=day,
                week=week,
                words_key=words_key,
                same_key=same_key,
                since=since,
                id=self.id,
                customer=self.customer_id.id,
                reached=list(REACHED),
            )
        )
        return set(holding or ()), slot, brakes.Sent(slot + letters, on_day, in_week), same or words

    def _hold_back(self, code, mail=None):
        """It stays in the queue, and is looked at again when it may leave: by then the night decided afresh too."""
        self.ensure_one()
        company = self.company_id
        if code in ("stop", "surge", "bounces"):
            later = fields.Datetime.now() + timedelta(days=1)  # released before? Then it is let go at once
        else:
            later = company._followup_opening_after(company._followup_today())
        self.with_context(followup_engine=True).write({"held_by": code, "scheduled_date": later})
        if mail:
            mail.scheduled_date = later
        _logger.info("%s", watch.line("held", brake=code, company=company.id, notice=self.name, until=later))

    def _refuse_twin(self, twin, mail=None):
        """The same message left already: a person looks, and nothing is lost or sent without him."""
        self.ensure_one()
        if mail:
            self._back_to_review(mail, "twin")
        else:
            self._go("review", review_reasons=["twin"], approved_by=False, approved_date=False)
        words = self.env._(
            "%(notice)s is the same as %(twin)s, which left on %(date)s. It was not sent. Reject it, or approve it when it "
            "must go all the same.",
            notice=self.name,
            twin=twin.name,
            date=fields.Date.to_string(self._local_date(twin.claim_date)) if twin.claim_date else "",
        )
        activity = self.customer_id.with_context(mail_activity_quick_update=True).activity_schedule(
            "l10n_be_followup.mail_activity_type_twin",
            note=words,
            user_id=(self.responsible_id or self.customer_id._default_responsible()).id,
        )
        self.with_context(followup_engine=True).write({"twin_id": twin.id, "activity_id": activity.id})
        self.customer_id._refresh()
        _logger.warning("%s", watch.line("twin", company=self.company_id.id, notice=self.name, twin=twin.name))

    def _approve(self):
        # EXTENDS: who approves a twin has looked
        self.filtered("twin_id").activity_id.sudo().unlink()
        return super()._approve()

    # Many at once

    def _leave_braked(self):
        """The notices of these that no brake of their company holds; the others are put aside, all in one go.

        The last look of each follows all the same: somebody may press the switch in the meantime.
        """
        if not self:
            return self
        holding = (
            self.env["followup.brake"]
            .sudo()
            .search([("company_id", "in", self.company_id.ids), ("state", "=", "holding")])
        )
        for brake in holding.sorted(lambda brake: brakes.HELD_BY.index(brake.kind)):
            held = self.filtered(lambda notice, brake=brake: notice._is_held_by(brake))
            held._put_aside(brake.kind)
            self -= held
        return self

    def _is_held_by(self, brake):
        if self.company_id != brake.company_id or self.state != "queued":
            return False
        if brake.kind == "surge":
            return self.run_id == brake.run_id and not self.approved_by
        by_hand = self.env.context.get("followup_send_now")
        return brake.kind == "stop" or (self.channel == "email" and not by_hand)

    def _put_aside(self, code):
        """Hold many queued messages, with two statements."""
        if not self:
            return
        self.flush_model()
        self.env["mail.mail"].flush_model()
        later = fields.Datetime.now() + timedelta(days=1)
        self.env.cr.execute(
            SQL(
                "UPDATE followup_notice SET held_by = %s, scheduled_date = %s WHERE id = ANY(%s) AND state = 'queued'",
                code,
                later,
                self.ids,
            )
        )
        self.env.cr.execute(
            SQL(
                "UPDATE mail_mail SET scheduled_date = %s WHERE followup_notice_id = ANY(%s) AND state = 'outgoing'",
                later,
                self.ids,
            )
        )
        self._forget_schedule()
        _logger.info("%s", watch.line("held", brake=code, messages=len(self)))

    def _forget_schedule(self):
        self.env["followup.notice"].invalidate_model(["held_by", "scheduled_date"], flush=False)
        self.env["mail.mail"].invalidate_model(["scheduled_date"], flush=False)

    @api.model
    def _let_go(self, brake):
        """What a released brake held goes its ordinary way again: every check is made when it leaves.

        :return: number of messages
        """
        company = brake.company_id
        opening = company._followup_opening()
        self.flush_model()
        self.env["mail.mail"].flush_model()
        [[count]] = self.env.execute_query(
            SQL(
                """WITH freed AS (
                       UPDATE followup_notice SET held_by = NULL, scheduled_date = %(opening)s
                        WHERE company_id = %(company)s AND state = 'queued' AND held_by = %(kind)s
                          AND (%(run)s IS NULL OR run_id = %(run)s)
                    RETURNING id),
                   mails AS (
                       UPDATE mail_mail SET scheduled_date = %(opening)s
                         FROM freed WHERE mail_mail.followup_notice_id = freed.id AND mail_mail.state = 'outgoing')
                   SELECT count(*) FROM freed""",
                opening=opening,
                company=company.id,
                kind=brake.kind,
                run=brake.run_id.id or None,
            )
        )
        if brake.kind == "stop":
            self.env.cr.execute(
                SQL(
                    """UPDATE mail_mail SET scheduled_date = %s FROM followup_notice notice
                        WHERE mail_mail.followup_copy_notice_id = notice.id AND mail_mail.state = 'outgoing'
                          AND notice.company_id = %s""",
                    opening,
                    company.id,
                )
            )
        self._forget_schedule()
        for cron in ("mail.ir_cron_mail_scheduler_action", "l10n_be_followup.ir_cron_followup_text"):
            self.env.ref(cron).sudo()._trigger(opening or fields.Datetime.now())
        return count

    def _back_to_review_together(self, reason):
        """A held night goes on in safe mode: each of its messages waits for a person."""
        if not self:
            return
        self._go("review", review_reasons=[reason], approved_by=False, approved_date=False)
        self.sudo().mail_ids.filtered(lambda mail: mail.state in ("outgoing", "exception")).write(
            {"state": "cancel", "failure_reason": reason}
        )
        self.customer_id.filtered(lambda customer: customer.state == "queued").state = "review"

    @api.model
    def _ration(self, company):
        """Share out the next day on which messages leave: what is over the company's limit waits for the day after.

        Two queries for the whole company. When it leaves, the limit is looked at again.

        :return: number of messages that wait for another day
        """
        cap = company._followup_limits().company_day
        if not cap:
            return 0
        self.flush_model()
        self.env["mail.mail"].flush_model()
        opening = company._followup_opening()
        day = self._local_day(company, opening) if opening else company._followup_today()
        waiting, held = [], set()
        for number, prepared_on, amount, held_by in self.env.execute_query(
            SQL(
                """SELECT id, prepared_on, amount_total, held_by FROM followup_notice
                    WHERE company_id = %s AND state = 'queued' AND channel IN ('email', 'sms')
                      AND (held_by IS NULL OR held_by = 'company_day')""",
                company.id,
            )
        ):
            waiting.append(brakes.Waiting(number, prepared_on, amount or 0))
            if held_by:
                held.add(number)
        if len(waiting) <= cap and not held:
            [[left]] = self._left_on(company, day)
            if len(waiting) + left <= cap:
                return 0
        else:
            [[left]] = self._left_on(company, day)
        go, wait = brakes.ration(waiting, cap - left)
        self._reschedule([number for number in go if number in held], None, opening)
        self._reschedule(wait, "company_day", company._followup_opening_after(day))
        return len(wait)

    @api.model
    def _left_on(self, company, day):
        return self.env.execute_query(
            SQL(
                """SELECT (SELECT COALESCE(max(quota_slot), 0) FROM followup_notice
                            WHERE company_id = %(company)s AND quota_day = %(day)s AND quota_slot > 0)
                        + (SELECT count(*) FROM followup_notice
                            WHERE company_id = %(company)s AND channel = 'letter' AND claim_date >= %(start)s)""",
                company=company.id,
                day=day,
                start=company._followup_day_start(day),
            )
        )

    @api.model
    def _reschedule(self, ids, code, moment):
        if not ids:
            return
        self.env.cr.execute(
            SQL(
                """WITH moved AS (
                       UPDATE followup_notice SET held_by = %(code)s, scheduled_date = %(moment)s
                        WHERE id = ANY(%(ids)s) AND state = 'queued' RETURNING id)
                   UPDATE mail_mail SET scheduled_date = %(moment)s
                     FROM moved WHERE mail_mail.followup_notice_id = moved.id AND mail_mail.state = 'outgoing'""",
                code=code,
                moment=moment,
                ids=list(ids),
            )
        )
        self._forget_schedule()
        self.env.ref("mail.ir_cron_mail_scheduler_action").sudo()._trigger(moment or fields.Datetime.now())

    # Letters: a person prints them

    def _customer_counts(self):
        """What the customers of these notices got today and in seven days, in one query.

        :rtype: dict of customer id -> (today, week)
        """
        company = self.company_id
        today = company._followup_today()
        self.flush_model()
        return {
            customer_id: (on_day, in_week)
            for customer_id, on_day, in_week in self.env.execute_query(
                SQL(
                    """SELECT customer_id, count(*) FILTER (WHERE claim_date >= %(day)s), count(*)
                         FROM followup_notice
                        WHERE customer_id = ANY(%(customers)s) AND claim_date >= %(week)s
                          AND channel <> 'call' AND state = ANY(%(reached)s)
                     GROUP BY customer_id""",
                    day=company._followup_day_start(today),
                    week=company._followup_day_start(today - timedelta(days=6)),
                    customers=self.customer_id.ids,
                    reached=list(REACHED),
                )
            )
        }

    def _over_caps(self):
        """The limit that each of these would pass, when they leave now one after the other.

        :rtype: dict of notice -> code
        """
        result = {}
        for company, notices in self.grouped("company_id").items():
            limits = company._followup_limits()
            counts = notices._customer_counts()
            day = company._followup_today()
            [[left]] = notices._left_on(company, day)
            more = Counter()
            for notice in notices:
                customer_id = notice.customer_id.id
                on_day, in_week = (number + more[customer_id] for number in counts.get(customer_id, (0, 0)))
                # A person who prints decides how many letters there are; the company's limit is for what leaves by itself.
                on_whole = 0 if notice.channel == "letter" else left
                code = brakes.over(limits, brakes.Sent(on_whole, on_day, in_week))
                if code:
                    result[notice] = code
                    continue
                more[customer_id] += 1
                left += 1
        return result

    def _printable(self):
        """Letters of one company that no brake holds; the others are marked, and stay in the pile to print."""
        if not self:
            return self
        brakes_on = (
            self.env["followup.brake"]
            .sudo()
            .search([("company_id", "=", self.company_id.id), ("state", "=", "holding"), ("kind", "!=", "bounces")])
        )
        held = {}
        for letter in self:
            for brake in brakes_on:
                if letter._is_held_by(brake):
                    held[letter] = brake.kind
        if not self.env.context.get("followup_over_cap"):
            held = (self - self.browse([letter.id for letter in held]))._over_caps() | held
        for code, letters in self.browse([letter.id for letter in held]).grouped(held.get).items():
            letters.with_context(followup_engine=True).held_by = code
        return self.filtered(lambda letter: letter not in held)

    def _without_twins(self):
        """Letters that are no twin of what left already, or of another one in this batch; a person looks at the rest."""
        if not self:
            return self
        keys = {letter: letter._twin_keys() for letter in self}
        since = {letter: letter._twins_since() for letter in self}
        self.flush_model()
        known = self.env.execute_query(
            SQL(
                """SELECT id, customer_id, same_key, words_key, claim_date FROM followup_notice
                    WHERE (same_key = ANY(%(same)s) AND customer_id = ANY(%(customers)s) OR words_key = ANY(%(words)s))
                      AND state = ANY(%(reached)s) AND occupies AND claim_date IS NOT NULL AND id <> ALL(%(ids)s)
                 ORDER BY id""",
                same=[same for same, _words in keys.values()],
                words=[words for _same, words in keys.values()],
                customers=self.customer_id.ids,
                reached=list(REACHED),
                ids=self.ids,
            )
        )
        fine = self.browse()
        for letter in self:
            if since[letter] is None:
                fine |= letter
                continue
            same, words = keys[letter]
            twin_id = next(
                (
                    number
                    for number, customer_id, other_same, other_words, left in reversed(known)
                    if left >= since[letter]
                    and ((other_same == same and customer_id == letter.customer_id.id) or other_words == words)
                ),
                None,
            )
            if twin_id and not (letter.approved_by and letter.twin_id.id == twin_id):
                letter._refuse_twin(self.browse(twin_id))
                continue
            letter.with_context(followup_engine=True).write({"same_key": same, "words_key": words})
            known.append((letter.id, letter.customer_id.id, same, words, fields.Datetime.now()))
            fine |= letter
        return fine
