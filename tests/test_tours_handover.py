from odoo.tests import HttpCase, tagged

from .browser import InBrowser
from .test_handover import HandoverCommon


@tagged("post_install_l10n", "post_install", "-at_install")
class TestHandoverTours(InBrowser, HandoverCommon, HttpCase):
    """Hand over and recall in a real browser, as a follow-up user."""

    def run_tour(self, name, path):
        self.start_tour(path, f"l10n_be_followup_{name}", login="handover_user")
        self.env.invalidate_all()

    def test_hand_over(self):
        move = self.late()
        self.told()
        customer = self.customer()
        self.run_tour("hand_over", f"/odoo/followup/{customer.id}")
        [handover] = customer.handover_ids
        self.assertEqual((handover.state, handover.recipient_id), ("handed_over", self.bailiff))
        self.assertEqual((handover.recipient_kind, handover.reference), ("bailiff", "2026/815"))
        self.assertEqual((handover.line_ids.move_id, handover.amount), (move, 600))

    def test_recall(self):
        move = self.late()
        self.told()
        handover = self.hand_over(move)
        self.run_tour("recall", f"/odoo/followup-handovers/{handover.id}")
        self.assertEqual((handover.state, handover.amount_fees), ("recalled", 75))
        self.assertEqual(handover.close_reason, "He pays in two parts")
        self.assertFalse(self.item(move).handover_id)
