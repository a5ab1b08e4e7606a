import logging

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_datetime

from ..engine import application
from .followup_level import KINDS
from .followup_policy import REGIMES

_logger = logging.getLogger(__name__)

STATES = [
    ("review", "To review"),
    ("queued", "On its way"),
    ("sending", "Being sent"),
    ("printed", "Printed, to post"),
    ("sent", "Sent"),
    ("delivered", "Delivered"),
    ("failed", "Failed"),
    ("bounced", "Returned"),
    ("unknown", "Unknown, check"),
    ("cancelled", "Cancelled"),
]
CHANNELS = [("email", "E-mail"), ("letter", "Letter"), ("sms", "SMS"), ("call", "Call")]
#: Channels that put it in writing: only these take an item to a level, and a consumer's reminder needs one of them.
WRITTEN = {"email", "letter"}
#: The only ways from one state to another. A call goes from planned (queued) to delivered without being sent.
TRANSITIONS = {
    "review": {"queued", "cancelled"},
    "queued": {"sending", "printed", "review", "failed", "cancelled", "delivered"},
    "sending": {"sent", "failed", "unknown"},
    # Taken out of the pile again, posted by a service (sending), or by hand: that is when a letter is delivered.
    "printed": {"queued", "sending", "sent", "delivered", "cancelled", "failed"},
    "unknown": {"sent", "failed"},
    # Back to printed: a letter that was marked as posted by mistake.
    "sent": {"delivered", "bounced", "printed"},
    "delivered": {"bounced", "printed"},
    "failed": {"queued", "cancelled"},
    "bounced": set(),
    "cancelled": set(),
}
#: From the claim on, what the customer may have received is evidence.
FROZEN = {"sending", "printed", "sent", "delivered", "bounced", "unknown"}
#: States in which a notice does not count against a second one.
DEAD = {"failed", "bounced", "cancelled"}
EVIDENCE = {
    "name", "customer_id", "company_id", "channel", "level_id", "level_kind", "email_to", "email_from", "reply_to",
    "subject", "body", "pay_before", "reference", "sha256", "message_id", "claim_date", "sent_date", "line_ids",
    "credits", "amount_total", "lang", "regime", "recipient_id", "attachment_ids", "purpose", "arrangement_id",
    "instalment_id", "promise_id", "dispute_id", "suspension_id", "services", "address", "phone_to", "text",
    "email_cc", "informal", "tone", "letter_pdf", "promised_until", "call_id",
}  # fmt: skip
#: How often a message is offered again by itself when the mail server cannot be reached or says "later".
MAX_ATTEMPTS = 6


class FollowupNotice(models.Model):
    """One message to one customer, or one call: what it says, what became of it, and the proof."""

    _name = "followup.notice"
    _description = "Follow-up Notice"
    _order = "id desc"

    name = fields.Char("Reference", readonly=True, copy=False)
    customer_id = fields.Many2one(
        "followup.customer", "Follow-up", required=True, readonly=True, ondelete="restrict", index=True
    )
    partner_id = fields.Many2one(related="customer_id.partner_id", store=True, string="Customer")
    company_id = fields.Many2one("res.company", required=True, readonly=True, index=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    run_id = fields.Many2one("followup.run", readonly=True, ondelete="set null", index="btree_not_null")
    channel = fields.Selection(CHANNELS, required=True, readonly=True, default="email")
    level_id = fields.Many2one("followup.level", readonly=True, ondelete="restrict")
    level_kind = fields.Selection(KINDS, "Kind", readonly=True)
    regime = fields.Selection(REGIMES, readonly=True)
    lang = fields.Char(readonly=True)
    manual = fields.Boolean("By hand", readonly=True)
    responsible_id = fields.Many2one("res.users", readonly=True)

    state = fields.Selection(STATES, required=True, readonly=True, default="review", index=True)
    review_reasons = fields.Json(readonly=True)
    review_text = fields.Char("Waits because", compute="_compute_review_text")
    prepared_on = fields.Date(readonly=True)
    approved_by = fields.Many2one("res.users", readonly=True, ondelete="set null")
    approved_date = fields.Datetime(readonly=True)
    scheduled_date = fields.Datetime("Leaves From", readonly=True)
    claim_date = fields.Datetime(readonly=True)
    attempt = fields.Char(readonly=True)
    attempts = fields.Integer(readonly=True)
    sent_date = fields.Datetime("Sent On", readonly=True)
    delivered_on = fields.Date("Delivered", readonly=True, help="The day of sending, once delivery is certain.")
    bounced_date = fields.Datetime("Returned On", readonly=True)
    failure = fields.Text(readonly=True)
    cancel_reason = fields.Char(readonly=True)
    waiting_until = fields.Date(readonly=True, help="Last of a consumer's fourteen days that this notice began.")

    recipient_id = fields.Many2one("res.partner", readonly=True, ondelete="set null")
    email_to = fields.Char("To", readonly=True)
    email_from = fields.Char("From", readonly=True)
    reply_to = fields.Char(readonly=True)
    subject = fields.Char(readonly=True)
    body = fields.Html(readonly=True, sanitize=False)
    pay_before = fields.Date(readonly=True)
    pay_before_text = fields.Char(compute="_compute_pay_before_text")
    reference = fields.Char("Structured Communication", readonly=True)
    amount_total = fields.Monetary("Amount", readonly=True, help="Open items less credits, in company currency.")
    amount_interest = fields.Monetary("Interest", compute="_compute_amounts")
    amount_costs = fields.Monetary("Costs", compute="_compute_amounts", help="Compensations and reminder costs.")
    amount_to_pay = fields.Monetary(
        "Total to Pay",
        compute="_compute_amounts",
        help="In company currency; other currencies at the rate of the day on which the notice was prepared.",
    )
    credits = fields.Json(readonly=True)
    line_ids = fields.One2many("followup.notice.line", "notice_id", "Items", readonly=True)
    message_id = fields.Char("Message-ID", readonly=True, index="btree_not_null")
    sha256 = fields.Char("SHA-256", readonly=True, help="Fingerprint of the complete message as it was sent.")
    mail_ids = fields.One2many("mail.mail", "followup_notice_id", "E-mails")
    attachment_ids = fields.Many2many("ir.attachment", string="Attachments", readonly=True)
    activity_id = fields.Many2one("mail.activity", readonly=True, ondelete="set null")
    frozen = fields.Boolean(compute="_compute_frozen")
    window_text = fields.Char(compute="_compute_window_text")

    @api.depends("state")
    def _compute_frozen(self):
        for notice in self:
            notice.frozen = notice.state in FROZEN

    @api.depends("amount_total", "line_ids.interest", "line_ids.compensation", "line_ids.reminder_cost")
    def _compute_amounts(self):
        for notice in self:
            day = notice.prepared_on or fields.Date.context_today(notice)
            interest = costs = 0.0
            for line in notice.line_ids:
                rate_of = {"to_currency": notice.currency_id, "company": notice.company_id, "date": day}
                interest += line.currency_id._convert(line.interest, **rate_of)
                costs += line.currency_id._convert(line.compensation + line.reminder_cost, **rate_of)
            notice.amount_interest = interest
            notice.amount_costs = costs
            notice.amount_to_pay = notice.amount_total + interest + costs

    @api.depends("pay_before", "lang")
    def _compute_pay_before_text(self):
        for notice in self:
            notice.pay_before_text = application.notice_date(self.env, notice.pay_before, notice.lang)

    @api.depends("review_reasons")
    def _compute_review_text(self):
        texts = {
            "safe_mode": self.env._("safe mode is on"),
            "outside_segment": self.env._("live mode began with other customers"),
            "level": self.env._("this level is always reviewed"),
            "no_bank_data": self.env._("there are no bank data: check first whether the customer paid"),
            "manual": self.env._("prepared by hand"),
            "no_bounces": self.env._(
                "returned e-mails are not seen here (no bounce address is set up): check that the free first "
                "reminder reached this consumer"
            ),
            "changed": self.env._("the amounts changed after approval"),
            "dispute_expired": self.env._("an invoice was disputed and the deadline to solve it passed"),
            "twin": self.env._("the same message was sent a short time ago"),
            "surge": self.env._("prepared in an unusual night"),
            "vip": self.env._("this customer is a VIP: a person reads every message first"),
        }
        for notice in self:
            notice.review_text = ", ".join(texts.get(code, code) for code in notice.review_reasons or [])

    def _compute_window_text(self):
        for notice in self:
            opening = notice.company_id._followup_opening()
            notice.window_text = (
                self.env._(
                    "Outside sending hours: once approved it leaves on %(date)s.",
                    date=format_datetime(
                        self.env, opening, tz=notice.company_id._followup_root().followup_tz, dt_format="short"
                    ),
                )
                if opening
                else False
            )

    def init(self):
        """The last line of defence: the database itself refuses to alter or delete what was sent."""
        self.env.cr.execute(
            """
            CREATE OR REPLACE FUNCTION followup_notice_protect() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF OLD.state NOT IN ('sent', 'delivered', 'bounced', 'unknown')
                   OR current_setting('l10n_be_followup.purge', TRUE) = 'on' THEN
                    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
                END IF;
                IF TG_OP = 'DELETE' THEN
                    RAISE EXCEPTION 'follow-up notice % was sent: it is evidence and cannot be deleted', OLD.name;
                END IF;
                IF (OLD.body, OLD.subject, OLD.email_to, OLD.email_from, OLD.message_id, OLD.sha256, OLD.claim_date,
                    OLD.phone_to, OLD.text, OLD.email_cc)
                   IS DISTINCT FROM
                   (NEW.body, NEW.subject, NEW.email_to, NEW.email_from, NEW.message_id, NEW.sha256, NEW.claim_date,
                    NEW.phone_to, NEW.text, NEW.email_cc)
                THEN
                    RAISE EXCEPTION 'follow-up notice % was sent: it is evidence and cannot be changed', OLD.name;
                END IF;
                RETURN NEW;
            END $$;
            DROP TRIGGER IF EXISTS followup_notice_protect ON followup_notice;
            CREATE TRIGGER followup_notice_protect BEFORE UPDATE OR DELETE ON followup_notice
                FOR EACH ROW EXECUTE FUNCTION followup_notice_protect();
            """
        )

    @api.model_create_multi
    def create(self, vals_list):
        notices = super().create(vals_list)
        for notice in notices:
            notice.name = self._number(notice.id)
        return notices

    @api.model
    def _number(self, notice_id):
        return f"FU{notice_id:06d}"

    def write(self, vals):
        engine = self.env.context.get("followup_engine")
        if EVIDENCE & vals.keys() and not engine and any(notice.frozen for notice in self):
            raise UserError(self.env._("What was sent cannot be changed: it is evidence."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_evidence(self):
        if any(notice.frozen or notice.attempts for notice in self):
            raise UserError(self.env._("A notice that was sent, or tried, cannot be deleted: it is evidence."))

    def _go(self, state, **vals):
        """Move to `state`; the only place where the state is written.

        :raises UserError: when the table of transitions does not know the step
        """
        for notice in self:
            if state not in TRANSITIONS[notice.state]:
                names = dict(self._fields["state"]._description_selection(self.env))
                raise UserError(
                    self.env._(
                        "Notice %(notice)s is %(old)s and cannot become %(new)s.",
                        notice=notice.name,
                        old=names[notice.state].lower(),
                        new=names[state].lower(),
                    )
                )
        if state in FROZEN:
            self._ensure_rendered()  # nothing leaves, and nothing is frozen, without its words
        engine = self.with_context(followup_engine=True)
        if state in ("cancelled", "queued"):
            vals["occupies"] = state == "queued"
        engine.write({"state": state, **vals})
        lines = engine.line_ids
        if state in DEAD:
            lines.filtered("live").live = False
        elif state == "queued":
            # The lines of a message that goes beside another one do not count twice.
            lines.filtered(lambda line: not line.live and not line.notice_id.standby).write(
                {"live": True, "failure": False}
            )
        self.flush_recordset()
        lines.flush_recordset()

    def _action_open(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Notice"),
            "res_model": "followup.notice",
            "res_id": self.id,
            "view_mode": "form",
            "views": [(False, "form")],
        }

    def action_approve(self):
        """Approve: the notice leaves at the next sending hour."""
        to_approve = self._for_user().filtered(lambda notice: notice.state == "review")
        to_approve._approve()
        (to_approve | to_approve.companion_ids.filtered(lambda notice: notice.state == "queued"))._queue()
        to_approve.customer_id._refresh()
        return True

    def action_send_now(self):
        """Approve and send at once, whatever the hour: a person decides."""
        notices = self._for_user()
        notices.company_id._followup_check_not_stopped()
        wanted = notices.filtered(lambda notice: notice.state in ("review", "queued") and notice.channel == "email")
        if not self.env.context.get("followup_over_cap") and (over := wanted._over_caps()):
            return self.env["followup.over.cap.wizard"]._warn(self, over, "action_send_now")
        notices.filtered(lambda notice: notice.state == "review")._approve()
        pending = notices.filtered(lambda notice: notice.state == "queued" and notice.channel == "email")
        if not pending:
            raise UserError(self.env._("There is nothing to send: the notice is not waiting to be sent."))
        (pending | pending.companion_ids.filtered(lambda notice: notice.state == "queued"))._queue()
        pending.mail_ids.filtered(lambda mail: mail.state == "outgoing").sudo().with_context(
            followup_send_now=True
        ).send()
        pending.invalidate_recordset()
        pending.customer_id._refresh()
        return pending._notify_result()

    def _approve(self):
        self.company_id._followup_check_may_write()
        beside = self.companion_ids.filtered(lambda notice: notice.state == "review") - self
        (self | beside)._ensure_rendered()
        (self | beside)._go("queued", approved_by=self.env.uid, approved_date=fields.Datetime.now())

    def action_reject(self):
        """Do not send it. The same step is prepared again by the next run, unless you put the customer on hold."""
        notices = self._for_user()
        notices._cancel(self.env._("rejected by %s", self.env.user.name))
        notices.customer_id._refresh()

    def action_retry(self):
        """Offer a failed notice to the mail server again."""
        failed = self._for_user().filtered(lambda notice: notice.state == "failed")
        if not failed:
            raise UserError(self.env._("Only a failed notice can be tried again."))
        for notice in failed:
            route = notice.partner_id._followup_route(notice.company_id, channel=notice.channel)
            notice._go(
                "queued",
                failure=False,
                attempts=0,
                approved_by=self.env.uid,
                approved_date=fields.Datetime.now(),
                **route._prepare_notice(),
            )
        failed.customer_id.sudo().failure = False
        return failed.action_send_now()

    def action_was_sent(self):
        """After *unknown, check*: the customer has it."""
        for notice in self._for_user().filtered(lambda notice: notice.state == "unknown"):
            notice._go("sent", sent_date=notice.claim_date, failure=False)
            notice._after_sent()
        self.customer_id.sudo().failure = False
        self.customer_id._refresh()

    def action_was_not_sent(self):
        """After *unknown, check*: the customer does not have it; it can be tried again."""
        unknown = self._for_user().filtered(lambda notice: notice.state == "unknown")
        unknown._go("failed", failure=self.env._("not sent, said %s", self.env.user.name))
        unknown._promote()
        self.customer_id._refresh()

    def _for_user(self):
        """These notices with the rights to work on them: nobody writes to a notice but through its buttons.

        :raises UserError: without the rights of a follow-up user; an `AccessError` for another company's notice
        """
        self.check_access("read")
        if not self.env.su and not self.env.user.has_group("l10n_be_followup.l10n_be_followup_group_user"):
            raise UserError(self.env._("You need the rights of a follow-up user to do this."))
        return self.sudo()

    def _notify_result(self):
        sent = self.filtered(lambda notice: notice.state == "sent")
        if len(sent) == len(self):
            kind, text = "success", self.env._("Sent to %s", ", ".join(sent.mapped("email_to")))
        else:
            kind = "warning"
            text = "; ".join(
                filter(None, ((notice.failure or notice.cancel_reason) for notice in self - sent))
            ) or self.env._("It will be sent as soon as the mail server can be reached.")
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {"type": kind, "message": text, "next": {"type": "ir.actions.client", "tag": "soft_reload"}},
        }
