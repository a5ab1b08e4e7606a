import re
from datetime import date

from lxml import html
from odoo.tests import tagged

from .common import TODAY, FollowupCommon
from .suspension_common import ServiceCommon

LANGUAGES = ("nl_BE", "fr_BE", "de_DE")
#: Words that address the reader. In German a capital makes the difference.
FORMAL = {
    "nl_BE": r"(?i)\b(u|uw|uzelf|gelieve)\b",
    "fr_BE": r"(?i)\b(vous|votre|vos|veuillez|dites|faites|êtes|(?!chez\b|assez\b|nez\b)\w+ez)\b",
    "de_DE": r"\b(Sie|Ihr|Ihre|Ihrem|Ihren|Ihrer|Ihres|Ihnen)\b",
}
INFORMAL = {
    "nl_BE": r"(?i)\b(je|jij|jou|jouw)\b",
    "fr_BE": r"(?i)(\b(tu|toi|ton|ta|tes|te)\b|\bt')",
    "de_DE": r"(?i)\b(du|dich|dir|dein|deine|deinem|deinen|deiner|deines)\b",
}


class WordingMixin:
    """Renders a message in each language, in both forms of address."""

    def languages(self):
        for lang in LANGUAGES:
            self.env["res.lang"]._activate_lang(lang)
        self.env["ir.module.module"]._load_module_terms(["l10n_be_followup"], LANGUAGES)

    def rendered(self, notice, lang, informal, **values):
        notice = notice.sudo().with_context(followup_engine=True)
        if notice.frozen:
            self.fail("a notice that was sent is not rendered again")
        notice.write({"lang": lang, "informal": informal, **values})
        notice._render()
        return f"{notice.subject} {self.words(notice.body)}"

    def words(self, body):
        """What a person reads: the text, and the texts in place of pictures."""
        tree = html.fromstring(str(body))
        alternatives = " ".join(tree.xpath("//@alt | //@title"))
        text = tree.text_content().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
        return " ".join(f"{text} {alternatives}".split())

    def assert_addressed(self, text, lang, informal, about):
        wrong, right = (FORMAL, INFORMAL) if informal else (INFORMAL, FORMAL)
        form = "informal" if informal else "formal"
        found = re.search(wrong[lang], text)
        near = text[max(found.start() - 60, 0) : found.end() + 60] if found else ""
        self.assertFalse(found, f"{about}, {lang}, {form}: ...{near}...")
        self.assertRegex(text, right[lang], f"{about}, {lang}, {form}: nothing addresses the reader")

    def assert_both_forms(self, notice, about, **values):
        for lang in LANGUAGES:
            for informal in (False, True):
                text = self.rendered(notice, lang, informal, **values)
                self.assert_addressed(text, lang, informal, about)


@tagged("post_install_l10n", "post_install", "-at_install")
class TestForms(WordingMixin, FollowupCommon):
    """Each shipped sentence that addresses the reader has both forms, in every language."""

    def setUp(self):
        super().setUp()
        self.languages()
        self.env["res.partner.bank"].create(
            {"partner_id": self.company.partner_id.id, "acc_number": "BE68539007547034", "allow_out_payment": True}
        )

    def notice(self, partner):
        self.company.followup_live = False
        self.invoice(partner)
        self.night()
        [notice] = self.notices(partner)
        return notice

    def test_every_level_in_every_tone(self):
        for partner, policy in ((self.business, self.business_policy), (self.consumer, self.consumer_policy)):
            notice = self.notice(partner)
            for level in policy.level_ids.filtered("template_id"):
                for tone in ("gentle", "normal", "firm"):
                    with self.subTest(level=level.name, tone=tone):
                        values = {"level_id": level.id, "level_kind": level.kind, "tone": tone}
                        self.assert_both_forms(notice, f"{policy.name}, {level.name}, {tone}", **values)

    def test_claims(self):
        notice = self.notice(self.consumer)
        segment = {"from": "2026-11-11", "to": "2026-11-18", "days": 8, "rate": "10.5", "base": "100", "amount": "0.23"}
        notice.line_ids.with_context(followup_engine=True).write(
            {"interest": 0.23, "compensation": 20.0, "claim_detail": {"basis": "scale", "segments": [segment]}}
        )
        self.assert_both_forms(notice, "claims")
        notice.with_context(followup_engine=True).regime = "b2b"
        self.assert_both_forms(notice, "claims of a business")

    def test_promise_and_answer_to_a_dispute(self):
        self.company.followup_live = False
        move = self.invoice()
        customer = self.refreshed()
        notices = self.env["followup.notice"].sudo()
        promise = self.env["followup.promise"]._promise(customer, customer.item_ids, 50.0, date(2026, 11, 25))
        self.assert_both_forms(notices._prepare_for(promise, "promise", pay_before=promise.date), "promise")
        promise.action_cancel()
        reason = self.env["followup.dispute.reason"].search([], limit=1)
        items = customer.item_ids.filtered(lambda item: item.move_id == move)
        dispute = self.env["followup.dispute"]._dispute(customer, [(items, 40.0)], reason)
        self.assert_both_forms(
            notices._prepare_for(dispute, "dispute", pay_before=date(2026, 12, 1)), "answer to a dispute"
        )

    def test_arrangement_its_instalments_and_its_document(self):
        plan = [(date(2026, 12, 1), 50.0), (date(2027, 1, 4), 50.0)]
        notices = self.env["followup.notice"].sudo()
        for partner in (self.business, self.consumer):
            self.company.followup_live = False
            self.invoice(partner)
            customer = self.refreshed(partner)
            for options in ({"acceptance": True}, {"acceleration": True}):
                arrangement = self.env["followup.arrangement"]._arrange(
                    customer, [(customer.item_ids, 100.0)], plan, **options
                )
                arrangement.action_confirm()
                arrangement = arrangement.sudo()
                customer.sudo().notice_ids.filtered(lambda n: n.state in ("review", "queued"))._cancel("test")
                self.assert_both_forms(notices._prepare_for(arrangement, "arrangement"), f"arrangement {options}")
                self.assert_document(arrangement)
                if arrangement.state == "active":
                    first = arrangement.instalment_ids[0]
                    for purpose in ("instalment", "missed"):
                        notice = notices._prepare_for(arrangement, purpose, instalment=first)
                        self.assert_both_forms(notice, purpose)
                customer.sudo().notice_ids.filtered(lambda n: n.state in ("review", "queued"))._cancel("test")
                arrangement.with_env(self.env).action_cancel()
                self.refreshed(partner)

    def assert_document(self, arrangement):
        for form in ("formal", "informal"):
            arrangement.partner_id.with_company(self.company).followup_address_form = form
            for lang in LANGUAGES:
                page = self.env["ir.qweb"].with_context(lang=lang)
                values = {"arrangement": arrangement.with_context(lang=lang), "consumer": arrangement.consumer}
                text = self.words(page._render("l10n_be_followup.followup_arrangement_rules", values))
                self.assert_addressed(text, lang, form == "informal", "document of an arrangement")

    def test_english_has_warmer_words(self):
        notice = self.notice(self.business)
        self.assertIn("Dear Bakkerij", self.rendered(notice, "en_US", False))
        self.assertIn("Hello Bakkerij", self.rendered(notice, "en_US", True))


@tagged("post_install_l10n", "post_install", "-at_install")
class TestServiceForms(WordingMixin, ServiceCommon):
    def test_announcement_suspension_and_restoration(self):
        self.languages()
        move = self.bill()
        suspension = self.announce(move)
        notices = self.env["followup.notice"].sudo()
        for purpose in ("suspended", "restored"):
            with self.subTest(purpose=purpose):
                notice = notices._prepare_for(suspension.sudo(), purpose)
                self.assert_both_forms(notice, purpose)
        template = self.env["ir.qweb"]
        for lang in LANGUAGES:
            for informal in (False, True):
                values = {
                    "notice": notices.new({"informal": informal, "pay_before": TODAY}),
                    "services": [{"name": "Hosting", "amount": 1.0}],
                    "company": self.company,
                    "fmt_date": str,
                    "fmt_amount": lambda amount, currency: str(amount),
                }
                text = template.with_context(lang=lang)._render("l10n_be_followup.followup_notice_services", values)
                self.assert_addressed(self.words(text), lang, informal, "announcement of a suspension")


@tagged("post_install_l10n", "post_install", "-at_install")
class TestTone(WordingMixin, FollowupCommon):
    def bodies(self, partner):
        self.company.followup_live = False
        self.invoice(partner)
        self.night()
        [notice] = self.notices(partner)
        return {tone: self.rendered(notice, "en_US", False, tone=tone) for tone in ("gentle", "normal", "firm")}, notice

    def test_opening_and_closing_follow_the_tone(self):
        bodies, _notice = self.bodies(self.business)
        self.assertEqual(len(set(bodies.values())), 3)
        self.assertIn("Thank you for our good cooperation", bodies["gentle"])
        self.assertIn("We count on your payment by", bodies["firm"])
        self.assertNotIn("cooperation", bodies["normal"])

    def test_the_legal_block_is_the_same_in_every_tone(self):
        _bodies, notice = self.bodies(self.consumer)
        blocks = set()
        for tone in ("gentle", "normal", "firm"):
            self.rendered(notice, "en_US", False, tone=tone)
            [block] = html.fromstring(str(notice.body)).find_class("o_followup_consumer_block")
            blocks.add(html.tostring(block))
            self.assertFalse(notice._missing_element())
        self.assertEqual(len(blocks), 1)

    def test_the_last_warning_thanks_nobody(self):
        _bodies, notice = self.bodies(self.business)
        text = self.rendered(notice, "en_US", False, tone="gentle", level_kind="final_notice")
        self.assertNotIn("cooperation", text)

    def test_the_customers_wish_is_taken_over(self):
        self.business.write({"followup_address_form": "informal", "followup_tone": "firm"})
        self.invoice()
        self.night()
        self.assertEqual((self.notices().informal, self.notices().tone), (True, "firm"))
        self.assertIn("Hello Bakkerij", self.notices().body)
