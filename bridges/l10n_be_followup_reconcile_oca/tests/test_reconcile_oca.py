from datetime import date
from unittest.mock import patch

from odoo.addons.l10n_be_followup.tests.test_bank_lines import BankCommon
from odoo.exceptions import UserError
from odoo.tests import tagged


@tagged("post_install_l10n", "post_install", "-at_install")
class TestReconcileOca(BankCommon):
    """A line with one of our references, on the screen of the real account_reconcile_oca."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # Its create does nothing by itself in tests, unless told so.
        cls.env = cls.env(context={**cls.env.context, "_test_account_reconcile_oca": True})
        cls.old = cls.invoice(cls, amount=100, due=date(2026, 10, 1))
        cls.young = cls.invoice(cls, amount=120, due=date(2026, 11, 1))

    def setUp(self):
        super().setUp()
        self.arrangement = self.arrange(
            self.young, self.old, instalments=[(date(2026, 12, 1), 150.0), (date(2027, 1, 4), 70.0)]
        )
        self.reference = self.arrangement.instalment_ids[0].reference

    def line(self, amount, text=None, **values):
        return self.bank(text or f"{self.reference} met dank", amount, user=self.clerk, **values)

    def proposed(self, line):
        return [
            (row["counterpart_line_ids"], row["amount"])
            for row in line.reconcile_data_info["data"]
            if row.get("counterpart_line_ids")
        ]

    def residuals(self):
        return self.old.amount_residual, self.young.amount_residual

    def states(self):
        self.refreshed()
        return self.arrangement.instalment_ids.mapped("state")

    def test_installed_with_the_real_add_on(self):
        modules = self.env["ir.module.module"].search(
            [("name", "in", ("account_reconcile_oca", "account_statement_base"))]
        )
        self.assertEqual(modules.mapped("state"), ["installed", "installed"])

    def test_proposed_not_booked(self):
        line = self.line(150)
        self.assertEqual(line.partner_id, self.business)
        self.assertFalse(line.is_reconciled)
        self.assertEqual(
            self.proposed(line), [(self.receivable(self.old).ids, -100), (self.receivable(self.young).ids, -50)]
        )
        self.assertTrue(line.can_reconcile)
        line.reconcile_bank_line()
        self.assertTrue(line.is_reconciled)
        self.assertEqual(self.residuals(), (0, 70))
        self.assertEqual(self.states(), ["paid", "planned"])
        line.unreconcile_bank_line()
        self.assertEqual(self.residuals(), (100, 120))
        self.assertEqual(self.states(), ["planned", "planned"])
        line.clean_reconcile()
        self.assertEqual(len(self.proposed(line)), 2)

    def test_more_than_open_stays_as_credit(self):
        line = self.line(250)
        line.reconcile_bank_line()
        self.assertEqual(self.residuals(), (0, 0))
        rest = self.receivable(line.move_id).filtered(lambda entry: not entry.reconciled)
        self.assertEqual((rest.amount_residual, rest.partner_id), (-30, self.business))
        self.refreshed()
        self.assertEqual(self.arrangement.state, "completed")

    def test_a_notice(self):
        self.arrangement.action_cancel()
        self.night()
        notice = self.notices(state="review") or self.notices(state="queued")
        line = self.line(220, notice.reference)
        self.assertEqual([amount for _ids, amount in self.proposed(line)], [-100, -120])

    def test_booked_at_creation_when_the_company_wants_it(self):
        self.company.followup_bank_reconcile = True
        line = self.line(150)
        self.assertTrue(line.is_reconciled)
        self.assertEqual(self.residuals(), (0, 70))
        self.assertEqual(self.states(), ["paid", "planned"])
        line.unreconcile_bank_line()
        self.assertEqual(self.residuals(), (100, 120))
        stranger = self.env["res.partner"].create({"name": "Derde"})
        line = self.line(150, partner_id=stranger.id)
        self.assertFalse(line.is_reconciled, "somebody else pays: a person looks")

    def test_one_that_cannot_be_booked_does_not_stop_the_import(self):
        self.company.followup_bank_reconcile = True

        def refuse(self):
            raise UserError(self.env._("locked"))

        with patch.object(type(self.env["account.bank.statement.line"]), "reconcile_bank_line", refuse):
            line = self.line(150)
        self.assertFalse(line.is_reconciled)
        self.assertEqual(self.residuals(), (100, 120))
        self.assertEqual(len(self.proposed(line)), 2)

    def test_our_own_list(self):
        line = self.line(150)
        line.action_followup_reconcile()
        self.assertEqual(self.residuals(), (0, 70))
        line.action_followup_undo()
        self.assertFalse(line.is_reconciled)
        self.assertEqual(self.residuals(), (100, 120))

    def test_a_journal_that_keeps_the_entries(self):
        self.bank_journal.suspense_account_id.reconcile = True
        self.bank_journal.reconcile_mode = "keep"
        line = self.line(150)
        line.action_followup_reconcile()
        self.assertEqual(
            line.line_ids.account_id, self.bank_journal.default_account_id + self.bank_journal.suspense_account_id
        )
        self.assertTrue(line.is_reconciled)
        self.assertEqual(self.residuals(), (0, 70))
        line.action_followup_undo()
        self.assertEqual(self.residuals(), (100, 120))

    def test_other_lines_as_before(self):
        invoice = self.invoice(self.consumer, amount=60)
        line = self.line(60, invoice.payment_reference)
        self.assertTrue(line.is_reconciled, "what that add-on does by itself")
        self.assertFalse(line.followup_customer_id)
        line = self.line(60, "iets anders")
        self.assertFalse(line.is_reconciled)
        self.assertFalse(self.proposed(line))
