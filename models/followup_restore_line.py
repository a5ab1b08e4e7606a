from odoo import fields, models

from .followup_notice import CHANNELS


class FollowupRestoreLine(models.Model):
    """A message that left and that the database does not know, as the journal has it."""

    _name = "followup.restore.line"
    _description = "Message from before a Restored Backup"
    _order = "left_date, id"

    restore_id = fields.Many2one("followup.restore", required=True, readonly=True, ondelete="cascade", index=True)
    company_id = fields.Many2one(related="restore_id.company_id", store=True)
    attempt = fields.Char(required=True, readonly=True)
    notice_number = fields.Integer(readonly=True)
    name = fields.Char("Message", readonly=True)
    channel = fields.Selection(CHANNELS, readonly=True)
    customer_name = fields.Char("Customer", readonly=True)
    customer_id = fields.Many2one("followup.customer", "Follow-up", readonly=True, ondelete="set null")
    left_date = fields.Datetime("Left On", readonly=True)
    result = fields.Selection(
        [
            ("sent", "Accepted by the mail server"),
            ("failed", "Refused"),
            ("printed", "Printed"),
            ("unknown", "Unknown"),
        ],
        readonly=True,
    )
    message_id = fields.Char("Message-ID", readonly=True)
    content = fields.Json(readonly=True)
    count = fields.Boolean(
        "Count as Sent", help="The customer is taken to have it; otherwise it is as if it never left."
    )
    outcome = fields.Char(readonly=True)
    notice_id = fields.Many2one("followup.notice", readonly=True, ondelete="set null")

    _attempt_unique = models.UniqueIndex("(attempt)", "This message is listed already.")

    def write(self, vals):
        """Who answers ticks what counts; the rest is what was found."""
        if not self.env.su and set(vals) - {"count"}:
            vals = {name: value for name, value in vals.items() if name == "count"}
        return super().write(vals)
