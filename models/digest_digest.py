from odoo import fields, models
from odoo.exceptions import AccessError
from odoo.tools import SQL


class DigestDigest(models.Model):
    _inherit = "digest.digest"

    kpi_followup_overdue = fields.Boolean("Overdue by Customers")
    kpi_followup_overdue_value = fields.Monetary(compute="_compute_kpi_followup_overdue_value")
    kpi_followup_collected = fields.Boolean("Collected after Follow-up")
    kpi_followup_collected_value = fields.Monetary(compute="_compute_kpi_followup_collected_value")

    def _followup_check_digest(self):
        """:raises AccessError: which leaves the figure out of this user's digest"""
        if not self.env["followup.customer"].has_access("read"):
            raise AccessError(self.env._("Do not have access, skip this data for user's digest email"))

    def _compute_kpi_followup_overdue_value(self):
        """What is overdue now, in the company's currency; the past is not known, so that it has no trend."""
        self._followup_check_digest()
        _start, _end, companies = self._get_kpi_compute_parameters()
        roots = {company: company._followup_root() for company in companies}
        sums = dict(
            self.env["followup.customer"]
            .sudo()
            ._read_group(
                [("company_id", "in", [root.id for root in roots.values()])], ["company_id"], ["amount_overdue:sum"]
            )
        )
        for digest in self:
            company = digest.company_id or self.env.company
            digest.kpi_followup_overdue_value = sums.get(roots[company], 0.0)

    def _compute_kpi_followup_collected_value(self):
        """What was paid in the period on items about which a message had been sent before the payment."""
        self._followup_check_digest()
        start, end, companies = self._get_kpi_compute_parameters()
        roots = {company: company._followup_root() for company in companies}
        self.env["account.partial.reconcile"].flush_model()
        self.env["followup.notice"].flush_model()
        sums = dict(
            self.env.execute_query(
                SQL(
                    """SELECT customer.company_id, sum(partial.amount)
                         FROM account_partial_reconcile partial
                         JOIN followup_item item ON item.move_line_id = partial.debit_move_id
                         JOIN followup_customer customer ON customer.id = item.customer_id
                         JOIN account_move_line credit ON credit.id = partial.credit_move_id
                         JOIN account_move move ON move.id = credit.move_id
                        WHERE partial.max_date > %(start)s::date AND partial.max_date <= %(end)s::date
                          AND customer.company_id = ANY(%(companies)s)
                          AND move.move_type <> 'out_refund'
                          AND EXISTS (SELECT FROM followup_notice_line line
                                        JOIN followup_notice notice ON notice.id = line.notice_id
                                       WHERE line.item_id = item.id AND notice.state IN ('sent', 'delivered')
                                         AND COALESCE(notice.sent_date::date, notice.delivered_on) <= move.date)
                     GROUP BY customer.company_id""",
                    start=start,
                    end=end,
                    companies=[root.id for root in roots.values()],
                )
            )
        )
        for digest in self:
            company = digest.company_id or self.env.company
            digest.kpi_followup_collected_value = sums.get(roots[company].id, 0.0)

    def _compute_kpis_actions(self, company, user):
        # EXTENDS digest
        result = super()._compute_kpis_actions(company, user)
        menu = self.env.ref("l10n_be_followup.followup_customer_menu").id
        result["kpi_followup_overdue"] = f"l10n_be_followup.followup_customer_action?menu_id={menu}"
        menu = self.env.ref("l10n_be_followup.followup_timeline_menu").id
        result["kpi_followup_collected"] = f"l10n_be_followup.followup_timeline_action?menu_id={menu}"
        return result
