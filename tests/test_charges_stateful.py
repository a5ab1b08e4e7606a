"""Any order of events in the books, with a naive ledger beside them.

After each event: the sum of the charges by state equals the general ledger, to the cent; no charge stands on two debit
notes; what is unpaid equals what the debit and credit notes have open; the Belgian VAT report stays as it was.
`FOLLOWUP_EXAMPLES=200` looks further than the usual run, `FOLLOWUP_SHRINK=1` looks for the shortest story that fails.
"""

import os
from datetime import date, timedelta

from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import tagged

from .charge_common import ChargeCommon
from .common import TODAY

EXAMPLES = int(os.environ.get("FOLLOWUP_EXAMPLES", "6"))
PHASES = (
    Phase.explicit,
    *((Phase.generate,) if EXAMPLES else ()),
    *((Phase.shrink,) if os.environ.get("FOLLOWUP_SHRINK") else ()),
)
EVENTS = (
    "claim", "post", "post again", "pay", "pay back", "take back", "reverse", "waive", "undo waive", "credit note",
    "write off", "force draft",
)  # fmt: skip

events = st.lists(
    st.tuples(st.sampled_from(EVENTS), st.integers(0, 5), st.integers(1, 6000), st.booleans()), min_size=4, max_size=14
)


@tagged("post_install_l10n", "post_install", "-at_install")
class TestChargesStateful(ChargeCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # The dollar falls by half while the story runs: payments make exchange differences.
        cls.dollar = cls.setup_other_currency(
            "USD", rates=[("2020-01-01", 2.0), ("2026-11-20", 4.0), ("2026-11-25", 1.6)]
        )
        cls.company.followup_write_off_amount = 5000

    @settings(
        max_examples=EXAMPLES, deadline=None, phases=PHASES, suppress_health_check=list(HealthCheck), derandomize=True
    )
    @given(events)
    @example(
        [
            ("claim", 0, 4000, False), ("claim", 0, 1234, False), ("post", 0, 1, False), ("pay", 0, 4500, False),
            ("reverse", 0, 10, False), ("take back", 0, 1, False), ("pay", 0, 734, False), ("post again", 0, 1, False),
        ]
    )  # fmt: skip
    @example(
        [
            ("claim", 0, 4001, True), ("claim", 1, 33, True), ("post", 0, 1, True), ("pay", 0, 1999, True),
            ("credit note", 0, 1, False), ("pay back", 0, 1, True), ("waive", 0, 1, False), ("claim", 2, 5, True),
            ("post", 1, 1, True), ("pay", 1, 5, True), ("reverse", 2, 3, False), ("write off", 0, 1, False),
        ]
    )  # fmt: skip
    @example(
        [("pay", 0, 183, False), ("credit note", 0, 1, False), ("pay back", 0, 271, True), ("take back", 0, 1, False)]
    )
    def test_the_charges_are_what_the_ledger_says(self, story):
        with self.env.cr.savepoint() as savepoint:
            self.charges = self.env["followup.charge"]
            self.day = TODAY
            self.invoices = {
                foreign: self.invoice(
                    amount=100000.0,
                    due=date(2026, 10, 1),
                    currency_id=(self.dollar if foreign else self.company.currency_id).id,
                )
                for foreign in (False, True)
            }
            self.vat = self._tagged()
            # Something to work on; then whatever comes.
            start = [
                ("claim", 0, 4000, False),
                ("claim", 1, 1234, False),
                ("claim", 1, 2500, True),
                ("post", 5, 1, True),
            ]
            for number, (event, place, cents, foreign) in enumerate([*start, *story]):
                self.day = TODAY + timedelta(days=number)
                try:
                    with self.env.cr.savepoint():
                        getattr(self, "_" + event.replace(" ", "_"))(place, cents / 100, foreign)
                        self.env.flush_all()
                except UserError:
                    self.env.invalidate_all()
                self.env.flush_all()
                self.env.invalidate_all()
                self._check((story, number))
            savepoint.rollback()
        self.env.invalidate_all()
        self.env.cr.precommit.clear()

    # Events

    def _some(self, place, *states):
        found = self.charges.filtered(lambda charge: charge.state in states)
        return found[place % len(found)] if found else found

    def _claim(self, place, amount, foreign):
        kind = ("interest", "reminder", "reminder")[place % 3]
        if kind == "interest" and self.charges.filtered(lambda c: c.kind == "interest" and c.state == "claimed"):
            kind = "reminder"
        until = self.day if kind == "interest" else None
        self.charges |= self.claim(self.invoices[foreign], amount, kind, until)

    def _post(self, place, _amount, foreign):
        currency = self.invoices[foreign].currency_id
        chosen = self.charges.filtered(lambda charge: charge.state == "claimed" and charge.currency_id == currency)
        chosen[: place + 1]._post_to_books(self.day)

    def _post_again(self, place, _amount, _foreign):
        charge = self._some(place, "posted", "settled", "reversed", "waived")
        if not charge:
            return
        before = charge.line_ids
        with self.assertRaises(UserError):
            charge._post_to_books(self.day)
        self.assertEqual(charge.line_ids, before)

    def _notes(self, place, move_type, needs_open):
        notes = (self.charges.line_ids | self.charges.credit_line_ids).move_id.filtered(
            lambda move: move.move_type == move_type and (not needs_open or move.amount_residual)
        )
        return notes[place % len(notes)] if notes else notes

    def _bank(self, note, amount, sign):
        if not note:
            return
        receivable = self.receivable(note)
        currency = note.currency_id
        amount = min(amount, abs(receivable.amount_residual_currency))
        if currency.is_zero(amount):
            return
        balance = currency._convert(amount, self.company.currency_id, self.company, self.day)
        account = self.journal_bank.default_account_id
        entry = self.env["account.move"].create(
            {
                "journal_id": self.journal_bank.id,
                "date": self.day,
                "line_ids": [
                    Command.create(
                        {
                            "account_id": own.id,
                            "partner_id": note.partner_id.id,
                            "currency_id": currency.id,
                            "amount_currency": factor * sign * amount,
                            "balance": factor * sign * balance,
                        }
                    )
                    for own, factor in ((account, 1), (receivable.account_id, -1))
                ],
            }
        )
        entry.action_post()
        (receivable + self.receivable(entry)).reconcile()

    def _pay(self, place, amount, _foreign):
        self._bank(self._notes(place, "out_invoice", True), amount, 1)

    def _pay_back(self, place, amount, _foreign):
        self._bank(self._notes(place, "out_refund", True), amount, -1)

    def _take_back(self, place, _amount, _foreign):
        self.receivable(self._notes(place, "out_invoice", False)).remove_move_reconcile()

    def _reverse(self, place, amount, foreign):
        charge = self._some(place, "posted", "settled")
        if not charge:
            return
        charge._reverse_in_books("fout", {charge: amount} if foreign else None, self.day)

    def _credit_note(self, place, _amount, _foreign):
        note = self._notes(place, "out_invoice", False)
        if not note:
            return
        refund = note._reverse_moves([{"invoice_date": self.day, "date": self.day}])
        if any(line.price_unit for line in refund.invoice_line_ids):
            refund.action_post()
            (self.receivable(note) + self.receivable(refund)).filtered(lambda line: not line.reconciled).reconcile()

    def _waive(self, place, _amount, _foreign):
        self._some(place, "claimed")._waive("klein")

    def _undo_waive(self, place, _amount, _foreign):
        self._some(place, "waived").action_undo_waive()

    def _write_off(self, place, _amount, _foreign):
        self.receivable(self._notes(place, "out_invoice", True))._followup_write_off("klein", day=self.day)

    def _force_draft(self, place, _amount, _foreign):
        self._notes(place, "out_invoice", False).button_draft()

    # What must hold

    def _check(self, context):
        charges, euro = self.charges, self.company.currency_id
        booked = charges.filtered(lambda charge: charge.state in ("posted", "settled", "reversed"))
        # By state, and each for itself, with the general ledger.
        self.assertEqual(euro.round(sum(booked.mapped("balance_booked"))), self.ledger(), context)
        for charge in charges:
            own = charge.line_ids
            self.assertLessEqual(len(own), 1, context)
            self.assertEqual(bool(own), charge in booked, context)
            self.assertEqual(charge.amount_posted, charge.amount if own else 0.0, context)
            parts = charge.amount_reversed + charge.amount_collected + charge.amount_written_off + charge.amount_unpaid
            self.assertAlmostEqual(parts, charge.amount_posted, 2, context)
            ledger = own + charge.credit_line_ids.filtered(lambda line: line.parent_state == "posted")
            self.assertEqual(charge.balance_booked, euro.round(-sum(ledger.mapped("balance"))), context)
            full = charge.currency_id.compare_amounts(charge.amount_reversed, charge.amount_posted) >= 0
            if charge in booked:
                expected = "reversed" if full else "posted" if charge.amount_unpaid > 0.001 else "settled"
                self.assertEqual(charge.state, expected, context)
        # What is unpaid is what the customer has open, in the currency of the notes.
        for currency in charges.currency_id:
            notes = (booked.line_ids | booked.credit_line_ids).move_id.filtered(
                lambda move, currency=currency: move.currency_id == currency and move.state == "posted"
            )
            unpaid = sum(
                booked.filtered(lambda c, currency=currency: c.currency_id == currency).mapped("amount_unpaid")
            )
            residual = sum(self.receivable(notes).mapped("amount_residual_currency"))
            self.assertAlmostEqual(unpaid, residual, 2, context)
        self.assertEqual(self._tagged(), self.vat, context)

    def _tagged(self):
        """Journal items on a grid of the VAT report, or with a tax: with what they add up to."""
        lines = self.env["account.move.line"].search(
            [
                ("company_id", "=", self.company.id),
                "|",
                "|",
                ("tax_tag_ids", "!=", False),
                ("tax_ids", "!=", False),
                ("tax_line_id", "!=", False),
            ]
        )
        return len(lines), sum(lines.mapped("balance"))
