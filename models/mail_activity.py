from odoo import models


class MailActivity(models.Model):
    _inherit = "mail.activity"

    def _action_done(self, feedback=False, attachment_ids=None):
        """EXTENDS mail: a call that was made is a step delivered."""
        calls = self.env["followup.notice"].sudo().search([("activity_id", "in", self.ids), ("state", "=", "queued")])
        result = super()._action_done(feedback=feedback, attachment_ids=attachment_ids)
        calls._call_done()
        return result
