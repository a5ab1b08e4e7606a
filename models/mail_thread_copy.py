from odoo import api, models, tools


class MailThread(models.AbstractModel):
    _inherit = "mail.thread"

    @api.model
    def _routing_handle_bounce(self, email_message, message_dict):
        """EXTENDS mail: a copy that comes back is noted on its notice, which it does not bring back."""
        super()._routing_handle_bounce(email_message, message_dict)
        message = message_dict.get("bounced_message")
        if not message:
            return
        copies = (
            self.env["mail.mail"]
            .sudo()
            .search([("mail_message_id", "in", message.ids), ("followup_copy_notice_id", "!=", False)])
        )
        reason = " ".join(tools.html2plaintext(message_dict.get("body") or "").split())[:300]
        for mail in copies:
            mail.followup_copy_notice_id._copy_failed(
                mail.followup_copy_to, reason or self.env._("the mail server returned it")
            )
