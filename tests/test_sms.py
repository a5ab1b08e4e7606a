from datetime import date, datetime, timedelta
from types import SimpleNamespace
from unittest.mock import patch

import psycopg2
from freezegun.api import freeze_time
from odoo.addons.iap.tools import iap_tools
from odoo.exceptions import UserError
from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from .common import TODAY, SendingCommon
from .sms_provider import SmsProvider

MOBILE = "+32470123456"


@tagged("post_install_l10n", "post_install", "-at_install")
class TestSms(HttpCase, SendingCommon):
    """A text message beside a written one, to a real HTTP server in the place of the provider."""

    def setUp(self):
        super().setUp()
        self.provider = SmsProvider().start()
        self.addCleanup(self.provider.stop)
        self.env["ir.config_parameter"].sudo().set_param("sms.endpoint", self.provider.url)
        # Lifts only Odoo's ban on requests to IAP during tests: the request itself is real.
        allowed = SimpleNamespace(module=SimpleNamespace(current_test=None))
        self.enterContext(patch.object(iap_tools, "modules", allowed))
        self.level("10").channel_sms = True
        self.level("10", "consumer").channel_sms = True
        self.business.write({"phone": "0470 12 34 56", "lang": "en_US"})

    def texts(self, now=None):
        """One pass of our own queue of text messages."""
        with self.committing() as env, mute_logger("odoo.addons.iap.tools.iap_tools"):
            env["followup.notice"]._cron_text()

    def pair(self, partner=None):
        """A level prepared by the night: (the e-mail, the text message)."""
        self.night()
        notices = self.notices(partner)
        return notices.filtered(lambda n: n.channel == "email"), notices.filtered(lambda n: n.channel == "sms")

    def test_it_follows_the_email_and_takes_no_level(self):
        invoice = self.invoice()
        email, text = self.pair()
        self.assertEqual((text.standby, text.lead_id, text.state, text.phone_to), (True, email, "queued", MOBILE))
        self.assertFalse(text.line_ids.live)
        self.texts()
        self.assertEqual((text.state, self.provider.taken), ("queued", []), "never before the written message")
        self.queue()
        self.texts()
        [(number, content, key)] = self.provider.taken
        self.assertEqual((number, content, key), (MOBILE, text.text, text.attempt))
        self.assertIn("is still open", content)
        for part in (self.company.name, "100.00", invoice.payment_reference, email.name, "11/24/2026"):
            self.assertIn(part, content)
        self.assertEqual((text.state, text.text_segments <= 2), ("sent", True))
        self.texts()
        self.assertEqual(len(self.provider.taken), 1, "once")
        self.assertFalse(self.items().level_id, "only the e-mail takes it to a level, once it is delivered")
        self.assertFalse(self.env["sms.sms"].sudo().search([("uuid", "=", key), ("to_delete", "=", False)]))

    def test_number_and_words_are_evidence(self):
        self.invoice()
        _email, text = self.pair()
        self.queue()
        self.texts()
        self.assertEqual(text.sha256, text._fingerprint())
        with self.assertRaisesRegex(UserError, "evidence"):
            text.text = "something else"
        with (
            self.assertRaisesRegex(psycopg2.errors.RaiseException, "evidence"),
            mute_logger("odoo.sql_db"),
            self.env.cr.savepoint(),
        ):
            self.env.cr.execute("UPDATE followup_notice SET phone_to = '+32470000000' WHERE id = %s", [text.id])

    def test_a_report_says_that_it_arrived(self):
        self.invoice()
        _email, text = self.pair()
        self.queue()
        self.texts()
        self.report(text, "delivered")
        self.assertEqual((text.state, text.delivered_on), ("delivered", TODAY))
        self.assertFalse(self.items().level_id)

    def test_a_report_says_that_it_did_not(self):
        self.invoice()
        email, text = self.pair()
        self.queue()
        self.texts()
        self.report(text, "invalid_destination")
        self.assertEqual(text.state, "bounced")
        self.assertIn("does not exist", text.failure)
        self.assertIn("does not exist", self.customer().message_ids[0].body)
        self.assertFalse(self.customer().failure, "it holds nothing up")
        self.deliver_sent(email)
        self.assertEqual(self.items().level_id, self.level("10"))

    def report(self, text, status):
        """What the provider calls later: the web hook of Odoo's `sms`."""
        self.env.flush_all()
        self.make_jsonrpc_request(
            "/sms/status", {"message_statuses": [{"uuids": [text.attempt], "sms_status": status}]}
        )
        self.env.invalidate_all()

    def deliver_sent(self, email):
        email._deliver(TODAY)

    def test_wrong_number_and_no_credit_are_seen_and_block_nothing(self):
        for state, words in (
            ("insufficient_credit", "no credit"),
            ("wrong_number_format", "Correct it"),
            ("unregistered", "not registered"),
        ):
            with self.subTest(state):
                self.provider.answers = {MOBILE: state}
                partner = self.business.copy({"name": state, "vat": "BE0477472701"})
                self.invoice(partner)
                email, text = self.pair(partner)
                self.queue()
                self.texts()
                self.assertEqual(text.state, "failed")
                self.assertIn(words, text.failure)
                self.assertIn(words, self.customer(partner).message_ids[0].body)
                self.deliver_sent(email)
                self.assertEqual(self.items(partner).level_id, self.level("10"))
                self.assertFalse(self.customer(partner).failure)

    def test_tried_again_by_a_person_with_the_number_as_it_is_now(self):
        self.provider.answers = {MOBILE: "wrong_number_format"}
        self.invoice()
        _email, text = self.pair()
        self.queue()
        self.texts()
        self.business.phone = "0471/22.33.44"
        self.press(text, "action_retry")
        self.texts()
        self.assertEqual((text.state, text.phone_to), ("sent", "+32471223344"))
        self.assertEqual([taken[0] for taken in self.provider.taken], ["+32471223344"])

    def test_the_provider_cannot_be_reached(self):
        self.provider.stop()
        self.invoice()
        _email, text = self.pair()
        self.queue()
        self.texts()
        self.assertEqual((text.state, text.attempts), ("queued", 1))
        self.assertGreater(text.scheduled_date, datetime(2026, 11, 18, 10, 0))
        self.texts()
        self.assertEqual(text.attempts, 1, "not before its time")

    def test_the_provider_is_busy(self):
        self.provider.answers = {MOBILE: "server_error"}
        self.invoice()
        _email, text = self.pair()
        self.queue()
        self.texts()
        self.assertEqual((text.state, text.attempts), ("queued", 1))
        self.provider.answers = {}
        with freeze_time(text.scheduled_date + timedelta(minutes=1), real_asyncio=True):
            self.texts()
        self.assertEqual(text.state, "sent")

    def test_the_connection_breaks_after_the_provider_took_it(self):
        self.provider.drop = True
        self.invoice()
        _email, text = self.pair()
        self.queue()
        self.texts()
        self.assertEqual((text.state, len(self.provider.taken)), ("unknown", 1))
        self.assertIn("unknown whether", text.failure)
        self.provider.drop = False
        self.texts()
        with self.committing() as env:
            env["sms.sms"]._process_queue()
        self.assertEqual(len(self.provider.taken), 1, "never sent again by itself")
        self.assertFalse(self.customer().failure)
        self.report(text, "delivered")
        self.assertEqual(text.state, "delivered", "a later report settles it")

    def test_a_claim_without_an_answer_is_unknown(self):
        self.invoice()
        email, text = self.pair()
        self.queue()
        text._go("sending", claim_date=datetime(2026, 11, 18, 8, 0), attempts=1)
        self.env["followup.notice"].sudo()._confirm(self.company)
        self.assertEqual(text.state, "unknown")
        self.texts()
        self.assertFalse(self.provider.taken)
        self.assertEqual(email.state, "sent")

    def test_paid_meanwhile(self):
        invoice = self.invoice()
        _email, text = self.pair()
        self.queue()
        self.pay(invoice)
        self.texts()
        self.assertEqual((text.state, self.provider.taken), ("cancelled", []))

    def test_partly_paid_meanwhile(self):
        invoice = self.invoice()
        email, text = self.pair()
        self.queue()
        self.pay(invoice, 40.0)
        self.texts()
        self.assertIn("60.00", self.provider.taken[0][1])
        self.assertEqual((text.pay_before, text.reference), (email.pay_before, email.reference))
        self.assertFalse(text.line_ids.live)

    def test_quiet_hours_and_days_off(self):
        self.invoice()
        _email, text = self.pair()
        self.queue()
        with freeze_time("2026-11-18 20:30:00", real_asyncio=True):
            self.texts()
        self.assertEqual((text.state, text.scheduled_date), ("queued", datetime(2026, 11, 19, 7, 0)))
        with freeze_time("2026-11-21 10:00:00", real_asyncio=True):  # a Saturday
            self.texts()
        self.assertEqual((text.state, text.scheduled_date), ("queued", datetime(2026, 11, 23, 7, 0)))
        self.assertFalse(self.provider.taken)
        with freeze_time("2026-11-23 07:01:00", real_asyncio=True):
            self.texts()
        self.assertEqual(len(self.provider.taken), 1)

    def test_the_customer_wants_none(self):
        self.business.followup_no_text = True
        self.invoice()
        email, text = self.pair()
        self.assertFalse(text)
        self.assertIn("asked for no text messages", email.text_obstacle)

    def test_he_says_so_after_it_was_prepared(self):
        self.invoice()
        _email, text = self.pair()
        self.queue()
        self.business.followup_no_text = True
        self.texts()
        self.assertEqual((text.state, self.provider.taken), ("cancelled", []))
        self.assertIn("asked for no text messages", text.cancel_reason)

    def test_the_number_is_on_the_list(self):
        self.env["phone.blacklist"].sudo().create({"number": MOBILE})
        self.invoice()
        _email, text = self.pair()
        self.queue()
        self.texts()
        self.assertEqual((text.state, self.provider.taken), ("cancelled", []))
        self.assertIn("list of numbers", text.cancel_reason)

    def test_which_number(self):
        self.business.phone = "02 555 12 34"
        self.assertIn("no valid mobile number", self.business._followup_text_obstacle(self.company))
        invoicing = self.env["res.partner"].create(
            {"parent_id": self.business.id, "type": "invoice", "name": "Boekhouding", "phone": "0477 11 22 33"}
        )
        route = self.business._followup_sms_route(self.company)
        self.assertEqual((route.phone, route.recipient), ("+32477112233", invoicing))

    def test_a_consumers_family_gets_none(self):
        self.env["res.partner"].create(
            {"parent_id": self.consumer.id, "type": "invoice", "name": "Zijn moeder", "phone": "0477 11 22 33"}
        )
        self.assertFalse(self.consumer._followup_sms_route(self.company))
        self.consumer.phone = "+32 470 99 88 77"
        self.assertEqual(self.consumer._followup_sms_route(self.company).phone, "+32470998877")

    def test_it_begins_no_fourteen_days(self):
        self.consumer.phone = "+32 470 99 88 77"
        self.invoice(self.consumer)
        _email, text = self.pair(self.consumer)
        self.queue()
        self.texts()
        self.report(text, "delivered")
        self.assertFalse(text.waiting_until)
        self.assertFalse(self.items(self.consumer).waiting_until)

    def test_in_safe_mode_a_person_sees_both(self):
        self.company.followup_live = False
        self.invoice()
        email, text = self.pair()
        self.assertEqual((email.state, text.state), ("review", "review"))
        self.press(email, "action_approve")
        self.queue()
        self.texts()
        self.assertEqual((text.state, len(self.provider.taken)), ("sent", 1))

    def test_safe_mode_again_before_it_left(self):
        self.invoice()
        _email, text = self.pair()
        self.queue()
        self.company.followup_live = False
        self.texts()
        self.assertEqual((text.state, self.provider.taken), ("review", []))

    def test_a_neutralised_copy_sends_none(self):
        self.invoice()
        _email, text = self.pair()
        self.queue()
        self.env["ir.config_parameter"].sudo().set_param("database.is_neutralized", True)
        self.texts()
        self.assertEqual((text.state, self.provider.taken), ("cancelled", []))

    def test_no_text_when_the_email_did_not_leave(self):
        self.sink.answers["boekhouding@zoetebrood.example"] = "550 no such user"
        self.invoice()
        email, text = self.pair()
        self.queue()
        self.assertEqual(email.state, "failed")
        self.texts()
        self.assertEqual((text.state, self.provider.taken), ("cancelled", []))

    def test_rejected_together(self):
        self.company.followup_live = False
        self.invoice()
        email, text = self.pair()
        self.press(email, "action_reject")
        self.assertEqual(text.state, "cancelled")

    def test_in_his_language(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        template = self.env.ref("l10n_be_followup.sms_template_followup")
        template.with_context(lang="fr_FR").body = "{{ object.text_amount }} à payer pour le {{ object.text_day }}"
        self.business.lang = "fr_FR"
        self.invoice(amount=1234.5)
        _email, text = self.pair()
        self.assertEqual(text.text, "1 234,50 € à payer pour le 24/11/2026")

    def test_the_text_of_a_level(self):
        self.level("10").sms_template_id = self.env.ref("l10n_be_followup.sms_template_followup").copy(
            {"body": "Hello"}
        )
        self.invoice()
        _email, text = self.pair()
        self.assertEqual(text.text, "Hello")

    def test_beside_a_letter_once_it_is_posted(self):
        self.business.write({"email": False, "street": "Nieuwstraat 1", "zip": "1000", "city": "Brussel"})
        self.invoice()
        self.night()
        letter, text = self.notices().sorted("standby")
        self.assertEqual((letter.channel, text.channel), ("letter", "sms"))
        self.texts()
        self.assertEqual(text.state, "queued")
        letter._go("printed")
        letter._post(date(2026, 11, 18))
        self.texts()
        self.assertEqual(text.state, "sent")
