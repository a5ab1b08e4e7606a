import base64

from odoo import Command, api, fields, models
from odoo.exceptions import UserError


class FollowupStatementWizard(models.TransientModel):
    """What to put on the statement of account, and as what to get it."""

    _name = "followup.statement.wizard"
    _description = "Statement of Account"
    _inherit = "followup.wizard"

    customer_ids = fields.Many2many("followup.customer", string="Customers", required=True)
    date = fields.Date(
        "As of",
        required=True,
        default=lambda self: self.env.company._followup_today(),
        help="What was open at the end of this day. Payments, credit notes and invoices after it do not count.",
    )
    interest = fields.Boolean(
        "With interest and compensation",
        help="Until the day above, as far as the law allows: nothing on disputed or held amounts, nor for a consumer "
        "who has no clause or whose fourteen days are not over.",
    )
    xlsx = fields.Binary(readonly=True, attachment=False)
    xlsx_name = fields.Char(readonly=True)

    @api.model
    def default_get(self, fields):
        """EXTENDS base: the customers that were selected."""
        values = super().default_get(fields)
        if self.env.context.get("active_model") == "followup.customer" and "customer_ids" in fields:
            values.setdefault("customer_ids", [Command.set(self.env.context.get("active_ids") or [])])
        return values

    def action_pdf(self):
        self.ensure_one()
        self._check_something_open()
        return self.env.ref("l10n_be_followup.action_report_followup_statement").report_action(self, config=False)

    def action_xlsx(self):
        self.ensure_one()
        report = self.env["report.l10n_be_followup.followup_statement"]
        content = report._workbook(self._checked_customers(), self.date, self.interest)
        self.write({"xlsx": base64.b64encode(content), "xlsx_name": f"{self._filename()}.xlsx"})
        return {
            "type": "ir.actions.act_url",
            "url": f"/web/content/{self._name}/{self.id}/xlsx?download=true&filename_field=xlsx_name",
            "target": "download",
        }

    def _check_something_open(self):
        """Say so in the dialog when there is nothing to print, not in a broken download."""
        self.env["report.l10n_be_followup.followup_statement"]._statements(self._checked_customers(), self.date, False)

    def _checked_customers(self):
        if not self.customer_ids:
            raise UserError(self.env._("Choose at least one customer."))
        return self.customer_ids

    def _filename(self):
        """The name of the file without its extension."""
        name = self.customer_ids.partner_id.display_name if len(self.customer_ids) == 1 else ""
        words = [self.env._("Statement of account"), name, fields.Date.to_string(self.date)]
        return " ".join(word.replace("/", "-") for word in words if word)
