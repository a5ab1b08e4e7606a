from datetime import date

from odoo.tests import HttpCase, tagged

from .browser import InBrowser
from .common import FollowupCommon


@tagged("post_install_l10n", "post_install", "-at_install")
class TestArrangeTour(InBrowser, FollowupCommon, HttpCase):
    """The wizard of an arrangement in a real browser, as a follow-up user."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.user = cls.new_user("arrange_user", name="Arrange User", email="arrange@zilverberk.example")

    def test_arrange_on_the_phone(self):
        self.invoice(amount=600)
        self.invoice(amount=150, due=date(2026, 12, 20))
        customer = self.refreshed()
        self.start_tour(f"/odoo/followup/{customer.id}", "l10n_be_followup_arrange", login="arrange_user")
        self.env.invalidate_all()
        [arrangement] = self.env["followup.arrangement"].search([("customer_id", "=", customer.id)])
        self.assertEqual(arrangement.user_id, self.user)
        self.assertEqual(
            [(part.date, part.amount) for part in arrangement.instalment_ids.sorted("date")],
            [
                (date(2026, 11, 18), 150),
                (date(2026, 12, 2), 200),
                (date(2027, 1, 4), 200),
                (date(2027, 2, 2), 200),
            ],
        )
        self.assertEqual(arrangement.state, "cancelled")
        self.assertFalse(arrangement.cover_ids.filtered("live"))
        self.assertEqual(self.notices(purpose="arrangement").state, "cancelled")


@tagged("post_install_l10n", "post_install", "-at_install")
class TestArrangeTourPhone(InBrowser, FollowupCommon, HttpCase):
    """The same on a phone: the form, and amending from it."""

    browser_size = "400x800"
    touch_enabled = True

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.user = cls.new_user("arrange_user", name="Arrange User", email="arrange@zilverberk.example")

    def test_amend_on_a_phone(self):
        self.invoice(amount=300)
        customer = self.refreshed()
        first = self.env["followup.arrangement"]._arrange(
            customer, [(customer.item_ids, 300.0)], [(date(2026, 12, day), 100.0) for day in (2, 3, 4)]
        )
        first.action_confirm()
        self.start_tour(
            f"/odoo/followup-arrangements/{first.id}", "l10n_be_followup_arrange_phone", login="arrange_user"
        )
        self.env.invalidate_all()
        second = self.env["followup.arrangement"].search([("previous_id", "=", first.id)])
        self.assertEqual((first.state, second.state), ("cancelled", "active"))
        self.assertEqual(
            second.instalment_ids.sorted("date").mapped(lambda part: (part.date, part.amount)),
            [(date(2026, 12, 2), 150), (date(2026, 12, 9), 150)],
        )
