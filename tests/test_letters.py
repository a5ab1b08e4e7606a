import base64
import io
from datetime import date, datetime
from unittest.mock import patch

from freezegun.api import freeze_time
from odoo.addons.base.models import ir_actions_report
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from ..engine import letter_pdf
from .common import TODAY, FollowupCommon

THURSDAY, FRIDAY = date(2026, 11, 19), date(2026, 11, 20)


class LetterCommon(FollowupCommon):
    """Customers without an e-mail address, and what is printed for them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.partner_id.write(
            {"street": "Kouter 1", "zip": "9000", "city": "Gent", "phone": "+32 9 222 22 22", "website": False}
        )
        bank = cls.env["res.partner.bank"].create(
            {"acc_number": "BE71 0961 2345 6769", "partner_id": cls.company.partner_id.id, "allow_out_payment": True}
        )
        cls.company_data["default_journal_bank"].bank_account_id = bank
        cls.business.write({"street": "Nieuwstraat 1", "zip": "1000", "city": "Brussel", "email": False})
        cls.consumer.write({"street": "Meir 22", "zip": "2000", "city": "Antwerpen", "email": False})

    def other(self, name, code, town="Gent", **values):
        return self.business.copy({"name": name, "zip": code, "city": town, "vat": False, **values})

    def letters(self, *partners):
        """A letter for each of these customers, prepared by the night."""
        partners = partners or (self.business,)
        for partner in partners:
            self.invoice(partner)
        self.night()
        letters = self.env["followup.notice"]
        for partner in partners:
            letters |= self.notices(partner).filtered(lambda notice: notice.state in ("queued", "review"))
        return letters.sudo(False)

    def print(self, letters):
        """Press Print, in a request of its own; the batch or nothing."""
        with self.committing() as env:
            action = env["followup.notice"].browse(letters.ids).action_print_letters()
        self.action = action
        return self.env["followup.letter.batch"].browse(action.get("res_id") or [])

    def wizard(self, letters):
        action = letters.action_post_letters()
        return self.env["followup.letter.post.wizard"].browse(action["res_id"])

    def post(self, letters, day=None):
        wizard = self.wizard(letters)
        if day:
            wizard.date = day
        wizard.action_confirm()

    def at(self, day, hour=10):
        return freeze_time(datetime(day.year, day.month, day.day, hour), real_asyncio=True)

    def pdf(self, letter):
        return base64.b64decode(letter.letter_pdf)

    def words(self, content):
        pages = letter_pdf.PdfReader(io.BytesIO(content)).pages
        return " ".join(" ".join(page.extract_text().split()) for page in pages)


@tagged("post_install_l10n", "post_install", "-at_install")
class TestLetters(LetterCommon):
    """From the letter that waits to the one that was posted."""

    def test_printed_in_order_with_a_covering_list(self):
        far = self.other("Wasserij Wit", "9000")
        near = self.other("Drukkerij Inkt", "1020", "Laken")
        abroad = self.other("Uitgeverij Blad", "1012", "Amsterdam", country_id=self.env.ref("base.nl").id)
        letters = self.letters(far, abroad, self.business, near)
        calls = []
        run = ir_actions_report._run_wkhtmltopdf

        def count(args):
            calls.append(args)
            return run(args)

        with patch.object(ir_actions_report, "_run_wkhtmltopdf", count):
            batch = self.print(letters)
        self.assertEqual(len(calls), 1, "one call of wkhtmltopdf for the whole batch")
        self.assertEqual(set(letters.mapped("state")), {"printed"})
        ordered = batch.letter_ids.sorted("letter_number")
        self.assertEqual(ordered.partner_id, self.business | near | far | abroad)
        self.assertEqual((batch.state, batch.letter_count, batch.page_count), ("printed", 4, 4))
        self.assertEqual((batch.date, batch.expected_on), (TODAY, THURSDAY))
        pages = letter_pdf.PdfReader(io.BytesIO(base64.b64decode(batch.document))).pages
        self.assertEqual(len(pages), 5)
        cover = " ".join(pages[0].extract_text().split())
        places = [cover.index(letter.name) for letter in ordered]
        self.assertEqual(places, sorted(places), "the list has the order of the pile")
        self.assertIn("4 letters", cover)
        for page, letter in zip(pages[1:], ordered, strict=True):
            self.assertEqual(letter_pdf.page_number(page), (letter.name, 1, 1))
        self.assertEqual(self.customer().state, "queued")

    def test_each_letter_is_evidence(self):
        letter = self.letters()
        self.print(letter)
        content = self.pdf(letter)
        text = self.words(content)
        invoice = letter.line_ids.move_id
        for words in ("Bakkerij Het Zoete Brood", "Kouter 1", "9000 Gent", invoice.name, "100.00", letter.reference,
                      "0202.239.951", "BE71 0961 2345 6769", letter.name, "1/1", "Please pay by"):  # fmt: skip
            self.assertIn(words, text)
        self.assertEqual(len(letter.sha256), 64)
        self.assertEqual(letter.sha256, letter._fingerprint())
        letter.sudo().with_context(followup_engine=True).letter_pdf = base64.b64encode(content + b"\n")
        self.assertNotEqual(letter.sha256, letter._fingerprint(), "other pages, another fingerprint")
        with self.assertRaisesRegex(UserError, "evidence"):
            letter.sudo().letter_pdf = base64.b64encode(b"other")

    def test_nothing_is_asked_of_a_network(self):
        letter = self.letters()
        self.assertIn("data:image/png;base64", letter.body)
        self.assertNotRegex(letter.body, r"""src=["']https?:""")
        self.assertNotIn("<a ", letter.body)

    def test_the_address_stands_in_the_window(self):
        self.business.write({"street2": "Bus 4", "country_id": self.env.ref("base.nl").id, "zip": "1012", "vat": False})
        self.business.city = "Amsterdam"
        for side, left, right in (("right", 100, 190), ("left", 20, 110)):
            self.company.followup_letter_window = side
            letter = self.letters(self.business.copy({"name": f"Venster {side}"}))
            self.print(letter)
            page = letter_pdf.PdfReader(io.BytesIO(self.pdf(letter))).pages[0]
            self.assertAlmostEqual(float(page.mediabox.width), letter_pdf.A4[0], places=1)
            found = [(text, x / letter_pdf.MM, 297 - y / letter_pdf.MM) for text, x, y in letter_pdf.texts(page)]
            lines = letter.address.splitlines()
            self.assertEqual(len(lines), 5)
            inside = [text for text, x, y in found if left - 2 < x < right and 43 < y < 84]
            self.assertEqual(" ".join(inside).split(), " ".join(lines).split(), "the address and nothing else")
            for text, x, y in found:
                if text in lines:
                    self.assertTrue(left + 2 < x < left + 14 and 48 < y < 79, (text, x, y))

    def test_the_pages_of_a_long_letter(self):
        for number in range(60):
            self.invoice(amount=100.0 + number)
        self.night()
        letter = self.notices()
        batch = self.print(letter)
        pages = letter_pdf.PdfReader(io.BytesIO(self.pdf(letter))).pages
        self.assertGreater(len(pages), 2)
        self.assertEqual(letter.letter_pages, len(pages))
        self.assertEqual([letter_pdf.page_number(page)[1:] for page in pages], [
            (number, len(pages)) for number in range(1, len(pages) + 1)
        ])  # fmt: skip
        names = []
        for page in pages:
            text = " ".join(page.extract_text().split())
            own = [line.name for line in letter.line_ids if line.name in text]
            if own:
                self.assertIn("Open amount", text, "each page with rows has the head of the table")
            names += own
            low = [(y / letter_pdf.MM, words) for words, _x, y in letter_pdf.texts(page) if y / letter_pdf.MM < 19]
            self.assertTrue(low)
            for height, words in low:
                self.assertTrue(11 < height < 13, f"{words} stands in the foot")
        self.assertEqual(sorted(names), sorted(letter.line_ids.mapped("name")), "each row once")
        self.assertEqual(batch.page_count, len(pages))

    def test_both_sides(self):
        self.company.followup_letter_duplex = True
        batch = self.print(self.letters(self.business, self.consumer))
        pages = letter_pdf.PdfReader(io.BytesIO(base64.b64decode(batch.document))).pages
        self.assertEqual(len(pages), 6)
        self.assertEqual([bool(page.extract_text().strip()) for page in pages], [True, False] * 3)

    def test_each_letter_in_its_own_language(self):
        self.env["res.lang"]._activate_lang("nl_BE")
        self.business.lang = "nl_BE"
        letters = self.letters(self.business, self.consumer)
        self.print(letters)
        self.assertIn("18 november 2026", self.words(self.pdf(letters[0])))
        self.assertIn("18 November 2026", self.words(self.pdf(letters[1])))

    def test_an_arrangement_on_paper(self):
        self.invoice(amount=300.0)
        item = self.refreshed().item_ids
        parts = [(date(2026, 12, 1), 150.0), (date(2027, 1, 4), 150.0)]
        arrangement = self.env["followup.arrangement"]._arrange(self.customer(), [(item, 300.0)], parts)
        arrangement.with_context(force_report_rendering=True).action_confirm()
        letter = self.notices(purpose="arrangement").sudo(False)
        self.assertEqual((letter.channel, letter.state), ("letter", "queued"))
        batch = self.print(letter)
        text = self.words(self.pdf(letter))
        for words in ("Bakkerij Het Zoete Brood", "150.00", arrangement.instalment_ids[0].reference, "Enclosed:"):
            self.assertIn(words, text)
        self.assertNotIn("View and pay", text)
        self.assertGreater(batch.page_count, letter.letter_pages, "the document goes with it")
        self.post(letter)
        self.assertEqual(letter.state, "delivered")

    def test_an_enclosure_that_cannot_be_printed(self):
        letters = self.letters(self.business, self.consumer)
        broken = {"name": "x.pdf", "raw": b"no pdf", "mimetype": "application/pdf"}
        letters[0].sudo().attachment_ids = self.env["ir.attachment"].sudo().create(broken)
        with mute_logger("pypdf._reader"):
            self.print(letters)
        self.assertEqual(letters.mapped("state"), ["failed", "printed"])

    def test_paid_since(self):
        letters = self.letters(self.business, self.consumer)
        self.pay(letters[0].line_ids.move_id)
        batch = self.print(letters)
        self.assertEqual(letters.mapped("state"), ["cancelled", "printed"])
        self.assertEqual(batch.letter_ids, letters[1])
        self.assertIn(letters[0].name, batch.message_ids.mapped("body")[0] + batch.message_ids.mapped("body")[1])

    def test_all_paid(self):
        letter = self.letters()
        self.pay(letter.line_ids.move_id)
        self.assertFalse(self.print(letter))
        self.assertEqual(self.action["params"]["title"], "Nothing was printed")
        self.assertIn(letter.name, self.action["params"]["message"])
        self.assertFalse(self.env["followup.letter.batch"].search([]))

    def test_part_paid_since(self):
        letter = self.letters()
        self.pay(letter.line_ids.move_id, amount=40.0)
        self.print(letter)
        self.assertEqual(letter.state, "printed")
        self.assertIn("60.00", self.words(self.pdf(letter)))

    def test_part_paid_after_a_persons_yes(self):
        self.company.followup_live = False
        letter = self.letters()
        letter.action_approve()
        self.pay(letter.line_ids.move_id, amount=40.0)
        self.assertFalse(self.print(letter))
        self.assertEqual((letter.state, letter.review_reasons), ("review", ["changed"]))

    def test_safe_mode(self):
        letter = self.letters()
        self.company.followup_live = False
        self.assertFalse(self.print(letter))
        self.assertEqual((letter.state, letter.review_reasons), ("review", ["safe_mode"]))
        letter.action_approve()
        self.print(letter)
        self.assertEqual(letter.state, "printed")

    def test_not_from_a_copy_nor_in_a_pause(self):
        letter = self.letters()
        self.company.followup_pause_until = FRIDAY
        with self.assertRaisesRegex(UserError, "paused until"):
            letter.action_print_letters()
        self.company.followup_pause_until = False
        self.env["ir.config_parameter"].sudo().set_param("database.is_neutralized", True)
        with self.assertRaisesRegex(UserError, "neutralised"):
            letter.action_print_letters()
        self.assertEqual(letter.state, "queued")

    def test_one_bad_letter_stops_no_other(self):
        letters = self.letters(self.business, self.consumer)
        bad = letters[0]
        bad.sudo().body = "<p>no frame at all</p>"
        batch = self.print(letters)
        self.assertEqual(letters.mapped("state"), ["failed", "printed"])
        self.assertIn("cannot be printed", bad.failure)
        self.assertEqual(batch.letter_ids, letters[1])
        self.assertEqual(self.customer().state, "failed")
        pages = letter_pdf.PdfReader(io.BytesIO(base64.b64decode(batch.document))).pages
        self.assertNotIn(bad.name, pages[0].extract_text())
        # A person solves it and tries again.
        bad.action_retry()
        self.assertEqual(bad.state, "queued")

    def test_words_that_break_html(self):
        self.level(10).template_id.body_html = "<div><p>Dear &lt;b<b>old <script>document.write('x')</script></p></div>"
        letters = self.letters(self.business, self.consumer)
        self.print(letters)
        self.assertEqual(set(letters.mapped("state")), {"printed"})
        self.assertNotIn("document.write", self.words(self.pdf(letters[0])))

    def test_a_consumers_mandatory_block_is_checked(self):
        letter = self.letters(self.consumer)
        self.assertIn("third working day after this letter was posted", " ".join(letter.body.split()))
        self.env.ref(
            "l10n_be_followup.followup_notice_consumer_block"
        ).arch_db = '<t name="Block" t-name="l10n_be_followup.followup_notice_consumer_block"><p>nothing</p></t>'
        letter.sudo()._render()
        self.assertFalse(self.print(letter))
        self.assertEqual(letter.state, "failed")
        self.assertIn("XIX.2", letter.failure)

    def test_printed_twice_is_printed_once(self):
        letter = self.letters()
        self.print(letter)
        with self.assertRaisesRegex(UserError, "waits to be printed"):
            letter.action_print_letters()

    def test_queries_grow_with_the_batch_and_not_with_its_letters(self):
        partners = [self.other(f"Klant {number}", f"{9000 + number}") for number in range(12)]
        letters = self.letters(*partners)
        few, many = letters[:2], letters[2:]
        engine = self.env["followup.engine"]
        engine._decide_for_letters(few, TODAY)

        def queries(some):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            engine._decide_for_letters(some, TODAY)
            return self.env.cr.sql_log_count - before

        self.assertLessEqual(queries(many), queries(few) + 2)

    # Posting

    def test_posted(self):
        letter = self.letters()
        batch = self.print(letter)
        self.assertFalse(self.items().level_id, "printed is not sent")
        with self.at(FRIDAY):
            self.post(letter, THURSDAY)
        self.assertEqual((letter.state, letter.delivered_on), ("delivered", THURSDAY))
        self.assertEqual((self.items().level_id, self.items().level_date), (self.level(10), THURSDAY))
        self.assertEqual((letter.posted_by, batch.state, batch.posted_on), (self.env.user, "posted", THURSDAY))

    def test_posted_in_the_future_or_before_it_was_printed(self):
        letter = self.letters()
        self.print(letter)
        with self.assertRaisesRegex(UserError, "still to come"):
            self.post(letter, THURSDAY)
        with self.assertRaisesRegex(UserError, "printed on"):
            self.post(letter, date(2026, 11, 17))
        self.assertEqual(letter.state, "printed")

    def test_what_changed_since_printing_is_proposed_to_be_taken_out(self):
        third = self.other("Slagerij Vlees", "9100")
        letters = self.letters(self.business, self.consumer, third)
        self.print(letters)
        self.pay(letters[0].line_ids.move_id)
        self.pay(letters[1].line_ids.move_id, amount=30.0)
        wizard = self.wizard(letters)
        self.assertEqual(wizard.line_ids.mapped("decision"), ["out", "again"])
        self.assertEqual(wizard.post_count, 1)
        wizard.action_confirm()
        self.assertEqual(letters.mapped("state"), ["cancelled", "queued", "delivered"])
        self.assertFalse(letters[1].letter_batch_id)

    def test_a_person_may_decide_otherwise(self):
        letter = self.letters()
        self.print(letter)
        self.env["followup.hold"].create(
            {"customer_id": self.customer().id, "until": date(2026, 12, 1), "reason": "visit"}
        )
        wizard = self.wizard(letter)
        self.assertEqual(wizard.line_ids.decision, "out")
        wizard.line_ids.decision = "post"
        wizard.action_confirm()
        self.assertEqual(letter.state, "delivered")

    def test_something_changed_while_the_window_was_open(self):
        letter = self.letters()
        self.print(letter)
        wizard = self.wizard(letter)
        self.pay(letter.line_ids.move_id)
        with self.assertRaisesRegex(UserError, "begin again"):
            wizard.action_confirm()

    def test_a_consumers_letter_posted_late_is_printed_again(self):
        letter = self.letters(self.consumer)
        self.print(letter)
        # Printed on Wednesday 18, expected at the post on Thursday 19: third working day Tuesday 24, so until Monday 7.
        self.assertEqual(letter.promised_until, date(2026, 12, 7))
        with self.at(date(2026, 11, 23)):
            wizard = self.wizard(letter)
            self.assertTrue(wizard.line_ids.refused)
            self.assertIn("fourteen days last until", wizard.line_ids.why)
            with self.assertRaisesRegex(ValidationError, "cannot be posted"):
                wizard.line_ids.decision = "post"
                wizard.line_ids.flush_recordset()
            wizard.line_ids.decision = "again"
            wizard.action_confirm()
            self.assertEqual(letter.state, "queued")
            self.print(letter)
            self.assertGreater(letter.promised_until, date(2026, 12, 7))
            self.assertIn(
                letter._promised_until().strftime("%-d %b %Y"), self.words(self.pdf(letter)), "the letter names it"
            )

    def test_a_consumer_keeps_the_days_that_the_letter_promised(self):
        self.company.followup_letter_days = 3
        letter = self.letters(self.consumer)
        self.print(letter)
        self.post(letter)
        real = letter._free_until(TODAY, self.company, "post")
        self.assertGreater(letter.promised_until, real)
        self.assertEqual(letter.waiting_until, letter.promised_until)
        self.assertEqual(self.items(self.consumer).waiting_until, letter.promised_until)

    def test_a_business_letter_posted_after_its_date(self):
        letter = self.letters()
        self.print(letter)
        with self.at(date(2026, 12, 14)):
            wizard = self.wizard(letter)
            self.assertEqual((wizard.line_ids.decision, wizard.line_ids.refused), ("again", False))
            self.assertIn("which is over", wizard.line_ids.why)

    def test_taken_out_of_the_pile(self):
        letter = self.letters()
        self.print(letter)
        letter.action_take_out()
        self.assertEqual(letter.state, "cancelled")
        self.night()
        self.assertEqual(len(self.notices(state="queued")), 1, "nothing is lost: the night prepares it again")

    def test_came_back(self):
        letter = self.letters()
        self.print(letter)
        self.post(letter)
        action = letter.action_letter_returned()
        wizards = self.env["followup.letter.return.wizard"].with_context(**action["context"])
        wizard = wizards.create({"reason": "moved"})
        wizard.action_confirm()
        self.assertEqual(letter.state, "bounced")
        self.assertFalse(self.items().level_id)
        self.assertIn("Nieuwstraat 1", self.customer().failure)
        self.assertIn("moved", self.customer().failure)
        self.assertTrue(self.customer().activity_ids)

    def test_posted_by_mistake(self):
        letter = self.letters()
        self.print(letter)
        self.post(letter)
        self.assertEqual(self.customer().last_message_date, TODAY)
        letter.action_undo_posted()
        self.assertEqual((letter.state, letter.sent_date, letter.delivered_on), ("printed", False, False))
        self.assertFalse(self.items().level_id)
        self.assertFalse(self.customer().last_message_date)
        self.assertEqual(letter.letter_batch_id.state, "printed")
        self.post(letter)
        self.assertEqual(self.items().level_id, self.level(10))

    def test_too_late_to_undo(self):
        letter = self.letters()
        self.print(letter)
        self.post(letter)
        with self.at(date(2026, 11, 27)), self.assertRaisesRegex(UserError, "more than 7 days"):
            letter.action_undo_posted()

    # Copies

    def test_a_copy_says_that_it_is_one(self):
        letter = self.letters()
        batch = self.print(letter)
        self.assertEqual(letter._copy_pdf()[1], self.pdf(letter), "not posted yet: the paper got stuck in the printer")
        with self.at(THURSDAY):
            self.post(letter)
        before = letter.letter_pdf
        name, content = letter._copy_pdf()
        text = self.words(content)
        self.assertIn("COPY", text)
        self.assertIn(f"{letter.name} of 19 November 2026", text)
        self.assertIn(letter.line_ids.move_id.name, text)
        self.assertIn("copy", name)
        self.assertEqual(letter.letter_pdf, before, "the evidence stays as it was")
        self.assertIn("COPY", self.words(batch._print_pdf()[1]))

    def test_no_copy_of_what_was_not_printed(self):
        with self.assertRaisesRegex(UserError, "not printed"):
            self.letters()._copy_pdf()

    # Nobody forgets them

    def test_forgotten_letters_become_one_task(self):
        letters = self.letters(self.business, self.consumer)
        self.print(letters[0])
        kind = self.env.ref("l10n_be_followup.mail_activity_type_letters")
        tasks = self.env["mail.activity"].search([("activity_type_id", "=", kind.id)])
        for day in (date(2026, 11, 20), date(2026, 11, 25), date(2026, 11, 26)):
            with self.at(day):
                self.night(day)
            tasks = self.env["mail.activity"].search([("activity_type_id", "=", kind.id)])
            self.assertEqual(len(tasks), 0 if day == date(2026, 11, 20) else 1, day)
        self.assertIn("2 letters", tasks.summary)
        with self.at(date(2026, 11, 26)):
            letters[0].action_take_out()
            letters[1].sudo()._cancel("test")
            self.env["followup.letter.batch"].sudo()._remind(self.company, date(2026, 11, 26))
        self.assertFalse(tasks.exists())

    # Rights

    def test_rights(self):
        letter = self.letters()
        batch = self.print(letter)
        reader = new_test_user(self.env, login="reader", groups="account.group_account_readonly")
        clerk = new_test_user(self.env, login="clerk", groups="l10n_be_followup.l10n_be_followup_group_user")
        for user in (reader, clerk):
            user.write({"company_ids": [(4, self.company.id)], "company_id": self.company.id})
        with self.assertRaises(UserError):
            letter.with_user(reader).action_take_out()
        self.assertTrue(batch.with_user(reader).name)
        with self.assertRaises(AccessError):
            batch.with_user(clerk).page_count = 7
        with self.assertRaises(AccessError):
            self.env["followup.letter.batch"].with_user(clerk).create({"company_id": self.company.id, "date": TODAY})
        with self.assertRaisesRegex(UserError, "evidence"):
            batch.sudo().unlink()
        letter.with_user(clerk).action_take_out()
        self.assertEqual(letter.state, "cancelled")
        stranger = new_test_user(self.env, login="stranger", groups="l10n_be_followup.l10n_be_followup_group_user")
        other = self.env["res.company"].create({"name": "Other"})
        stranger.write({"company_ids": [(6, 0, other.ids)], "company_id": other.id})
        with mute_logger("odoo.addons.base.models.ir_rule"), self.assertRaises(AccessError):
            batch.with_user(stranger).read(["name"])
