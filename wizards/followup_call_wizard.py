from odoo import api, fields, models
from odoo.exceptions import UserError

#: What usually follows from what the customer says; the person on the phone chooses.
NEXT_STEPS = {"not_received": "dispute", "not_satisfied": "dispute", "cannot_pay": "arrangement", "mistake": "dispute"}
#: Reason of the call -> code of the reason of the dispute.
DISPUTE_REASONS = {"not_received": "not_received", "not_satisfied": "quality", "mistake": "wrong_amount"}


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
    agreed = fields.Selection(
        [
            ("none", "Nothing"),
            ("promise", "A promise to pay"),
            ("arrangement", "A payment arrangement"),
            ("dispute", "He disputes it"),
        ],
        "What was agreed",
        required=True,
        compute="_compute_agreed",
        store=True,
        precompute=True,
        readonly=False,
        help="The screen for it opens after this one.",
    )
    planned_notice_id = fields.Many2one("followup.notice", compute="_compute_planned_notice_id")

    @api.depends("customer_id")
    def _compute_planned_notice_id(self):
        for wizard in self:
            wizard.planned_notice_id = wizard.customer_id.notice_ids.filtered(
                lambda notice: notice.channel == "call" and notice.state == "queued"
            )[:1]

    @api.depends("reason", "reached")
    def _compute_agreed(self):
        for wizard in self:
            wizard.agreed = NEXT_STEPS.get(wizard.reason, "none") if wizard.reached == "yes" else "none"

    def action_confirm(self):
        """Log the call, and go on with what was agreed."""
        self.ensure_one()
        customer = self.customer_id
        # A promise, an arrangement or a dispute says itself until when nothing is sent.
        wait = self.agreed == "none" and self.hold_until
        if wait and self.hold_until < customer.company_id._followup_today():
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
        if wait:
            self.env["followup.hold"].create(
                {"customer_id": customer.id, "until": self.hold_until, "reason": self.note}
            )
        customer._refresh()
        return self._next_action() or {"type": "ir.actions.act_window_close"}

    def _next_action(self):
        """The screen of what was agreed, with what is known already; None when nothing was."""
        self.ensure_one()
        if self.agreed == "none":
            return None
        name, model = {
            "promise": (self.env._("Promise to pay"), "followup.promise.wizard"),
            "arrangement": (self.env._("Payment arrangement"), "followup.arrange.wizard"),
            "dispute": (self.env._("Dispute"), "followup.dispute.wizard"),
        }[self.agreed]
        context = {"default_customer_id": self.customer_id.id, "default_note": self.note}
        if self.agreed in ("promise", "dispute"):
            context["default_channel"] = "phone"
        if self.agreed == "dispute":
            context["default_reason_code"] = DISPUTE_REASONS.get(self.reason)
        return {
            "type": "ir.actions.act_window",
            "name": name,
            "res_model": model,
            "view_mode": "form",
            "target": "new",
            "context": context,
        }
