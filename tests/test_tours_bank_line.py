from datetime import date

from odoo.tests import HttpCase, tagged

from .browser import InBrowser
from .test_bank_lines import BankCommon


@tagged("post_install_l10n", "post_install", "-at_install")
class TestToursBankLine(InBrowser, BankCommon, HttpCase):
    """The list of bank lines in a real browser, for somebody who does the bank and nothing else."""

    def test_reconcile_undo_and_again(self):
        old = self.invoice(amount=100, due=date(2026, 10, 1))
        young = self.invoice(amount=120, due=date(2026, 11, 1))
        arrangement = self.arrange(old, young, instalments=[(date(2026, 12, 1), 150.0), (date(2027, 1, 4), 70.0)])
        line = self.bank(arrangement.instalment_ids[0].reference, 150)
        self.start_tour(
            "/odoo/action-l10n_be_followup.followup_bank_line_action",
            "l10n_be_followup_bank_line",
            login=self.clerk.login,
        )
        self.env.invalidate_all()
        self.assertTrue(line.is_reconciled)
        self.assertEqual((old.amount_residual, young.amount_residual), (0, 70))
