from datetime import date

from odoo.tests import HttpCase, tagged

from .browser import InBrowser
from .common import FollowupCommon


@tagged("post_install_l10n", "post_install", "-at_install")
class TestRecipientTours(InBrowser, FollowupCommon, HttpCase):
    """The contact's screens in a real browser, as an accountant who may edit contacts."""

    def setUp(self):
        super().setUp()
        groups = (
            "l10n_be_followup.l10n_be_followup_group_user",
            "account.group_account_invoice",
            "base.group_partner_manager",
        )
        self.new_user("recipient_user", ",".join(groups), email="desk@zilverberk.example")

    def run_tour(self, name, partner):
        self.start_tour(f"/odoo/res.partner/{partner.id}", f"l10n_be_followup_{name}", login="recipient_user")
        self.env.invalidate_all()

    def test_recipients_and_wishes_of_a_business(self):
        boss = self.env["res.partner"].create(
            {"name": "Big Boss", "email": "boss@bakery.example", "parent_id": self.business.id}
        )
        self.invoice()
        self.run_tour("recipients", self.business)
        self.assertEqual(self.business._followup_recipient(self.company).email, "desk@bakery.example")
        self.assertEqual(self.business.followup_copy_ids, boss)
        self.assertTrue(self.business.followup_vip)
        self.assertEqual((self.business.followup_address_form, self.business.followup_tone), ("informal", "gentle"))

    def test_a_consumer_needs_a_mandate(self):
        self.run_tour("mandate", self.consumer)
        [aunt] = self.consumer.child_ids
        self.assertEqual(
            (aunt.followup_mandate_date, aunt.followup_mandate_note), (date(2026, 11, 2), "Letter in the file")
        )
        self.assertEqual(self.consumer._followup_recipient(self.company), aunt)
