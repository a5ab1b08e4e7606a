from odoo import api, fields, models

#: Why a customer did not pay: the four reasons that debtors give, and the rest.
REASONS = [
    ("not_received", "Did not receive the invoice"),
    ("not_satisfied", "Is not satisfied"),
    ("cannot_pay", "Cannot pay now"),
    ("mistake", "Mistake or confusion"),
    ("other", "Other"),
]
AGREED = [
    ("none", "Nothing"),
    ("promise", "A promise to pay"),
    ("arrangement", "A payment arrangement"),
    ("dispute", "He disputes it"),
]


class FollowupCall(models.Model):
    """A call that was made, or tried: what came of it. Written once, by the screen that logs it."""

    _name = "followup.call"
    _description = "Follow-up Call"
    _order = "date desc, id desc"

    #: The field of a message that is about a call.
    _notice_field = "call_id"

    name = fields.Char("Reference", readonly=True, copy=False)
    customer_id = fields.Many2one(
        "followup.customer", "Follow-up", required=True, readonly=True, ondelete="cascade", index=True
    )
    partner_id = fields.Many2one(related="customer_id.partner_id", store=True, string="Customer")
    company_id = fields.Many2one(related="customer_id.company_id", store=True, index=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    notice_id = fields.Many2one(
        "followup.notice", "Planned Call", readonly=True, ondelete="set null", index="btree_not_null"
    )
    level_id = fields.Many2one("followup.level", readonly=True, ondelete="set null")
    user_id = fields.Many2one(
        "res.users", "Called By", required=True, readonly=True, default=lambda self: self.env.user
    )
    date = fields.Datetime("Called On", required=True, readonly=True, default=fields.Datetime.now)
    reached = fields.Selection(
        [("yes", "Reached"), ("no", "Not reached")], "Outcome", required=True, readonly=True, default="yes"
    )
    reason = fields.Selection(REASONS, "Why Not Paid", readonly=True)
    agreed = fields.Selection(AGREED, "What Was Agreed", readonly=True, default="none")
    note = fields.Text("What Was Said", readonly=True)
    next_date = fields.Date("Next Step On", required=True, readonly=True)
    amount = fields.Monetary("Overdue", readonly=True, help="On the day of the call, in company currency.")
    days_late = fields.Integer(readonly=True, aggregator="avg", help="Of the oldest open invoice, on that day.")
    confirmation = fields.Text(readonly=True, help="What was confirmed to the customer in writing.")
    confirmation_ids = fields.One2many("followup.notice", "call_id", "Written Confirmation")

    @api.model_create_multi
    def create(self, vals_list):
        calls = super().create(vals_list)
        for call in calls:
            call.name = f"CA{call.id:06d}"
        return calls

    @api.depends("name", "partner_id")
    def _compute_display_name(self):
        for call in self:
            call.display_name = f"{call.name} {call.partner_id.display_name or ''}".strip()

    def _message_amount(self):
        """What the message that confirms the call is about, in company currency."""
        return self.amount

    def action_open_confirmation(self):
        self.ensure_one()
        return self.confirmation_ids[:1]._action_open()
