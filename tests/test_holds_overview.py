from datetime import date

from odoo.tests import tagged

from .common import FollowupCommon


@tagged("post_install_l10n", "post_install", "-at_install")
class TestHoldsOverview(FollowupCommon):
    """What is held, why, until when and by whom; and that nothing overdue is forgotten."""

    def overview(self, **criteria):
        self.env.invalidate_all()
        domain = [("partner_id", "=", self.business.id), *((name, "=", value) for name, value in criteria.items())]
        return self.env["followup.hold.report"].search(domain)

    def test_each_hold_has_amount_end_and_owner(self):
        disputed, promised, arranged, held = (self.invoice(amount=amount) for amount in (100, 200, 300, 400))
        customer = self.refreshed()
        item = {item.move_id: item for item in customer.item_ids}
        reason = self.env.ref("l10n_be_followup.followup_dispute_reason_quality")
        self.env["followup.dispute"]._dispute(customer, [(item[disputed], 40.0)], reason)
        self.env["followup.promise"]._promise(customer, item[promised], 150.0, date(2026, 11, 27))
        plan = [(date(2026, 12, 1), 100.0), (date(2027, 1, 4), 200.0)]
        self.env["followup.arrangement"]._arrange(customer, [(item[arranged], 300.0)], plan).action_confirm()
        self.env["followup.hold"].create(
            {"customer_id": customer.id, "move_id": held.id, "until": date(2026, 12, 24), "reason": "Holiday"}
        )
        rows = {row.kind: row for row in self.overview()}
        self.assertEqual(
            {kind: (row.amount, row.move_id) for kind, row in rows.items()},
            {
                "dispute": (40.0, disputed),
                "promise": (150.0, promised),
                "arrangement": (300.0, arranged),
                "hold": (400.0, held),
            },
        )
        self.assertTrue(all(row.until and row.user_id for row in rows.values()))
        self.assertEqual(rows["promise"].until, date(2026, 11, 30), "the promised day and three days of grace")
        customer.invalidate_recordset()
        self.assertEqual(customer.amount_held, 40 + 150 + 300 + 400)
        self.assertEqual(rows["arrangement"].action_open()["res_model"], "followup.arrangement")
        self.pay(arranged, 120)
        self.assertEqual(self.overview(kind="arrangement").amount, 180.0)

    def test_what_is_left_payable_is_asked_for(self):
        move = self.invoice(amount=100)
        customer = self.refreshed()
        reason = self.env.ref("l10n_be_followup.followup_dispute_reason_quality")
        self.env["followup.dispute"]._dispute(customer, [(customer.item_ids, 40.0)], reason)
        self.night()
        [line] = self.notices().line_ids
        self.assertEqual((line.move_id, line.amount_residual, line.amount_held), (move, 60.0, 40.0))
        self.assertEqual(self.notices().amount_total, 60.0)
        self.assertIn("40.00", self.notices().body, "it says what it does not ask for")

    def test_nothing_overdue_is_forgotten(self):
        move = self.invoice(due=date(2026, 9, 1))
        move.line_ids.filtered(lambda line: line.account_type == "asset_receivable").no_followup = True
        customer = self.refreshed()
        self.assertEqual(self.codes(customer.item_ids), {"no_followup"}, "nobody can say until when")
        self.assertTrue(self.env["followup.item"].search([("no_step", "=", True), ("id", "in", customer.item_ids.ids)]))
        self.assertTrue(customer.item_ids.no_step)
        self.night()
        self.assertFalse(
            self.env["followup.item"].search([("no_step", "=", True), ("id", "in", customer.item_ids.ids)])
        )
        kind = self.env.ref("l10n_be_followup.mail_activity_type_no_step")
        tasks = customer.activity_ids.filtered(lambda activity: activity.activity_type_id == kind)
        self.assertEqual(len(tasks), 1)
        self.night()
        self.assertEqual(customer.activity_ids.filtered(lambda a: a.activity_type_id == kind), tasks, "one is enough")
