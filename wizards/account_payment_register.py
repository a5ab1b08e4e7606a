from odoo import api, models


class AccountPaymentRegister(models.TransientModel):
    _inherit = "account.payment.register"

    @api.model
    def _get_communication(self, lines):
        """EXTENDS account: the payment of an instalment carries the instalment's own communication."""
        return self.env.context.get("followup_communication") or super()._get_communication(lines)
