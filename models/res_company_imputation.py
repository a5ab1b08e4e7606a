from odoo import fields, models

ORDERS = [
    ("charges_first", "Costs, interest, then principal"),
    ("principal_first", "Principal, then costs and interest"),
]


class ResCompany(models.Model):
    """What happens with charges and small remainders by itself, and the order in which money counts."""

    _inherit = "res.company"

    followup_charge_ask_days = fields.Integer(
        "Ask about outstanding charges after (days)",
        default=15,
        help="So many days after an invoice was paid without its charges, the responsible person is asked once to post "
        "or to waive them. 0: never.",
    )
    followup_waive_amount = fields.Monetary(
        "Waive charges up to",
        currency_field="currency_id",
        help="Charges of an invoice that are together no more than this are waived by themselves when the invoice is "
        "paid soon. 0: never.",
    )
    followup_waive_days = fields.Integer(
        "Paid within (days)", default=10, help="Counted from the day on which the charges were first claimed."
    )
    followup_order_b2b = fields.Selection(
        ORDERS, "Money of a business counts for", default="charges_first", required=True
    )
    followup_order_b2g = fields.Selection(
        ORDERS, "Money of an authority counts for", default="charges_first", required=True
    )
    followup_order_b2c = fields.Selection(
        ORDERS, "Money of a consumer counts for", default="principal_first", required=True
    )
    followup_write_off_amount = fields.Monetary(
        "Write off remainders up to",
        currency_field="currency_id",
        default=1.0,
        help="What is left of an invoice or a debit note may be written off up to this amount. 0: never.",
    )
    followup_write_off_account_id = fields.Many2one(
        "account.account",
        "Account of remainders",
        domain="[('account_type', 'in', ('expense', 'expense_other', 'income_other')), ('company_ids', 'parent_of', id)]",
        help="In the Belgian chart 657100 (negative payment differences) is taken when it is empty.",
    )

    _followup_charge_follow_check = models.Constraint(
        "CHECK(followup_charge_ask_days >= 0 AND followup_waive_amount >= 0 AND followup_waive_days >= 0"
        " AND followup_write_off_amount >= 0)",
        "Days and amounts for charges and remainders cannot be negative.",
    )

    def _followup_order(self, regime):
        """:return: the order in which money of a customer under this regime counts, of `legal.imputation.ORDERS`"""
        return self._followup_root()[f"followup_order_{regime or 'b2c'}"]

    def _followup_write_off_account(self):
        """As superuser; empty when nobody chose one and the chart has no 6571."""
        return self._followup_root().followup_write_off_account_id or self._followup_chart_account("a657100", "6571")
