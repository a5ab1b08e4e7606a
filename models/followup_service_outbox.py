from odoo import fields, models


class FollowupService(models.Model):
    """Counts the events of a service, so that they keep their order outside."""

    _inherit = "followup.service"

    event_ids = fields.One2many("followup.service.event", "service_id", "Events", readonly=True)
    event_sequence = fields.Integer("Last Event", readonly=True, copy=False, help="Number of its last event.")

    def _next_event_sequence(self):
        """The number of the next event; whoever emits for the same service waits, and then begins again.

        :rtype: int
        """
        self.ensure_one()
        self.flush_recordset()
        self.env.cr.execute(
            """UPDATE followup_service SET event_sequence = COALESCE(event_sequence, 0) + 1
                WHERE id = %s RETURNING event_sequence""",
            [self.id],
        )
        [number] = self.env.cr.fetchone()
        self.invalidate_recordset(["event_sequence"])
        return number
