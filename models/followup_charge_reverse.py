from odoo import Command, api, fields, models
from odoo.exceptions import UserError


class FollowupCharge(models.Model):
    """Taking posted charges back: a credit note, with the reason, for all or a part."""

    _inherit = "followup.charge"

    reverse_reason = fields.Char(readonly=True, tracking=True)

    def action_reverse(self):
        """Reverse these charges; asks for the reason."""
        self._check_user()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Reverse"),
            "res_model": "followup.charge.reverse.wizard",
            "view_mode": "form",
            "target": "new",
            "context": {"default_charge_ids": [Command.set(self.ids)]},
        }

    def _reverse_in_books(self, reason, amounts=None, day=None):
        """Credit notes over these charges, reconciled with their debit notes as far as these are open.

        What was paid already is the customer's credit then: pay it back, or allocate it.

        :param amounts: dict charge -> amount in its currency; None: all that is not reversed yet
        :param day: date of the credit notes; None: today, or the first open day
        :return: the credit notes, `account.move`
        :raises UserError: names the charge that cannot be reversed
        """
        self._check_user()
        if not (reason or "").strip():
            raise UserError(self.env._("Write down why the charges are reversed: the reason is kept."))
        self.sudo().customer_id.lock_for_update(allow_referencing=True)
        self.invalidate_recordset()
        moves = self.env["account.move"]
        for note, charges in self.grouped(lambda charge: charge.sudo().debit_note_id).items():
            parts = {charge: charge._part_to_reverse((amounts or {}).get(charge)) for charge in charges}
            moves |= charges._credit(note.sudo(False), parts, reason.strip(), day)
        for charge in self:
            charge.sudo().reverse_reason = reason.strip()
            charge._tell(self.env._("reversed: %s", reason.strip()))
        return moves

    def _part_to_reverse(self, wanted):
        """:raises UserError: when the charge is not posted, or less is left of it"""
        self.ensure_one()
        left = self.currency_id.round(self.amount_posted - self.amount_reversed)
        if self.state not in ("posted", "settled") or not self.debit_note_id:
            raise UserError(
                self.env._("%s is not posted: waive it instead, or take it out of the selection.", self._label())
            )
        amount = left if wanted is None else self.currency_id.round(wanted)
        if amount <= 0 or self.currency_id.compare_amounts(amount, left) > 0:
            raise UserError(
                self.env._(
                    "%(charge)s: at most %(left)s can be reversed.",
                    charge=self._label(),
                    left=self.currency_id.format(left),
                )
            )
        return amount

    @api.model
    def _credit(self, note, parts, reason, day):
        """One credit note for one debit note.

        :param parts: dict charge -> amount
        """
        company = note.company_id
        date = company._followup_posting_date(note.journal_id, day)
        source = {line.followup_charge_id: line for line in note.invoice_line_ids if line.followup_charge_id}
        move = (
            self.env["account.move"]
            .with_company(company)
            .create(
                {
                    "move_type": "out_refund",
                    "followup_charge_note": True,
                    "followup_regime": note.followup_regime,
                    "reversed_entry_id": note.id,
                    "company_id": company.id,
                    "journal_id": note.journal_id.id,
                    "partner_id": note.partner_id.id,
                    "currency_id": note.currency_id.id,
                    "date": date,
                    "invoice_date": date,
                    "invoice_date_due": date,
                    "invoice_payment_term_id": False,
                    "fiscal_position_id": False,
                    "ref": self.env._("Reversal of %(note)s: %(reason)s", note=note.name, reason=reason)[:200],
                    "invoice_line_ids": [
                        Command.create(
                            {
                                "name": source[charge].name,
                                "followup_credited_charge_id": charge.id,
                                "account_id": source[charge].account_id.id,
                                "quantity": 1,
                                "price_unit": amount,
                                "tax_ids": [Command.clear()],
                                "analytic_distribution": source[charge].analytic_distribution,
                            }
                        )
                        for charge, amount in parts.items()
                    ],
                }
            )
        )
        move.action_post()
        open_lines = (note + move).line_ids.filtered(
            lambda line: line.account_type == "asset_receivable" and not line.reconciled
        )
        if len(open_lines.move_id) > 1:
            for _account, lines in open_lines.grouped("account_id").items():
                lines.reconcile()
        return move
