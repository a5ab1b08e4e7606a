from odoo import models
from odoo.exceptions import UserError


class AccountBankStatementLine(models.Model):
    """On OCA's reconciliation screen, a line with one of our references stands ready with what it is meant for."""

    _inherit = "account.bank.statement.line"

    def _do_auto_reconcile_invoices(self):
        """EXTENDS account_reconcile_oca: propose the items of our references.

        Only proposed here: whether a line is booked at once is the company's choice, and is made where a line that
        cannot be booked does not stop the import.
        """
        ours = self.browse()
        for line in self:
            try:
                shares = line._followup_plan()
            except UserError:
                continue
            line.reconcile_data_info = line._followup_proposal(shares)
            ours |= line
        return super(AccountBankStatementLine, self - ours)._do_auto_reconcile_invoices()

    def _followup_proposal(self, shares):
        """The screen's data for a line that pays these items.

        :param shares: dict item -> amount in company currency
        """
        self.ensure_one()
        data, number = [], 1
        liquidity, _suspense, _other = self._seek_for_lines()
        for entry in liquidity:
            number, rows = self._get_reconcile_line(entry, "liquidity", reconcile_auxiliary_id=number, move=True)
            data += rows
        for item, amount in shares.items():
            number, rows = self._get_reconcile_line(
                item.sudo(self.env.su),
                "other",
                is_counterpart=True,
                max_amount=amount,
                reconcile_auxiliary_id=number,
                move=True,
            )
            data += rows
        return self._recompute_suspense_line(data, number, self.manual_reference)

    def _followup_book(self, shares):
        """OVERRIDE l10n_be_followup: booked as that screen does, which may keep the bank's own entry."""
        self.reconcile_data_info = self._followup_proposal(shares)
        self.reconcile_bank_line()

    def action_followup_undo(self):
        """OVERRIDE l10n_be_followup: taken back as that screen does."""
        self.check_access("write")
        for line in self:
            line.unreconcile_bank_line()
        return True
