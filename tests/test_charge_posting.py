from datetime import date, timedelta

from odoo import Command
from odoo.addons.account.controllers.portal import PortalAccount
from odoo.exceptions import UserError
from odoo.tests import Form, new_test_user, tagged

from .charge_common import ChargeCommon
from .common import TODAY


@tagged("post_install_l10n", "post_install", "-at_install")
class TestChargePosting(ChargeCommon):
    """Claims become money in the books: a debit note without tax."""

    def test_a_debit_note(self):
        charges = self.claims()
        source = charges.move_id
        note = charges._post_to_books()
        self.assertEqual(note.state, "posted")
        self.assertEqual((note.move_type, note.amount_total, note.amount_residual), ("out_invoice", 52.34, 52.34))
        self.assertEqual((note.journal_id.code, note.journal_id.type), ("FUCH", "sale"))
        self.assertEqual(note.invoice_date, TODAY)
        self.assertEqual(note.invoice_date_due, TODAY + timedelta(days=14))
        self.assertEqual(note.invoice_line_ids.account_id.code, "751000")
        self.assertTrue(note.payment_reference.startswith("+++"))
        self.assertNotEqual(note.payment_reference, source.payment_reference)
        self.assertEqual(note.invoice_origin, source.name)
        self.assertEqual(set(charges.mapped("state")), {"posted"})
        self.assertEqual(charges.debit_note_id, note)
        self.assertEqual(charges.mapped("amount_posted"), [12.34, 40.0])
        self.assertEqual(sum(charges.mapped("amount_unpaid")), 52.34)
        self.assertEqual(self.ledger(), 52.34)
        self.assertFalse(note.no_followup, "it is followed up itself")
        self.refreshed()
        self.assertTrue(self.env["followup.item"].search([("move_line_id.move_id", "=", note.id)]))

    def test_no_tax_whatever_the_defaults_say(self):
        tax = self.company_data["default_tax_sale"]
        account = self.company._followup_charge_account()
        account.tax_ids = tax
        position = self.env["account.fiscal.position"].create(
            {"name": "Everything is taxed", "company_id": self.company.id, "auto_apply": True, "tax_ids": []}
        )
        self.business.property_account_position_id = position
        note = self.claims()._post_to_books()
        self.assertFalse(note.line_ids.tax_ids | note.line_ids.tax_line_id)
        self.assertFalse(note.line_ids.tax_tag_ids)
        self.assertFalse(note.fiscal_position_id)
        self.assertEqual(note.amount_tax, 0.0)
        refund = note.line_ids.followup_charge_id._reverse_in_books("fout")
        self.assertFalse(refund.line_ids.tax_ids)
        self.assertFalse(refund.line_ids.tax_tag_ids)

    def test_a_tax_that_was_forced_on_it_is_refused(self):
        charge = self.claim()
        company, partner, currency, regime, _arrangement = charge._note_key()
        journal, account = company._followup_charge_books()
        note = self.env["account.move"].create(
            charge._note_values(company, partner, currency, regime, journal, account, TODAY, None, None)
        )
        note.invoice_line_ids.tax_ids = self.company_data["default_tax_sale"]
        with self.assertRaisesRegex(UserError, "outside VAT"):
            note.action_post()

    def test_the_vat_report_and_the_sales_statistics_stay_as_they_are(self):
        taxed = self.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": self.business.id,
                "invoice_date": TODAY,
                "invoice_line_ids": [
                    Command.create(
                        {"name": "x", "price_unit": 500, "tax_ids": self.company_data["default_tax_sale"].ids}
                    )
                ],
            }
        )
        taxed.action_post()
        charges = self.claims()
        before = self._vat_grids(), self._sales()
        self.assertTrue(before[0], "the sale itself stands on grids")
        charges._post_to_books()
        charges[1]._reverse_in_books("te veel")
        self.env.flush_all()
        self.assertEqual((self._vat_grids(), self._sales()), before)

    def test_why_it_is_an_invoice(self):
        """The table of docs/accounting.md: what Odoo does with each kind of document."""
        account = self.company._followup_charge_account()
        journal, _account = self.company._followup_charge_books()
        line = {"name": "x", "price_unit": 40.0, "tax_ids": []}
        made = {}
        for kind in ("out_invoice", "out_receipt"):
            made[kind] = self.env["account.move"].create(
                {
                    "move_type": kind,
                    "partner_id": self.business.id,
                    "journal_id": journal.id,
                    "invoice_date": TODAY,
                    "invoice_line_ids": [Command.create({**line, "account_id": account.id})],
                }
            )
        made["entry"] = self.env["account.move"].create(
            {
                "move_type": "entry",
                "journal_id": self.company_data["default_journal_misc"].id,
                "date": TODAY,
                "line_ids": [
                    Command.create(
                        {
                            "account_id": self.company_data["default_account_receivable"].id,
                            "partner_id": self.business.id,
                            "date_maturity": TODAY,
                            "debit": 40.0,
                        }
                    ),
                    Command.create({"account_id": account.id, "credit": 40.0}),
                ],
            }
        )
        portal = PortalAccount()._get_invoices_domain("out")
        before = self._vat_grids()
        seen = {}
        for kind, move in made.items():
            move.action_post()
            self.env.flush_all()
            seen[kind] = (
                bool(move.filtered_domain(portal)),
                bool(move.payment_reference),
                not self.receivable(move).no_followup,
                bool(self.env["account.invoice.report"].search([("move_id", "=", move.id)])),
                move.display_send_button,
                move._need_ubl_cii_xml("ubl_bis3"),
            )
        self.assertEqual(self._vat_grids(), before, "none of the three stands on a grid")
        self.assertEqual(
            seen,
            {
                # portal, communication, follow-up, sales statistics, Send, electronic invoice
                "out_invoice": (True, True, True, True, True, True),
                "out_receipt": (True, False, True, True, False, False),
                "entry": (False, False, False, False, False, False),
            },
        )
        note = self.claim()._post_to_books()
        self.assertTrue(note.filtered_domain(portal) and note.payment_reference and note.display_send_button)
        self.assertFalse(self.env["account.invoice.report"].search([("move_id", "=", note.id)]))

    def _vat_grids(self):
        """Every grid of the Belgian VAT report, as the report's own engine adds it up: by tag."""
        report = self.env.ref("l10n_be.tax_report_vat")
        expressions = report.line_ids.expression_ids.filtered(lambda expression: expression.engine == "tax_tags")
        result = {}
        for expression in expressions:
            tags = expression._get_matching_tags()
            lines = self.env["account.move.line"].search(
                [
                    ("tax_tag_ids", "in", tags.ids),
                    ("parent_state", "=", "posted"),
                    ("company_id", "=", self.company.id),
                ]
            )
            if lines:
                result[expression.report_line_id.code or expression.report_line_id.name, expression.label] = sum(
                    lines.mapped("balance")
                )
        return result

    def _sales(self):
        self.env.flush_all()
        [[total, count]] = self.env["account.invoice.report"]._read_group(
            [("company_id", "=", self.company.id)], [], ["price_subtotal:sum", "__count"]
        )
        return total, count

    def test_it_never_goes_over_peppol_by_itself(self):
        self.business.write({"invoice_edi_format": "ubl_bis3", "peppol_eas": "0208", "peppol_endpoint": "0477472701"})
        note = self.claims()._post_to_books()
        invoice = self.invoice()
        self.assertTrue(invoice._need_ubl_cii_xml("ubl_bis3"), "an invoice does")
        self.assertFalse(note._need_ubl_cii_xml("ubl_bis3"))
        send = self.env["account.move.send"]
        self.assertEqual(send._get_default_invoice_edi_format(invoice), "ubl_bis3")
        self.assertFalse(send._get_default_invoice_edi_format(note))
        self.assertEqual(send._get_default_extra_edis(note), set())
        settings = send._get_default_sending_settings(note)
        self.assertFalse(settings["invoice_edi_format"])
        self.assertNotIn("peppol", settings["sending_methods"])

    def test_the_portal_shows_and_pays_it(self):
        note = self.claims(partner=self.consumer)._post_to_books()
        user = new_test_user(self.env, login="jan", groups="base.group_portal", partner_id=self.consumer.id)
        self.assertEqual(note.with_user(user).name, note.name)
        self.assertTrue(note._has_to_be_paid())
        report = self.env["ir.actions.report"]
        html = report._render_qweb_html("account.report_invoice", note.ids)[0].decode()
        self.assertIn("Debit Note", html)
        self.assertNotIn(">Invoice<", html)

    def test_it_is_reminded_but_bears_nothing(self):
        note = self.claims()._post_to_books()
        self.pay(note.line_ids.followup_charge_id.move_id)
        self.refreshed()
        item = self.env["followup.item"].search([("move_line_id.move_id", "=", note.id)])
        late = note.invoice_date_due + timedelta(days=60)
        answer = self.engine._claims_as_of(self.company, item, late)[item.id]
        self.assertEqual((answer.total, answer.reasons), (0, ("charge",)))
        day = self.company._followup_is_working_day
        due = next(
            note.invoice_date_due + timedelta(days=number)
            for number in range(5, 20)
            if day(note.invoice_date_due + timedelta(days=number))
        )
        self.night(due)
        self.assertIn(note, self.notices().line_ids.move_id, "followed up like an invoice")

    def test_a_consumer_gets_a_free_first_reminder_about_it(self):
        note = self.claims(partner=self.consumer)._post_to_books()
        self.assertEqual(note.followup_regime, "b2c")
        self.pay(note.line_ids.followup_charge_id.move_id)
        self.night(date(2026, 12, 9))
        line = self.notices(self.consumer).line_ids
        self.assertEqual((line.move_id, line.level_kind, line.amount_claim), (note, "first_reminder", 0.0))

    def test_posted_interest_is_closed(self):
        move = self.invoice(amount=1210, due=date(2026, 10, 1))
        self.refreshed()
        item = self.items()
        whole = self.engine._claims_as_of(self.company, item, date(2026, 12, 1))[item.id]
        first = self.engine._claims_as_of(self.company, item, TODAY)[item.id]
        charge = self.claim(move, float(first.interest), "interest", TODAY)
        charge._post_to_books()
        later = self.engine._claims_as_of(self.company, item, date(2026, 12, 1))[item.id]
        self.assertEqual(later.accrual.segments[0].first_day, TODAY + timedelta(days=1))
        self.assertAlmostEqual(float(first.interest + later.interest), float(whole.interest), delta=0.01)
        charge._reverse_in_books("vergissing")
        again = self.engine._claims_as_of(self.company, item, date(2026, 12, 1))[item.id]
        self.assertEqual(again.interest, later.interest, "what was given up is not asked again")

    def test_never_posted_twice(self):
        charges = self.claims()
        charges[0]._post_to_books()
        with self.assertRaisesRegex(UserError, "once"):
            charges._post_to_books()
        self.assertEqual(charges[1].state, "claimed", "all or nothing")
        waived = charges[1]
        waived._waive("goede klant")
        with self.assertRaisesRegex(UserError, "waived"):
            waived._post_to_books()

    def test_one_note_per_customer_currency_and_company(self):
        dollar = self.setup_other_currency("USD", rates=[("2020-01-01", 2.0)])
        mine = self.claims() + self.claims()
        other = self.claims(self.invoice(amount=500, due=date(2026, 10, 1), currency_id=dollar.id))
        theirs = self.claims(partner=self.consumer)
        notes = (mine + other + theirs)._post_to_books()
        self.assertEqual(len(notes), 3)
        self.assertEqual(sorted(notes.mapped("amount_total")), [52.34, 52.34, 104.68])
        in_dollars = other.debit_note_id
        self.assertEqual((in_dollars.currency_id, in_dollars.amount_total_signed), (dollar, 26.17))
        self.assertEqual(round(sum((mine + other + theirs).mapped("balance_booked")), 2), self.ledger())

    def test_a_branch_posts_in_its_own_books(self):
        branch = self.env["res.company"].create({"name": "Tak", "parent_id": self.company.id})
        self.env.user.company_ids |= branch
        self.env.cr.precommit.run()
        self.env = self.env(context=dict(self.env.context, allowed_company_ids=(self.company + branch).ids))
        move = (
            self.env["account.move"]
            .with_company(branch)
            .create(
                {
                    "move_type": "out_invoice",
                    "partner_id": self.business.id,
                    "company_id": branch.id,
                    "journal_id": self.company_data["default_journal_sale"].id,
                    "invoice_date": date(2026, 9, 1),
                    "invoice_date_due": date(2026, 10, 1),
                    "invoice_line_ids": [Command.create({"name": "x", "price_unit": 1210, "tax_ids": []})],
                }
            )
        )
        move.action_post()
        note = self.claims(move)._post_to_books()
        self.assertEqual(note.company_id, branch)
        self.assertEqual(note.journal_id.company_id, self.company)
        self.assertEqual(self.ledger(), 52.34)

    def test_without_751_a_clear_error(self):
        self.company.chart_template = "generic_coa"
        with self.assertRaisesRegex(UserError, f"{self.company.name}.*Choose one once"):
            self.claim()._post_to_books()
        self.company.followup_charge_account_id = self.company_data["default_account_revenue"]
        note = self.claim()._post_to_books()
        self.assertEqual(note.invoice_line_ids.account_id, self.company_data["default_account_revenue"])

    def test_lock_dates(self):
        charges = self.claims()
        self.company.fiscalyear_lock_date = date(2026, 11, 19)
        with self.assertRaisesRegex(UserError, "11/20/2026 or later"):
            charges._post_to_books(TODAY)
        note = charges._post_to_books()
        self.assertEqual((note.date, note.invoice_date), (date(2026, 11, 20), date(2026, 11, 20)))

    def test_analytic_distribution(self):
        plan = self.env["account.analytic.plan"].create({"name": "Projects"})
        account = self.env["account.analytic.account"].create({"name": "Collection", "plan_id": plan.id})
        note = self.claims()._post_to_books(analytic={str(account.id): 100})
        self.assertEqual(note.invoice_line_ids.mapped("analytic_distribution"), [{str(account.id): 100}] * 2)

    def test_paid_in_parts_costs_first(self):
        charges = self.claims()
        interest, compensation = charges
        note = charges._post_to_books()
        entry = self.pay(note, 45.0)
        self.assertEqual((compensation.amount_collected, interest.amount_collected), (40.0, 5.0))
        self.assertEqual((compensation.state, interest.state), ("settled", "posted"))
        self.pay(note)
        self.assertEqual(set(charges.mapped("state")), {"settled"})
        self.receivable(entry).remove_move_reconcile()
        self.assertEqual(sum(charges.mapped("amount_collected")), 7.34)
        self.assertEqual(set(charges.mapped("state")), {"posted"}, "a payment was taken back")

    def test_reversed_with_the_reason(self):
        charges = self.claims()
        note = charges._post_to_books()
        refund = charges[1]._reverse_in_books("levering was te laat")
        self.assertEqual((refund.move_type, refund.amount_total, refund.amount_residual), ("out_refund", 40.0, 0.0))
        self.assertEqual(refund.reversed_entry_id, note)
        self.assertEqual((charges[1].state, charges[1].reverse_reason), ("reversed", "levering was te laat"))
        self.assertEqual((charges[0].state, note.amount_residual), ("posted", 12.34))
        self.assertEqual(self.ledger(), 12.34)
        self.assertIn("levering was te laat", "".join(charges[1].message_ids.mapped("body")))
        with self.assertRaisesRegex(UserError, "not posted"):
            charges[1]._reverse_in_books("nog eens")
        with self.assertRaisesRegex(UserError, "reason"):
            charges[0]._reverse_in_books("  ")

    def test_reversed_after_it_was_paid_stands_as_credit(self):
        charges = self.claims()
        note = charges._post_to_books()
        self.pay(note)
        refund = charges._reverse_in_books("te vroeg gerekend", amounts={charges[0]: 2.34, charges[1]: 40.0})
        self.assertEqual(refund.amount_residual, 42.34)
        self.assertEqual([c.amount_unpaid for c in charges], [-2.34, -40.0])
        self.assertEqual([c.state for c in charges], ["settled", "reversed"])
        payment = (
            self.env["account.payment.register"]
            .with_context(active_model="account.move", active_ids=refund.ids)
            .create({})
        )
        payment.action_create_payments()
        self.env["account.payment"].search([], limit=1, order="id desc")
        self.assertEqual(self.ledger(), 10.0)

    def test_odoos_own_credit_note_counts(self):
        charges = self.claims()
        note = charges._post_to_books()
        wizard = (
            self.env["account.move.reversal"]
            .with_context(active_model="account.move", active_ids=note.ids)
            .create({"journal_id": note.journal_id.id, "date": TODAY})
        )
        wizard.refund_moves()
        refund = note.reversal_move_ids
        self.assertTrue(refund.followup_charge_note)
        if refund.state == "draft":
            refund.action_post()
        self.assertEqual(set(charges.mapped("state")), {"reversed"})
        self.assertEqual(self.ledger(), 0.0)

    def test_a_copy_is_no_second_posting(self):
        charge = self.claim()
        note = charge._post_to_books()
        copy = note.copy()
        self.assertFalse(copy.invoice_line_ids.followup_charge_id)
        self.assertFalse(copy.followup_charge_note)

    def test_what_was_posted_is_not_changed(self):
        note = self.claim()._post_to_books()
        for step in ("button_draft", "button_cancel"):
            with self.assertRaisesRegex(UserError, "button Reverse"):
                getattr(note, step)()

    def test_rights(self):
        charges = self.claims()
        user = new_test_user(
            self.env,
            login="fu",
            groups="l10n_be_followup.l10n_be_followup_group_user",
            company_id=self.company.id,
            company_ids=[(6, 0, self.company.ids)],
        )
        reader = new_test_user(
            self.env,
            login="reader",
            groups="account.group_account_readonly",
            company_id=self.company.id,
            company_ids=[(6, 0, self.company.ids)],
        )
        with self.assertRaisesRegex(UserError, "follow-up user"):
            charges.with_user(reader)._post_to_books()
        action = charges.with_user(user).action_post()
        wizard = Form(self.env["followup.charge.post.wizard"].with_user(user).with_context(**action["context"])).save()
        self.assertEqual((wizard.note_count, wizard.date_due), (1, TODAY + timedelta(days=14)))
        wizard.action_confirm()
        self.assertEqual(set(charges.mapped("state")), {"posted"})
        charges.with_user(user)._reverse_in_books("fout")
        self.assertEqual(set(charges.mapped("state")), {"reversed"})
        elsewhere = self.env["res.company"].create({"name": "Elders"})
        other = new_test_user(
            self.env,
            login="elsewhere",
            groups="l10n_be_followup.l10n_be_followup_group_user",
            company_id=elsewhere.id,
            company_ids=[(6, 0, elsewhere.ids)],
        )
        self.assertFalse(self.env["followup.charge"].with_user(other).search([("id", "in", charges.ids)]))

    def test_waived_interest_is_undone_into_the_later_claim(self):
        move = self.invoice(amount=1210, due=date(2026, 10, 1))
        first = self.claim(move, 5.0, "interest", date(2026, 11, 10))
        first._waive("goede klant")
        second = self.claim(move, 3.0, "interest", TODAY)
        first.action_undo_waive()
        self.assertEqual((first.state, second.state, second.amount), ("cancelled", "claimed", 8.0))
