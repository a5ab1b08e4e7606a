from markupsafe import Markup
from odoo import api, models
from odoo.tools import html_sanitize


class ReportFollowupCallSheet(models.AbstractModel):
    """Call sheets on paper, one a page, for the list of a block of hours."""

    _name = "report.l10n_be_followup.followup_call_sheet_document"
    _description = "Call Sheets on Paper"

    @api.model
    def _get_report_values(self, docids, data=None):
        data = data or {}
        customers = self.env["followup.customer"].browse(docids or [data.get("customer_id")])
        customers.check_access("read")
        own = len(customers) == 1 and data.get("goal")
        script = Markup(html_sanitize(data.get("script") or "")) if own else None  # noqa: S704
        return {
            "doc_ids": customers.ids,
            "doc_model": customers._name,
            "docs": customers,
            "sheets": [
                customer._call_sheet_values(data.get("goal") if own else None, script=script) for customer in customers
            ],
        }
