from odoo import api, models


class FollowupServiceEvent(models.Model):
    """While everything is stopped, the system that delivers the services hears of restorations only."""

    _inherit = "followup.service.event"

    @api.model
    def _stopped_companies(self):
        """Root companies whose follow-up somebody stopped."""
        return self.env["followup.brake"].sudo().search([("kind", "=", "stop"), ("state", "=", "holding")]).company_id

    @api.model
    def _after_stop(self, company):
        """Started again: a suspension that was not told, and was lifted since, is not told any more.

        Otherwise its receiver would cut off a service after it was restored.
        """
        held = self.search(
            [
                ("company_id", "child_of", company.id),
                ("kind", "=", "suspended"),
                ("state", "in", ("pending", "failed")),
                ("claimed", "!=", True),
            ]
        )
        lifted = self._read_group(
            [("service_number", "in", held.mapped("service_number")), ("kind", "=", "restored")],
            ["service_number"],
            ["sequence:max"],
        )
        newest = dict(lifted)
        over = held.filtered(lambda event: newest.get(event.service_number, 0) > event.sequence)
        if over:
            over._go("skipped", last_error=self.env._("Restored while everything was stopped."))
        held._call_queue()
