from datetime import date
from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.tests import tagged

from .suspension_common import ServiceCommon


@tagged("post_install_l10n", "post_install", "-at_install")
class TestSuspension(ServiceCommon):
    """A service made by hand in plain Community: announced, approved, suspended, restored."""

    def test_from_the_announcement_to_the_restoration(self):
        move = self.bill()
        suspension = self.announce(move)
        self.assertEqual((suspension.state, self.service.state), ("announced", "announced"))
        self.assertEqual(suspension.item_ids.move_id, move)
        self.suspend(date(2026, 11, 24))
        self.assertEqual(suspension.state, "announced", "the deadline has not passed")
        day = max(suspension.deadline, date(2026, 11, 26))
        day = date(2026, 12, 8) if day < date(2026, 12, 8) else day  # a Tuesday
        self.bank_line(day)
        self.suspend(day)
        self.assertEqual(suspension.state, "announced", "nobody approved")
        self.assertTrue(suspension.ready, suspension.conditions_text)
        conditions = self.approve(suspension, day)
        self.assertEqual((suspension.state, self.service.state), ("suspended", "suspended"), conditions)
        self.assertTrue(self.notices(purpose="suspended"))
        with self.at(day):
            self.pay(move, day=day)
            self.refreshed()
        self.assertEqual((suspension.state, self.service.state), ("restored", "active"))
        self.assertTrue(self.notices(purpose="restored"))

    def test_never_on_the_eve_of_a_day_off(self):
        """Whatever day the company writes on."""
        self.company.followup_send_any_day = True
        suspension = self.announce(self.bill())
        conditions = self.approve(suspension, date(2026, 12, 11))
        self.assertEqual(suspension.state, "announced", "a Friday")
        self.assertIn("\u2717", conditions)
        self.suspend(date(2026, 12, 12))
        self.assertEqual(suspension.state, "announced", "a Saturday")
        self.bank_line(date(2026, 12, 14))
        self.suspend(date(2026, 12, 14))
        self.assertEqual(suspension.state, "suspended", suspension.conditions_text)

    def test_not_for_another_services_debt(self):
        other = self.env["product.product"].create({"name": "Domain", "type": "service"})
        self.bill(product=other)
        customer = self.refreshed()
        self.assertTrue(customer.amount_overdue)
        self.assertEqual(self.service.amount_overdue, 0)

    def test_a_dispute_keeps_it_in_service(self):
        move = self.bill()
        suspension = self.announce(move)
        reason = self.env.ref("l10n_be_followup.followup_dispute_reason_quality")
        with self.at(date(2026, 12, 7)):
            self.env["followup.dispute"]._dispute(self.customer(), [(self.items(), 100.0)], reason)
        self.approve(suspension, date(2026, 12, 8))
        self.assertNotEqual(suspension.state, "suspended")

    def test_the_first_instalment_restores(self):
        move = self.bill()
        suspension = self.announce(move)
        conditions = self.approve(suspension, date(2026, 12, 8))
        self.assertEqual(suspension.state, "suspended", conditions)
        with self.at(date(2026, 12, 9)):
            arrangement = self.env["followup.arrangement"]._arrange(
                self.customer(), [(self.items(), 100.0)], [(date(2026, 12, 15), 50.0), (date(2027, 1, 15), 50.0)]
            )
            arrangement.action_confirm()
            self.assertEqual(suspension.state, "suspended", "a promise alone restores nothing")
            self.pay(move, 50, date(2026, 12, 9))
            self.refreshed()
        self.assertEqual(suspension.state, "restored")

    def test_a_payment_taken_back_suspends_again(self):
        move = self.bill()
        suspension = self.announce(move)
        self.approve(suspension, date(2026, 12, 8))
        with self.at(date(2026, 12, 9)):
            payment = self.pay(move, day=date(2026, 12, 9))
            self.refreshed()
            self.assertEqual(suspension.state, "restored")
            payment.line_ids.remove_move_reconcile()
            payment.button_draft()
            payment.button_cancel()
            self.refreshed()
            self.assertEqual(suspension.state, "restored", "a screen suspends nothing")
            suspension.sudo().write({"conditions": False, "amount_overdue": 0})
        self.suspend(date(2026, 12, 9), 11)
        self.assertEqual(suspension.state, "suspended")
        self.assertEqual(suspension.amount_overdue, 100, "what the customer and the provider are told")
        self.assertTrue(all(row["ok"] for row in suspension.conditions), "why it was suspended again")

    def test_by_hand_is_lifted_by_hand_only(self):
        move = self.bill()
        self.refreshed()
        suspension = self.env["followup.suspension"]._suspend_by_hand(self.service, "abuse")
        self.assertEqual(suspension.state, "suspended")
        self.pay(move)
        self.refreshed()
        self.assertEqual(suspension.state, "suspended")
        suspension.action_restore()
        self.assertEqual(suspension.state, "restored")

    def test_a_bounce_withdraws_the_announcement(self):
        move = self.bill()
        suspension = self.announce(move)
        suspension.sudo().notice_id._bounce("550 no such user")
        self.assertEqual((suspension.state, self.service.state), ("cancelled", "active"))

    def test_a_late_bounce_restores(self):
        suspension = self.announce(self.bill())
        self.approve(suspension, date(2026, 12, 8))
        self.assertEqual(suspension.state, "suspended")
        with self.at(date(2026, 12, 9)):
            suspension.sudo().notice_id._bounce("550 no such user")
        self.assertEqual((suspension.state, self.service.state), ("restored", "active"))
        self.customer().action_clear_failure()
        self.bank_line(date(2026, 12, 9))
        self.suspend(date(2026, 12, 9), 11)
        self.assertEqual(suspension.state, "restored", "nothing was announced")

    def test_nobody_is_asked_where_no_approval_is_needed(self):
        suspension = self.announce(self.bill())
        self.company.followup_suspend_approval = False
        self.bank_line(date(2026, 12, 8))
        self.suspend(date(2026, 12, 8), 6)
        self.assertEqual((suspension.state, suspension.ready), ("announced", False), "too early in the day")
        self.assertFalse(suspension.sudo().activity_ids)
        self.suspend(date(2026, 12, 8), 10)
        self.assertEqual(suspension.state, "suspended")

    def test_what_was_done_cannot_be_altered(self):
        suspension = self.announce(self.bill())
        user = self.env["res.users"].search([("login", "=", "admin")], limit=1) or self.env.user
        with self.assertRaises(UserError):
            suspension.with_user(user).sudo(False).write({"deadline": date(2026, 1, 1)})
        with self.assertRaises(UserError):
            suspension.unlink()

    def test_a_customer_without_an_address_is_restored_all_the_same(self):
        move = self.bill()
        suspension = self.announce(move)
        self.approve(suspension, date(2026, 12, 8))
        self.business.email = False
        with self.at(date(2026, 12, 9)), patch.object(type(self.business), "_followup_issue", lambda partner: False):
            self.pay(move, day=date(2026, 12, 9))
            self.refreshed()
        self.assertEqual(suspension.state, "restored")
