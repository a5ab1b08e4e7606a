from datetime import date
from unittest.mock import patch

from odoo.addons.base.models.ir_mail_server import IrMail_Server
from odoo.tests import HttpCase, tagged

from .browser import InBrowser
from .common import FollowupCommon
from .smtp import MailSink


@tagged("post_install_l10n", "post_install", "-at_install")
class TestToursAssistant(InBrowser, FollowupCommon, HttpCase):
    """The start assistant in a real browser: a real file, a real mail server, and live at the end."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.write({"followup_live": False, "followup_cutoff_date": False})
        cls.user = cls.new_user("followup_user")
        cls.manager = cls.new_user("followup_manager", "l10n_be_followup.l10n_be_followup_group_manager")
        cls.assistant = cls.env["followup.assistant"]._for_company(cls.company)
        cls.assistant.sudo().action_reopen()
        cls.assistant.sudo().cutoff_date = date(2026, 8, 18)

    def run_tour(self, name, login, path):
        self.start_tour(path, f"l10n_be_followup_{name}", login=login)
        self.env.invalidate_all()

    def test_from_the_first_step_to_live(self):
        sink = MailSink().start()
        self.addCleanup(sink.stop)
        self.env["ir.mail_server"].search([]).active = False
        self.env["ir.mail_server"].create(
            {"name": "sink", "smtp_host": "127.0.0.1", "smtp_port": sink.port, "smtp_encryption": "none"}
        )
        self.enterContext(patch.object(IrMail_Server, "_disable_send", lambda self: False))
        self.env["res.partner.bank"].create(
            {"acc_number": "BE71096123456769", "partner_id": self.company.partner_id.id, "allow_out_payment": True}
        )
        bakery = self.invoice(name="TOUR/1", due=date(2026, 9, 1))
        consumer = self.invoice(self.consumer, name="TOUR/2", due=date(2026, 9, 2))
        older = self.invoice(name="TOUR/3", due=date(2026, 5, 1))
        self.refreshed()
        self.refreshed(self.consumer)
        self.run_tour("assistant", "followup_manager", "/odoo/followup")
        items = self.env["followup.item"].search([])

        def item(move):
            return items.filtered(lambda item: item.move_id == move)

        self.assertEqual((item(bakery).level_id, item(bakery).level_date), (self.level(40), date(2026, 10, 12)))
        self.assertEqual(item(consumer).level_kind, "reminder")
        self.assertFalse(item(consumer).waiting_until)
        self.assertTrue(item(older).included)
        self.assertTrue(self.company.followup_live and self.assistant.finished)
        self.assertEqual(self.company.followup_cutoff_date, date(2026, 8, 18))
        self.assertEqual(self.assistant.finished_by, self.manager)
        self.assertFalse(sink.messages, "nothing was sent on the way")

    def test_a_user_looks(self):
        self.run_tour("assistant_user", "followup_user", "/odoo/action-l10n_be_followup.followup_assistant_action_open")
        self.assertEqual(self.assistant.step, "checks")
        self.assertFalse(self.assistant.finished)
