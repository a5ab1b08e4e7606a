import logging

from odoo import Command, models
from odoo.exceptions import UserError

_logger = logging.getLogger(__name__)


class AccountBankStatementLine(models.Model):
    """Paying with a bank line what its reference stands for: by a person, or as soon as it comes in."""

    _inherit = "account.bank.statement.line"

    def action_followup_reconcile(self):
        """Pay with these lines what they are meant for."""
        failures = []
        for line in self:
            try:
                with self.env.cr.savepoint():
                    line._followup_reconcile()
            except UserError as error:
                if len(self) == 1:
                    raise
                failures.append(f"{line.payment_ref}: {error}")
        if failures:
            return {
                "type": "ir.actions.client",
                "tag": "display_notification",
                "params": {
                    "type": "warning",
                    "sticky": True,
                    "title": self.env._("Not reconciled: %s", len(failures)),
                    "message": "\n".join(failures),
                    "next": {"type": "ir.actions.client", "tag": "soft_reload"},
                },
            }
        return True

    def action_followup_undo(self):
        """Take the reconciliation back: what was paid is open again."""
        self.check_access("write")
        self.action_undo_reconciliation()
        return True

    def action_followup_entry(self):
        """Open the journal entry of the line."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "account.move",
            "res_id": self.move_id.id,
            "views": [(False, "form")],
        }

    def _followup_automatic(self):
        """Whether this line is booked without a person: the company wants it, and the payer is the customer himself."""
        self.ensure_one()
        customer = self.sudo().followup_customer_id
        return (
            bool(customer)
            and self.company_id._followup_root().followup_bank_reconcile
            and self.partner_id.commercial_partner_id == customer.partner_id
        )

    def _followup_reconcile_new(self):
        """Book new lines where the company wants it. One that cannot be booked stays as it is, for a person."""
        for line in self:
            if not line._followup_automatic() or not line._followup_items():
                continue
            try:
                with self.env.cr.savepoint():
                    line._followup_reconcile()
            except UserError as error:
                _logger.info("bank line %s waits for a person: %s", line.id, error)

    def _followup_reconcile(self):
        """Pay with this line what it is meant for, oldest first; the rest is the customer's credit.

        :raises UserError: says why not, and the cure
        """
        self.ensure_one()
        self.check_access("write")
        shares = self._followup_plan()
        if not self.partner_id:
            self.partner_id = self._followup_records()[0].partner_id.id
        self._followup_book({item.sudo(self.env.su): amount for item, amount in shares.items()})

    def _followup_plan(self):
        """What would be paid with this line. Changes nothing.

        :return: dict item -> amount in company currency
        :raises UserError: says why nothing, and the cure
        """
        self.ensure_one()
        if self.is_reconciled:
            raise UserError(self.env._("%s is reconciled already.", self.payment_ref))
        items = self._followup_items()
        if not items:
            raise UserError(
                self.env._(
                    "%s: nothing is open any more of what it is meant for. If a payment was registered before, match "
                    "the line with that payment.",
                    self.payment_ref,
                )
            )
        currency = self.company_id.currency_id
        _liquidity, suspense, other = self._seek_for_lines()
        if len(suspense) != 1 or other:
            raise UserError(
                self.env._("%s is partly reconciled. Finish it by hand, or undo that first.", self.payment_ref)
            )
        if suspense.currency_id != currency or items.currency_id != currency:
            raise UserError(
                self.env._(
                    "%(line)s: the line or an invoice is not in %(currency)s. Reconcile it by hand, so that the exchange "
                    "difference is right.",
                    line=self.payment_ref,
                    currency=currency.name,
                )
            )
        shares = self._followup_shares(items)
        if not shares:
            raise UserError(
                self.env._(
                    "%s: all it is meant for is disputed. End the dispute first, or reconcile it by hand.",
                    self.payment_ref,
                )
            )
        return shares

    def _followup_book(self, shares):
        """Replace the suspense line by one credit for each item, and match them; the rest stands open.

        :param shares: dict item -> amount in company currency
        """
        self.ensure_one()
        currency = self.company_id.currency_id
        _liquidity, suspense, _other = self._seek_for_lines()
        rest = currency.round(-suspense.balance - sum(shares.values()))
        credits = [(item.account_id, item.partner_id, amount) for item, amount in shares.items()]
        if not currency.is_zero(rest):
            credits.append((list(shares)[-1].account_id, self.partner_id.commercial_partner_id, rest))
        before = self.move_id.line_ids
        self.move_id.with_context(
            force_delete=True, skip_readonly_check=True, skip_account_move_synchronization=True
        ).write(
            {
                "line_ids": [
                    Command.delete(suspense.id),
                    *(
                        Command.create(
                            {
                                "name": self.payment_ref,
                                "account_id": account.id,
                                "partner_id": partner.id,
                                "currency_id": currency.id,
                                "amount_currency": -amount,
                                "balance": -amount,
                            }
                        )
                        for account, partner, amount in credits
                    ),
                ]
            }
        )
        made = (self.move_id.line_ids - before).sorted("id")
        # Without the credit that is left over: it has no item.
        self.env["account.move.line"]._reconcile_plan(
            [credit + item for credit, item in zip(made, shares, strict=False)]
        )
