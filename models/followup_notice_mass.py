from odoo import models
from odoo.exceptions import UserError


class FollowupNotice(models.Model):
    """One step for several notices, from the list; and an approval that is taken back in time."""

    _inherit = "followup.notice"

    def action_mass_approve(self):
        return self.env["followup.mass.wizard"]._open("approve", self)

    def action_mass_send(self):
        return self.env["followup.mass.wizard"]._open("send", self)

    def action_mass_reject(self):
        return self.env["followup.mass.wizard"]._open("reject", self)

    def _take_back_approval(self):
        """Back to review, as long as it waits for its hour.

        :raises UserError: when it left, or leaves at this moment
        """
        for notice in self._for_user():
            free = notice.customer_id.try_lock_for_update(allow_referencing=True) and notice.try_lock_for_update()
            notice.invalidate_recordset(["state"])
            if not free or notice.state != "queued":
                raise UserError(self.env._("Notice %s is on its way already and cannot be taken back.", notice.name))
            for own in notice | notice.companion_ids.filtered(lambda other: other.state == "queued"):
                own.mail_ids.filtered(lambda mail: mail.state == "outgoing").write({"state": "cancel"})
                own._go("review", approved_by=False, approved_date=False)
            notice.customer_id._refresh()
