from collections import defaultdict

from odoo import api, fields, models

EVENTS = [("posted", "Posted"), ("reversed", "Reversed"), ("collected", "Collected"), ("written_off", "Written off")]


class FollowupChargeEntry(models.Model):
    """What one journal item, or one reconciliation, did to one charge. Derived from the books, never written by hand."""

    _name = "followup.charge.entry"
    _description = "Charge in the Books"
    _order = "date, id"

    charge_id = fields.Many2one("followup.charge", required=True, readonly=True, ondelete="cascade", index=True)
    company_id = fields.Many2one(related="charge_id.company_id", store=True)
    event = fields.Selection(EVENTS, required=True, readonly=True)
    date = fields.Date(required=True, readonly=True)
    currency_id = fields.Many2one(related="charge_id.currency_id")
    company_currency_id = fields.Many2one(related="charge_id.company_id.currency_id", string="Company Currency")
    amount = fields.Monetary(readonly=True, help="Below zero: paid back to the customer.")
    balance = fields.Monetary("In Company Currency", readonly=True, currency_field="company_currency_id")
    move_id = fields.Many2one("account.move", "Entry", readonly=True, ondelete="cascade")
    move_line_id = fields.Many2one("account.move.line", readonly=True, ondelete="cascade", index="btree_not_null")
    partial_id = fields.Many2one("account.partial.reconcile", readonly=True, ondelete="cascade", index="btree_not_null")

    _line_once = models.UniqueIndex(
        "(charge_id, move_line_id) WHERE move_line_id IS NOT NULL", "A journal item counts once for a charge."
    )
    _partial_once = models.UniqueIndex(
        "(charge_id, partial_id) WHERE partial_id IS NOT NULL", "A reconciliation counts once for a charge."
    )

    @api.model
    def _rebuild(self, charges):
        """Make the rows of these charges what the entries say; only rows that differ are touched.

        :param charges: all charges of the debit notes that any of them stands on
        """
        wanted = {}
        posted = charges.line_ids.filtered(lambda line: line.parent_state == "posted")
        credits = charges.credit_line_ids.filtered(lambda line: line.parent_state == "posted")
        for note, lines in posted.grouped("move_id").items():
            own = lines.followup_charge_id
            wanted |= self._of_note(
                note, lines, credits.filtered(lambda line, own=own: line.followup_credited_charge_id in own)
            )
        known = {
            (row.charge_id.id, row.event, row.move_line_id.id, row.partial_id.id): row for row in charges.entry_ids
        }
        self.union(*(row for key, row in known.items() if key not in wanted)).unlink()
        for key, vals in wanted.items():
            row = known.get(key)
            if not row:
                charge_id, event, line_id, partial_id = key
                self.create(
                    {
                        **vals,
                        "charge_id": charge_id,
                        "event": event,
                        "move_line_id": line_id,
                        "partial_id": partial_id,
                    }
                )
            elif any(row[name] != vals[name] for name in ("amount", "balance", "date")):
                row.write(vals)

    @api.model
    def _of_note(self, note, own, credits):
        """Rows of one debit note and its credit notes.

        :param own: posted income lines of the note
        :param credits: posted lines that take its charges back
        :return: dict (charge id, event, journal item id, reconciliation id) -> values
        """
        charges = own.followup_charge_id
        wanted = {}
        for line in own + credits:
            charge = line.followup_charge_id or line.followup_credited_charge_id
            event, sign = ("posted", -1) if line in own else ("reversed", 1)
            wanted[charge.id, event, line.id, False] = {
                "date": line.date,
                "amount": sign * line.amount_currency,
                "balance": sign * line.balance,
                "move_id": line.move_id.id,
            }
        room = self._room(own, credits)
        for partial, amount, balance, move in self._money(note, credits.move_id):
            event = "written_off" if move.followup_write_off else "collected"
            for charge, part in self._divide(charges._payment_order(), room, amount):
                share = note.company_currency_id.round(balance * part / amount)
                wanted[charge.id, event, False, partial.id] = {
                    "date": partial.max_date,
                    "amount": part,
                    "balance": share,
                    "move_id": move.id,
                }
        return wanted

    @api.model
    def _room(self, own, credits):
        """:rtype: dict charge -> [what it can take of money, what it took, the most it can ever take]"""
        room = defaultdict(lambda: [0.0, 0.0, 0.0])
        for line in own:
            room[line.followup_charge_id][0] -= line.amount_currency
            room[line.followup_charge_id][2] -= line.amount_currency
        for line in credits:
            room[line.followup_credited_charge_id][0] -= line.amount_currency
        return room

    @api.model
    def _money(self, note, credits):
        """Reconciliations with anything else than the charges' own notes, in order of time.

        :return: list of (reconciliation, amount in the note's currency, amount in company currency, other entry);
            amounts below zero went back to the customer
        """
        own = note | credits
        rows = []
        receivables = own.line_ids.filtered(lambda line: line.account_type == "asset_receivable")
        for partial in receivables.matched_credit_ids:
            move = partial.credit_move_id.move_id
            if move not in own and partial.debit_amount_currency:
                rows.append((partial, partial.debit_amount_currency, partial.amount, move))
        for partial in receivables.matched_debit_ids:
            move = partial.debit_move_id.move_id
            if move not in own and partial.credit_amount_currency:
                rows.append((partial, -partial.credit_amount_currency, -partial.amount, move))
        return sorted(rows, key=lambda row: (row[0].max_date, row[0].id))

    @api.model
    def _divide(self, charges, room, amount):
        """Share money over the charges of a note: costs, then interest; never a charge more than it is.

        What goes beyond, because a part was reversed after it was paid, stands on the reversed ones; what was paid back
        and of which the payment was taken back since, on the last one.
        """
        shares = defaultdict(float)
        left = amount
        order = charges if amount > 0 else charges[::-1]
        for beyond in (False, True):
            for charge in order:
                free, taken, most = room[charge]
                if amount > 0:
                    part = max(min(left, (most if beyond else free) - taken), 0.0)
                else:
                    part = -max(min(-left, taken if beyond else taken - free), 0.0)
                shares[charge] += part
                room[charge][1] += part
                left -= part
        shares[order[-1:]] += left
        room[order[-1:]][1] += left
        for charge, part in shares.items():
            part = charge.currency_id.round(part)
            if not charge.currency_id.is_zero(part):
                yield charge, part
