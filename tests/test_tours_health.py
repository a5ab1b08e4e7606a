from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from .browser import InBrowser
from .common import FollowupCommon


@tagged("post_install_l10n", "post_install", "-at_install")
class TestHealthTours(InBrowser, FollowupCommon, HttpCase):
    """The health page in a real browser, as a follow-up manager: the switch, and a held night."""

    def setUp(self):
        super().setUp()
        self.enterContext(mute_logger("odoo.addons.l10n_be_followup.models.followup_brake"))
        self.user = self.new_user("health_user", "l10n_be_followup.l10n_be_followup_group_manager")
        self.path = f"/odoo/action-{self.env.ref('l10n_be_followup.followup_health_action_open').id}"

    def test_stop_everything_and_start_again(self):
        self.start_tour(self.path, "l10n_be_followup_stop", login="health_user")
        self.env.invalidate_all()
        [brake] = self.env["followup.brake"].search([("company_id", "=", self.company.id)])
        self.assertEqual((brake.kind, brake.state), ("stop", "released"))
        self.assertEqual((brake.held_by_id, brake.released_by_id), (self.user, self.user))
        self.assertEqual(brake.reason, "wrong amounts after an import")

    def test_release_a_held_night(self):
        self.company.followup_surge_first = 1
        self.invoice()
        self.invoice(self.consumer)
        run = self.night()
        self.assertTrue(run.held)
        self.start_tour(self.path, "l10n_be_followup_release", login="health_user")
        self.env.invalidate_all()
        self.assertEqual((run.held, run.brake_ids.released_by_id), (False, self.user))
        self.assertFalse(self.notices().held_by)
