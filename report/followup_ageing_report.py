from odoo import fields, models
from odoo.tools import SQL

from ..models.followup_customer import STATES
from ..models.followup_policy import REGIMES

#: In the order of the columns; the digit keeps them in it.
BUCKETS = [
    ("0_due", "Not due"),
    ("1_30", "1-30 days"),
    ("31_60", "31-60 days"),
    ("61_90", "61-90 days"),
    ("91_over", "Over 90 days"),
]


class FollowupAgeingReport(models.Model):
    """Open items by how late they are: the figures of the customers, item by item, so that they can be turned around.

    Amounts are in company currency. Items that are marked *no follow-up* count in neither.
    """

    _name = "followup.ageing.report"
    _description = "Ageing of Open Items"
    _auto = False
    _order = "date_maturity, id"
    _rec_name = "move_id"

    customer_id = fields.Many2one("followup.customer", "Follow-up", readonly=True)
    partner_id = fields.Many2one("res.partner", "Customer", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    move_id = fields.Many2one("account.move", "Invoice", readonly=True)
    date_maturity = fields.Date("Due Date", readonly=True)
    oldest_date = fields.Date("Oldest of the Customer", readonly=True, help="Of the customer.")
    bucket = fields.Selection(BUCKETS, "Age", readonly=True)
    days_late = fields.Integer(readonly=True, aggregator="avg")
    amount = fields.Monetary("Open Amount", readonly=True, help="In company currency.")
    amount_overdue = fields.Monetary("Overdue", readonly=True, help="Of it, past the due date.")
    level_id = fields.Many2one("followup.level", "Level Reached", readonly=True)
    policy_id = fields.Many2one("followup.policy", readonly=True)
    responsible_id = fields.Many2one("res.users", readonly=True)
    regime = fields.Selection(REGIMES, readonly=True)
    state = fields.Selection(STATES, readonly=True, help="Of the customer.")

    @property
    def _table_query(self):
        """One row per open item, on the company's date."""
        return SQL(
            """
            SELECT item.id, item.customer_id, customer.partner_id, customer.company_id, company.currency_id,
                   aml.move_id, item.date_maturity, customer.oldest_date, late.days AS days_late,
                   CASE WHEN late.days <= 0 THEN '0_due'
                        WHEN late.days <= 30 THEN '1_30'
                        WHEN late.days <= 60 THEN '31_60'
                        WHEN late.days <= 90 THEN '61_90'
                        ELSE '91_over' END AS bucket,
                   aml.amount_residual AS amount,
                   CASE WHEN late.days > 0 THEN aml.amount_residual ELSE 0 END AS amount_overdue,
                   item.level_id, customer.policy_id, customer.responsible_id,
                   COALESCE(move.followup_regime, customer.regime) AS regime, customer.state
              FROM followup_item item
              JOIN followup_customer customer ON customer.id = item.customer_id
              JOIN res_company company ON company.id = customer.company_id
              JOIN account_move_line aml ON aml.id = item.move_line_id
              JOIN account_move move ON move.id = aml.move_id
        CROSS JOIN LATERAL (SELECT %(today)s::date - item.date_maturity AS days) late
             WHERE item.is_open AND aml.no_followup IS NOT TRUE
            """,
            today=self.env.company._followup_today(),
        )

    def action_open(self):
        """Open the customer's follow-up."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "followup.customer",
            "res_id": self.customer_id.id,
            "views": [(False, "form")],
            "context": {"followup_refresh": 1},
        }
