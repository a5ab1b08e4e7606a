from datetime import date, datetime, timedelta

import psycopg2
from freezegun.api import freeze_time
from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, new_test_user, tagged
from odoo.tools import mute_logger

from .common import TODAY, FollowupCommon


class HandoverCommon(FollowupCommon):
    """A customer who was written to, and a bailiff."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        own = {"company_id": cls.company.id, "company_ids": [Command.set(cls.company.ids)], "lang": "en_US"}
        cls.user = new_test_user(cls.env, "handover_user", "l10n_be_followup.l10n_be_followup_group_user", **own)
        cls.manager = new_test_user(cls.env, "handover_boss", "l10n_be_followup.l10n_be_followup_group_manager", **own)
        cls.reader = new_test_user(cls.env, "handover_reader", "account.group_account_readonly", **own)
        cls.bailiff = cls.env["res.partner"].create(
            {"name": "Deurwaarders Kouter", "is_company": True, "followup_recovery_kind": "bailiff"}
        )
        cls.business.write({"street": "Kerkstraat 1", "zip": "9000", "city": "Gent"})
        cls.company.partner_id.write({"vat": "BE0202239951"})
        cls.company.followup_handover_minimum = 50

    def at(self, day):
        return freeze_time(datetime(day.year, day.month, day.day, 10), real_asyncio=True)

    def item(self, move):
        return self.env["followup.item"].search([("move_line_id.move_id", "=", move.id)])

    def told(self, partner=None, day=date(2026, 11, 2), level="60"):
        """The notice of a level, delivered; by default the last one, the hand-over."""
        customer = self.refreshed(partner)
        level = self.env.ref(f"l10n_be_followup.followup_level_business_{level}")
        notice = (
            self.env["followup.notice"]
            .sudo()
            .create(
                {
                    "customer_id": customer.id,
                    "company_id": self.company.id,
                    "level_id": level.id,
                    "level_kind": level.kind,
                    "regime": "b2b",
                    "lang": "en_US",
                    "prepared_on": day,
                    "email_to": "boekhouding@zoetebrood.example",
                    "subject": "Your file",
                    "body": "<p>Please pay</p>",
                    "pay_before": level._pay_before(day),
                    "line_ids": [
                        Command.create(
                            {
                                "item_id": item.id,
                                "move_id": item.move_id.id,
                                "level_id": level.id,
                                "level_kind": level.kind,
                                "episode": item.episode,
                                "advances": True,
                                "name": item.move_id.name,
                                "currency_id": item.currency_id.id,
                                "amount_residual": item.amount_residual_currency,
                            }
                        )
                        for item in customer.item_ids.filtered(lambda item: item.date_maturity < day)
                    ],
                }
            )
        )
        self.deliver(notice, day)
        customer._refresh()
        return notice

    def late(self, amount=600.0, partner=None, due=date(2026, 9, 30)):
        move = self.invoice(partner, amount=amount, due=due)
        self.refreshed(partner)
        return move

    def hand_over(self, move, user=None, **values):
        customer = self.customer(move.commercial_partner_id)
        handovers = self.env["followup.handover"].with_user(user or self.user).sudo(False)
        return handovers._hand_over(
            customer.with_user(handovers.env.user), self.item(move), self.bailiff, "bailiff", **values
        ).with_env(self.env)


@tagged("post_install_l10n", "post_install", "-at_install")
class TestHandover(HandoverCommon):
    """Handing over, what stops, and what happens when it comes back."""

    # Advice

    def test_advice_of_a_ready_claim(self):
        move = self.late()
        self.told()
        advice = self.engine._advise(self.company, self.customer(), self.item(move), TODAY)
        failed = {row.code: row.detail for row in advice.conditions if not row.ok}
        self.assertEqual(failed, {})
        self.assertTrue(advice.eligible and advice.unopposed)

    def test_advice_names_what_is_missing(self):
        move = self.late(amount=40)
        self.business.write({"zip": False})
        self.credit_note(self.business, 5)
        self.company.followup_freshness_days = 3
        self.refreshed()
        advice = self.engine._advise(self.company, self.customer(), self.item(move), TODAY)
        failed = {row.code for row in advice.conditions if not row.ok}
        self.assertEqual(failed, {"amount", "credits", "notified", "deadline", "address", "bank_data"})
        text = self.engine._explain_advice(
            [{"code": row.code, "ok": row.ok, "detail": row.detail} for row in advice.conditions]
        )
        self.assertIn("✗ the address is complete (missing: zip)", text)
        self.assertIn("✓ the customer is not insolvent", text)

    def test_advice_of_a_consumer_and_of_the_insolvent(self):
        move = self.late(partner=self.consumer)
        advice = self.engine._advise(self.company, self.customer(self.consumer), self.item(move), TODAY)
        answers = {row.code: row for row in advice.conditions}
        self.assertTrue(answers["number"].ok)
        self.assertEqual(answers["unopposed"].detail, "consumer")
        self.consumer.with_company(self.company).followup_insolvency = "collective"
        advice = self.engine._advise(self.company, self.customer(self.consumer), self.item(move), TODAY)
        self.assertFalse({row.code: row.ok for row in advice.conditions}["not_insolvent"])

    # Hand over

    def test_nothing_is_sent_any_more(self):
        move = self.late()
        other = self.late(amount=250, due=date(2026, 10, 20))
        self.told(level="30")
        handover = self.hand_over(move, self.manager, reason="Seizure under way")
        self.assertEqual((handover.state, handover.date, handover.amount), ("handed_over", TODAY, 600))
        self.assertEqual(self.codes(self.item(move)), {"handed_over"})
        self.assertNotIn("handed_over", self.codes(self.item(other)))
        self.assertIn(handover.name, self.item(move).why)
        for days in (0, 7, 14, 30, 60):
            self.night(TODAY + timedelta(days=days))
        named = self.notices().filtered(lambda notice: notice.state != "delivered").line_ids.move_id
        self.assertEqual(named, other)

    def test_a_person_cannot_send_either(self):
        move = self.late()
        self.told()
        self.hand_over(move)
        with self.assertRaisesRegex(UserError, "handed over"):
            self.customer().action_prepare_notice()

    def test_what_waits_is_cancelled(self):
        move = self.late()
        self.told(level="30")
        self.night(date(2026, 12, 15))
        [waiting] = self.notices(state="review")
        promise = self.env["followup.promise"]._promise(self.customer(), self.item(move), 600, date(2026, 11, 20))
        handover = self.hand_over(move, self.manager, reason="He laughed at us")
        self.assertEqual(waiting.state, "cancelled")
        self.assertEqual((promise.state, promise.close_reason), ("cancelled", f"handed over ({handover.name})"))

    def test_queued_mail_is_not_sent(self):
        move = self.late()
        self.told(level="30")
        self.night(date(2026, 12, 15))
        [waiting] = self.notices(state="review")
        waiting.action_approve()
        self.assertEqual(waiting.state, "queued")
        handover = self.hand_over(move, self.manager, reason="Now")
        self.assertEqual(waiting.state, "cancelled")
        self.assertIn(handover.name, waiting.cancel_reason)
        self.assertEqual(set(waiting.mail_ids.mapped("state")), {"cancel"})

    def test_frozen_claim_grows_for_the_dossier_only(self):
        move = self.late()
        self.told()
        handover = self.hand_over(move)
        item = self.item(move)
        # 600.00 since 30 September 2026 until 18 November: 49 days at 10.5 %, and the 40 EUR of article 6.
        self.assertEqual((handover.amount_interest, handover.amount_costs), (8.46, 40.0))
        self.assertEqual(handover.amount_claim, 648.46)
        with self.at(date(2026, 12, 18)):
            item.invalidate_recordset()
            self.assertEqual(item.claim_interest, 13.64)  # 79 days
            self.assertEqual(handover.amount_interest, 8.46)
        self.assertFalse(self.env["followup.charge"].search([("item_id", "=", item.id)]))

    def test_a_charge_that_was_claimed_grows_no_more(self):
        move = self.late()
        self.told(level="40")
        notice = self.notices()[-1]
        charge = (
            self.env["followup.charge"]
            .sudo()
            .create(
                {
                    "customer_id": self.customer().id,
                    "company_id": self.company.id,
                    "move_id": move.id,
                    "item_id": self.item(move).id,
                    "name": move.name,
                    "kind": "interest",
                    "currency_id": move.currency_id.id,
                    "amount": 5.0,
                    "claimed_until": date(2026, 11, 2),
                    "first_notice_id": notice.id,
                    "notice_id": notice.id,
                }
            )
        )
        self.hand_over(move, self.manager, reason="x")
        self.pay(move)
        self.refreshed()
        self.assertEqual((charge.amount, charge.principal_paid_on, charge.state), (5.0, TODAY, "claimed"))

    def test_one_item_in_one_hand_over(self):
        move = self.late()
        self.told()
        handover = self.hand_over(move)
        with self.assertRaisesRegex(UserError, f"{handover.name}.*Recall or decline"):
            self.env["followup.handover"]._propose(self.customer(), self.item(move))
        with mute_logger("odoo.sql_db"), self.assertRaises(psycopg2.errors.UniqueViolation), self.cr.savepoint():
            handover.line_ids.sudo().copy({"handover_id": handover.id})
            self.env.flush_all()

    def test_chosen_items_of_a_customer(self):
        first, second = self.late(), self.late(amount=300)
        self.told()
        one = self.hand_over(first)
        two = self.hand_over(second)
        self.assertNotEqual(one, two)
        self.assertEqual(self.customer().handover_state, "handed_over")
        self.assertEqual(self.env["followup.item"].search([("handover_id", "=", two.id)]), self.item(second))
        self.assertEqual(self.env["account.move"].search([("followup_handover_id", "!=", False)]), first | second)
        self.assertEqual(first.followup_handover_id, one)

    def test_against_the_advice(self):
        move = self.late()  # no notice was delivered
        with self.assertRaisesRegex(UserError, "Say why"):
            self.hand_over(move)
        with self.assertRaisesRegex(UserError, "manager"):
            self.hand_over(move, self.user, reason="He told me that he never pays")
        handover = self.hand_over(move, self.manager, reason="He told me that he never pays")
        self.assertEqual(handover.overrule_reason, "He told me that he never pays")
        self.assertFalse(handover.eligible)
        self.assertIn("✗ a notice about every item was delivered", handover.conditions_text)

    def test_arrangement_stops_it(self):
        move = self.late()
        self.told()
        item = self.item(move)
        arrangement = self.env["followup.arrangement"]._arrange(
            self.customer(), [(item, 600)], [(date(2026, 12, 18), 300), (date(2027, 1, 18), 300)]
        )
        arrangement._start()
        with self.assertRaisesRegex(UserError, "arrangement"):
            self.hand_over(move, self.manager, reason="All the same")

    def test_nothing_is_arranged_or_promised_about_it(self):
        move = self.late()
        self.told()
        self.hand_over(move)
        item = self.item(move)
        with self.assertRaisesRegex(UserError, f"{move.name} is handed over .*Recall it first"):
            self.env["followup.promise"]._promise(self.customer(), item, 600, date(2026, 11, 20))
        # That he disputes it is exactly what the bailiff must hear.
        reason = self.env.ref("l10n_be_followup.followup_dispute_reason_quality")
        self.assertTrue(self.env["followup.dispute"]._dispute(self.customer(), [(item, 600)], reason))

    def test_bad_input(self):
        move = self.late()
        self.told()
        paid = self.late(amount=70)
        self.pay(paid)
        self.refreshed()
        with self.assertRaisesRegex(UserError, "Choose the invoices"):
            self.env["followup.handover"]._propose(self.customer(), self.env["followup.item"])
        with self.assertRaisesRegex(UserError, f"{paid.name} is not open"):
            self.env["followup.handover"]._propose(self.customer(), self.item(paid))
        with self.assertRaisesRegex(UserError, "one customer"):
            self.env["followup.handover"]._propose(self.customer(self.consumer), self.item(move))
        with self.assertRaisesRegex(UserError, "not on a day to come"):
            self.hand_over(move, date=TODAY + timedelta(days=1))
        with self.assertRaisesRegex(UserError, "the customer, or yourself"):
            self.env["followup.handover"]._hand_over(self.customer(), self.item(move), self.business, "lawyer")

    # Results

    def test_paid_in_full_and_taken_back(self):
        move = self.late()
        self.told()
        handover = self.hand_over(move)
        self.pay(move, 200)
        self.refreshed()
        self.assertEqual((handover.state, handover.amount_open, handover.amount_paid), ("handed_over", 400, 200))
        entry = self.pay(move)
        self.refreshed()
        self.assertEqual((handover.state, handover.amount_open), ("paid", 0))
        entry.line_ids.remove_move_reconcile()
        self.refreshed()
        self.assertEqual((handover.state, handover.amount_open), ("handed_over", 400))
        self.assertEqual(self.codes(self.item(move)), {"handed_over"})

    def test_costs_and_the_end(self):
        move = self.late()
        self.told()
        handover = self.hand_over(move)
        self.wizard(handover, "fees", amount_fees=85.5)
        self.assertEqual(handover.amount_fees, 85.5)
        self.wizard(handover, "close", close_code="uncollectible", reason="Nothing to seize")
        self.assertEqual((handover.state, handover.close_code), ("closed", "uncollectible"))
        self.assertEqual(self.codes(self.item(move)), {"handover_closed"})
        # Nobody may forget what is left: a task says what to do.
        self.night()
        self.assertIn("write it off", self.customer().activity_ids.note)
        self.as_user(handover).action_reopen()
        self.assertEqual((handover.state, handover.close_code), ("handed_over", False))

    def wizard(self, handover, step, user=None, **values):
        record = self.env["followup.handover.end.wizard"].with_user(user or self.user)
        return record.create({"handover_id": handover.id, "step": step, **values}).action_confirm()

    def as_user(self, record, user=None):
        return record.with_user(user or self.user).sudo(False)

    def test_recall_puts_items_back(self):
        move = self.late()
        self.told(level="30")
        item = self.item(move)
        before = (item.level_id, item.level_date, item.episode, item.next_level_id, item.next_date, self.codes(item))
        handover = self.hand_over(move, self.manager, reason="Too early, says the law of Murphy")
        item.invalidate_recordset()
        self.assertFalse(item.next_date)
        with self.assertRaisesRegex(UserError, "Say why"):
            self.wizard(handover, "recall")
        self.wizard(handover, "recall", reason="He called and wants to pay")
        item.invalidate_recordset()
        after = (item.level_id, item.level_date, item.episode, item.next_level_id, item.next_date, self.codes(item))
        self.assertEqual(after, before)
        self.assertEqual(handover.state, "recalled")
        self.assertFalse(item.handover_id)
        with self.assertRaisesRegex(UserError, "cannot become"):
            self.wizard(handover, "recall", reason="again")
        # And it may be handed over again.
        self.assertEqual(self.hand_over(move, self.manager, reason="He did not").state, "handed_over")

    # What the policy proposes

    def test_the_policy_proposes_and_never_hands_over(self):
        move = self.late()
        self.told(day=date(2026, 11, 2))  # to pay by 10 November
        self.night()
        self.night()
        handover = self.env["followup.handover"].search([("customer_id", "=", self.customer().id)])
        self.assertEqual((handover.state, handover.by_level, handover.line_ids.move_id), ("proposed", True, move))
        self.assertEqual(len(handover.activity_ids), 1)
        self.assertEqual(self.customer().handover_state, "proposed")
        self.assertFalse(self.customer().activity_ids, "one task is enough")
        for days in (10, 40):
            self.night(TODAY + timedelta(days=days))
        self.assertEqual(handover.state, "proposed")

    def test_not_before_his_day_to_pay_is_over(self):
        self.late()
        self.told(day=date(2026, 11, 10))  # to pay by today
        self.night()
        self.assertFalse(self.env["followup.handover"].search([("customer_id", "=", self.customer().id)]))
        self.night(TODAY + timedelta(days=1))
        self.assertTrue(self.env["followup.handover"].search([("customer_id", "=", self.customer().id)]))

    def test_declined_is_not_proposed_again(self):
        self.late()
        self.told()
        self.night()
        handover = self.env["followup.handover"].search([("customer_id", "=", self.customer().id)])
        self.wizard(handover, "decline", reason="A good customer")
        self.night(TODAY + timedelta(days=1))
        self.assertEqual(self.env["followup.handover"].search_count([("customer_id", "=", self.customer().id)]), 1)
        self.assertFalse(handover.activity_ids)
        # Somebody must decide something else.
        self.assertEqual(len(self.customer().activity_ids), 1)

    def test_a_held_item_is_not_proposed(self):
        move = self.late()
        self.told()
        reason = self.env.ref("l10n_be_followup.followup_dispute_reason_quality")
        self.env["followup.dispute"]._dispute(self.customer(), [(self.item(move), 600)], reason)
        self.night()
        self.assertFalse(self.env["followup.handover"].search([("customer_id", "=", self.customer().id)]))

    def test_a_proposal_that_is_paid(self):
        move = self.late()
        self.told()
        self.night()
        handover = self.env["followup.handover"].search([("customer_id", "=", self.customer().id)])
        self.pay(move)
        self.refreshed()
        self.assertEqual((handover.state, handover.close_reason), ("cancelled", "everything is paid"))
        self.assertFalse(handover.activity_ids)

    # The wizard

    def test_wizard(self):
        move = self.late()
        self.late(amount=99, due=date(2026, 12, 31))
        self.told()
        self.company.followup_handover_recipient_id = self.bailiff
        context = self.customer().with_user(self.user).action_handover()["context"]
        with Form(self.env["followup.handover.wizard"].with_user(self.user).with_context(**context)) as form:
            self.assertEqual(form.recipient_id, self.bailiff)
            self.assertEqual(form.recipient_kind, "bailiff")
            self.assertEqual(form.amount, 600, "what is not due yet is not ticked")
            self.assertTrue(form.eligible)
            form.reference = "2026/1234"
            form.note = "He moved"
        action = form.record.action_confirm()
        handover = self.env["followup.handover"].browse(action["res_id"])
        self.assertEqual((handover.state, handover.reference, handover.note), ("handed_over", "2026/1234", "He moved"))
        self.assertEqual(handover.line_ids.move_id, move)

    def test_wizard_carries_out_the_proposal(self):
        self.late()
        self.told()
        self.night()
        proposal = self.env["followup.handover"].search([("customer_id", "=", self.customer().id)])
        context = self.customer().with_user(self.user).action_handover()["context"]
        with Form(self.env["followup.handover.wizard"].with_user(self.user).with_context(**context)) as form:
            self.assertEqual(form.handover_id, proposal)
            form.recipient_id = self.bailiff
        form.record.action_confirm()
        self.assertEqual(proposal.state, "handed_over")
        self.assertFalse(proposal.activity_ids)

    def test_wizard_says_no(self):
        self.late()
        context = self.customer().with_user(self.user).action_handover()["context"]
        form = Form(self.env["followup.handover.wizard"].with_user(self.user).with_context(**context))
        self.assertFalse(form.eligible)
        self.assertFalse(form.may_overrule)
        form.recipient_id = self.bailiff
        wizard = form.save()
        with self.assertRaisesRegex(UserError, "Say why"), self.cr.savepoint():
            wizard.action_confirm()
        action = wizard.action_propose()
        handover = self.env["followup.handover"].browse(action["res_id"])
        self.assertEqual((handover.state, handover.user_id), ("proposed", self.user))

    # Rights, companies, history

    def test_rights(self):
        move = self.late()
        self.told()
        with self.assertRaises(UserError):
            self.hand_over(move, self.reader)
        handover = self.hand_over(move)
        self.assertEqual(self.as_user(handover, self.reader).amount, 600)
        with self.assertRaises(UserError):
            self.as_user(handover, self.reader)._recall("x")
        with self.assertRaisesRegex(UserError, "cannot be changed by hand"):
            self.as_user(handover).write({"state": "paid"})
        self.as_user(handover).reference = "A-1"
        self.assertEqual(handover.reference, "A-1")
        with self.assertRaises(UserError):
            handover.unlink()

    def test_another_company_does_not_see_it(self):
        move = self.late()
        self.told()
        handover = self.hand_over(move)
        other = self.env["res.company"].create({"name": "Boisbleu"})
        stranger = new_test_user(
            self.env,
            "handover_stranger",
            "l10n_be_followup.l10n_be_followup_group_manager",
            company_id=other.id,
            company_ids=[Command.set(other.ids)],
        )
        self.assertFalse(self.env["followup.handover"].with_user(stranger).search([("id", "=", handover.id)]))
        with self.assertRaises(AccessError):
            handover.with_user(stranger).sudo(False)._recall("x")

    def test_merge_of_customers(self):
        move = self.late()
        self.told()
        handover = self.hand_over(move)
        keeper = self.env["res.partner"].create({"name": "Het Zoete Brood", "is_company": True})
        self.invoice(keeper, amount=10)
        self.refreshed(keeper)
        self.env["base.partner.merge.automatic.wizard"].create({})._merge(
            (self.business | keeper).ids, keeper, extra_checks=False
        )
        self.env.invalidate_all()
        customer = self.customer(keeper)
        self.assertEqual((handover.customer_id, handover.partner_id), (customer, keeper))
        self.assertEqual(handover.line_ids.customer_id, customer)
        customer._refresh()
        self.assertEqual(self.codes(self.item(move)), {"handed_over"})

    def test_suspension_stays_as_set(self):
        from ..engine.suspension import NOT_RESTORING

        self.assertLess({"handed_over", "handover_closed"}, NOT_RESTORING)
