from datetime import date, datetime, timedelta
from unittest.mock import patch

from freezegun.api import freeze_time
from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import tagged

from .common import TODAY, FollowupCommon


@tagged("post_install_l10n", "post_install", "-at_install")
class TestEngine(FollowupCommon):
    # What is due, on items

    def test_first_reminder_three_days_after_the_due_date(self):
        self.invoice(due=date(2026, 11, 16))
        self.night(date(2026, 11, 18))
        self.assertFalse(self.notices(), "two days late: not yet")
        self.assertEqual(self.codes(self.customer()), {"not_yet"})
        self.assertEqual(self.customer().next_date, date(2026, 11, 19))
        self.night(date(2026, 11, 19))
        self.assertEqual(self.notices().level_id, self.level(10))

    def test_a_day_off_moves_the_step(self):
        self.invoice(due=date(2026, 11, 18))  # three days later is Saturday 21 November
        customer = self.refreshed()
        self.assertEqual(customer.next_date, date(2026, 11, 23))
        self.night(date(2026, 11, 21))
        self.night(date(2026, 11, 22))
        self.assertFalse(self.notices())
        self.night(date(2026, 11, 23))
        self.assertEqual(len(self.notices()), 1)

    def test_each_instalment_on_its_own_date(self):
        term = self.env["account.payment.term"].create(
            {
                "name": "30 % now, the rest in 60 days",
                "line_ids": [
                    Command.create({"value": "percent", "value_amount": 30, "nb_days": 0}),
                    Command.create({"value": "percent", "value_amount": 70, "nb_days": 60}),
                ],
            }
        )
        move = self.invoice(
            amount=1000, invoice_date=date(2026, 11, 2), invoice_payment_term_id=term.id, invoice_date_due=False
        )
        items = self.refreshed().item_ids.sorted("date_maturity")
        self.assertEqual(items.mapped("date_maturity"), [date(2026, 11, 2), date(2027, 1, 1)])
        self.night()
        line = self.notices().line_ids
        self.assertEqual((line.amount_residual, line.name), (300.0, f"{move.name} (1/2)"))
        self.assertEqual(self.customer().amount_overdue, 300.0)
        self.assertEqual(self.customer().amount_due, 700.0)

    def test_invoice_address_rolls_up_to_the_customer(self):
        address = self.env["res.partner"].create(
            {"name": "Boekhouding", "parent_id": self.business.id, "type": "invoice", "email": "ap@zoetebrood.example"}
        )
        self.invoice(partner=address)
        self.invoice(amount=50)
        self.night()
        notice = self.notices()
        self.assertEqual(len(notice), 1)
        self.assertEqual(notice.amount_total, 150.0)
        self.assertEqual(notice.recipient_id, address)
        contact = self.env["res.partner"].create(
            {"name": "Els", "parent_id": self.business.id, "email": "els@zoetebrood.example"}
        )
        self.business.followup_contact_id = contact
        self.assertEqual(self.business._followup_recipient(self.company), contact)

    def test_ageing_buckets(self):
        for days, amount in ((0, 1), (1, 2), (30, 4), (31, 8), (60, 16), (61, 32), (90, 64), (91, 128)):
            self.invoice(amount=amount, due=TODAY - timedelta(days=days))
        customer = self.refreshed()
        self.assertEqual(
            (
                customer.amount_due,
                customer.amount_1_30,
                customer.amount_31_60,
                customer.amount_61_90,
                customer.amount_over_90,
            ),
            (1, 6, 24, 96, 128),
        )
        self.assertEqual(customer.amount_overdue, 254)
        self.assertEqual(customer.oldest_date, TODAY - timedelta(days=91))

    # The ladder

    def test_no_level_is_skipped_and_missed_nights_lead_to_one_message(self):
        self.invoice(due=date(2026, 3, 2))
        self.night()
        self.assertEqual(self.notices().level_id, self.level(10), "eight months late: still the friendly one first")
        self.night()
        self.assertEqual(len(self.notices()), 1)

    def test_a_level_moves_only_when_delivered(self):
        self.invoice()
        self.night()
        item = self.items()
        self.assertFalse(item.level_id)
        self.night(date(2026, 12, 18))
        self.assertEqual(len(self.notices()), 1, "the first is still under way")
        self.assertFalse(item.level_id)
        self.deliver(self.notices(), TODAY)
        self.assertEqual((item.level_id, item.level_date), (self.level(10), TODAY))

    def test_the_whole_business_ladder(self):
        self.invoice(due=date(2026, 11, 13))
        story = []
        day = date(2026, 11, 13)
        while day < date(2027, 2, 28):
            self.night(day)
            for notice in self.notices().filtered(lambda n: n.state in ("review", "queued")):
                story.append((day, notice.level_id.sequence, notice.channel))
                self.deliver(notice, day)
            day += timedelta(days=1)
        self.assertEqual(
            story,
            [
                (date(2026, 11, 16), 10, "email"),  # Monday, three days after Friday
                (date(2026, 11, 23), 20, "call"),
                (date(2026, 11, 30), 30, "email"),
                (date(2026, 12, 14), 40, "email"),
                (date(2026, 12, 22), 50, "email"),
                (date(2027, 1, 5), 60, "email"),
            ],
        )
        self.assertIn("ladder_finished", self.codes(self.refreshed()))

    def test_the_consumer_waits_for_the_fourteen_days(self):
        self.invoice(partner=self.consumer, due=date(2026, 11, 13))
        self.night(date(2026, 11, 16))
        first = self.notices(self.consumer)
        self.assertEqual(first.pay_before, date(2026, 11, 30), "the last of the fourteen days")
        self.deliver(first, date(2026, 11, 16))
        item = self.items(self.consumer)
        self.assertEqual(item.waiting_until, date(2026, 11, 30))
        self.night(date(2026, 11, 26))
        call = self.notices(self.consumer, channel="call")
        self.assertTrue(call)
        self.deliver(call, date(2026, 11, 26))
        self.night(date(2026, 11, 30))
        self.assertEqual(len(self.notices(self.consumer)), 2, "the last of the fourteen days has not passed")
        self.night(date(2026, 12, 1))
        self.assertEqual(
            self.notices(self.consumer, level_id=self.level(30, "consumer").id).prepared_on, date(2026, 12, 1)
        )

    def test_a_business_reminder_is_no_first_reminder_for_a_consumer(self):
        self.invoice(due=date(2026, 10, 1))
        self.night()
        self.deliver(self.notices())
        self.items().move_id.followup_regime = "b2c"
        customer = self.refreshed()
        self.deliver_call(customer)
        self.assertEqual(customer.next_level_id, self.level(10, "consumer"))

    def deliver_call(self, customer):
        """The consumer ladder has a call next: take it."""
        self.night(date(2026, 12, 1))
        calls = self.notices(customer.partner_id, channel="call", state="queued")
        for call in calls:
            self.deliver(call, date(2026, 12, 1))
        customer._refresh(date(2026, 12, 2))

    def test_a_business_on_the_consumers_policy_gets_on(self):
        self.business.followup_policy_id = self.consumer_policy
        self.invoice(due=date(2026, 10, 1))
        self.night()
        self.deliver(self.notices())
        self.night(date(2026, 11, 30))
        self.deliver(self.notices(channel="call"), date(2026, 11, 30))
        self.night(date(2026, 12, 14))
        self.assertFalse(self.notices(state="queued"))
        self.night(date(2026, 12, 15))
        self.assertEqual(self.notices(state="queued").level_id, self.level(30, "consumer"), "fourteen days and one")

    def test_one_message_each_item_at_its_own_level(self):
        old = self.invoice(due=date(2026, 10, 1), amount=500)
        self.night()
        self.deliver(self.notices())
        self.night(date(2026, 11, 25))
        self.deliver(self.notices(channel="call"), date(2026, 11, 25))
        new = self.invoice(due=date(2026, 11, 27), amount=100)
        fresh = self.invoice(due=date(2026, 12, 1), amount=10)
        self.night(date(2026, 12, 2))
        notice = self.notices(state="queued", channel="email")
        self.assertEqual(notice.level_id, self.level(30), "the template of the highest level due")
        rows = {line.move_id: (line.level_id, line.advances) for line in notice.line_ids}
        self.assertEqual(
            rows,
            {
                old: (self.level(30), True),
                new: (self.level(10), True),
                fresh: (self.env["followup.level"], False),
            },
        )
        self.deliver(notice, date(2026, 12, 2))
        self.assertEqual({item.move_id: item.level_id for item in self.items()}[fresh], self.env["followup.level"])

    def test_a_call_never_replaces_a_message(self):
        self.invoice(due=date(2026, 10, 1), amount=500)
        self.night()
        self.deliver(self.notices())
        self.invoice(due=date(2026, 11, 20), amount=100)
        self.night(date(2026, 11, 25))
        self.assertEqual(sorted(self.notices(state="queued").mapped("channel")), ["call", "email"])
        activity = self.customer().activity_ids
        self.assertEqual(activity.activity_type_id, self.env.ref("l10n_be_followup.mail_activity_type_call"))

    def test_a_call_is_delivered_when_its_activity_is_closed(self):
        self.invoice(due=date(2026, 10, 1))
        self.night()
        self.deliver(self.notices(), date(2026, 11, 9))
        self.night()
        call = self.notices(channel="call")
        call.activity_id.with_context(followup_call_logged=True).action_feedback(feedback="He pays on Friday")
        self.assertEqual((call.state, call.delivered_on), ("delivered", TODAY))
        self.assertEqual(self.items().level_id, self.level(20))

    def test_a_forgotten_call_does_not_stop_the_ladder(self):
        self.invoice(due=date(2026, 10, 1))
        self.night()
        self.deliver(self.notices(), date(2026, 11, 9))
        self.night()
        call = self.notices(channel="call")
        with freeze_time(datetime(2026, 11, 27, 10)):
            self.env["followup.notice"].sudo()._confirm(self.company)
            self.assertEqual(call.state, "queued", "four working days after the Monday for which it was planned")
        with freeze_time(datetime(2026, 11, 30, 10)):
            self.env["followup.notice"].sudo()._confirm(self.company)
            self.assertEqual(call.state, "delivered", "five working days")

    def test_courtesy_message_before_the_due_date_when_switched_on(self):
        courtesy = self.level(5)
        courtesy.active = True
        self.invoice(due=date(2026, 11, 23))
        self.night()
        self.assertEqual(self.notices().level_id, courtesy)
        self.deliver(self.notices())
        self.night(date(2026, 11, 26))
        self.assertEqual(self.notices(state="queued").level_id, self.level(10))

    def test_courtesy_is_dropped_once_overdue(self):
        self.level(5).active = True
        self.invoice(due=date(2026, 11, 10))
        self.night()
        self.assertEqual(self.notices().level_id, self.level(10))

    def test_a_new_due_date_begins_again(self):
        move = self.invoice()
        self.night()
        self.deliver(self.notices())
        item = self.items()
        self.assertTrue(item.level_id)
        line = item.move_line_id
        line.with_context(check_move_validity=False).date_maturity = date(2026, 12, 31)
        customer = self.refreshed()
        self.assertEqual(customer.item_ids.move_id, move)
        self.assertEqual((customer.item_ids.level_id.id, customer.item_ids.episode), (False, 2))
        self.assertEqual(self.notices().state, "delivered", "history stays")

    # Money that came in, or is about to

    def test_paid_items_leave(self):
        move = self.invoice()
        self.night()
        self.pay(move)
        customer = self.refreshed()
        self.assertFalse(customer.item_ids)
        self.assertEqual((customer.state, customer.amount_overdue), ("queued", 0.0))

    def test_a_reversed_payment_counts_again_and_begins_a_new_episode(self):
        move = self.invoice()
        entry = self.pay(move)
        self.refreshed()
        entry.line_ids.remove_move_reconcile()
        item = self.refreshed().item_ids
        self.assertEqual(item.amount_residual_currency, 100.0)

    def test_refresh_before_commit_when_money_arrives(self):
        move = self.invoice()
        self.refreshed()
        self.env.cr.precommit.run()
        self.pay(move)
        self.env.cr.precommit.run()
        self.assertEqual(self.customer().state, "clear")

    def test_part_payment_lowers_the_amount(self):
        move = self.invoice(amount=100)
        self.pay(move, 60)
        self.night()
        self.assertEqual(self.notices().amount_total, 40)

    def test_an_unallocated_credit_note_is_netted(self):
        self.invoice(amount=100)
        self.credit_note(self.business, 30)
        self.night()
        notice = self.notices()
        self.assertEqual(notice.amount_total, 70)
        self.assertEqual(notice.credits[0]["amount"], "30.00")
        self.assertIn("70", notice.body)

    def test_credits_that_cover_everything_stop_the_message(self):
        self.invoice(amount=100)
        self.credit_note(self.business, 100)
        self.night()
        self.assertFalse(self.notices())
        self.assertEqual(self.codes(self.customer()), {"credits"})
        self.assertEqual(self.customer().state, "held")

    def payments_without_entry(self):
        """As with a bank reconciliation add-on: a payment gets its entry only when the bank line arrives."""
        self.company_data["default_journal_bank"].inbound_payment_method_line_ids.payment_account_id = False
        self.enterContext(
            patch.object(type(self.env["account.move"]), "_get_invoice_in_payment_state", lambda self: "in_payment")
        )

    def test_a_payment_in_process_holds_its_invoice(self):
        self.payments_without_entry()
        paid, other = self.invoice(amount=100), self.invoice(amount=40)
        self.env["account.payment.register"].with_context(active_model="account.move", active_ids=paid.ids).create(
            {"journal_id": self.company_data["default_journal_bank"].id}
        )._create_payments()
        self.assertFalse(paid.matched_payment_ids.move_id)
        self.night()
        self.assertEqual(self.notices().line_ids.move_id, other)
        self.assertEqual(
            {item.move_id: self.codes(item) for item in self.items()}[paid] & {"payment_in_progress"},
            {"payment_in_progress"},
        )

    def test_a_small_payment_in_process_is_a_credit(self):
        self.payments_without_entry()
        move = self.invoice(amount=100)
        self.env["account.payment.register"].with_context(active_model="account.move", active_ids=move.ids).create(
            {"journal_id": self.company_data["default_journal_bank"].id, "amount": 25}
        )._create_payments()
        self.assertFalse(move.matched_payment_ids.move_id)
        self.night()
        self.assertEqual(self.notices().amount_total, 75)

    def test_an_online_payment_under_way_holds(self):
        move = self.invoice()
        provider = self.env["payment.provider"].sudo().create({"name": "Overschrijving", "code": "none"})
        method = (
            self.env["payment.method"]
            .sudo()
            .create({"name": "Overschrijving", "code": "followup_test", "provider_ids": [Command.set(provider.ids)]})
        )
        transaction = (
            self.env["payment.transaction"]
            .sudo()
            .create(
                {
                    "provider_id": provider.id,
                    "payment_method_id": method.id,
                    "amount": 100,
                    "currency_id": self.company.currency_id.id,
                    "partner_id": self.business.id,
                    "reference": "followup-test",
                    "invoice_ids": [Command.set(move.ids)],
                    "state": "pending",
                    "last_state_change": datetime.now(),
                }
            )
        )
        self.env.cr.execute("UPDATE payment_transaction SET last_state_change = now() AT TIME ZONE 'UTC'")
        self.night()
        self.assertFalse(self.notices())
        self.assertIn("payment_in_progress", self.codes(self.customer()))
        transaction.state = "cancel"
        transaction.flush_recordset()
        self.night()
        self.assertTrue(self.notices())

    # Reasons not to act

    def test_no_followup_is_honoured(self):
        self.invoice().no_followup = True
        self.night()
        self.assertFalse(self.notices())
        self.assertEqual(self.customer().amount_overdue, 0.0)
        self.assertIn("no_followup", self.codes(self.customer()))

    def test_blocked_is_honoured(self):
        self.invoice().action_toggle_block_payment()
        self.night()
        self.assertFalse(self.notices())
        self.assertIn("blocked", self.codes(self.customer()))

    def test_minimum_gap(self):
        self.invoice(due=date(2026, 11, 1))
        self.night()
        self.deliver(self.notices())
        self.invoice(due=date(2026, 11, 2))
        self.night(date(2026, 11, 24))
        self.assertEqual(len(self.notices()), 1, "six days after the last message")
        self.assertIn("min_gap", self.codes(self.customer()))
        self.night(date(2026, 11, 25))
        self.assertEqual(len(self.notices(channel="email")), 2)

    def test_minimum_amount(self):
        self.invoice(amount=4.99)
        self.night()
        self.assertFalse(self.notices())
        self.assertIn("minimum_amount", self.codes(self.customer()))
        self.invoice(amount=0.01)
        self.night()
        self.assertEqual(len(self.notices()), 1)

    def test_minimum_amount_of_another_currency(self):
        dollar = self.setup_other_currency("USD", rates=[("2020-01-01", 2.0)])
        self.company.followup_minimum_ids = [Command.create({"currency_id": dollar.id, "amount": 50})]
        self.invoice(amount=49, currency_id=dollar.id)
        self.night()
        self.assertIn("minimum_amount", self.codes(self.customer()))
        self.invoice(amount=1, currency_id=dollar.id)
        self.night()
        notice = self.notices()
        self.assertEqual(notice.line_ids.mapped("amount_residual"), [49.0, 1.0])
        self.assertEqual(notice.amount_total, 25.0, "in company currency")

    def test_currencies_are_never_added_up(self):
        dollar = self.setup_other_currency("USD", rates=[("2020-01-01", 2.0)])
        self.invoice(amount=100, currency_id=dollar.id)
        self.invoice(amount=100)
        self.night()
        body = self.notices().body
        self.assertEqual(body.count("Total open"), 2)

    def test_level_minimum_amount(self):
        self.level(10).minimum_amount = 200
        self.invoice(amount=100)
        self.night()
        self.assertFalse(self.notices())
        self.invoice(amount=100)
        self.night()
        self.assertTrue(self.notices())

    def test_pause_of_the_company(self):
        self.company.write({"followup_pause_until": date(2026, 11, 20), "followup_pause_reason": "verhuis"})
        self.invoice()
        self.night()
        self.assertFalse(self.notices())
        self.assertIn("verhuis", self.customer().why)
        self.night(date(2026, 11, 23))
        self.assertTrue(self.notices())

    def test_hold_of_a_customer_ends_by_itself(self):
        self.invoice()
        customer = self.refreshed()
        self.env["followup.hold"].create(
            {"customer_id": customer.id, "until": date(2026, 11, 19), "reason": "belt morgen"}
        )
        self.assertEqual(customer.state, "held")
        self.assertIn("belt morgen", customer.why)
        self.night(date(2026, 11, 19))
        self.assertFalse(self.notices())
        self.night(date(2026, 11, 20))
        self.assertTrue(self.notices())

    def test_hold_of_an_invoice_leaves_the_others(self):
        held, other = self.invoice(), self.invoice(amount=40)
        customer = self.refreshed()
        hold = self.env["followup.hold"].create(
            {"customer_id": customer.id, "move_id": held.id, "until": date(2026, 12, 31), "reason": "klacht"}
        )
        self.night()
        self.assertEqual(self.notices().line_ids.move_id, other, "a held invoice is not named in a message")
        hold.action_release()
        self.assertFalse(hold.active_now)

    def test_cutoff(self):
        self.company.followup_cutoff_date = date(2026, 11, 1)
        self.invoice(due=date(2026, 10, 31))
        self.night()
        self.assertFalse(self.notices())
        self.assertIn("before_cutoff", self.codes(self.customer()))

    def test_old_bank_data_stop_automatic_steps(self):
        self.company.followup_freshness_days = 7
        move = self.invoice(amount=10)
        self.invoice(amount=100)
        self.night()
        self.assertEqual(self.notices().review_reasons, ["no_bank_data"], "no bank data at all: a person looks")
        self.notices().action_reject()
        payment = self.env["account.payment"].create(
            {
                "payment_type": "inbound",
                "partner_type": "customer",
                "partner_id": move.partner_id.id,
                "amount": 1,
                "date": date(2026, 11, 10),
                "journal_id": self.company_data["default_journal_bank"].id,
            }
        )
        payment.action_post()
        self.night()
        self.assertFalse(self.notices(state="queued") | self.notices(state="review"))
        self.assertIn("bank_data_old", self.codes(self.customer()))
        self.assertIn("2026", self.customer().bank_data_warning)
        payment.date = date(2026, 11, 11)
        self.night()
        self.assertTrue(self.notices(state="queued"))

    def test_safe_mode_prepares_for_review(self):
        self.company.followup_live = False
        self.invoice()
        self.night()
        notice = self.notices()
        self.assertEqual((notice.state, notice.review_reasons), ("review", ["safe_mode"]))
        self.assertFalse(notice.mail_ids)

    def test_without_a_cutoff_date_nothing_is_prepared(self):
        self.company.write({"followup_live": False, "followup_cutoff_date": False})
        self.invoice()
        run = self.night()
        self.assertFalse(self.notices())
        self.assertIn("due date", run.message)
        self.assertEqual(self.customer().state, "action")

    def test_levels_that_are_always_reviewed(self):
        self.invoice(due=date(2026, 6, 1))
        item = self.refreshed().item_ids
        for sequence, day in ((10, 1), (20, 8), (30, 15)):
            notice = (
                self.env["followup.notice"]
                .sudo()
                .create(
                    {
                        "customer_id": self.customer().id,
                        "company_id": self.company.id,
                        "channel": "call",
                        "level_id": self.level(sequence).id,
                        "state": "queued",
                        "prepared_on": date(2026, 10, day),
                        "line_ids": [
                            Command.create(
                                {
                                    "item_id": item.id,
                                    "level_id": self.level(sequence).id,
                                    "level_kind": self.level(sequence).kind,
                                    "episode": 1,
                                    "advances": True,
                                    "currency_id": self.company.currency_id.id,
                                }
                            )
                        ],
                    }
                )
            )
            notice._deliver(date(2026, 10, day))
        self.night()
        formal = self.notices(channel="email")
        self.assertEqual((formal.level_id, formal.state, formal.review_reasons), (self.level(40), "review", ["level"]))

    # By hand

    def test_send_notice_by_hand_is_ahead_of_the_calendar_not_of_the_ladder(self):
        self.invoice(due=date(2026, 11, 17))
        customer = self.refreshed()
        action = customer.action_prepare_notice()
        notice = self.env["followup.notice"].browse(action["res_id"])
        self.assertEqual((notice.state, notice.level_id), ("review", self.level(10)))
        self.assertEqual(customer.action_prepare_notice()["res_id"], notice.id, "a second click opens the same one")

    def test_nothing_by_hand_before_the_due_date_or_on_hold(self):
        self.invoice(due=date(2026, 12, 1))
        customer = self.refreshed()
        with self.assertRaisesRegex(UserError, "nothing to send"):
            customer.action_prepare_notice()
        self.invoice()
        self.env["followup.hold"].create({"customer_id": customer.id, "until": date(2026, 12, 1), "reason": "x"})
        with self.assertRaisesRegex(UserError, "on hold"):
            customer.action_prepare_notice()

    def test_a_call_that_is_next_is_not_skipped_by_hand(self):
        self.invoice(due=date(2026, 10, 1))
        self.night()
        self.deliver(self.notices())
        customer = self.refreshed()
        with self.assertRaisesRegex(UserError, "Log a call"):
            customer.action_prepare_notice()
        self.env["followup.call.wizard"].create(
            {"customer_id": customer.id, "note": "betaalt vrijdag", "next_date": date(2026, 11, 20), "wait": True}
        ).action_confirm()
        self.assertEqual(self.items().level_id, self.level(20))
        self.assertEqual(customer.state, "held")

    def test_the_consumers_fourteen_days_cannot_be_skipped_by_hand(self):
        self.invoice(partner=self.consumer, due=date(2026, 11, 1))
        self.night()
        self.deliver(self.notices(self.consumer))
        self.env["followup.call.wizard"].create(
            {"customer_id": self.customer(self.consumer).id, "note": "ok"}
        ).action_confirm()
        with self.assertRaisesRegex(UserError, "fourteen days"):
            self.customer(self.consumer).action_prepare_notice()

    # Several companies

    def test_branch_follows_its_root_company(self):
        branch = self.env["res.company"].create({"name": "Filiaal Gent", "parent_id": self.company.id})
        self.env.user.company_ids |= branch
        self.env.cr.precommit.run()
        self.invoice(amount=100)
        move = (
            self.env["account.move"]
            .with_company(branch)
            .create(
                {
                    "move_type": "out_invoice",
                    "partner_id": self.business.id,
                    "company_id": branch.id,
                    "journal_id": self.company_data["default_journal_sale"].id,
                    "invoice_date": date(2026, 10, 1),
                    "invoice_date_due": date(2026, 11, 1),
                    "invoice_line_ids": [
                        Command.create({"name": "x", "quantity": 1, "price_unit": 50, "tax_ids": [Command.clear()]})
                    ],
                }
            )
        )
        move.action_post()
        self.night()
        self.assertEqual(len(self.notices()), 1)
        self.assertEqual((self.notices().company_id, self.notices().amount_total), (self.company, 150.0))

    def test_two_companies_write_apart(self):
        other_data = self.setup_other_company()
        other = other_data["company"]
        other.write(
            {"email": "x@other.example", "followup_cutoff_date": date(2026, 1, 1), "followup_freshness_days": 0}
        )
        self.invoice(amount=100)
        self.env["account.move"].with_company(other).create(
            {
                "move_type": "out_invoice",
                "partner_id": self.business.id,
                "company_id": other.id,
                "invoice_date": date(2026, 10, 1),
                "invoice_date_due": date(2026, 11, 1),
                "invoice_line_ids": [
                    Command.create({"name": "x", "quantity": 1, "price_unit": 50, "tax_ids": [Command.clear()]})
                ],
            }
        ).action_post()
        self.night()
        self.assertEqual(self.notices().company_id, self.company)
        self.night(company=other)
        self.assertEqual(
            {notice.company_id: (notice.amount_total, notice.state) for notice in self.notices()},
            {self.company: (100.0, "queued"), other: (50.0, "review")},
        )

    # The run

    def test_the_run_counts_and_names_failures(self):
        self.invoice()
        self.business.email = False
        self.invoice(partner=self.consumer)
        run = self.night()
        self.assertEqual((run.notice_count, run.failure_count, run.state), (1, 1, "done"))
        self.assertEqual(run.line_ids.customer_id, self.customer())
        self.assertIn("no valid e-mail", run.line_ids.note)
        self.assertIn("Add one", self.customer().failure)
        problem = self.env.ref("l10n_be_followup.mail_activity_type_problem")
        self.night()
        self.assertEqual(
            len(self.customer().activity_ids.filtered(lambda a: a.activity_type_id == problem)), 1, "one activity"
        )
        self.business.email = "new@zoetebrood.example"
        self.customer().action_clear_failure()
        self.night()
        self.assertEqual(self.notices().email_to, '"Bakkerij Het Zoete Brood" <new@zoetebrood.example>')

    def test_a_broken_template_stops_only_its_customers(self):
        self.invoice()
        self.invoice(partner=self.consumer)
        self.level(10, "consumer").template_id = self.level(10).template_id.copy(
            {"body_html": "<p><t t-out='object.no_such_field'/></p>"}
        )
        run = self.night()
        self.assertEqual((run.notice_count, run.failure_count), (1, 1))
        self.assertEqual(self.notices().state, "queued")
        self.assertFalse(self.notices(self.consumer))
        self.assertIn("no_such_field", self.customer(self.consumer).failure)

    def test_preview_writes_only_the_list(self):
        self.invoice(due=date(2026, 11, 16))
        run = self.engine._preview(self.company, date(2026, 11, 19))
        self.assertEqual((run.notice_count, run.line_ids.step), (1, "message"))
        self.assertFalse(self.notices())
        early = self.engine._preview(self.company, date(2026, 11, 18))
        self.assertEqual((early.notice_count, early.line_ids.step), (0, "none"))
        self.assertIn("11/19/2026", early.line_ids.note)

    def test_queries_grow_with_batches_not_with_customers(self):
        def customers(count, offset):
            partners = self.env["res.partner"].create(
                [{"name": f"Klant {offset + n}", "email": f"k{offset + n}@x.example"} for n in range(count)]
            )
            for partner in partners:
                self.invoice(partner=partner, due=date(2026, 12, 20))
            self.env.flush_all()
            return partners

        def measure():
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.night()
            return self.env.cr.sql_log_count - before

        customers(5, 0)
        measure()
        few = measure()
        customers(20, 100)
        measure()
        many = measure()
        self.assertLessEqual(many, few + 3, "deciding 25 customers asks as many queries as deciding 5")
