import io
from datetime import date, datetime
from urllib.parse import parse_qs, urlsplit

from freezegun.api import freeze_time
from lxml import html
from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools.pdf import OdooPdfFileReader
from stdnum.be import ogm_vcs

from ..engine import agreement_content
from ..report.followup_arrangement_report import _CLOSING, _INSTALMENT, _PAGE, _ROW, sheets
from .common import SendingCommon

IBAN = "BE71096123456769"
TO = "boekhouding@zoetebrood.example"


@tagged("post_install_l10n", "post_install", "-at_install")
class TestAgreementMessages(SendingCommon):
    """What a customer receives about an arrangement, a promise and a dispute: by real e-mail, and on paper."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.bank = cls.env["res.partner.bank"].create(
            {
                "acc_number": IBAN,
                "bank_bic": "GKCCBEBB",
                "partner_id": cls.company.partner_id.id,
                "allow_out_payment": True,
            }
        )

    PLAN = ((date(2026, 12, 1), 100.0), (date(2027, 1, 4), 100.0), (date(2027, 2, 1), 100.5))

    def arrange(self, move, partner=None, instalments=PLAN, paper=False, **options):
        customer = self.refreshed(partner)
        items = customer.item_ids.filtered(lambda item: item.move_id == move)
        arrangement = self.env["followup.arrangement"]._arrange(
            customer, [(items, move.amount_residual)], list(instalments), **options
        )
        # In tests Odoo makes HTML of a PDF, unless it must not.
        arrangement.with_context(force_report_rendering=paper).action_confirm()
        return arrangement.sudo()

    def at(self, day):
        return freeze_time(datetime(day.year, day.month, day.day, 10), real_asyncio=True)

    def received(self, address=TO):
        """The last e-mail for an address: the message and its body as a tree."""
        self.queue()
        message = self.sink.to(address)[-1]
        return message, html.fromstring(message.get_body(("html",)).get_content())

    def text(self, tree):
        return " ".join(tree.text_content().replace("\N{NO-BREAK SPACE}", " ").split())

    def payments(self, tree):
        """The QR codes of a message, as (account, amount, communication)."""
        codes = []
        for source in tree.xpath("//img[contains(@src, '/report/barcode')]/@src"):
            lines = parse_qs(urlsplit(source).query)["value"][0].split("\n")
            self.assertEqual(lines[:2] + lines[3:4], ["BCD", "002", "SCT"])
            codes.append((lines[6], lines[7], lines[9]))
        return codes

    def test_the_confirmation_is_received_with_the_document(self):
        arrangement = self.arrange(self.invoice(amount=300.5), paper=True)
        message, tree = self.received()
        [document] = message.iter_attachments()
        self.assertEqual(document.get_filename(), f"{arrangement.name}.pdf")
        self.assertEqual(document.get_content()[:5], b"%PDF-")
        text = self.text(tree)
        for instalment in arrangement.instalment_ids:
            self.assertIn(instalment.reference, text)
            self.assertTrue(ogm_vcs.is_valid(instalment.reference.strip("+")), instalment.reference)
        self.assertIn("300.50", text)
        self.assertFalse(tree.find_class("o_followup_accept"))
        [link] = tree.find_class("o_followup_link")
        self.assertIn(f"/my/arrangement/{arrangement.id}?access_token={arrangement.access_token}", link.get("href"))
        first = arrangement.instalment_ids[0]
        self.assertEqual(self.payments(tree), [(IBAN, "EUR100.0", first.reference_digits)])

    def test_each_instalment_has_its_own_code(self):
        arrangement = self.arrange(self.invoice(amount=300.5))
        seen = set()
        for instalment in arrangement.instalment_ids:
            url = agreement_content.qr_url(
                self.bank, instalment.amount_open, instalment.reference, instalment.currency_id, instalment.partner_id
            )
            lines = parse_qs(urlsplit(url).query)["value"][0].split("\n")
            self.assertEqual(lines[6:8] + lines[9:10], [IBAN, f"EUR{instalment.amount}", instalment.reference_digits])
            self.assertTrue(agreement_content.qr_image(self.bank, instalment).startswith("data:image/"))
            seen.add(lines[9])
        self.assertEqual(len(seen), 3)

    def test_a_proposal_asks_to_accept(self):
        arrangement = self.arrange(self.invoice(amount=300.5), acceptance=True)
        self.assertEqual(arrangement.state, "proposed")
        _message, tree = self.received()
        [button] = tree.find_class("o_followup_accept")
        self.assertIn(arrangement.access_token, button.get("href"))
        self.assertFalse(tree.find_class("o_followup_link"))
        page = self.env["report.l10n_be_followup.followup_arrangement_document"]._prepare_page(arrangement)
        self.assertIn(arrangement.access_token, page["link"])

    def test_what_was_agreed_stands_in_the_message(self):
        for options in ({"acceleration": True, "full_interest": True}, {}):
            with self.subTest(options=options):
                partner = self.business.copy({"name": "Klant", "email": f"k{len(options)}@x.example"})
                self.arrange(self.invoice(partner=partner, amount=300.5), partner, **options)
                _message, tree = self.received(partner.email)
                text = self.text(tree)
                self.assertEqual("falls due at once" in text, bool(options))
                self.assertEqual("as if there had been no arrangement" in text, bool(options))

    def test_a_consumer_pays_nothing_extra(self):
        arrangement = self.arrange(self.invoice(partner=self.consumer, amount=300.5), self.consumer, full_interest=True)
        self.assertTrue(arrangement.consumer)
        _message, tree = self.received(self.consumer.email)
        text = self.text(tree)
        self.assertIn("free of charge", text)
        self.assertNotIn("as if there had been no arrangement", text)
        self.assertNotIn("2 August 2002", text)

    def test_coming_instalment(self):
        move = self.invoice(amount=300.5)
        arrangement = self.arrange(move)
        self.queue()
        self.pay(move, 30.0)
        with self.at(date(2026, 11, 30)):
            self.night(date(2026, 11, 30))
            _message, tree = self.received()
        self.assertEqual(self.notices(purpose="instalment").state, "sent")
        # What is left of it, not what it was.
        self.assertEqual(self.payments(tree), [(IBAN, "EUR70.0", arrangement.instalment_ids[0].reference_digits)])

    def test_a_paid_instalment_is_not_asked_for(self):
        move = self.invoice(amount=300.5)
        self.arrange(move)
        self.queue()
        before = len(self.sink.messages)
        with self.at(date(2026, 11, 30)):
            self.night(date(2026, 11, 30))
            [notice] = self.notices(purpose="instalment")
            self.assertEqual(notice.state, "queued")
            self.pay(move, 100.0, date(2026, 11, 30))
            self.queue()
        self.assertEqual(notice.state, "cancelled")
        self.assertEqual(len(self.sink.messages), before)

    def test_missed_business_and_consumer(self):
        for partner, business in ((self.business, True), (self.consumer, False)):
            with self.subTest(partner=partner.name):
                arrangement = self.arrange(self.invoice(partner=partner, amount=300.5), partner, acceleration=True)
                with self.at(date(2026, 12, 8)):
                    self.night(date(2026, 12, 8))
                    [notice] = self.notices(partner, purpose="missed")
                    _message, tree = self.received(partner.email)
                text = self.text(tree)
                self.assertEqual(notice.state, "sent")
                self.assertIn("300.50", text, "what falls due otherwise")
                self.assertIn(notice.pay_before_text, text)
                self.assertEqual(
                    self.payments(tree), [(IBAN, "EUR100.0", arrangement.instalment_ids[0].reference_digits)]
                )
                self.assertEqual(bool(tree.find_class("o_followup_missed_interest")), business)
                self.assertEqual("article 4, § 3" in text, business)
                self.assertEqual(notice.amount_missed_interest > 0, business)

    def test_safe_mode_is_read_first(self):
        self.arrange(self.invoice(amount=300.5))
        self.queue()
        before = len(self.sink.messages)
        self.company.followup_live = False
        with self.at(date(2026, 11, 30)):
            self.night(date(2026, 11, 30))
            [notice] = self.notices(purpose="instalment")
            self.queue()
        self.assertEqual((notice.state, notice.review_reasons), ("review", ["safe_mode"]))
        self.assertEqual(len(self.sink.messages), before)

    def test_without_a_bank_account(self):
        self.company.partner_id.bank_ids.active = False
        arrangement = self.arrange(self.invoice(amount=300.5))
        _message, tree = self.received()
        self.assertEqual(self.payments(tree), [])
        self.assertIn(arrangement.instalment_ids[0].reference, self.text(tree))

    def test_without_an_address_the_person_hears_why(self):
        move = self.invoice(amount=300.5)
        self.business.email = False
        with self.assertRaisesRegex(UserError, self.business.name):
            self.arrange(move)

    def test_an_address_that_went_is_named_on_the_customer(self):
        self.arrange(self.invoice(amount=300.5))
        self.queue()
        self.business.email = False
        with self.at(date(2026, 11, 30)):
            run = self.night(date(2026, 11, 30))
        self.assertFalse(self.notices(purpose="instalment"))
        self.assertIn(self.business.name, self.customer().failure)
        self.assertTrue(run)

    def test_promise_over_one_and_over_several_invoices(self):
        first, second = self.invoice(amount=100.0), self.invoice(amount=50.0, due=date(2026, 11, 12))
        customer = self.refreshed()
        promise = self.env["followup.promise"]._promise(
            customer, customer.item_ids.filtered(lambda item: item.move_id == first), 100.0, date(2026, 11, 27)
        )
        self.env["followup.notice"]._send_for(promise, "promise")
        _message, tree = self.received()
        [(account, amount, communication)] = self.payments(tree)
        self.assertEqual((account, amount), (IBAN, "EUR100.0"))
        self.assertEqual(
            communication, "".join(filter(str.isdigit, first.payment_reference)) or first.payment_reference
        )
        promise.action_cancel()
        promise = self.env["followup.promise"]._promise(customer, customer.item_ids, 150.0, date(2026, 11, 27))
        self.env["followup.notice"]._send_for(promise, "promise")
        _message, tree = self.received()
        text = self.text(tree)
        for move in first | second:
            self.assertIn(move.payment_reference or move.name, text)
        self.assertIn("150.00", text)
        self.assertEqual(self.payments(tree), [])

    def test_answer_to_a_dispute_names_what_stays(self):
        move = self.invoice(amount=100.0)
        customer = self.refreshed()
        reason = self.env.ref("l10n_be_followup.followup_dispute_reason_wrong_amount")
        dispute = self.env["followup.dispute"]._dispute(customer, [(customer.item_ids, 40.0)], reason)
        dispute._reject("<p>The price was in <b>our offer</b>.</p>")
        _message, tree = self.received()
        self.assertTrue(tree.xpath("//b[text()='our offer']"))
        [(account, amount, _communication)] = self.payments(tree)
        self.assertEqual((account, amount), (IBAN, "EUR40.0"))
        self.assertIn(move.name, self.text(tree))
        notice = self.notices(purpose="dispute")
        self.assertEqual(notice.pay_before, date(2026, 11, 25))
        self.assertIn(notice.pay_before_text, self.text(tree))

    def test_a_reminder_offers_to_answer(self):
        self.invoice()
        self.night()
        _message, tree = self.received()
        notice = self.notices()
        [link] = tree.find_class("o_followup_answer")
        self.assertEqual(link.get("href"), notice._answer_url())
        self.assertGreaterEqual(len(notice.access_token), 32)

    def test_sheets_never_cut_a_row(self):
        for covers, instalments in ((1, 1), (1, 12), (30, 2), (90, 60), (3, 5)):
            with self.subTest(covers=covers, instalments=instalments):
                pages = sheets(list(range(covers)), 1, list(range(instalments)))
                self.assertEqual([row for page in pages for row in page["covers"]], list(range(covers)))
                self.assertEqual([row for page in pages for row in page["instalments"]], list(range(instalments)))
                for name in ("sums", "account", "closing"):
                    self.assertEqual(sum(page[name] for page in pages), 1)
                self.assertTrue(pages[-1]["closing"])
                for page in pages:
                    rows = len(page["covers"]) * _ROW + len(page["instalments"]) * _INSTALMENT
                    self.assertLessEqual(rows + _CLOSING * page["closing"], _PAGE)

    def test_paper_of_a_long_arrangement(self):
        instalments = [(date(2027 + month // 12, month % 12 + 1, 5), 25.0) for month in range(24)]
        instalments = [(self.company_day(day), amount) for day, amount in instalments]
        arrangement = self.arrange(self.invoice(amount=600.0), instalments=instalments)
        content = arrangement.with_context(force_report_rendering=True)._pdf("en_US")[1]
        self.assertEqual(content[:5], b"%PDF-")
        page = self.env["report.l10n_be_followup.followup_arrangement_document"]._prepare_page(arrangement)
        printed = len(OdooPdfFileReader(io.BytesIO(content)).pages)
        self.assertEqual(printed, len(page["sheets"]), "what is cut here is not cut again by the printer")
        markup, _kind = (
            self.env["ir.actions.report"]
            .sudo()
            ._render_qweb_html("l10n_be_followup.action_report_followup_arrangement", arrangement.ids)
        )
        tree = html.fromstring(markup)
        self.assertEqual(len(tree.find_class("followup_qr")), 24)
        for instalment in arrangement.instalment_ids:
            self.assertIn(instalment.reference, tree.text_content())

    def company_day(self, day):
        while not self.company._followup_is_working_day(day):
            day = date.fromordinal(day.toordinal() + 1)
        return day
