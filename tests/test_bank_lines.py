from datetime import date, datetime
from unittest.mock import patch

from freezegun.api import freeze_time
from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import new_test_user, tagged

from ..models.account_bank_statement_line import references
from .common import TODAY, FollowupCommon


class BankCommon(FollowupCommon):
    """Arrangements, and money that comes in on the bank."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.bank_journal = cls.company_data["default_journal_bank"]
        cls.clerk = new_test_user(
            cls.env,
            "followup_clerk",
            "account.group_account_basic",
            company_id=cls.company.id,
            company_ids=[Command.set(cls.company.ids)],
        )

    def arrange(self, *moves, instalments, amounts=None, **options):
        partner = moves[0].commercial_partner_id
        customer = self.refreshed(partner)
        parts = [
            (
                customer.item_ids.filtered(lambda item, move=move: item.move_id == move),
                amounts[place] if amounts else move.amount_residual,
            )
            for place, move in enumerate(moves)
        ]
        arrangement = self.env["followup.arrangement"]._arrange(customer, parts, instalments, **options)
        arrangement.action_confirm()
        return arrangement

    def bank(self, text, amount=100.0, user=None, **values):
        """A bank line as an import makes it."""
        return (
            self.env["account.bank.statement.line"]
            .with_user(user or self.env.user)
            .create(
                {
                    "journal_id": self.bank_journal.id,
                    "date": "2026-11-18",
                    "payment_ref": text,
                    "amount": amount,
                    **values,
                }
            )
        )

    def receivable(self, *moves):
        lines = self.env["account.move"].union(*moves).line_ids
        return lines.filtered(lambda line: line.account_type == "asset_receivable")

    def digits(self, record):
        return "".join(filter(str.isdigit, record.reference))


@tagged("post_install_l10n", "post_install", "-at_install")
class TestBankLines(BankCommon):
    """A bank line with one of our references finds its customer, and pays what it is meant for."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.old = cls.invoice(cls, amount=100, due=date(2026, 10, 1))
        cls.young = cls.invoice(cls, amount=120, due=date(2026, 11, 1))

    def plan(self):
        return self.arrange(self.young, self.old, instalments=[(date(2026, 12, 1), 150.0), (date(2027, 1, 4), 70.0)])

    def test_references_in_free_text(self):
        for text in (
            "+++700/0000/01256+++",
            "***700/0000/01256***",
            "700000001256",
            "700 0000 01256",
            "Afbetaling nov. 2026: 700/0000/01256, dank u",
            "REF700000001256/FACT 2026-11",
            "7 0 0 0 0 0 0 0 1 2 5 6",
            "/700/0000/\n01256",
            "12 9 700/0000/01256 2026",
        ):
            with self.subTest(text):
                self.assertEqual(references("iets", text, None), [_valid("700/0000/01256")])
        for text in ("+++700/0000/01257+++", "1700000001256", "7000000012565", "000000001217", "70000000128", ""):
            with self.subTest(text):
                self.assertEqual(references(text), [])

    def test_the_reference_gives_the_partner(self):
        instalment = self.plan().instalment_ids[0]
        digits = self.digits(instalment)
        for text in (
            instalment.reference,
            f"***{digits[:3]}/{digits[3:7]}/{digits[7:]}***",
            f"1e schijf {digits} merci",
            f"{digits[:3]} {digits[3:7]} {digits[7:]}",
        ):
            with self.subTest(text):
                line = self.bank(text, 10, user=self.clerk)
                self.assertEqual(line.partner_id, self.business)
                self.assertEqual(line.sudo().followup_customer_id, self.customer())
                self.assertEqual(line.line_ids.partner_id, self.business)
                self.assertFalse(line.is_reconciled)
        self.assertEqual(self.bank("mededeling", 10, ref=instalment.reference).partner_id, self.business)

    def test_no_partner_without_a_certain_reference(self):
        arrangement = self.plan()
        instalment = arrangement.instalment_ids[0]
        digits = self.digits(instalment)
        wrong = f"{digits[:-1]}{(int(digits[-1]) + 1) % 10}"
        self.assertFalse(self.bank(wrong).partner_id, "wrong check digit")
        self.assertFalse(self.bank(instalment.reference, -100.0).partner_id, "money that goes out")
        self.assertFalse(self.bank("zonder").partner_id)
        stranger = self.env["res.partner"].create({"name": "Derde"})
        line = self.bank(instalment.reference, partner_id=stranger.id)
        self.assertEqual(line.partner_id, stranger, "what the bank file says stays")
        other = self.arrange(
            self.invoice(self.consumer, amount=50), instalments=[(date(2026, 12, 1), 50.0)]
        ).instalment_ids
        line = self.bank(f"{instalment.reference} {other.reference}")
        self.assertFalse(line.partner_id, "references of two customers")
        self.assertFalse(line.followup_customer_id)

    def test_another_company_does_not_answer(self):
        instalment = self.plan().instalment_ids[0]
        other = self.setup_other_company(name="Andere NV")
        line = self.bank(instalment.reference, journal_id=other["default_journal_bank"].id)
        self.assertEqual(line.company_id, other["company"])
        self.assertFalse(line.partner_id)
        self.assertFalse(line.followup_customer_id)
        self.assertFalse(line._followup_items())

    def test_items_of_an_instalment_a_notice_and_a_statement(self):
        later = self.invoice(amount=40, due=date(2026, 12, 15))
        self.night()
        notice = self.notices()
        self.deliver(notice)
        self.assertEqual(notice.reference, _own("9", notice.id))
        line = self.bank(notice.reference)
        self.assertEqual(line.partner_id, self.business)
        self.assertEqual(line._followup_items(), self.receivable(self.old) + self.receivable(self.young))
        line = self.bank(_own("8", self.customer().id))
        self.assertEqual(line.partner_id, self.business)
        self.assertEqual(line._followup_items(), self.receivable(self.old) + self.receivable(self.young))
        self.pay(self.old)
        self.assertEqual(line._followup_items(), self.receivable(self.young))
        arrangement = self.arrange(later, instalments=[(date(2027, 1, 4), 40.0)])
        line = self.bank(arrangement.instalment_ids.reference)
        self.assertEqual(line._followup_items(), self.receivable(later))

    def test_a_notice_answers_to_its_own_reference_only(self):
        move = self.invoice(self.consumer, amount=50)
        self.night()
        notice = self.notices(self.consumer)
        self.assertEqual(notice.reference, move.payment_reference, "one invoice: its own communication")
        self.assertFalse(self.bank(_own("9", notice.id)).partner_id)

    def test_reconcile_oldest_first(self):
        arrangement = self.plan()
        line = self.bank(arrangement.instalment_ids[0].reference, 150, user=self.clerk)
        self.assertTrue(line.followup_to_reconcile)
        self.assertEqual(line.followup_open, 220)
        self.assertEqual(line.followup_open_names, f"{self.old.name}, {self.young.name}")
        self.assertEqual(self._listed(), line)
        line.action_followup_reconcile()
        self.assertTrue(line.is_reconciled)
        self.assertEqual((self.old.amount_residual, self.young.amount_residual), (0, 70))
        self.assertFalse(self._listed())
        self.refreshed()
        self.assertEqual(arrangement.instalment_ids.mapped("state"), ["paid", "planned"])
        self.assertEqual(arrangement.amount_paid, 150)

    def test_undo_counts_back(self):
        arrangement = self.plan()
        line = self.bank(arrangement.instalment_ids[0].reference, 150, user=self.clerk)
        line.action_followup_reconcile()
        self.refreshed()
        line.action_followup_undo()
        self.assertFalse(line.is_reconciled)
        self.assertEqual((self.old.amount_residual, self.young.amount_residual), (100, 120))
        self.refreshed()
        self.assertEqual(arrangement.instalment_ids.mapped("state"), ["planned", "planned"])
        self.assertEqual(arrangement.amount_paid, 0)
        line.action_followup_reconcile()
        self.assertEqual((self.old.amount_residual, self.young.amount_residual), (0, 70))

    def test_more_than_open_stays_as_credit(self):
        arrangement = self.plan()
        line = self.bank(arrangement.instalment_ids[0].reference, 250)
        line.action_followup_reconcile()
        self.assertEqual((self.old.amount_residual, self.young.amount_residual), (0, 0))
        rest = self.receivable(line.move_id).filtered(lambda credit: not credit.reconciled)
        self.assertEqual(rest.amount_residual, -30)
        self.assertEqual(rest.partner_id, self.business)
        self.refreshed()
        self.assertEqual(arrangement.state, "completed")

    def test_at_creation_when_the_company_wants_it(self):
        reference = self.plan().instalment_ids[0].reference
        line = self.bank(reference, 50)
        self.assertFalse(line.is_reconciled, "off after installation")
        self.company.followup_bank_reconcile = True
        line = self.bank(reference, 50, user=self.clerk)
        self.assertTrue(line.is_reconciled)
        self.assertEqual(self.old.amount_residual, 50)
        # Somebody else pays: a person looks.
        stranger = self.env["res.partner"].create({"name": "Derde"})
        line = self.bank(reference, 50, partner_id=stranger.id)
        self.assertFalse(line.is_reconciled)
        line.action_followup_reconcile()
        self.assertEqual(self.old.amount_residual, 0)

    def test_a_locked_period_is_left_alone(self):
        reference = self.plan().instalment_ids[0].reference
        line = self.bank(reference, 50, date="2026-10-10")
        # Odoo refuses to lock a period with open bank lines, but an older or imported database may have them.
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE res_company SET fiscalyear_lock_date = '2026-10-31' WHERE id = %s", [self.company.id]
        )
        self.env.invalidate_all()
        before = line.line_ids
        with self.assertRaisesRegex(UserError, "(?i)lock"):
            line.action_followup_reconcile()
        self.assertEqual(line.line_ids, before)
        self.assertFalse(line.is_reconciled)
        self.assertEqual(self.old.amount_residual, 100)
        # One that cannot be booked does not stop the others, nor the import.
        good = self.bank(reference, 50)
        answer = (line + good).action_followup_reconcile()
        self.assertEqual(answer["tag"], "display_notification")
        self.assertIn(reference, answer["params"]["message"])
        self.assertTrue(good.is_reconciled)
        self.company.followup_bank_reconcile = True
        with patch.object(type(line), "_followup_book", lambda self, shares: (_ for _ in ()).throw(UserError("nee"))):
            line = self.bank(reference, 50)
        self.assertFalse(line.is_reconciled)

    def test_foreign_currency_is_left_alone(self):
        dollar = self.setup_other_currency("USD")
        move = self.invoice(self.consumer, amount=100, currency_id=dollar.id)
        arrangement = self.arrange(move, instalments=[(date(2026, 12, 1), 100.0)])
        line = self.bank(arrangement.instalment_ids.reference, 50)
        self.assertEqual(line.partner_id, self.consumer)
        with self.assertRaisesRegex(UserError, "EUR"):
            line.action_followup_reconcile()
        self.assertFalse(line.is_reconciled)

    def test_paid_before_by_a_payment(self):
        reference = self.plan().instalment_ids[0].reference
        self.pay(self.old)
        self.pay(self.young)
        line = self.bank(reference, 150)
        self.assertFalse(line._followup_items())
        self.assertFalse(line.followup_to_reconcile)
        with self.assertRaisesRegex(UserError, "nothing is open"):
            line.action_followup_reconcile()

    def test_disputed_money_is_not_touched(self):
        customer = self.refreshed()
        item = customer.item_ids.filtered(lambda item: item.move_id == self.old)
        self.env["followup.dispute"]._dispute(
            customer, [(item, 60.0)], self.env["followup.dispute.reason"].search([("freeze", "=", True)], limit=1)
        )
        line = self.bank(_own("8", customer.id), 250)
        shares = {item.move_id: amount for item, amount in line._followup_shares(line._followup_items()).items()}
        self.assertEqual(shares, {self.old: 40, self.young: 120})

    def test_an_arrangement_comes_after_what_is_due(self):
        self.arrange(self.old, instalments=[(date(2026, 12, 1), 100.0)])
        line = self.bank(_own("8", self.customer().id), 150)
        shares = {item.move_id: amount for item, amount in line._followup_shares(line._followup_items()).items()}
        self.assertEqual(shares, {self.old: 30, self.young: 120})

    def test_a_branch(self):
        branch = self.env["res.company"].create(
            {"name": "Zilverberk Luik", "parent_id": self.company.id, "country_id": self.env.ref("base.be").id}
        )
        self.env.user.company_ids |= branch
        reference = self.plan().instalment_ids[0].reference
        journal = self.bank_journal.copy({"company_id": branch.id, "name": "Bank Luik", "code": "BLUI"})
        line = self.bank(reference, 50, journal_id=journal.id)
        self.assertEqual(line.company_id, branch)
        self.assertEqual(line.partner_id, self.business, "the same root company")
        self.assertFalse(line._followup_items(), "an invoice of the head office on the branch's bank: a person looks")

    def test_a_corrected_reference(self):
        reference = self.plan().instalment_ids[0].reference
        line = self.bank("geen", 150, partner_id=self.business.id)
        self.assertFalse(line.followup_customer_id)
        line.with_user(self.clerk).payment_ref = reference
        self.assertEqual(line.followup_customer_id, self.customer())
        line.action_followup_reconcile()
        self.assertEqual(self.young.amount_residual, 70)

    def test_many_lines_in_few_queries(self):
        references_of = self.plan().instalment_ids.mapped("reference")
        model = self.env["account.bank.statement.line"]
        vals = [
            {"journal_id": self.bank_journal.id, "payment_ref": references_of[n % 2], "amount": 1} for n in range(50)
        ]
        model._followup_customers_of(vals)
        self.env.invalidate_all()
        with self.assertQueryCount(12):
            customers = model._followup_customers_of(vals)
        self.assertEqual(len(customers), 50)
        self.assertEqual({customer.partner_id for customer in customers}, {self.business})

    def test_merging_two_customers_keeps_the_link(self):
        reference = self.plan().instalment_ids[0].reference
        line = self.bank(reference, 150)
        other = self.env["res.partner"].create({"name": "Brood NV", "is_company": True})
        self.customer(other)
        self.env["base.partner.merge.automatic.wizard"].create({})._merge((self.business | other).ids, other)
        self.env.invalidate_all()
        self.assertEqual(line.followup_customer_id.partner_id, other)
        line.action_followup_reconcile()
        self.assertEqual(self.young.amount_residual, 70)

    def test_a_broken_arrangement_still_gets_its_money(self):
        arrangement = self.plan()
        arrangement.action_cancel()
        line = self.bank(arrangement.instalment_ids[0].reference, 150)
        line.action_followup_reconcile()
        self.assertEqual((self.old.amount_residual, self.young.amount_residual), (0, 70))

    def test_paid_by_bank_and_seen_by_the_night(self):
        arrangement = self.plan()
        self.company.followup_bank_reconcile = True
        with freeze_time(datetime(2026, 11, 30, 10), real_asyncio=True):
            self.bank(arrangement.instalment_ids[0].reference, 150, date="2026-11-30")
            self.night(date(2026, 11, 30))
            self.assertEqual(arrangement.instalment_ids.mapped("state"), ["paid", "planned"])
            self.assertFalse(self.notices(purpose="instalment"))

    def test_money_with_the_reference_is_for_the_arrangement(self):
        """100 of an invoice of 300 in instalments: who pays with the reference pays his instalment."""
        move = self.invoice(amount=300, due=date(2026, 10, 10))
        arrangement = self.arrange(
            move, instalments=[(date(2026, 12, 1), 50.0), (date(2027, 1, 4), 50.0)], amounts=[100.0]
        )
        first = arrangement.instalment_ids[0]
        self.bank(f"{first.reference} dank u", 50.0).action_followup_reconcile()
        self.refreshed()
        self.assertEqual(arrangement.instalment_ids.mapped("state"), ["paid", "planned"])
        cover = arrangement.cover_ids
        self.assertEqual((cover.paid, cover.rest), (50, 50))
        # Other money goes first to what stayed payable.
        self.pay(move, 120)
        self.refreshed()
        self.assertEqual(arrangement.amount_paid, 50)
        self.pay(move, 110)
        self.refreshed()
        self.assertEqual(arrangement.amount_paid, 80, "80 of 200 were left payable, 30 more are for the arrangement")
        self.assertEqual(arrangement._missed_pieces()[0][2], ((TODAY, 50),))

    def _listed(self):
        action = self.env["ir.actions.act_window"]._for_xml_id("l10n_be_followup.followup_bank_line_action")
        return (
            self.env["account.bank.statement.line"]
            .with_user(self.clerk)
            .search(
                [("followup_customer_id", "!=", False), ("state", "=", "posted"), ("followup_to_reconcile", "=", True)]
            )
            if "followup_customer_id" in action["domain"]
            else None
        )


def _own(prefix, number):
    from ..engine.application import structured_reference

    return structured_reference(prefix, number)


def _valid(text):
    return "".join(filter(str.isdigit, text))
