from odoo import api, models


class AccountMoveSend(models.AbstractModel):
    _inherit = "account.move.send"

    @api.model
    def _get_default_sending_methods(self, move) -> set:
        # EXTENDS account: a note of charges is no invoice of VAT; it goes by e-mail, never over Peppol by itself
        methods = super()._get_default_sending_methods(move)
        if move.followup_charge_note:
            return {method for method in methods if method in ("email", "manual", "snailmail")} or {"email"}
        return methods

    @api.model
    def _get_default_extra_edis(self, move) -> set:
        # EXTENDS account
        return set() if move.followup_charge_note else super()._get_default_extra_edis(move)

    @api.model
    def _get_default_invoice_edi_format(self, move, **kwargs) -> str:
        # EXTENDS account
        return False if move.followup_charge_note else super()._get_default_invoice_edi_format(move, **kwargs)
