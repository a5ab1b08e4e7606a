from odoo import fields, models

LIVE = ("draft", "proposed", "active")


class FollowupArrangement(models.Model):
    """The link to the customer's page: a secret, and not for ever."""

    _inherit = "followup.arrangement"

    # EXTENDS portal: whoever has it accepts in the customer's name, so nobody reads it, only the code that writes to him
    access_token = fields.Char(groups=fields.NO_ACCESS)

    def _portal_ensure_token(self):
        # EXTENDS portal
        return super(FollowupArrangement, self.sudo())._portal_ensure_token()

    def _sign_token(self, pid):
        # EXTENDS portal
        return super(FollowupArrangement, self.sudo())._sign_token(pid)

    def _link_open(self):
        """Whether the link still opens the page: while there is something to pay or to accept, and some time after."""
        self.ensure_one()
        arrangement = self.sudo()
        if arrangement.state in LIVE or not arrangement.closed_on:
            return True
        last = fields.Date.add(arrangement.closed_on, days=arrangement.company_id._followup_link_days())
        return arrangement.company_id._followup_today() <= last
