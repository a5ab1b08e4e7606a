from datetime import date

from odoo.exceptions import UserError
from odoo.tests import Form, new_test_user, tagged

from .common import TODAY, FollowupCommon


@tagged("post_install_l10n", "post_install", "-at_install")
class TestArrangeWizard(FollowupCommon):
    """The wizard of a payment arrangement, as a follow-up user fills it in on the phone."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.user = new_test_user(
            cls.env,
            login="arrange_user",
            groups="l10n_be_followup.l10n_be_followup_group_user",
            email="arrange@zilverberk.example",
            company_id=cls.company.id,
            company_ids=[(6, 0, cls.company.ids)],
        )
        # 18 November, a Wednesday, and 14 days: Wednesday 2 December.
        cls.first = date(2026, 12, 2)

    def open_wizard(self, partner=None, user=None, **context):
        customer = self.refreshed(partner)
        model = self.env["followup.arrange.wizard"].with_user(user or self.user).with_company(self.company)
        return Form(model.with_context(default_customer_id=customer.id, **context))

    def confirm(self, form):
        action = form.save().action_confirm()
        self.assertEqual(action["res_model"], "followup.arrangement")
        self.env.invalidate_all()
        return self.env["followup.arrangement"].browse(action["res_id"])

    def parts(self, arrangement):
        return [(part.date, part.amount) for part in arrangement.instalment_ids.sorted("date")]

    def set_item(self, form, move, **values):
        for index in range(len(form.item_ids)):
            with form.item_ids.edit(index) as line:
                if line.move_id == move:
                    for name, value in values.items():
                        setattr(line, name, value)
                    return
        self.fail(f"{move.name} is not in the wizard")

    def test_what_is_overdue_is_proposed_in_three(self):
        late = self.invoice(amount=300)
        self.invoice(amount=500, due=date(2026, 12, 20))
        form = self.open_wizard()
        self.assertEqual(
            [(form.item_ids.edit(index).selected) for index in range(2)],
            [True, False],
        )
        self.assertEqual((form.method, form.number, form.frequency), ("number", 3, "monthly"))
        self.assertEqual(form.first_day, self.first)
        self.assertFalse(form.problem)
        self.assertIn("3 ×", form.schedule_html)
        self.assertEqual(form.amount_total, 300)
        self.assertEqual(form.sent_to, self.business.email)
        arrangement = self.confirm(form)
        self.assertEqual(arrangement.state, "active")
        self.assertEqual(arrangement.cover_ids.move_id, late)
        self.assertEqual(
            self.parts(arrangement),
            [(self.first, 100), (date(2027, 1, 4), 100), (date(2027, 2, 2), 100)],
            "2 January 2027 is a Saturday",
        )
        [notice] = self.notices(purpose="arrangement")
        self.assertEqual(notice.state, "queued")
        self.assertEqual(self.env["mail.activity"].search_count([("res_model", "=", "followup.arrangement")]), 0)

    def test_part_of_an_invoice(self):
        first, second = self.invoice(amount=300), self.invoice(amount=200)
        form = self.open_wizard()
        self.set_item(form, first, amount=120.5)
        self.set_item(form, second, selected=False)
        self.assertEqual(form.amount_total, 120.5)
        self.set_item(form, first, amount=300.01)
        self.assertIn(first.name, form.problem)
        self.assertIn("300.00", form.problem)
        self.assertFalse(form.schedule_html)
        with self.assertRaisesRegex(UserError, first.name):
            form.save().action_confirm()
        self.set_item(form, first, amount=120.5)
        self.assertFalse(form.problem)
        arrangement = self.confirm(form)
        cover = arrangement.cover_ids
        self.assertEqual((cover.amount, cover.outside), (120.5, 179.5))

    def test_an_amount_that_is_typed_is_meant(self):
        move = self.invoice(amount=300, due=date(2026, 12, 20))
        form = self.open_wizard()
        self.assertIn("Tick", form.problem)
        self.set_item(form, move, amount=50)
        self.assertEqual(form.amount_total, 50)

    def test_by_amount(self):
        self.invoice(amount=310)
        form = self.open_wizard()
        form.method = "amount"
        self.assertTrue(form.problem)
        form.amount = 100
        form.frequency = "biweekly"
        arrangement = self.confirm(form)
        self.assertEqual([amount for _day, amount in self.parts(arrangement)], [100, 100, 100, 10])
        self.assertEqual(self.parts(arrangement)[1][0], date(2026, 12, 16))

    def test_whole_amounts_with_the_difference_at_the_end(self):
        self.invoice(amount=100.55)
        form = self.open_wizard()
        self.assertTrue(form.whole)
        self.assertIn("2 ×", form.schedule_html)
        arrangement = self.confirm(form)
        self.assertEqual([amount for _day, amount in self.parts(arrangement)], [33, 33, 34.55])

    def test_down_payment(self):
        self.invoice(amount=400)
        form = self.open_wizard()
        form.down_payment = 100
        self.assertEqual(form.down_payment_day, TODAY)
        form.down_payment_day = date(2026, 12, 3)
        self.assertIn("earlier", form.problem)
        form.down_payment_day = date(2026, 11, 21)
        form.month_day = 31
        arrangement = self.confirm(form)
        self.assertEqual(
            self.parts(arrangement),
            [
                (date(2026, 11, 23), 100),
                (date(2026, 12, 31), 100),
                (date(2027, 2, 1), 100),
                (date(2027, 3, 1), 100),
            ],
            "the last day of a month, moved off the weekend",
        )

    def test_own_dates(self):
        self.invoice(amount=400)
        form = self.open_wizard()
        form.method = "dates"
        self.assertEqual(len(form.instalment_ids), 3, "the dates on the screen are the beginning")
        with form.instalment_ids.edit(0) as line:
            line.date = date(2026, 12, 25)
            line.amount = 150.0
        form.instalment_ids.remove(1)
        with form.instalment_ids.new() as line:
            line.date = date(2027, 3, 15)
        self.assertFalse(form.problem)
        with form.instalment_ids.edit(2) as line:
            line.date = date(2026, 12, 25)
        self.assertIn("twice", form.problem)
        with form.instalment_ids.edit(2) as line:
            line.date = date(2027, 3, 15)
        arrangement = self.confirm(form)
        self.assertEqual(
            self.parts(arrangement),
            [(date(2026, 12, 28), 150), (date(2027, 2, 2), 125), (date(2027, 3, 15), 125)],
            "Christmas is a Friday",
        )

    def test_own_amounts_must_fit(self):
        self.invoice(amount=400)
        form = self.open_wizard()
        form.method = "dates"
        for index, amount in enumerate((100, 100, 150)):
            with form.instalment_ids.edit(index) as line:
                line.amount = amount
        self.assertIn("350.00", form.problem)
        with form.instalment_ids.edit(2) as line:
            line.amount = 200
        self.assertFalse(form.problem)

    def test_mistakes_are_named_not_raised(self):
        self.invoice(amount=3)
        form = self.open_wizard()
        for values, words in (
            ({"number": 0}, "1 or more"),
            ({"number": 700}, "more than 600|more instalments than cents"),
            ({"number": 3, "first_day": date(2026, 11, 17)}, "is over"),
            ({"first_day": False}, "first instalment"),
            ({"first_day": self.first, "month_day": 32}, "1 to 31"),
            ({"month_day": 0, "down_payment": 3}, "less than the total"),
            ({"down_payment": -1}, "negative"),
            ({"down_payment": 0, "method": "amount", "amount": 0}, "how much"),
            ({"amount": 0.001}, "how much"),
        ):
            for name, value in values.items():
                setattr(form, name, value)
            self.assertRegex(form.problem or "", words, values)
            self.assertFalse(form.schedule_html)
        form.amount = 1
        self.assertFalse(form.problem)

    def test_a_consumer_pays_no_interest_nor_costs(self):
        self.company.write({"followup_plan_admin_amount": 15, "followup_plan_interest": 8})
        self.invoice(partner=self.consumer, amount=300)
        form = self.open_wizard(self.consumer)
        self.assertTrue(form.consumer)
        for name in ("admin", "percent", "full_interest"):
            with self.assertRaises(AssertionError):
                setattr(form, name, 10)  # not on the screen
        self.assertEqual((form.amount_total, form.amount_interest), (300, 0))
        arrangement = self.confirm(form)
        self.assertTrue(arrangement.consumer)
        self.assertEqual((arrangement.amount_admin, arrangement.amount_interest), (0, 0))

    def test_a_business_with_interest_and_administration(self):
        self.company.followup_plan_admin_amount = 25
        self.invoice(amount=1200)
        form = self.open_wizard()
        self.assertEqual(form.admin, 25)
        form.percent = 12
        form.whole = False
        # 1,225 and interest in three; the invoice itself is in all of the first two and the rest of the third:
        # 414.19 for 14 days, 414.19 for 47 and 371.62 for 76, at 12 % a year.
        self.assertEqual(form.amount_interest, 17.59)
        arrangement = self.confirm(form)
        self.assertEqual(arrangement.amount_total, 1242.59)
        self.assertEqual(sum(amount for _day, amount in self.parts(arrangement)), 1242.59)
        kinds = arrangement.env["followup.charge"].search([("arrangement_id", "=", arrangement.id)])
        self.assertEqual(
            dict(kinds.mapped(lambda c: (c.kind, c.amount))), {"administration": 25, "agreed_interest": 17.59}
        )

    def test_claimed_charges_in_or_out(self):
        move = self.invoice(amount=300)
        other = self.invoice(amount=80, due=date(2026, 12, 20))
        customer = self.refreshed()
        for invoice, kind, amount in ((move, "compensation", 40), (move, "interest", 2.5), (other, "compensation", 40)):
            item = customer.item_ids.filtered(lambda item, invoice=invoice: item.move_id == invoice)
            self.env["followup.charge"].sudo().create(
                {
                    "customer_id": customer.id,
                    "company_id": self.company.id,
                    "item_id": item.id,
                    "move_id": invoice.id,
                    "name": invoice.name,
                    "kind": kind,
                    "currency_id": item.currency_id.id,
                    "amount": amount,
                }
            )
        form = self.open_wizard()
        self.assertTrue(form.include_charges)
        self.assertEqual(form.amount_charges, 42.5, "the other invoice is not in it")
        self.assertEqual(form.amount_total, 342.5)
        form.include_charges = False
        self.assertEqual(form.amount_total, 300)
        form.include_charges = True
        arrangement = self.confirm(form)
        self.assertEqual(len(arrangement.charge_ids), 2)
        self.assertEqual(arrangement.amount_charges, 42.5)

    def test_beyond_the_limits_a_manager_looks(self):
        self.company.followup_plan_max_amount = 1000
        self.invoice(amount=1500)
        form = self.open_wizard()
        self.assertTrue(form.needs_manager)
        self.assertRegex(form.limits, "A manager will be asked.*1,500")
        arrangement = self.confirm(form)
        self.assertEqual(arrangement.state, "draft")
        self.assertFalse(self.notices(purpose="arrangement"))
        with self.assertRaises(UserError):
            arrangement.with_user(self.user).action_approve()
        arrangement.action_approve()
        self.assertEqual(arrangement.state, "active")
        self.assertEqual(arrangement.approved_by, self.env.user)
        self.assertTrue(self.notices(purpose="arrangement"))

    def test_a_manager_sees_the_limits_and_goes_on(self):
        self.invoice(amount=120)
        form = self.open_wizard(user=self.env.user)
        form.number = 6
        self.assertFalse(form.needs_manager)
        self.assertIn("20.00", form.limits)
        self.assertEqual(self.confirm(form).state, "active")

    def test_the_customer_accepts_first(self):
        self.company.followup_plan_acceptance = True
        self.invoice(amount=300)
        form = self.open_wizard()
        self.assertTrue(form.acceptance)
        self.assertEqual(self.confirm(form).state, "proposed")

    def test_amend(self):
        move, other = self.invoice(amount=300), self.invoice(amount=90)
        form = self.open_wizard()
        self.set_item(form, other, selected=False)
        form.note = "Works shifts"
        form.frequency = "weekly"
        first = self.confirm(form)
        self.pay(move, 100)
        self.refreshed()
        self.assertEqual(first.amount_paid, 100)
        context = first.with_user(self.user).action_amend()["context"]
        form = self.open_wizard(default_previous_id=context["default_previous_id"])
        self.assertEqual((form.number, form.frequency, form.note), (2, "weekly", "Works shifts"))
        self.assertEqual(form.amount_total, 200)
        self.assertNotIn(first.name, form.warning_html or "")
        form.number = 4
        second = self.confirm(form)
        self.assertEqual(second.previous_id, first)
        self.assertEqual((first.state, second.state), ("cancelled", "active"))
        self.assertEqual(second.cover_ids.filtered("live").mapped("amount"), [200])

    def test_amending_beyond_the_limits_is_for_a_manager(self):
        """While a draft waits nothing is held: a customer who pays as agreed would be chased."""
        self.invoice(amount=300)
        first = self.confirm(self.open_wizard())
        form = self.open_wizard(default_previous_id=first.id)
        form.number = 20
        self.assertRegex(form.problem, "Only a manager.*below")
        with self.assertRaisesRegex(UserError, "Only a manager"):
            form.save().action_confirm()
        self.assertEqual(first.state, "active")
        form = self.open_wizard(user=self.env.user, default_previous_id=first.id)
        form.number = 20
        self.assertEqual(self.confirm(form).state, "active")
        self.assertEqual(first.state, "cancelled")

    def test_a_broken_one_again(self):
        self.company.followup_plan_acceleration = True
        move = self.invoice(amount=300)
        first = self.confirm(self.open_wizard())
        self.pay(move, 100)
        self.refreshed()
        first.sudo()._end("broken", "missed")
        form = self.open_wizard(default_previous_id=first.id)
        self.assertIn("was broken", form.warning_html)
        self.assertEqual((form.amount_total, form.number), (200, 2))
        second = self.confirm(form)
        self.assertEqual((first.state, second.state), ("cancelled", "active"))

    def test_without_a_customer_one_is_chosen(self):
        self.invoice(amount=300)
        customer = self.refreshed()
        form = Form(self.env["followup.arrange.wizard"].with_user(self.user))
        self.assertIn("Choose the customer", form.problem)
        form.customer_id = customer
        self.assertEqual(form.amount_total, 300)
        self.assertEqual(self.confirm(form).customer_id, customer)

    def test_confirmed_twice_and_by_two(self):
        self.invoice(amount=300)
        mine, theirs = self.open_wizard().save(), self.open_wizard(user=self.env.user).save()
        mine.action_confirm()
        name = mine.arrangement_id.name
        with self.assertRaisesRegex(UserError, name):
            mine.action_confirm()
        with self.assertRaisesRegex(UserError, f"in arrangement {name} already|no more than"):
            theirs.action_confirm()
        form = self.open_wizard()
        self.assertFalse(len(form.item_ids), "it is taken")
        self.assertIn(name, form.warning_html)

    def test_a_currency_at_a_time(self):
        dollar = self.setup_other_currency("USD")
        euros = self.invoice(amount=300)
        dollars = self.invoice(amount=500, currency_id=dollar.id)
        form = self.open_wizard()
        self.assertEqual(form.currency_count, 2)
        self.assertEqual(form.currency_id, self.company.currency_id)
        self.assertEqual([form.item_ids.edit(0).move_id], [euros])
        form.currency_id = dollar
        self.assertEqual(len(form.item_ids), 1)
        arrangement = self.confirm(form)
        self.assertEqual((arrangement.currency_id, arrangement.cover_ids.move_id), (dollar, dollars))
        self.assertEqual(arrangement.amount_total, 500)

    def test_another_company_has_its_own(self):
        other = self.setup_other_company()["company"]
        self.invoice(amount=300)
        elsewhere = self.env["followup.customer"]._for_partner(self.business, other)
        self.env.user.company_ids |= other
        form = Form(self.env["followup.arrange.wizard"].with_context(default_customer_id=elsewhere.id))
        self.assertFalse(len(form.item_ids))
        self.assertTrue(form.problem)
        item = self.refreshed().item_ids
        wizard = self.env["followup.arrange.wizard"].create({"customer_id": elsewhere.id})
        wizard.item_ids = [(0, 0, {"item_id": item.id, "selected": True, "amount": 300})]
        with self.assertRaisesRegex(UserError, "one company"):
            wizard.action_confirm()

    def test_what_a_person_should_know(self):
        move, disputed = self.invoice(amount=300), self.invoice(amount=120)
        self.credit_note(self.business, 60)
        customer = self.refreshed()
        item = customer.item_ids.filtered(lambda item: item.move_id == disputed)
        reason = self.env["followup.dispute.reason"].search([], limit=1)
        self.env["followup.dispute"]._dispute(customer, [(item, 120.0)], reason)
        form = self.open_wizard()
        self.assertIn("60.00", form.warning_html)
        self.assertIn(disputed.name, form.warning_html)
        self.assertEqual([form.item_ids.edit(index).move_id for index in range(len(form.item_ids))], [move])
        self.business.email = False
        self.assertIn("e-mail", self.open_wizard().warning_html)

    def test_a_promise_ends_with_the_arrangement(self):
        self.invoice(amount=300)
        customer = self.refreshed()
        promise = self.env["followup.promise"]._promise(customer, customer.item_ids, 300.0, date(2026, 11, 27))
        form = self.open_wizard()
        self.assertEqual(form.amount_total, 300)
        self.assertIn(promise.name, form.warning_html)
        self.confirm(form)
        self.assertEqual(promise.state, "cancelled")
