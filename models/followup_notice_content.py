import hashlib
import json

import psycopg2
from odoo import models
from odoo.exceptions import UserError
from odoo.tools import is_html_empty

from ..engine import application
from ..engine.template_fault import cause_of, left_over
from .followup_notice import FROZEN


class FollowupNotice(models.Model):
    """What a notice says, and the fingerprint that proves it."""

    _inherit = "followup.notice"

    def _content_key(self):
        """What makes two versions of a message differ for the customer: items, levels, amounts and credits."""
        self.ensure_one()
        return application.content_key(
            [
                (line.item_id.id, line.level_id.id, line.advances, line.currency_id.id, line.amount_residual)
                for line in self.line_ids
            ],
            self.credits,
        )

    def _fingerprint(self):
        self.ensure_one()
        self._ensure_rendered()
        content = {
            "reference": self.name,
            "to": self._fingerprint_recipient(),
            "from": self.email_from,
            "subject": self.subject,
            "body": str(self.body or ""),
            "lines": self._content_key(),
            "attachments": sorted(self.attachment_ids.mapped("checksum")),
        }
        if self.email_cc:
            content["cc"] = self.email_cc
        return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()

    def web_read(self, specification):
        """EXTENDS web: who opens one notice reads its words; the night leaves them to be rendered."""
        if len(self) == 1 and self.exists():
            self.check_access("read")
            self._ensure_rendered()
        return super().web_read(specification)

    # The web client reads on a read-only connection where it can; this one may write.
    web_read._readonly = False

    def _ensure_rendered(self):
        """Render what is still without words, also in the mails that wait."""
        bare = self.sudo().filtered(
            lambda notice: not notice.body and notice.channel != "call" and notice.state not in FROZEN
        )
        if not bare:
            return
        bare._render()
        for mail in bare.mail_ids.filtered(lambda mail: mail.state in ("outgoing", "exception")):
            mail.write(mail.followup_notice_id._prepare_mail_content())

    def _render(self):
        """Render subject and body in the customer's language; in batches, one pass per template."""
        self._leave_lost_languages()
        for template, notices in self.grouped(lambda notice: notice._template()).items():
            for lang, same in notices.grouped("lang").items():
                subjects, intros = same._render_words(template.sudo().with_context(lang=lang))
                for notice in same:
                    notice.subject = subjects[notice.id]
                    notice.body = notice._wrap(intros[notice.id])
        for notice in self.filtered(lambda notice: notice.level_id.attach_invoices):
            notice._attach_invoices()
        for notice in self.filtered(lambda notice: notice.purpose == "arrangement"):
            notice._attach_arrangement()

    def _leave_lost_languages(self):
        """A language that was deactivated since: the message is written in the next best one."""
        installed = dict(self.env["res.lang"].get_installed())
        for notice in self.filtered(lambda notice: notice.lang and notice.lang not in installed):
            notice.lang = self.env["followup.engine"]._message_lang(notice.partner_id, notice.company_id)

    def _render_words(self, template):
        """Subject and words of these messages, by id.

        :param template: `mail.template` in the language of the messages
        :raises UserError: names the template, what is wrong in it and where to correct it; nothing is sent without words
        """
        subjects = self._render_field_of(template, "subject")
        intros = self._render_field_of(template, "body_html", options={"post_process": True})
        for notice in self:
            subject, intro = subjects[notice.id], intros[notice.id]
            if not (subject or "").strip():
                raise UserError(self._describe_template_fault(template, self.env._("it has no subject")))
            if is_html_empty(intro):
                raise UserError(self._describe_template_fault(template, self.env._("it has no words")))
            mistake = left_over(template.subject, subject) or left_over(template.body_html, intro)
            if mistake:
                problem = self.env._("the placeholder %s is not filled in but would be read as it stands", mistake)
                raise UserError(self._describe_template_fault(template, problem))
        return subjects, intros

    def _render_field_of(self, template, name, **options):
        """:raises UserError: names the template, its language and the first cause, never a traceback"""
        try:
            return template._render_field(name, self.ids, **options)
        except psycopg2.Error:
            raise
        except Exception as error:
            raise UserError(self._describe_template_fault(template, cause_of(error))) from error

    def _describe_template_fault(self, template, problem):
        lang = template.env.context.get("lang")
        language = self.env["res.lang"].with_context(active_test=False).search([("code", "=", lang)], limit=1)
        return self.env._(
            "The template %(template)s cannot be used in %(language)s: %(problem)s. Correct it on the level of the policy, "
            "or under Settings > Technical > Email Templates; then it is tried again.",
            template=template.name,
            language=language.name or lang or "en_US",
            problem=problem,
        )

    def _wrap(self, intro):
        """Put the template's words into the frame that no template can leave out: items, payment, law, sender."""
        self.ensure_one()
        notice = self.sudo().with_context(lang=self.lang)
        if self.purpose == "level":
            frame, values = "l10n_be_followup.followup_notice_email", notice._prepare_body_values(intro)
        elif self.suspension_id:
            frame, values = "l10n_be_followup.followup_service_email", notice._service_values(intro)
        else:
            frame, values = "l10n_be_followup.followup_agreement_email", notice._agreement_values(intro)
        return self.env["ir.qweb"].with_context(lang=self.lang)._render(frame, values)

    def _prepare_body_values(self, intro):
        return application.body_values(self, intro)

    def _attach_invoices(self):
        attachments = self.env["ir.attachment"].sudo()
        for move in self.line_ids.move_id.filtered(lambda move: move.is_invoice()):
            document = move._get_invoice_legal_documents("pdf", allow_fallback=True)
            if document:
                attachments |= attachments.create(
                    {
                        "name": document["filename"],
                        "raw": document["content"],
                        "mimetype": "application/pdf",
                        "res_model": self._name,
                        "res_id": self.id,
                    }
                )
        self.attachment_ids = attachments

    def _attach_arrangement(self):
        """The arrangement as PDF, in the customer's language; a message that is rendered again gets a fresh one."""
        self.ensure_one()
        name, content = self.arrangement_id._pdf(self.lang)
        attachments = self.env["ir.attachment"].sudo()
        self.attachment_ids = attachments.create(
            {
                "name": name,
                "raw": content,
                "mimetype": "application/pdf",
                "res_model": self._name,
                "res_id": self.id,
            }
        )
