from datetime import date

from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .suspension_common import ServiceCommon
from .test_service_event import OutboxCommon

BRAKE = "odoo.addons.l10n_be_followup.models.followup_brake"
FRIDAY, MONDAY = date(2026, 12, 11), date(2026, 12, 14)


@tagged("post_install_l10n", "post_install", "-at_install")
class TestStoppedSuspensions(ServiceCommon):
    """While everything is stopped no service is suspended; what is paid is restored all the same."""

    def setUp(self):
        super().setUp()
        self.enterContext(mute_logger(BRAKE))

    def test_nothing_is_suspended_and_what_is_paid_is_restored(self):
        move = self.bill()
        suspension = self.announce(move)
        self.company._followup_stop("wrong amounts")
        self.assertNotIn("\u2713 live mode", self.approve(suspension, date(2026, 12, 9)))
        self.suspend(date(2026, 12, 9))
        self.assertEqual(suspension.state, "announced")
        with self.assertRaisesRegex(UserError, "wrong amounts"):
            self.env["followup.suspension"]._suspend_by_hand(self.service, "he shouted")
        self.company._followup_start()
        self.suspend(date(2026, 12, 9), 11)
        self.assertEqual(suspension.state, "suspended")
        self.company._followup_stop("wrong amounts")
        with self.at(date(2026, 12, 10)):
            self.pay(move, day=date(2026, 12, 10))
            self.refreshed()
        self.assertEqual(suspension.state, "restored", "never stopped")


@tagged("post_install_l10n", "post_install", "-at_install")
class TestStoppedEvents(OutboxCommon):
    """The system that delivers the services hears of restorations only, and never of a suspension after one."""

    def setUp(self):
        super().setUp()
        self.enterContext(mute_logger(BRAKE))

    def deliver_events(self):
        with self.committing() as env:
            env["followup.service.event"]._cron_deliver()

    def test_a_restoration_passes_what_was_not_told(self):
        receiver = self.receiver()
        self.company._followup_stop()
        suspended = self.emit("suspended")
        self.deliver_events()
        self.assertFalse(receiver.requests)
        restored = self.emit("restored")
        self.deliver_events()
        self.assertEqual(receiver.kinds(), ["restored"])
        self.assertEqual((suspended.state, restored.state), ("skipped", "acknowledged"))
        self.company._followup_start()
        self.deliver_events()
        self.assertEqual(receiver.kinds(), ["restored"])

    def test_what_was_only_held_is_told_afterwards(self):
        receiver = self.receiver()
        self.company._followup_stop()
        self.emit("announced", "suspended")
        self.deliver_events()
        self.assertFalse(receiver.requests)
        self.company._followup_start()
        self.deliver_events()
        self.assertEqual(receiver.kinds(), ["announced", "suspended"])

    def test_fetched_by_rpc(self):
        self.company.followup_provisioning = "rpc"
        other = self.make_service("Mail")
        suspended = self.emit("suspended")
        self.make_suspension(other)
        self.emit("suspended", service=other)
        self.company._followup_stop()
        self.assertFalse(self.events.fetch_pending())
        self.emit("restored")
        self.assertEqual([event["kind"] for event in self.events.fetch_pending()], ["restored"])
        self.company._followup_start()
        # Told late, it would cut off a service that was restored.
        self.assertEqual(suspended.state, "skipped")
        told = [(event["service"]["name"], event["kind"]) for event in self.events.fetch_pending()]
        self.assertEqual(told, [("Mail", "suspended"), ("Hosting", "restored")])
