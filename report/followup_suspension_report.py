from odoo import fields, models
from odoo.tools import SQL

from ..models.followup_suspension import STATES


class FollowupSuspensionReport(models.Model):
    """Suspensions with what is overdue and how long the service was, or is, suspended."""

    _name = "followup.suspension.report"
    _description = "Suspension Report"
    _auto = False
    _order = "days_suspended desc, id desc"
    _rec_name = "service_id"

    suspension_id = fields.Many2one("followup.suspension", readonly=True)
    service_id = fields.Many2one("followup.service", readonly=True)
    partner_id = fields.Many2one("res.partner", "Customer", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    user_id = fields.Many2one("res.users", "Responsible", readonly=True)
    state = fields.Selection(STATES, readonly=True)
    by_hand = fields.Boolean(readonly=True)
    announced_on = fields.Date(readonly=True)
    suspended_on = fields.Date(readonly=True)
    restored_on = fields.Date(readonly=True)
    days_suspended = fields.Integer(
        readonly=True, aggregator="sum", help="Of the last time that it was suspended; until today when it still is."
    )
    amount_announced = fields.Monetary("Announced Amount", readonly=True)
    amount_overdue = fields.Monetary("Overdue Now", readonly=True)
    monthly_value = fields.Monetary("Value a Month", readonly=True)

    @property
    def _table_query(self):
        """One row per suspension; days on the calendar of the company."""
        zone = SQL("COALESCE(company.followup_tz, 'Europe/Brussels')")
        suspended = SQL("(suspension.suspended_date AT TIME ZONE 'UTC' AT TIME ZONE %s)::date", zone)
        restored = SQL("(suspension.restored_date AT TIME ZONE 'UTC' AT TIME ZONE %s)::date", zone)
        today = SQL("(now() AT TIME ZONE %s)::date", zone)
        return SQL(
            """
            SELECT suspension.id, suspension.id AS suspension_id, suspension.service_id, suspension.partner_id,
                   suspension.company_id, company.currency_id, suspension.user_id, suspension.state,
                   suspension.by_hand, suspension.announced_on, suspension.amount_announced,
                   CASE WHEN suspension.state IN ('announced', 'postponed', 'suspended')
                        THEN suspension.amount_overdue ELSE 0 END AS amount_overdue,
                   service.monthly_value, %(suspended)s AS suspended_on, %(restored)s AS restored_on,
                   CASE WHEN suspension.suspended_date IS NULL THEN 0
                        ELSE GREATEST(COALESCE(%(restored)s, %(today)s) - %(suspended)s, 0) END AS days_suspended
              FROM followup_suspension suspension
              JOIN followup_service service ON service.id = suspension.service_id
              JOIN res_company company ON company.id = suspension.company_id
            """,
            suspended=suspended,
            restored=restored,
            today=today,
        )

    def action_open(self):
        self.ensure_one()
        return self.suspension_id.get_formview_action()
