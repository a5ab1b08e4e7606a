from datetime import date

from odoo.exceptions import ValidationError
from odoo.tests import tagged

from .common import FollowupCommon, SendingCommon


@tagged("post_install_l10n", "post_install", "-at_install")
class TestSegment(FollowupCommon):
    """Live mode can begin with some customers; the others stay in safe mode."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.followup_live_domain = "[('name', 'ilike', 'brood')]"

    def test_the_night_sends_inside_and_asks_outside(self):
        self.invoice()
        self.invoice(self.consumer)
        self.night()
        inside, outside = self.notices(), self.notices(self.consumer)
        self.assertEqual((inside.state, outside.state), ("queued", "review"))
        self.assertEqual(outside.review_reasons, ["outside_segment"])
        self.assertIn("other customers", outside.review_text)

    def test_shown_and_searched_on_the_customer(self):
        self.invoice()
        self.invoice(self.consumer)
        inside, outside = self.refreshed(), self.refreshed(self.consumer)
        self.assertEqual((inside.live, inside.outside_segment), (True, False))
        self.assertEqual((outside.live, outside.outside_segment), (False, True))
        both = inside | outside
        search = self.env["followup.customer"].search
        self.assertEqual(search([("live", "=", True), ("id", "in", both.ids)]), inside)
        self.assertEqual(search([("live", "=", False), ("id", "in", both.ids)]), outside)
        self.company.followup_live = False
        self.assertFalse(inside.live or inside.outside_segment)
        self.assertFalse(search([("live", "=", True), ("id", "in", both.ids)]))

    def test_no_segment_is_everybody(self):
        self.company.followup_live_domain = False
        self.invoice(self.consumer)
        self.night()
        self.assertEqual(self.notices(self.consumer).state, "queued")
        self.assertTrue(self.customer(self.consumer).live)

    def test_a_condition_that_cannot_be_read(self):
        for domain in ("[('no_such_field', '=', 1)]", "not a list", "42"):
            with self.subTest(domain), self.assertRaisesRegex(ValidationError, self.company.name):
                self.company.followup_live_domain = domain

    def test_one_query_whatever_the_number(self):
        for number in range(20):
            self.invoice(self.business.copy({"name": f"Brood {number}", "vat": False}))
        customers = self.env["followup.customer"].search([("company_id", "=", self.company.id)])
        if not customers:
            self.engine._synchronise(self.company)
            customers = self.env["followup.customer"].search([("company_id", "=", self.company.id)])

        def count(domain):
            self.company.followup_live_domain = domain
            self.env.flush_all()
            self.env.invalidate_all()
            self.engine._select(self.company, customers.ids, date(2026, 11, 18))
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.engine._select(self.company, customers.ids, date(2026, 11, 18))
            return self.env.cr.sql_log_count - before

        self.assertLessEqual(count("[('name', 'ilike', 'brood')]"), count(False) + 2)


@tagged("post_install_l10n", "post_install", "-at_install")
class TestSegmentSending(SendingCommon):
    def test_narrowed_after_the_night(self):
        """What was on its way to somebody who is no longer live comes back for review."""
        self.invoice()
        self.night()
        self.assertEqual(self.notices().state, "queued")
        self.company.followup_live_domain = "[('name', '=', 'nobody')]"
        self.queue()
        self.assertEqual((self.notices().state, self.notices().review_reasons), ("review", ["outside_segment"]))
        self.assertFalse(self.sink.messages)
        self.press(self.notices(), "action_approve")
        self.queue()
        self.assertEqual(self.notices().state, "sent", "a person's yes holds for him as well")
