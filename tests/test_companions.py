from datetime import date

from odoo.tests import tagged

from .charge_common import ChargeCommon
from .common import TODAY, FollowupCommon
from .suspension_common import ServiceCommon

THURSDAY, FRIDAY = date(2026, 11, 19), date(2026, 11, 20)
ADDRESS = {"street": "Nieuwstraat 1", "zip": "1000", "city": "Brussel"}


@tagged("post_install_l10n", "post_install", "-at_install")
class TestCompanions(FollowupCommon):
    """A letter beside an e-mail: no second reminder, no charge in the days that it promises, whichever way they end."""

    def prepared(self, partner=None, policy="business"):
        partner = partner or self.business
        self.level("10", policy).channel_letter = True
        partner.write(ADDRESS)
        self.invoice(partner)
        self.night()
        return self.notices(partner).sorted("standby")

    def post(self, letter, day=THURSDAY):
        letter._go("printed")
        letter._post(day)

    def test_the_days_that_the_letter_promises_are_kept(self):
        email, letter = self.prepared(self.consumer, "consumer")
        self.deliver(email)
        item = self.items(self.consumer)
        self.assertEqual((item.waiting_until, item.waiting_by_post), (email.waiting_until, False))
        self.post(letter)
        self.assertGreater(letter.waiting_until, email.waiting_until)
        self.assertEqual((item.waiting_until, item.level_date), (letter.waiting_until, TODAY))
        letter._bounce("moved away")
        self.assertEqual(item.waiting_until, email.waiting_until, "it did not arrive: the e-mail alone counts")

    def test_no_days_begin_with_a_letter_beside_an_email_that_is_not_delivered(self):
        email, letter = self.prepared(self.consumer, "consumer")
        self.post(letter, TODAY)
        self.assertEqual(email.state, "queued")
        self.assertFalse(self.items(self.consumer).waiting_until)
        self.deliver(email)
        self.assertEqual(self.items(self.consumer).waiting_until, letter.waiting_until)

    def test_an_email_that_is_taken_back_after_its_letter_was_posted(self):
        email, letter = self.prepared()
        self.post(letter, TODAY)
        email._cancel("rejected")
        self.assertEqual((letter.standby, letter.line_ids.live), (False, True))
        self.assertEqual(self.items().level_id, self.level("10"))
        self.night(FRIDAY)
        self.assertEqual(self.notices(), email | letter, "no second reminder of the same level")

    def test_an_email_that_was_not_sent_after_all(self):
        email, letter = self.prepared()
        email._go("sending")
        email._mark_unknown("broken")
        self.post(letter)
        email.action_was_not_sent()
        self.assertEqual((email.state, letter.standby), ("failed", False))
        self.assertEqual(self.items().level_id, self.level("10"))

    def test_a_failed_letter_is_tried_again_where_the_email_failed(self):
        email, letter = self.prepared()
        letter._go("failed", failure="no paper")
        email._fail("refused")
        self.assertFalse(email.line_ids.live)
        letter.action_retry()
        self.assertEqual((letter.state, letter.standby, letter.line_ids.live), ("queued", False, True))
        self.night(FRIDAY)
        self.assertEqual(self.notices(), email | letter)

    def test_a_letter_that_a_later_message_has_overtaken(self):
        email, letter = self.prepared()
        self.deliver(email)
        self.assertTrue(self.engine._decide_for_notice(letter, TODAY).message)
        later = email.copy({"state": "queued", "level_id": self.level("20").id})
        email.line_ids.copy({"notice_id": later.id, "level_id": self.level("20").id})
        self.assertTrue(self.engine._decide_for_notice(letter, TODAY).message, "it did not leave yet")
        self.deliver(later, FRIDAY)
        answer = self.engine._decide_for_notice(letter, FRIDAY)
        self.assertFalse(answer.message)
        self.assertIn("notice_under_way", {reason.code for reason in answer.reasons})

    def test_the_letter_waits_with_the_email_that_goes_back_to_review(self):
        email, letter = self.prepared()
        email._back_to_review(email.mail_ids, "vip")
        self.assertEqual((email.state, letter.state), ("review", "review"))
        email.action_approve()
        self.assertEqual((email.state, letter.state), ("queued", "queued"))

    def test_the_bad_address_is_remembered_where_the_letter_takes_over(self):
        email, letter = self.prepared()
        self.deliver(email)
        email._bounce("no such user")
        self.assertFalse(letter.standby)
        self.assertTrue(self.business.followup_email_bounced)

    def test_copies_stand_in_the_downloaded_message(self):
        email, _letter = self.prepared()
        email.email_cc = '"Ann" <ann@example.com>'
        self.deliver(email)
        self.assertIn(b"\nCc: ", email._eml().replace(b"\r\n", b"\n"))

    def test_a_report_about_a_copy_brings_no_notice_back(self):
        email, _letter = self.prepared()
        email.email_cc = '"Ann" <ann@example.com>'
        self.deliver(email)
        report = (
            self.env["followup.notice.report"]
            .sudo()
            .create({"notice_id": email.id, "action": "failed", "recipient": "ann@example.com", "status": "5.1.1"})
        )
        report._apply()
        self.assertEqual(email.state, "delivered")


@tagged("post_install_l10n", "post_install", "-at_install")
class TestCompanionsOfServices(ServiceCommon):
    """A letter that announces a suspension and takes the place of the e-mail."""

    def test_a_delivered_letter_announces_when_the_email_comes_back(self):
        self.business.write(ADDRESS)
        levels = self.business_policy.level_ids
        level = levels.filtered("announce_suspension")[:1]
        level.channel_letter = True
        before = levels.filtered(lambda other: other.sequence < level.sequence).sorted("sequence")[-1:]
        move = self.bill()
        self.refreshed()
        self.env.cr.execute(
            "UPDATE followup_item SET level_id = %s, level_kind = %s, level_date = %s WHERE id IN %s",
            [before.id, before.kind, date(2026, 10, 20), tuple(self.items_of(move).ids)],
        )
        self.env.invalidate_all()
        self.night()
        email, letter = self.notices(purpose="level").sorted("standby")
        email._approve()
        self.deliver(email)
        first = self.service.suspension_ids
        self.assertEqual((first.state, first.notice_id), ("announced", email))
        letter._go("printed")
        letter._post(THURSDAY)
        self.assertEqual(self.service.suspension_ids, first, "it is announced once")
        email._bounce("no such user")
        fresh = self.service.suspension_ids - first
        self.assertEqual((first.state, fresh.state, fresh.notice_id), ("cancelled", "announced", letter))
        self.assertEqual((fresh.announced_on, fresh.deadline), (THURSDAY, letter.pay_before))


@tagged("post_install_l10n", "post_install", "-at_install")
class TestClaimedTwice(ChargeCommon):
    """A letter that was printed before its charges were posted, and goes after that."""

    def test_what_was_posted_since_is_not_claimed_again(self):
        posted = self.claims(interest=10.0)
        posted.sudo()._post_to_books()
        move = posted.move_id
        self.night()
        letter = self.notices()[:1]
        segment = {
            "from": "2026-10-02",
            "to": "2026-11-20",
            "days": 50,
            "base": "1210",
            "rate": "10.5",
            "amount": "12.5",
        }
        letter.line_ids.filtered(lambda line: line.move_id == move).write(
            {
                "interest": 12.5,
                "compensation": 40.0,
                "claim_detail": {"until": "2026-11-20", "segments": [segment]},
            }
        )
        charges = self.env["followup.charge"].sudo()
        charges._claim_from(letter)
        fresh = charges.search([("move_id", "=", move.id)]) - posted.sudo()
        self.assertEqual([(charge.kind, charge.amount) for charge in fresh], [("interest", 2.5)])
        charges._claim_from(letter)
        self.assertEqual(charges.search([("move_id", "=", move.id)]), posted.sudo() | fresh)
        self.assertEqual(fresh.amount, 2.5)
