from datetime import timedelta

from odoo import Command, api, models

from . import catalogue
from .followup_demo import NAMESPACE

#: Days of credit, and the payment term that gives them. Instalments: 30 % at once, the rest after 60 days.
TERMS = {
    "business": (30, "account.account_payment_term_30days"),
    "self_employed": (30, "account.account_payment_term_30days"),
    "authority": (30, "account.account_payment_term_30days"),
    "consumer": (15, "account.account_payment_term_15days"),
    "instalments": (0, "account.account_payment_term_advance_60days"),
}


class FollowupDemo(models.AbstractModel):
    """The past of the demo companies: what they invoiced and what became of it."""

    _inherit = "followup.demo"

    @api.model
    def _make_invoices(self, company_key, company, customers, products):
        """Invoices of one company, posted in the order of their dates.

        :return: list of (invoice, what became of it)
        """
        bought = [(row, row["habit"]) for row in customers.values() if row["company"] == company_key]
        bought += [(customers[key], habit) for shop, key, habit in catalogue.SHARED if shop == company_key]
        made = []
        for place, (row, habit) in enumerate(bought):
            for turn, (late, fate) in enumerate(catalogue.HABITS[habit]):
                made.append((self._invoice_values(company_key, company, row, place, turn, late, fate, products), fate))
        made.sort(key=lambda pair: pair[0]["invoice_date"])
        invoices = self.env["account.move"].with_company(company).create([values for values, _fate in made])
        invoices.action_post()
        return list(zip(invoices, (fate for _values, fate in made), strict=True))

    @api.model
    def _invoice_values(self, company_key, company, row, place, turn, late, fate, products):
        instalments = row["habit"].startswith("instalments")
        days, term = TERMS["instalments" if instalments else row["kind"]]
        partner = row["partner"]
        if row.get("contact_use") == "invoices" or (row.get("contact_use") == "every_other" and turn % 2):
            partner = row["contact"]
        # An invoice that is not due yet was still made before today.
        day = company._followup_today() - timedelta(days=max(late + days, 1))
        currency = self.env.ref(f"base.{catalogue.CURRENCIES.get(row['key'], 'EUR')}")
        basket = catalogue.BASKETS[company_key, "consumer" if row["kind"] == "consumer" else "business"]
        return {
            "move_type": "out_invoice",
            "partner_id": partner.id,
            "invoice_date": day,
            "date": day,
            "delivery_date": day,
            "currency_id": currency.id,
            "invoice_payment_term_id": self.env.ref(term).id,
            "invoice_user_id": False,
            "invoice_line_ids": [
                Command.create(values)
                for values in self._invoice_lines(basket, place, turn, fate, row["lang"], products)
            ],
        }

    @api.model
    def _invoice_lines(self, basket, place, turn, fate, lang, products):
        if fate == "cents":
            return [{"product_id": products["keys"].id, "quantity": 0.1, "price_unit": 29.99}]
        lines = []
        for number in range(1 + (place + turn) % 2):
            product = products[basket[(place + turn + 3 * number) % len(basket)]]
            seed = 11 * place + 7 * turn + 3 * number
            by_hour = product.list_price < 100
            lines.append(
                {
                    "product_id": product.id,
                    "quantity": 1 + seed % 9 + seed % 4 * 0.25 if by_hour else 1 + seed % 3 // 2,
                    # Prices were agreed with each customer.
                    "price_unit": round(product.list_price * (1 - seed % 13 / 100), 2),
                }
            )
        return lines

    @api.model
    def _make_history(self, company, invoices):
        """Pay, credit or block invoices."""
        today = company._followup_today()
        by_day = {}
        for number, (invoice, fate) in enumerate(invoices):
            # Most pay around the due date, nobody later than yesterday.
            day = min(invoice.invoice_date_due + timedelta(days=(7 * number) % 9 - 2), today - timedelta(days=1))
            day = max(day, invoice.invoice_date)
            if fate == "paid":
                # Registered once a week, as small offices do.
                week = min(day + timedelta(days=-day.weekday() % 7), today - timedelta(days=1))
                by_day.setdefault((week, invoice.currency_id), self.env["account.move"])
                by_day[week, invoice.currency_id] |= invoice
            elif handler := getattr(self, f"_history_{fate}", None):
                handler(company, invoice, day)
        for (week, _currency), moves in sorted(by_day.items(), key=lambda pair: pair[0][0]):
            self._register_payment(moves, week)

    @api.model
    def _register_payment(self, moves, day, amount=None):
        wizard = (
            self.env["account.payment.register"]
            .with_context(active_model="account.move", active_ids=moves.ids)
            .create({"payment_date": day, "group_payment": False})
        )
        if amount is not None:
            wizard.amount = amount
            wizard.payment_difference_handling = "open"
        wizard._create_payments()

    @api.model
    def _history_bank(self, company, invoice, day):
        """Paid by transfer: a bank line with the structured communication, reconciled with the invoice."""
        self._bank_line(
            company, invoice.commercial_partner_id, invoice.amount_residual, invoice.payment_reference, day, invoice
        )

    @api.model
    def _bank_line(self, company, partner, amount, label, day, invoice=None):
        receivable = partner.with_company(company).property_account_receivable_id
        line = self.env["account.bank.statement.line"].create(
            {
                "journal_id": self._journal(company, "bank").id,
                "date": day,
                "payment_ref": label,
                "partner_id": partner.id,
                "amount": amount,
                "counterpart_account_id": receivable.id,
            }
        )
        if invoice:
            (line.move_id | invoice).line_ids.filtered(
                lambda item: item.account_id == receivable and not item.reconciled
            ).reconcile()

    @api.model
    def _history_part(self, company, invoice, day):
        self._register_payment(invoice, day, invoice.currency_id.round(invoice.amount_residual / 2))

    @api.model
    def _history_rest(self, company, invoice, day):
        self._register_payment(invoice, day, invoice.amount_residual - 3.85)

    @api.model
    def _history_first_paid(self, company, invoice, day):
        first = invoice.line_ids.filtered("date_maturity").sorted("date_maturity")[0]
        self._register_payment(invoice, invoice.invoice_date + timedelta(days=4), first.amount_residual_currency)

    @api.model
    def _history_credited(self, company, invoice, day):
        self._credit(company, invoice, day, "Order cancelled")

    @api.model
    def _history_credited_part(self, company, invoice, day):
        self._credit(company, invoice, day, "Part of the work was not done", part=True)

    @api.model
    def _credit(self, company, invoice, day, reason, part=False):
        wizard = (
            self.env["account.move.reversal"]
            .with_context(active_model="account.move", active_ids=invoice.ids)
            .create({"date": day, "reason": reason, "journal_id": invoice.journal_id.id})
        )
        wizard.refund_moves()
        credit_note = wizard.new_move_ids
        if part:
            for line in credit_note.invoice_line_ids:
                line.quantity = max(line.quantity // 3, 0.5)
        credit_note.action_post()

    @api.model
    def _history_in_process(self, company, invoice, day):
        self._pay_without_entry(company, invoice, invoice.amount_residual)

    @api.model
    def _history_in_process_part(self, company, invoice, day):
        self._pay_without_entry(company, invoice, invoice.currency_id.round(invoice.amount_residual / 3))

    @api.model
    def _pay_without_entry(self, company, invoice, amount):
        """A payment that is known but not in the books until the bank line arrives."""
        payment = self.env["account.payment"].create(
            {
                "payment_type": "inbound",
                "partner_type": "customer",
                "partner_id": invoice.commercial_partner_id.id,
                "amount": amount,
                "currency_id": invoice.currency_id.id,
                "date": company._followup_today() - timedelta(days=1),
                "journal_id": self._journal(company, "bank").id,
                "memo": invoice.name,
                "invoice_ids": [Command.set(invoice.ids)],
            }
        )
        payment.outstanding_account_id = False
        payment.action_post()

    @api.model
    def _history_blocked(self, company, invoice, day):
        invoice.action_toggle_block_payment()

    @api.model
    def _history_no_followup(self, company, invoice, day):
        invoice.no_followup = True

    @api.model
    def _make_bank_data(self, company):
        """Yesterday's statement: without recent bank data nothing is sent by itself."""
        self.env["account.bank.statement.line"].create(
            {
                "journal_id": self._journal(company, "bank").id,
                "date": company._followup_today() - timedelta(days=1),
                "payment_ref": "Bank charges",
                "amount": -12.10,
            }
        )

    @api.model
    def _make_credits(self, company, customers, products):
        """Money that nobody allocated yet."""
        today = company._followup_today()
        for key, amount, kind, days in catalogue.CREDITS:
            partner = customers[key]["partner"]
            if kind == "payment":
                self._bank_line(company, partner, amount, "Payment", today - timedelta(days=days))
                continue
            self.env["account.move"].with_company(company).create(
                {
                    "move_type": "out_refund",
                    "partner_id": partner.id,
                    "invoice_date": today - timedelta(days=days),
                    "invoice_line_ids": [
                        Command.create({"product_id": products["keys"].id, "name": "Goodwill", "price_unit": amount})
                    ],
                }
            ).action_post()

    @api.model
    def _make_holds(self, company, customers):
        for key, days, scope, reason in catalogue.HOLDS:
            customer = self.env["followup.customer"]._for_partner(customers[key]["partner"], company)
            self.env["followup.hold"].create(
                {
                    "customer_id": customer.id,
                    "move_id": customer.item_ids[:1].move_id.id if scope == "invoice" else False,
                    "until": company._followup_today() + timedelta(days=days),
                    "reason": reason,
                    "user_id": self.env.ref(f"{NAMESPACE}.user_elke").id,
                }
            )
