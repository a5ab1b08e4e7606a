from datetime import date
from unittest.mock import patch

from odoo.tests import tagged

from .common import TODAY, FollowupCommon


@tagged("post_install_l10n", "post_install", "-at_install")
class TestNightCharges(FollowupCommon):
    """The night looks after the charges of paid items for all customers at once."""

    def claimed(self, count):
        """Invoices of new customers of which interest and compensation were claimed a month ago."""
        self.level(10).write({"claim_interest": True, "claim_compensation": True})
        partners = self.env["res.partner"].create(
            [
                {"name": f"Klant {n}", "email": f"k{n}@x.example", "is_company": True, "vat": "BE0477472701"}
                for n in range(count)
            ]
        )
        for partner in partners:
            self.invoice(partner=partner, amount=1000, due=date(2026, 10, 1))
        self.night(date(2026, 10, 21))
        notices = self.env["followup.notice"].sudo().search([("partner_id", "in", partners.ids)])
        notices.filtered(lambda notice: notice.state == "review")._go("queued")
        notices._go("sending", claim_date="2026-10-21", attempts=1)
        notices._go("sent", sent_date="2026-10-21")
        notices._after_sent()
        notices._deliver(date(2026, 10, 21))
        charges = self.env["followup.charge"].sudo().search([("partner_id", "in", partners.ids)])
        self.assertEqual(len(charges), 2 * count)
        return charges

    def paid(self, charges):
        """Paid in the books, without the refresh that a payment brings along."""
        with patch.object(type(self.engine), "_touch_partner_ids", lambda engine, partner_ids: None):
            for number, move in enumerate(charges.move_id):
                self.pay(move, day=date(2026, 11, 4 + number % 2))
            self.env.flush_all()
        self.engine._synchronise(self.company)
        self.env.invalidate_all()
        self.assertEqual(set(charges.mapped("principal_paid_on")), {False})
        self.assertEqual(set(charges.item_id.mapped("is_open")), {False})

    def test_queries_do_not_grow_with_what_was_paid(self):
        def measure(count):
            charges = self.claimed(count)
            self.paid(charges)
            before = self.env.cr.sql_log_count
            self.env["followup.charge"].sudo()._follow_items(self.company, TODAY)
            self.env.flush_all()
            took = self.env.cr.sql_log_count - before
            interest = charges.filtered(lambda charge: charge.kind == "interest")
            self.assertEqual(set(interest.mapped("claimed_until")), {date(2026, 11, 4), date(2026, 11, 5)})
            self.assertEqual(set(charges.mapped("principal_paid_on")), {date(2026, 11, 4), date(2026, 11, 5)})
            return took

        measure(2)
        few, many = measure(3), measure(8)
        self.assertLessEqual(many, few + 3)

    def test_open_ones_are_left_alone(self):
        charges = self.claimed(2)
        self.paid(charges.filtered(lambda charge: charge.move_id == charges.move_id[0]))
        seen = []
        original = type(charges)._follow_grounds

        def follow(records, company, today, judged):
            seen.append(judged)
            return original(records, company, today, judged)

        self.patch(type(charges), "_follow_grounds", follow)
        charges._follow_items(self.company, TODAY)
        self.assertEqual(seen[0].move_id, charges.move_id[0])
        [entry] = self.env["account.move"].search(
            [("line_ids.full_reconcile_id", "!=", False), ("move_type", "=", "entry")]
        )
        self.assertEqual(set(seen[0].mapped("principal_paid_on")), {date(2026, 11, 4)})
        entry.line_ids.remove_move_reconcile()
        self.engine._synchronise(self.company)
        self.env.invalidate_all()
        charges._follow_items(self.company, TODAY)
        self.assertEqual(set(charges.mapped("principal_paid_on")), {False}, "owed again")

    def test_a_charge_without_its_item_is_cancelled(self):
        charges = self.claimed(1)
        charges.item_id = False
        charges.flush_recordset()
        charges._follow_items(self.company, TODAY)
        self.assertEqual(set(charges.mapped("state")), {"cancelled"})
