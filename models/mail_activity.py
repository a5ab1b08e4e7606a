from odoo import models


class MailActivity(models.Model):
    _inherit = "mail.activity"

    def _action_done(self, feedback=False, attachment_ids=None):
        """EXTENDS mail: a call is closed by its outcome, not by a tick; then it is a step delivered."""
        calls = self.env["followup.notice"].sudo().search([("activity_id", "in", self.ids), ("state", "=", "queued")])
        if calls and not self.env.context.get("followup_call_logged"):
            calls.with_env(self.env)._ask_for_outcome()
        result = super()._action_done(feedback=feedback, attachment_ids=attachment_ids)
        calls._call_done()
        return result
