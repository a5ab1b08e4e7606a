import base64
import logging
import zlib

from odoo import fields, models

_logger = logging.getLogger(__name__)

_ABOUT = ("arrangement_id", "instalment_id", "promise_id", "dispute_id", "suspension_id")


class FollowupNotice(models.Model):
    """What leaves is noted beside the database, so that a restored backup sends nothing again (`engine.journal`)."""

    _inherit = "followup.notice"

    from_journal = fields.Boolean(
        "Text Lost",
        readonly=True,
        copy=False,
        help="It left before a backup was restored: known from the journal, without the text that the customer has.",
    )

    def _journal_note(self, what, **changes):
        """Read what the journal keeps of these, within the transaction that claims them.

        A journal that cannot be written stops nothing: it is the net below the net. The log says so.

        :param what: `claim`, `result` (what the mail server answered) or `withdrawn` (paper that was thrown away)
        :return: a function that notes it, to be called after the commit and before anything leaves: a line without its claim must
            mean that the database is older
        """
        restore = self.env["followup.restore"]
        journal = restore._journal(restore._uuid()) if self else None
        if journal is None:
            return lambda: None
        entries = [notice.sudo()._journal_entry(what) | changes for notice in self]

        def note():
            try:
                journal.append(*entries)
            except OSError as error:
                _logger.warning("followup: event=journal error=%s: what leaves is not noted beside the database", error)

        return note

    def _journal_entry(self, what):
        self.ensure_one()
        now = fields.Datetime.to_string(fields.Datetime.now()).replace(" ", "T")
        entry = {
            "at": now,
            "what": what,
            "id": self.id,
            "claimed": fields.Datetime.to_string(self.claim_date) if self.claim_date else now.replace("T", " "),
            "attempt": self.attempt or "",
        }
        if what == "result":
            return entry | {"state": self.state if self.state in ("sent", "failed", "unknown") else "failed"}
        if what == "withdrawn":
            return entry
        if self._is_written() and self._begins_free_days():
            entry["words"] = self._journal_words()
        return entry | {
            "name": self.name,
            "company": self.company_id.id,
            "customer": self.customer_id.id,
            "partner": self.partner_id.id,
            "who": self.partner_id.display_name,
            "channel": self.channel,
            "purpose": self.purpose,
            "about": {name: self[name].id for name in _ABOUT if self[name]},
            "lead": self.lead_id.id or None,
            "standby": self.standby,
            "level": self.level_id.id or None,
            "kind": self.level_kind or None,
            "regime": self.regime or None,
            "lang": self.lang or None,
            "to": self.email_to or None,
            "message": self.message_id or None,
            "sha256": self.sha256 or None,
            "pay_before": fields.Date.to_string(self.pay_before) or None,
            "reference": self.reference or None,
            "amount": self.amount_total,
            "items": [
                {
                    "line": line.item_id.move_line_id.id,
                    "name": line.name,
                    "due": fields.Date.to_string(line.date_maturity),
                    "level": line.level_id.id or None,
                    "kind": line.level_kind or None,
                    "advances": line.advances,
                    "residual": line.amount_residual,
                }
                for line in self.line_ids
                if line.item_id
            ],
        }

    def _journal_words(self):
        """A consumer's free first reminder as it leaves: the creditor must be able to prove what it said (art. XIX.2)."""
        self.ensure_one()
        return {
            "subject": self.subject,
            "body": base64.b64encode(zlib.compress(str(self.body or "").encode(), 9)).decode(),
            "email_from": self.email_from,
            "reply_to": self.reply_to,
            "email_cc": self.email_cc,
            "credits": self.credits,
        }

    def _note_after_commit(self, what, **changes):
        """The same for what is committed by the caller."""
        self.env.cr.postcommit.add(self._journal_note(what, **changes))

    def _set_printed(self, batch, number, content):
        # EXTENDS: printing is the claim of a letter
        result = super()._set_printed(batch, number, content)
        self.env["followup.restore"]._sign()
        self._note_after_commit("claim")
        self._note_after_commit("result", state="printed")
        return result

    def _again(self):
        # EXTENDS: the paper is thrown away
        self._note_after_commit("withdrawn")
        return super()._again()

    def unlink(self):
        """EXTENDS: a purge takes nothing for a restored backup."""
        self.filtered("claim_date")._note_after_commit("withdrawn")
        return super().unlink()

    def _ready_to_print(self):
        # EXTENDS: nothing is printed from an older state of the database
        if self and self.env["followup.restore"]._stands_still(self.company_id, automatic=False):
            return self.browse()
        return super()._ready_to_print()

    def _text_may_leave(self):
        # EXTENDS: the same for text messages
        restore = self.env["followup.restore"]
        if restore._stands_still(self.company_id):
            self.scheduled_date = restore._later()
            return False
        return super()._text_may_leave()

    def _verify(self):
        # EXTENDS: its text went with the database
        problems = super()._verify()
        if self.from_journal:
            problems.append(
                self.env._(
                    "its text was lost when a backup was restored; the fingerprint is that of the message that left"
                )
            )
        return problems
