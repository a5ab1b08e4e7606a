from odoo import Command, api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_amount, format_date

#: States in which the books hold the charge.
BOOKED = ("posted", "settled", "reversed")
#: The order in which money for one debit note is counted: costs, then interest.
_INTEREST = ("interest", "missed_interest", "agreed_interest")


class FollowupCharge(models.Model):
    """A claim becomes money in the books, because a person says so: a debit note without tax, one line a charge.

    What the books say then decides: `_sync_books` reads posted, reversed and collected amounts from the entries.
    """

    _inherit = "followup.charge"

    line_ids = fields.One2many("account.move.line", "followup_charge_id", "Posted By", readonly=True)
    credit_line_ids = fields.One2many(
        "account.move.line", "followup_credited_charge_id", "Taken Back By", readonly=True
    )
    entry_ids = fields.One2many("followup.charge.entry", "charge_id", "In the Books", readonly=True)
    debit_note_id = fields.Many2one("account.move", readonly=True, ondelete="set null", index="btree_not_null")
    posted_on = fields.Date(readonly=True)
    company_currency_id = fields.Many2one(related="company_id.currency_id", string="Company Currency")
    amount_company = fields.Monetary(
        "Amount in Company Currency",
        compute="_compute_amount_company",
        store=True,
        currency_field="company_currency_id",
        help="At the rate of the day on which it was first claimed; what is posted counts at the rate of its entry.",
    )
    amount_posted = fields.Monetary("Posted", readonly=True, help="On debit notes, before credit notes.")
    amount_reversed = fields.Monetary("Reversed", readonly=True, help="On posted credit notes.")
    amount_collected = fields.Monetary("Collected", readonly=True, help="Paid, less what was paid back.")
    amount_written_off = fields.Monetary("Written Off", readonly=True)
    amount_unpaid = fields.Monetary(
        "Unpaid",
        compute="_compute_amount_unpaid",
        store=True,
        help="Posted and not reversed, paid or written off. Below zero: the customer gets it back.",
    )
    balance_booked = fields.Monetary(
        "Income in the Books", readonly=True, currency_field="company_currency_id", help="Posted less reversed."
    )

    @api.depends("amount", "currency_id", "company_id")
    def _compute_amount_company(self):
        for charge in self:
            day = fields.Date.to_date(charge.create_date) or fields.Date.context_today(charge)
            charge.amount_company = charge.currency_id._convert(
                charge.amount, charge.company_id.currency_id, charge.company_id, day
            )

    @api.depends("amount_posted", "amount_reversed", "amount_collected", "amount_written_off")
    def _compute_amount_unpaid(self):
        for charge in self:
            charge.amount_unpaid = charge.currency_id.round(
                charge.amount_posted - charge.amount_reversed - charge.amount_collected - charge.amount_written_off
            )

    # Posting

    def action_post(self):
        """Put these charges in the books; asks for the date and the due date."""
        self._check_user()
        self._check_can_post()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Post charges"),
            "res_model": "followup.charge.post.wizard",
            "view_mode": "form",
            "target": "new",
            "context": {"default_charge_ids": [Command.set(self.ids)]},
        }

    def _check_can_post(self):
        """:raises UserError: names the charge that cannot be posted, and why"""
        if not self:
            raise UserError(self.env._("Select the charges to post."))
        names = dict(self._fields["state"]._description_selection(self.env))
        for charge in self:
            if charge.state != "claimed":
                raise UserError(
                    self.env._(
                        "%(charge)s is %(state)s: only claimed charges can be posted, once. Take it out of the selection.",
                        charge=charge._label(),
                        state=names[charge.state].lower(),
                    )
                )
            waits = charge._arrangement().filtered(lambda arrangement: arrangement.state in ("draft", "proposed"))
            if waits:
                raise UserError(
                    self.env._(
                        "%(charge)s is part of %(arrangement)s, which is not in force yet. Confirm or cancel that first.",
                        charge=charge._label(),
                        arrangement=", ".join(waits.mapped("name")),
                    )
                )
            if charge.currency_id.is_zero(charge.amount):
                raise UserError(self.env._("%s: there is nothing to post.", charge._label()))

    def _post_to_books(self, day=None, due=None, analytic=None):
        """Make and post debit notes: one per company, customer, currency and regime. All or nothing.

        :param day: date of the entries; None: today, or the first open day after a lock date
        :param due: due date; None: as the company sets
        :param analytic: analytic distribution of the income lines
        :return: the debit notes, `account.move`
        :raises UserError: names what is in the way and the cure
        """
        self._check_user()
        self.sudo().customer_id.lock_for_update(allow_referencing=True)
        self.invalidate_recordset()
        self._check_can_post()
        moves = self.env["account.move"]
        for key, charges in self.grouped(lambda charge: charge._note_key()).items():
            company, partner, currency, regime, _arrangement = key
            journal, account = company._followup_charge_books()
            date = company._followup_posting_date(journal, day)
            moves |= (
                moves.with_company(company)
                .with_context(lang=self.env["followup.engine"]._message_lang(partner, company))
                .create(charges._note_values(company, partner, currency, regime, journal, account, date, due, analytic))
            )
        moves = moves.with_context(lang=self.env.context.get("lang"))
        moves.action_post()
        self.sudo()._cover_notes()
        for charge in self:
            note = charge.sudo().debit_note_id
            charge._tell(self.env._("posted on %s", note._get_html_link()), note.name)
        return moves

    def _note_key(self):
        """What makes charges go on one debit note: company of the invoice, who pays, currency, law, arrangement."""
        self.ensure_one()
        charge = self.sudo()
        invoice = charge.move_id
        partner = invoice.partner_id or charge.partner_id
        regime = invoice.followup_regime or (charge.arrangement_id.consumer and "b2c")
        regime = regime or partner.with_company(charge.company_id).followup_regime
        company = invoice.company_id or charge.arrangement_id.cover_ids.item_id.move_line_id.company_id[:1]
        running = charge._arrangement().filtered(lambda arrangement: arrangement.state == "active")
        return (company or charge.company_id, partner, charge.currency_id, regime, running[:1])

    def _arrangement(self):
        """Arrangements that are not over of which this is a part, as superuser."""
        self.ensure_one()
        live = ("draft", "proposed", "active")
        included = (
            self.env["followup.arrangement"].sudo().search([("charge_ids", "in", self.ids), ("state", "in", live)])
        )
        own = self.sudo().arrangement_id
        return included | own.filtered(
            lambda arrangement: self.kind in ("administration", "agreed_interest") and arrangement.state in live
        )

    def _cover_notes(self):
        """What a running arrangement includes is paid by its instalments: it covers the debit note too."""
        for note, charges in self.grouped("debit_note_id").items():
            arrangement = charges[:1]._arrangement().filtered(lambda arrangement: arrangement.state == "active")[:1]
            if not arrangement:
                continue
            company = charges[:1].company_id
            self.env["followup.engine"].sudo()._synchronise(company, charges.partner_id.ids)
            item = self.env["followup.item"].sudo().search([("move_line_id.move_id", "=", note.id)])
            values = (
                self.env["followup.cover"]
                .sudo()
                ._prepare("arrangement", [(item, item.amount_residual_currency)], company._followup_today())
            )
            arrangement.write({"cover_ids": [Command.create(vals) for vals in values]})

    def _note_values(self, company, partner, currency, regime, journal, account, day, due, analytic):
        """Values of one debit note. No tax, no fiscal position, no terms of payment: damages stand outside VAT."""
        lang = self.env["followup.engine"]._message_lang(partner, company)
        worded = self.sudo().with_context(lang=lang).sorted(lambda charge: (charge.move_id.id or 0, charge.id))
        return {
            "move_type": "out_invoice",
            "followup_charge_note": True,
            "followup_regime": regime,
            "company_id": company.id,
            "journal_id": journal.id,
            "partner_id": partner.id,
            "currency_id": currency.id,
            "date": day,
            "invoice_date": day,
            "invoice_date_due": max(due, day) if due else fields.Date.add(day, days=company._followup_charge_days()),
            "invoice_payment_term_id": False,
            "fiscal_position_id": False,
            "invoice_origin": ", ".join(dict.fromkeys(filter(None, worded.mapped("name"))))[:200],
            "narration": worded.env._("Damages for late payment. Outside the scope of VAT."),
            "invoice_line_ids": [
                Command.create(
                    {
                        "name": charge._describe(),
                        "followup_charge_id": charge.id,
                        "account_id": account.id,
                        "quantity": 1,
                        "price_unit": charge.amount,
                        "tax_ids": [Command.clear()],
                        **({"analytic_distribution": analytic} if analytic else {}),
                    }
                )
                for charge in worded
            ],
        }

    def _describe(self):
        """What the customer reads on his debit note, in the language of the context."""
        self.ensure_one()
        kind = dict(self._fields["kind"]._description_selection(self.env))[self.kind]
        text = f"{kind}, {self.name}" if self.name else kind
        segments = (self.detail or {}).get("segments") if self.kind == "interest" else None
        if segments:
            text += ": " + self.env._(
                "from %(from)s to %(to)s",
                **{
                    "from": format_date(self.env, segments[0]["from"]),
                    "to": format_date(self.env, segments[-1]["to"]),
                },
            )
        return text

    def _label(self):
        self.ensure_one()
        kind = dict(self._fields["kind"]._description_selection(self.env))[self.kind]
        return f"{kind} {self.name or ''} ({format_amount(self.env, self.amount, self.currency_id)})"

    def _tell(self, text, plain=None):
        """In the charge's own history, and in one line in the customer's.

        :param text: what happened, may hold a link
        :param plain: what the customer's timeline says behind it
        """
        for charge in self.sudo():
            charge.message_post(body=text)
            told = f"{charge._label()}: {plain or text}"
            charge.customer_id.message_post(body=told)

    def action_open_debit_note(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "account.move",
            "res_id": self.debit_note_id.id,
            "views": [(False, "form")],
        }

    # What the books say

    @api.model
    def _sync_books(self, moves):
        """Bring charges in line with the entries: posted, reversed, collected, written off; and their state.

        :param moves: debit or credit notes of charges
        """
        if not moves:
            return
        lines = moves.sudo().line_ids
        charges = lines.followup_charge_id | lines.followup_credited_charge_id
        charges |= self.sudo().search([("debit_note_id", "in", moves.ids)])
        # Every charge of a debit note is paid by the same money: they are judged together.
        charges |= charges.line_ids.move_id.line_ids.followup_charge_id
        self.env["followup.charge.entry"].sudo()._rebuild(charges)
        for charge in charges:
            charge._follow_entries()

    def _follow_entries(self):
        self.ensure_one()
        totals = dict.fromkeys(("posted", "reversed", "collected", "written_off"), 0.0)
        balance = 0.0
        for entry in self.entry_ids:
            totals[entry.event] += entry.amount
            if entry.event in ("posted", "reversed"):
                balance += entry.balance if entry.event == "posted" else -entry.balance
        posted = self.entry_ids.filtered(lambda entry: entry.event == "posted")
        fresh = {
            **{f"amount_{name}": self.currency_id.round(amount) for name, amount in totals.items()},
            "balance_booked": self.company_id.currency_id.round(balance),
            "debit_note_id": posted.move_id[:1].id,
            "posted_on": posted[:1].date,
        }
        changed = {
            name: value
            for name, value in fresh.items()
            if (self[name].id if name == "debit_note_id" else self[name]) != value
        }
        if changed:
            self.write(changed)
        state = self._booked_state()
        if state != self.state:
            self._go(state)

    def _booked_state(self):
        """The state that the books give; a charge that is in no posted entry keeps its own, or is claimed again."""
        self.ensure_one()
        if not self.amount_posted:
            return "claimed" if self.state in BOOKED else self.state
        if self.currency_id.compare_amounts(self.amount_reversed, self.amount_posted) >= 0:
            return "reversed"
        return "settled" if self.currency_id.compare_amounts(self.amount_unpaid, 0.0) <= 0 else "posted"

    def _payment_order(self):
        """Costs before interest, the oldest first."""
        return self.sorted(lambda charge: (charge.kind in _INTEREST, charge.id))
