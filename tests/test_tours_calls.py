from contextlib import nullcontext
from datetime import date
from unittest.mock import patch

from freezegun.api import freeze_time
from odoo.addons.base.models.ir_mail_server import IrMail_Server
from odoo.tests import HttpCase, new_test_user, tagged

from .common import NOW, FollowupCommon
from .smtp import MailSink


@tagged("post_install_l10n", "post_install", "-at_install")
class TestCallTour(FollowupCommon, HttpCase):
    """A planned call, from its activity to the confirmation that the customer receives, as a follow-up user."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.user = new_test_user(
            cls.env,
            login="call_tour",
            groups="l10n_be_followup.l10n_be_followup_group_user",
            name="Call User",
            email="calls@zilverberk.example",
            company_id=cls.company.id,
            company_ids=[(6, 0, cls.company.ids)],
            lang="en_US",
            tz="Europe/Brussels",
        )

    def enter_registry_test_mode(self):
        return nullcontext()  # a browser test is in it already

    def setUp(self):
        self.enterContext(freeze_time(NOW, tick=True, real_asyncio=True))
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
