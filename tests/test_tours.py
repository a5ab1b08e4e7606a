from datetime import date, datetime, timedelta
from unittest.mock import patch

from freezegun.api import freeze_time
from odoo.addons.base.models.ir_mail_server import IrMail_Server
from odoo.tests import HttpCase, tagged

from .browser import InBrowser
from .common import FollowupCommon
from .smtp import MailSink


@tagged("post_install_l10n", "post_install", "-at_install")
class TestTours(InBrowser, FollowupCommon, HttpCase):
    """The main screens in a real browser, with the lowest rights that can do the job."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.followup_live = False
        cls.user = cls.new_user("followup_user")
        cls.manager = cls.new_user("followup_manager", "l10n_be_followup.l10n_be_followup_group_manager")

    def run_tour(self, name, login, path="/odoo"):
        self.start_tour(path, f"l10n_be_followup_{name}", login=login)
        self.env.invalidate_all()

    def test_set_up_a_level(self):
        self.run_tour("level", "followup_manager", "/odoo/followup-policies/new")
        policy = self.env["followup.policy"].search([("name", "=", "Good customers")])
        self.assertEqual(policy.level_ids.mapped("name"), ["Gentle reminder"])
        self.assertEqual((policy.level_ids.delay, policy.level_ids.delay_from), (12, "due_date"))
        self.assertEqual(policy.level_ids.template_id, self.env.ref("l10n_be_followup.mail_template_first_reminder"))

    def test_from_the_button_on_the_customer_to_the_received_mail(self):
        sink = MailSink().start()
        self.addCleanup(sink.stop)
        self.env["ir.mail_server"].search([]).active = False
        self.env["ir.mail_server"].create(
            {"name": "sink", "smtp_host": "127.0.0.1", "smtp_port": sink.port, "smtp_encryption": "none"}
        )
        self.enterContext(patch.object(IrMail_Server, "_disable_send", lambda self: False))
        move = self.invoice(amount=121.5)
        self.run_tour("send", "followup_user", f"/odoo/res.partner/{self.business.id}")
        [message] = sink.to("boekhouding@zoetebrood.example")
        self.assertEqual(sink.recipients(), ["boekhouding@zoetebrood.example"])
        html = message.get_body(("html",)).get_content()
        for words in (move.name, "121.50"):
            self.assertIn(words, html)
        notice = self.notices()
        self.assertEqual((notice.state, notice.approved_by), ("sent", self.user))
        self.assertEqual(message["Message-Id"], notice.message_id)

    def test_review_prepared_notices_in_bulk(self):
        partners = [
            self.business.copy({"name": f"Klant {letter}", "email": f"{letter.lower()}@x.example"}) for letter in "ABC"
        ]
        for partner in partners:
            self.invoice(partner=partner)
        self.night()
        self.run_tour("review", "followup_user")
        states = {partner.name: self.notices(partner).state for partner in partners}
        self.assertEqual(states, {"Klant A": "queued", "Klant B": "queued", "Klant C": "cancelled"})
        self.assertEqual(self.notices(partners[0]).approved_by, self.user)

    def test_preview_a_night(self):
        self.invoice(amount=250)
        self.invoice(partner=self.consumer, amount=80)
        self.env["followup.hold"].create(
            {
                "customer_id": self.refreshed(self.consumer).id,
                "until": date(2026, 12, 24),
                "reason": "Back from holiday at Christmas",
            }
        )
        self.run_tour("preview", "followup_user")
        run = self.env["followup.run"].search([("company_id", "=", self.company.id), ("preview", "=", True)])
        self.assertEqual(run.date, date(2026, 11, 18))
        self.assertFalse(self.notices(), "a preview prepares nothing")

    def test_log_a_call_and_put_on_hold(self):
        self.invoice(due=date(2026, 10, 1))
        self.night()
        self.deliver(self.notices())
        with freeze_time(datetime(2026, 11, 25, 10, 0), tick=True, real_asyncio=True):
            self.night(date(2026, 11, 25))
            self.assertTrue(self.notices(channel="call", state="queued"))
            self.run_tour("call", "followup_user", f"/odoo/res.partner/{self.business.id}")
        [call] = self.notices(channel="call")
        self.assertEqual(call.state, "delivered")
        [hold] = self.customer().hold_ids
        self.assertEqual((hold.reason, hold.user_id), ("Pays after the holidays", self.user))
        self.assertEqual(hold.until - date(2026, 11, 25), timedelta(days=14))
