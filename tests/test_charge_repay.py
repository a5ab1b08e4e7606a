from datetime import date, timedelta

from odoo.tests import Form, tagged

from .common import TODAY, SendingCommon


@tagged("post_install_l10n", "post_install", "-at_install")
class TestChargeRepay(SendingCommon):
    """Find what must be repaid, and take it back."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.write({"followup_min_gap": 0, "followup_max_contacts": 0})
        cls.company.followup_terms_b2c_id = cls.env.ref("l10n_be_followup.followup_terms_consumer")

    def charged(self, partner=None, amount=600):
        """A consumer who was reminded on 2 November and charged, lawfully, on the 17th: 0.17 and 70."""
        move = self.invoice(partner=partner or self.consumer, amount=amount, due=date(2026, 10, 30))
        self.climb(partner or self.consumer, TODAY, date(2026, 11, 2))
        return move, self.charges(partner or self.consumer)

    def charges(self, partner):
        return self.env["followup.charge"].search([("partner_id", "=", partner.id)], order="id")

    def found(self, partner=None):
        action = self.refreshed(partner or self.consumer).action_find_repayments()
        return Form(self.env[action["res_model"]].with_context(**action["context"])).save()

    def test_what_stands_is_not_found(self):
        _move, charges = self.charged()
        self.assertEqual({c.kind: c.amount for c in charges}, {"interest": 0.17, "compensation": 70.0})
        charges._post_to_books()
        self.pay(charges.debit_note_id)
        self.assertFalse(self.found().line_ids)
        self.assertFalse(self.env["followup.charge"]._to_repay(self.company, TODAY + timedelta(days=300)))

    def test_the_first_reminder_came_back(self):
        _move, charges = self.charged()
        note = charges._post_to_books()
        self.pay(note)
        self.notices(self.consumer)[0]._bounce("mailbox does not exist")
        wizard = self.found()
        self.assertEqual(sorted(wizard.line_ids.mapped("amount")), [0.17, 70.0])
        self.assertEqual(sorted(wizard.line_ids.mapped("amount_collected")), [0.17, 70.0])
        self.assertIn("first reminder", wizard.line_ids[0].why)
        wizard.action_confirm()
        refund = note.reversal_move_ids
        self.assertEqual((refund.amount_total, refund.amount_residual), (70.17, 70.17), "the customer's money")
        self.assertEqual(set(charges.mapped("state")), {"reversed"})
        self.assertFalse(self.found().line_ids)

    def test_before_the_fourteen_days_were_over(self):
        _move, charges = self.charged()
        first = self.notices(self.consumer)[0]
        first.with_context(followup_engine=True).delivered_on = date(2026, 11, 6)  # the letter was posted later
        compensation = charges.filtered(lambda charge: charge.kind == "compensation")
        interest = charges - compensation
        compensation._post_to_books()
        wizard = self.found()
        self.assertIn("fourteen days are not over", wizard.line_ids[0].why)
        wizard.action_confirm()
        self.assertEqual(compensation.state, "reversed")
        self.assertIn(interest.state, ("waived", "cancelled"), "a claim is asked no more")

    def test_above_the_maximum_only_the_excess(self):
        _move, charges = self.charged()
        compensation = charges.filtered(lambda charge: charge.kind == "compensation")
        compensation.sudo().amount = 100.0
        note = compensation._post_to_books()
        [row] = self.found().line_ids.filtered(lambda line: line.kind == "compensation")
        self.assertEqual(row.amount, 30.0)
        self.assertIn("70.00", row.why)
        row.wizard_id.line_ids.filtered(lambda line: line.kind != "compensation").selected = False
        row.wizard_id.action_confirm()
        self.assertEqual(
            (compensation.amount_reversed, compensation.state, note.amount_residual), (30.0, "posted", 70.0)
        )

    def test_a_justified_dispute_of_a_business(self):
        move = self.invoice(amount=1210, due=date(2026, 10, 30))
        self.climb(self.business, TODAY, date(2026, 11, 2))
        interest = self.charges(self.business).filtered(lambda charge: charge.kind == "interest")
        before = interest.amount
        self.assertGreater(before, 0)
        interest._post_to_books()
        item = self.env["followup.item"].search([("move_line_id.move_id", "=", move.id)])
        reason = self.env["followup.dispute.reason"].search([("check_payments", "=", False)], limit=1)
        dispute = self.env["followup.dispute"]._dispute(self.customer(), [(item, 605.0)], reason)
        self.assertFalse(self.found(self.business).line_ids, "a dispute that is not judged takes nothing back")
        dispute.action_accept()
        rows = self.found(self.business).line_ids.filtered(lambda line: line.kind == "interest")
        self.assertAlmostEqual(rows.amount, before / 2, delta=0.011)
        refund = self.credit_note(self.business, 605.0, day=TODAY)
        (move + refund).line_ids.filtered(lambda line: line.account_type == "asset_receivable").reconcile()
        self.refreshed()
        self.assertIn(refund, dispute.credit_move_ids)
        rows = self.found(self.business).line_ids.filtered(lambda line: line.kind == "interest")
        self.assertAlmostEqual(rows.amount, before / 2, delta=0.011, msg="credited: it never was owed")

    def test_for_all_customers_at_once(self):
        _move, charges = self.charged()
        charges._post_to_books()
        self.notices(self.consumer)[0]._bounce("mailbox does not exist")
        wizard = Form(self.env["followup.repay.wizard"]).save()
        self.assertEqual(wizard.line_ids.charge_id, charges)

    def test_a_posted_flat_sum_counts_in_the_sum_of_a_consumer(self):
        _move, charges = self.charged(amount=100)
        self.assertEqual(charges.filtered(lambda charge: charge.kind == "compensation").amount, 20.0)
        charges._post_to_books()
        self.invoice(partner=self.consumer, amount=60, due=date(2026, 11, 16))
        self.climb(self.consumer, date(2026, 12, 8), TODAY + timedelta(days=1))
        fresh = self.charges(self.consumer).filtered(
            lambda charge: charge.kind == "compensation" and charge.state == "claimed"
        )
        # On 160 together the scale gives 31: 20 is posted, 11 is left for the second invoice.
        self.assertEqual(fresh.mapped("amount"), [11.0])
