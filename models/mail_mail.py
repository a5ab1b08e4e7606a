import contextlib
import logging
import smtplib
import time

import psycopg2
from odoo import api, fields, models, modules
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY

from ..engine import bulk
from ..engine.smtp_attempt import SmtpAttempt, is_over
from .followup_notice_ready import READY_BATCH

_logger = logging.getLogger(__name__)

#: How often an answer of the mail server is noted again while others write the same rows.
ATTEMPTS = 5


class MailMail(models.Model):
    """A notice is claimed, committed, before the mail server hears of it, whoever sends the mail."""

    _inherit = "mail.mail"

    followup_notice_id = fields.Many2one("followup.notice", index="btree_not_null", ondelete="set null", readonly=True)

    @api.model
    def _followup_create(self, values):
        """Mails of many notices in one go; as `create` makes them, for a message and a mail without recipients' records."""
        messages = self.env["mail.message"]
        if not values:
            return
        if not (bulk.fits(self) and bulk.fits(messages)):
            self.create(values)
            return
        self.env.flush_all()
        mail_rows, message_rows, attached = [], [], []
        ids = bulk.next_ids(self.env, messages._table, len(values))
        mail_ids = bulk.next_ids(self.env, self._table, len(values))
        for mail_id, message_id, vals in zip(mail_ids, ids, values, strict=True):
            vals = dict(vals)
            attached += [
                (message_id, attachment) for _command, _id, files in vals.pop("attachment_ids") for attachment in files
            ]
            own = {name: vals.pop(name) for name in list(vals) if not self._fields[name].inherited}
            mail_rows.append({"id": mail_id, "mail_message_id": message_id, **own})
            message_rows.append({"id": message_id, **vals})
        bulk.insert(messages, message_rows)
        bulk.insert(self, mail_rows)
        if attached:
            self.env.cr.execute_values(
                "INSERT INTO message_attachment_rel (message_id, attachment_id) VALUES %s", attached, page_size=500
            )
        for name in ("mail.mail", "mail.message"):
            self.env[name].invalidate_model(flush=False)
        self.env["followup.notice"].invalidate_model(["mail_ids"], flush=False)
        self.env["followup.customer"].invalidate_model(["message_ids"], flush=False)

    def _send(
        self,
        auto_commit=False,
        raise_exception=False,
        smtp_session=None,
        alias_domain_id=False,
        mail_server=False,
        post_send_callback=None,
    ):
        # EXTENDS mail
        options = {
            "auto_commit": auto_commit,
            "smtp_session": smtp_session,
            "alias_domain_id": alias_domain_id,
            "mail_server": mail_server,
            "post_send_callback": post_send_callback,
        }
        notices = self.filtered("followup_notice_id")
        ordinary = self - notices
        result = True
        if ordinary:
            result = super(MailMail, ordinary)._send(raise_exception=raise_exception, **options)
        if self.env["ir.mail_server"]._disable_send():
            return result
        began, ready = time.monotonic(), {}
        free = notices._followup_unbraked(auto_commit)
        for place, mail_id in enumerate(free.ids):
            if is_over(smtp_session):
                # The mail server closed it after the message before: what is left goes with the next one.
                self._followup_next_pass()
                break
            if place % READY_BATCH == 0:
                ready = self._followup_make_ready(free.ids[place : place + READY_BATCH], auto_commit)
            # By itself: each commit empties the cache, and the next read would fetch all the others again.
            mail = self.browse(mail_id)
            try:
                claimed = mail.followup_notice_id._claim(mail, ready.get(mail.followup_notice_id.id))
            except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY as error:
                if not auto_commit:
                    raise  # a request: Odoo begins it again as a whole
                # Another process writes to this customer: his message waits for the next pass, the others go.
                self.env.cr.rollback()
                _logger.info("Follow-up notice of mail %s is left for the next pass: %s", mail.id, error)
                continue
            except psycopg2.Error:
                raise
            except Exception as error:
                # An address that went, a template that broke since: this one fails, the others go.
                if not auto_commit and not modules.module.current_test:
                    raise
                self._followup_give_up(mail, error)
                continue
            if not claimed:
                if auto_commit:
                    self.env.cr.commit()
                continue
            goes_on = self._followup_hand_over(
                mail,
                smtp_session,
                lambda claimed: super()._send(raise_exception=False, **options),
            )
            mail.followup_notice_id._journal_note("result")()
            if not goes_on:
                break
        notices._followup_log(time.monotonic() - began)
        return result

    def _followup_hand_over(self, mail, smtp_session, offer):
        """Offer a claimed notice to the mail server, and note, committed, what became of it.

        :param offer: a function that sends a mail as Odoo does
        :return: False when this session is over
        """
        notice = mail.followup_notice_id
        attempt = SmtpAttempt(smtp_session, notice.attempt)
        claimed = mail.with_context(followup_attempt=attempt)
        try:
            notice._reserve_customer()
            try:
                with attempt:
                    offer(claimed)
            except smtplib.SMTPServerDisconnected as error:
                _logger.warning("Follow-up notice %s: %s", notice.name, error)
                if attempt.certain:
                    # Its text did not leave: it is tried again, as after "try again later".
                    claimed.write({"state": "exception", "failure_reason": str(error)})
                    claimed._postprocess_sent_message([], [], failure_type="mail_smtp")
                else:
                    # Before or after the final dot? Nobody can tell: the claim stands, a person looks.
                    notice._mark_unknown(str(error))
                self._followup_next_pass()
                self.env.cr.commit()
                return False
            self.env.cr.commit()
        except psycopg2.Error as error:
            # A conflict of transactions, or the database went away, between the claim and the note of the answer.
            if not attempt.certain or not self._followup_note_apart(mail, attempt):
                raise
            _logger.info("The answer about the notice of mail %s was noted at a second attempt: %s", mail.id, error)
            self.env.cr.rollback()  # raises when the connection is gone: then the rest waits for the next pass
            self.env.invalidate_all(flush=False)
        return True

    def _followup_next_pass(self):
        self.env.ref("mail.ir_cron_mail_scheduler_action").sudo()._trigger()

    def _followup_note_apart(self, mail, attempt):
        """Note what became of a message in a transaction of its own: the one in which it was sent is broken.

        :return: whether it is noted; if not, the claim stands, and becomes *unknown, check*
        """
        with contextlib.suppress(psycopg2.Error):
            self.env.cr.rollback()  # what it holds must not be in our way
        for _attempt in range(ATTEMPTS):
            try:
                with self.env.registry.cursor() as cr:
                    same = mail.with_env(self.env(cr=cr)).with_context(followup_attempt=attempt)
                    notice = same.followup_notice_id
                    cr.execute("SELECT FROM followup_customer WHERE id = %s FOR NO KEY UPDATE", [notice.customer_id.id])
                    if notice.state == "sending" and notice.attempt == attempt.key:
                        if attempt.accepted:
                            same.write({"state": "sent", "failure_type": False, "failure_reason": False})
                            same._postprocess_sent_message([], [])
                        else:
                            same.write({"state": "exception", "failure_reason": same.env._("the database was away")})
                            same._postprocess_sent_message([], [], failure_type="mail_smtp")
                return True
            except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
                continue
            except psycopg2.Error:
                _logger.warning("The answer about the notice of mail %s could not be noted", mail.id, exc_info=True)
                return False
        return False

    def _followup_make_ready(self, ids, auto_commit):
        """Decide the next mails of the queue together, committed.

        :return: dict of notice id -> what `followup.notice._claim` takes; empty: each is decided when it is its turn
        """
        if len(ids) < 2 or self.env.context.get("followup_send_now"):
            return {}
        neutralized = self.env["ir.config_parameter"].sudo().get_param("database.is_neutralized")
        try:
            ready = {} if neutralized else self.browse(ids).followup_notice_id._make_ready()
            self.env.flush_all()
            self.env.cr.commit()
            return ready
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY as error:
            if not auto_commit and not modules.module.current_test:
                raise  # a request: Odoo begins it again as a whole
            self.env.cr.rollback()
            self.env.invalidate_all(flush=False)
            _logger.info("Follow-up mails %s are decided one by one: %s", ids, error)
            return {}

    def _followup_give_up(self, mail, error):
        """What could not even be prepared for sending: nothing left, a person is asked.

        A server without space, or without one of its files, is not this notice's fault: it is tried again.
        """
        self.env.cr.rollback()
        self.env.invalidate_all(flush=False)
        _logger.info("Follow-up notice of mail %s cannot be sent", mail.id, exc_info=True)
        notice = mail.followup_notice_id
        if notice.state == "queued" and isinstance(error, OSError):
            mail.write({"state": "exception", "failure_reason": str(error)})
            notice._record_result(mail, "mail_smtp")
        elif notice.state == "queued":
            notice._fail(str(error))
            mail.write({"state": "cancel", "failure_reason": str(error)})
        self.env.cr.commit()

    def _postprocess_sent_message(self, success_pids, success_emails, failure_reason=False, failure_type=None):
        # EXTENDS mail: the one place that hears of every result, also when the server could not be reached
        attempt = self.env.context.get("followup_attempt")
        for mail in self.filtered("followup_notice_id"):
            notice = mail.followup_notice_id
            if notice.state == "sending" and (not attempt or attempt.key != notice.attempt):
                # Another process has it in hands, and could reach the mail server: what happened here is no answer.
                mail.state = "outgoing"
                continue
            notice._record_result(mail, failure_type or mail.failure_type)
        return super()._postprocess_sent_message(
            success_pids, success_emails, failure_reason=failure_reason, failure_type=failure_type
        )

    def action_retry(self):
        """EXTENDS mail: a mail of a notice is tried again from the notice, where it is decided again."""
        return super(MailMail, self.filtered(lambda mail: not mail.followup_notice_id)).action_retry()
