from odoo import models


class AccountMoveLine(models.Model):
    """Overdue items that follow-up does not see, put right from the list of the start assistant."""

    _inherit = "account.move.line"

    def action_followup_show(self):
        """Take the mark No Follow-Up away: from now on these are followed up."""
        self.check_access("write")
        self.filtered("no_followup").no_followup = False
        self.env["followup.engine"]._touch_partner_ids(self.partner_id.commercial_partner_id.ids)

    def action_followup_open_move(self):
        self.ensure_one()
        return self.move_id.get_formview_action()
