import hashlib
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime as mail_datetime

import pytz
from lxml import html
from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_datetime, html2plaintext


class FollowupNotice(models.Model):
    """The proof of a notice: read as it left, checked against its fingerprint, taken along as a file."""

    _inherit = "followup.notice"

    server_answer = fields.Char(
        "Mail Server's Answer", compute="_compute_server_answer", help="What became of the last attempt to send it."
    )

    @api.depends("state", "channel", "failure", "sent_date", "attempts")
    def _compute_server_answer(self):
        for notice in self:
            notice.server_answer = notice.channel == "email" and notice._describe_answer()

    def _describe_answer(self):
        self.ensure_one()
        if self.state in ("failed", "unknown") or (self.state == "bounced" and self.failure):
            return self.failure
        if self.sent_date:
            return self.env._(
                "accepted for delivery on %(moment)s, attempt %(attempt)s",
                moment=self._evidence_moment(self.sent_date),
                attempt=self.attempts or 1,
            )
        if self.state == "sending":
            return self.env._("no answer yet")
        return self.failure or False

    def _evidence_moment(self, moment):
        """A moment on the company's clock, to the second."""
        zone = self.company_id._followup_root().followup_tz or "Europe/Brussels"
        return format_datetime(self.env, moment, tz=zone, dt_format="medium") if moment else ""

    def _verify(self):
        """What of the stored content differs from what was sent; empty when it is equal.

        :rtype: list of str
        :raises UserError: when there is no fingerprint, because it was never sent by e-mail
        """
        self.ensure_one()
        self.check_access("read")
        if not self.sha256:
            raise UserError(self.env._("Notice %s has no fingerprint: it was not sent.", self.name))
        problems = []
        for attachment in self.sudo().attachment_ids:
            if hashlib.sha1(attachment.raw or b"", usedforsecurity=False).hexdigest() != attachment.checksum:
                problems.append(self.env._("the file %s is missing or was changed", attachment.name))
        if self.sudo()._fingerprint() != self.sha256:
            problems.append(
                self.env._(
                    "the fingerprint of what is stored now is another one: its text, addresses or attachments were changed, "
                    "or an invoice or a level that it names was deleted"
                )
            )
        return problems

    def action_verify(self):
        """Compute the fingerprint again from what is stored, and say whether it is equal."""
        self.ensure_one()
        problems = self._verify()
        if problems:
            kind, title = "danger", self.env._("Not equal")
            text = self.env._("Notice %(notice)s: %(problems)s.", notice=self.name, problems="; ".join(problems))
        else:
            kind, title = "success", self.env._("Equal")
            text = self.env._(
                "What is stored of notice %(notice)s is exactly what was sent. SHA-256: %(sha256)s",
                notice=self.name,
                sha256=self.sha256,
            )
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {"type": kind, "title": title, "message": text, "sticky": bool(problems)},
        }

    def action_download_eml(self):
        """The message as a file that every mail program opens."""
        self.ensure_one()
        self.check_access("read")
        if self.channel != "email" or not self.frozen:
            raise UserError(self.env._("Notice %s was not sent by e-mail.", self.name))
        return {"type": "ir.actions.act_url", "url": f"/followup/notice/{self.id}/eml", "target": "download"}

    def _eml(self):
        """The message that was sent, made again from the frozen content.

        Not the bytes that went over the line: the mail server and Odoo's queue add headers of their own.

        :rtype: bytes
        """
        self.ensure_one()
        # Fingerprint and Message-ID on one line each: a folded one begins with a space in some programs.
        message = EmailMessage(policy=SMTP.clone(max_line_length=200))
        moment = self.sent_date or self.claim_date
        for header, value in (
            ("From", self.email_from),
            ("To", self.email_to),
            ("Cc", self.email_cc),
            ("Reply-To", self.reply_to),
            ("Subject", self.subject),
            ("Date", moment and mail_datetime(pytz.utc.localize(moment))),
            ("Message-ID", self.message_id),
            ("X-Followup-Notice", self.name),
            ("X-Followup-SHA256", self.sha256),
        ):
            if value:
                message[header] = " ".join(value.split())
        body = str(self.body or "")
        message.set_content(html2plaintext(body))
        message.add_alternative(body, subtype="html")
        for attachment in self.sudo().attachment_ids:
            main, _slash, sub = (attachment.mimetype or "application/octet-stream").partition("/")
            message.add_attachment(
                attachment.raw or b"", maintype=main, subtype=sub or "octet-stream", filename=attachment.name
            )
        return message.as_bytes()

    def _evidence(self):
        """What the evidence sheet says, in the reader's language.

        :rtype: dict(steps: list of (label, text), proof: list of (label, text), files: list of dict, problems: list)
        """
        self.ensure_one()
        moment = self._evidence_moment
        steps = [
            (
                self.env._("Prepared"),
                self.prepared_on and self.env["ir.qweb.field.date"].value_to_html(self.prepared_on, {}),
            ),
            (
                self.env._("Approved"),
                self.approved_date and f"{moment(self.approved_date)}, {self.approved_by.name or ''}",
            ),
            (self.env._("Handed to the mail server"), moment(self.claim_date)),
            (self.env._("Mail server's answer"), self.server_answer),
            (self.env._("Sent"), moment(self.sent_date)),
            (
                self.env._("Counts as delivered on"),
                self.delivered_on and self.env["ir.qweb.field.date"].value_to_html(self.delivered_on, {}),
            ),
            (self.env._("Returned"), self.bounced_date and f"{moment(self.bounced_date)}: {self.failure or ''}"),
        ]
        proof = [
            (self.env._("From"), self.email_from),
            (self.env._("To"), self.email_to or self.address),
            (self.env._("Replies go to"), self.reply_to),
            (self.env._("Subject"), self.subject),
            (self.env._("Message-ID"), self.message_id),
            (self.env._("SHA-256"), self.sha256),
        ]
        return {
            "steps": [(label, text) for label, text in steps if text],
            "proof": [(label, text) for label, text in proof if text],
            "files": [
                {"name": file.name, "size": file.file_size, "sha256": hashlib.sha256(file.raw or b"").hexdigest()}
                for file in self.sudo().attachment_ids
            ],
            "problems": self._verify() if self.sha256 else [],
            "body": self._evidence_body(),
        }

    def _evidence_body(self):
        """The message without what would be fetched from the network: a proof stands by itself."""
        self.ensure_one()
        if not self.body:
            return ""
        tree = html.fromstring(f"<div>{self.body}</div>")
        for image in tree.iter("img"):
            if not (image.get("src") or "").startswith("data:"):
                image.tag = "span"
                image.text = f"[{image.get('alt') or self.env._('picture')}]"
                image.attrib.pop("src", None)
        return html.tostring(tree, encoding="unicode")
