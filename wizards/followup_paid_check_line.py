from odoo import fields, models


class FollowupPaidCheckLine(models.TransientModel):
    """One payment, credit note or bank line that may be the money, and why."""

    _name = "followup.paid.check.line"
    _description = "Money That May Be the Payment"
    _inherit = "followup.wizard"
    _order = "id"

    wizard_id = fields.Many2one("followup.paid.check.wizard", required=True, ondelete="cascade")
    kind = fields.Selection(
        [("credit", "Not allocated"), ("payment", "In process"), ("bank", "Bank line")], required=True
    )
    date = fields.Date()
    currency_id = fields.Many2one("res.currency")
    amount = fields.Monetary()
    communication = fields.Char()
    account_number = fields.Char("Account")
    why = fields.Text("Why it may be this")
    move_line_id = fields.Many2one("account.move.line", ondelete="cascade")
    payment_id = fields.Many2one("account.payment", ondelete="cascade")
    statement_line_id = fields.Many2one("account.bank.statement.line", ondelete="cascade")

    def action_open(self):
        """The payment, the credit note or the entry of the bank line."""
        self.ensure_one()
        record = self.payment_id or self.move_line_id.move_id or self.statement_line_id.move_id
        return {
            "type": "ir.actions.act_window",
            "name": record.display_name,
            "res_model": record._name,
            "res_id": record.id,
            "views": [(False, "form")],
        }

    def action_allocate(self):
        """Match it with the disputed invoice; the dispute follows by itself."""
        self.ensure_one()
        wizard = self.wizard_id
        wizard._allocate(self.move_line_id)
        wizard._search_candidates()
        dispute = wizard.dispute_id
        if not dispute or dispute.state in ("open", "expired"):
            return wizard._action_open()
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": self.env._("Allocated. %s is solved: the payment was found.", dispute.name),
                "next": {"type": "ir.actions.act_window_close"},
            },
        }
