from odoo import fields, models

#: How many rows the customer's own screen shows; the button opens them all.
SHOWN = 40


class FollowupCustomer(models.Model):
    """The customer's story on his own screen."""

    _inherit = "followup.customer"

    timeline_ids = fields.One2many(
        "followup.timeline",
        compute="_compute_timeline_ids",
        help="What happened and what is planned, the latest first.",
    )

    def _compute_timeline_ids(self):
        """The latest rows of each customer, read in one statement a customer; a screen shows one."""
        timeline = self.env["followup.timeline"]
        names = [name for name, field in timeline._fields.items() if not field.compute]
        for customer in self:
            customer.timeline_ids = timeline.search_fetch(
                [("customer_id", "=", customer._origin.id)], names, limit=SHOWN
            )

    def action_open_timeline(self):
        """Everything that happened with this customer, to filter and group."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("l10n_be_followup.followup_timeline_action")
        return action | {
            "display_name": self.env._("Timeline of %s", self.partner_id.display_name),
            "domain": [("customer_id", "=", self.id)],
            "context": {"followup_one_customer": True},
        }
