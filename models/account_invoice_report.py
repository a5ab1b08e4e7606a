from odoo import api, models
from odoo.tools import SQL


class AccountInvoiceReport(models.Model):
    _inherit = "account.invoice.report"

    @api.model
    def _where(self) -> SQL:
        # EXTENDS account: interest and costs are no sales
        return SQL("%s AND move.followup_charge_note IS NOT TRUE", super()._where())
