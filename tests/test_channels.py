from datetime import date

from odoo.exceptions import ValidationError
from odoo.tests import tagged

from .common import TODAY, FollowupCommon


@tagged("post_install_l10n", "post_install", "-at_install")
class TestChannels(FollowupCommon):
    """E-mail, letter, both: which one counts, and what happens when it does not arrive."""

    ADDRESS = {"street": "Nieuwstraat 1", "zip": "1000", "city": "Brussel"}

    def both(self):
        self.level("10").channel_letter = True
        self.business.write(self.ADDRESS)

    def test_without_an_address_it_is_a_letter(self):
        self.business.write({**self.ADDRESS, "email": False})
        self.invoice()
        self.night()
        letter = self.notices()
        self.assertEqual((letter.channel, letter.state, letter.email_to), ("letter", "queued", False))
        self.assertEqual(letter.address, "Bakkerij Het Zoete Brood\nNieuwstraat 1\n1000 Brussel")
        self.assertFalse(letter.mail_ids)
        self.assertEqual(self.customer().state, "queued")

    def test_without_any_address_it_says_so(self):
        self.business.email = False
        self.invoice()
        self.night()
        self.assertFalse(self.notices())
        self.assertIn("no valid e-mail address and no complete postal address", self.customer().failure)

    def test_no_letter_where_the_company_wants_none(self):
        self.company.followup_letter_fallback = False
        self.business.write({**self.ADDRESS, "email": False})
        self.invoice()
        self.night()
        self.assertFalse(self.notices())
        self.assertIn("no valid e-mail address", self.customer().failure)

    def test_both_count_once(self):
        self.both()
        invoice = self.invoice()
        self.night()
        email, letter = self.notices().sorted("standby")
        self.assertEqual((email.channel, letter.channel), ("email", "letter"))
        self.assertEqual((letter.lead_id, letter.standby), (email, True))
        self.assertEqual((email.line_ids.live, letter.line_ids.live), (True, False))
        self.night()
        self.assertEqual(len(self.notices()), 2)
        self.deliver(email)
        self.assertEqual(self.items().level_id, self.level("10"))
        letter._go("printed")
        letter._post(date(2026, 11, 20))
        self.assertEqual(self.items().level_date, TODAY, "the e-mail counts, not the letter that went beside it")
        self.assertEqual(self.items().move_id, invoice)

    def test_the_letter_takes_the_place_of_an_email_that_comes_back(self):
        self.both()
        self.invoice()
        self.night()
        email, letter = self.notices().sorted("standby")
        self.deliver(email)
        letter._go("printed")
        letter._post(date(2026, 11, 19))
        email._bounce("no such user")
        self.assertFalse(letter.standby)
        self.assertEqual((email.line_ids.live, letter.line_ids.live), (False, True))
        self.assertEqual((self.items().level_id, self.items().level_date), (self.level("10"), date(2026, 11, 19)))
        self.assertFalse(self.customer().failure)

    def test_a_letter_that_still_waits_takes_the_place(self):
        self.both()
        self.invoice()
        self.night()
        email, letter = self.notices().sorted("standby")
        self.deliver(email)
        email._bounce("no such user")
        self.assertFalse(self.items().level_id)
        self.assertIn("notice_under_way", self.codes(self.items()))
        letter._go("printed")
        letter._post(date(2026, 11, 20))
        self.assertEqual(self.items().level_date, date(2026, 11, 20))

    def test_cancelled_together_and_approved_together(self):
        self.company.followup_live = False
        self.both()
        self.invoice()
        self.night()
        email, letter = self.notices().sorted("standby")
        self.assertEqual((email.state, letter.state), ("review", "review"))
        email.action_approve()
        self.assertEqual((email.state, letter.state), ("queued", "queued"))
        email._cancel("paid")
        self.assertEqual((email.state, letter.state), ("cancelled", "cancelled"))

    def test_the_letter_is_decided_again_without_the_level(self):
        self.both()
        first = self.invoice(amount=100.0)
        self.invoice(amount=50.0)
        self.night()
        email, letter = self.notices().sorted("standby")
        self.deliver(email)
        self.pay(first)
        decision = self.engine._decide_for_notice(letter, date(2026, 11, 20))
        self.assertEqual([line.amount for line in decision.message], [50])
        self.pay(letter.line_ids.move_id - first)
        self.assertFalse(self.engine._decide_for_notice(letter, date(2026, 11, 20)).message)

    def test_a_consumers_letter_begins_his_days_by_post(self):
        self.consumer.write({**self.ADDRESS, "email": False})
        self.invoice(self.consumer)
        self.night()
        letter = self.notices(self.consumer)
        letter._go("printed")
        letter._post(TODAY)
        item = self.items(self.consumer)
        # Wednesday 18; the third working day is Monday 23, the fourteenth day Sunday 6 December, so Monday 7.
        self.assertEqual((item.waiting_until, item.waiting_by_post), (date(2026, 12, 7), True))

    def test_a_text_message_alone_is_refused(self):
        with self.assertRaisesRegex(ValidationError, "proves nothing"):
            self.level("10").write({"channel_email": False, "channel_sms": True})

    def test_an_arrangement_by_letter(self):
        self.business.write({**self.ADDRESS, "email": False})
        self.invoice(amount=300.0)
        wizard = self.env["followup.arrange.wizard"].create({"customer_id": self.refreshed().id})
        self.assertEqual(wizard.sent_to, "Bakkerij Het Zoete Brood, Nieuwstraat 1, 1000 Brussel")
        self.assertFalse(any("e-mail address" in line for line in wizard._warnings()))

    def test_a_level_on_paper_only_writes_no_email(self):
        self.level("10").write({"channel_email": False, "channel_letter": True})
        self.business.write(self.ADDRESS)
        self.invoice()
        self.night()
        self.assertEqual(self.notices().channel, "letter")
        self.invoice(self.consumer)
        self.level("10", "consumer").write({"channel_email": False, "channel_letter": True})
        self.night()
        self.assertEqual(self.notices(self.consumer).channel, "email", "he has no postal address")
