from odoo import api, models


class MailThread(models.AbstractModel):
    _inherit = "mail.thread"

    @api.model
    def _routing_handle_bounce(self, email_message, message_dict):
        """EXTENDS mail: a notice that comes back was not delivered, and a consumer's fourteen days did not begin."""
        super()._routing_handle_bounce(email_message, message_dict)
        message = message_dict.get("bounced_message")
        if not message:
            return
        mails = (
            self.env["mail.mail"]
            .sudo()
            .search([("mail_message_id", "in", message.ids), ("followup_notice_id", "!=", False)])
        )
        notices = mails.followup_notice_id
        if notices:
            self.env["followup.notice.report"].sudo()._receive(email_message, notices)
