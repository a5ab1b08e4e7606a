from datetime import timedelta

from odoo.tests import HttpCase, tagged

from .browser import InBrowser
from .common import NOW, FollowupCommon


@tagged("post_install_l10n", "post_install", "-at_install")
class TestDeliveryTours(InBrowser, FollowupCommon, HttpCase):
    """From a message that came back to the letter that takes its place, in a real browser."""

    def setUp(self):
        super().setUp()
        self.new_user("clerk", "l10n_be_followup.l10n_be_followup_group_user,base.group_partner_manager")

    def test_a_reminder_that_came_back(self):
        self.business.write({"street": "Nieuwstraat 1", "zip": "1000", "city": "Brussel"})
        self.invoice()
        self.night(NOW.date())
        notice = self.notices()
        self.deliver(notice)
        notice._bounce("550 5.1.1 no such user")
        self.night(NOW.date() + timedelta(days=1))
        self.assertEqual(self.notices().mapped("channel"), ["email", "letter"])
        self.start_tour(f"/odoo/followup/{self.customer().id}", "l10n_be_followup_bounce", login="clerk")
        self.assertTrue(self.business.followup_email_bounced)
        self.start_tour(f"/odoo/res.partner/{self.business.id}", "l10n_be_followup_bounce_contact", login="clerk")
        self.env.invalidate_all()
        self.assertFalse(self.business.followup_email_bounced)
