import time

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import format_date

#: So long a click hands letters over; a job goes on with the others.
SECONDS = 30


class FollowupLetterBatch(models.Model):
    """Letters that are handed to the post are a batch too: printed in one go, then handed over one by one."""

    _inherit = "followup.letter.batch"

    followup_snailmail = fields.Boolean(compute="_compute_followup_snailmail")

    @api.depends("company_id")
    def _compute_followup_snailmail(self):
        for batch in self:
            batch.followup_snailmail = batch.company_id._followup_root().followup_snailmail

    def _compute_state(self):
        # EXTENDS: what is being handed over, or is unknown, is not posted
        result = super()._compute_state()
        for batch in self:
            if {"sending", "unknown"} & set(batch.letter_ids.mapped("state")):
                batch.state = "printed"
        return result

    def action_hand_to_post(self):
        """Hand over what lies in the pile."""
        self.ensure_one()
        return self.letter_ids.filtered(lambda letter: letter.state == "printed").action_hand_to_post()

    def _hand_to_post(self, letters):
        """Print what is not printed yet, commit, and hand over one by one.

        What a click cannot finish is left to `ir_cron_followup_snailmail`; so is what an interruption left.

        :param letters: `followup.notice` in superuser mode, `queued` or `printed`
        :return: action that says what became of them
        :raises UserError: when nothing may be handed over now
        """
        letters.company_id._followup_check_may_write()
        letters.company_id._followup_check_not_stopped()
        for company in letters.company_id:
            self._check_hand_over(company)
        printed = letters.filtered(lambda letter: letter.state == "printed")
        left = []
        for company, own in letters.filtered(lambda letter: letter.state == "queued").grouped("company_id").items():
            batch, words = self.sudo()._print_batch(company, own)
            printed |= batch.letter_ids
            left += words
        # Who presses twice finds them marked already; a lock that somebody has is no reason to wait.
        printed = printed.try_lock_for_update().filtered(lambda letter: letter.state == "printed")
        printed.write({"snailmail_wanted": True, "snailmail_user_id": self.env.uid})
        (letters | printed).customer_id._refresh()
        self.env.flush_all()
        self.env.cr.commit()
        stop = time.monotonic() + SECONDS
        later = False
        for letter in printed:
            if time.monotonic() > stop:
                later = True
                break
            try:
                letter._hand_over()
            except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
                # Not the whole click again: what was handed over is committed.
                self.env.cr.rollback()
                later = True
        if later:
            self.env.ref("l10n_be_followup_snailmail.ir_cron_followup_snailmail").sudo()._trigger()
        printed.invalidate_recordset()
        return self._action_handed(letters | printed, left)

    def _check_hand_over(self, company):
        """:raises UserError: why this company's letters may not leave now"""
        root = company._followup_root()
        if not root.followup_snailmail:
            raise UserError(
                self.env._(
                    "%s does not post letters through Snailmail. Choose it in Settings > Invoicing > Follow-up: letters, "
                    "or print the letters.",
                    root.name,
                )
            )
        self._check_pause(company)
        today = root._followup_today()
        if not root._followup_is_working_day(today):
            raise UserError(
                self.env._(
                    "%s is no working day: nothing is sent. Hand the letters over on the next working day.",
                    format_date(self.env, today),
                )
            )

    def _action_handed(self, letters, left):
        words = []
        posted = letters.filtered(lambda letter: letter.state in ("sent", "delivered"))
        waiting = letters.filtered(lambda letter: letter.state == "printed" and letter.snailmail_wanted)
        if posted:
            words.append(self.env._("%s letters were handed to the post.", len(posted)))
        if waiting:
            words.append(self.env._("%s letters are handed over in the background.", len(waiting)))
        words += left
        for letter in letters - posted - waiting:
            why = letter.cancel_reason if letter.state == "cancelled" else letter.failure
            if why and letter.name not in "\n".join(left):
                words.append(f"{letter.name} ({letter.partner_id.display_name}): {why}")
        fine = len(posted | waiting) == len(letters)
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success" if fine else "warning",
                "sticky": not fine,
                "message": "\n".join(words) or self.env._("Nothing was handed to the post."),
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }
