import base64
import logging
import uuid

import psycopg2
from odoo import api, fields, models
from odoo.addons.l10n_be_followup.engine import letter_pdf, provider
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import html2plaintext, plaintext2html

from .. import post_pdf

_logger = logging.getLogger(__name__)

#: These say nothing about the letter: the next one would be refused for the same reason.
ABOUT_ACCOUNT = {"CREDIT_ERROR", "TRIAL_ERROR"}


class FollowupNotice(models.Model):
    """From the pile to Snailmail: looked at again, claimed and committed, then handed over once.

    `printed` --(claim)--> `sending` --> `delivered`, back to `queued` when it was refused, or `unknown`.
    """

    _inherit = "followup.notice"

    @api.model
    def _cron_hand_to_post(self):
        """Go on with what was asked and is not handed over yet."""
        waiting = self.search(
            [("channel", "=", "letter"), ("state", "=", "printed"), ("snailmail_wanted", "=", True)], order="id"
        )
        self.env["ir.cron"]._commit_progress(remaining=len(waiting))
        for letter in waiting:
            try:
                letter._hand_over()
            except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY as error:
                self.env.cr.rollback()
                _logger.info("Letter %s is left for the next pass: %s", letter.id, error)
            except psycopg2.Error:
                raise
            except Exception:
                self.env.cr.rollback()
                _logger.warning("Letter %s could not be handed over", letter.id, exc_info=True)
            if not self.env["ir.cron"]._commit_progress(1):
                break

    def _hand_over(self):
        """Look again, claim, and hand it to Snailmail: by one process, once."""
        self.ensure_one()
        if not self.customer_id.try_lock_for_update(allow_referencing=True) or not self.try_lock_for_update():
            return  # somebody is busy with this customer: the next pass has it
        self.invalidate_recordset()
        if self.state != "printed" or not self.snailmail_wanted or not self._may_be_handed_over():
            self.env.flush_all()
            self.env.cr.commit()
            return
        document = self._try_document()
        if not document:
            self.env.flush_all()
            self.env.cr.commit()
            return
        self.write({"snailmail_wanted": False})
        self._go(
            "sending",
            claim_date=fields.Datetime.now(),
            attempt=str(uuid.uuid4()),
            attempts=self.attempts + 1,
            sha256=self._fingerprint(),
        )
        self.env.flush_all()
        self.env.cr.commit()
        self._reserve_customer()
        self._offer_to_snailmail(document)
        self.customer_id._refresh()
        self.env.flush_all()
        self.env.cr.commit()

    def _may_be_handed_over(self):
        """Every reason not to post it, looked at just before it leaves."""
        company = self.company_id
        root = company._followup_root()
        today = company._followup_today()
        if self.env["ir.config_parameter"].sudo().get_param("database.is_neutralized"):
            self._cancel(self.env._("neutralised copy of a database"))
            return False
        if self.env["followup.restore"]._stands_still(company):
            return False  # stays in the pile until a manager has answered
        if not root.followup_snailmail:
            self.snailmail_wanted = False  # lies in the pile: a person posts it
            return False
        if root.followup_pause_until and root.followup_pause_until >= today:
            return False
        if not root._followup_is_working_day(today) or root._followup_is_stopped():
            return False
        if not self.approved_by and not company._followup_live_partners(self.partner_id):
            self._again()  # goes to review when it is printed
            return False
        recipient = self.recipient_id or self.partner_id
        if recipient._followup_postal_address(company) != self.address:
            self._back_to_print(self.env._("the address changed since it was printed"))
            return False
        proposal, why, _refused = self._doubts(today).get(self.id, (None, None, None))
        if proposal == "out":
            self._cancel(why)
        elif proposal:
            self._back_to_print(why)
        if proposal:
            self.customer_id._refresh()
        return not proposal

    def _back_to_print(self, why):
        self._again()
        self.with_context(followup_engine=True).failure = why

    # What is handed over

    def _document_for_post(self):
        """The page with the address, our own pages, and what goes with them.

        Our own pages show the address where Belgian window envelopes have it (50 mm from the top); the envelopes of the
        service have it 10 mm lower. The page in front has it where Odoo's own one has it.

        :rtype: bytes
        """
        self.ensure_one()
        duplex = self.company_id._followup_root().followup_letter_duplex
        own = letter_pdf.join([base64.b64decode(self.letter_pdf), *self._enclosed_pdfs()], duplex)
        front = post_pdf.cover(self.address.splitlines(), blank=duplex)
        return letter_pdf.join([front, post_pdf.white_margins(own)])

    def _try_document(self):
        """:return: what is handed over; None when the PDF cannot be made, and then the letter is back to be printed"""
        try:
            return self._document_for_post()
        except Exception:
            _logger.info("Letter %s cannot be made ready for Snailmail", self.name, exc_info=True)
        words = self._describe_refusal("FORMAT_ERROR")
        self._back_to_print(words)
        self._plan_cure(words)
        return None

    def _prepare_snailmail(self, document):
        company = self.company_id
        attachment = (
            self.env["ir.attachment"]
            .sudo()
            .create(
                {
                    "name": self.letter_filename,
                    "raw": document,
                    "mimetype": "application/pdf",
                    "type": "binary",
                    # Who may not see the notice may not see this either.
                    "res_model": self._name,
                    "res_id": self.id,
                }
            )
        )
        self.snailmail_attachment_id = attachment
        return {
            "model": "followup.customer",
            "res_id": self.customer_id.id,
            "partner_id": (self.recipient_id or self.partner_id).id,
            "company_id": company.id,
            "user_id": (self.snailmail_user_id or self.env.user).id,
            "attachment_id": attachment.id,
            "followup_notice_id": self.id,
            "cover": True,
            "color": company.snailmail_color,
            "duplex": company._followup_root().followup_letter_duplex,
        }

    def _offer_to_snailmail(self, document):
        """Hand a claimed letter over, and note the answer."""
        letter = (
            self.env["snailmail.letter"].sudo().with_company(self.company_id).create(self._prepare_snailmail(document))
        )
        try:
            refused = letter._followup_post()
        except psycopg2.Error:
            raise
        except Exception as error:
            _logger.info("Letter %s: %s", self.name, error, exc_info=True)
            if provider.never_taken(error):
                self._refuse(letter, "OFFLINE", str(error))
            else:
                self._discard(letter)
                self._mark_unknown(str(error))
                self._stop_others(self.env._("not handed over: the connection with Snailmail broke; try again later"))
            return
        if refused:
            self._refuse(letter, refused)
            return
        answer = html2plaintext(letter.info_msg or "").strip()
        # Everybody may read letters of `snailmail`, with what is attached: it stays with the notice.
        letter.attachment_id = False
        self._note_posted(answer)

    def _note_posted(self, answer):
        self.write({"snailmail_answer": answer or self.env._("Taken"), "failure": False})
        self._forget_refusal()
        user = self.snailmail_user_id or self.env.user
        try:
            with self.env.cr.savepoint():
                self.with_user(user).sudo()._post(self.company_id._followup_today())
        except psycopg2.OperationalError:
            raise
        except Exception as error:
            # A server action that fails when a suspension is announced: it is posted all the same.
            self.env.invalidate_all()
            _logger.warning("Letter %s is posted, and that could not be noted", self.name, exc_info=True)
            text = self.env._(
                "Letter %(notice)s is posted, but what follows from it could not be noted: %(reason)s. Solve that, then "
                "say on the notice that it was sent.",
                notice=self.name,
                reason=error,
            )
            self._go("unknown", failure=text)
            self.customer_id._report_failure(text)
            return
        self.customer_id._note(
            self.env._("Letter %(notice)s was handed to Snailmail. %(answer)s", notice=self.name, answer=answer)
        )

    # What is not taken

    def _discard(self, letter):
        """Nothing takes this letter of `snailmail` up again."""
        letter.cancel()
        letter.attachment_id = False

    def _refuse(self, letter, code, reason=None):
        """It was not taken: back to the letters to print, with a task that names the cure."""
        self._discard(letter)
        words = self._describe_refusal(code, reason)
        self._go("failed", failure=words)
        self._back_to_print(words)
        self._plan_cure(words)
        if code in ABOUT_ACCOUNT or code == "OFFLINE":
            self._stop_others(words)

    def _stop_others(self, words):
        """What is asked of the same company would meet the same: back to print, without a request."""
        others = self.search(
            [
                ("company_id", "=", self.company_id.id),
                ("channel", "=", "letter"),
                ("state", "=", "printed"),
                ("snailmail_wanted", "=", True),
            ]
        ).try_lock_for_update()
        for other in others:
            other._back_to_print(words)

    def _plan_cure(self, words):
        customer = self.customer_id.sudo()
        kind = self.env.ref("l10n_be_followup_snailmail.mail_activity_type_snailmail")
        self._forget_refusal()
        customer.with_context(mail_activity_quick_update=True).activity_schedule(
            activity_type_id=kind.id,
            note=plaintext2html(f"{self.name}: {words}"),
            user_id=(self.responsible_id or customer.responsible_id or customer._default_responsible()).id,
        )

    def _forget_refusal(self):
        kind = self.env.ref("l10n_be_followup_snailmail.mail_activity_type_snailmail")
        self.customer_id.sudo().activity_ids.filtered(lambda activity: activity.activity_type_id == kind).unlink()

    def _describe_refusal(self, code, reason=None):
        """Why Snailmail did not take it, in words that a person can act on."""
        who = (self.recipient_id or self.partner_id).display_name
        words = {
            "CREDIT_ERROR": self.env._(
                "not posted: no credits are left for Snailmail. Buy credits under Settings > View my services, or print "
                "the letter."
            ),
            "TRIAL_ERROR": self.env._(
                "not posted: there is no account for Snailmail yet. Register it under Settings > View my services, or "
                "print the letter."
            ),
            "NO_PRICE_AVAILABLE": self.env._(
                "not posted: Snailmail does not serve the country of %s. Print the letter.", who
            ),
            "MISSING_REQUIRED_FIELDS": self.env._(
                "not posted: the address of %s is not complete. Snailmail needs street, postal code, town and country: "
                "fill them in on the contact.",
                who,
            ),
            "FORMAT_ERROR": self.env._(
                "not posted: Snailmail cannot print the PDF, perhaps for what is enclosed. Print the letter."
            ),
            "ATTACHMENT_ERROR": self.env._("not posted: the PDF could not be read. Print the letter."),
            "OFFLINE": self.env._(
                "not posted: Snailmail cannot be reached. Try again later, or print the letter. %s", reason or ""
            ),
        }
        return (words.get(code) or self.env._("not posted: Snailmail refused it (%s). Print the letter.", code)).strip()
