import hashlib
import json
import logging
import uuid
from datetime import timedelta

import pytz
from lxml import html
from markupsafe import Markup
from odoo import api, fields, models, tools
from odoo.exceptions import UserError
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import format_datetime
from stdnum.be import ogm_vcs

from ..engine import application
from ..legal.consumer import waiting_period
from .followup_level import KINDS
from .followup_policy import REGIMES

_logger = logging.getLogger(__name__)

STATES = [
    ("review", "To review"),
    ("queued", "On its way"),
    ("sending", "Being sent"),
    ("sent", "Sent"),
    ("delivered", "Delivered"),
    ("failed", "Failed"),
    ("bounced", "Returned"),
    ("unknown", "Unknown, check"),
    ("cancelled", "Cancelled"),
]
#: The only ways from one state to another. A call goes from planned (queued) to delivered without being sent.
TRANSITIONS = {
    "review": {"queued", "cancelled"},
    "queued": {"sending", "review", "failed", "cancelled", "delivered"},
    "sending": {"sent", "failed", "unknown"},
    "unknown": {"sent", "failed"},
    "sent": {"delivered", "bounced"},
    "delivered": {"bounced"},
    "failed": {"queued", "cancelled"},
    "bounced": set(),
    "cancelled": set(),
}
#: From the claim on, what the customer may have received is evidence.
FROZEN = {"sending", "sent", "delivered", "bounced", "unknown"}
#: States in which a notice does not count against a second one.
DEAD = {"failed", "bounced", "cancelled"}
EVIDENCE = {
    "name", "customer_id", "company_id", "channel", "level_id", "level_kind", "email_to", "email_from", "reply_to",
    "subject", "body", "pay_before", "reference", "sha256", "message_id", "claim_date", "sent_date", "line_ids",
    "credits", "amount_total", "lang", "regime", "recipient_id", "attachment_ids",
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
    channel = fields.Selection([("email", "E-mail"), ("call", "Call")], required=True, readonly=True, default="email")
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
            "level": self.env._("this level is always reviewed"),
            "no_bank_data": self.env._("there are no bank data: check first whether the customer paid"),
            "manual": self.env._("prepared by hand"),
            "changed": self.env._("the amounts changed after approval"),
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
                IF (OLD.body, OLD.subject, OLD.email_to, OLD.email_from, OLD.message_id, OLD.sha256, OLD.claim_date)
                   IS DISTINCT FROM
                   (NEW.body, NEW.subject, NEW.email_to, NEW.email_from, NEW.message_id, NEW.sha256, NEW.claim_date)
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

    # CRUD

    @api.model_create_multi
    def create(self, vals_list):
        notices = super().create(vals_list)
        for notice in notices:
            notice.name = f"FU{notice.id:06d}"
        return notices

    def write(self, vals):
        engine = self.env.context.get("followup_engine")
        if EVIDENCE & vals.keys() and not engine and any(notice.frozen for notice in self):
            raise UserError(self.env._("What was sent cannot be changed: it is evidence."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_evidence(self):
        if any(notice.frozen or notice.attempts for notice in self):
            raise UserError(self.env._("A notice that was sent, or tried, cannot be deleted: it is evidence."))

    # States

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
        engine = self.with_context(followup_engine=True)
        engine.write({"state": state, **vals})
        lines = engine.line_ids
        if state in DEAD:
            lines.filtered("live").live = False
        elif state == "queued":
            lines.filtered(lambda line: not line.live).write({"live": True, "failure": False})
        self.flush_recordset()
        lines.flush_recordset()

    # Actions

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
        to_approve._queue()
        to_approve.customer_id._refresh()
        return True

    def action_send_now(self):
        """Approve and send at once, whatever the hour: a person decides."""
        notices = self._for_user()
        notices.filtered(lambda notice: notice.state == "review")._approve()
        pending = notices.filtered(lambda notice: notice.state == "queued" and notice.channel == "email")
        if not pending:
            raise UserError(self.env._("There is nothing to send: the notice is not waiting to be sent."))
        pending._queue()
        pending.mail_ids.filtered(lambda mail: mail.state == "outgoing").sudo().with_context(
            followup_send_now=True
        ).send()
        pending.invalidate_recordset()
        pending.customer_id._refresh()
        return pending._notify_result()

    def _approve(self):
        self.company_id._followup_check_may_write()
        self._go("queued", approved_by=self.env.uid, approved_date=fields.Datetime.now())

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
            recipient = notice.partner_id._followup_recipient(notice.company_id)
            notice._go(
                "queued",
                failure=False,
                attempts=0,
                approved_by=self.env.uid,
                approved_date=fields.Datetime.now(),
                recipient_id=recipient.id,
                email_to=recipient.email_formatted,
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
        self.customer_id._refresh()

    def action_open_mail(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "mail.mail",
            "res_id": self.mail_ids[:1].id,
            "view_mode": "form",
        }

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

    # Queue

    def _cancel(self, reason):
        """Cancel what has not left, with the reason. Nothing is lost: the next run decides again."""
        pending = self.filtered(lambda notice: "cancelled" in TRANSITIONS[notice.state])
        pending._go("cancelled", cancel_reason=reason)
        pending.sudo().mail_ids.filtered(lambda mail: mail.state in ("outgoing", "exception")).write(
            {"state": "cancel", "failure_reason": reason}
        )
        pending.activity_id.sudo().unlink()

    def _queue(self):
        """Give approved or automatic notices to Odoo's mail queue, not before the sending hours."""
        for company, notices in self.grouped("company_id").items():
            opening = company._followup_opening()
            for notice in notices.filtered(lambda notice: notice.channel == "email"):
                notice.scheduled_date = opening
                mail = notice.sudo().mail_ids.filtered(lambda mail: mail.state in ("outgoing", "exception"))[:1]
                if mail:
                    mail.write({"state": "outgoing", "scheduled_date": opening, **notice._prepare_mail_content()})
                else:
                    self.env["mail.mail"].sudo().create(notice._prepare_mail(opening))
            self.env.ref("mail.ir_cron_mail_scheduler_action").sudo()._trigger(opening or fields.Datetime.now())

    def _prepare_mail_content(self):
        self.ensure_one()
        return {
            "subject": self.subject,
            "body_html": self.body,
            "email_to": self.email_to,
            "email_from": self.email_from,
            "reply_to": self.reply_to,
            "attachment_ids": [fields.Command.set(self.attachment_ids.ids)],
        }

    def _prepare_mail(self, scheduled_date):
        """Values of the `mail.mail`: explicit recipients only, no followers, replies to the customer's chatter."""
        self.ensure_one()
        return {
            **self._prepare_mail_content(),
            # What stands in the timeline: without a body it would read "this message has been removed".
            "body": Markup("<p>%s: %s</p>")
            % (self._get_html_link(title=f"{self.level_id.name} {self.name}"), self.email_to),
            "model": "followup.customer",
            "res_id": self.customer_id.id,
            "message_type": "email_outgoing",
            "author_id": (self.responsible_id.partner_id or self.company_id.partner_id).id,
            "message_id": tools.mail.generate_tracking_message_id(f"{self.customer_id.id}-followup.customer"),
            "followup_notice_id": self.id,
            "scheduled_date": scheduled_date,
            "auto_delete": False,
            "is_internal": True,
        }

    # Sending: called from the mail queue for one mail at a time

    def _claim(self, mail):
        """Decide this notice again, freeze it and claim it, committed, before the mail server hears of it.

        :return: True when the mail may be handed to the mail server now, by this process and no other
        """
        self.ensure_one()
        send_now = self.env.context.get("followup_send_now")
        if not self.customer_id.try_lock_for_update(allow_referencing=True) or not self.try_lock_for_update():
            return False  # somebody is busy with this customer: the queue comes back
        self.invalidate_recordset()
        mail.invalidate_recordset()
        if mail.state != "outgoing" or self.state != "queued":
            self._settle_stray(mail)
            return False
        company = self.company_id
        if self.env["ir.config_parameter"].sudo().get_param("database.is_neutralized"):
            self._cancel(self.env._("neutralised copy of a database"))
            return False
        opening = None if send_now else company._followup_opening()
        if opening:
            self.scheduled_date = mail.scheduled_date = opening
            return False
        if not self.approved_by and not company.followup_live:
            self._back_to_review(mail, "safe_mode")
            return False
        if not self._decide_again(mail):
            return False
        now = fields.Datetime.now()
        self._go(
            "sending",
            claim_date=now,
            attempt=str(uuid.uuid4()),
            attempts=self.attempts + 1,
            message_id=mail.message_id,
            sha256=self._fingerprint(),
        )
        mail.write(self._prepare_mail_content())
        self.env.flush_all()
        self.env.cr.commit()  # pylint: disable=invalid-commit
        self._reserve_customer()
        return True

    def _reserve_customer(self):
        """Keep others from writing this customer until the mail server's answer is noted.

        A conflict of transactions after the final dot would undo the answer and leave the claim as unknown.
        """
        customer_id = self.customer_id.id
        for _attempt in range(5):
            try:
                self.env.cr.execute("SELECT FROM followup_customer WHERE id = %s FOR NO KEY UPDATE", [customer_id])
                return
            except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
                self.env.cr.rollback()  # begins anew on what the other left; the claim is committed

    def _decide_again(self, mail):
        """Compare with a fresh decision: unchanged goes, changed is rendered again, nothing due is cancelled."""
        self.ensure_one()
        engine = self.env["followup.engine"]
        today = self.company_id._followup_today()
        decision = engine._decide_for_notice(self, today)
        if not decision.message:
            reasons = self.env["followup.engine"]._explain(application.pack_reasons(decision.reasons))
            self._cancel(reasons or self.env._("nothing is due any more"))
            self.customer_id._refresh()
            return False
        vals = engine._notice_values(self.company_id, decision, today, manual=self.manual)
        changed = vals["fingerprint"] != self._content_key()
        if self.prepared_on == today and self._claims_otherwise(vals):
            changed = True  # not because a day went by: another regime, another due date, a payment booked late
        if not self.approved_by and not changed and set(decision.review) - {"safe_mode"}:
            self._back_to_review(mail, "level")  # somebody asked since to see this level first
            return False
        if changed and (self.approved_by or set(decision.review) - {"safe_mode"}):
            self._rebuild(vals)
            self._back_to_review(mail, "changed")
            return False
        if changed or self.prepared_on != today or vals["email_to"] != self.email_to:
            self._rebuild(vals)
        problem = self._missing_element()
        if problem:
            self._fail(problem)
            mail.write({"state": "cancel", "failure_reason": problem})
            return False
        return True

    def _claims_otherwise(self, vals):
        """Whether fresh values of a notice differ in due dates or charges from what it says."""

        def key(item_id, due, episode, *amounts):
            return item_id, due, episode, *(f"{amount or 0.0:.2f}" for amount in amounts)

        said = {
            key(line.item_id.id, line.date_maturity, line.episode, line.interest, line.compensation, line.reminder_cost)
            for line in self.line_ids
        }
        fresh = {
            key(
                line["item_id"], line["date_maturity"], line["episode"],
                line.get("interest"), line.get("compensation"), line.get("reminder_cost"),
            )
            for _command, _id, line in vals["line_ids"]
        }  # fmt: skip
        return fresh != said

    def _missing_element(self):
        """What a consumer's free first reminder still lacks of its mandatory elements; None when it has them all.

        Article XIX.2 §2: (1) the balance due and what will be claimed, (2) name and enterprise number of the
        creditor, (3) the product and the day the debt fell due, (4) the fourteen days. Checked on the rendered
        message itself, whatever template or view made it.
        """
        if self.regime != "b2c":
            return None
        lines = self.line_ids.filtered(lambda line: line.advances and line.level_kind == "first_reminder")
        if not lines:
            return None
        number = application.enterprise_number(self.company_id)
        if not number:
            return self.env._(
                "%(company)s has no enterprise number, and a first reminder to a consumer must hold it (article XIX.2). "
                "Set it in Settings > Companies.",
                company=self.company_id.name,
            )
        # In the block itself: the same day or amount may stand elsewhere in the message for another reason.
        blocks = html.fromstring(f"<div>{self.body or ''}</div>").find_class("o_followup_consumer_block")
        body = " ".join(" ".join(block.text_content() for block in blocks).split())
        for element, name in application.mandatory_elements(self, lines, number):
            if " ".join(element.split()) not in body:
                return self.env._(
                    "the first reminder lacks %(name)s (%(element)s), which article XIX.2 requires. Restore the frame "
                    "of the message (view followup_notice_consumer_block).",
                    name=name,
                    element=element or "-",
                )
        return None

    def _rebuild(self, vals):
        """Write fresh amounts and render again."""
        vals = dict(vals)
        vals.pop("fingerprint")
        vals["line_ids"] = [fields.Command.clear(), *vals["line_ids"]]
        vals.pop("state", None)
        self.with_context(followup_engine=True).write(vals)
        self.reference = application.payment_reference(self)
        reply_to = self.customer_id._notify_get_reply_to(default=self.email_from)
        self.reply_to = reply_to.get(self.customer_id.id) or self.email_from
        self._render()

    def _back_to_review(self, mail, reason):
        mail.write({"state": "cancel", "failure_reason": reason})
        self._go("review", review_reasons=[reason], approved_by=False, approved_date=False)
        self.customer_id._refresh()

    def _settle_stray(self, mail):
        """A mail of a notice that is claimed already, or over: never send it again."""
        if self.state == "sending" and self.claim_date and self.claim_date > fields.Datetime.now() - timedelta(hours=1):
            return
        if self.state == "sending":
            self._mark_unknown()
        elif mail.state == "outgoing":
            mail.write({"state": "cancel", "failure_reason": f"notice {self.name} is {self.state}"})

    def _record_result(self, mail, failure_type=None):
        """Note what the mail server answered. Called by the mail queue after every attempt."""
        self.ensure_one()
        if self.state not in ("queued", "sending"):
            return
        if mail.state == "sent":
            self._go("sent", sent_date=fields.Datetime.now(), failure=False)
            self._after_sent()
            return
        if mail.state != "exception":
            return
        reason = mail.failure_reason or failure_type or ""
        outcome = application.classify_failure(reason, failure_type)
        reason = self._describe_failure(reason)
        if self.state == "queued" and outcome == "unknown":
            outcome = "later"  # not claimed: the server never saw it
        if outcome == "unknown":
            self._mark_unknown(reason)
        elif outcome == "later" and self.attempts < MAX_ATTEMPTS:
            if self.state == "sending":
                self._go("failed", failure=reason)
                self._go("queued")
            delay = timedelta(minutes=15 * 2**self.attempts)
            retry_at = fields.Datetime.now() + delay
            self.with_context(followup_engine=True).write(
                {"failure": reason, "scheduled_date": retry_at, "attempts": self.attempts + 1}
            )
            mail.write({"state": "outgoing", "scheduled_date": retry_at})
        else:
            self._fail(reason)

    def _after_sent(self):
        """What follows from a message that left: the day of the last message, and its claims."""
        for notice in self:
            notice.customer_id._after_message(notice)
            self.env["followup.charge"].sudo()._claim_from(notice)

    def _describe_failure(self, reason):
        """The mail server's answer in words that a person can act on."""
        answer = application.smtp_answer(reason)
        if answer:
            return self.env._(
                "the mail server refused %(address)s and said: %(answer)s", address=self.email_to, answer=answer
            )
        return reason.strip().splitlines()[-1] if reason.strip() else self.env._("no reason given")

    def _fail(self, reason):
        self._go("failed", failure=reason)
        self.with_context(followup_engine=True).line_ids.filtered("advances").failure = reason
        self.customer_id._report_failure(
            self.env._("Notice %(notice)s could not be sent: %(reason)s", notice=self.name, reason=reason)
        )

    def _mark_unknown(self, reason=None):
        """The mail server may or may not have it. Never sent again by itself: a person looks."""
        text = self.env._(
            "Notice %(notice)s: the connection broke while it was being sent, so it is unknown whether "
            "%(address)s has it. Check with the mail provider, then say so on the notice. %(reason)s",
            notice=self.name,
            address=self.email_to,
            reason=reason or "",
        )
        self._go("unknown", failure=text)
        self.sudo().mail_ids.filtered(lambda mail: mail.state in ("outgoing", "exception")).write({"state": "cancel"})
        self.customer_id._report_failure(text)

    @api.model
    def _confirm(self, company, now=None):
        """Move on what time has decided: sent and not returned is delivered, an old claim is unknown.

        :param now: naive UTC datetime, for tests
        """
        now = now or fields.Datetime.now()
        sent = self.search(
            [
                ("company_id", "=", company.id),
                ("state", "=", "sent"),
                ("sent_date", "<=", now - timedelta(hours=company.followup_bounce_hours)),
            ]
        )
        for notice in sent:
            notice._deliver(notice._local_date(notice.sent_date))
        stale = self.search(
            [("company_id", "=", company.id), ("state", "=", "sending"), ("claim_date", "<", now - timedelta(hours=1))]
        )
        for notice in stale.try_lock_for_update():
            notice._mark_unknown()
        calls = self.search([("company_id", "=", company.id), ("channel", "=", "call"), ("state", "=", "queued")])
        today = self._local_day(company, now)
        calls -= calls._cancel_moot_calls()
        for call in calls:
            if application.working_days_between(company, call.prepared_on, today) >= 5:
                call._deliver(today)

    def _deliver(self, day):
        """The message arrived: items reach their level, and a consumer's fourteen days count from `day`."""
        self.ensure_one()
        free_until = False
        # Only a message with the block for consumers begins the fourteen days; a business reminder does not.
        if (
            self.regime == "b2c"
            and self.channel == "email"
            and "first_reminder" in self.line_ids.filtered("advances").mapped("level_kind")
        ):
            free_until = self._free_until(day, self.company_id)
        self._go("delivered", delivered_on=day, waiting_until=free_until)
        self.env["followup.item"]._recompute_levels(self.line_ids.filtered("advances").item_id.ids)

    def _bounce(self, reason):
        """The message came back: its items return to the level delivered before it, and a person is asked."""
        for notice in self.filtered(lambda notice: "bounced" in TRANSITIONS[notice.state]):
            notice._go("bounced", bounced_date=fields.Datetime.now(), failure=reason)
            lines = notice.line_ids.filtered("advances")
            lines.with_context(followup_engine=True).failure = reason
            self.env["followup.charge"].sudo()._unclaim(notice)
            self.env["followup.item"]._recompute_levels(lines.item_id.ids)
            notice.customer_id._report_failure(
                self.env._(
                    "Notice %(notice)s came back from %(address)s: %(reason)s",
                    notice=notice.name,
                    address=notice.email_to,
                    reason=reason,
                )
            )
            notice.customer_id._refresh()

    @api.model
    def _free_until(self, day, company):
        """Last of the consumer's fourteen days for an e-mail sent on `day` (art. XIX.2)."""
        root = company._followup_root()
        return waiting_period(day, "email", root.followup_saturday_counts, root.followup_extend_period).last_day

    def _plan_call(self):
        """Plan the call of a level for the responsible person."""
        for notice in self:
            user = notice.responsible_id or notice.customer_id._default_responsible()
            level = notice.level_id.with_context(lang=user.lang)
            # No "assigned to you" mail for each call: a night may plan dozens; they stand in the activity view.
            customer = notice.customer_id.sudo().with_context(mail_activity_quick_update=True)
            activity = customer.activity_schedule(
                activity_type_id=level.activity_type_id.id
                or self.env.ref("l10n_be_followup.mail_activity_type_call").id,
                date_deadline=notice.prepared_on,
                summary=level.name,
                note=level.activity_note,
                user_id=user.id,
            )
            if notice.channel == "call":
                notice.activity_id = activity

    def _cancel_moot_calls(self):
        """Take planned calls back of which every invoice is paid by now.

        :return: the calls taken back
        """
        moot = self.filtered(lambda call: not any(item.is_open for item in call.line_ids.item_id))
        moot._cancel(self.env._("nothing is due any more"))
        return moot

    def _call_done(self):
        for notice in self.filtered(lambda notice: notice.state == "queued" and notice.channel == "call"):
            notice._deliver(notice.company_id._followup_today())
            notice.customer_id._refresh()

    def _local_date(self, moment):
        return self._local_day(self.company_id, moment)

    @api.model
    def _local_day(self, company, moment):
        zone = pytz.timezone(company._followup_root().followup_tz or "Europe/Brussels")
        return pytz.utc.localize(moment).astimezone(zone).date()

    # Content

    def _content_key(self):
        """What makes two versions of a message differ for the customer: items, levels, amounts and credits."""
        self.ensure_one()
        return application.content_key(
            [
                (line.item_id.id, line.level_id.id, line.advances, line.currency_id.id, line.amount_residual)
                for line in self.line_ids
            ],
            self.credits,
        )

    def _fingerprint(self):
        self.ensure_one()
        content = {
            "reference": self.name,
            "to": self.email_to,
            "from": self.email_from,
            "subject": self.subject,
            "body": str(self.body or ""),
            "lines": self._content_key(),
            "attachments": self.attachment_ids.mapped("checksum"),
        }
        return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()

    def _render(self):
        """Render subject and body in the customer's language; in batches, one pass per template."""
        for template, notices in self.grouped(lambda notice: notice.level_id.template_id).items():
            if not template:
                raise UserError(
                    self.env._("Level %s has no e-mail template. Choose one on the level.", notices[0].level_id.name)
                )
            for lang, same in notices.grouped("lang").items():
                localized = template.sudo().with_context(lang=lang)
                subjects = localized._render_field("subject", same.ids)
                intros = localized._render_field("body_html", same.ids, options={"post_process": True})
                for notice in same:
                    notice.subject = subjects[notice.id]
                    notice.body = notice._wrap(intros[notice.id])
        for notice in self.filtered(lambda notice: notice.level_id.attach_invoices):
            notice._attach_invoices()

    def _wrap(self, intro):
        """Put the template's words into the frame that no template can leave out: items, payment, law, sender."""
        self.ensure_one()
        view = self.sudo().with_context(lang=self.lang)
        return (
            self.env["ir.qweb"]
            .with_context(lang=self.lang)
            ._render("l10n_be_followup.followup_notice_email", view._prepare_body_values(intro))
        )

    def _prepare_body_values(self, intro):
        return application.body_values(self, intro)

    def _attach_invoices(self):
        attachments = self.env["ir.attachment"].sudo()
        for move in self.line_ids.move_id.filtered(lambda move: move.is_invoice()):
            document = move._get_invoice_legal_documents("pdf", allow_fallback=True)
            if document:
                attachments |= attachments.create(
                    {
                        "name": document["filename"],
                        "raw": document["content"],
                        "mimetype": "application/pdf",
                        "res_model": self._name,
                        "res_id": self.id,
                    }
                )
        self.attachment_ids = attachments

    @api.model
    def _structured_reference(self, number):
        """A Belgian structured communication of our own: +++9nn/nnnn/nnncc+++, check digits by `python-stdnum`."""
        base = f"9{number % 10**9:09d}"
        return f"+++{ogm_vcs.format(base + ogm_vcs.calc_check_digits(base))}+++"
