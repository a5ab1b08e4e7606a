import uuid
from datetime import timedelta

from lxml import html
from markupsafe import Markup
from odoo import fields, models, tools
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY

from ..engine import application, dsn
from .followup_notice import MAX_ATTEMPTS, TRANSITIONS


class FollowupNotice(models.Model):
    """From the mail queue to the mail server: decided again, claimed and committed, then sent once."""

    _inherit = "followup.notice"

    def _cancel(self, reason):
        """Cancel what has not left, with the reason. Nothing is lost: the next run decides again."""
        pending = self.filtered(lambda notice: "cancelled" in TRANSITIONS[notice.state])
        # What goes beside it goes with it.
        pending |= pending.companion_ids.filtered(
            lambda notice: notice.standby and "cancelled" in TRANSITIONS[notice.state]
        )
        pending._go("cancelled", cancel_reason=reason)
        pending.sudo().mail_ids.filtered(lambda mail: mail.state in ("outgoing", "exception")).write(
            {"state": "cancel", "failure_reason": reason}
        )
        pending.activity_id.sudo().unlink()
        # The customer has the letter beside it already: that is his reminder, and there is no second one.
        pending._promote()

    def _queue(self):
        """Give approved or automatic notices to Odoo's mail queue, not before the sending hours."""
        for company, notices in self.grouped("company_id").items():
            opening = company._followup_opening()
            notices = notices.filtered(lambda notice: notice.channel == "email")
            notices.scheduled_date = opening
            new = notices.browse()
            for notice in notices:
                mail = notice.sudo().mail_ids.filtered(lambda mail: mail.state in ("outgoing", "exception"))[:1]
                if mail:
                    mail.write({"state": "outgoing", "scheduled_date": opening, **notice._prepare_mail_content()})
                else:
                    new |= notice
            self.env["mail.mail"].sudo()._followup_create([notice._prepare_mail(opening) for notice in new])
            self.env.ref("mail.ir_cron_mail_scheduler_action").sudo()._trigger(opening or fields.Datetime.now())

    def _prepare_mail_content(self):
        self.ensure_one()
        return {
            "subject": self.subject,
            "body_html": self.body,
            "email_to": self.email_to,
            "email_cc": self.email_cc,
            "email_from": self.email_from,
            "reply_to": self.reply_to,
            "attachment_ids": [fields.Command.set(self.attachment_ids.ids)],
        }

    def _refresh_mail(self, mail):
        """The mail says what the notice says. Equal words are not written again: they are long."""
        content = self._prepare_mail_content()
        changed = {name: value for name, value in content.items() if name != "attachment_ids" and mail[name] != value}
        if mail.attachment_ids != self.attachment_ids:
            changed["attachment_ids"] = content["attachment_ids"]
        if changed:
            mail.write(changed)

    def _prepare_mail(self, scheduled_date):
        """Values of the `mail.mail`: explicit recipients only, no followers, replies to the customer's chatter."""
        self.ensure_one()
        return {
            **self._prepare_mail_content(),
            # What stands in the timeline: without a body it would read "this message has been removed".
            "body": Markup("<p>%s: %s</p>")
            % (self._get_html_link(title=f"{self._title()} {self.name}"), self.email_to),
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

    def _claim(self, mail, ready=None):
        """Decide this notice again, freeze it and claim it, committed, before the mail server hears of it.

        :param ready: what `_make_ready` said of it a moment ago
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
        if not company._followup_root().active:
            self._cancel(self.env._("%s is archived", company.name))
            return False
        restore = self.env["followup.restore"]
        if restore._stands_still(company, automatic=not send_now):
            self.scheduled_date = mail.scheduled_date = restore._later()
            return False
        opening = None if send_now else company._followup_opening()
        if opening:
            self.scheduled_date = mail.scheduled_date = opening
            return False
        if not self.approved_by and not company._followup_live_partners(self.partner_id):
            self._back_to_review(mail, "outside_segment" if company.followup_live else "safe_mode")
            return False
        if not self._is_ready(ready) and not (
            self._decide_again(mail) if self.purpose == "level" else self._still_right(mail)
        ):
            return False
        passed = self._pass_brakes(mail)
        if passed is None:
            return False
        now = fields.Datetime.now()
        self._go(
            "sending",
            claim_date=now,
            attempt=str(uuid.uuid4()),
            attempts=self.attempts + 1,
            message_id=mail.message_id,
            sha256=self._fingerprint(),
            **passed,
        )
        self._refresh_mail(mail)
        restore._sign()
        self.env.flush_all()
        note = self._journal_note("claim")
        self.env.cr.commit()
        note()
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

    def _decide_again(self, mail, decision=None, amounts=None):
        """Compare with a fresh decision: unchanged goes, changed is rendered again, nothing due is cancelled.

        :param decision: the fresh decision, when many were taken at once
        :param amounts: what `_claims_of` gave for it
        """
        self.ensure_one()
        engine = self.env["followup.engine"]
        today = self.company_id._followup_today()
        decision = decision or engine._decide_for_notice(self, today)
        if not decision.message:
            reasons = self.env["followup.engine"]._explain(application.pack_reasons(decision.reasons))
            self._cancel(reasons or self.env._("nothing is due any more"))
            self.customer_id._refresh()
            return False
        vals = engine._notice_values(
            self.company_id, decision, today, manual=self.manual, amounts=amounts, channel=self.channel
        )
        changed = vals["fingerprint"] != self._content_key()
        if self.prepared_on == today and self._claims_otherwise(vals):
            changed = True  # not because a day went by: another regime, another due date, a payment booked late
        if not self.approved_by and not changed and set(decision.review) - {"safe_mode"}:
            # Somebody asked since to see this level, or everything to this customer, first.
            self._back_to_review(mail, "vip" if "vip" in decision.review else "level")
            return False
        if changed and (self.approved_by or set(decision.review) - {"safe_mode"}):
            self._rebuild(vals)
            self._back_to_review(mail, "changed")
            return False
        if changed or self.prepared_on != today or self._addressed_otherwise(vals):
            self._rebuild(vals)
        self._ensure_rendered()
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
        # A creditor abroad has no Belgian number to name.
        if not number and self.company_id.country_id.code in (False, "BE"):
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
        vals.pop("companions", None)
        # What goes beside another message does not count, however often it is rendered.
        lines = [fields.Command.create(dict(line, live=not self.standby)) for _command, _id, line in vals["line_ids"]]
        vals["line_ids"] = [fields.Command.clear(), *lines]
        vals.pop("state", None)
        self.with_context(followup_engine=True).write(vals)
        self.reference = application.payment_reference(self)
        reply_to = self.customer_id._notify_get_reply_to(default=self.email_from)
        self.reply_to = reply_to.get(self.customer_id.id) or self.email_from
        self._render()

    def _back_to_review(self, mail, reason):
        mail.write({"state": "cancel", "failure_reason": reason})
        # What goes beside it waits with it: both are approved together.
        beside = self.companion_ids.filtered(lambda notice: notice.standby and notice.state == "queued")
        (self | beside)._go("review", review_reasons=[reason], approved_by=False, approved_date=False)
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
        raw, reason = reason, self._describe_failure(reason)
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
            # Another address may work where this one was refused, or never answered; not where we were the problem.
            blamed = bool(application.smtp_answer(raw)) and (
                outcome == "later" or dsn.blames_address(dsn.status_of(raw), raw)
            )
            self._fail(reason, address=blamed)

    def _after_sent(self):
        """What follows from a message that left: the day of the last message, and its claims."""
        for notice in self.filtered(lambda notice: not notice.standby):
            if notice.purpose in ("level", "missed"):
                notice.customer_id._after_message(notice)  # what was agreed may be confirmed the day after a reminder
            self.env["followup.charge"].sudo()._claim_from(notice)
        self.filtered(lambda notice: notice.email_cc and notice.channel == "email")._create_copies()

    def _describe_failure(self, reason):
        """The mail server's answer in words that a person can act on."""
        answer = application.smtp_answer(reason)
        if answer:
            return self.env._(
                "the mail server refused %(address)s and said: %(answer)s", address=self.email_to, answer=answer
            )
        return reason.strip().splitlines()[-1] if reason.strip() else self.env._("no reason given")

    def _fail(self, reason, address=False):
        """Nothing left. The letter beside it takes its place, or another way is tried; else a person is asked.

        :param address: whether the customer's address is to blame
        """
        self._go("failed", failure=reason)
        if self.standby or self._promote() or self._take_another_way(reason, address):
            return
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
