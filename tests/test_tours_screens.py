from datetime import date, datetime

from odoo.tests import HttpCase, tagged

from .browser import InBrowser
from .common import FollowupCommon


@tagged("post_install_l10n", "post_install", "-at_install")
class TestToursScreens(InBrowser, FollowupCommon, HttpCase):
    """Board, analysis, agenda, several at once, timeline and evidence in a real browser."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.user = cls.new_user("followup_screens")

    def run_tour(self, name, path="/odoo"):
        self.start_tour(path, f"l10n_be_followup_{name}", login=self.user.login)
        self.env.invalidate_all()

    def story(self):
        """One customer who was reminded, and two new ones."""
        partners = [
            self.business.copy({"name": f"Klant {letter}", "email": f"{letter.lower()}@x.example"}) for letter in "ABC"
        ]
        self.invoice(partner=partners[0], amount=1200, due=date(2026, 8, 3))
        self.invoice(partner=partners[1], amount=80)
        self.invoice(partner=partners[2], amount=400)
        self.company.followup_live = True
        self.night(date(2026, 9, 15))
        notice = self.notices(partners[0])
        moment = datetime(2026, 9, 15, 10, 0)
        notice._go("sending", claim_date=moment, attempts=1, message_id="<1@x.example>", sha256=notice._fingerprint())
        notice._go("sent", sent_date=moment)
        notice._after_sent()
        notice._deliver(moment.date())
        for partner in partners:
            self.refreshed(partner)
        self.company.followup_live = False
        return partners

    def test_board_analysis_and_agenda(self):
        self.story()
        self.run_tour("board")

    def test_several_at_once(self):
        partners = self.story()
        self.run_tour("mass")
        held = {partner.name: bool(self.customer(partner).hold_ids) for partner in partners}
        self.assertEqual(held, {"Klant A": False, "Klant B": True, "Klant C": True})
        self.assertEqual(self.customer(partners[1]).hold_ids.mapped("until"), [date(2026, 12, 2)], "two weeks")
        self.assertFalse(self.customer(partners[1]).hold_ids.filtered("active_now"), "taken back")

    def test_timeline_and_evidence(self):
        partners = self.story()
        customer = self.customer(partners[0])
        self.run_tour("timeline", f"/odoo/followup/{customer.id}")
