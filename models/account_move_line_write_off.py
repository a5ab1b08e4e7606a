from odoo import Command, models
from odoo.exceptions import UserError


class AccountMoveLine(models.Model):
    """The remainder of an invoice that nobody chases: written off by an entry that is matched with it."""

    _inherit = "account.move.line"

    def _followup_write_off(self, reason, account=None, day=None):
        """Write off what is left of these receivable items: one entry per item, reconciled with it.

        :param account: counterpart; None: as the company sets
        :param day: date of the entries; None: today, or the first open day
        :return: the entries, `account.move`
        :raises UserError: names the item, why not, and the cure
        """
        self.env["followup.charge"].browse()._check_user()
        reason = (reason or "").strip()
        if not reason:
            raise UserError(self.env._("Write down why the remainder is written off: the reason is kept."))
        if not self:
            raise UserError(self.env._("Nothing is open any more: there is no remainder to write off."))
        customers = self.env["followup.customer"]
        for line in self:
            customers |= customers._for_partner(line.partner_id, line.company_id)
        customers.sudo().lock_for_update(allow_referencing=True)
        self.invalidate_recordset()
        moves = self.env["account.move"]
        for line in self:
            line._followup_check_write_off()
            moves |= line._followup_write_off_one(reason, account, day)
        return moves

    def _followup_check_write_off(self):
        self.ensure_one()
        if self.parent_state != "posted" or self.account_type != "asset_receivable" or self.reconciled:
            raise UserError(self.env._("%s is not open any more. Take it off the list.", self.move_id.display_name))
        root = self.company_id._followup_root()
        limit = root.followup_write_off_amount
        left = abs(self.amount_residual)
        if root.currency_id.compare_amounts(left, limit) > 0:
            raise UserError(
                self.env._(
                    "%(invoice)s: %(left)s is left, more than the %(limit)s that may be written off. Make a credit note, or "
                    "let a manager change the limit in Settings > Invoicing > Follow-up.",
                    invoice=self.move_id.display_name,
                    left=root.currency_id.format(left),
                    limit=root.currency_id.format(limit),
                )
            )

    def _followup_write_off_one(self, reason, account, day):
        self.ensure_one()
        company = self.company_id
        account = account or company._followup_write_off_account()
        if not account:
            raise UserError(
                self.env._(
                    "%s has no account for remainders. Choose one once in Settings > Invoicing > Follow-up > Charges in "
                    "the books.",
                    company._followup_root().name,
                )
            )
        journal = self.env["account.journal"].search(
            [*self.env["account.journal"]._check_company_domain(company), ("type", "=", "general")], limit=1
        )
        if not journal:
            raise UserError(self.env._("%s has no journal for miscellaneous operations: make one first.", company.name))
        label = self.env._("%(invoice)s, remainder: %(reason)s", invoice=self.move_id.name, reason=reason)
        amounts = {"amount_currency": -self.amount_residual_currency, "balance": -self.amount_residual}
        common = {"name": label, "partner_id": self.partner_id.id, "currency_id": self.currency_id.id}
        move = (
            self.env["account.move"]
            .with_company(company)
            .create(
                {
                    "move_type": "entry",
                    "followup_write_off": True,
                    "company_id": company.id,
                    "journal_id": journal.id,
                    "date": company._followup_posting_date(journal, day),
                    "ref": label[:200],
                    "line_ids": [
                        Command.create({**common, **amounts, "account_id": self.account_id.id}),
                        Command.create(
                            {
                                **common,
                                "amount_currency": self.amount_residual_currency,
                                "balance": self.amount_residual,
                                "account_id": account.id,
                                "tax_ids": [Command.clear()],
                            }
                        ),
                    ],
                }
            )
        )
        move.action_post()
        own = move.line_ids.filtered(lambda line: line.account_id == self.account_id)
        (self + own).reconcile()
        self.move_id.message_post(body=self.env._("Remainder written off: %s", reason))
        return move
