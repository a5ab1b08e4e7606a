from datetime import date

from odoo import Command
from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged

from .common import NOW, TODAY, SendingCommon


@tagged("post_install_l10n", "post_install", "-at_install")
class TestCharges(SendingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.followup_min_gap = 0
        cls.company.followup_max_contacts = 0
        cls.consumer_terms = cls.env.ref("l10n_be_followup.followup_terms_consumer")

    def charges(self, partner=None, **criteria):
        domain = [("partner_id", "=", (partner or self.business).id)]
        domain += [(name, "=", value) for name, value in criteria.items()]
        return self.env["followup.charge"].sudo().search(domain, order="id")

    def reminder(self, partner=None, policy="business"):
        return self.notices(partner).filtered(lambda n: n.level_id == self.level(30, policy))

    # Business

    def test_a_business_is_charged_interest_and_forty_euros(self):
        self.invoice(amount=1210, due=date(2026, 11, 13))
        self.climb(self.business, date(2026, 11, 30), start=date(2026, 11, 16))
        line = self.reminder().line_ids
        # 13 to 30 November: 17 days on 1,210 at 10.5 %: 1210 x 10.5 x 17 / 36500 = 5.917...
        self.assertEqual((line.interest, line.compensation), (5.92, 40.0))
        self.assertEqual({c.kind: c.amount for c in self.charges()}, {"interest": 5.92, "compensation": 40.0})
        body = self.reminder().body
        for words in ("5.92", "40.00", "1,255.92", "10.5", "law of 2 August 2002", "17"):
            self.assertIn(words, body)

    def test_nothing_is_claimed_before_the_level_that_claims(self):
        self.invoice(amount=1210, due=date(2026, 6, 15))
        self.night()
        self.assertFalse(self.notices().line_ids.amount_claim)
        self.assertNotIn("Interest", self.notices().body)

    def test_three_instalments_are_forty_euros_not_a_hundred_and_twenty(self):
        term = self.env["account.payment.term"].create(
            {
                "name": "three",
                "line_ids": [
                    Command.create({"value": "percent", "value_amount": share, "nb_days": days})
                    for share, days in ((30, 0), (30, 1), (40, 2))
                ],
            }
        )
        self.invoice(
            amount=900, invoice_date=date(2026, 11, 10), invoice_payment_term_id=term.id, invoice_date_due=False
        )
        self.climb(self.business, date(2026, 12, 4))
        self.assertEqual(self.charges(kind="compensation").mapped("amount"), [40.0])
        self.assertEqual(len(self.charges(kind="interest")), 3)

    def test_interest_grows_and_the_compensation_stays(self):
        self.invoice(amount=1210, due=date(2026, 11, 13))
        self.climb(self.business, date(2026, 12, 14), start=date(2026, 11, 16))
        formal = self.notices().filtered(lambda n: n.level_id == self.level(40))
        # 31 days: 1210 x 10.5 x 31 / 36500 = 10.790...
        self.assertEqual((formal.line_ids.interest, formal.line_ids.compensation), (10.79, 40.0))
        self.assertEqual({c.kind: c.amount for c in self.charges()}, {"interest": 10.79, "compensation": 40.0})
        self.assertEqual(self.charges(kind="interest").first_notice_id, self.reminder())
        self.assertEqual(self.charges(kind="interest").notice_id, formal)

    def test_part_payment_and_currency(self):
        dollar = self.setup_other_currency("USD", rates=[("2020-01-01", 2.0)])
        self.invoice(amount=1000, due=date(2026, 11, 13), currency_id=dollar.id)
        self.climb(self.business, date(2026, 11, 30), start=date(2026, 11, 16))
        line = self.reminder().line_ids
        # In dollars: 1000 x 10.5 x 17 / 36500 = 4.89; no flat sum in another currency than the euro.
        self.assertEqual((line.interest, line.compensation, line.currency_id), (4.89, 0.0, dollar))

    def test_paid_with_charges_open_they_are_outstanding_and_frozen(self):
        move = self.invoice(amount=1210, due=date(2026, 11, 13))
        self.climb(self.business, date(2026, 11, 30), start=date(2026, 11, 16))
        self.pay(move, day=date(2026, 11, 25))  # the bank told us late: five days before the notice
        self.night(date(2026, 12, 2))
        interest = self.charges(kind="interest")
        # 13 to 25 November: 12 days: 1210 x 10.5 x 12 / 36500 = 4.177...
        self.assertEqual(
            (interest.amount, interest.principal_paid_on, interest.outstanding), (4.18, date(2026, 11, 25), True)
        )
        self.night(date(2027, 1, 15))
        self.assertEqual(interest.amount, 4.18)
        self.assertFalse(self.notices(state="queued") | self.notices(state="review"), "never chased by itself")

    def test_a_full_credit_note_cancels(self):
        move = self.invoice(amount=1210, due=date(2026, 11, 13))
        self.climb(self.business, date(2026, 11, 30), start=date(2026, 11, 16))
        self.assertEqual(set(self.charges().mapped("state")), {"claimed"})
        wizard = (
            self.env["account.move.reversal"]
            .with_context(active_model="account.move", active_ids=move.ids)
            .create({"journal_id": move.journal_id.id, "date": TODAY})
        )
        wizard.refund_moves()
        refund = move.reversal_move_ids
        if refund.state == "draft":
            refund.action_post()
        (move.line_ids + refund.line_ids).filtered(
            lambda ln: ln.account_type == "asset_receivable" and not ln.reconciled
        ).reconcile()
        self.night(date(2026, 12, 2))
        self.assertEqual(set(self.charges().mapped("state")), {"cancelled"})

    def test_waive_with_reason_and_undo(self):
        self.invoice(amount=1210, due=date(2026, 11, 13))
        self.climb(self.business, date(2026, 11, 30), start=date(2026, 11, 16))
        charge = self.charges(kind="compensation").with_env(self.env)
        wizard = self.env["followup.waive.wizard"].create(
            {"charge_ids": [Command.set(charge.ids)], "reason": "goede klant"}
        )
        wizard.action_confirm()
        self.assertEqual(
            (charge.state, charge.waive_reason, charge.waived_by), ("waived", "goede klant", self.env.user)
        )
        self.climb(self.business, date(2026, 12, 14), start=date(2026, 12, 1))
        self.assertEqual(len(self.charges(kind="compensation")), 1, "a waived compensation is not claimed again")
        charge.action_undo_waive()
        self.assertEqual(charge.state, "claimed")

    def test_a_bounce_takes_its_claims_back(self):
        self.invoice(amount=1210, due=date(2026, 11, 13))
        self.climb(self.business, date(2026, 11, 30), start=date(2026, 11, 16))
        self.reminder()._bounce("mailbox full")
        self.assertEqual(set(self.charges().mapped("state")), {"cancelled"})

    def test_bankrupt_nothing_is_sent_or_charged(self):
        self.invoice(amount=1210, due=date(2026, 11, 13))
        self.business.write({"followup_insolvency": "bankruptcy", "followup_insolvency_date": date(2026, 11, 17)})
        self.climb(self.business, date(2026, 12, 4))
        self.assertFalse(self.notices())
        self.assertIn("insolvency", self.codes(self.customer()))

    def test_reorganisation_freezes_older_debts_only(self):
        self.business.write({"followup_insolvency": "reorganisation", "followup_insolvency_date": date(2026, 11, 1)})
        self.invoice(amount=500, due=date(2026, 10, 20), invoice_date=date(2026, 10, 1))
        later = self.invoice(amount=300, due=date(2026, 11, 10), invoice_date=date(2026, 11, 3))
        self.night()
        self.assertEqual(self.notices().line_ids.move_id, later)

    def test_authority_gets_the_statutory_rate(self):
        self.business.followup_terms_id = self.env["followup.terms"].create(
            {"name": "12 %", "regime": "b2b", "date": date(2020, 1, 1), "interest": "rate", "rate": 12}
        )
        self.invoice(amount=1000, due=date(2026, 11, 13))
        self.climb(self.business, date(2026, 11, 30), start=date(2026, 11, 16))
        self.assertEqual(self.reminder().line_ids.interest, 5.59, "1000 x 12 x 17 / 36500")
        authority = self.business.copy({"name": "Gemeente", "followup_authority": True, "email": "g@gemeente.example"})
        authority.followup_terms_id = self.business.followup_terms_id
        self.invoice(partner=authority, amount=1000, due=date(2026, 11, 13))
        self.climb(authority, date(2026, 11, 30), start=date(2026, 11, 16))
        self.assertEqual(self.reminder(authority).line_ids.interest, 4.89)

    # Consumer

    def charged_consumer(self, amount=600, terms=True, **values):
        if terms:
            self.company.followup_terms_b2c_id = self.consumer_terms
        self.invoice(partner=self.consumer, amount=amount, due=date(2026, 10, 30), **values)
        self.climb(self.consumer, date(2026, 12, 4), start=date(2026, 11, 2))
        return self.reminder(self.consumer, "consumer")

    def test_a_consumer_pays_after_his_fourteen_days_only(self):
        notice = self.charged_consumer()
        # Reminded on 2 November: fourteen days end on the 16th; from the 17th, at the scale: 65 + 5 % of 100.
        self.assertEqual(notice.prepared_on, date(2026, 11, 17))
        self.assertEqual(notice.line_ids.compensation, 70.0)
        # An ordinary creditor from the end of the period: one day on 600 at 10.5 % = 0.17.
        self.assertEqual(notice.line_ids.interest, 0.17)
        first = self.notices(self.consumer)[0]
        self.assertFalse(first.line_ids.amount_claim)
        for words in ("16 Nov 2026", "70.00", "10.5", "0202.239.951", "Onderhoud", "30 Oct 2026", "600.00"):
            self.assertIn(words, first.body)

    def test_an_sme_counts_from_the_reminder(self):
        self.company.followup_small_creditor = True
        # 3 to 17 November: 15 days on 600 at 10.5 %: 2.589
        self.assertEqual(self.charged_consumer().line_ids.interest, 2.59)

    def test_without_a_clause_nothing(self):
        notice = self.charged_consumer(terms=False)
        self.assertFalse(notice.line_ids.amount_claim)
        self.assertIn("no clause", notice.line_ids.claim_explanation)
        self.assertFalse(self.charges(self.consumer))
        self.assertIn("Nothing will be claimed", self.notices(self.consumer)[0].body)

    def test_a_clause_younger_than_the_invoice_counts_for_nothing(self):
        terms = self.consumer_terms.copy({"date": date(2026, 10, 15), "name": "nieuw"})
        self.consumer.followup_terms_id = terms
        self.assertFalse(self.charged_consumer(terms=False).line_ids.amount_claim)

    def test_a_clause_above_the_cap_falls_away_and_says_so(self):
        terms = self.env["followup.terms"].create(
            {
                "name": "10 % met minimum 20",
                "regime": "b2c",
                "date": date(2024, 1, 1),
                "interest": "rate",
                "rate": 15,
                "compensation": "percent",
                "percent": 10,
                "amount": 20,
            }
        )
        self.assertIn("article XIX.4", terms.warning)
        self.assertIn("falls away", terms.warning)
        self.consumer.followup_terms_id = terms
        notice = self.charged_consumer(amount=1000, terms=False)
        # 10 % of 1,000 is 100, the cap is 90: nothing at all.
        self.assertFalse(notice.line_ids.amount_claim)
        self.assertIn("exceeds the maximum", notice.line_ids.claim_explanation)

    def test_an_old_clause_is_reduced(self):
        self.consumer.followup_terms_id = self.env["followup.terms"].create(
            {
                "name": "oud",
                "regime": "b2c",
                "date": date(2019, 1, 1),
                "interest": "rate",
                "rate": 15,
                "compensation": "fixed",
                "amount": 100,
            }
        )
        notice = self.charged_consumer(amount=600, terms=False)
        self.assertEqual((notice.line_ids.compensation, notice.line_ids.interest), (70.0, 0.17))

    def test_several_invoices_one_flat_sum(self):
        self.company.followup_terms_b2c_id = self.consumer_terms
        for _number in range(3):
            self.invoice(partner=self.consumer, amount=100, due=date(2026, 10, 30))
        self.climb(self.consumer, date(2026, 11, 17), start=date(2026, 11, 2))
        lines = self.reminder(self.consumer, "consumer").line_ids
        # Three times 20 is 60; on 300 together the scale gives 45: the lower one.
        self.assertEqual(sum(lines.mapped("compensation")), 45.0)
        self.assertEqual(lines.mapped("compensation"), [15.0, 15.0, 15.0])

    def test_paid_within_the_fourteen_days_nothing(self):
        self.company.followup_terms_b2c_id = self.consumer_terms
        move = self.invoice(partner=self.consumer, amount=600, due=date(2026, 10, 30))
        self.climb(self.consumer, date(2026, 11, 10), start=date(2026, 11, 2))
        self.pay(move, day=date(2026, 11, 16))
        self.climb(self.consumer, date(2026, 12, 4), start=date(2026, 11, 17))
        self.assertFalse(self.charges(self.consumer))

    def test_three_invoices_at_three_stages_in_one_message(self):
        self.company.followup_terms_b2c_id = self.consumer_terms
        old = self.invoice(partner=self.consumer, amount=600, due=date(2026, 10, 30))
        self.climb(self.consumer, date(2026, 11, 12), start=date(2026, 11, 2))
        new = self.invoice(partner=self.consumer, amount=200, due=date(2026, 11, 13))
        newest = self.invoice(partner=self.consumer, amount=80, due=date(2026, 11, 16))
        self.night(date(2026, 11, 17))
        notice = self.notices(self.consumer).filtered(lambda n: n.state == "queued" and n.channel == "email")
        rows = {line.move_id: line for line in notice.line_ids}
        self.assertEqual((rows[old].compensation, rows[new].amount_claim, rows[newest].amount_claim), (70.0, 0.0, 0.0))
        self.assertTrue(rows[new].advances)
        self.assertFalse(rows[newest].advances)
        self.assertIn("This first reminder is free of charge", notice.body)
        self.assertIn("Legal basis", notice.body)

    def test_a_first_reminder_without_enterprise_number_is_not_sent(self):
        self.company.write({"company_registry": False, "vat": False})
        self.invoice(partner=self.consumer)
        self.night()
        self.queue()
        notice = self.notices(self.consumer)
        self.assertFalse(self.sink.messages)
        self.assertEqual(notice.state, "failed")
        self.assertIn("enterprise number", notice.failure)

    def test_a_creditor_abroad_has_no_belgian_number(self):
        self.company.write({"company_registry": False, "vat": False, "country_id": self.env.ref("base.us").id})
        self.invoice(partner=self.consumer)
        self.night()
        self.queue()
        self.assertEqual(self.notices(self.consumer).state, "sent")

    def test_a_frame_that_lost_a_mandatory_element_is_not_sent(self):
        view = self.env.ref("l10n_be_followup.followup_notice_consumer_block").sudo()
        view.arch = view.arch.replace('t-out="fmt_date(free_until)"', 't-out="0"')
        self.invoice(partner=self.consumer)
        self.night()
        self.queue()
        self.assertFalse(self.sink.messages)
        self.assertIn("fourteen days", self.notices(self.consumer).failure)

    def test_where_bounces_are_not_seen_a_person_looks_before_a_consumer_is_charged(self):
        self.company.sudo().alias_domain_id = False
        self.company.followup_terms_b2c_id = self.consumer_terms
        self.invoice(partner=self.consumer, amount=600, due=date(2026, 10, 30))
        self.climb(self.consumer, date(2026, 11, 16), start=date(2026, 11, 2))
        self.night(date(2026, 11, 17))
        notice = self.notices(self.consumer, state="review")
        self.assertEqual(notice.review_reasons, ["no_bounces"])
        self.assertIn("reached this consumer", notice.review_text)

    def test_the_clock_does_not_start_when_it_bounced(self):
        self.invoice(partner=self.consumer, due=date(2026, 10, 30))
        self.night()
        self.queue()
        notice = self.notices(self.consumer)
        notice._bounce("550 gone")
        item = self.items(self.consumer)
        self.assertFalse(item.waiting_until or item.level_id)
        with self.assertRaisesRegex(UserError, "could not be delivered"):
            self.press(self.customer(self.consumer), "action_prepare_notice")

    def test_regular_delivery_from_the_fourth_due_date(self):
        terms = self.consumer_terms.copy(
            {"name": "abonnement", "date": date(2024, 1, 1), "regular_delivery": True, "reminder_cost": 7.5}
        )
        self.consumer.followup_terms_id = terms
        for month in (6, 7, 8, 9, 10):
            self.invoice(partner=self.consumer, amount=30, due=date(2026, month, 20))
        self.climb(self.consumer, date(2026, 12, 4))
        first = self.notices(self.consumer)[0].line_ids
        self.assertFalse(any(first.mapped("reminder_cost")), "the first reminder of each due date is free")
        lines = self.reminder(self.consumer, "consumer").line_ids.sorted("date_maturity")
        self.assertEqual(lines.mapped("reminder_cost"), [0.0, 0.0, 0.0, 0.0, 7.5], "once for the whole message")

    # Facts that change after a claim

    def test_an_invoice_that_turns_out_to_be_private_bears_no_business_charge(self):
        move = self.invoice(amount=300, due=date(2026, 11, 13))
        self.climb(self.business, date(2026, 11, 30), start=date(2026, 11, 16))
        self.assertEqual(set(self.charges().mapped("state")), {"claimed"})
        move.followup_regime = "b2c"
        self.customer()._refresh()
        self.assertEqual(set(self.charges().mapped("state")), {"cancelled"})
        self.climb(self.business, date(2026, 12, 18), start=date(2026, 12, 1))
        self.assertGreater(len(self.notices(channel="email")), 2)
        self.assertFalse(self.notices()[-1].line_ids.amount_claim, "no free first reminder was sent for it")

    def test_a_first_reminder_that_comes_back_late_takes_the_claims_with_it(self):
        notice = self.charged_consumer()
        self.assertTrue(notice.line_ids.amount_claim)
        self.notices(self.consumer)[0]._bounce("550 gone")
        self.assertEqual(set(self.charges(self.consumer).mapped("state")), {"cancelled"})
        self.customer(self.consumer).action_clear_failure()
        self.climb(self.consumer, date(2026, 12, 31), start=date(2026, 12, 7))
        self.assertFalse(
            sum(self.notices(self.consumer).filtered(lambda n: n > notice).line_ids.mapped("amount_claim"))
        )

    def test_a_payment_that_is_booked_late_lowers_what_a_consumer_was_asked(self):
        notice = self.charged_consumer()
        self.pay(notice.line_ids.move_id, 500, day=date(2026, 11, 10))
        self.customer(self.consumer)._refresh()
        # 100 was left when the fourteen days ended: 20; since 17 November one day on 100 at 10.5 %.
        charges = {charge.kind: charge.amount for charge in self.charges(self.consumer)}
        self.assertEqual(charges["compensation"], 20.0)
        self.assertEqual(
            charges["interest"], round(100 * 10.5 / 36500 * (self.interest_day() - date(2026, 11, 16)).days, 2)
        )

    def test_a_payment_in_time_that_is_booked_late_ends_the_claims(self):
        notice = self.charged_consumer()
        self.pay(notice.line_ids.move_id, day=date(2026, 11, 10))
        self.night(date(2026, 12, 7))
        self.assertEqual(set(self.charges(self.consumer).mapped("state")), {"cancelled"})

    def interest_day(self):
        return self.charges(self.consumer, kind="interest").claimed_until

    def test_a_later_invoice_takes_what_is_left_of_the_one_flat_sum(self):
        self.charged_consumer()
        self.invoice(partner=self.consumer, amount=100, due=date(2026, 11, 30))
        self.climb(self.consumer, date(2026, 12, 31), start=date(2026, 12, 5))
        later = self.charges(self.consumer, kind="compensation")[-1]
        # 70 was asked for 600; on 700 together the scale gives 75, so the second one bears 5 and not 20.
        self.assertEqual(later.amount, 5.0)

    def test_a_due_date_that_moves_while_the_mail_waits(self):
        move = self.invoice(partner=self.consumer, due=date(2026, 11, 10))
        self.night()
        line = move.line_ids.filtered(lambda line: line.account_type == "asset_receivable")
        line.with_context(check_move_validity=False).date_maturity = date(2026, 11, 6)
        self.queue()
        html = self.sink.messages[0][1].get_body(("html",)).get_content()
        self.assertIn("6 Nov 2026", html)
        self.assertEqual(self.notices(self.consumer).line_ids.episode, self.items(self.consumer).episode)

    def test_the_flat_sum_is_announced_again_for_a_new_due_date(self):
        notice = self.charged_consumer()
        line = notice.line_ids.move_id.line_ids.filtered(lambda line: line.account_type == "asset_receivable")
        line.with_context(check_move_validity=False).date_maturity = date(2026, 11, 27)
        self.climb(self.consumer, date(2026, 12, 8), start=date(2026, 12, 7))
        again = self.notices(self.consumer)[-1]
        self.assertEqual(again.level_kind, "first_reminder")
        self.assertIn("70.00", again.body)

    # Clauses

    def test_a_used_clause_is_never_changed(self):
        self.company.followup_terms_b2c_id = self.consumer_terms
        move = self.invoice(partner=self.consumer)
        self.assertEqual(move.followup_terms_id, self.consumer_terms)
        with self.assertRaisesRegex(UserError, "Duplicate it"):
            self.consumer_terms.compensation = "none"
        self.consumer_terms.name = "another name is fine"

    def test_a_reminder_costs_a_consumer_at_most_seven_fifty(self):
        with self.assertRaisesRegex(ValidationError, "7.50"):
            self.consumer_terms.copy({"regular_delivery": True, "reminder_cost": 8})

    def test_limit_of_contacts(self):
        self.company.followup_max_contacts = 1
        self.invoice()
        self.climb(self.business, date(2026, 11, 30))
        self.assertEqual(len(self.notices()), 1)
        self.assertIn("max_contacts", self.codes(self.customer()))
        self.assertTrue(NOW)
