import logging
import uuid
from collections import Counter
from datetime import timedelta

import psycopg2
from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import format_amount, format_date, plaintext2html

from ..engine import application, provider, text_message, watch
from .followup_notice import DEAD, MAX_ATTEMPTS

_logger = logging.getLogger(__name__)

#: A written message in these states has left, or is about to: a text message may follow it.
LEFT = {"sending", "sent", "delivered", "unknown"}


class FollowupNotice(models.Model):
    """A text message beside a written one: short, after it, never instead of it.

    It goes through Odoo's own `sms`. Like an e-mail it is decided again, frozen and claimed, committed, before the
    provider hears of it, so that it is never sent twice. It takes no level, and no fourteen days begin with it.
    """

    _inherit = "followup.notice"

    phone_to = fields.Char("Mobile Number", readonly=True)
    text = fields.Text("Text Message", readonly=True)
    text_segments = fields.Integer(
        "Messages Counted",
        compute="_compute_text_segments",
        help="The operator counts a long text as several messages.",
    )
    text_obstacle = fields.Char("No Text Message", compute="_compute_text_obstacle")
    # For the template of the text message.
    text_amount = fields.Char(compute="_compute_text_parts")
    text_day = fields.Char(compute="_compute_text_parts")
    text_account = fields.Char(compute="_compute_text_parts")

    @api.depends("text")
    def _compute_text_segments(self):
        for notice in self:
            notice.text_segments = text_message.segments(notice.text or "")

    @api.depends("level_id", "companion_ids", "state")
    def _compute_text_obstacle(self):
        """On the message itself: why no text message goes beside it although its level has one."""
        for notice in self:
            wanted = notice.level_id.channel_sms and notice.purpose == "level" and notice._is_written()
            if wanted and not notice.standby and "sms" not in notice.companion_ids.mapped("channel"):
                notice.text_obstacle = notice.partner_id._followup_text_obstacle(notice.company_id)
            else:
                notice.text_obstacle = False

    def _compute_text_parts(self):
        for notice in self:
            sums = [
                format_amount(self.env, row["due"], row["currency"], lang_code=notice.lang)
                for row in application.totals(notice)
            ]
            notice.text_amount = " + ".join(sums)
            notice.text_day = format_date(self.env, notice.pay_before, lang_code=notice.lang)
            notice.text_account = application.bank_account(notice).acc_number or ""

    def _render(self):
        # EXTENDS: a text message has words of its own
        texts = self.filtered(lambda notice: notice.channel == "sms")
        result = super(FollowupNotice, self - texts)._render()
        default = self.env.ref("l10n_be_followup.sms_template_followup", raise_if_not_found=False)
        # A customer reads one reference and one day, whatever he reads them on.
        for notice in texts:
            notice.reference = notice.lead_id.reference or notice.reference
            notice.pay_before = notice.lead_id.pay_before or notice.pay_before
        for template, notices in texts.grouped(lambda notice: notice.level_id.sms_template_id or default).items():
            if not template:
                raise UserError(self.env._("Level %s has no template for its text message.", notices.level_id[:1].name))
            for lang, same in notices.grouped("lang").items():
                bodies = same._render_field_of(template.sudo().with_context(lang=lang), "body")
                for notice in same:
                    notice.text = text_message.plain(bodies[notice.id]).strip()
                    notice.subject = template.with_context(lang=lang).name
                    notice.body = plaintext2html(notice.text)
        return result

    def _fingerprint_recipient(self):
        """To whom it goes, as it enters the fingerprint."""
        self.ensure_one()
        return self.phone_to if self.channel == "sms" else self.email_to

    def _queue(self):
        # EXTENDS: text messages wait for the message that they go beside, and for the sending hours
        result = super()._queue()
        for notice in self.filtered(lambda notice: notice.channel == "sms"):
            notice._schedule_text()
        return result

    def _schedule_text(self):
        self.ensure_one()
        self.scheduled_date = self.company_id._followup_opening()
        self.env.ref("l10n_be_followup.ir_cron_followup_text").sudo()._trigger(
            self.scheduled_date or fields.Datetime.now()
        )

    def _after_sent(self):
        # EXTENDS: what goes beside it may follow now
        result = super()._after_sent()
        for notice in self._family().filtered(lambda notice: notice.channel == "sms" and notice.state == "queued"):
            notice._schedule_text()
        return result

    def _family(self):
        """A message with everything that goes beside it, seen from any of them."""
        leads = self.lead_id | self.filtered(lambda notice: not notice.lead_id)
        return leads | leads.companion_ids

    @api.model
    def _cron_text(self):
        """Send the text messages whose time has come."""
        waiting = self.search(
            [
                ("channel", "=", "sms"),
                ("state", "=", "queued"),
                "|",
                ("scheduled_date", "=", False),
                ("scheduled_date", "<=", fields.Datetime.now()),
            ],
            order="id",
        )
        self.env["ir.cron"]._commit_progress(remaining=len(waiting))
        for notice in waiting:
            try:
                notice._send_text()
            except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY as error:
                self.env.cr.rollback()
                _logger.info("Text message %s is left for the next pass: %s", notice.id, error)
            except psycopg2.Error:
                raise
            except Exception as error:
                self.env.cr.rollback()
                self.env.invalidate_all(flush=False)
                _logger.info("Text message %s cannot be sent", notice.id, exc_info=True)
                if notice.state == "queued":
                    notice._text_failed(str(error))
            if not self.env["ir.cron"]._commit_progress(1):
                break
        if waiting:
            states = Counter(waiting.exists().mapped("state"))
            facts = {
                state: states[state] for state in ("sent", "delivered", "failed", "unknown", "cancelled", "review")
            }
            _logger.info("%s", watch.line("texts", offered=len(waiting), waiting=states["queued"], **facts))

    def _send_text(self):
        """Look again, claim, and hand it to the provider: by one process, once."""
        self.ensure_one()
        if not self.customer_id.try_lock_for_update(allow_referencing=True) or not self.try_lock_for_update():
            return  # somebody is busy with this customer: the next pass has it
        self.invalidate_recordset()
        if self.state != "queued" or not self._text_may_leave():
            return
        passed = self._pass_brakes()
        if passed is None:
            return
        now = fields.Datetime.now()
        self._go(
            "sending",
            claim_date=now,
            attempt=uuid.uuid4().hex,
            attempts=self.attempts + 1,
            sha256=self._fingerprint(),
            **passed,
        )
        self.env["followup.restore"]._sign()
        self.env.flush_all()
        note = self._journal_note("claim")
        self.env.cr.commit()
        note()
        self._reserve_customer()
        self._hand_over_text()
        self.env.flush_all()
        self.env.cr.commit()

    def _text_may_leave(self):
        """Every reason not to send it, looked at just before it leaves."""
        company = self.company_id
        if self.env["ir.config_parameter"].sudo().get_param("database.is_neutralized"):
            self._cancel(self.env._("neutralised copy of a database"))
            return False
        opening = company._followup_opening()
        if opening:
            self.scheduled_date = opening
            return False
        if not self.approved_by and not company._followup_live_partners(self.partner_id):
            self._go("review", review_reasons=["outside_segment" if company.followup_live else "safe_mode"])
            self.customer_id._refresh()
            return False
        beside = self._family().filtered(lambda notice: notice._is_written())
        if not beside.filtered(lambda notice: notice.state in LEFT):
            if all(notice.state in DEAD for notice in beside):
                self._cancel(self.env._("the message that it goes beside did not leave"))
            else:
                # Held back until that one left: `_after_sent` calls this one. Looked at again tomorrow all the same.
                self.scheduled_date = fields.Datetime.now() + timedelta(hours=12)
            return False
        obstacle = self.partner_id._followup_text_obstacle(company)
        if obstacle:
            self._cancel(obstacle)
            return False
        return self._text_still_due()

    def _text_still_due(self):
        engine = self.env["followup.engine"]
        today = self.company_id._followup_today()
        decision = engine._decide_for_notice(self, today)
        if not decision.message:
            reasons = engine._explain(application.pack_reasons(decision.reasons))
            self._cancel(reasons or self.env._("nothing is due any more"))
            self.customer_id._refresh()
            return False
        vals = engine._notice_values(self.company_id, decision, today, manual=self.manual, channel="sms")
        if vals["fingerprint"] != self._content_key() or vals["phone_to"] != self.phone_to:
            vals["line_ids"] = [(command, ident, dict(line, live=False)) for command, ident, line in vals["line_ids"]]
            self._rebuild(vals)
        return True

    def _hand_over_text(self):
        """Give a claimed text message to Odoo's `sms`; the provider's answer comes through its tracker."""
        company = self.company_id
        sms = (
            self.env["sms.sms"]
            .sudo()
            .with_company(company)
            .create(
                {
                    "uuid": self.attempt,
                    "number": self.phone_to,
                    "body": self.text,
                    "partner_id": self.recipient_id.id,
                }
            )
        )
        self.env["sms.tracker"].sudo().create({"sms_uuid": self.attempt, "followup_notice_id": self.id})
        try:
            sms._send(unlink_failed=True, unlink_sent=True, raise_exception=True)
        except Exception as error:
            _logger.info("Text message %s: %s", self.name, error, exc_info=True)
            # Not left for Odoo's own queue, which would send it again.
            sms.unlink()
            if provider.never_taken(error):
                self._text_failed(str(error), later=True)
            else:
                self._mark_unknown(str(error))

    def _text_result(self, state, failure_type=None, reason=None):
        """What the provider says, at once or in a later report.

        :param state: state of `sms.sms`: `process`, `pending` (sent), `sent` (delivered), `error`, `canceled`
        """
        self.ensure_one()
        if state in ("process", "pending"):
            if self.state in ("sending", "unknown"):
                self._go("sent", sent_date=fields.Datetime.now(), failure=False)
        elif state == "sent":
            if self.state in ("sending", "unknown"):
                self._go("sent", sent_date=fields.Datetime.now(), failure=False)
            if self.state == "sent":
                self._go("delivered", delivered_on=self.company_id._followup_today())
        elif state in ("error", "canceled"):
            words = self._describe_text_failure(failure_type, reason)
            if self.state == "sending":
                self._text_failed(words, later=failure_type == "sms_server")
            elif self.state in ("sent", "delivered"):
                self._go("bounced", bounced_date=fields.Datetime.now(), failure=words)
                self._note_text_failure(words)

    def _text_failed(self, reason, later=False):
        """It did not leave. Seen on the notice and in the customer's history; the ladder goes on without it."""
        if later and self.attempts < MAX_ATTEMPTS:
            if self.state == "sending":
                self._go("failed", failure=reason)
                self._go("queued")
            retry_at = fields.Datetime.now() + timedelta(minutes=15 * 2**self.attempts)
            self.with_context(followup_engine=True).write({"failure": reason, "scheduled_date": retry_at})
            self.env.ref("l10n_be_followup.ir_cron_followup_text").sudo()._trigger(retry_at)
            return
        self._go("failed", failure=reason)
        self._note_text_failure(reason)

    def _mark_unknown(self, reason=None):
        # EXTENDS: whether a text message arrived is looked up with its provider, and holds up nothing
        if self.channel != "sms":
            return super()._mark_unknown(reason)
        text = self.env._(
            "The connection broke while it was being sent, so it is unknown whether %(number)s has it. Check with the "
            "provider of text messages, then say so on the notice. %(reason)s",
            number=self.phone_to,
            reason=reason or "",
        )
        self._go("unknown", failure=text)
        return self._note_text_failure(text)

    def _note_text_failure(self, reason):
        self.customer_id.sudo().message_post(
            body=self.env._(
                "Text message %(notice)s to %(number)s did not arrive: %(reason)s",
                notice=self.name,
                number=self.phone_to,
                reason=reason,
            )
        )

    def _describe_text_failure(self, failure_type, reason=None):
        """The provider's answer in words that a person can act on."""
        words = {
            "sms_credit": self.env._(
                "no credit is left for text messages. Buy credits under Settings > General Settings > Send SMS, then try again."
            ),
            "sms_acc": self.env._(
                "the account for text messages is not registered. Register it under Settings > General Settings > Send SMS."
            ),
            "sms_number_format": self.env._("the number %s is wrong. Correct it on the contact.", self.phone_to),
            "sms_number_missing": self.env._("the contact has no number. Add one."),
            "sms_country_not_supported": self.env._("the provider does not serve the country of %s.", self.phone_to),
            "sms_registration_needed": self.env._(
                "the country of %s asks for a registration with the provider first.", self.phone_to
            ),
            "sms_server": self.env._("the provider of text messages could not be reached."),
            "sms_invalid_destination": self.env._("the number %s does not exist.", self.phone_to),
            "sms_expired": self.env._("the phone could not be reached for too long."),
            "sms_not_delivered": self.env._("the operator could not deliver it."),
            "sms_rejected": self.env._("the operator refused it."),
            "sms_not_allowed": self.env._("the operator does not allow messages to %s.", self.phone_to),
        }
        return words.get(failure_type) or reason or self.env._("no reason given")

    def action_retry(self):
        # EXTENDS: a failed text message is offered again in the sending hours, to the number as it is now
        texts = self._for_user().filtered(lambda notice: notice.channel == "sms")
        others = self.browse((self.sudo() - texts).ids)
        result = super(FollowupNotice, others).action_retry() if others or not texts else True
        for notice in texts:
            if notice.state != "failed":
                raise UserError(self.env._("Only a failed notice can be tried again."))
            route = notice.partner_id._followup_route(notice.company_id, channel="sms")
            notice._go(
                "queued",
                failure=False,
                attempts=0,
                approved_by=self.env.uid,
                approved_date=fields.Datetime.now(),
                **route._prepare_notice(),
            )
            notice._queue()
        return result
