from datetime import date, datetime, timedelta
from unittest.mock import patch

from freezegun.api import freeze_time
from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import Form, new_test_user, tagged

from .common import TODAY, FollowupCommon, SendingCommon


class DisputeCommon(FollowupCommon):
    """Disputes as a person notes them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.user = new_test_user(
            cls.env,
            login="dispute_user",
            groups="l10n_be_followup.l10n_be_followup_group_user",
            email="dispute@zilverberk.example",
            company_id=cls.company.id,
            company_ids=[Command.set(cls.company.ids)],
            lang="en_US",
        )

    def at(self, day):
        return freeze_time(datetime(day.year, day.month, day.day, 10), real_asyncio=True)

    def reason(self, name="quality"):
        return self.env.ref(f"l10n_be_followup.followup_dispute_reason_{name}")

    def item(self, move):
        return self.env["followup.item"].search([("move_line_id.move_id", "=", move.id)])

    def dispute(self, move, amount=None, reason="quality", user=None, **values):
        customer = self.refreshed(move.commercial_partner_id)
        record, item = self.env["followup.dispute"].with_user(user or self.env.user), self.item(move)
        return record._dispute(
            customer.with_user(record.env.user), [(item, amount or move.amount_residual)], self.reason(reason), **values
        ).with_env(self.env)

    def reconcile(self, *entries):
        lines = self.env["account.move.line"].union(*(entry.line_ids for entry in entries))
        lines.filtered(lambda line: line.account_type == "asset_receivable" and not line.reconciled).reconcile()

    def money(self, amount, partner=None, day=TODAY):
        """Money on the customer's account that was not allocated."""
        entry = self.env["account.move"].create(
            {
                "journal_id": self.company_data["default_journal_bank"].id,
                "date": day,
                "line_ids": [
                    Command.create(
                        {
                            "account_id": self.company_data["default_journal_bank"].default_account_id.id,
                            "debit": amount,
                        }
                    ),
                    Command.create(
                        {
                            "name": "Overschrijving",
                            "account_id": self.company_data["default_account_receivable"].id,
                            "partner_id": (partner or self.business).id,
                            "credit": amount,
                        }
                    ),
                ],
            }
        )
        entry.action_post()
        return entry.line_ids.filtered("credit")


@tagged("post_install_l10n", "post_install", "-at_install")
class TestDispute(DisputeCommon):
    """What is disputed is not asked for while somebody finds out; the rest is."""

    # What it holds

    def test_full_dispute_stops_everything_about_the_invoice(self):
        disputed, other = self.invoice(amount=100), self.invoice(amount=60)
        dispute = self.dispute(disputed, user=self.user)
        self.assertEqual((dispute.state, dispute.deadline), ("open", TODAY + timedelta(days=30)))
        self.assertEqual(dispute.activity_ids.user_id, self.user)
        self.assertEqual(dispute.activity_ids.date_deadline, dispute.deadline)
        self.night()
        [notice] = self.notices()
        self.assertEqual(notice.line_ids.item_id, self.item(other))
        self.assertEqual(notice.amount_total, 60)

    def test_partial_dispute_the_rest_is_in_the_next_message(self):
        move = self.invoice(self.consumer, amount=100, due=date(2026, 9, 1))
        self.night()
        [first] = self.notices(self.consumer)
        self.deliver(first)
        dispute = self.dispute(move, 40, reason="wrong_amount", deadline=date(2027, 3, 1))
        item = self.item(move)
        self.assertEqual((item.claim_interest, item.claim_compensation), (0, 0))
        day = item.waiting_until + timedelta(days=1)
        while len(self.notices(self.consumer, channel="email")) < 2 and day < date(2026, 12, 31):
            with self.at(day):
                self.night(day)
            day += timedelta(days=1)
        self.assertEqual(dispute.state, "open")
        second = self.notices(self.consumer, channel="email") - first
        self.assertEqual(second.line_ids.mapped("amount_residual"), [60])
        self.assertEqual((second.line_ids.amount_claim, second.line_ids.amount_to_pay), (0, 60))
        self.assertEqual(second.amount_total, 60)
        self.assertIn("60.00", second.body)
        self.assertNotIn("100.00", second.body)
        self.deliver(second, day)
        self.env["followup.charge"].sudo()._claim_from(second)
        charges = self.env["followup.charge"].search([("partner_id", "=", self.consumer.id)])
        self.assertFalse(charges, "a consumer who disputes is charged nothing")

    def test_freeze_no_goes_on_for_a_business(self):
        self.reason("wrong_amount").freeze = False
        dispute = self.dispute(self.invoice(amount=100), reason="wrong_amount")
        self.assertFalse(dispute.freezes)
        self.night()
        self.assertEqual(self.notices().amount_total, 100)

    def test_a_consumers_dispute_always_stops(self):
        self.reason("wrong_amount").freeze = False
        dispute = self.dispute(self.invoice(self.consumer), reason="wrong_amount")
        self.assertTrue(dispute.freezes)
        self.night()
        self.assertFalse(self.notices(self.consumer))

    def test_payment_of_the_undisputed_part_leaves_the_dispute(self):
        move = self.invoice(amount=100)
        dispute = self.dispute(move, 40)
        self.pay(move, 60)
        self.refreshed()
        self.assertEqual((dispute.state, dispute.amount_open), ("open", 40))
        self.night()
        self.assertFalse(self.notices())
        self.pay(move, 40)
        self.refreshed()
        self.assertEqual((dispute.state, dispute.close_reason), ("withdrawn", "the invoice is paid"))
        self.assertFalse(dispute.activity_ids)

    def test_not_more_than_what_is_free(self):
        move = self.invoice(amount=100)
        self.dispute(move, 40)
        with self.assertRaisesRegex(UserError, "is free"):
            self.dispute(move, 61)
        self.dispute(move, 60)

    def test_deadline_within_a_year_and_not_in_the_past(self):
        move = self.invoice()
        with self.assertRaisesRegex(UserError, "past"):
            self.dispute(move, deadline=TODAY - timedelta(days=1))
        with self.assertRaisesRegex(UserError, "within a year"):
            self.dispute(move, deadline=TODAY + timedelta(days=366))

    # How it ends

    def test_credit_note_accepts_it(self):
        move = self.invoice(amount=100)
        dispute = self.dispute(move, 40)
        refund = self.credit_note(self.business, 40)
        self.reconcile(move, refund)
        self.refreshed()
        self.assertEqual((dispute.state, dispute.credit_move_ids), ("accepted", refund))
        self.assertFalse(dispute.cover_ids.live)
        self.assertFalse(dispute.activity_ids)
        self.night()
        self.assertEqual(self.notices().amount_total, 60)

    def test_credit_note_of_a_part_and_payment_of_the_rest(self):
        move = self.invoice(amount=100)
        dispute = self.dispute(move, 40)
        self.reconcile(move, self.credit_note(self.business, 20))
        self.refreshed()
        self.assertEqual((dispute.state, dispute.amount_open), ("open", 20))
        self.pay(move, 60)
        self.refreshed()
        self.assertEqual((dispute.state, dispute.amount_open), ("open", 20), "what is open now is what is disputed")
        self.night()
        self.assertFalse(self.notices())

    def test_each_invoice_has_its_own_credit_note(self):
        first, second = self.invoice(amount=100), self.invoice(amount=100)
        customer = self.refreshed()
        dispute = self.env["followup.dispute"]._dispute(
            customer, [(self.item(first), 30), (self.item(second), 40)], self.reason()
        )
        self.reconcile(second, self.credit_note(self.business, 70))
        self.refreshed()
        self.assertEqual(dispute.state, "open", "the first is still disputed")
        rest = {cover.move_id: cover.rest for cover in dispute.cover_ids}
        self.assertEqual(rest, {first: 30, second: 0})

    def test_credit_note_after_the_deadline_still_accepts(self):
        move = self.invoice(amount=100)
        dispute = self.dispute(move, deadline=TODAY)
        with self.at(date(2026, 11, 19)):
            self.refreshed()
            self.assertEqual(dispute.state, "expired")
            self.reconcile(move, self.credit_note(self.business, 100))
            self.refreshed()
        self.assertEqual(dispute.state, "accepted")

    def test_accept_without_credit_note_asks_again(self):
        move = self.invoice(amount=100)
        dispute = self.dispute(move, user=self.user)
        dispute.with_user(self.user).action_accept()
        self.assertEqual(dispute.state, "accepted")
        self.assertIn("credit note", dispute.activity_ids.summary)
        with self.at(date(2026, 12, 18)):
            self.night(date(2026, 12, 18))
            self.assertFalse(self.notices(), "not asked for while the credit note is made")
        with self.at(date(2026, 12, 21)):
            self.night(date(2026, 12, 21))
            self.assertEqual(dispute.state, "expired", "nobody made the credit note: a person is asked")
            [notice] = self.notices()
            self.assertEqual(notice.state, "review")
            self.assertIn("dispute_expired", notice.review_reasons)

    def test_accepted_and_credited_is_done(self):
        move = self.invoice(amount=100)
        dispute = self.dispute(move, 40)
        dispute.action_accept()
        self.reconcile(move, self.credit_note(self.business, 40))
        self.refreshed()
        self.assertEqual((dispute.state, dispute.cover_ids.live, len(dispute.activity_ids)), ("accepted", False, 0))

    def test_expired_the_next_message_is_reviewed(self):
        move = self.invoice(amount=100)
        dispute = self.dispute(move, deadline=TODAY)
        with self.at(date(2026, 11, 19)):
            self.night(date(2026, 11, 19))
            self.assertEqual(dispute.state, "expired")
            self.assertTrue(dispute.activity_ids, "the responsible person still has it on his list")
            [notice] = self.notices()
            self.assertEqual((notice.state, notice.review_reasons), ("review", ["dispute_expired"]))

    def test_reopen_and_withdraw(self):
        move = self.invoice(amount=100)
        dispute = self.dispute(move, deadline=TODAY, user=self.user)
        with self.at(date(2026, 11, 19)):
            self.refreshed()
            dispute.with_user(self.user).action_reopen()
            self.assertEqual((dispute.state, dispute.deadline), ("open", date(2026, 12, 19)))
            self.assertEqual(len(dispute.activity_ids), 1)
            self.night(date(2026, 11, 19))
            self.assertFalse(self.notices())
            dispute.with_user(self.user).action_withdraw()
            self.assertEqual(dispute.state, "withdrawn")
            self.assertFalse(dispute.activity_ids)
            self.night(date(2026, 11, 19))
            self.assertEqual(self.notices().state, "queued")

    def test_more_time(self):
        dispute = self.dispute(self.invoice(), deadline=date(2026, 11, 20))
        dispute.action_extend()
        self.assertEqual(dispute.deadline, date(2026, 12, 18))
        self.assertEqual((dispute.cover_ids.until, dispute.activity_ids.date_deadline), (dispute.deadline,) * 2)
        with self.assertRaisesRegex(UserError, "already"):
            dispute.action_extend()

    def test_another_responsible_gets_the_activity_and_own_plans_stay(self):
        dispute = self.dispute(self.invoice())
        own = dispute.activity_schedule("mail.mail_activity_data_call", user_id=self.env.user.id)
        dispute.user_id = self.user
        self.assertEqual((dispute.activity_ids - own).user_id, self.user)
        self.assertEqual(own.user_id, self.env.user)
        dispute.action_withdraw()
        self.assertEqual(dispute.activity_ids, own)

    def test_earlier_claimed_charges_survive_a_rejected_dispute(self):
        self.company.write({"followup_min_gap": 0, "followup_max_contacts": 0})
        move = self.invoice(amount=500, due=date(2026, 11, 13))
        day = date(2026, 11, 16)
        charges = self.env["followup.charge"]
        while not charges and day < date(2027, 1, 31):
            with self.at(day):
                self.night(day)
                for notice in self.notices():
                    if notice.state in ("review", "queued"):
                        self.deliver(notice, day)
                        if notice.channel == "email":
                            self.env["followup.charge"].sudo()._claim_from(notice)
            charges = self.env["followup.charge"].search([("move_id", "=", move.id), ("state", "=", "claimed")])
            day += timedelta(days=1)
        self.assertTrue(charges)
        before = charges.mapped("amount")
        with self.at(day):
            dispute = self.dispute(move)
            self.refreshed()
            self.assertEqual(charges.mapped("state"), ["claimed"] * len(charges))
            dispute._reject("<p>Nagekeken</p>", send=False)
            self.refreshed()
        self.assertEqual(charges.mapped("state"), ["claimed"] * len(charges))
        self.assertEqual(charges.mapped("amount"), before)

    def test_not_changed_by_hand_and_not_by_a_reader(self):
        dispute = self.dispute(self.invoice())
        with self.assertRaisesRegex(UserError, "use its buttons"):
            dispute.with_user(self.user).deadline = date(2027, 1, 1)
        reader = new_test_user(
            self.env, login="only_reads", groups="account.group_account_readonly", company_id=self.company.id
        )
        with self.assertRaises(UserError):
            dispute.with_user(reader).action_withdraw()

    # The screen

    def test_wizard(self):
        self.invoice(amount=80)
        move = self.invoice(amount=100)
        customer = self.refreshed()
        form = Form(
            self.env["followup.dispute.wizard"]
            .with_user(self.user)
            .with_context(default_customer_id=customer.id, default_reason_code="quality")
        )
        self.assertEqual((form.reason_id, form.amount), (self.reason(), 0))
        self.assertEqual(form.deadline, TODAY + timedelta(days=30))
        index = next(i for i in range(2) if form.line_ids.edit(i).move_id == move)
        with form.line_ids.edit(index) as line:
            line.selected = True
            self.assertEqual(line.amount, 100)
            line.amount = 40
        self.assertEqual((form.amount, form.rest), (40, 60))
        self.assertIn("The rest is followed up", form.effect)
        form.note = "Kapot geleverd"
        form.save().action_confirm()
        dispute = self.env["followup.dispute"].search([("customer_id", "=", customer.id)])
        self.assertEqual((dispute.amount, dispute.cover_ids.move_id, dispute.note), (40, move, "Kapot geleverd"))

    def test_wizard_says_that_a_consumer_is_left_alone(self):
        self.reason().freeze = False
        self.invoice(self.consumer)
        form = Form(
            self.env["followup.dispute.wizard"].with_context(
                default_customer_id=self.refreshed(self.consumer).id, default_reason_code="quality"
            )
        )
        self.assertIn("always stops", form.effect)
        self.assertEqual(form.amount, 100, "the only invoice is meant")

    def test_paid_already_opens_the_check(self):
        self.invoice()
        form = Form(
            self.env["followup.dispute.wizard"].with_context(
                default_customer_id=self.refreshed().id, default_reason_code="paid"
            )
        )
        action = form.save().action_confirm()
        self.assertEqual(action["res_model"], "followup.paid.check.wizard")

    def test_a_call_leads_to_the_next_screen(self):
        self.invoice()
        customer = self.refreshed()
        form = Form(self.env["followup.call.wizard"].with_user(self.user).with_context(default_customer_id=customer.id))
        self.assertEqual(form.agreed, "none")
        form.reason = "cannot_pay"
        self.assertEqual(form.agreed, "arrangement")
        form.reason = "not_satisfied"
        form.note = "Te laat geleverd"
        action = form.save().action_confirm()
        self.assertEqual(action["res_model"], "followup.dispute.wizard")
        wizard = Form(self.env["followup.dispute.wizard"].with_user(self.user).with_context(**action["context"]))
        self.assertEqual((wizard.reason_id, wizard.note, wizard.channel), (self.reason(), "Te laat geleverd", "phone"))
        self.assertFalse(customer.hold_ids)
        for agreed, model in (("promise", "promise"), ("arrangement", "arrange")):
            form = Form(self.env["followup.call.wizard"].with_context(default_customer_id=customer.id))
            form.note, form.reason, form.agreed = "Belofte", "cannot_pay", agreed
            action = form.save().action_confirm()
            self.assertEqual(action["res_model"], f"followup.{model}.wizard")
            self.assertTrue(self.env[action["res_model"]].with_context(**action["context"]).new({}))


@tagged("post_install_l10n", "post_install", "-at_install")
class TestPaidAlready(DisputeCommon):
    """The check of payments, on real bank lines."""

    def bank_line(self, amount, ref="", account=None, partner=None, day=TODAY, **values):
        return self.env["account.bank.statement.line"].create(
            {
                "journal_id": self.company_data["default_journal_bank"].id,
                "date": day,
                "amount": amount,
                "payment_ref": ref or "/",
                "account_number": account,
                "partner_id": partner.id if partner else False,
                **values,
            }
        )

    def check(self, dispute, user=None):
        action = dispute.with_user(user or self.env.user).action_check_payments()
        return self.env[action["res_model"]].with_user(user or self.env.user).browse(action["res_id"])

    def test_nothing_found_says_what_to_do(self):
        self.bank_line(12.34, "Iemand anders", day=date(2026, 11, 16))
        check = self.check(self.dispute(self.invoice(), reason="paid"), self.user)
        self.assertFalse(check.line_ids)
        self.assertIn("proof of payment", check.advice)
        self.assertEqual(check.bank_date, date(2026, 11, 16))
        self.assertIn("11/16/2026", check.advice)

    def test_bank_lines_by_amount_number_communication_and_account(self):
        move = self.invoice(amount=123.45)
        move.payment_reference = "+++090/9337/55493+++"
        other = self.business.copy({"name": "Iemand anders"})
        self.env["res.partner.bank"].create({"partner_id": self.business.id, "acc_number": "BE71 0961 2345 6769"})
        found = {
            "amount": self.bank_line(123.45, "betaling"),
            "number": self.bank_line(100, f"factuur {move.name.lower()} rest volgt"),
            "digits": self.bank_line(50, "090933755493"),
            "account": self.bank_line(20, "voorschot", account="be71096123456769"),
            "own": self.bank_line(7, "onbekend", partner=self.business),
        }
        self.bank_line(123.45, "van een ander", partner=other)
        self.bank_line(-123.45, "uitgave")
        self.bank_line(99, "niets")
        check = self.check(self.dispute(move, reason="paid"), self.user)
        self.assertEqual(
            check.line_ids.statement_line_id, self.env["account.bank.statement.line"].union(*found.values())
        )
        why = {line.statement_line_id: line.why for line in check.line_ids}
        for key, words in {
            "amount": "same amount",
            "number": "number of the invoice",
            "digits": "structured communication",
            "account": "account of this customer",
            "own": "customer's name",
        }.items():
            self.assertIn(words, why[found[key]])
        action = check.line_ids[0].action_open()
        self.assertEqual(action["res_model"], "account.move")

    def test_disputed_part_and_sum_count_as_amounts(self):
        move, second = self.invoice(amount=100), self.invoice(amount=60)
        part, both = self.bank_line(40, "deel"), self.bank_line(160, "alles")
        customer = self.refreshed()
        dispute = self.env["followup.dispute"]._dispute(
            customer, [(self.item(move), 40), (self.item(second), 60)], self.reason("paid")
        )
        self.assertEqual(self.check(dispute).line_ids.statement_line_id, part | both)

    def test_allocate_what_was_found(self):
        move = self.invoice(amount=100)
        credit = self.money(100)
        dispute = self.dispute(move, reason="paid")
        check = self.check(dispute, self.user)
        line = check.line_ids
        self.assertEqual((line.kind, line.amount, line.move_line_id.with_env(self.env)), ("credit", 100, credit))
        line.action_allocate()
        self.assertEqual(move.payment_state, "paid")
        self.assertTrue(credit.reconciled)
        self.assertEqual((dispute.state, dispute.close_reason), ("accepted", "the payment was found"))
        self.assertFalse(check.exists().line_ids)

    def test_part_that_was_paid_already_is_taken_out_of_the_dispute(self):
        move = self.invoice(amount=100)
        self.money(40)
        dispute = self.dispute(move, 40, reason="paid")
        self.check(dispute).line_ids.action_allocate()
        self.assertEqual((dispute.state, move.amount_residual), ("accepted", 60))
        self.night()
        self.assertEqual(self.notices().amount_total, 60)

    def test_found_after_it_was_rejected_and_reopened(self):
        move = self.invoice(amount=600)
        self.money(200)
        dispute = self.dispute(move, 200, user=self.user)
        dispute.with_user(self.user)._reject("<p>Nee</p>")
        dispute.with_user(self.user).action_reopen()
        action = self.check(dispute, self.user).line_ids.action_allocate()
        self.assertEqual((dispute.state, move.amount_residual), ("accepted", 400))
        self.assertIn("solved", action["params"]["message"])

    def test_credit_note_not_allocated_is_a_candidate_too(self):
        move = self.invoice(amount=100)
        refund = self.credit_note(self.business, 100)
        dispute = self.dispute(move, reason="paid")
        line = self.check(dispute).line_ids
        self.assertIn("Credit note", line.why)
        line.action_allocate()
        self.assertEqual((dispute.state, dispute.credit_move_ids), ("accepted", refund))

    def test_payment_in_process(self):
        move = self.invoice(amount=100)
        dispute = self.dispute(move, reason="paid")
        journal = self.company_data["default_journal_bank"]
        journal.inbound_payment_method_line_ids.payment_account_id = False
        in_payment = patch.object(
            type(self.env["account.move"]), "_get_invoice_in_payment_state", lambda self: "in_payment"
        )
        with in_payment:
            payment = (
                self.env["account.payment.register"]
                .with_context(active_model="account.move", active_ids=move.ids)
                .create({"journal_id": journal.id, "amount": 30, "communication": "voorschot"})
                ._create_payments()
            )
        self.assertFalse(payment.move_id)
        line = self.check(dispute, self.user).line_ids
        self.assertEqual(
            (line.kind, line.payment_id, line.amount, line.communication), ("payment", payment, 30, "voorschot")
        )
        self.assertEqual(line.action_open()["res_model"], "account.payment")

    def test_not_of_another_customer_and_not_twice(self):
        move = self.invoice(amount=100)
        credit, foreign = self.money(100), self.money(100, self.consumer)
        dispute = self.dispute(move, reason="paid")
        check = self.check(dispute)
        self.assertEqual(check.line_ids.move_line_id, credit)
        with self.assertRaisesRegex(UserError, "another customer's"):
            check._allocate(foreign)
        self.reconcile(move, credit.move_id)
        with self.assertRaisesRegex(UserError, "meanwhile"):
            check.line_ids.action_allocate()

    def test_another_account_is_refused_in_words(self):
        move = self.invoice(amount=100)
        credit = self.money(100)
        other = self.company_data["default_account_receivable"].copy({"code": "400999", "name": "Andere klanten"})
        credit.move_id.button_draft()
        credit.account_id = other
        credit.move_id.action_post()
        check = self.check(self.dispute(move, reason="paid"))
        with self.assertRaisesRegex(UserError, "400999"):
            check.line_ids.action_allocate()

    def test_a_number_of_queries_that_does_not_grow(self):
        def queries(count):
            for _place in range(count):
                move = self.invoice(amount=10)
                self.bank_line(10, move.name)
                self.money(3)
            check = self.env["followup.paid.check.wizard"].create({"customer_id": self.refreshed().id})
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            check._search_candidates()
            return self.env.cr.sql_log_count - before

        queries(1)  # what is read once and kept
        few, many = queries(1), queries(6)
        self.assertLessEqual(many, few + 1)


@tagged("post_install_l10n", "post_install", "-at_install")
class TestRejection(SendingCommon, DisputeCommon):
    """Rejected with an answer that the customer really gets, and days to pay."""

    def test_answer_is_sent_and_the_customer_has_days_to_pay(self):
        self.business.lang = "en_US"
        move = self.invoice(amount=100)
        dispute = self.dispute(move, user=self.user)
        wizard = self.env["followup.reject.wizard"].create(
            {"dispute_id": dispute.id, "answer": "<p>The delivery note was signed on 3 October.</p>"}
        )
        self.assertEqual((wizard.language, wizard.other_language), ("English (US)", False))
        self.assertEqual(
            (wizard.email, wizard.pay_before, wizard.amount), (self.business.email, date(2026, 11, 25), 100)
        )
        self.press(wizard, "action_confirm")
        self.assertEqual((dispute.state, dispute.cover_ids.until), ("rejected", date(2026, 11, 25)))
        self.queue()
        [message] = self.sink.to("boekhouding@zoetebrood.example")
        html = message.get_body(("html",)).get_content()
        self.assertIn("The delivery note was signed on 3 October.", html)
        self.assertEqual(self.notices(purpose="dispute").state, "sent")
        with self.at(date(2026, 11, 25)):
            self.night(date(2026, 11, 25))
            self.assertFalse(self.notices(purpose="level"), "he still has until today")
        with self.at(date(2026, 11, 26)):
            self.night(date(2026, 11, 26))
            self.assertEqual(self.notices(purpose="level").amount_total, 100)
            self.assertEqual(self.notices(purpose="level").state, "queued")

    def test_without_an_answer_nothing_is_sent(self):
        dispute = self.dispute(self.invoice())
        wizard = self.env["followup.reject.wizard"].create({"dispute_id": dispute.id})
        with self.assertRaisesRegex(UserError, "Write the answer"):
            wizard.action_confirm()
        wizard.send = False
        wizard.action_confirm()
        self.assertEqual(dispute.state, "rejected")
        self.assertFalse(self.notices(purpose="dispute"))

    def test_days_to_pay_also_when_it_had_expired(self):
        move = self.invoice(amount=100)
        dispute = self.dispute(move, deadline=TODAY)
        with self.at(date(2026, 11, 19)):
            self.refreshed()
            self.assertEqual(dispute.state, "expired")
            dispute._reject("<p>Nee</p>", send=False)
            self.night(date(2026, 11, 19))
            self.assertFalse(self.notices())
            self.assertEqual(self.codes(self.items()), {"dispute"})

    def test_reopened_before_it_left_the_answer_stays_here(self):
        dispute = self.dispute(self.invoice(amount=100))
        dispute._reject("<p>Nee</p>")
        dispute.action_reopen()
        self.queue()
        self.assertFalse(self.sink.messages)
        self.assertEqual(self.notices(purpose="dispute").state, "cancelled")

    def test_other_language_is_pointed_at(self):
        self.env["res.lang"]._activate_lang("nl_BE")
        self.business.lang = "nl_BE"
        dispute = self.dispute(self.invoice())
        wizard = self.env["followup.reject.wizard"].with_user(self.user).create({"dispute_id": dispute.id})
        self.assertTrue(wizard.other_language)
        self.assertIn("BE", wizard.language)
