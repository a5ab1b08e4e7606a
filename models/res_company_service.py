from odoo import fields, models


class ResCompany(models.Model):
    """Settings of suspending services. Branches follow their root company."""

    _inherit = "res.company"

    followup_suspend_days_consumer = fields.Integer(
        "Days after the notice (consumer)", default=15, help="At least this number of days after the delivered notice."
    )
    followup_suspend_days_business = fields.Integer(
        "Days after the notice (business)", default=8, help="At least this number of days after the delivered notice."
    )
    followup_suspend_approval = fields.Boolean("A person approves each suspension", default=True)
    followup_suspend_minimum = fields.Monetary("Overdue at least", default=10.0)
    followup_suspend_share = fields.Float("Share of the monthly value (%)", default=50.0)
    followup_restore_below = fields.Monetary("Restore below", default=10.0)
    followup_suspend_from = fields.Float("Suspend from", default=9.0)
    followup_suspend_until = fields.Float("Suspend until", default=15.0)
    followup_suspend_cap = fields.Integer("Suspensions a day at most", default=50)
    followup_suspend_billing = fields.Boolean(
        "Stop billing", default=True, help="Proposed for new services: no invoices for the time that it is suspended."
    )
    followup_reconnection_fee = fields.Monetary("Reconnection fee", help="Businesses only; never for a consumer.")
    followup_action_announced_id = fields.Many2one("ir.actions.server", "When announced")
    followup_action_suspended_id = fields.Many2one("ir.actions.server", "When suspended")
    followup_action_restored_id = fields.Many2one("ir.actions.server", "When restored")

    _followup_suspend_check = models.Constraint(
        """CHECK(followup_suspend_days_consumer >= 15 AND followup_suspend_days_business >= 8
             AND followup_suspend_minimum > 0 AND followup_restore_below <= followup_suspend_minimum
             AND followup_suspend_share >= 0 AND followup_suspend_cap >= 0 AND followup_reconnection_fee >= 0
             AND followup_suspend_from < followup_suspend_until)""",
        "A service is suspended at least 15 days (consumer) or 8 days (business) after the notice; the amount under which "
        "it is restored is not above the amount from which it is suspended; hours begin before they end.",
    )
