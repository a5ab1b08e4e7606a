from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_date

from ..models.followup_call import AGREED, REASONS

#: What usually follows from what the customer says; the person on the phone chooses.
NEXT_STEPS = {"not_received": "dispute", "not_satisfied": "dispute", "cannot_pay": "arrangement", "mistake": "dispute"}
#: Reason of the call -> code of the reason of the dispute.
DISPUTE_REASONS = {"not_received": "not_received", "not_satisfied": "quality", "mistake": "wrong_amount"}


class FollowupCallWizard(models.TransientModel):
    """Note a phone call: what came of it, and the next date. It closes the planned call of the ladder."""

    _name = "followup.call.wizard"
    _description = "Log a Follow-up Call"
    _inherit = "followup.wizard"

    customer_id = fields.Many2one("followup.customer", required=True)
    phone = fields.Char(related="customer_id.phone")
    reached = fields.Selection(
        [("yes", "Reached"), ("no", "Not reached")], required=True, default="yes", string="Outcome"
    )
    reason = fields.Selection(REASONS, "Why not paid")
    advice = fields.Char(compute="_compute_advice")
    note = fields.Text("What was said")
    agreed = fields.Selection(
        AGREED,
        "What was agreed",
        required=True,
        compute="_compute_agreed",
        store=True,
        precompute=True,
        readonly=False,
        help="The screen for it opens after this one.",
    )
    next_date = fields.Date(
        "Next date",
        required=True,
        compute="_compute_next_date",
        store=True,
        precompute=True,
        readonly=False,
        help="No call ends without a next step: the day of the next try, of the payment, or on which you look again.",
    )
    wait = fields.Boolean(
        "Send nothing until then",
        help="Follow-up waits up to and including that day. Off: it goes its way, and you get a task.",
    )
    confirmation = fields.Text(
        "What we confirm to the customer",
        compute="_compute_confirmation",
        store=True,
        precompute=True,
        readonly=False,
        help="In the customer's language. Only this goes to him, not what you note above.",
    )
    planned_notice_id = fields.Many2one("followup.notice", compute="_compute_planned_notice_id")
    tries = fields.Integer(compute="_compute_planned_notice_id")
    tries_left = fields.Integer(compute="_compute_planned_notice_id")

    @api.depends("customer_id")
    def _compute_planned_notice_id(self):
        for wizard in self:
            planned = wizard.customer_id.notice_ids.filtered(
                lambda notice: notice.channel == "call" and notice.state == "queued"
            )
            # What takes the ladder on comes before a call beside a message.
            wizard.planned_notice_id = planned.sorted("standby")[:1]
            wizard.tries = wizard.planned_notice_id.call_tries
            limit = wizard.customer_id.company_id.followup_call_tries
            wizard.tries_left = max(limit - wizard.tries - 1, 0)

    @api.depends("reason", "reached")
    def _compute_agreed(self):
        for wizard in self:
            wizard.agreed = NEXT_STEPS.get(wizard.reason, "none") if wizard.reached == "yes" else "none"

    @api.depends("reason", "reached")
    def _compute_advice(self):
        words = {
            "not_received": self.env._(
                "Check the address with the customer and send the invoice again today. Only lost in the mail? Then choose "
                "Nothing: he pays on the next date. A dispute gives you seven days to find out what happened."
            ),
            "not_satisfied": self.env._(
                "Note what exactly is wrong. The part that he accepts stays payable: ask for a date for it."
            ),
            "cannot_pay": self.env._("Propose a concrete plan: two or three instalments, in writing."),
            "mistake": self.env._(
                "Clear it up together: which invoice, which amount, which account? Then ask for a date for the rest."
            ),
        }
        for wizard in self:
            wizard.advice = words.get(wizard.reason) if wizard.reached == "yes" else False

    @api.depends("customer_id", "reached", "agreed", "reason")
    def _compute_next_date(self):
        for wizard in self:
            company = wizard.customer_id.company_id or self.env.company
            today = company._followup_today()
            if wizard.reached == "no":
                day = wizard._working_day(company, today + timedelta(days=1))
            elif wizard.agreed == "promise":
                day = self.env["followup.promise.wizard"]._proposed_day(company, today)
            elif wizard.agreed == "dispute":
                day = today + timedelta(days=wizard._dispute_reason().days or 14)
            else:
                day = wizard._working_day(company, today + timedelta(days=7))
            wizard.next_date = day

    @api.model
    def _working_day(self, company, day):
        while not company._followup_is_call_day(day):
            day += timedelta(days=1)
        return day

    def _dispute_reason(self):
        reasons = self.env["followup.dispute.reason"]
        code = DISPUTE_REASONS.get(self.reason)
        return reasons.search([("code", "=", code)], limit=1) if code else reasons

    @api.depends("customer_id", "reached", "reason", "agreed", "next_date")
    def _compute_confirmation(self):
        for wizard in self:
            wizard.confirmation = wizard._propose_confirmation() if wizard.reached == "yes" else False

    def _propose_confirmation(self):
        """What is confirmed in writing when no formal agreement says it; in the customer's language."""
        self.ensure_one()
        if not self.next_date or self.agreed in ("promise", "arrangement"):
            return False
        customer = self.customer_id
        lang = self.env["followup.engine"]._message_lang(customer.partner_id, customer.company_id)
        env = self.with_context(lang=lang).env
        day = format_date(env, self.next_date, lang_code=lang)
        if self.agreed == "dispute":
            return env._(
                "You do not agree with (a part of) what is open. We will look into it and give you our answer by %(date)s "
                "at the latest.",
                date=day,
            )
        if self.reason == "not_received":
            return env._(
                "You told us that you did not receive the invoice. We send it to you again, and you pay it by %(date)s.",
                date=day,
            )
        return env._("We will contact you again on %(date)s.", date=day)

    def action_confirm_and_send(self):
        """Log the call, and send the customer in writing what was agreed."""
        return self.with_context(followup_confirm_call=True).action_confirm()

    def action_confirm(self):
        """Log the call, and go on with what was agreed."""
        self.ensure_one()
        customer, today = self.customer_id, self.customer_id.company_id._followup_today()
        self._check(today)
        # The row of the customer is written: two people who log the same call follow each other.
        customer.sudo().lock_for_update(allow_referencing=True)
        planned = self.planned_notice_id
        call = self.env["followup.call"].sudo().create(self._prepare_call(planned, today)).sudo(False)
        summary = self._summary()
        if self.reached == "no":
            self._not_reached(planned, summary)
        else:
            self.env["followup.engine"]._complete_call(customer, summary)
            self._next_step()
        customer._refresh()
        confirm = self.env.context.get("followup_confirm_call")
        if confirm and self.reached == "yes" and self.agreed in ("none", "dispute"):
            self.env["followup.notice"]._send_for(call, "call")
        # Opened from an activity, the screen behind it would not know that something changed.
        return self._next_action(confirm) or {"type": "ir.actions.client", "tag": "soft_reload"}

    def _check(self, today):
        if self.next_date < today:
            raise UserError(self.env._("The next date lies in the past. Choose a day from today on."))
        if self.reached == "yes" and not (self.note or "").strip():
            raise UserError(self.env._("Note in a few words what was said: the next person who calls begins there."))
        if (
            self.env.context.get("followup_confirm_call")
            and self.reached == "yes"
            and self.agreed in ("none", "dispute")
            and not (self.confirmation or "").strip()
        ):
            raise UserError(self.env._("Write what we confirm to the customer, or log the call without confirmation."))

    def _prepare_call(self, planned, today):
        customer = self.customer_id
        oldest = customer.oldest_date
        reached = self.reached == "yes"
        return {
            "customer_id": customer.id,
            "notice_id": planned.id,
            "level_id": (planned.level_id or customer.level_id).id,
            "user_id": self.env.uid,
            "reached": self.reached,
            "reason": self.reason if reached else False,
            "agreed": self.agreed if reached else "none",
            "note": self.note,
            "next_date": self.next_date,
            "amount": customer.amount_overdue,
            "days_late": max((today - oldest).days, 0) if oldest else 0,
            "confirmation": self.confirmation if self.env.context.get("followup_confirm_call") and reached else False,
        }

    def _summary(self):
        selections = self.fields_get(["reached", "reason"], ["selection"])
        parts = [dict(selections["reached"]["selection"])[self.reached]]
        if self.reason and self.reached == "yes":
            parts.append(dict(selections["reason"]["selection"])[self.reason])
        if self.note:
            parts.append(self.note)
        return self.env._("Call: %s", " - ".join(parts))

    def _not_reached(self, planned, summary):
        """Another try on the next date; after so many, the ladder goes on without an answer."""
        customer = self.customer_id
        if planned and planned.call_tries >= customer.company_id.followup_call_tries:
            self.env["followup.engine"]._complete_call(
                customer,
                self.env._("%(call)s. Not reached after %(tries)s tries.", call=summary, tries=planned.call_tries),
            )
            return
        customer.message_post(body=summary)
        if planned:
            planned.sudo()._try_again(self.next_date)
        else:
            self._plan_task(self.env._("Call again"))

    def _next_step(self):
        """Nothing formal was agreed: follow-up waits until the next date, or somebody looks on that day."""
        if self.agreed != "none":
            return
        if self.wait:
            self.env["followup.hold"].create(
                {"customer_id": self.customer_id.id, "until": self.next_date, "reason": self.note}
            )
        else:
            self._plan_task(self.env._("After the call: is it paid, or is there news?"))

    def _plan_task(self, summary):
        self.customer_id.activity_schedule(
            "l10n_be_followup.mail_activity_type_call",
            date_deadline=self.next_date,
            summary=summary,
            note=self.note,
            user_id=self.env.uid,
        )

    def _next_action(self, confirm):
        """The screen of what was agreed, with what is known already; None when nothing was."""
        self.ensure_one()
        if self.agreed == "none" or self.reached == "no":
            return None
        name, model = {
            "promise": (self.env._("Promise to pay"), "followup.promise.wizard"),
            "arrangement": (self.env._("Payment arrangement"), "followup.arrange.wizard"),
            "dispute": (self.env._("Dispute"), "followup.dispute.wizard"),
        }[self.agreed]
        context = {"default_customer_id": self.customer_id.id, "default_note": self.note}
        if self.agreed in ("promise", "dispute"):
            context["default_channel"] = "phone"
        if self.agreed == "promise":
            context |= {"default_date": self.next_date, "default_send_confirmation": bool(confirm)}
        if self.agreed == "dispute":
            context |= {"default_reason_code": DISPUTE_REASONS.get(self.reason), "default_deadline": self.next_date}
        return {
            "type": "ir.actions.act_window",
            "name": name,
            "res_model": model,
            "view_mode": "form",
            "target": "new",
            "context": context,
        }
