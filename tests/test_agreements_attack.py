from datetime import date, datetime, timedelta

from freezegun.api import freeze_time
from odoo import Command, http
from odoo.exceptions import AccessError, UserError
from odoo.tests import HttpCase, new_test_user, tagged

from .common import TODAY, FollowupCommon

HOSTILE = '<a href="https://evil.example">Log in</a><img src="https://evil.example/x.png"/>'


@tagged("post_install_l10n", "post_install", "-at_install")
class TestAgreementsAttack(FollowupCommon):
    """What could go wrong with promises, disputes and arrangements, tried before a customer does."""

    PLAN = ((date(2026, 12, 1), 100.0), (date(2027, 1, 4), 100.0))

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.user = new_test_user(
            cls.env,
            "attack-user",
            "base.group_user,l10n_be_followup.l10n_be_followup_group_user",
            company_id=cls.company.id,
        )

    def at(self, day):
        return freeze_time(datetime(day.year, day.month, day.day, 10), real_asyncio=True)

    def item(self, move):
        return self.refreshed(move.partner_id).item_ids.filtered(lambda item: item.move_id == move)

    def arrange(self, move, instalments=PLAN, amount=None, confirm=True, partner=None, **options):
        item = self.item(move)
        arrangement = self.env["followup.arrangement"]._arrange(
            item.customer_id, [(item, amount or move.amount_residual)], list(instalments), **options
        )
        if confirm:
            arrangement.action_confirm()
        return arrangement

    def dispute(self, move, amount=None, code="other"):
        item = self.item(move)
        reason = self.env["followup.dispute.reason"].search([("code", "=", code)], limit=1)
        return self.env["followup.dispute"]._dispute(
            item.customer_id, [(item, amount or move.amount_residual)], reason, note="x"
        )

    def promise(self, move, day=date(2026, 11, 25), amount=None):
        item = self.item(move)
        return self.env["followup.promise"]._promise(item.customer_id, item, amount or move.amount_residual, day)

    def credit(self, move, amount):
        """A credit note on this invoice."""
        note = self.credit_note(move.partner_id, amount, TODAY)
        (note.line_ids + move.line_ids).filtered(
            lambda line: line.account_type == "asset_receivable" and not line.reconciled
        ).reconcile()
        return note

    def pay_with(self, move, amount, reference, day=TODAY):
        """Money on the bank with a structured communication, reconciled with the invoice."""
        bank = self.company_data["default_journal_bank"]
        entry = self.env["account.move"].create(
            {
                "journal_id": bank.id,
                "date": day,
                "ref": reference,
                "line_ids": [
                    Command.create({"account_id": bank.default_account_id.id, "debit": amount, "name": reference}),
                    Command.create(
                        {
                            "account_id": self.company_data["default_account_receivable"].id,
                            "partner_id": move.partner_id.id,
                            "credit": amount,
                            "name": reference,
                        }
                    ),
                ],
            }
        )
        entry.action_post()
        (entry.line_ids + move.line_ids).filtered(
            lambda line: line.account_type == "asset_receivable" and not line.reconciled
        ).reconcile()
        return entry

    def bank_line(self, day):
        self.env["account.bank.statement.line"].create(
            {
                "journal_id": self.company_data["default_journal_bank"].id,
                "date": day,
                "payment_ref": "something else",
                "amount": 1.0,
            }
        )

    # Cents

    def test_a_credit_note_for_a_dispute_pays_no_instalment(self):
        move = self.invoice(amount=300)
        self.dispute(move, 100)
        arrangement = self.arrange(move, amount=200)
        self.pay(move, 100)
        self.refreshed()
        self.assertEqual(arrangement.amount_paid, 100)
        self.credit(move, 100)
        self.refreshed()
        self.assertEqual(arrangement.amount_paid, 100, "we gave the disputed part up; he paid one instalment")
        self.assertEqual(arrangement.state, "active")
        self.assertEqual(self.codes(self.items()), {"arrangement"})
        self.pay(move, 100)
        self.refreshed()
        self.assertEqual(arrangement.state, "completed")

    def test_a_credit_note_for_a_dispute_keeps_no_promise(self):
        move = self.invoice(amount=300)
        self.dispute(move, 200)
        promise = self.promise(move, amount=100)
        self.credit(move, 200)
        self.refreshed()
        self.assertEqual(promise.state, "active")
        self.pay(move, 100)
        self.refreshed()
        self.assertEqual(promise.state, "kept")

    def test_an_older_payment_that_returns_is_no_missed_instalment(self):
        move = self.invoice(amount=300)
        old = self.pay(move, 100)
        arrangement = self.arrange(move)
        old.line_ids.remove_move_reconcile()  # the direct debit came back
        self.refreshed()
        self.pay_with(move, 100, arrangement.instalment_ids[0].reference)
        self.refreshed()
        self.assertEqual(arrangement.instalment_ids.mapped("state"), ["paid", "planned"])
        self.assertEqual(self.items().move_id.amount_residual, 200)

    def test_an_older_payment_that_returns_does_not_break_a_promise(self):
        move = self.invoice(amount=300)
        old = self.pay(move, 100)
        promise = self.promise(move)
        old.line_ids.remove_move_reconcile()
        self.refreshed()
        self.pay(move, 200)
        self.refreshed()
        self.assertEqual(promise.state, "kept")

    def test_an_older_payment_undone_and_done_again_changes_nothing(self):
        move = self.invoice(amount=300)
        old = self.pay(move, 100)
        arrangement = self.arrange(move)
        old.line_ids.remove_move_reconcile()
        self.refreshed()
        (old.line_ids + move.line_ids).filtered(
            lambda line: line.account_type == "asset_receivable" and not line.reconciled
        ).reconcile()
        self.refreshed()
        self.assertEqual(arrangement.amount_paid, 0)
        self.pay(move, 100)
        self.refreshed()
        self.assertEqual(arrangement.amount_paid, 100)

    def test_a_standing_order_with_the_reference_of_the_previous_arrangement(self):
        move = self.invoice(amount=300)
        first = self.arrange(move, amount=200)
        old = first.instalment_ids[0].reference
        second = self.arrange(move, [(date(2026, 12, 1), 150.0), (date(2027, 1, 4), 50.0)], amount=200, previous=first)
        self.pay_with(move, 100, old)
        self.refreshed()
        self.assertEqual(second.amount_paid, 100)

    def test_what_was_waived_is_not_asked_for(self):
        move = self.invoice(amount=200)
        item = self.item(move)
        charge = self.env["followup.charge"].sudo().create(
            {
                "customer_id": item.customer_id.id, "company_id": self.company.id, "move_id": move.id,
                "item_id": item.id, "name": "x", "kind": "compensation", "currency_id": move.currency_id.id,
                "amount": 40.0,
            }
        )  # fmt: skip
        arrangement = self.arrange(move, [(date(2026, 12, 1), 240.0)], charges=charge)
        charge._waive("goodwill")
        self.pay(move, 200)
        self.refreshed()
        self.assertEqual(arrangement.state, "completed")

    # Who keeps his arrangement hears nothing

    def missed(self, **options):
        """An arrangement of which the first instalment was missed, and the message about it delivered."""
        move = self.invoice(amount=200)
        arrangement = self.arrange(move, acceleration=True, **options)
        day = date(2026, 12, 8)
        with self.at(day):
            self.night(day)
            notice = self.notices(purpose="missed")
            self.deliver(notice, day)
        return move, arrangement, notice.pay_before

    def test_not_broken_on_old_bank_data(self):
        _move, arrangement, last = self.missed()
        self.company.followup_freshness_days = 3
        self.bank_line(last - timedelta(days=2))
        day = last + timedelta(days=3)
        with self.at(day):
            self.night(day)
            self.assertEqual(arrangement.state, "active", "perhaps he paid, and the bank statement is not in yet")
            self.bank_line(day)
            self.night(day)
            self.assertEqual(arrangement.state, "broken")

    def test_money_in_time_that_was_booked_late(self):
        move, arrangement, last = self.missed()
        day = last + timedelta(days=1)
        with self.at(day):
            self.night(day)
            self.assertEqual(arrangement.state, "broken")
        with self.at(day + timedelta(days=2)):
            self.pay(move, 100, last)
            self.refreshed()
            self.assertEqual(arrangement.state, "active", "the money came on the last day")
            self.assertIn("arrangement", self.codes(self.items()))

    def test_money_after_the_last_day_does_not_mend_it(self):
        move, arrangement, last = self.missed()
        day = last + timedelta(days=1)
        with self.at(day):
            self.night(day)
            self.pay(move, 100, day)
            self.refreshed()
            self.assertEqual(arrangement.state, "broken")

    def test_two_missed_instalments_are_one_message(self):
        move = self.invoice(amount=300)
        self.arrange(
            move, [(date(2026, 12, 1), 100.0), (date(2026, 12, 8), 100.0), (date(2027, 1, 4), 100.0)],
            acceleration=True,
        )  # fmt: skip
        day = date(2026, 12, 17)  # a long time without a night
        with self.at(day):
            self.night(day)
        with self.at(day + timedelta(days=1)):
            self.night(day + timedelta(days=1))
        self.assertEqual(len(self.notices(purpose="missed")), 1)

    def test_accepted_on_the_last_day_is_not_missed_already(self):
        self.company.followup_plan_offer_days = 20
        arrangement = self.arrange(self.invoice(amount=200), acceptance=True)
        self.assertLessEqual(arrangement.offer_until, arrangement.instalment_ids[0].date)

    def test_an_insolvent_customer_accepts_nothing(self):
        arrangement = self.arrange(self.invoice(amount=200), acceptance=True)
        self.business.with_company(self.company).followup_insolvency = "bankruptcy"
        with self.assertRaises(UserError):
            arrangement._accept("Jan", "10.0.0.1")
        self.assertEqual(arrangement.state, "proposed")

    def test_a_consumer_after_all_pays_no_costs(self):
        move = self.invoice(amount=200)
        arrangement = self.arrange(move, [(date(2026, 12, 1), 115.0), (date(2027, 1, 4), 100.0)], admin=15.0)
        move.followup_regime = "b2c"
        self.refreshed()
        self.assertTrue(arrangement.trouble, "a person takes the costs out")
        day = date(2026, 11, 27)
        with self.at(day):
            self.night(day)
        self.assertFalse(self.notices(purpose="instalment"))

    # Two things about one invoice

    def test_a_draft_approved_after_a_promise(self):
        move = self.invoice(amount=200)
        arrangement = self.arrange(move, confirm=False)
        promise = self.promise(move)
        arrangement.action_confirm()
        self.assertEqual(promise.state, "cancelled", "a promise that the arrangement replaces cannot be broken")

    def test_a_draft_approved_after_a_dispute(self):
        move = self.invoice(amount=200)
        arrangement = self.arrange(move, confirm=False)
        self.dispute(move, 50)
        with self.assertRaises(UserError):
            arrangement.action_confirm()

    def test_reinstated_after_a_promise(self):
        move, arrangement, last = self.missed()
        day = last + timedelta(days=1)
        with self.at(day):
            self.night(day)
            promise = self.promise(move, day + timedelta(days=3))
            arrangement.action_reinstate()
            self.assertEqual(arrangement.state, "active")
            self.assertEqual(promise.state, "cancelled")

    def test_reinstated_after_a_dispute(self):
        move, arrangement, last = self.missed()
        day = last + timedelta(days=1)
        with self.at(day):
            self.night(day)
            self.dispute(move, 50)
            with self.assertRaises(UserError):
                arrangement.action_reinstate()

    def test_a_dispute_opened_again_after_an_arrangement(self):
        move = self.invoice(amount=200)
        dispute = self.dispute(move, 50)
        dispute.action_withdraw()
        self.arrange(move)
        with self.assertRaises(UserError):
            dispute.action_reopen()

    # Work for people

    def test_trouble_is_told_once_whatever_the_language(self):
        move = self.invoice(amount=200)
        arrangement = self.arrange(move)
        move.button_draft()
        for word in ("Amend", "Wijzig", "Modifiez"):
            arrangement.sudo()._in_trouble(arrangement.cover_ids, f"{move.name}: {word}")
        self.assertEqual(len(arrangement.activity_ids), 1)

    def test_ask_the_manager_once(self):
        self.company.followup_plan_max_amount = 100
        move = self.invoice(amount=200)
        arrangement = self.arrange(move, confirm=False).with_user(self.user)
        arrangement.action_confirm()
        arrangement.action_confirm()
        self.assertEqual(arrangement.state, "draft")
        self.assertEqual(len(arrangement.sudo().activity_ids), 1)
        with self.assertRaises(UserError):
            arrangement.action_approve()

    def test_ones_own_activity_stays(self):
        arrangement = self.arrange(self.invoice(amount=200), confirm=False)
        own = arrangement.activity_schedule("mail.mail_activity_data_todo", summary="Mine", user_id=self.user.id)
        own.automated = False
        arrangement.action_confirm()
        arrangement.action_cancel()
        self.assertTrue(own.exists())

    def test_a_person_hears_of_a_proposal_that_lapsed(self):
        arrangement = self.arrange(self.invoice(amount=200), acceptance=True)
        arrangement._decline("Please fifty a month.")
        day = arrangement.offer_until + timedelta(days=1)
        with self.at(day):
            self.night(day)
        self.assertEqual(arrangement.state, "cancelled")
        self.assertTrue(arrangement.activity_ids)

    def test_no_html_of_a_customer_in_the_work_of_people(self):
        arrangement = self.arrange(self.invoice(amount=200), acceptance=True)
        arrangement._decline(HOSTILE)
        self.assertNotIn("<img", arrangement.activity_ids.note)
        self.assertIn("&lt;a href", arrangement.activity_ids.note)
        for message in arrangement.message_ids | arrangement.customer_id.message_ids:
            self.assertNotIn("<img", message.body)
        dispute = self.dispute(self.invoice(amount=50))
        dispute.sudo().note = HOSTILE
        dispute._plan_solution()
        self.assertNotIn("<img", dispute._planned().note)

    def test_no_html_of_a_customer_in_notifications(self):
        self.business.name = "Evil" + HOSTILE
        arrangement = self.arrange(self.invoice(amount=200), acceptance=True)
        last = self.env["mail.message"].sudo().search([], order="id desc", limit=1)
        arrangement._accept(HOSTILE, "10.0.0.1")
        for message in self.env["mail.message"].sudo().search([("id", ">", last.id)]):
            self.assertNotIn("<img", message.body or "")

    # Rights

    def test_a_user_gives_no_year_to_catch_up(self):
        _move, arrangement, last = self.missed()
        day = last + timedelta(days=1)
        with self.at(day):
            self.night(day)
            with self.assertRaises(UserError):
                arrangement.with_user(self.user).action_reinstate(3650)
            with self.assertRaises(UserError):
                arrangement.with_user(self.user).action_reinstate(-5)
            arrangement.with_user(self.user).action_reinstate()
            self.assertEqual(arrangement.state, "active")

    def test_nobody_without_rights_reads_or_does(self):
        move = self.invoice(amount=300)
        promise = self.promise(self.invoice(amount=10))
        dispute = self.dispute(self.invoice(amount=10))
        arrangement = self.arrange(move, amount=200)
        outsiders = [
            new_test_user(self.env, "attack-internal", "base.group_user", company_id=self.company.id),
            new_test_user(self.env, "attack-invoice", "account.group_account_invoice", company_id=self.company.id),
            new_test_user(self.env, "attack-portal", "base.group_portal", company_id=self.company.id),
        ]
        records = [promise, dispute, arrangement, arrangement.instalment_ids, arrangement.cover_ids,
                   arrangement.notice_ids]  # fmt: skip
        steps = {
            promise: ["action_cancel", "action_restore"],
            dispute: ["action_accept", "action_withdraw", "action_reopen", "action_extend", "action_check_payments"],
            arrangement: ["action_confirm", "action_approve", "action_cancel", "action_reinstate", "action_send"],
            arrangement.notice_ids: ["action_approve", "action_send_now", "action_reject", "action_retry"],
        }
        reader = new_test_user(self.env, "attack-reader", "account.group_account_readonly", company_id=self.company.id)
        for user in (*outsiders, reader):
            for record in records:
                own = record.with_user(user)
                own.invalidate_recordset()
                with self.subTest(user=user.login, model=record._name):
                    if user != reader:
                        with self.assertRaises(AccessError):
                            own.read(["id", "create_date"])
                    for vals in ({"state": "paid"}, {"note": "x"}):
                        if next(iter(vals)) in record._fields:
                            with self.assertRaises(UserError):
                                own.write(vals)
                    for step in steps.get(record, ()):
                        with self.assertRaises(UserError):
                            getattr(own, step)()
        user = arrangement.with_user(self.user)
        for vals in ({"accepted_name": "x"}, {"state": "completed"}, {"instalment_ids": [Command.clear()]},
                     {"cover_ids": [Command.clear()]}, {"access_token": "x"}, {"grace_days": 99}):  # fmt: skip
            with self.subTest(vals=vals), self.assertRaises(UserError):
                user.write(vals)
        with self.assertRaises(UserError):
            user.instalment_ids.write({"amount": 1})
        with self.assertRaises(UserError):
            user.instalment_ids.unlink()
        with self.assertRaises(UserError):
            user.copy()

    # Odd currencies, terms, merges

    def test_currencies_without_and_with_three_decimals(self):
        for code, total, plan in (("JPY", 10001, (3333, 3333, 3335)), ("KWD", 100.001, (33.333, 33.333, 33.335))):
            with self.subTest(code=code):
                currency = self.env["res.currency"].with_context(active_test=False).search([("name", "=", code)])
                currency.active = True
                currency.rounding = 1 if code == "JPY" else 0.001
                partner = self.business.copy({"name": code, "email": f"{code}@x.example"})
                move = self.invoice(partner, amount=total, currency_id=currency.id)
                days = (date(2026, 12, 1), date(2027, 1, 4), date(2027, 2, 1))
                arrangement = self.arrange(move, list(zip(days, plan, strict=True)))
                for place, (day, amount) in enumerate(zip(days, plan, strict=True), start=1):
                    with self.at(day):
                        self.night(day)
                        self.register(move, amount, day)
                        self.refreshed(partner)
                        self.assertEqual(set(arrangement.instalment_ids[:place].mapped("state")), {"paid"})
                self.assertEqual(arrangement.state, "completed")
                self.assertFalse(self.notices(partner, purpose="level"))
                self.assertFalse(self.notices(partner, purpose="missed"))

    def register(self, move, amount, day):
        self.env["account.payment.register"].with_context(
            active_model="account.move.line",
            active_ids=move.line_ids.filtered(lambda line: line.account_type == "asset_receivable").ids,
        ).create({"amount": amount, "currency_id": move.currency_id.id, "payment_date": day}).action_create_payments()
        # on the bank
        payment = move.matched_payment_ids.sorted("id")[-1:]
        if payment.move_id:
            return
        bank = self.company_data["default_journal_bank"]
        value = move.currency_id._convert(amount, self.company.currency_id, self.company, day)
        entry = self.env["account.move"].create(
            {
                "journal_id": bank.id,
                "date": day,
                "line_ids": [
                    Command.create(
                        {
                            "account_id": account.id,
                            "partner_id": move.partner_id.id,
                            "currency_id": move.currency_id.id,
                            "amount_currency": sign * amount,
                            "balance": sign * value,
                        }
                    )
                    for account, sign in (
                        (bank.default_account_id, 1),
                        (self.company_data["default_account_receivable"], -1),
                    )
                ],
            }
        )
        entry.action_post()
        (entry.line_ids + move.line_ids).filtered(
            lambda line: line.account_type == "asset_receivable" and not line.reconciled
        ).reconcile()
        payment.action_cancel()

    def test_an_invoice_with_terms_has_parts_of_its_own(self):
        term = self.env["account.payment.term"].create(
            {
                "name": "half",
                "line_ids": [
                    Command.create({"value": "percent", "value_amount": 50, "nb_days": 0}),
                    Command.create({"value": "percent", "value_amount": 50, "nb_days": 15}),
                ],
            }
        )
        move = self.invoice(amount=200, invoice_date=date(2026, 10, 15), invoice_payment_term_id=term.id)
        customer = self.refreshed()
        items = customer.item_ids.filtered(lambda item: item.move_id == move)
        self.assertEqual(len(items), 2)
        arrangement = self.env["followup.arrangement"]._arrange(
            customer, [(item, 100.0) for item in items], list(self.PLAN)
        )
        arrangement.action_confirm()
        self.pay(move, 150)
        self.refreshed()
        self.assertEqual(arrangement.amount_paid, 150)
        self.night()
        self.assertFalse(self.notices(purpose="level"))
        self.pay(move, 50)
        self.refreshed()
        self.assertEqual(arrangement.state, "completed")

    def test_merged_customers_keep_their_arrangements(self):
        other = self.business.copy({"name": "Double", "email": "d@x.example", "vat": False})
        mine, theirs = self.arrange(self.invoice(amount=200)), self.arrange(self.invoice(other, amount=200))
        wizard = self.env["base.partner.merge.automatic.wizard"].create({})
        wizard._merge((self.business | other).ids, self.business)
        self.night()
        for arrangement in mine | theirs:
            self.assertEqual(arrangement.partner_id, self.business)
            self.assertFalse(arrangement.trouble)
            self.assertEqual(arrangement.state, "active")
        self.assertFalse(self.notices(purpose="level"))

    def test_back_to_draft_and_posted_again(self):
        move = self.invoice(amount=200)
        arrangement = self.arrange(move)
        move.button_draft()
        self.refreshed()
        self.assertTrue(arrangement.trouble)
        move.action_post()
        self.refreshed()
        self.assertFalse(arrangement.trouble)
        self.assertFalse(arrangement.activity_ids, "nothing to look at any more")
        self.night()
        self.assertFalse(self.notices(purpose="level"))

    def test_nobody_promises_for_the_year_9999(self):
        self.company.followup_promise_max_days = 0
        move = self.invoice(amount=200)
        for day in (date(9999, 12, 31), TODAY + timedelta(days=366)):
            with self.assertRaises(UserError):
                self.promise(move, day)

    # Work of the machine

    def queries(self, count):
        partners = [self.business.copy({"name": f"K{n}", "email": f"k{n}@x.example"}) for n in range(count)]
        for partner in partners:
            self.arrange(self.invoice(partner, amount=200), partner=partner)
        customers = self.env["followup.customer"].sudo().search([("partner_id", "in", [p.id for p in partners])])
        self.env.flush_all()
        counts = {}
        for name, work in (
            ("follow", lambda: self.engine._follow_agreements(self.company, customers, TODAY)),
            ("due", lambda: self.env["followup.arrangement"].sudo()._messages_due(self.company, TODAY, customers)),
            ("list", lambda: customers.arrangement_ids.mapped("amount_paid")),
            ("customers", lambda: customers.mapped("reliability") + customers.mapped("agreement_text")),
        ):
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            work()
            self.env.flush_all()
            counts[name] = self.env.cr.sql_log_count - before
        return counts

    def test_queries_do_not_grow_with_the_number_of_arrangements(self):
        few, many = self.queries(3), self.queries(12)
        for name, count in few.items():
            with self.subTest(work=name):
                self.assertLessEqual(many[name], count + 8, (few, many))


@tagged("post_install_l10n", "post_install", "-at_install")
class TestPagesAttack(HttpCase, FollowupCommon):
    """What somebody sends to the customer's pages who wants to break them."""

    def setUp(self):
        super().setUp()
        move = self.invoice(amount=200)
        customer = self.refreshed()
        item = customer.item_ids.filtered(lambda item: item.move_id == move)
        self.arrangement = self.env["followup.arrangement"]._arrange(
            customer, [(item, 200.0)], [(date(2026, 12, 1), 200.0)], acceptance=True
        )
        self.arrangement.action_confirm()
        self.env.flush_all()

    def send(self, path, **values):
        files = values.pop("files", None)
        data = {"csrf_token": http.Request.csrf_token(self), **values}
        return self.url_open(f"/my/arrangement/{self.arrangement.id}{path}", data=data, files=files)

    def test_hostile_requests_change_nothing(self):
        token = self.arrangement.sudo().access_token
        self.authenticate(None, None)
        for path, values in (
            ("/accept", {"access_token": "", "name": "x"}),
            ("/accept", {"access_token": "None", "name": "x"}),
            ("/accept", {"access_token": "False", "name": "x"}),
            ("/accept", {"name": "x"}),
            ("/accept", {"access_token": token, "name": ""}),
            ("/accept", {"access_token": token, "name": " \t "}),
            ("/accept", {"access_token": token, "files": {"name": ("x.txt", b"x")}}),
            ("/accept", {"name": "x", "files": {"access_token": ("x.txt", b"x")}}),
            ("/accept", {"access_token": token, "name": "x\x00y"}),
            ("/decline", {"access_token": token, "text": "x\x00y"}),
            ("/decline", {"access_token": token, "files": {"text": ("x.txt", b"x")}}),
        ):
            with self.subTest(path=path, values=values):
                answer = self.send(path, **values)
                self.assertLess(answer.status_code, 500)
        self.env.invalidate_all()
        self.assertIn(self.arrangement.state, ("proposed", "active"))

    def test_a_link_alone_accepts_nothing(self):
        self.authenticate(None, None)
        url = f"/my/arrangement/{self.arrangement.id}/accept?access_token={self.arrangement.sudo().access_token}&name=x"
        self.assertGreaterEqual(self.url_open(url).status_code, 400)
        data = {"access_token": self.arrangement.sudo().access_token, "name": "x"}
        self.assertGreaterEqual(self.url_open(url, data=data).status_code, 400)
        self.env.invalidate_all()
        self.assertEqual(self.arrangement.state, "proposed")
