import logging
import smtplib

import psycopg2
from odoo import api, fields, models, modules
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY

from ..engine import bulk

_logger = logging.getLogger(__name__)


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
        for mail_id in notices.ids:
            # By itself: each commit empties the cache, and the next read would fetch all the others again.
            mail = self.browse(mail_id)
            try:
                claimed = mail.followup_notice_id._claim(mail)
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
            try:
                super(MailMail, mail)._send(raise_exception=False, **options)
            except smtplib.SMTPServerDisconnected as error:
                # Before or after the final dot? Nobody can tell: the claim stands, a person looks.
                _logger.warning("Follow-up notice %s: %s", mail.followup_notice_id.name, error)
                mail.followup_notice_id._mark_unknown(str(error))
                self.env.cr.commit()
                # The session is dead: what is left goes with the next one.
                self.env.ref("mail.ir_cron_mail_scheduler_action").sudo()._trigger()
                break
            self.env.cr.commit()
        return result

    def _followup_give_up(self, mail, error):
        """What could not even be prepared for sending: nothing left, a person is asked."""
        self.env.cr.rollback()
        self.env.invalidate_all(flush=False)
        _logger.info("Follow-up notice of mail %s cannot be sent", mail.id, exc_info=True)
        notice = mail.followup_notice_id
        if notice.state == "queued":
            notice._fail(str(error))
            mail.write({"state": "cancel", "failure_reason": str(error)})
        self.env.cr.commit()

    def _postprocess_sent_message(self, success_pids, success_emails, failure_reason=False, failure_type=None):
        # EXTENDS mail: the one place that hears of every result, also when the server could not be reached
        for mail in self.filtered("followup_notice_id"):
            mail.followup_notice_id._record_result(mail, failure_type or mail.failure_type)
        return super()._postprocess_sent_message(
            success_pids, success_emails, failure_reason=failure_reason, failure_type=failure_type
        )

    def action_retry(self):
        """EXTENDS mail: a mail of a notice is tried again from the notice, where it is decided again."""
        return super(MailMail, self.filtered(lambda mail: not mail.followup_notice_id)).action_retry()
