from odoo import fields, models
from odoo.tools import SQL

from ..models.followup_charge import KINDS

EVENTS = [
    ("1_claimed", "Claimed"),
    ("2_waived", "Waived"),
    ("3_posted", "Posted"),
    ("4_reversed", "Reversed"),
    ("5_collected", "Collected"),
    ("6_written_off", "Written off"),
]


class FollowupChargeReport(models.Model):
    """What happened to charges, each event on its own day, in company currency.

    Posted less reversed is the general ledger: both come from the same journal items.
    """

    _name = "followup.charge.report"
    _description = "Analysis of Charges"
    _auto = False
    _order = "date desc, id desc"
    _rec_name = "charge_id"
    _depends = {
        "followup.charge": [
            "amount_company", "state", "waived_on", "partner_id", "company_id", "kind", "first_notice_id", "customer_id",
        ],
        "followup.charge.entry": ["charge_id", "event", "date", "balance"],
        "followup.notice": ["level_id", "sent_date", "prepared_on"],
    }  # fmt: skip

    charge_id = fields.Many2one("followup.charge", readonly=True)
    date = fields.Date(readonly=True)
    event = fields.Selection(EVENTS, "What", readonly=True)
    kind = fields.Selection(KINDS, readonly=True)
    level_id = fields.Many2one("followup.level", readonly=True)
    customer_id = fields.Many2one("followup.customer", "Follow-up", readonly=True)
    partner_id = fields.Many2one("res.partner", "Customer", readonly=True)
    move_id = fields.Many2one("account.move", "Entry", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    amount = fields.Monetary(readonly=True, help="In company currency.")

    @property
    def _table_query(self):
        return SQL(
            """SELECT row.kind_of * 100000000000 + row.source AS id, row.event, row.date, row.amount, row.move_id,
                      charge.id AS charge_id, charge.kind, charge.customer_id, charge.partner_id, charge.company_id,
                      company.currency_id, notice.level_id
                 FROM (SELECT 1 AS kind_of, charge.id AS source, charge.id AS charge_id, '1_claimed' AS event,
                              COALESCE(notice.sent_date::date, notice.prepared_on, charge.create_date::date) AS date,
                              charge.amount_company AS amount, NULL::int AS move_id
                         FROM followup_charge charge
                    LEFT JOIN followup_notice notice ON notice.id = charge.first_notice_id
                        WHERE charge.state <> 'cancelled'
                    UNION ALL
                       SELECT 2, charge.id, charge.id, '2_waived',
                              COALESCE(charge.waived_on, charge.write_date::date), charge.amount_company, NULL
                         FROM followup_charge charge WHERE charge.state = 'waived'
                    UNION ALL
                       SELECT 3, entry.id, entry.charge_id,
                              CASE entry.event WHEN 'posted' THEN '3_posted' WHEN 'reversed' THEN '4_reversed'
                                               WHEN 'collected' THEN '5_collected' ELSE '6_written_off' END,
                              entry.date, entry.balance, entry.move_id
                         FROM followup_charge_entry entry) row
                 JOIN followup_charge charge ON charge.id = row.charge_id
                 JOIN res_company company ON company.id = charge.company_id
            LEFT JOIN followup_notice notice ON notice.id = charge.first_notice_id"""
        )
