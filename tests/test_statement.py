import base64
import io
from datetime import date
from decimal import Decimal
from unittest.mock import patch

from lxml import html
from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged
from openpyxl import load_workbook
from pypdf import PdfReader

from ..report import followup_statement
from ..report.followup_statement_xlsx import _sheet_name
from .common import TODAY, FollowupCommon

#: The day of the worked example in the law package: 1210.00 due on 15 June bears 55.35 until then.
ORACLE_DAY = date(2026, 11, 21)


@tagged("post_install_l10n", "post_install", "-at_install")
class TestStatement(FollowupCommon):
    def build(self, partner=None, day=TODAY, interest=False):
        statements = followup_statement.build(self.customer(partner), day, interest)
        return statements[0] if statements else None

    def section(self, partner=None, day=TODAY, interest=False):
        statement = self.build(partner, day, interest)
        self.assertEqual(len(statement.sections), 1)
        return statement.sections[0]

    def wizard(self, customers, user=None, **values):
        return (
            self.env["followup.statement.wizard"]
            .with_user(user or self.env.user)
            .create({"customer_ids": [Command.set(customers.ids)], "date": TODAY, **values})
        )

    def page(self, wizard):
        content, _kind = (
            self.env["ir.actions.report"]
            .with_user(wizard.env.user)
            ._render_qweb_html("l10n_be_followup.action_report_followup_statement", wizard.ids)
        )
        return html.fromstring(content)

    def workbook(self, wizard):
        wizard.action_xlsx()
        self.assertTrue(wizard.xlsx_name.endswith("2026-11-18.xlsx" if wizard.date == TODAY else ".xlsx"))
        return load_workbook(io.BytesIO(base64.b64decode(wizard.xlsx)))

    def demand(self, amount, due, name="Opening", currency=None, company_amount=None, **values):
        """A debt that is no invoice."""
        receivable = self.company_data["default_account_receivable"]
        other = self.company_data["default_account_revenue"]
        value = amount if company_amount is None else company_amount
        foreign = {"currency_id": currency.id} if currency else {}
        entry = self.env["account.move"].create(
            {
                "date": due,
                "journal_id": self.company_data["default_journal_misc"].id,
                "line_ids": [
                    Command.create(
                        {
                            "account_id": receivable.id,
                            "partner_id": self.business.id,
                            "debit": value,
                            "date_maturity": due,
                            "name": name,
                            **foreign,
                            **({"amount_currency": amount} if currency else {}),
                        }
                    ),
                    Command.create(
                        {
                            "account_id": other.id,
                            "credit": value,
                            **foreign,
                            **({"amount_currency": -amount} if currency else {}),
                        }
                    ),
                ],
                **values,
            }
        )
        entry.action_post()
        return entry

    # What was open

    def test_paid_later_was_open_then(self):
        move = self.invoice(amount=100.0, due=date(2026, 9, 10))
        self.pay(move, 30.0, date(2026, 9, 20))
        self.pay(move, 70.0, date(2026, 10, 20))
        self.assertIsNone(self.build(day=date(2026, 8, 1)), "before the invoice")
        [line] = self.section(day=date(2026, 9, 19)).lines
        self.assertEqual((line.kind, line.name), ("invoice", move.name))
        self.assertEqual((line.amount, line.paid, line.open, line.days_late), (Decimal(100), 0, Decimal(100), 9))
        [line] = self.section(day=date(2026, 9, 20)).lines
        self.assertEqual((line.amount, line.paid, line.open), (Decimal(100), Decimal(30), Decimal(70)))
        [line] = self.section(day=date(2026, 10, 19)).lines
        self.assertEqual(line.open, Decimal(70))
        self.assertIsNone(self.build(day=date(2026, 10, 20)), "paid that day")

    def test_a_matched_credit_counts_from_its_own_day(self):
        move = self.invoice(amount=100.0, due=date(2026, 9, 10))
        credit = self.credit_note(self.business, 40.0, date(2026, 10, 1))
        self.assertEqual([line.open for line in self.section().lines], [Decimal(100), Decimal(-40)])
        (move + credit).line_ids.filtered(lambda line: line.account_type == "asset_receivable").reconcile()
        self.assertEqual([line.open for line in self.section(day=date(2026, 9, 30)).lines], [Decimal(100)])
        self.assertEqual([line.open for line in self.section().lines], [Decimal(60)])

    def test_a_payment_before_the_invoice_is_a_credit_until_then(self):
        move = self.invoice(amount=100.0, due=date(2026, 11, 10), invoice_date=date(2026, 10, 11))
        self.pay(move, 100.0, date(2026, 10, 1))
        [line] = self.section(day=date(2026, 10, 5)).lines
        self.assertEqual((line.kind, line.open, line.due, line.days_late), ("payment", Decimal(-100), None, 0))
        self.assertIsNone(self.build())

    def test_kinds_running_total_and_ageing(self):
        self.invoice(amount=100.0, due=date(2026, 8, 1))
        self.invoice(amount=50.0, due=date(2026, 9, 18))
        self.invoice(amount=20.0, due=date(2026, 11, 17), invoice_date=date(2026, 10, 18))
        self.invoice(amount=8.0, due=date(2026, 11, 18), invoice_date=date(2026, 11, 2))
        self.demand(10.0, date(2026, 10, 10))
        self.credit_note(self.business, 30.0, date(2026, 11, 5))
        section = self.section()
        self.assertEqual(
            [(line.kind, line.open, line.running) for line in section.lines],
            [
                ("invoice", Decimal(100), Decimal(100)),
                ("invoice", Decimal(50), Decimal(150)),
                ("entry", Decimal(10), Decimal(160)),
                ("invoice", Decimal(20), Decimal(180)),
                ("invoice", Decimal(8), Decimal(188)),
                ("credit_note", Decimal(-30), Decimal(158)),
            ],
        )
        self.assertEqual(
            section.ageing,
            [
                ("not_due", Decimal(8)),
                ("1_30", Decimal(20)),
                ("31_60", Decimal(10)),
                ("61_90", Decimal(50)),
                ("over_90", Decimal(100)),
                ("credits", Decimal(-30)),
            ],
        )
        self.assertEqual((section.open, section.overdue, section.total), (Decimal(158), Decimal(180), Decimal(158)))

    def test_instalments_are_numbered(self):
        terms = self.env["account.payment.term"].create(
            {
                "name": "in two",
                "line_ids": [
                    Command.create({"value": "percent", "value_amount": 50, "nb_days": 10}),
                    Command.create({"value": "percent", "value_amount": 50, "nb_days": 40}),
                ],
            }
        )
        move = self.invoice(amount=100.0, invoice_date=date(2026, 10, 1), invoice_payment_term_id=terms.id)
        self.assertEqual(
            [(line.name, line.due, line.open) for line in self.section().lines],
            [
                (f"{move.name} (1/2)", date(2026, 10, 11), Decimal(50)),
                (f"{move.name} (2/2)", date(2026, 11, 10), Decimal(50)),
            ],
        )
        charges = [(line.costs > 0) for line in self.section(interest=True).lines]
        self.assertEqual(charges, [True, False], "40 EUR an invoice, not an instalment")

    def test_two_currencies_stand_apart(self):
        dollar = self.env.ref("base.USD")
        dollar.active = True
        self.invoice(amount=100.0)
        debt = self.demand(250.0, date(2026, 10, 1), currency=dollar, company_amount=200.0)
        self.assertEqual(self.build(interest=True).sections[1].interest, 0, "left out of follow-up by Odoo")
        debt.line_ids.no_followup = False
        statement = self.build(interest=True)
        self.assertEqual([section.currency.name for section in statement.sections], ["EUR", "USD"])
        euro, other = statement.sections
        self.assertEqual((euro.open, other.open), (Decimal(100), Decimal(250)))
        self.assertEqual(other.costs, 0, "the flat sum is in euros")
        self.assertGreater(other.interest, 0)
        text = self.page(self.wizard(self.customer(), interest=True)).text_content()
        self.assertIn("USD", text)

    def test_drafts_and_other_companies_do_not_count(self):
        self.invoice(amount=100.0)
        self.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": self.business.id,
                "invoice_date": date(2026, 10, 1),
                "invoice_line_ids": [Command.create({"name": "draft", "price_unit": 7.0})],
            }
        )
        other = self.setup_other_company()
        foreign = (
            self.env["account.move"]
            .with_company(other["company"])
            .create(
                {
                    "move_type": "out_invoice",
                    "partner_id": self.business.id,
                    "company_id": other["company"].id,
                    "journal_id": other["default_journal_sale"].id,
                    "invoice_date": date(2026, 10, 1),
                    "invoice_date_due": date(2026, 10, 31),
                    "invoice_line_ids": [Command.create({"name": "elsewhere", "price_unit": 9.0, "tax_ids": []})],
                }
            )
        )
        foreign.action_post()
        self.assertEqual(self.section().open, Decimal(100))
        [statement] = followup_statement.build(self.customer(company=other["company"]), TODAY)
        self.assertEqual(statement.sections[0].open, Decimal(9))
        self.assertEqual(statement.company, other["company"])

    def test_branches_roll_up(self):
        self.invoice(amount=100.0)
        branch = self.env["res.company"].create({"name": "Filiaal Gent", "parent_id": self.company.id})
        self.env.user.company_ids |= branch
        self.env.cr.precommit.run()
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
                    "invoice_date_due": date(2026, 10, 31),
                    "invoice_line_ids": [Command.create({"name": "Gent", "price_unit": 11.0, "tax_ids": []})],
                }
            )
        )
        move.action_post()
        statement = self.build()
        self.assertEqual(statement.sections[0].open, Decimal(111))
        self.assertEqual(statement.company, self.company)

    def test_a_payment_in_process_comes_off(self):
        move = self.invoice(amount=100.0)
        self.company_data["default_journal_bank"].inbound_payment_method_line_ids.payment_account_id = False
        in_payment = patch.object(
            type(self.env["account.move"]), "_get_invoice_in_payment_state", lambda self: "in_payment"
        )
        with in_payment:
            payment = (
                self.env["account.payment.register"]
                .with_context(active_model="account.move", active_ids=move.ids)
                .create(
                    {
                        "journal_id": self.company_data["default_journal_bank"].id,
                        "amount": 60.0,
                        "payment_date": date(2026, 11, 15),
                    }
                )
                ._create_payments()
            )
        self.assertFalse(payment.move_id, "else it is an ordinary credit")
        self.assertEqual(
            [(line.kind, line.open) for line in self.section().lines],
            [("invoice", Decimal(100)), ("in_process", Decimal(-60))],
        )
        self.assertEqual(self.section(day=date(2026, 11, 14)).open, Decimal(100))
        self.assertEqual(move.amount_residual, 100.0)

    # Interest

    def test_interest_to_the_cent(self):
        move = self.invoice(amount=1210.0, due=date(2026, 6, 15))
        [line] = self.section(day=ORACLE_DAY, interest=True).lines
        self.assertEqual((line.interest, line.costs), (Decimal("55.35"), Decimal(40)))
        self.assertEqual(line.total, Decimal("1305.35"))
        self.assertEqual(line.running, Decimal("1305.35"))
        [line] = self.section(day=ORACLE_DAY).lines
        self.assertEqual((line.interest, line.costs, line.running), (0, 0, Decimal(1210)))
        self.pay(move, 1000.0, date(2026, 11, 20))
        [before] = self.section(day=date(2026, 11, 19), interest=True).lines
        [after] = self.section(day=ORACLE_DAY, interest=True).lines
        self.assertEqual((before.open, after.open), (Decimal(1210), Decimal(210)))
        self.assertLess(after.interest, Decimal("55.35"))
        self.assertGreater(after.interest, before.interest)

    def test_interest_ignores_what_was_paid_after_the_day(self):
        move = self.invoice(amount=1210.0, due=date(2026, 6, 15))
        unpaid = self.section(day=date(2026, 8, 31), interest=True).interest
        self.pay(move, 1210.0, date(2026, 9, 1))
        self.assertEqual(self.section(day=date(2026, 8, 31), interest=True).interest, unpaid)
        self.assertGreater(unpaid, 0)

    def test_a_consumer_without_a_clause_owes_the_principal(self):
        self.invoice(self.consumer, 1210.0, date(2026, 6, 15))
        section = self.section(self.consumer, ORACLE_DAY, interest=True)
        self.assertEqual((section.interest, section.costs, section.total), (0, 0, Decimal(1210)))

    def test_a_consumer_pays_only_after_his_fourteen_days(self):
        self.company.followup_terms_b2c_id = self.env.ref("l10n_be_followup.followup_terms_consumer")
        self.invoice(self.consumer, 400.0, date(2026, 10, 1))
        self.night(date(2026, 10, 26))
        notice = self.notices(self.consumer)
        self.assertIn("first_reminder", notice.line_ids.mapped("level_kind"))
        self.deliver(notice, date(2026, 10, 26))
        before = self.section(self.consumer, date(2026, 11, 9), interest=True)
        self.assertEqual(before.total, Decimal(400))
        after = self.section(self.consumer, TODAY, interest=True)
        self.assertEqual(after.costs, Decimal(55), "30 + 10 % of what lies above 150")
        self.assertGreater(after.interest, 0)
        # The reminder of 26 October had not left on the 20th.
        self.assertEqual(self.section(self.consumer, date(2026, 10, 20), interest=True).total, Decimal(400))

    def test_held_amounts_bear_nothing(self):
        move = self.invoice(amount=1210.0, due=date(2026, 6, 15))
        hold = self.env["followup.hold"].create(
            {"customer_id": self.customer().id, "move_id": move.id, "until": "2026-11-30", "reason": "betwist"}
        )
        hold.flush_recordset()
        self.env.cr.execute("UPDATE followup_hold SET create_date = '2026-11-01' WHERE id = %s", [hold.id])
        self.assertEqual(self.section(interest=True).total, Decimal(1210))
        self.assertGreater(self.section(day=date(2026, 10, 31), interest=True).total, Decimal(1250))
        self.assertGreater(self.section(day=date(2026, 12, 1), interest=True).total, Decimal(1250))

    def test_an_insolvent_customer_is_frozen(self):
        self.invoice(amount=1210.0, due=date(2026, 6, 15))
        self.business.write({"followup_insolvency": "bankruptcy", "followup_insolvency_date": date(2026, 9, 1)})
        frozen = self.section(day=ORACLE_DAY, interest=True).interest
        self.assertEqual(frozen, self.section(day=date(2026, 8, 31), interest=True).interest)
        self.assertGreater(frozen, 0)

    def test_charges_of_a_paid_invoice_stay_outstanding(self):
        move = self.invoice(amount=100.0, due=date(2026, 8, 1))
        self.night()
        notice = self.notices()
        values = {
            "customer_id": self.customer().id,
            "company_id": self.company.id,
            "move_id": move.id,
            "item_id": self.items().id,
            "name": move.name,
            "currency_id": move.currency_id.id,
            "first_notice_id": notice.id,
            "notice_id": notice.id,
        }
        charges = (
            self.env["followup.charge"]
            .sudo()
            .create([{**values, "kind": "compensation", "amount": 40.0}, {**values, "kind": "interest", "amount": 2.5}])
        )
        self.pay(move)
        charges.principal_paid_on = TODAY
        [line] = self.section(interest=True).lines
        self.assertEqual((line.kind, line.open, line.interest, line.costs), ("charge", 0, Decimal("2.5"), Decimal(40)))
        self.assertIsNone(self.build(), "without interest nothing is open")
        charges.filtered(lambda charge: charge.kind == "interest")._waive("geste")
        self.assertEqual(self.section(interest=True).total, Decimal(40))

    def test_posted_and_waived_charges_are_not_claimed_again(self):
        move = self.invoice(amount=1210.0, due=date(2026, 6, 15))
        self.night()
        notice = self.notices()
        charge = (
            self.env["followup.charge"]
            .sudo()
            .create(
                {
                    "customer_id": self.customer().id,
                    "company_id": self.company.id,
                    "move_id": move.id,
                    "item_id": self.items().id,
                    "name": move.name,
                    "kind": "compensation",
                    "amount": 35.0,
                    "currency_id": move.currency_id.id,
                    "first_notice_id": notice.id,
                    "notice_id": notice.id,
                }
            )
        )
        self.assertEqual(self.section(interest=True).costs, Decimal(35), "what was claimed, once")
        charge._go("posted")
        self.assertEqual(self.section(interest=True).costs, 0, "in the books now")

    # How to pay

    def test_one_invoice_is_paid_with_its_own_communication(self):
        move = self.invoice(amount=100.0)
        self.assertEqual(self.build().reference, move.payment_reference)
        self.invoice(amount=50.0)
        reference = self.build().reference
        self.assertRegex(reference, r"^\+\+\+8\d\d/\d{4}/\d{5}\+\+\+$")
        digits = reference.replace("/", "").strip("+")
        self.assertEqual(int(digits[:10]) % 97 or 97, int(digits[10:]))

    def test_the_account_of_the_company_stands_on_it(self):
        bank = self.env["res.partner.bank"].create(
            {"acc_number": "BE71096123456769", "partner_id": self.company.partner_id.id, "allow_out_payment": True}
        )
        self.invoice(amount=100.0, partner_bank_id=bank.id)
        self.assertEqual(self.build().bank, bank)
        text = self.page(self.wizard(self.customer())).text_content()
        self.assertIn("BE71", text)
        self.assertIn("How to pay", text)

    def test_a_balance_in_favour_asks_for_nothing(self):
        self.credit_note(self.business, 40.0)
        page = self.page(self.wizard(self.customer()))
        self.assertIn("the balance is a credit", page.text_content())
        self.assertNotIn("How to pay", page.text_content())

    # Rights and size

    def test_a_reader_makes_one_and_a_stranger_does_not(self):
        self.invoice(amount=1210.0, due=date(2026, 6, 15))
        company = {"company_id": self.company.id, "company_ids": [Command.set(self.company.ids)]}
        reader = new_test_user(self.env, "statement_reader", "account.group_account_readonly", **company)
        user = new_test_user(self.env, "statement_user", "l10n_be_followup.l10n_be_followup_group_user", **company)
        stranger = new_test_user(self.env, "statement_stranger", "base.group_user", **company)
        customer = self.customer()
        for someone in (reader, user):
            wizard = self.wizard(customer.with_user(someone), someone, interest=True)
            self.env.invalidate_all()
            self.assertIn("1,210.00", self.page(wizard).text_content())
            self.assertEqual(wizard.action_pdf()["report_name"], "l10n_be_followup.followup_statement")
            self.workbook(wizard)
        with self.assertRaises(AccessError):
            self.wizard(customer.with_user(stranger), stranger)
        with self.assertRaises(AccessError):
            followup_statement.build(customer.with_user(stranger), TODAY)

    def test_another_company_is_out_of_reach(self):
        self.invoice(amount=100.0)
        other = self.setup_other_company()["company"]
        outsider = new_test_user(
            self.env,
            "statement_outsider",
            "account.group_account_readonly",
            company_id=other.id,
            company_ids=[Command.set(other.ids)],
        )
        with self.assertRaises(AccessError):
            followup_statement.build(self.customer().with_user(outsider), TODAY)

    def _many(self, number):
        partners = self.env["res.partner"].create(
            [{"name": f"Klant {place}", "vat": "BE0477472701", "is_company": True} for place in range(number)]
        )
        for partner in partners:
            self.invoice(partner, 100.0, date(2026, 9, 1))
            self.invoice(partner, 60.0, date(2026, 10, 1))
        customers = self.env["followup.customer"]
        for partner in partners:
            customers |= self.customer(partner)
        return customers

    def _count(self, customers):
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.env.cr.sql_log_count
        self.assertEqual(len(followup_statement.build(customers, TODAY, True)), len(customers))
        return self.env.cr.sql_log_count - before

    def test_the_number_of_queries_does_not_grow(self):
        customers = self._many(12)
        self._count(customers[:1])
        few, many = self._count(customers[:2]), self._count(customers)
        self.assertLessEqual(many, few)
        self.assertLess(many, 40)

    def test_nothing_open_is_said_plainly(self):
        for action in ("action_pdf", "action_xlsx"):
            with self.assertRaisesRegex(UserError, "Zoete Brood"):
                getattr(self.wizard(self.customer()), action)()

    def test_the_selected_customers_are_filled_in(self):
        customer = self.customer()
        wizard = (
            self.env["followup.statement.wizard"]
            .with_context(active_model="followup.customer", active_ids=customer.ids)
            .create({})
        )
        self.assertEqual((wizard.customer_ids, wizard.date, wizard.interest), (customer, TODAY, False))

    # Paper and workbook

    def test_the_page(self):
        self.business.write({"street": "Molenstraat 1", "zip": "9000", "city": "Gent"})
        move = self.invoice(amount=1210.0, due=date(2026, 6, 15))
        self.credit_note(self.business, 10.0)
        page = self.page(self.wizard(self.customer(), date=ORACLE_DAY, interest=True))
        [address] = page.xpath("//td[contains(@class, 'followup_statement_address')]")
        self.assertIn("Molenstraat 1", address.text_content())
        text = " ".join(page.text_content().split())
        for words in (
            "Statement of account", "As of 11/21/2026", self.company.name, "0202.239.951", move.name, "55.35", "40.00",
            "-10.00", "1,295.35", "law of 2 August 2002", "159",
        ):  # fmt: skip
            self.assertIn(words, text)
        plain = self.page(self.wizard(self.customer(), date=ORACLE_DAY)).text_content()
        for words in ("55.35", "law of 2 August 2002", "Compensation"):
            self.assertNotIn(words, plain)

    def test_each_customer_reads_his_own_language(self):
        self.env["res.lang"]._activate_lang("fr_BE")
        self.business.lang = "fr_BE"
        self.invoice(amount=1210.0, due=date(2026, 6, 15))
        self.invoice(self.consumer, 50.0)
        customers = self.customer() | self.customer(self.consumer)
        text = self.page(self.wizard(customers)).text_content().replace("\u202f", "\u00a0")
        self.assertIn("15/06/2026", text)
        self.assertIn("11/10/2026", text)
        self.assertRegex(text, r"1[.\u00a0]210,00")
        self.assertIn("50.00", text)

    def test_the_pdf_has_a_page_for_each_customer(self):
        self.invoice(amount=1210.0, due=date(2026, 6, 15))
        self.invoice(self.consumer, 50.0)
        customers = self.customer() | self.customer(self.consumer)
        wizard = self.wizard(customers, interest=True)
        content, kind = (
            self.env["ir.actions.report"]
            .with_context(force_report_rendering=True)
            ._render_qweb_pdf("l10n_be_followup.action_report_followup_statement", wizard.ids)
        )
        self.assertEqual(kind, "pdf")
        reader = PdfReader(io.BytesIO(content))
        self.assertEqual(len(reader.pages), 2)
        self.assertIn("Zoete Brood", " ".join(reader.pages[0].extract_text().split()))
        self.assertIn("Jan Peeters", " ".join(reader.pages[1].extract_text().split()))

    def test_long_statements_are_cut_between_rows(self):
        for place in range(45):
            self.invoice(amount=10.0 + place, due=date(2026, 11, 10))
        wizard = self.wizard(self.customer())
        content, _kind = (
            self.env["ir.actions.report"]
            .with_context(force_report_rendering=True)
            ._render_qweb_pdf("l10n_be_followup.action_report_followup_statement", wizard.ids)
        )
        texts = [" ".join(page.extract_text().split()) for page in PdfReader(io.BytesIO(content)).pages]
        self.assertEqual(len(texts), 3)
        self.assertNotIn("Carried forward", texts[0])
        for text in texts[1:]:
            self.assertIn("Carried forward", text)
            self.assertIn("Running total", text, "each page has the head of the table")
        self.assertIn("How to pay", texts[-1])
        page = self.page(wizard)
        self.assertEqual(len(page.xpath("//tbody/tr[td[contains(., 'INV/')]]")), 45, "no row is lost or doubled")

    def test_the_workbook(self):
        move = self.invoice(amount=1210.0, due=date(2026, 6, 15))
        self.pay(move, 10.0, date(2026, 6, 15))
        self.invoice(self.consumer, 50.0)
        customers = self.customer() | self.customer(self.consumer)
        book = self.workbook(self.wizard(customers, date=ORACLE_DAY, interest=True))
        self.assertEqual(book.sheetnames, ["Bakkerij Het Zoete Brood", "Jan Peeters"])
        rows = [[cell.value for cell in row] for row in book["Bakkerij Het Zoete Brood"].iter_rows()]
        [place] = [place for place, row in enumerate(rows) if row[0] == "Date"]
        line, total = rows[place + 1], rows[place + 2]
        self.assertEqual(
            rows[place],
            ["Date", "Document", "Number", "Due date", "Days late", "Amount", "Paid", "Open amount", "Interest", "Compensation",
             "Running total"],
        )  # fmt: skip
        self.assertEqual((line[1], line[2], line[3].date(), line[4]), ("Invoice", move.name, date(2026, 6, 15), 159))
        self.assertEqual(line[5:8], [1210, 10, 1200])
        self.assertEqual(line[9], 40)
        self.assertAlmostEqual(line[10], 1240 + line[8], 2)
        self.assertEqual((total[0], total[7], total[10]), ("Total", 1200, line[10]))
        plain = self.workbook(self.wizard(self.customer()))
        values = {cell.value for row in plain.worksheets[0].iter_rows() for cell in row}
        self.assertNotIn("Interest", values)
        self.assertIn(1200, values)

    def test_names_of_sheets(self):
        taken = set()
        self.assertEqual(_sheet_name("A/B: [x]*?", taken), "A B   x")
        self.assertEqual(_sheet_name("K" * 40, taken), "K" * 31)
        self.assertEqual(_sheet_name("k" * 40, taken), "k" * 27 + " (2)")
        self.assertEqual(_sheet_name("''", taken), "-")
        self.assertEqual(_sheet_name("History", taken), "History (2)")
