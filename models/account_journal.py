from odoo import models


class AccountJournal(models.Model):
    _inherit = "account.journal"

    def _fill_sale_purchase_dashboard_data(self, dashboard_data):
        """EXTENDS account: what follow-up waits for, on the first sales journal of each company."""
        super()._fill_sale_purchase_dashboard_data(dashboard_data)
        sales = self.filtered(lambda journal: journal.type == "sale")
        if not sales or not self.env["followup.customer"].has_access("read"):
            return
        roots = {company: company.sudo()._followup_root() for company in sales.company_id}
        companies = [("company_id", "in", [root.id for root in roots.values()])]
        customers = dict(
            self.env["followup.customer"]._read_group(
                [*companies, ("state", "in", ("action", "review", "failed"))], ["company_id"], ["__count"]
            )
        )
        notices = dict(
            self.env["followup.notice"]._read_group([*companies, ("state", "=", "review")], ["company_id"], ["__count"])
        )
        shown = set()
        for journal in sales.sorted(lambda journal: (journal.sequence, journal.id)):
            if journal.company_id in shown:
                continue
            shown.add(journal.company_id)
            root = roots[journal.company_id]
            dashboard_data[journal.id]["followup_customers"] = customers.get(root, 0)
            dashboard_data[journal.id]["followup_notices"] = notices.get(root, 0)

    def action_open_followup_customers(self):
        """Customers who need something, from the card of the journal."""
        return self.env["ir.actions.act_window"]._for_xml_id("l10n_be_followup.followup_customer_action")

    def action_open_followup_notices(self):
        """Notices that wait for a person, from the card of the journal."""
        return self.env["ir.actions.act_window"]._for_xml_id("l10n_be_followup.followup_notice_action_review")
