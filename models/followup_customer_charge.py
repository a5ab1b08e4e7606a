from odoo import models


class FollowupCustomer(models.Model):
    """Money and charges of one customer: allocate, find what must be repaid."""

    _inherit = "followup.customer"

    def action_allocate(self):
        """Divide money without a reference over what is open, in the order of the law."""
        self.ensure_one()
        return self._action_charge_wizard("followup.allocate.wizard", self.env._("Allocate money"))

    def action_find_repayments(self):
        """Judge the charges of this customer again, and take back what has no ground."""
        self.ensure_one()
        return self._action_charge_wizard("followup.repay.wizard", self.env._("Charges to repay"))

    def _action_charge_wizard(self, model, name):
        return {
            "type": "ir.actions.act_window",
            "name": name,
            "res_model": model,
            "view_mode": "form",
            "target": "new",
            "context": {"default_customer_id": self.id},
        }
