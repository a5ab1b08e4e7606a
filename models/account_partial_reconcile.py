from odoo import api, models


class AccountPartialReconcile(models.Model):
    _inherit = "account.partial.reconcile"

    @api.model_create_multi
    def create(self, vals_list):
        """EXTENDS account: money came in, so the customer is decided again before the commit."""
        partials = super().create(vals_list)
        moves = (partials.debit_move_id | partials.credit_move_id).move_id
        self.env["followup.charge"]._sync_books(moves.filtered("followup_charge_note"))
        self.env["followup.engine"]._touch_partners(moves)
        return partials

    def unlink(self):
        """EXTENDS account: a payment taken back counts again as owed."""
        moves = (self.debit_move_id | self.credit_move_id).move_id
        notes = moves.filtered("followup_charge_note")
        result = super().unlink()
        self.env["followup.charge"]._sync_books(notes.exists())
        self.env["followup.engine"]._touch_partners(moves.exists())
        return result
