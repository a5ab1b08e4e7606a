from datetime import date

from odoo.tests import HttpCase, tagged

from .browser import InBrowser
from .test_dispute import DisputeCommon


@tagged("post_install_l10n", "post_install", "-at_install")
class TestDisputeTours(InBrowser, DisputeCommon, HttpCase):
    """Promise and dispute in a real browser, as a follow-up user."""

    def run_tour(self, name, path):
        self.start_tour(path, f"l10n_be_followup_{name}", login="dispute_user")
        self.env.invalidate_all()

    def test_promise(self):
        self.invoice(amount=600)
        self.invoice(amount=150, due=date(2026, 12, 20))
        customer = self.refreshed()
        self.run_tour("promise", f"/odoo/followup/{customer.id}")
        [promise] = self.env["followup.promise"].search([("customer_id", "=", customer.id)])
        self.assertEqual((promise.amount, promise.date, promise.user_id), (700, date(2026, 11, 20), self.user))
        self.assertEqual(promise.cover_ids.mapped("amount"), [600, 100])
        self.assertEqual(promise.note, "Pays on Friday")

    def test_call_that_ends_in_a_dispute(self):
        move = self.invoice(amount=600)
        self.invoice(amount=150)
        customer = self.refreshed()
        self.run_tour("dispute", f"/odoo/followup/{customer.id}")
        [dispute] = self.env["followup.dispute"].search([("customer_id", "=", customer.id)])
        self.assertEqual((dispute.amount, dispute.cover_ids.move_id), (300, move))
        self.assertEqual((dispute.reason_id, dispute.note), (self.reason(), "Half of it came broken"))

    def test_end_of_a_dispute(self):
        move = self.invoice(amount=600)
        dispute = self.dispute(move, 200, user=self.user)
        self.money(200)
        self.run_tour("dispute_end", f"/odoo/followup-disputes/{dispute.id}")
        self.assertEqual((dispute.state, dispute.close_reason), ("accepted", "the payment was found"))
        self.assertEqual(move.amount_residual, 400)
        self.assertEqual(self.notices(purpose="dispute").state, "queued")
