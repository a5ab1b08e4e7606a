from contextlib import nullcontext
from datetime import timedelta

from freezegun.api import freeze_time
from odoo.tests import HttpCase, new_test_user, tagged

from .common import NOW, FollowupCommon


@tagged("post_install_l10n", "post_install", "-at_install")
class TestDeliveryTours(FollowupCommon, HttpCase):
    """From a message that came back to the letter that takes its place, in a real browser."""

    def enter_registry_test_mode(self):
        return nullcontext()  # a browser test is in it already

    def setUp(self):
        # The clock runs: a browser waits, and must give up some day.
        self.enterContext(freeze_time(NOW, tick=True, real_asyncio=True))
        super().setUp()
        new_test_user(
            self.env,
            login="clerk",
            groups="l10n_be_followup.l10n_be_followup_group_user,base.group_partner_manager",
            company_id=self.company.id,
            company_ids=[(6, 0, self.company.ids)],
        )

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
