from datetime import date
from unittest.mock import patch

from odoo.addons.base.models.ir_mail_server import IrMail_Server
from odoo.tests import HttpCase, tagged

from .browser import InBrowser
from .common import FollowupCommon
from .smtp import MailSink


@tagged("post_install_l10n", "post_install", "-at_install")
class TestCallTour(InBrowser, FollowupCommon, HttpCase):
    """A planned call, from its activity to the confirmation that the customer receives, as a follow-up user."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.user = cls.new_user("call_tour", name="Call User", email="calls@zilverberk.example")

    def setUp(self):
        super().setUp()
        self.sink = MailSink().start()
        self.addCleanup(self.sink.stop)
        self.env["ir.mail_server"].search([]).active = False
        self.env["ir.mail_server"].create(
            {"name": "sink", "smtp_host": "127.0.0.1", "smtp_port": self.sink.port, "smtp_encryption": "none"}
        )
        self.enterContext(patch.object(IrMail_Server, "_disable_send", lambda self: False))

    def test_from_the_activity_to_the_confirmation(self):
        self.business.write({"phone": "+32 2 555 12 34", "followup_responsible_id": self.user.id})
        self.invoice(due=date(2026, 10, 1))
        self.night()
        self.deliver(self.notices(), date(2026, 11, 9))
        self.night()
        self.start_tour(
            f"/odoo/action-l10n_be_followup.followup_customer_action/{self.customer().id}",
            "l10n_be_followup_planned_call",
            login="call_tour",
        )
        self.env.invalidate_all()
        call = self.notices(channel="call")
        self.assertEqual(call.state, "delivered")
        [made] = call.call_ids
        self.assertEqual((made.user_id, made.confirmation), (self.user, "You pay the whole amount this Friday."))
        with self.committing() as env:
            env["mail.mail"].process_email_queue()
        [message] = self.sink.to("boekhouding@zoetebrood.example")
        html = message.get_body(("html",)).get_content()
        self.assertIn("You pay the whole amount this Friday.", html)
        self.assertNotIn("colleague", html)
        self.assertEqual(made.confirmation_ids.state, "sent")
