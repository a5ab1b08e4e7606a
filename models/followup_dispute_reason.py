from odoo import fields, models


class FollowupDisputeReason(models.Model):
    """Why a customer does not agree, and what that means for follow-up meanwhile."""

    _name = "followup.dispute.reason"
    _description = "Reason of a Dispute"
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    code = fields.Char(required=True, help="For reports and integrations; never changes.")
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    freeze = fields.Boolean(
        "Stops follow-up",
        default=True,
        help="Nothing is sent about the disputed amount while the dispute is open. For a consumer it always stops.",
    )
    days = fields.Integer("Days to solve it", default=14, required=True)
    check_payments = fields.Boolean(
        "Look for the payment", help="Opens a check of unallocated payments and of the customer's bank accounts."
    )

    _code_unique = models.UniqueIndex("(code)", "There is a reason with this code already.")
    _days_check = models.Constraint("CHECK(days BETWEEN 1 AND 365)", "A dispute is solved within 1 to 365 days.")
