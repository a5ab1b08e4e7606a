from datetime import timedelta

from odoo import api, fields, models, tools


class FollowupNotice(models.Model):
    """Visible copies. Each leaves by itself, after the notice: what becomes of one decides nothing for the notice."""

    _inherit = "followup.notice"

    email_cc = fields.Char("Copies To", readonly=True, help="They stand in the message, visible for everybody.")
    copy_mail_ids = fields.One2many("mail.mail", "followup_copy_notice_id", "E-mails of Copies")
    copy_failure = fields.Text(
        "Copies Not Delivered", readonly=True, help="The notice itself reached its recipient or not apart from this."
    )

    def _addressed_otherwise(self, vals):
        """Whether fresh values go to others, in another form of address or tone, or in another name than this notice."""
        self.ensure_one()
        said = self.read(
            ["email_to", "address", "email_cc", "email_from", "informal", "tone", "responsible_id"], load=None
        )[0]
        return any(vals[name] != value for name, value in said.items() if name in vals)

    def _copy_addresses(self):
        # EXTENDS: a report that names only a copy brings no notice back
        return super()._copy_addresses() | set(tools.mail.email_normalize_all(self.email_cc or ""))

    @api.model
    def _tell_lost_copies(self, company, now):
        """A copy that was taken for sending an hour ago, by a process that was killed: whether it arrived is unknown."""
        taken = (
            self.env["mail.mail"]
            .sudo()
            .search(
                [
                    ("followup_copy_notice_id.company_id", "=", company.id),
                    ("state", "=", "exception"),
                    ("write_date", "<", now - timedelta(hours=1)),
                ]
            )
        )
        for mail in taken:
            if mail.followup_copy_to not in (mail.followup_copy_notice_id.copy_failure or ""):
                mail.followup_copy_notice_id._copy_failed(mail.followup_copy_to, mail.failure_reason or "")

    def _create_copies(self):
        """One mail for each copy, with the words that were sent; the queue takes them, each once."""
        mails = self.env["mail.mail"].sudo()
        for notice in self:
            for address in tools.mail.email_split_and_format_normalize(notice.email_cc):
                mails |= mails.create(
                    {
                        **notice._prepare_mail(False),
                        "body": notice._copy_words(address),
                        "followup_notice_id": False,
                        "followup_copy_notice_id": notice.id,
                        "followup_copy_to": address,
                    }
                )
        if mails:
            self.env.ref("mail.ir_cron_mail_scheduler_action").sudo()._trigger()
        return mails

    def _copy_words(self, address):
        """What stands in the timeline about a copy."""
        self.ensure_one()
        return self.env._(
            "Copy of %(notice)s: %(address)s", notice=self._get_html_link(title=self.name), address=address
        )

    def _copy_failed(self, address, reason):
        """A copy did not arrive: noted for people to read. The notice and its items stay where they are."""
        self.ensure_one()
        text = self.env._(
            "The copy of %(notice)s for %(address)s was not delivered: %(reason)s",
            notice=self.name,
            address=address,
            reason=reason.strip(),
        )
        if text in (self.copy_failure or ""):
            return
        self.sudo().copy_failure = "\n".join(filter(None, (self.copy_failure, text)))
        self.customer_id.sudo().message_post(body=text, subtype_xmlid="mail.mt_note")
