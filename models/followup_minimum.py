from odoo import fields, models


class FollowupMinimum(models.Model):
    """The smallest overdue amount worth a message, for a currency other than the company's."""

    _name = "followup.minimum"
    _description = "Follow-up Minimum Amount"
    _order = "currency_id"

    company_id = fields.Many2one(
        "res.company", required=True, ondelete="cascade", index=True, default=lambda self: self.env.company
    )
    currency_id = fields.Many2one("res.currency", required=True, ondelete="cascade")
    amount = fields.Monetary(required=True)

    _company_currency_unique = models.UniqueIndex(
        "(company_id, currency_id)", "There is already a minimum amount for this currency."
    )
    _amount_check = models.Constraint("CHECK(amount >= 0)", "A minimum amount cannot be negative.")
