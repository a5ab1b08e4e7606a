import re
from collections import defaultdict

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL, format_date

from ..engine import selection

#: Shorter numbers than this are found in any communication by chance.
SHORTEST_NUMBER = 5


class FollowupPaidCheckWizard(models.TransientModel):
    """ "I paid already": look for the money before anybody answers.

    Unallocated payments and credit notes of the customer, payments in process, and bank lines that nobody matched and
    that may be his: by the amount, the communication, or the account they came from. Reads set-based, decides nothing.
    """

    _name = "followup.paid.check.wizard"
    _description = "Paid Already?"
    _inherit = "followup.wizard"

    customer_id = fields.Many2one("followup.customer", required=True)
    dispute_id = fields.Many2one("followup.dispute")
    line_ids = fields.One2many("followup.paid.check.line", "wizard_id", "Candidates")
    bank_date = fields.Date("Newest bank data", compute="_compute_advice")
    advice = fields.Text(compute="_compute_advice")

    @api.depends("line_ids", "customer_id")
    def _compute_advice(self):
        for wizard in self:
            company = wizard.customer_id.company_id
            wizard.bank_date = (
                selection.newest_bank_data(self.env, company.id, company._followup_today()) if company else False
            )
            wizard.advice = "\n".join(wizard._advice()) if not wizard.line_ids else False

    def _advice(self):
        """What to do when nothing was found."""
        self.ensure_one()
        yield self.env._("Nothing was found that may be this payment.")
        yield self.env._(
            "Ask the customer for the proof of payment: the day, the amount, the account it went to and the communication."
        )
        if self.bank_date:
            yield self.env._(
                "The newest bank data are of %s. Did he pay later than that? Then import the bank statement first.",
                format_date(self.env, self.bank_date),
            )
        else:
            yield self.env._("There are no bank data at all: import the bank statements, or look at the bank itself.")

    @api.model
    def _open_for(self, customer, dispute=None):
        """Look now, and show what was found.

        :param dispute: its invoices are looked for; None: everything that is open
        """
        wizard = self.create({"customer_id": customer.id, "dispute_id": dispute.id if dispute else False})
        wizard._search_candidates()
        return wizard._action_open()

    def _action_open(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Paid already?"),
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "target": "new",
        }

    def _items(self):
        """Open items that the money may be for, oldest first."""
        self.ensure_one()
        items = self.dispute_id.cover_ids.item_id.filtered("is_open") if self.dispute_id else self.customer_id.item_ids
        return items.sorted(lambda item: (item.date_maturity, item.id))

    def _search_candidates(self):
        self.ensure_one()
        self.line_ids.unlink()
        for name in ("account.move.line", "account.move", "account.payment", "account.bank.statement.line"):
            self.env[name].flush_model()
        rows = [*self._unallocated(), *self._in_process(), *self._bank_lines()]
        self.env["followup.paid.check.line"].create([{"wizard_id": self.id, **row} for row in rows])

    def _companies(self):
        """The root company with its branches, as far as the user may look."""
        root = self.customer_id.company_id
        family = self.env["res.company"].sudo().search([("id", "child_of", root.id)])
        return (family & self.env.companies) or root

    def _unallocated(self):
        """Payments and credit notes on the customer's account that no invoice was matched with."""
        lines = self.env["account.move.line"].search(
            [
                ("partner_id", "child_of", self.customer_id.partner_id.id),
                ("company_id", "in", self._companies().ids),
                ("account_id.account_type", "=", "asset_receivable"),
                ("parent_state", "=", "posted"),
                ("reconciled", "=", False),
                ("amount_residual_currency", "<", 0),
            ],
            order="date desc, id desc",
        )
        for line in lines:
            refund = line.move_id.move_type == "out_refund"
            yield {
                "kind": "credit",
                "date": line.date,
                "amount": -line.amount_residual_currency,
                "currency_id": line.currency_id.id,
                "communication": line.move_id.name if refund else (line.name or line.ref or line.move_id.name),
                "why": self.env._("Credit note of this customer, not allocated")
                if refund
                else self.env._("Payment of this customer, not allocated"),
                "move_line_id": line.id,
            }

    def _in_process(self):
        """Payments that were registered and whose money did not arrive at the bank yet."""
        payments = self.env["account.payment"].search(
            [
                ("partner_id", "child_of", self.customer_id.partner_id.id),
                ("company_id", "in", self._companies().ids),
                ("state", "in", ("in_process", "paid")),
                ("move_id", "=", False),
                ("payment_type", "=", "inbound"),
                ("partner_type", "=", "customer"),
            ],
            order="date desc, id desc",
        )
        # One with an entry of its own stands above as a credit. Without one it waits for its bank line: as long as an
        # invoice that it is for has something open.
        for payment in payments:
            invoices = payment.invoice_ids
            if not (any(invoices.mapped("amount_residual")) if invoices else payment.state == "in_process"):
                continue
            yield {
                "kind": "payment",
                "date": payment.date,
                "amount": payment.amount,
                "currency_id": payment.currency_id.id,
                "communication": payment.memo or payment.name,
                "account_number": payment.partner_bank_id.acc_number,
                "why": self.env._("Payment in process: it is matched when the bank line arrives"),
                "payment_id": payment.id,
            }

    def _bank_lines(self):
        """Bank lines that nobody matched yet, of nobody or of this customer, with a sign that they may be his."""
        facts = self._facts()
        rows = self.env.execute_query(
            SQL(
                """SELECT found.id, found.own, found.amounts, found.number, found.digits, found.account
                     FROM (SELECT line.id, move.date,
                                  partner.commercial_partner_id IS NOT NULL AS own,
                                  (COALESCE(line.foreign_currency_id, line.currency_id),
                                   CASE WHEN line.foreign_currency_id IS NOT NULL THEN line.amount_currency
                                        ELSE line.amount END)
                                  IN (SELECT * FROM unnest(%(currencies)s::int[], %(amounts)s::numeric[])) AS amounts,
                                  upper(regexp_replace(line.payment_ref, '[^[:alnum:]]', '', 'g'))
                                  LIKE ANY(%(numbers)s::text[]) AS number,
                                  regexp_replace(line.payment_ref, '[^0-9]', '', 'g')
                                  LIKE ANY(%(digits)s::text[]) AS digits,
                                  upper(regexp_replace(line.account_number, '[^[:alnum:]]', '', 'g'))
                                  = ANY(%(accounts)s::text[]) AS account
                             FROM account_bank_statement_line line
                             JOIN account_move move ON move.id = line.move_id
                        LEFT JOIN res_partner partner ON partner.id = line.partner_id
                            WHERE line.is_reconciled IS NOT TRUE AND line.amount > 0 AND move.state <> 'cancel'
                              AND line.company_id = ANY(%(companies)s)
                              AND (line.partner_id IS NULL OR partner.commercial_partner_id = %(partner)s)) found
                    WHERE found.own OR found.amounts OR found.number OR found.digits OR found.account
                 ORDER BY found.account DESC NULLS LAST, found.number DESC NULLS LAST, found.date DESC, found.id DESC
                    LIMIT 80""",
                **facts,
                companies=self._companies().ids,
                partner=self.customer_id.partner_id.id,
            )
        )
        lines = self.env["account.bank.statement.line"].browse([row[0] for row in rows])
        for line, (_id, own, amounts, number, digits, account) in zip(lines, rows, strict=True):
            why = [
                text
                for holds, text in (
                    (own, self.env._("on the customer's name")),
                    (account, self.env._("from an account of this customer")),
                    (number, self.env._("number of the invoice in the communication")),
                    (digits, self.env._("structured communication of the invoice")),
                    (amounts, self.env._("the same amount")),
                )
                if holds
            ]
            foreign = line.foreign_currency_id
            yield {
                "kind": "bank",
                "date": line.date,
                "amount": line.amount_currency if foreign else line.amount,
                "currency_id": (foreign or line.currency_id).id,
                "communication": line.payment_ref,
                "account_number": line.account_number,
                "why": self.env._("Bank line, not matched: %s", ", ".join(why)),
                "statement_line_id": line.id,
            }

    def _facts(self):
        """By what a bank line is recognised.

        :rtype: dict of the arrays of the query: `currencies` and `amounts` side by side, patterns, account numbers
        """
        items = self._items()
        wanted = set()
        totals = defaultdict(float)
        for item in items:
            wanted.add((item.currency_id, item.amount_residual_currency))
            totals[item.currency_id] += item.amount_residual_currency
            wanted.add((item.move_id.currency_id, item.move_id.amount_total))
        wanted |= set(totals.items())
        if self.dispute_id:
            wanted.add((self.dispute_id.currency_id, self.dispute_id.amount))
            wanted |= {(cover.currency_id, cover.amount) for cover in self.dispute_id.cover_ids}
        wanted = [(currency, currency.round(amount)) for currency, amount in wanted if amount > 0]
        moves = items.move_id
        numbers = {re.sub(r"[\W_]", "", move.name or "").upper() for move in moves}
        digits = {re.sub(r"\D", "", move.payment_reference or "") for move in moves}
        banks = self.customer_id.partner_id | self.env["res.partner"].search(
            [("commercial_partner_id", "=", self.customer_id.partner_id.id)]
        )
        return {
            "currencies": [currency.id for currency, _amount in wanted],
            "amounts": [f"{amount:.{currency.decimal_places}f}" for currency, amount in wanted],
            "numbers": [f"%{number}%" for number in numbers if len(number) >= SHORTEST_NUMBER],
            # Exactly twelve: anything else is no structured communication.
            "digits": [f"%{number}%" for number in digits if len(number) == 12],
            "accounts": [number.upper() for number in banks.bank_ids.mapped("sanitized_acc_number") if number],
        }

    def _allocate(self, credit):
        """Reconcile unallocated money with the disputed items, oldest first, with the rights of the user.

        :param credit: `account.move.line` of the customer
        :raises UserError: when nothing on the same account is open
        """
        self.ensure_one()
        partner = self.customer_id.partner_id
        if credit.reconciled or credit.partner_id.commercial_partner_id != partner:
            raise UserError(self.env._("This amount was allocated meanwhile, or is another customer's. Look again."))
        debits = self._items().move_line_id.filtered(
            lambda line: (
                not line.reconciled
                and line.account_id == credit.account_id
                and line.partner_id.commercial_partner_id == partner
                and line.company_id.root_id == credit.company_id.root_id
            )
        )
        if not debits:
            raise UserError(
                self.env._(
                    "Nothing that is open stands on the same account (%s). Match it in the bookkeeping.",
                    credit.account_id.display_name,
                )
            )
        if self.dispute_id:
            self.dispute_id._found(credit)
        try:
            (debits.with_env(self.env) | credit).reconcile()
        except UserError as error:
            raise UserError(
                self.env._("The amount could not be allocated: %(reason)s", reason=error.args[0])
            ) from error
        self.customer_id._refresh()
