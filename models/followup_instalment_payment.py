from odoo import models
from odoo.exceptions import UserError


class FollowupInstalment(models.Model):
    """A person notes that an instalment was paid: a payment on the covered invoices, oldest first."""

    _inherit = "followup.instalment"

    def action_register_payment(self):
        """Open Odoo's payment screen with what this instalment needs.

        :raises UserError: when nothing can be paid that way; names the cure
        """
        self.ensure_one()
        self.check_access("read")
        self.env["account.payment.register"].check_access("create")
        if self.arrangement_id.state != "active":
            raise UserError(
                self.env._(
                    "%s is not in force. Register the payment on the invoices themselves.", self.arrangement_id.name
                )
            )
        # What came in since the last look counts.
        self.arrangement_id._follow_now()
        if self.currency_id.compare_amounts(self.amount_open, 0.0) <= 0:
            raise UserError(self.env._("Instalment %s is paid already.", self.display_name))
        lines = self._payable_lines()
        if not lines:
            return self._open_free_payment()
        lines = self._one_batch(lines)
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Register payment of %s", self.display_name),
            "res_model": "account.payment.register",
            "view_mode": "form",
            "views": [(False, "form")],
            "target": "new",
            "context": {
                "active_model": "account.move.line",
                "active_ids": lines.ids,
                "default_group_payment": True,
                "default_amount": self.amount_open,
                "default_custom_user_amount": self.amount_open,
                "default_custom_user_currency_id": self.currency_id.id,
                "followup_communication": self.reference,
                "dont_redirect_to_payments": True,
            },
        }

    def _payable_lines(self):
        """The covered journal items that are still open, oldest first."""
        return (
            self.arrangement_id.sudo()
            .cover_ids.item_id.move_line_id.filtered(
                lambda line: (
                    line.parent_state == "posted"
                    and not line.reconciled
                    and line.currency_id.compare_amounts(line.amount_residual_currency, 0.0) > 0
                )
            )
            .sorted(lambda line: (line.date_maturity or line.date, line.date, line.id))
            .sudo(self.env.su)
        )

    def _enough(self, lines):
        """The first of these lines that the amount needs.

        :return: (lines, whether they cover the amount)
        """
        left, needed = self.amount_open, lines.browse()
        for line in lines:
            if self.currency_id.compare_amounts(left, 0.0) <= 0:
                break
            needed |= line
            left -= line.amount_residual_currency
        return needed, self.currency_id.compare_amounts(left, 0.0) <= 0

    def _one_batch(self, lines):
        """What one payment can pay. Odoo makes a payment for each receivable account and bank account, and then pays
        every line in full, whatever amount is asked.

        :raises UserError: names the invoices, and what to do
        """
        register = self.env["account.payment.register"]
        needed, _covered = self._enough(lines)
        keys = {line: tuple(register._get_line_batch_key(line).items()) for line in lines}
        if len({keys[line] for line in needed}) == 1:
            return needed
        first, covered = self._enough(lines.filtered(lambda line: keys[line] == keys[lines[0]]))
        if covered:
            return first
        raise UserError(
            self.env._(
                "One payment cannot pay this instalment: its invoices (%(invoices)s) are on different receivable "
                "accounts, or name different bank accounts of yours. Register the payment in parts on the invoices "
                "themselves, oldest first; the instalment follows by itself.",
                invoices=", ".join(needed.move_id.mapped("name")),
            )
        )

    def _open_free_payment(self):
        """The invoices are paid, and what is left is interest and costs: money that stays the customer's credit."""
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Payment of %s", self.display_name),
            "res_model": "account.payment",
            "view_mode": "form",
            "views": [(False, "form")],
            "context": {
                "default_payment_type": "inbound",
                "default_partner_type": "customer",
                "default_partner_id": self.partner_id.id,
                "default_amount": self.amount_open,
                "default_currency_id": self.currency_id.id,
                "default_memo": self.reference,
            },
        }
