from datetime import date

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, new_test_user, tagged

from .test_bank_lines import BankCommon


@tagged("post_install_l10n", "post_install", "-at_install")
class TestRegisterPayment(BankCommon):
    """*Register payment* on an instalment pays what it covers, oldest first."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.old = cls.invoice(cls, amount=100, due=date(2026, 10, 1))
        cls.young = cls.invoice(cls, amount=120, due=date(2026, 11, 1))

    def setUp(self):
        super().setUp()
        self.arrangement = self.arrange(
            self.young, self.old, instalments=[(date(2026, 12, 1), 150.0), (date(2027, 1, 4), 70.0)]
        )
        self.first, self.second = self.arrangement.instalment_ids

    def screen(self, instalment, user=None):
        action = instalment.with_user(user or self.env.user).action_register_payment()
        self.assertEqual(action["res_model"], "account.payment.register")
        return Form(
            self.env["account.payment.register"].with_user(user or self.env.user).with_context(**action["context"])
        )

    def confirm(self, form):
        wizard = form.save()
        payments = wizard._create_payments()
        self.refreshed()
        return payments

    def test_it_pays_the_instalment_oldest_first(self):
        clerk = new_test_user(
            self.env,
            "followup_cashier",
            "account.group_account_invoice,l10n_be_followup.l10n_be_followup_group_user",
            company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)],
        )
        form = self.screen(self.first, clerk)
        self.assertEqual((form.amount, form.communication, form.group_payment), (150, self.first.reference, True))
        form.payment_date = "2026-11-17"
        self.assertEqual((form.amount, form.communication), (150, self.first.reference))
        payment = self.confirm(form)
        self.assertEqual((len(payment), payment.amount, payment.memo), (1, 150, self.first.reference))
        self.assertEqual((self.old.amount_residual, self.young.amount_residual), (0, 70))
        self.assertEqual(self.arrangement.instalment_ids.mapped("state"), ["paid", "planned"])
        with self.assertRaisesRegex(UserError, "paid already"):
            self.first.action_register_payment()
        form = self.screen(self.second)
        self.assertEqual(form.amount, 70)
        self.confirm(form)
        self.assertEqual(self.arrangement.state, "completed")

    def test_only_the_lines_that_the_amount_needs(self):
        self.pay(self.old, 60)
        action = self.first.action_register_payment()
        self.assertEqual(action["context"]["default_amount"], 90)
        self.assertEqual(action["context"]["active_ids"], (self.receivable(self.old) + self.receivable(self.young)).ids)
        self.pay(self.old, 40)
        action = self.first.action_register_payment()
        self.assertEqual(action["context"]["default_amount"], 50)
        self.assertEqual(action["context"]["active_ids"], self.receivable(self.young).ids)

    def test_a_typed_amount_is_kept(self):
        form = self.screen(self.first)
        form.amount = 30
        self.assertEqual(form.communication, self.first.reference)
        self.confirm(form)
        self.assertEqual((self.old.amount_residual, self.young.amount_residual), (70, 120))
        self.assertEqual(self.first.state, "partly")
        self.assertEqual(self.first.amount_open, 120)

    def test_two_receivable_accounts(self):
        account = self.receivable(self.young).account_id.copy({"code": "400999"})
        self.business.property_account_receivable_id = account
        third = self.invoice(amount=80, due=date(2026, 11, 5))
        self.arrangement.action_cancel()
        arrangement = self.arrange(self.old, third, instalments=[(date(2026, 12, 1), 90.0), (date(2027, 1, 4), 90.0)])
        first, second = arrangement.instalment_ids
        self.assertEqual(first.action_register_payment()["context"]["active_ids"], self.receivable(self.old).ids)
        self.pay(self.old, 90)
        self.refreshed()
        with self.assertRaisesRegex(UserError, "different receivable accounts"):
            second.action_register_payment()

    def test_the_first_batch_that_is_enough(self):
        """The oldest invoices that one payment can pay together, when they are enough."""
        banks = self.env["res.partner.bank"].create(
            [
                {"acc_number": number, "partner_id": self.company.partner_id.id, "allow_out_payment": True}
                for number in ("BE68539007547034", "BE71096123456769")
            ]
        )
        moves = [
            self.invoice(self.consumer, amount=100, due=due, partner_bank_id=bank.id)
            for due, bank in (
                (date(2026, 10, 1), banks[0]),
                (date(2026, 10, 5), banks[1]),
                (date(2026, 10, 9), banks[0]),
            )
        ]
        arrangement = self.arrange(*moves, instalments=[(date(2026, 12, 1), 150.0), (date(2027, 1, 4), 150.0)])
        first, second = arrangement.instalment_ids
        action = first.action_register_payment()
        self.assertEqual(action["context"]["active_ids"], self.receivable(moves[0], moves[2]).ids)
        self.confirm(Form(self.env["account.payment.register"].with_context(**action["context"])))
        self.assertEqual([move.amount_residual for move in moves], [0, 100, 50])
        self.refreshed(self.consumer)
        self.assertEqual(first.state, "paid")
        with self.assertRaisesRegex(UserError, "different bank accounts"):
            second.action_register_payment()

    def test_what_is_left_is_costs(self):
        self.arrangement.action_cancel()
        arrangement = self.arrange(
            self.old, instalments=[(date(2026, 12, 1), 100.0), (date(2027, 1, 4), 10.0)], admin=10.0
        )
        self.confirm(self.screen(arrangement.instalment_ids[0]))
        action = arrangement.instalment_ids[1].action_register_payment()
        self.assertEqual(action["res_model"], "account.payment")
        form = Form(self.env["account.payment"].with_context(**action["context"]))
        payment = form.save()
        self.assertEqual(
            (payment.amount, payment.partner_id, payment.memo),
            (10, self.business, arrangement.instalment_ids[1].reference),
        )
        payment.action_post()
        self.refreshed()
        self.assertEqual(arrangement.state, "completed")

    def test_not_in_force(self):
        self.arrangement.action_cancel()
        with self.assertRaisesRegex(UserError, "not in force"):
            self.first.action_register_payment()

    def test_a_reader_cannot(self):
        reader = new_test_user(
            self.env,
            "followup_looker",
            "account.group_account_readonly",
            company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)],
        )
        with self.assertRaises(AccessError):
            self.first.with_user(reader).action_register_payment()
