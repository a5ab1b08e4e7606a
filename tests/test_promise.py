from datetime import date, datetime, timedelta

from freezegun.api import freeze_time
from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import Form, new_test_user, tagged

from .common import TODAY, FollowupCommon, SendingCommon

FRIDAY = date(2026, 11, 20)


class PromiseCommon(FollowupCommon):
    """Promises as a person notes them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.user = new_test_user(
            cls.env,
            login="promise_user",
            groups="l10n_be_followup.l10n_be_followup_group_user",
            email="promise@zilverberk.example",
            company_id=cls.company.id,
            company_ids=[Command.set(cls.company.ids)],
            lang="en_US",
        )

    def at(self, day):
        return freeze_time(datetime(day.year, day.month, day.day, 10), real_asyncio=True)

    def item(self, move):
        return self.env["followup.item"].search([("move_line_id.move_id", "=", move.id)])

    def promise(self, *moves, amount=None, day=FRIDAY, user=None, **values):
        customer = self.refreshed(moves[0].commercial_partner_id)
        items = self.env["followup.item"].union(*(self.item(move) for move in moves))
        amount = amount or sum(moves_.amount_residual for moves_ in moves)
        record = self.env["followup.promise"]
        if user:
            record, customer, items = (recs.with_user(user) for recs in (record, customer, items))
        return record._promise(customer, items, amount, day, **values).with_env(self.env)

    def delivered_first(self, partner=None, day=TODAY):
        """The first reminder went and arrived."""
        self.night(day)
        [notice] = self.notices(partner)
        self.deliver(notice, day)
        return notice


@tagged("post_install_l10n", "post_install", "-at_install")
class TestPromise(PromiseCommon):
    """A promise holds what it covers until its day, and then says itself how it went."""

    # Limits

    def test_not_in_the_past_and_not_too_far_ahead(self):
        move = self.invoice()
        with self.assertRaisesRegex(UserError, "past"):
            self.promise(move, day=TODAY - timedelta(days=1))
        with self.assertRaisesRegex(UserError, "at most 30 days ahead"):
            self.promise(move, day=TODAY + timedelta(days=31), user=self.user)
        self.assertTrue(self.promise(move, day=TODAY + timedelta(days=30), user=self.user))
        # A manager may.
        self.assertTrue(self.promise(move, day=TODAY + timedelta(days=60)))

    def test_not_after_two_broken_ones_in_a_row(self):
        move = self.invoice()
        for _time in range(2):
            promise = self.promise(move, user=self.user)
            promise._end("broken")
        with self.assertRaisesRegex(UserError, "2 promises in a row"):
            self.promise(move, user=self.user)
        other = self.invoice(amount=10)
        kept = self.promise(other)
        self.pay(other)
        self.refreshed()
        self.assertEqual(kept.state, "kept")
        self.assertTrue(self.promise(move, user=self.user), "a kept one begins the count again")

    def test_putting_it_off_again_and_again_counts_too(self):
        move = self.invoice()
        self.promise(move, day=date(2026, 11, 20), user=self.user)
        with self.at(date(2026, 11, 20)):
            self.promise(move, day=date(2026, 11, 27), user=self.user)
        with self.at(date(2026, 11, 27)):
            self.promise(move, day=date(2026, 12, 4), user=self.user)
        with self.at(date(2026, 12, 4)), self.assertRaisesRegex(UserError, "in a row"):
            self.promise(move, day=date(2026, 12, 11), user=self.user)

    def test_a_correction_of_the_same_day_does_not_count(self):
        move = self.invoice()
        first = self.promise(move, day=date(2026, 11, 20), user=self.user)
        second = self.promise(move, day=date(2026, 11, 25), user=self.user)
        self.assertEqual((first.state, first.successor_id), ("cancelled", second))
        self.assertEqual(self.env["followup.promise"]._broken_in_a_row(self.customer()), 0)

    def test_not_more_than_what_is_open(self):
        move = self.invoice(amount=100)
        with self.assertRaisesRegex(UserError, "open and free"):
            self.promise(move, amount=100.01)

    # What it holds

    def test_nothing_is_sent_until_the_day_and_its_grace(self):
        move = self.invoice()
        promise = self.promise(move)
        self.assertEqual(promise.until, date(2026, 11, 23))
        self.night()
        self.assertFalse(self.notices())
        self.assertEqual(self.codes(self.items()), {"promise"})
        with self.at(date(2026, 11, 23)):
            self.night(date(2026, 11, 23))
            self.assertEqual((promise.state, len(self.notices())), ("active", 0))

    def test_partial_promise_leaves_the_rest_followed_up(self):
        old, new = self.invoice(amount=100, due=date(2026, 11, 2)), self.invoice(amount=60)
        promise = self.promise(old, new, amount=120)
        self.assertEqual(promise.cover_ids.mapped("amount"), [100, 20], "the oldest invoices first")
        self.night()
        [notice] = self.notices()
        self.assertEqual(notice.line_ids.mapped("amount_residual"), [40])
        self.assertEqual(notice.amount_total, 40)

    # How it ends

    def test_kept_closes_itself_when_the_money_arrives(self):
        move = self.invoice()
        promise = self.promise(move)
        with self.at(FRIDAY):
            self.pay(move, day=FRIDAY)
            self.night(FRIDAY)
        self.assertEqual((promise.state, promise.closed_on, promise.amount_paid), ("kept", FRIDAY, 100))
        self.assertFalse(promise.cover_ids.live)
        self.assertIn("Promise kept.", promise.message_ids[0].body)

    def test_kept_by_two_payments_and_by_a_credit_note(self):
        move = self.invoice(amount=100)
        promise = self.promise(move)
        self.pay(move, 30)
        self.refreshed()
        self.assertEqual((promise.state, promise.amount_paid), ("active", 30))
        credit = self.credit_note(self.business, 20)
        lines = (credit.line_ids + move.line_ids).filtered(lambda line: line.account_type == "asset_receivable")
        lines.filtered(lambda line: not line.reconciled).reconcile()
        self.refreshed()
        self.assertEqual((promise.state, promise.amount_paid), ("active", 50))
        self.pay(move, 50)
        self.refreshed()
        self.assertEqual(promise.state, "kept")

    def test_part_of_an_invoice_is_kept_by_that_part(self):
        move = self.invoice(amount=100)
        promise = self.promise(move, amount=40)
        self.pay(move, 40)
        self.refreshed()
        self.assertEqual(promise.state, "kept")
        self.night()
        [notice] = self.notices()
        self.assertEqual(notice.amount_total, 60)

    def test_payment_taken_back_within_the_days(self):
        move = self.invoice()
        promise = self.promise(move)
        entry = self.pay(move)
        self.refreshed()
        self.assertEqual(promise.state, "kept")
        entry.line_ids.remove_move_reconcile()
        entry.button_draft()
        self.refreshed()
        self.assertEqual(promise.state, "active")
        self.assertTrue(promise.cover_ids.live)
        self.night()
        self.assertFalse(self.notices())

    def test_payment_taken_back_after_the_days_was_no_payment(self):
        move = self.invoice()
        promise = self.promise(move)
        entry = self.pay(move)
        self.refreshed()
        with self.at(date(2026, 12, 1)):
            entry.line_ids.remove_move_reconcile()
            entry.button_draft()
            self.refreshed()
            self.assertEqual(promise.state, "broken")

    def test_money_that_is_not_allocated_yet_is_not_a_broken_promise(self):
        move = self.invoice()
        promise = self.promise(move)
        entry = self.pay(move)
        self.refreshed()
        with self.at(date(2026, 12, 1)):
            entry.line_ids.remove_move_reconcile()
            self.night(date(2026, 12, 1))
            self.assertEqual(promise.state, "active", "the money is there: somebody will allocate it")

    def test_the_bank_statement_came_late(self):
        move = self.invoice()
        promise = self.promise(move)
        with self.at(date(2026, 11, 25)):
            self.night(date(2026, 11, 25))
            self.assertEqual(promise.state, "broken")
            self.pay(move, day=FRIDAY)
            self.refreshed()
            self.assertEqual(promise.state, "kept", "the money was in time, only the statement was late")
        self.assertEqual(self.env["followup.promise"]._reliability(self.customer()), (1, 0))

    def test_money_that_came_late_does_not_mend_it(self):
        move = self.invoice()
        promise = self.promise(move)
        with self.at(date(2026, 11, 25)):
            self.night(date(2026, 11, 25))
            self.pay(move, day=date(2026, 11, 25))
            self.refreshed()
        self.assertEqual(promise.state, "broken")

    def test_an_invoice_that_we_take_back_breaks_no_promise(self):
        move = self.invoice()
        promise = self.promise(move)
        move.button_draft()
        with self.at(date(2026, 11, 25)):
            self.refreshed()
            self.assertEqual(promise.state, "cancelled")

    # Broken

    def reminded_and_promised(self, pay_before):
        """A first reminder that asked to pay by a day, and a promise for today; the next step is three weeks away."""
        move = self.invoice(due=date(2026, 10, 1))
        self.night()
        [first] = self.notices()
        first.with_context(followup_engine=True).sudo().pay_before = pay_before
        self.deliver(first)
        following = self.business_policy.level_ids.sorted("sequence").filtered(
            lambda level: level.sequence > first.level_id.sequence
        )[0]
        following.write({"delay": 20, "delay_from": "previous"})
        return first, self.promise(move, day=TODAY)

    def test_broken_goes_to_the_next_step_at_once(self):
        first, promise = self.reminded_and_promised(date(2026, 11, 19))
        with self.at(date(2026, 11, 21)):
            self.night(date(2026, 11, 21))
            self.assertEqual(promise.state, "active")
        with self.at(date(2026, 11, 23)):
            self.night(date(2026, 11, 23))
            self.assertEqual(promise.state, "broken")
            [step] = self.notices() - first
            self.assertEqual(step.prepared_on, date(2026, 11, 23), "not only on 8 December")

    def test_broken_is_never_before_the_day_of_the_last_message(self):
        first, promise = self.reminded_and_promised(date(2026, 11, 25))
        for day in (23, 24, 25):
            with self.at(date(2026, 11, day)):
                self.night(date(2026, 11, day))
                self.assertEqual(self.notices(), first)
        self.assertEqual(promise.state, "broken")
        with self.at(date(2026, 11, 26)):
            self.night(date(2026, 11, 26))
            self.assertEqual(len(self.notices() - first), 1)

    def test_broken_never_inside_a_consumers_fourteen_days(self):
        move = self.invoice(self.consumer, due=date(2026, 10, 1))
        first = self.delivered_first(self.consumer)
        item = self.item(move)
        self.assertTrue(item.waiting_until)
        promise = self.promise(move, day=TODAY)
        with self.at(item.waiting_until):
            day = date(2026, 11, 23)
            while day <= item.waiting_until:
                self.night(day)
                day += timedelta(days=1)
            self.assertEqual(promise.state, "broken")
            later = self.notices(self.consumer) - first
            self.assertFalse(later.filtered(lambda notice: notice.channel == "email"))
            # The ladder's own call, on its own day: the broken promise does not bring it forward.
            self.assertFalse(later.filtered(lambda notice: notice.prepared_on < TODAY + timedelta(days=10)))

    # Cancel, restore, replace

    def test_cancel_and_restore(self):
        move = self.invoice()
        promise = self.promise(move, user=self.user)
        promise.with_user(self.user).action_cancel()
        self.assertEqual(promise.state, "cancelled")
        self.assertNotIn("promise", self.codes(self.items()))
        promise.with_user(self.user).action_restore()
        self.assertEqual(promise.state, "active")
        self.assertEqual(self.codes(self.items()), {"promise"})

    def test_a_replaced_one_is_not_restored_beside_its_successor(self):
        move = self.invoice()
        first = self.promise(move)
        second = self.promise(move, day=date(2026, 11, 25))
        self.assertEqual(first.state, "cancelled")
        with self.assertRaisesRegex(UserError, second.name):
            first.action_restore()
        second.action_cancel()
        first.action_restore()
        self.assertEqual(first.state, "active")

    def test_not_restored_over_a_dispute(self):
        move = self.invoice()
        promise = self.promise(move)
        reason = self.env.ref("l10n_be_followup.followup_dispute_reason_quality")
        self.env["followup.dispute"]._dispute(self.customer(), [(self.item(move), 100)], reason)
        self.assertEqual(promise.state, "cancelled", "what is disputed is not promised")
        with self.assertRaisesRegex(UserError, "disputed"):
            promise.action_restore()

    def test_not_changed_by_hand(self):
        promise = self.promise(self.invoice(), user=self.user).with_user(self.user)
        with self.assertRaisesRegex(UserError, "use its buttons"):
            promise.date = date(2027, 1, 1)
        promise.note = "Rang again"

    # The screen

    def test_wizard_proposes_everything_overdue_on_the_next_friday(self):
        overdue, coming = self.invoice(amount=80), self.invoice(amount=50, due=date(2026, 12, 10))
        customer = self.refreshed()
        form = Form(
            self.env["followup.promise.wizard"].with_user(self.user).with_context(default_customer_id=customer.id)
        )
        self.assertEqual((form.amount, form.date, form.until), (80, FRIDAY, date(2026, 11, 23)))
        self.assertFalse(form.warning)
        self.assertEqual(form.reliability, "None so far")
        with form.line_ids.edit(1) as line:
            self.assertEqual(line.move_id, coming)
            line.selected = True
        self.assertEqual(form.amount, 130)
        with form.line_ids.edit(0) as line:
            line.selected = False
        self.assertEqual(form.amount, 50)
        form.note = "Will pay that one first"
        form.save().action_confirm()
        promise = self.env["followup.promise"].search([("customer_id", "=", customer.id)])
        self.assertEqual((promise.amount, promise.cover_ids.move_id, promise.user_id), (50, coming, self.user))
        self.assertTrue(overdue)

    def test_wizard_warns_before(self):
        move = self.invoice()
        for _time in range(2):
            self.promise(move)._end("broken")
        waiting = self.promise(move)
        form = Form(
            self.env["followup.promise.wizard"]
            .with_user(self.user)
            .with_context(default_customer_id=self.customer().id)
        )
        self.assertEqual(form.reliability, "0 kept, 2 broken")
        self.assertIn("2 promises were not kept", form.warning)
        self.assertIn(waiting.name, form.warning)
        form.date = date(2027, 2, 1)
        self.assertIn("More than 30 days ahead", form.warning)
        form.amount = 10
        self.assertIn("Less than what is ticked", form.warning)

    def test_wizard_is_about_one_currency(self):
        self.invoice(amount=80)
        dollar = self.env.ref("base.USD")
        dollar.active = True
        foreign = self.invoice(amount=50, currency_id=dollar.id)
        form = Form(self.env["followup.promise.wizard"].with_context(default_customer_id=self.refreshed().id))
        self.assertEqual(form.currency_count, 2)
        form.currency_id = dollar
        self.assertEqual((form.amount, len(form.line_ids)), (50, 1))
        form.save().action_confirm()
        promise = self.env["followup.promise"].search([("customer_id", "=", self.customer().id)])
        self.assertEqual((promise.currency_id, promise.cover_ids.move_id), (dollar, foreign))

    def test_proposed_day_is_a_working_day_within_the_limit(self):
        wizard = self.env["followup.promise.wizard"]
        # Friday 25 December 2026: the day before.
        self.assertEqual(wizard._proposed_day(self.company, date(2026, 12, 22)), date(2026, 12, 24))
        self.assertEqual(wizard._proposed_day(self.company, FRIDAY), date(2026, 11, 27))
        self.company.followup_promise_max_days = 3
        self.assertEqual(wizard._proposed_day(self.company, date(2026, 11, 21)), date(2026, 11, 24))


@tagged("post_install_l10n", "post_install", "-at_install")
class TestPromiseConfirmation(SendingCommon, PromiseCommon):
    """The written confirmation really leaves."""

    def test_confirmation(self):
        self.invoice(amount=80)
        customer = self.refreshed()
        wizard = Form(self.env["followup.promise.wizard"].with_context(default_customer_id=customer.id))
        wizard.send_confirmation = True
        self.press(wizard.save(), "action_confirm")
        self.queue()
        [message] = self.sink.to("boekhouding@zoetebrood.example")
        self.assertTrue(message)
        self.assertEqual(self.notices(purpose="promise").state, "sent")
