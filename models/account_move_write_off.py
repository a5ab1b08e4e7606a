from odoo import models


class AccountMove(models.Model):
    _inherit = "account.move"

    def action_followup_write_off(self):
        """Write off what is left of these invoices; asks for the reason."""
        self.env["followup.charge"].browse()._check_user()
        lines = self.line_ids.filtered(
            lambda line: (
                line.account_type == "asset_receivable" and line.parent_state == "posted" and not line.reconciled
            )
        )
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Write off remainder"),
            "res_model": "followup.write.off.wizard",
            "view_mode": "form",
            "target": "new",
            "context": {"default_line_ids": lines.ids},
        }
