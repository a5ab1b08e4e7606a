import base64
import io
from datetime import date, datetime, timedelta
from types import SimpleNamespace
from unittest.mock import patch

import psycopg2
from freezegun.api import freeze_time
from odoo.addons.iap.tools import iap_tools
from odoo.addons.l10n_be_followup.engine import letter_pdf
from odoo.addons.l10n_be_followup.tests.common import TODAY
from odoo.addons.l10n_be_followup.tests.test_letters import LetterCommon
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from .. import post_pdf
from ..hooks import uninstall_hook
from .print_service import PrintService

LOGS = "odoo.addons.iap.tools.iap_tools"


@tagged("post_install_l10n", "post_install", "-at_install")
class TestSnailmail(LetterCommon):
    """Letters handed to a real HTTP server in the place of the print service."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.followup_snailmail = True

    def setUp(self):
        super().setUp()
        self.service = PrintService().start()
        self.addCleanup(self.service.stop)
        self.env["ir.config_parameter"].sudo().set_param("snailmail.endpoint", self.service.url)
        # Lifts only Odoo's ban on requests to IAP during tests: the request itself is real.
        allowed = SimpleNamespace(module=SimpleNamespace(current_test=None))
        self.enterContext(patch.object(iap_tools, "modules", allowed))

    def hand(self, letters):
        """Press Hand to the post, in a request of its own."""
        with self.committing(su=False) as env, mute_logger(LOGS):
            self.action = env["followup.notice"].browse(letters.ids).action_hand_to_post()
        return self.action["params"]["message"]

    def cron(self):
        with self.committing() as env, mute_logger(LOGS):
            env["followup.notice"]._cron_hand_to_post()
            env["snailmail.letter"]._snailmail_cron(autocommit=False)

    def snails(self, letter):
        return self.env["snailmail.letter"].sudo().search([("followup_notice_id", "=", letter.id)])

    def tasks(self, letter):
        kind = self.env.ref("l10n_be_followup_snailmail.mail_activity_type_snailmail")
        return letter.customer_id.sudo().activity_ids.filtered(lambda task: task.activity_type_id == kind)

    # Posted

    def test_posted(self):
        letter = self.letters()
        item = self.items()
        self.assertFalse(item.level_id)
        words = self.hand(letter)
        self.assertIn("1 letters were handed to the post", words)
        self.assertEqual((letter.state, letter.delivered_on), ("delivered", TODAY))
        self.assertEqual(item.level_id, self.level("10"))
        self.assertEqual(letter.posted_by, self.env.user)
        self.assertIn("7001", letter.snailmail_answer)
        self.assertIn("7001", self.customer().message_ids[0].body)
        self.assertEqual(letter.sha256, letter._fingerprint())
        self.assertEqual((letter.letter_batch_id.state, len(self.service.taken)), ("posted", 1))
        snail = self.snails(letter)
        self.assertEqual((snail.state, snail.reference), ("sent", f"followup.customer,{self.customer().id}"))
        self.cron()
        self.assertEqual(len(self.service.asked), 1, "once")

    def test_what_is_posted(self):
        self.business.write({"street2": "Bus 4", "name": "Bakkerij & Zoon <Łódź>"})
        letter = self.letters()
        self.hand(letter)
        document, [options] = self.service.taken[0], self.service.options
        self.assertEqual(
            (document["address"]["street"], document["address"]["zip"], document["address"]["country_code"]),
            ("Nieuwstraat 1", "1000", "BE"),
        )
        self.assertEqual((options["cover"], options["duplex"]), (True, False))
        pages = letter_pdf.PdfReader(io.BytesIO(self.service.pdf())).pages
        own = letter_pdf.PdfReader(io.BytesIO(self.pdf(letter))).pages
        self.assertEqual(len(pages), 1 + letter.letter_pages)
        left, top, width, height = post_pdf.WINDOW
        found = [(text, x / letter_pdf.MM, 297 - y / letter_pdf.MM) for text, x, y in letter_pdf.texts(pages[0])]
        lines = " ".join(text for text, _x, _y in found)
        self.assertIn("Bakkerij & Zoon <?ódz>", lines)
        self.assertIn("Bus 4", lines)
        self.assertIn("1000 Brussel", lines)
        for text, x, y in found:
            self.assertTrue(left < x < left + width and top < y < top + height, (text, x, y))
        for page, kept in zip(list(pages)[1:], own, strict=True):
            self.assertEqual(page.extract_text().split(), kept.extract_text().split(), "our own pages")
        self.assertEqual(letter.snailmail_attachment_id.raw, self.service.pdf(), "what was posted is kept")

    def test_both_sides(self):
        self.company.followup_letter_duplex = True
        letter = self.letters()
        self.hand(letter)
        pages = letter_pdf.PdfReader(io.BytesIO(self.service.pdf())).pages
        filled = [bool(page.extract_text().strip()) for page in pages]
        self.assertEqual(filled[:3], [True, False, True], "nothing on the back of the address")
        self.assertTrue(self.service.options[0]["duplex"])

    def test_many(self):
        others = [self.other(f"Klant {number}", f"90{number}0") for number in range(3)]
        letters = self.letters(self.business, *others)
        self.service.answers["Brussel"] = "NO_PRICE_AVAILABLE"
        words = self.hand(letters)
        self.assertEqual(sorted(letters.mapped("state")), ["delivered", "delivered", "delivered", "queued"])
        self.assertIn("3 letters were handed to the post", words)
        self.assertIn("does not serve the country", words)
        self.assertEqual(len(self.service.taken), 3)

    def test_a_consumers_fourteen_days(self):
        letter = self.letters(self.consumer)
        self.hand(letter)
        self.assertEqual(letter._medium(), "post")
        # Promised from the day on which the service posts it, one working day later.
        self.assertEqual(letter.promised_until, letter._free_until(date(2026, 11, 19), self.company, "post"))
        self.assertEqual(letter.waiting_until, letter.promised_until)
        self.assertGreaterEqual(letter.waiting_until, letter._free_until(TODAY, self.company, "post"))
        self.assertEqual(self.items(self.consumer).waiting_until, letter.waiting_until)

    def test_a_working_day_lies_between(self):
        with (
            self.assertRaises(psycopg2.errors.CheckViolation),
            mute_logger("odoo.sql_db"),
            self.env.cr.savepoint(),
        ):
            self.company.followup_letter_days = 0
            self.env.flush_all()

    def test_what_lay_in_the_pile_already(self):
        letter = self.letters()
        batch = self.print(letter)
        self.assertEqual(letter.state, "printed")
        with self.committing(su=False) as env, mute_logger(LOGS):
            env["followup.letter.batch"].browse(batch.id).action_hand_to_post()
        self.assertEqual((letter.state, batch.state, len(self.service.taken)), ("delivered", "posted", 1))

    # Refused

    def test_refused_for_what_the_letter_is(self):
        for number, (error, words) in enumerate(
            (
                ("NO_PRICE_AVAILABLE", "does not serve the country"),
                ("FORMAT_ERROR", "cannot print the PDF"),
                ("MISSING_REQUIRED_FIELDS", "not complete"),
                ("SOMETHING_ELSE", "UNKNOWN_ERROR"),
            )
        ):
            with self.subTest(error):
                letter = self.letters(self.other(error, f"200{number}", f"Stad {number}"))
                self.service.answers[f"Stad {number}"] = error
                self.hand(letter)
                self.assertEqual(letter.state, "queued")
                self.assertIn(words, letter.failure)
                self.assertIn(words, self.tasks(letter).note)
                self.assertEqual((letter.letter_pdf, letter.letter_batch_id.id), (False, False))
                self.assertTrue(all(letter.line_ids.mapped("live")))
                self.assertFalse(letter.line_ids.item_id.level_id)
                self.assertEqual(self.snails(letter).state, "canceled")
                asked = len(self.service.asked)
                self.cron()
                self.assertEqual(len(self.service.asked), asked, "no queue of snailmail tries it again")
        self.assertFalse(self.service.taken)

    def test_refused_then_printed(self):
        self.service.answers["Brussel"] = "FORMAT_ERROR"
        letter = self.letters()
        self.hand(letter)
        self.assertTrue(self.tasks(letter))
        self.print(letter)
        self.assertFalse(self.tasks(letter), "the cure was taken")
        self.post(letter)
        self.assertEqual(letter.state, "delivered")

    def test_no_credit(self):
        letters = self.letters(self.business, self.other("Wasserij Wit", "9000"), self.other("Inkt", "9001"))
        self.service.reason = "CREDIT_ERROR"
        words = self.hand(letters)
        self.assertEqual(set(letters.mapped("state")), {"queued"})
        self.assertEqual(len(self.service.asked), 1, "the others would be refused for the same reason")
        self.assertIn("Buy credits", words)
        self.assertEqual(sum(len(self.tasks(letter)) for letter in letters), 1, "one task")
        self.cron()
        self.assertEqual(len(self.service.asked), 1)
        self.service.reason = None
        self.hand(letters)
        self.assertEqual(set(letters.mapped("state")), {"delivered"})
        self.assertFalse(self.tasks(letters[0]) | self.tasks(letters[1]) | self.tasks(letters[2]))

    def test_an_address_without_a_country(self):
        self.business.country_id = False
        letter = self.letters()
        self.hand(letter)
        self.assertEqual((letter.state, self.service.asked), ("queued", []))
        self.assertIn("country", letter.failure)

    def test_the_service_cannot_be_reached(self):
        self.service.stop()
        letters = self.letters(self.business, self.consumer)
        self.hand(letters)
        self.assertEqual(letters.mapped("state"), ["queued", "queued"])
        self.assertIn("cannot be reached", letters[0].failure)

    def test_the_service_is_closed(self):
        self.service.status = 503
        letter = self.letters()
        self.hand(letter)
        self.assertEqual(letter.state, "queued")

    def test_uninstalling_leaves_no_task(self):
        self.service.answers["Brussel"] = "FORMAT_ERROR"
        letter = self.letters()
        self.hand(letter)
        self.assertTrue(self.tasks(letter))
        uninstall_hook(self.env)
        self.assertFalse(self.tasks(letter))

    # Unknown

    def unknown(self, **how):
        for name, value in how.items():
            setattr(self.service, name, value)
        letter = self.letters()
        self.hand(letter)
        self.assertEqual(letter.state, "unknown")
        self.assertIn("unknown whether", letter.failure)
        self.assertIn("unknown whether", self.customer().failure)
        self.assertEqual(self.snails(letter).state, "canceled")
        asked = len(self.service.asked)
        self.cron()
        self.night(TODAY + timedelta(days=1))
        self.cron()
        self.assertEqual(len(self.service.asked), asked, "never again by itself")
        self.assertEqual(self.notices(), letter.sudo())
        return letter

    def test_the_connection_breaks_after_it_was_taken(self):
        letter = self.unknown(drop=True)
        self.assertEqual(len(self.service.taken), 1)
        letter.action_was_sent()
        self.assertEqual((letter.state, letter.delivered_on, letter.posted_by), ("delivered", TODAY, self.env.user))
        self.assertEqual(self.items().level_id, self.level("10"))
        self.assertFalse(self.customer().failure)

    def test_an_internal_error(self):
        letter = self.unknown(status=500)
        letter.action_was_not_sent()
        self.assertEqual(letter.state, "failed")
        letter.action_retry()
        self.assertEqual(letter.state, "queued")
        self.service.status = 200
        self.hand(letter)
        self.assertEqual((letter.state, len(self.service.taken)), ("delivered", 1))

    def test_an_answer_without_the_letter(self):
        self.unknown(empty=True)

    def test_a_break_stops_the_others(self):
        letters = self.letters(self.business, self.consumer)
        self.service.drop = True
        self.hand(letters)
        self.assertEqual(sorted(letters.mapped("state")), ["queued", "unknown"])
        self.assertEqual(len(self.service.asked), 1)

    # Interrupted, and two at once

    def test_killed_between_claim_and_answer(self):
        letter = self.letters()
        self.print(letter)
        letter.sudo()._go("sending", claim_date=datetime(2026, 11, 18, 8, 30), attempts=1)
        self.env["followup.notice"].sudo()._confirm(self.company)
        self.assertEqual(letter.state, "unknown")
        self.assertIn("Snailmail", letter.failure)
        self.cron()
        self.assertFalse(self.service.asked)

    def test_killed_before_the_claim(self):
        letter = self.letters()
        self.print(letter)
        letter.sudo().snailmail_wanted = True
        self.cron()
        self.assertEqual((letter.state, len(self.service.taken)), ("delivered", 1))

    def test_claimed_and_committed_before_the_request(self):
        seen = []
        letter = self.letters()
        offer = type(self.env["followup.notice"])._offer_to_snailmail

        def spy(notice, document):
            # Whatever happens from here on, the claim stays.
            notice.env.cr.rollback()
            notice.invalidate_recordset()
            seen.append((notice.state, bool(notice.letter_pdf), notice.sha256 == notice._fingerprint()))
            return offer(notice, document)

        with patch.object(type(self.env["followup.notice"]), "_offer_to_snailmail", spy):
            self.hand(letter)
        self.assertEqual(seen, [("sending", True, True)])
        self.assertEqual(letter.state, "delivered")

    def test_what_cannot_be_made_ready(self):
        letters = self.letters(self.business, self.consumer)
        self.print(letters)
        letters.sudo().snailmail_wanted = True
        broken = {"name": "x.pdf", "raw": b"no pdf", "mimetype": "application/pdf"}
        attachment = self.env["ir.attachment"].sudo().create(broken)
        letters[0].sudo().with_context(followup_engine=True).attachment_ids = attachment
        with mute_logger("pypdf._reader"):
            self.cron()
        self.assertEqual(letters.mapped("state"), ["queued", "delivered"])
        self.assertIn("cannot print the PDF", self.tasks(letters[0]).note)

    def test_somebody_else_was_first(self):
        letter = self.letters()
        self.hand(letter)
        with self.assertRaisesRegex(UserError, "None of these"):
            self.hand(letter)
        with self.committing() as env:
            env["followup.notice"].browse(letter.id)._hand_over()
        self.assertEqual(len(self.service.asked), 1)

    def test_the_letter_of_snailmail_sends_nothing_by_itself(self):
        letter = self.letters()
        self.hand(letter)
        snail = self.snails(letter)
        with self.assertRaisesRegex(UserError, letter.name):
            snail.snailmail_print()
        snail.state = "pending"
        snail.message_id.send_letter()
        self.cron()
        self.assertEqual(len(self.service.asked), 1)

    def test_others_do_not_read_it(self):
        letter = self.letters()
        self.hand(letter)
        colleague = new_test_user(self.env, "colleague", groups="base.group_user", company_id=self.company.id)
        snail = self.snails(letter).with_user(colleague)
        self.assertFalse(snail.attachment_datas)
        with self.assertRaises(AccessError):
            letter.sudo().snailmail_attachment_id.with_user(colleague).read(["raw"])

    # What must not go

    def test_paid_before(self):
        letter = self.letters()
        self.pay(letter.line_ids.move_id)
        self.hand(letter)
        self.assertEqual((letter.state, self.service.asked), ("cancelled", []))

    def test_paid_between_printing_and_handing_over(self):
        letters = self.letters(self.business, self.consumer)
        self.print(letters)
        letters.sudo().snailmail_wanted = True
        self.pay(letters[0].line_ids.move_id)
        self.cron()
        self.assertEqual(letters.mapped("state"), ["cancelled", "delivered"])

    def test_part_paid_between(self):
        letter = self.letters()
        self.print(letter)
        letter.sudo().snailmail_wanted = True
        self.pay(letter.line_ids.move_id, amount=40.0)
        self.cron()
        self.assertEqual((letter.state, self.service.asked), ("queued", []))
        self.assertIn("amounts changed", letter.failure)

    def test_moved_between(self):
        letter = self.letters()
        self.print(letter)
        letter.sudo().snailmail_wanted = True
        self.business.street = "Oudstraat 2"
        self.cron()
        self.assertEqual((letter.state, self.service.asked), ("queued", []))
        self.hand(letter)
        self.assertEqual(self.service.taken[0]["address"]["street"], "Oudstraat 2")
        self.assertIn("Oudstraat 2", letter.address)

    def test_not_chosen(self):
        letter = self.letters()
        self.company.followup_snailmail = False
        with self.assertRaisesRegex(UserError, "Settings"):
            self.hand(letter)
        self.print(letter)
        letter.sudo().snailmail_wanted = True
        self.cron()
        self.assertEqual((letter.state, letter.snailmail_wanted, self.service.asked), ("printed", False, []))

    def test_off_at_first_and_no_button_then(self):
        self.assertFalse(self.env["res.company"].create({"name": "Nieuw"}).followup_snailmail)
        notices = self.env["followup.notice"].with_context(allowed_company_ids=self.company.ids)
        view = self.env.ref("l10n_be_followup.followup_notice_view_list_letter").id
        for kind, ident in (("list", view), ("form", None)):
            self.company.followup_snailmail = True
            self.assertIn("action_hand_to_post", notices.get_view(ident, kind)["arch"])
            self.company.followup_snailmail = False
            self.assertNotIn("action_hand_to_post", notices.get_view(ident, kind)["arch"])

    def test_a_neutralised_copy(self):
        letter = self.letters()
        self.print(letter)
        letter.sudo().snailmail_wanted = True
        self.env["ir.config_parameter"].sudo().set_param("database.is_neutralized", True)
        with self.assertRaisesRegex(UserError, "neutralised"):
            self.hand(letter)
        self.cron()
        self.assertEqual((letter.state, self.service.asked), ("cancelled", []))

    def test_pause(self):
        letter = self.letters()
        self.print(letter)
        letter.sudo().snailmail_wanted = True
        self.company.followup_pause_until = date(2026, 11, 20)
        with self.assertRaisesRegex(UserError, "paused"):
            self.hand(letter)
        self.cron()
        self.assertEqual((letter.state, self.service.asked), ("printed", []))
        self.company.followup_pause_until = False
        self.cron()
        self.assertEqual(letter.state, "delivered")

    def test_a_quiet_day(self):
        letter = self.letters()
        with freeze_time("2026-11-21 10:00:00", real_asyncio=True):  # a Saturday
            with self.assertRaisesRegex(UserError, "no working day"):
                self.hand(letter)
            letter.sudo()._go("printed", claim_date=datetime(2026, 11, 20, 10))
            letter.sudo().snailmail_wanted = True
            self.cron()
        self.assertEqual((letter.state, self.service.asked), ("printed", []))

    def test_safe_mode(self):
        letter = self.letters()
        self.company.followup_live = False
        self.hand(letter)
        self.assertEqual((letter.state, self.service.asked), ("review", []))
        letter.action_approve()
        self.hand(letter)
        self.assertEqual((letter.state, len(self.service.taken)), ("delivered", 1))

    def test_safe_mode_between(self):
        letter = self.letters()
        self.print(letter)
        letter.sudo().snailmail_wanted = True
        self.company.followup_live = False
        self.cron()
        self.assertEqual((letter.state, self.service.asked), ("queued", []))

    def test_who_may(self):
        letter = self.letters()
        reader = new_test_user(self.env, "reader", groups="account.group_account_readonly", company_id=self.company.id)
        with self.assertRaises(UserError):
            letter.with_user(reader).action_hand_to_post()
        self.assertFalse(self.service.asked)

    # Afterwards

    def test_it_cannot_be_taken_back_but_it_can_come_back(self):
        letter = self.letters()
        self.hand(letter)
        with self.assertRaisesRegex(UserError, "cannot be taken back"):
            letter.action_undo_posted()
        letter.sudo()._bounce("unknown at this address")
        self.assertEqual(letter.state, "bounced")
        self.assertFalse(self.items().level_id)
        self.assertEqual(base64.b64decode(letter.letter_pdf)[:4], b"%PDF")
