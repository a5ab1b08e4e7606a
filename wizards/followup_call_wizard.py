from odoo import api, fields, models
from odoo.exceptions import UserError


class FollowupCallWizard(models.TransientModel):
    """Note a phone call: what was said, and the next step. It closes the planned call of the ladder."""

    _name = "followup.call.wizard"
    _description = "Log a Follow-up Call"

    customer_id = fields.Many2one("followup.customer", required=True)
    phone = fields.Char(related="customer_id.phone")
    reached = fields.Selection(
        [("yes", "Reached"), ("no", "Not reached")], required=True, default="yes", string="Outcome"
    )
    reason = fields.Selection(
        [
            ("not_received", "Did not receive the invoice"),
            ("not_satisfied", "Is not satisfied"),
            ("cannot_pay", "Cannot pay now"),
            ("mistake", "Mistake or confusion"),
            ("other", "Other"),
        ],
        "Why not paid",
    )
    note = fields.Text("What was said", required=True)
    hold_until = fields.Date("Wait until", help="Nothing is sent up to and including this day.")
    planned_notice_id = fields.Many2one("followup.notice", compute="_compute_planned_notice_id")

    @api.depends("customer_id")
    def _compute_planned_notice_id(self):
        for wizard in self:
            wizard.planned_notice_id = wizard.customer_id.notice_ids.filtered(
                lambda notice: notice.channel == "call" and notice.state == "queued"
            )[:1]

    def action_confirm(self):
        self.ensure_one()
        customer = self.customer_id
        if self.hold_until and self.hold_until < customer.company_id._followup_today():
            raise UserError(self.env._("The day to wait until lies in the past. Choose a day from today on."))
        selections = self.fields_get(["reached", "reason"], ["selection"])
        parts = [dict(selections["reached"]["selection"])[self.reached]]
        if self.reason:
            parts.append(dict(selections["reason"]["selection"])[self.reason])
        parts.append(self.note)
        summary = self.env._("Call: %s", " - ".join(parts))
        if self.reached == "yes":
            self.env["followup.engine"]._complete_call(customer, summary)
        else:
            customer.message_post(body=summary)
        if self.hold_until:
            self.env["followup.hold"].create(
                {"customer_id": customer.id, "until": self.hold_until, "reason": self.note}
            )
        customer._refresh()
        return {"type": "ir.actions.act_window_close"}
