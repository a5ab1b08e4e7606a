from odoo import fields, models


class FollowupLevel(models.Model):
    """From which level on a customer's escalation contact hears of it too."""

    _inherit = "followup.level"

    escalate = fields.Boolean(
        "Also to the Escalation Contact",
        help="From this level on the customer's escalation contact gets a visible copy. Customers without one notice "
        "nothing of it.",
    )

    def _escalates(self):
        """Whether this level, or one before it in its policy, brings in the escalation contact."""
        self.ensure_one()
        place = (self.sequence, self.id)
        return any(
            level.escalate and level.active and (level.sequence, level.id) <= place
            for level in self.policy_id.level_ids
        )
