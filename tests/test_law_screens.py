from datetime import date, datetime

from freezegun.api import freeze_time
from odoo import Command, fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, new_test_user, tagged
from odoo.tools.safe_eval import safe_eval

from .common import TODAY, FollowupCommon


@tagged("post_install_l10n", "post_install", "-at_install")
class TestLawScreens(FollowupCommon):
    """What the screens show of the law: regime, clock, claims as of today, data to check, insolvency."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        company = {"company_id": cls.company.id, "company_ids": [Command.set(cls.company.ids)]}
        cls.reader = new_test_user(cls.env, "screens_reader", "account.group_account_readonly", **company)
        cls.biller = new_test_user(cls.env, "screens_biller", "account.group_account_invoice", **company)
        cls.user = new_test_user(
            cls.env,
            "screens_user",
            "l10n_be_followup.l10n_be_followup_group_user,base.group_partner_manager",
            **company,
        )
        cls.consumer_clause = cls.env["followup.terms"].create(
            {"name": "Particulieren 2024", "regime": "b2c", "date": date(2024, 1, 1)}
        )
        cls.business_clause = cls.env["followup.terms"].create(
            {"name": "Bedrijven 2024", "regime": "b2b", "date": date(2024, 1, 1), "interest": "rate", "rate": 12.0}
        )

    def wizard(self, moves, regime, user=None, **values):
        return (
            self.env["followup.regime.wizard"]
            .with_user(user or self.user)
            .with_context(active_model="account.move", active_ids=moves.ids)
            .create({"regime": regime, **values})
        )

    # Regime

    def test_the_regime_of_several_posted_invoices_is_set_and_noted(self):
        moves = self.invoice() + self.invoice(self.consumer) + self.invoice(self.consumer)
        wizard = self.wizard(moves, "b2c", reason="Privé gekocht")
        self.assertEqual((wizard.change_count, wizard.same_count, wizard.left_out_count), (1, 2, 0))
        wizard.action_confirm()
        self.assertEqual(set(moves.mapped("followup_regime")), {"b2c"})
        notes = moves[0].message_ids.filtered(lambda message: "Privé gekocht" in message.body)
        self.assertEqual(len(notes), 1)
        self.assertIn("Business", notes.body)
        self.assertFalse(moves[1].message_ids.filtered(lambda message: "Privé gekocht" in message.body))

    def test_other_entries_in_the_selection_are_left_alone(self):
        move = self.invoice()
        bill = self.env["account.move"].create({"move_type": "in_invoice", "partner_id": self.business.id})
        wizard = self.wizard(move + bill, "b2c")
        self.assertEqual((wizard.change_count, wizard.left_out_count), (1, 1))
        wizard.action_confirm()
        self.assertEqual((move.followup_regime, bill.followup_regime), ("b2c", False))
        with self.assertRaises(UserError):
            self.wizard(bill, "b2c").action_confirm()

    def test_the_wizard_warns_when_consumers_lose_protection(self):
        moves = self.invoice(self.consumer) + self.invoice()
        self.assertEqual(self.wizard(moves, "b2b").consumer_count, 1)
        self.assertEqual(self.wizard(moves, "b2c").consumer_count, 0)

    def test_the_clause_follows_the_regime(self):
        self.company.write(
            {"followup_terms_b2b_id": self.business_clause.id, "followup_terms_b2c_id": self.consumer_clause.id}
        )
        move = self.invoice()
        self.assertEqual(move.followup_terms_id, self.business_clause)
        self.wizard(move, "b2c").action_confirm()
        self.assertEqual(move.followup_terms_id, self.consumer_clause)
        move.followup_regime = "b2g"
        self.assertEqual(move.followup_terms_id, self.business_clause)

    def test_only_follow_up_users_set_regimes_in_bulk(self):
        move = self.invoice()
        for user in (self.reader, self.biller):
            with self.assertRaises(AccessError):
                self.wizard(move, "b2c", user)
        self.assertEqual(move.followup_regime, "b2b")

    # The consumer's clock

    def test_the_clock_stands_on_invoice_and_item(self):
        move = self.invoice(self.consumer, due=date(2026, 11, 2))
        business = self.invoice()
        self.refreshed(self.consumer)
        self.assertIn("Not started", move.followup_clock)
        self.assertFalse(self.items(self.consumer).chargeable_from)
        self.refreshed()
        self.assertFalse(business.followup_clock)
        self.night(date(2026, 11, 17))
        notice = self.notices(self.consumer)
        self.deliver(notice, date(2026, 11, 17))
        self.env.invalidate_all()
        # Sent on Tuesday 17 November: fourteen days to 1 December included.
        self.assertEqual(move.followup_free_until, date(2026, 12, 1))
        self.assertEqual(self.items(self.consumer).chargeable_from, date(2026, 12, 2))
        self.assertIn("Running until", move.followup_clock)
        with freeze_time(datetime(2026, 12, 2, 10)):
            self.env.invalidate_all()
            self.assertIn("Over since", self.items(self.consumer).clock)

    # As of today

    def test_what_stands_on_the_screen_is_what_the_notice_claims(self):
        self.company.followup_min_gap = 0
        self.invoice(amount=1000.0, due=date(2026, 8, 3))
        self.invoice(amount=250.0, due=date(2026, 9, 14))
        self.business_policy.level_ids.write({"claim_interest": True, "claim_compensation": True})
        customer = self.refreshed()
        self.night()
        notice = self.notices()
        self.assertTrue(notice.line_ids)
        for line in notice.line_ids:
            self.assertEqual(line.item_id.claim_interest, line.interest)
            self.assertEqual(line.item_id.claim_compensation, line.compensation)
            self.assertEqual(line.item_id.claim_total, line.amount_claim)
            self.assertEqual(line.item_id.claim_explanation, line.claim_explanation)
            self.assertIn("40 EUR", line.claim_explanation)
        self.assertEqual(customer.claim_compensation, 80.0)
        self.assertEqual(customer.claim_interest, sum(notice.line_ids.mapped("interest")))
        self.assertGreater(customer.claim_interest, 0.0)
        self.assertEqual(customer.amount_with_claim, 1250.0 + customer.claim_total)
        self.assertEqual(notice.amount_interest, customer.claim_interest)
        self.assertEqual(notice.amount_costs, 80.0)
        self.assertEqual(notice.amount_to_pay, notice.amount_total + customer.claim_total)

    def test_a_consumer_without_reminder_owes_nothing_extra(self):
        self.company.followup_terms_b2c_id = self.consumer_clause
        self.invoice(self.consumer, amount=800.0, due=date(2026, 8, 3))
        item = self.refreshed(self.consumer).item_ids
        self.assertEqual(item.claim_total, 0.0)
        self.assertIn("no free first reminder", item.claim_explanation)

    def test_claims_do_not_depend_on_which_rows_are_read(self):
        """Two instalments of one invoice: the flat sum stands at the first one, read alone or together."""
        self.company.followup_terms_b2b_id = False
        terms = self.env["account.payment.term"].create(
            {
                "name": "Twee keer",
                "line_ids": [
                    Command.create({"value": "percent", "value_amount": 50.0, "nb_days": 0}),
                    Command.create({"value": "percent", "value_amount": 50.0, "nb_days": 30}),
                ],
            }
        )
        self.invoice(
            amount=600.0,
            invoice_date=date(2026, 8, 3),
            invoice_date_due=False,
            invoice_payment_term_id=terms.id,
        )
        first, second = self.refreshed().item_ids.sorted("date_maturity")
        for order in ((second, first), (first, second)):
            self.env.invalidate_all()
            self.assertEqual([item.claim_compensation for item in sorted(order, key=lambda i: i.id)], [40.0, 0.0])

    def test_claims_of_many_items_take_few_queries(self):
        for _place in range(3):
            self.invoice(due=date(2026, 9, 1))
        items = self.refreshed().item_ids

        def count(records):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            self.env["followup.item"].browse(records.ids).mapped("claim_total")
            return self.cr.sql_log_count - before

        few = count(items)
        for _place in range(12):
            self.invoice(due=date(2026, 9, 1))
        self.assertLessEqual(count(self.refreshed().item_ids), few + 2)

    def test_readers_see_claims(self):
        self.invoice(amount=1000.0, due=date(2026, 8, 3))
        customer = self.refreshed().with_user(self.reader)
        self.assertGreater(customer.claim_total, 40.0)
        self.assertTrue(customer.item_ids.claim_explanation)

    # Data to check

    def test_the_report_lists_customers_whose_data_do_not_fit(self):
        bare = self.env["res.partner"].create({"name": "Bareel", "is_company": True, "email": "b@bareel.example"})
        self.invoice(bare)
        self.invoice()
        self.invoice(self.consumer)
        self.night()
        customer = self.customer(bare)
        self.assertEqual(customer.data_issue, "company_without_number")
        self.assertFalse(self.customer().data_issue)
        self.assertFalse(self.customer(self.consumer).data_issue)
        action = self.env.ref("l10n_be_followup.followup_customer_action_data")
        domain = fields.Domain(safe_eval(action.domain)) & fields.Domain("data_issue", "!=", False)
        self.assertEqual(self.env["followup.customer"].search(domain), customer)
        self.assertIn(bare.followup_data_issue, customer.data_issue_text)

    def test_an_issue_is_put_right_in_the_list(self):
        bare = self.env["res.partner"].create({"name": "Bareel", "is_company": True, "email": "b@bareel.example"})
        self.invoice(bare)
        customer = self.refreshed(bare)
        self.assertEqual((customer.data_issue, customer.regime), ("company_without_number", "b2c"))
        customer.with_user(self.user).partner_vat = "BE0477472701"
        self.assertEqual((customer.data_issue, customer.regime), (False, "b2b"))
        customer.with_user(self.user).partner_regime_manual = "b2c"
        self.assertEqual((customer.data_issue, customer.regime), ("consumer_with_number", "b2c"))
        with self.assertRaises(AccessError):
            customer.with_user(self.reader).partner_regime_manual = "b2b"

    # Insolvency

    def test_bankruptcy_makes_one_task_and_stops_everything(self):
        self.invoice(amount=1000.0, due=date(2026, 8, 3))
        customer = self.refreshed()
        self.assertEqual(customer.state, "action")
        self.business.with_user(self.user).write(
            {"followup_insolvency": "bankruptcy", "followup_insolvency_date": date(2026, 11, 12)}
        )
        customer._refresh()
        kind = self.env.ref("l10n_be_followup.mail_activity_type_curator")
        tasks = customer.activity_ids.filtered(lambda task: task.activity_type_id == kind)
        self.assertEqual(len(tasks), 1)
        self.assertEqual(tasks.date_deadline, date(2026, 12, 12))
        self.assertIn("curator", tasks.note)
        self.assertEqual(customer.state, "held")
        self.assertIn("insolvency", self.codes(customer.item_ids))
        self.assertIn("curator", customer.insolvency_text)
        self.assertFalse(self.night().notice_count)
        # The judgment was of another day: the same task, another deadline.
        self.business.followup_insolvency_date = date(2026, 11, 16)
        self.business.followup_insolvency = "bankruptcy"
        tasks = customer.activity_ids.filtered(lambda task: task.activity_type_id == kind)
        self.assertEqual(tasks.mapped("date_deadline"), [date(2026, 12, 16)])
        tasks.action_done()
        self.business.followup_insolvency_date = date(2026, 11, 17)
        self.assertFalse(customer.activity_ids.filtered(lambda task: task.activity_type_id == kind))

    def test_a_bankruptcy_by_mistake_leaves_no_task(self):
        self.invoice()
        customer = self.refreshed()
        self.business.followup_insolvency = "bankruptcy"
        self.assertEqual(customer.activity_ids.date_deadline, TODAY)
        self.business.followup_insolvency = False
        self.assertFalse(customer.activity_ids)
        self.business.followup_insolvency = "reorganisation"
        self.assertIn("list of creditors", customer.activity_ids.note)

    # Charges and buttons

    def test_charges_stand_on_customer_and_invoice(self):
        self.company.followup_min_gap = 0
        move = self.invoice(amount=1000.0, due=date(2026, 8, 3))
        self.business_policy.level_ids.write({"claim_interest": True, "claim_compensation": True})
        self.night()
        notice = self.notices()
        self.deliver(notice)
        self.env["followup.charge"].sudo()._claim_from(notice)
        customer = self.customer()
        self.assertEqual(customer.charge_count, 2)
        self.assertAlmostEqual(customer.amount_charged, notice.amount_interest + 40.0)
        self.assertEqual(customer.amount_charged_outstanding, 0.0)
        self.assertEqual(move.followup_charge_count, 2)
        self.assertAlmostEqual(move.followup_charge_amount, customer.amount_charged)
        self.assertEqual(move.with_user(self.biller).followup_charge_count, 2)
        self.pay(move)
        customer = self.refreshed()
        self.assertAlmostEqual(customer.amount_charged_outstanding, customer.amount_charged)
        charges = self.env["followup.charge"].search(customer.action_open_charges()["domain"])
        self.assertEqual(len(charges), 2)

    def test_a_call_next_is_the_first_button(self):
        self.invoice()
        customer = self.refreshed()
        self.assertFalse(customer.next_is_call)
        customer.next_level_id.write({"channel_email": False, "channel_call": True})
        self.assertTrue(self.refreshed().next_is_call)

    # Clauses

    def test_the_warning_comes_while_typing(self):
        with Form(self.env["followup.terms"]) as form:
            form.name = "Te hoog"
            form.regime = "b2c"
            self.assertFalse(form.warning)
            form.compensation = "percent"
            form.percent = 10.0
            form.amount = 20.0
            self.assertIn("XIX.4", form.warning)
            form.amount = -1.0
            self.assertFalse(form.warning)
            form.amount = 0.0
            form.compensation = "scale"
            form.interest = "rate"
            form.rate = 25.0
            self.assertIn("XIX.4", form.warning)
            form.interest = "statutory"
            self.assertFalse(form.warning)

    # Settings

    def test_the_choices_are_kept_on_the_root_company(self):
        settings = self.env["res.config.settings"].create({})
        settings.followup_small_creditor = True
        settings.followup_year_days = "actual"
        settings.followup_terms_b2c_id = self.consumer_clause
        settings.followup_max_contacts = 3
        settings.execute()
        self.assertTrue(self.company.followup_small_creditor)
        self.assertEqual(self.company.followup_year_days, "actual")
        self.assertEqual(self.company.followup_terms_b2c_id, self.consumer_clause)
        self.assertEqual(self.company.followup_max_contacts, 3)
