from odoo import models


class FollowupCustomer(models.Model):
    """One step for several customers, from the list."""

    _inherit = "followup.customer"

    def action_mass_prepare(self):
        return self.env["followup.mass.wizard"]._open("prepare", self)

    def action_mass_hold(self):
        return self.env["followup.mass.wizard"]._open("hold", self)

    def action_mass_release(self):
        return self.env["followup.mass.wizard"]._open("release", self)

    def action_mass_assign(self):
        return self.env["followup.mass.wizard"]._open("assign", self)

    def _assign(self, user):
        """Make `user` responsible for this customer; nobody when empty.

        :return: who was it before
        """
        self.ensure_one()
        # The setting stands on the partner, which a follow-up user need not be allowed to edit.
        partner = self.partner_id.sudo().with_company(self.company_id)
        before = partner.followup_responsible_id
        if before != user:
            partner.followup_responsible_id = user
            self._message_log(
                body=self.env._(
                    "Responsible person: %(before)s → %(after)s",
                    before=before.name or self.env._("nobody"),
                    after=user.name or self.env._("nobody"),
                )
            )
            self._refresh()
        return before
