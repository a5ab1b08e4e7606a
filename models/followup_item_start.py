from datetime import timedelta

from odoo import fields, models
from odoo.exceptions import UserError

#: How long an older item waits when somebody holds it in the list.
HOLD_DAYS = 30


class FollowupItem(models.Model):
    """Items from before the cut-off date: a person looks at them once, and decides."""

    _inherit = "followup.item"

    left_alone = fields.Boolean(readonly=True, help="A person looked at this older item and leaves it as it is.")

    def action_include_older(self):
        """Follow these up, although they fell due before the cut-off date."""
        items = self._for_decision()
        items.write({"included": True, "left_alone": False})
        items._log_decision(self.env._("Followed up although older than the cut-off date: %s"))
        items.customer_id._refresh()

    def action_leave_older(self):
        """Leave these alone: no automatic step, and not in the list of what is to be looked at."""
        items = self._for_decision()
        items.write({"included": False, "left_alone": True})
        items._log_decision(self.env._("Older than the cut-off date and left alone: %s"))
        items.customer_id._refresh()

    def action_hold_older(self):
        """Include these, but wait for thirty days."""
        items = self._for_decision()
        items.write({"included": True, "left_alone": False})
        until = self.env.company._followup_today() + timedelta(days=HOLD_DAYS)
        self.env["followup.hold"].create(
            [
                {
                    "customer_id": customer.id,
                    "move_id": move.id,
                    "until": until,
                    "reason": self.env._("Older item, still to look at"),
                    "user_id": self.env.uid,
                }
                for customer, own in items.grouped("customer_id").items()
                for move in own.move_id
            ]
        )
        items.customer_id._refresh()

    def _for_decision(self):
        """These items with the rights to decide on them.

        :raises UserError: without the rights of a follow-up user
        """
        self.check_access("read")
        if not self.env.user.has_group("l10n_be_followup.l10n_be_followup_group_user"):
            raise UserError(self.env._("You need the rights of a follow-up user to do this."))
        return self.sudo().filtered("is_open")

    def _log_decision(self, text):
        bodies = {
            customer.id: text % ", ".join(name or "" for name in own.mapped("move_id.name"))
            for customer, own in self.grouped("customer_id").items()
        }
        if bodies:
            self.customer_id._message_log_batch(bodies=bodies, author_id=self.env.user.partner_id.id)
