from odoo import Command, api, fields, models
from odoo.exceptions import UserError


class FollowupRepayWizard(models.TransientModel):
    """Find charges without a ground, and take them back: one action for a customer, or for all."""

    _name = "followup.repay.wizard"
    _description = "Repay Charges"
    _inherit = "followup.wizard"

    customer_id = fields.Many2one("followup.customer", readonly=True)
    company_id = fields.Many2one("res.company", required=True, readonly=True)
    line_ids = fields.One2many("followup.repay.wizard.line", "wizard_id", "Found")
    reason = fields.Char(required=True, default=lambda self: self.env._("charged without a ground"))

    @api.model
    def default_get(self, fields):
        values = super().default_get(fields)
        customer = self.env["followup.customer"].browse(values.get("customer_id"))
        customer.check_access("read")
        company = customer.company_id or self.env.company._followup_root()
        found = self.env["followup.charge"]._to_repay(company, company._followup_today(), customer or None)
        visible = self.env["followup.charge"].search([("id", "in", [row["charge"].id for row in found])])
        values["company_id"] = company.id
        values["line_ids"] = [
            Command.create({"charge_id": row["charge"].id, "amount": row["amount"], "why": row["reason"]})
            for row in found
            if row["charge"].id in visible._ids
        ]
        return values

    def action_confirm(self):
        """Take back what is ticked; the credit notes that the customer gets back are shown."""
        self.ensure_one()
        rows = self.line_ids.filtered("selected")
        if not rows:
            raise UserError(self.env._("Tick what must be taken back."))
        for charge, same in rows.grouped("charge_id").items():
            if len(same) > 1:
                raise UserError(
                    self.env._("%s stands in the list twice. Close this window and open it again.", charge.name)
                )
        charges = rows.charge_id
        moves = charges._repay({row.charge_id: row.amount for row in rows}, self.reason)
        if not moves:
            return {"type": "ir.actions.act_window_close"}
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Credit notes"),
            "res_model": "account.move",
            "domain": [("id", "in", moves.ids)],
            "views": [(False, "list"), (False, "form")],
        }
