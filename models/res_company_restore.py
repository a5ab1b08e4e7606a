from odoo import models
from odoo.exceptions import UserError


class ResCompany(models.Model):
    """While a manager has not said whether a backup was restored, nothing leaves."""

    _inherit = "res.company"

    def _followup_restore_question(self):
        """The open question of this company; empty without one."""
        return self.env["followup.restore"]._open_for(self._followup_root())

    def _followup_opening(self):
        # EXTENDS l10n_be_followup: looked at again each hour
        opening = super()._followup_opening()
        if self._followup_restore_question():
            later = self.env["followup.restore"]._later()
            return max(opening, later) if opening else later
        return opening

    def _followup_check_may_write(self):
        """EXTENDS l10n_be_followup"""
        result = super()._followup_check_may_write()
        for company in self:
            if company._followup_restore_question():
                raise UserError(
                    self.env._(
                        "%s: perhaps a backup was restored, and nothing leaves until a manager has answered (Invoicing > "
                        "Follow-up > Configuration > Restored Backups).",
                        company._followup_root().name,
                    )
                )
        return result
