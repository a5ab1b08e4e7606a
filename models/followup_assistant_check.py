from odoo import fields, models

STATUSES = [("ok", "In order"), ("warning", "To look at"), ("bad", "Must be put right")]


class FollowupAssistantCheck(models.Model):
    """One thing that must be in order before notices leave, as it was when somebody looked."""

    _name = "followup.assistant.check"
    _description = "Check of the Start Assistant"
    _order = "assistant_id, sequence, id"

    assistant_id = fields.Many2one("followup.assistant", required=True, readonly=True, ondelete="cascade", index=True)
    company_id = fields.Many2one(related="assistant_id.company_id", store=True)
    sequence = fields.Integer(readonly=True)
    code = fields.Char(required=True, readonly=True)
    name = fields.Char("What", readonly=True)
    status = fields.Selection(STATUSES, required=True, readonly=True)
    message = fields.Text("Found", readonly=True)

    def action_open(self):
        """Open the screen on which it is put right."""
        self.ensure_one()
        return self.assistant_id._check_action(self.code)
