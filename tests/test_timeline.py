from datetime import date

from odoo.tests import new_test_user, tagged

from .common import TODAY, FollowupCommon


@tagged("post_install_l10n", "post_install", "-at_install")
class TestTimeline(FollowupCommon):
    """The customer's story in one chronological view: every kind of event, once, with its own record."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.user = new_test_user(
            cls.env,
            login="collector",
            groups="l10n_be_followup.l10n_be_followup_group_user",
            company_id=cls.company.id,
            company_ids=[(6, 0, cls.company.ids)],
        )

    def rows(self, partner=None, **criteria):
        self.env.flush_all()
        self.env.invalidate_all()
        domain = [("customer_id", "=", self.customer(partner).id)]
        domain += [(name, "=", value) for name, value in criteria.items()]
        return self.env["followup.timeline"].with_user(self.user).search(domain)

    def test_messages(self):
        self.invoice(due=date(2026, 9, 1), amount=300)
        self.night(date(2026, 9, 15))
        notice = self.notices()
        self.assertEqual(self.rows(kind="email").status, "planned")
        self.deliver(notice, date(2026, 9, 15))
        [row] = self.rows(kind="email")
        self.assertEqual((row.date, row.status, row.amount), (date(2026, 9, 15), "done", 300.0))
        self.assertEqual(row.state_text, "Delivered")
        self.assertIn(notice.name, row.name)
        self.assertIn("Friendly reminder", row.name)
        action = row.action_open()
        self.assertEqual((action["res_model"], action["res_id"]), ("followup.notice", notice.id))
        notice._bounce("550 no such user")
        self.assertEqual(self.rows(kind="email").status, "failed")
        [bounce] = self.rows(kind="bounce")
        self.assertEqual((bounce.date, bounce.detail, bounce.status), (TODAY, "550 no such user", "failed"))

    def test_a_planned_call_stands_on_its_day(self):
        self.invoice(due=date(2026, 10, 1))
        self.night()
        self.deliver(self.notices())
        self.night(date(2026, 11, 25))
        [call] = self.rows(kind="call")
        self.assertEqual((call.status, call.date), ("planned", self.notices(channel="call").activity_id.date_deadline))
        self.notices(channel="call")._deliver(date(2026, 11, 26))
        self.assertEqual((self.rows(kind="call").status, self.rows(kind="call").date), ("done", date(2026, 11, 26)))

    def test_agreements_begin_are_due_and_end(self):
        promised, disputed, arranged = (self.invoice(amount=amount) for amount in (100, 200, 300))
        customer = self.refreshed()
        item = {item.move_id: item for item in customer.item_ids}
        promise = self.env["followup.promise"]._promise(customer, item[promised], 100.0, date(2026, 11, 27))
        reason = self.env.ref("l10n_be_followup.followup_dispute_reason_quality")
        dispute = self.env["followup.dispute"]._dispute(customer, [(item[disputed], 200.0)], reason)
        plan = [(date(2026, 12, 1), 100.0), (date(2027, 1, 4), 200.0)]
        arrangement = self.env["followup.arrangement"]._arrange(customer, [(item[arranged], 300.0)], plan)
        self.assertFalse(self.rows(kind="instalment"), "nothing is planned before it is in force")
        arrangement.action_confirm()
        phases = {row.phase: row for row in self.rows(kind="promise")}
        self.assertEqual({name: row.date for name, row in phases.items()}, {"start": TODAY, "due": date(2026, 11, 27)})
        self.assertEqual(phases["due"].status, "planned")
        self.assertEqual(
            {row.phase: row.status for row in self.rows(kind="dispute")}, {"start": "open", "due": "planned"}
        )
        self.assertEqual(self.rows(kind="instalment").mapped("amount"), [200.0, 100.0], "the latest first")
        promise.action_cancel()
        self.assertEqual(
            {row.phase: row.status for row in self.rows(kind="promise")}, {"start": "cancelled", "end": "cancelled"}
        )
        self.assertEqual(self.rows(kind="dispute")[0].action_open()["res_id"], dispute.id)

    def test_holds_and_money(self):
        move, other = self.invoice(amount=500), self.invoice(amount=40)
        hold = self.env["followup.hold"].create(
            {"customer_id": self.refreshed().id, "until": date(2026, 12, 24), "reason": "Holiday"}
        )
        self.assertEqual({row.phase: row.status for row in self.rows(kind="hold")}, {"start": "open", "end": "planned"})
        self.assertEqual(self.rows(kind="hold")[0].date, date(2026, 12, 24), "the future comes first")
        hold.action_release()
        self.assertEqual(set(self.rows(kind="hold").mapped("status")), {"done"})
        self.pay(move, 100, date(2026, 11, 12))
        refund = self.credit_note(self.business, 30)
        (refund.line_ids + move.line_ids).filtered(lambda line: line.account_type == "asset_receivable").reconcile()
        [payment] = self.rows(kind="payment")
        self.assertEqual((payment.date, payment.amount, payment.res_model), (date(2026, 11, 12), 100.0, "account.move"))
        [credit] = self.rows(kind="credit_note")
        self.assertEqual((credit.amount, credit.res_id), (30.0, refund.id))
        # One payment of two invoices is one row.
        entry = self.pay(other, 40)
        self.assertEqual(len(self.rows(kind="payment")), 2)
        entry.line_ids.filtered("reconciled").remove_move_reconcile()
        self.assertEqual(len(self.rows(kind="payment")), 1)

    def test_rows_are_unique_and_only_his(self):
        self.invoice(amount=100)
        self.invoice(partner=self.consumer, amount=200)
        self.refreshed()
        self.refreshed(self.consumer)
        self.env["followup.hold"].create(
            {"customer_id": self.customer().id, "until": date(2026, 12, 24), "reason": "Holiday"}
        )
        rows = self.rows()
        self.assertEqual(rows.partner_id, self.business)
        self.assertEqual(len(rows), len(set(rows.ids)))
        every = self.env["followup.timeline"].search([])
        self.assertEqual(len(every), len(set(every.ids)))
        other = self.env["res.company"].create({"name": "Elsewhere"})
        stranger = new_test_user(
            self.env,
            login="stranger",
            groups="l10n_be_followup.l10n_be_followup_group_user",
            company_id=other.id,
            company_ids=[(6, 0, other.ids)],
        )
        for name in ("followup.timeline", "followup.ageing.report"):
            found = self.env[name].with_user(stranger).search([])
            self.assertFalse(found.filtered(lambda row: row.company_id == self.company), name)

    def test_no_query_per_row(self):
        moves = [self.invoice(amount=100 + place) for place in range(4)]
        customer = self.refreshed()
        names = ("date", "name", "detail", "amount", "status", "state_text", "user_id", "currency_id")
        specification = {name: {} for name in names}

        def count():
            self.env.flush_all()
            self.env.invalidate_all()
            timeline = self.env["followup.timeline"].with_user(self.user)
            timeline.check_access("read")
            before = self.env.cr.sql_log_count
            result = timeline.web_search_read([("customer_id", "=", customer.id)], specification)
            return self.env.cr.sql_log_count - before, len(result["records"])

        count()
        few, first = count()
        for move in moves:
            self.env["followup.hold"].create(
                {"customer_id": customer.id, "move_id": move.id, "until": date(2026, 12, 24), "reason": "Holiday"}
            )
            self.pay(move, 10)
        many, second = count()
        self.assertGreater(second, first + 8)
        self.assertEqual(many, few)

    def test_on_the_customers_own_screen(self):
        for place in range(3):
            move = self.invoice(amount=100 + place)
            self.pay(move, 10)
        customer = self.refreshed().with_user(self.user)
        row = {"fields": {name: {} for name in ("date", "name", "amount", "state_text")}}
        self.env.flush_all()
        self.env.invalidate_all()
        customer.check_access("read")
        before = self.env.cr.sql_log_count
        [values] = customer.web_read({"timeline_ids": row})
        self.assertEqual(len(values["timeline_ids"]), 4, "three payments and the next step")
        self.assertLess(self.env.cr.sql_log_count - before, 12)
        action = customer.action_open_timeline()
        self.assertEqual(self.env["followup.timeline"].search_count(action["domain"]), 4)
