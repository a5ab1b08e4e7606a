import logging
import smtplib
from datetime import timedelta

from odoo import fields, models, tools
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY

from ..engine.smtp_attempt import is_over

_logger = logging.getLogger(__name__)


class MailMail(models.Model):
    """Copies of a notice: the same message, handed to the mail server for one address, at most once."""

    _inherit = "mail.mail"

    followup_copy_notice_id = fields.Many2one(
        "followup.notice", index="btree_not_null", ondelete="set null", readonly=True
    )
    followup_copy_to = fields.Char(readonly=True)

    def _prepare_outgoing_list(self, mail_server=False, doc_to_followers=None):
        """EXTENDS mail: To and Cc are what people read; each address is reached by a mail of its own.

        In one delivery the mail server could refuse the recipient, take the copies, and call that sent.
        """
        results = super()._prepare_outgoing_list(mail_server=mail_server, doc_to_followers=doc_to_followers)
        if self.followup_notice_id or self.followup_copy_notice_id:
            address = self.followup_copy_to if self.followup_copy_notice_id else self.email_to
            for result in results:
                result["email_to_normalized"] = tools.mail.email_normalize_all(address) or ["-"]
        return results

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
        copies = self.filtered("followup_copy_notice_id")
        others = self - copies
        notices = others.followup_notice_id  # an ordinary mail deletes itself when it left
        result = super(MailMail, others)._send(raise_exception=raise_exception, **options) if others else True
        if self.env["ir.mail_server"]._disable_send():
            return result
        for mail_id in copies.ids:
            mail = self.browse(mail_id)  # by itself: each commit empties the cache
            if is_over(smtp_session):
                break
            try:
                if not mail._followup_claim_copy():
                    continue
            except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
                # Another process has it in hands. The notice itself is committed: nothing begins again for a copy.
                self.env.cr.rollback()
                self.env.invalidate_all(flush=False)
                continue
            try:
                super(MailMail, mail)._send(raise_exception=False, **options)
            except smtplib.SMTPServerDisconnected as error:
                # It may be there or not: it is not sent again, and the notice says so.
                mail.followup_copy_notice_id._copy_failed(mail.followup_copy_to, str(error))
                self.env.cr.commit()
                break
            self.env.cr.commit()
        waiting = notices.copy_mail_ids.filtered(lambda mail: mail.state == "outgoing")
        if waiting:
            waiting.send(auto_commit=auto_commit)
        return result

    def _followup_claim_copy(self):
        """Take this copy, committed, before the mail server hears of it: whoever comes later finds it taken.

        :return: True when it may be handed to the mail server now, by this process and no other
        """
        self.ensure_one()
        if not self.try_lock_for_update():
            return False
        self.invalidate_recordset()
        if self.state != "outgoing":
            return False
        notice = self.followup_copy_notice_id
        if self.env["ir.config_parameter"].sudo().get_param("database.is_neutralized"):
            self.write({"state": "cancel", "failure_reason": self.env._("neutralised copy of a database")})
            return False
        if notice.company_id._followup_is_stopped():
            self.scheduled_date = fields.Datetime.now() + timedelta(days=1)
            return False
        opening = None if self.env.context.get("followup_send_now") else notice.company_id._followup_opening()
        if opening:
            self.scheduled_date = opening
            return False
        self.write({"state": "exception", "failure_reason": self.env._("taken for sending, without a result")})
        self.env.flush_all()
        self.env.cr.commit()
        self.state = "outgoing"
        return True

    def _postprocess_sent_message(self, success_pids, success_emails, failure_reason=False, failure_type=None):
        # EXTENDS mail
        for mail in self.filtered(lambda mail: mail.followup_copy_notice_id and mail.state == "exception"):
            mail.followup_copy_notice_id._copy_failed(
                mail.followup_copy_to, mail.failure_reason or failure_reason or ""
            )
        return super()._postprocess_sent_message(
            success_pids, success_emails, failure_reason=failure_reason, failure_type=failure_type
        )
