import base64
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_date

from ..engine import application, letter_pdf
from .followup_notice import FROZEN

#: So long after a letter was marked as posted that can be undone.
DAYS_TO_UNDO = 7


class FollowupNotice(models.Model):
    """What people do with letters: print, post, take out of the pile, undo, note that one came back."""

    _inherit = "followup.notice"

    def _post(self, day):
        # EXTENDS: who said so
        result = super()._post(day)
        self.write({"posted_by": self.env.uid, "posted_date": fields.Datetime.now()})
        return result

    def _printed_on(self):
        self.ensure_one()
        return self._local_date(self.claim_date)

    def _too_late_for(self, day):
        """Why a letter may not be marked as posted on `day`; None when it may."""
        self.ensure_one()
        if not self.promised_until:
            return None
        real = self._free_until(day, self.company_id, "post")
        if real <= self.promised_until:
            return None
        return self.env._(
            "it promises the consumer that nothing is added until %(printed)s, but posted on %(day)s his fourteen days "
            "last until %(real)s: print it again",
            printed=format_date(self.env, self.promised_until),
            day=format_date(self.env, day),
            real=format_date(self.env, real),
        )

    def _doubts(self, day):
        """What speaks against posting printed letters on `day`.

        :param day: the day on which they were posted, or will be
        :rtype: dict of notice id -> (proposal: `out`, `again` or `keep`; why; whether it may not be posted at all)
        """
        result = {}
        for company, letters in self.grouped("company_id").items():
            today = company._followup_today()
            levels = letters.filtered(lambda letter: letter.purpose == "level")
            decisions = self.env["followup.engine"]._decide_for_letters(levels, today) if levels else {}
            for letter in letters:
                doubt = letter._doubt(decisions.get(letter.id), day)
                if doubt:
                    result[letter.id] = doubt
        return result

    def _doubt(self, decision, day):
        """:param decision: the fresh decision of a letter about a level
        :return: see `_doubts`; None when nothing speaks against it
        """
        self.ensure_one()
        if self.purpose == "level":
            if not decision.message:
                reasons = self.env["followup.engine"]._explain(application.pack_reasons(decision.reasons))
                return "out", reasons or self.env._("nothing is due any more"), False
            fresh = {line.item.id: float(line.amount) for line in decision.message if line.advances}
            said = {line.item_id.id: line.amount_residual for line in self.line_ids if line.advances}
            if any(item not in fresh for item in said) or any(
                line.currency_id.compare_amounts(fresh[line.item_id.id], line.amount_residual)
                for line in self.line_ids
                if line.advances
            ):
                return "again", self.env._("the amounts changed since it was printed"), False
        else:
            why = self._outdated(self._about())
            if why:
                return "out", why, False
        late = self._too_late_for(day)
        if late:
            return "again", late, True
        if self.pay_before and self.pay_before <= day:
            return (
                "again",
                self.env._("it asks to pay by %s, which is over", format_date(self.env, self.pay_before)),
                False,
            )
        return None

    def _unpost(self):
        """Marked as posted by mistake: it lies in the pile again, and what followed from it is undone."""
        for letter in self:
            lines = letter.line_ids.filtered("advances")
            self.env["followup.charge"].sudo()._unclaim(letter)
            letter._try(lambda letter: self.env["followup.suspension"].sudo()._withdraw_announcement(letter))
            letter._go(
                "printed", sent_date=False, delivered_on=False, waiting_until=False, posted_by=False, posted_date=False
            )
            self.env["followup.item"]._recompute_levels(lines.item_id.ids)
            letter.customer_id._forget_message()
        self.customer_id._refresh()

    def _check_unpost(self):
        """:raises UserError: when it is too late to undo; names the letter"""
        since = fields.Datetime.now() - timedelta(days=DAYS_TO_UNDO)
        for letter in self:
            if letter.channel != "letter" or letter.state not in ("sent", "delivered"):
                raise UserError(self.env._("%s was not marked as posted.", letter.name))
            if not letter.posted_date or letter.posted_date < since:
                raise UserError(
                    self.env._(
                        "%(letter)s was marked as posted more than %(days)s days ago: follow-up went on from there. Did "
                        "the letter come back? Then use Came back.",
                        letter=letter.name,
                        days=DAYS_TO_UNDO,
                    )
                )
            items = letter.line_ids.filtered("advances").item_id
            later = letter.customer_id.notice_ids.filtered(
                lambda notice, letter=letter, items=items: (
                    notice.id > letter.id
                    and notice.state in FROZEN
                    and notice.line_ids.filtered("advances").item_id & items
                )
            )
            if later:
                raise UserError(
                    self.env._(
                        "%(letter)s cannot be undone: %(later)s was sent after it about the same invoices.",
                        letter=letter.name,
                        later=", ".join(later.mapped("name")),
                    )
                )
            booked = (
                self.env["followup.charge"]
                .sudo()
                .search([("first_notice_id", "=", letter.id), ("state", "in", ("posted", "settled"))])
            )
            if booked:
                raise UserError(
                    self.env._("%s cannot be undone: what it claims was booked or paid already.", letter.name)
                )

    # Buttons

    def action_print_letters(self):
        """Print the selected letters: one PDF with a covering list."""
        letters = self._for_user().filtered(lambda notice: notice.channel == "letter" and notice.state == "queued")
        if not letters:
            raise UserError(self.env._("None of these is a letter that waits to be printed."))
        if not self.env.context.get("followup_over_cap") and (over := letters._over_caps()):
            return self.env["followup.over.cap.wizard"]._warn(self, over, "action_print_letters")
        return self.env["followup.letter.batch"]._print(letters)

    def action_post_letters(self):
        """Mark the selected letters as posted."""
        self._for_user()
        printed = self.filtered(lambda notice: notice.channel == "letter" and notice.state == "printed")
        if not printed:
            raise UserError(self.env._("None of these is a printed letter. Print the letters first."))
        return self.env["followup.letter.post.wizard"]._open(printed)

    def action_take_out(self):
        """Take printed letters out of the pile: they are not posted. The next run decides again."""
        printed = self._for_user().filtered(lambda notice: notice.channel == "letter" and notice.state == "printed")
        if not printed:
            raise UserError(self.env._("Only a printed letter that was not posted can be taken out of the pile."))
        printed._cancel(self.env._("taken out of the pile by %s", self.env.user.name))
        printed.customer_id._refresh()

    def action_print_again(self):
        """Throw the paper away and put the letters back to the ones to print."""
        printed = self._for_user().filtered(lambda notice: notice.channel == "letter" and notice.state == "printed")
        if not printed:
            raise UserError(
                self.env._("Only a printed letter that was not posted can be printed anew; print a copy of the others.")
            )
        printed._again()
        printed.customer_id._refresh()

    def action_undo_posted(self):
        """It was not posted after all: back to the pile."""
        letters = self._for_user()
        letters.customer_id.lock_for_update(allow_referencing=True)
        letters.invalidate_recordset()
        letters._check_unpost()
        letters._unpost()
        for letter in letters.filtered("letter_batch_id"):
            letter.letter_batch_id.message_post(
                body=self.env._("%s was not posted after all: it lies in the pile again.", letter.name)
            )

    def action_letter_returned(self):
        """The post brought it back."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("The letter came back"),
            "res_model": "followup.letter.return.wizard",
            "view_mode": "form",
            "target": "new",
            "context": {"default_notice_id": self.id},
        }

    def action_letter_copy(self):
        """The letter as it was printed, marked as a copy."""
        self.ensure_one()
        return {"type": "ir.actions.act_url", "url": f"/followup/letter/{self.id}", "target": "new"}

    def action_open_batch(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "followup.letter.batch",
            "res_id": self.letter_batch_id.id,
            "view_mode": "form",
        }

    def action_retry(self):
        # EXTENDS: a letter that failed waits to be printed again
        letters = self._for_user().filtered(lambda notice: notice.channel == "letter")
        if not letters:
            return super().action_retry()
        failed = letters.filtered(lambda letter: letter.state == "failed")
        if not failed:
            raise UserError(self.env._("Only a failed notice can be tried again."))
        for letter in failed:
            route = letter.partner_id._followup_route(letter.company_id, channel="letter")
            letter._go(
                "queued",
                failure=False,
                approved_by=self.env.uid,
                approved_date=fields.Datetime.now(),
                **route._prepare_notice(),
            )
        failed.lead_id._promote()  # the e-mail did not arrive either: the letter counts, so that no second one follows
        failed.customer_id.sudo().failure = False
        failed.customer_id._refresh()
        others = self - letters.with_env(self.env)
        return others.action_retry() if others else True

    def _copy_pdf(self):
        """The stored pages with the word for copy across them, in the customer's language; before posting: as they are.

        :return: (file name, bytes)
        :raises UserError: for a message that was not printed
        """
        self.ensure_one()
        if not self.letter_pdf:
            raise UserError(self.env._("%s was not printed: there is no letter to copy.", self.name))
        content = base64.b64decode(self.letter_pdf)
        if self.state == "printed":
            return self.letter_filename, content
        words = self.with_context(lang=self.lang).env
        day = self._local_date(self.sent_date or self.claim_date)
        text = words._(
            "Copy of our letter %(name)s of %(date)s",
            name=self.name,
            date=format_date(words, day, lang_code=self.lang, date_format="d MMMM yyyy"),
        )
        word = words._("COPY")
        return f"{self.name}-copy.pdf", letter_pdf.stamp_copy(content, word, text)

    @api.model
    def _waits(self, state, company, today):
        """Letters that wait in a state for longer than the company finds good."""
        root = company._followup_root()
        letters = self.search([("company_id", "=", company.id), ("channel", "=", "letter"), ("state", "=", state)])
        wait = root.followup_letter_wait
        return letters.filtered(
            lambda letter: (
                application.working_days_between(
                    root, letter._printed_on() if state == "printed" else letter.prepared_on, today
                )
                > wait
            )
        )

    @api.model
    def _confirm(self, company, now=None):
        # EXTENDS: letters that nobody prints or posts
        result = super()._confirm(company, now)
        self.env["followup.letter.batch"]._remind(company, self._local_day(company, now or fields.Datetime.now()))
        return result
