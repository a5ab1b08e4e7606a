import base64
import logging
import secrets
import zlib

import psycopg2
from markupsafe import Markup
from odoo import fields, models
from odoo.exceptions import UserError
from odoo.tools import format_datetime

from ..engine import bulk
from .followup_notice import DEAD, FROZEN

_logger = logging.getLogger(__name__)


class FollowupRestore(models.Model):
    """The answer: what left counts as sent, and follow-up goes on."""

    _inherit = "followup.restore"

    def action_settle(self):
        """Record what left, as ticked, and let follow-up go on.

        :raises UserError: when somebody else answers at this moment, or did
        """
        self._check_manager()
        self.ensure_one()
        question = self.sudo()
        if not question.try_lock_for_update():
            raise UserError(self.env._("Somebody else answers this question at this moment."))
        question.invalidate_recordset()
        if question.state != "open":
            raise UserError(self.env._("This question was answered already."))
        for line in question.line_ids.sorted("left_date"):
            line._settle()
        if question.safe_mode:
            question.company_id.followup_live = False
        question.write({"state": "settled", "settled_by_id": self.env.uid, "settled_date": fields.Datetime.now()})
        question._sign()
        question._live()
        question.activity_ids.unlink()
        customers = question.line_ids.customer_id
        customers._refresh()
        question._message_log(
            body=self.env._(
                "Answered by %(user)s: %(counted)s of %(all)s messages count as sent.",
                user=self.env.user.name,
                counted=len(question.line_ids.filtered("count")),
                all=len(question.line_ids),
            )
        )
        question._let_go()
        return True

    def _let_go(self):
        """What waited for the answer leaves at the next moment at which messages leave; each is decided again first."""
        company = self.company_id
        opening = company._followup_opening()
        waiting = self.env["followup.notice"].search(
            [("company_id", "=", company.id), ("state", "=", "queued"), ("scheduled_date", "<=", self._later())]
        )
        waiting.with_context(followup_engine=True).scheduled_date = opening
        mails = self.env["mail.mail"].search(
            [
                "|",
                ("followup_notice_id.company_id", "=", company.id),
                ("followup_copy_notice_id.company_id", "=", company.id),
                ("state", "=", "outgoing"),
                ("scheduled_date", "<=", self._later()),
            ]
        )
        mails.scheduled_date = opening
        for cron in ("mail.ir_cron_mail_scheduler_action", "l10n_be_followup.ir_cron_followup_text"):
            self.env.ref(cron).sudo()._trigger(opening or fields.Datetime.now())


class FollowupRestoreLine(models.Model):
    _inherit = "followup.restore.line"

    def _settle(self):
        """Make the database know this message, or leave it as it is; `outcome` says which."""
        self.ensure_one()
        if not self.count:
            self.outcome = self.env._("not counted: decided by the ordinary rules")
            return
        if not self.customer_id:
            self.outcome = self.env._("the customer is not in this database: nothing to record")
            return
        try:
            with self.env.cr.savepoint():
                self.customer_id.lock_for_update(allow_referencing=True)
                self.env["followup.engine"]._synchronise(self.company_id, self.customer_id.partner_id.ids)
                notice = self._record()
                self.notice_id = notice
                self.env.flush_all()
        except psycopg2.OperationalError:
            raise
        except Exception as error:
            self.env.invalidate_all()
            _logger.info("Message %s could not be recorded after a restored backup", self.name, exc_info=True)
            # Better no message than a second one: a person looks at this customer first.
            notice = self.env["followup.notice"]
            self.customer_id._report_failure(
                self.env._(
                    "%(notice)s left on %(date)s, before a backup was restored, and could not be recorded (%(error)s). Put the "
                    "customer on hold, or record it by hand.",
                    notice=self.name,
                    date=format_datetime(self.env, self.left_date),
                    error=error,
                )
            )
            self.outcome = str(error)
            return
        self.outcome = (
            self.env._("recorded as %s", notice.name) if notice else self.env._("noted in the customer's history")
        )

    def _record(self):
        """:return: the notice that stands for it; empty when it is only noted"""
        notice = self.env["followup.notice"].browse(self.notice_number).exists()
        same = notice and notice.name == self.name and notice.customer_id == self.customer_id and not notice.claim_date
        if self.channel not in ("email", "letter") or not self._about():
            if same:
                notice._cancel(self._why())
            self.customer_id._note(
                self.env._(
                    "%(notice)s (%(channel)s) left on %(date)s, before a backup was restored.",
                    notice=self.name,
                    channel=dict(self._fields["channel"]._description_selection(self.env))[self.channel],
                    date=fields.Date.to_string(self.left_date),
                )
            )
            return notice.browse()
        items = self._items()
        self._make_room(items, notice if same else notice.browse())
        if same and notice.state in ("review", "queued", "printed"):
            notice._ensure_rendered()
            if notice.state != "queued":
                notice._go("queued")
        else:
            notice = self._insert(items, taken=bool(notice))
        complete = self._put_words_back(notice)
        notice.with_context(followup_engine=True).from_journal = not complete
        if not complete:
            self._without_proof(notice)
        self._leave(notice, complete)
        return notice

    def _why(self):
        return self.env._("%s left already, before a backup was restored", self.name)

    def _about(self):
        """Whether what the message is about is here; a message of a policy is about its items."""
        purpose = self.content.get("purpose") or "level"
        if purpose == "level":
            return True
        return bool(self._about_values())

    def _about_values(self):
        """The record that the message is about, when it is here and this customer's."""
        notices = self.env["followup.notice"]
        values = {}
        for name, number in (self.content.get("about") or {}).items():
            record = self.env[notices._fields[name].comodel_name].browse(number).exists()
            owner = record.arrangement_id.customer_id if name == "instalment_id" else record.customer_id
            if not record or owner != self.customer_id:
                return {}
            values[name] = number
        return values

    def _items(self):
        """Items of the message that are here, with what it said of them: dict item -> entry."""
        said = {row["line"]: row for row in self.content.get("items") or ()}
        items = self.env["followup.item"].search(
            [("move_line_id", "in", list(said)), ("customer_id", "=", self.customer_id.id)]
        )
        return {
            item: said[item.move_line_id.id]
            for item in items
            # The number of a row may belong to another invoice by now.
            if item.move_id.name == said[item.move_line_id.id]["name"]
            and fields.Date.to_string(item.date_maturity) == said[item.move_line_id.id]["due"]
        }

    def _make_room(self, items, keep):
        """What waits about the same items is not sent beside it."""
        waiting = self.env["followup.notice.line"].search(
            [
                ("item_id", "in", [item.id for item in items]),
                ("advances", "=", True),
                ("live", "=", True),
                ("notice_id.state", "not in", sorted(DEAD | FROZEN - {"printed"})),
            ]
        )
        (waiting.notice_id - keep)._cancel(self._why())

    def _insert(self, items, taken):
        """A notice with the number that the customer has on his copy, where that is free."""
        notices, lines = self.env["followup.notice"], self.env["followup.notice.line"]
        content, partner = self.content, self.customer_id.partner_id
        self.env.flush_all()
        number = bulk.next_ids(self.env, notices._table, 1)[0] if taken else self.notice_number
        level = self.env["followup.level"].browse(content.get("level") or []).exists()
        lead = notices.browse(content.get("lead") or []).exists()
        row = {
            "id": number,
            "name": notices._number(number),
            "customer_id": self.customer_id.id,
            "partner_id": partner.id,
            "company_id": self.company_id.id,
            "channel": self.channel,
            "state": "queued",
            "purpose": content.get("purpose") or "level",
            "level_id": level.id,
            "level_kind": content.get("kind") or False,
            "regime": content.get("regime") or "b2c",
            "lang": content.get("lang") or "en_US",
            "prepared_on": content["claimed"][:10],
            "pay_before": content.get("pay_before") or False,
            "reference": content.get("reference") or False,
            "email_to": content.get("to") or False,
            "recipient_id": partner.id,
            "amount_total": content.get("amount") or 0.0,
            "subject": self.name,
            "body": self._lost_text(),
            "access_token": secrets.token_urlsafe(24),
            "lead_id": lead.id,
            "standby": bool(content.get("standby") and lead),
            **self._about_values(),
        }
        bulk.insert(notices, [row])
        bulk.insert(
            lines,
            [
                {
                    "id": line_id,
                    "notice_id": number,
                    "item_id": item.id,
                    "move_id": item.move_id.id,
                    "name": item.move_id.name,
                    "invoice_date": item.move_id.invoice_date or False,
                    "date_maturity": item.date_maturity,
                    "currency_id": item.currency_id.id,
                    "amount_residual": said["residual"],
                    "episode": item.episode,
                    "level_id": self.env["followup.level"].browse(said["level"] or []).exists().id,
                    "level_kind": said["kind"] or False,
                    "advances": said["advances"],
                    "live": not row["standby"],
                }
                for line_id, (item, said) in zip(
                    bulk.next_ids(self.env, lines._table, len(items)), items.items(), strict=True
                )
            ],
        )
        self.env.invalidate_all(flush=False)
        self.restore_id._reserve_numbers([number])
        return notices.browse(number)

    def _put_words_back(self, notice):
        """:return: whether the message is here as it left, to the letter"""
        words = self.content.get("words")
        if words:
            body = zlib.decompress(base64.b64decode(words["body"])).decode()
            values = dict(words, body=body, email_to=self.content.get("to"))
            notice.with_context(followup_engine=True).write(values)
        return notice.channel == "email" and notice._fingerprint() == self.content.get("sha256")

    def _lost_text(self):
        return Markup("<p>%s</p>") % self.env._(
            "The text of %(notice)s was lost with the database when a backup was restored. It left on %(date)s (UTC) with the "
            "Message-ID %(message)s and the fingerprint %(sha256)s.",
            notice=self.name,
            date=fields.Datetime.to_string(self.left_date),
            message=self.message_id or "-",
            sha256=self.content.get("sha256") or "-",
        )

    def _without_proof(self, notice):
        """A consumer's free first reminder of which nobody can show the text begins nothing, and is sent again later."""
        if self.restore_id.confirm_free or notice.regime != "b2c":
            return
        firsts = notice.line_ids.filtered(lambda line: line.advances and line.level_kind == "first_reminder")
        firsts.with_context(followup_engine=True).live = False

    def _leave(self, notice, complete):
        """Through the allowed states, with the times of the journal."""
        content = self.content
        claim = {
            "claim_date": self.left_date,
            "attempt": self.attempt,
            "attempts": notice.attempts + 1,
            "sha256": content.get("sha256"),
            "message_id": self.message_id,
        }
        notice.sudo().mail_ids.filtered(lambda mail: mail.state in ("outgoing", "exception")).write(
            {"state": "cancel", "failure_reason": self._why()}
        )
        if notice.channel == "letter":
            notice._go("printed", **claim)
            notice._post(notice._local_date(self.left_date))
            return
        notice._go("sending", **claim)
        notice._go("sent", sent_date=self.left_date, failure=False)
        if notice.purpose in ("level", "missed") and not notice.standby:
            notice.customer_id._after_message(notice)
        if complete:
            self.env["followup.charge"]._claim_from(notice)
