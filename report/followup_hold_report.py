from odoo import fields, models
from odoo.tools import SQL

from ..engine.selection import COVER_PAID

KINDS = [
    ("hold", "Hold"),
    ("promise", "Promise"),
    ("dispute", "Dispute"),
    ("arrangement", "Arrangement"),
]


class FollowupHoldReport(models.Model):
    """What is held, why, until when, and by whom: nothing is held without an end and an owner."""

    _name = "followup.hold.report"
    _description = "Hold Overview"
    _auto = False
    _order = "until, id"
    _rec_name = "reason"

    kind = fields.Selection(KINDS, readonly=True)
    customer_id = fields.Many2one("followup.customer", "Follow-up", readonly=True)
    partner_id = fields.Many2one("res.partner", "Customer", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    move_id = fields.Many2one("account.move", "Invoice", readonly=True, help="Empty: the whole customer.")
    currency_id = fields.Many2one("res.currency", readonly=True)
    amount = fields.Monetary("Held", readonly=True, help="In the currency of the invoice.")
    amount_company = fields.Float("Held (company currency)", readonly=True, digits=(16, 2))
    reason = fields.Char(readonly=True)
    since = fields.Date(readonly=True)
    until = fields.Date("Until (included)", readonly=True)
    user_id = fields.Many2one("res.users", "Owner", readonly=True)
    hold_id = fields.Many2one("followup.hold", readonly=True)
    promise_id = fields.Many2one("followup.promise", readonly=True)
    dispute_id = fields.Many2one("followup.dispute", readonly=True)
    arrangement_id = fields.Many2one("followup.arrangement", readonly=True)

    @property
    def _table_query(self):
        """One row per covered item and one per manual hold in force."""
        return SQL(
            """
            SELECT cover.id * 2 AS id, cover.kind, cover.customer_id, customer.partner_id, customer.company_id,
                   cover.move_id, cover.currency_id, held.amount,
                   round(CASE WHEN aml.amount_residual_currency = 0 THEN 0
                              ELSE held.amount * aml.amount_residual / aml.amount_residual_currency END, 2) AS amount_company,
                   COALESCE(arrangement.name, dispute.name, promise.name) AS reason,
                   COALESCE(arrangement.date, dispute.date, promise.create_date::date) AS since,
                   cover.until, COALESCE(arrangement.user_id, dispute.user_id, promise.user_id) AS user_id,
                   NULL::int AS hold_id, cover.promise_id, cover.dispute_id, cover.arrangement_id
              FROM followup_cover cover
              JOIN followup_customer customer ON customer.id = cover.customer_id
              JOIN followup_item item ON item.id = cover.item_id AND item.is_open
              JOIN account_move_line aml ON aml.id = item.move_line_id
         LEFT JOIN followup_arrangement arrangement ON arrangement.id = cover.arrangement_id
         LEFT JOIN followup_dispute dispute ON dispute.id = cover.dispute_id
         LEFT JOIN followup_promise promise ON promise.id = cover.promise_id
        CROSS JOIN LATERAL (
                   SELECT LEAST(aml.amount_residual_currency,
                                cover.amount - COALESCE(cover.released, 0) - %(paid)s) AS amount) held
             WHERE cover.live AND cover.holds AND held.amount > 0
         UNION ALL
            SELECT hold.id * 2 + 1, 'hold', hold.customer_id, customer.partner_id, customer.company_id, hold.move_id,
                   company.currency_id, owed.amount, owed.amount, hold.reason, hold.create_date::date, hold.until,
                   hold.user_id, hold.id, NULL, NULL, NULL
              FROM followup_hold hold
              JOIN followup_customer customer ON customer.id = hold.customer_id
              JOIN res_company company ON company.id = customer.company_id
        CROSS JOIN LATERAL (
                   SELECT COALESCE(sum(aml.amount_residual), 0) AS amount
                     FROM followup_item item
                     JOIN account_move_line aml ON aml.id = item.move_line_id
                    WHERE item.customer_id = hold.customer_id AND item.is_open
                      AND (hold.move_id IS NULL OR aml.move_id = hold.move_id)) owed
             WHERE hold.released IS NOT TRUE
               AND hold.until >= (now() AT TIME ZONE COALESCE(company.followup_tz, 'Europe/Brussels'))::date
            """,
            paid=COVER_PAID,
        )

    def action_open(self):
        """Open what holds it."""
        self.ensure_one()
        record = self.arrangement_id or self.dispute_id or self.promise_id or self.hold_id
        return {
            "type": "ir.actions.act_window",
            "res_model": record._name,
            "res_id": record.id,
            "views": [(False, "form")],
        }
