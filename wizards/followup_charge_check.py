from odoo import Command, api, fields, models
from odoo.tools import SQL


class FollowupChargeCheck(models.TransientModel):
    """Charges beside the general ledger, to the cent: equal, or the difference with the entries that make it."""

    _name = "followup.charge.check"
    _description = "Charges and the General Ledger"
    _inherit = "followup.wizard"

    company_id = fields.Many2one("res.company", required=True, readonly=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    date = fields.Date("Up To", required=True, default=lambda self: self.env.company._followup_today())
    account_ids = fields.Many2many("account.account", string="Accounts", compute="_compute_amounts")
    amount_posted = fields.Monetary("Charges Posted", compute="_compute_amounts")
    amount_reversed = fields.Monetary("Charges Reversed", compute="_compute_amounts")
    amount_charges = fields.Monetary("Charges, Net", compute="_compute_amounts")
    amount_ledger = fields.Monetary("In the General Ledger", compute="_compute_amounts")
    amount_other = fields.Monetary(
        "Of Which Other Entries",
        compute="_compute_amounts",
        help="Income on the same accounts that is no charge: booked by hand, or from a bank.",
    )
    difference = fields.Monetary(compute="_compute_amounts")
    equal = fields.Boolean(compute="_compute_amounts")
    line_ids = fields.One2many("followup.charge.check.line", "check_id", "Differences", readonly=True)

    @api.model
    def default_get(self, fields):
        values = super().default_get(fields)
        values.setdefault("company_id", self.env.company._followup_root().id)
        return values

    def _accounts(self):
        """Every account on which charges were ever booked, and the one of today."""
        self.ensure_one()
        lines = (
            self.env["account.move.line"]
            .sudo()
            ._read_group(
                [
                    ("company_id", "child_of", self.company_id.id),
                    "|",
                    ("followup_charge_id", "!=", False),
                    ("followup_credited_charge_id", "!=", False),
                ],
                ["account_id"],
            )
        )
        accounts = self.company_id._followup_charge_account()
        return accounts.union(*(account for (account,) in lines))

    @api.depends("company_id", "date")
    def _compute_amounts(self):
        for check in self:
            currency = check.currency_id
            accounts = check._accounts()
            ledger, other = check._ledger(accounts)
            posted, taken = check._charges()
            check.account_ids = accounts
            check.amount_posted, check.amount_reversed = posted, taken
            check.amount_charges = currency.round(posted - taken)
            check.amount_ledger, check.amount_other = ledger, other
            check.difference = currency.round(ledger - other - posted + taken)
            check.equal = currency.is_zero(check.difference)

    def _ledger(self, accounts):
        """:return: (income on the accounts, of which not of a charge), from the journal items"""
        groups = (
            self.env["account.move.line"]
            .sudo()
            ._read_group(
                [
                    ("company_id", "child_of", self.company_id.id),
                    ("account_id", "in", accounts.ids),
                    ("parent_state", "=", "posted"),
                    ("date", "<=", self.date),
                ],
                ["move_id"],
                ["balance:sum"],
            )
        )
        round_ = self.currency_id.round
        other = [balance for move, balance in groups if not move.followup_charge_note]
        return round_(-sum(balance for _move, balance in groups)), round_(-sum(other))

    def _charges(self):
        """:return: (posted, reversed), from the charges"""
        groups = dict(
            self.env["followup.charge.entry"]
            .sudo()
            ._read_group(
                [
                    ("company_id", "=", self.company_id.id),
                    ("date", "<=", self.date),
                    ("event", "in", ("posted", "reversed")),
                ],
                ["event"],
                ["balance:sum"],
            )
        )
        return groups.get("posted", 0.0), groups.get("reversed", 0.0)

    def action_check(self):
        """List every journal item and every charge that do not say the same."""
        self.ensure_one()
        for name in ("account.move.line", "account.move", "followup.charge.entry", "followup.charge"):
            self.env[name].flush_model()
        rows = self.env.execute_query(
            SQL(
                """SELECT COALESCE(line.move_id, entry.move_id), COALESCE(line.charge_id, entry.charge_id),
                          COALESCE(line.amount, 0), COALESCE(entry.amount, 0)
                     FROM (SELECT aml.id, aml.move_id, -aml.balance AS amount,
                                  COALESCE(aml.followup_charge_id, aml.followup_credited_charge_id) AS charge_id
                             FROM account_move_line aml
                             JOIN account_move move ON move.id = aml.move_id
                             JOIN res_company company ON company.id = aml.company_id
                            WHERE aml.account_id = ANY(%(accounts)s) AND aml.parent_state = 'posted'
                              AND aml.date <= %(date)s AND move.followup_charge_note
                              AND split_part(company.parent_path, '/', 1)::int = %(root)s) line
          FULL OUTER JOIN (SELECT entry.move_line_id, entry.move_id, entry.charge_id,
                                  CASE entry.event WHEN 'posted' THEN entry.balance ELSE -entry.balance END AS amount
                             FROM followup_charge_entry entry
                            WHERE entry.event IN ('posted', 'reversed') AND entry.date <= %(date)s
                              AND entry.company_id = %(root)s) entry ON entry.move_line_id = line.id
                    WHERE line.amount IS DISTINCT FROM entry.amount
                 ORDER BY 1, 2""",
                accounts=self._accounts().ids,
                date=self.date,
                root=self.company_id.id,
            )
        )
        self.line_ids = [
            Command.clear(),
            *(
                Command.create({"move_id": move, "charge_id": charge, "amount_ledger": ledger, "amount_charge": amount})
                for move, charge, ledger, amount in rows
            ),
        ]
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Charges and the general ledger"),
            "res_model": self._name,
            "res_id": self.id,
            "views": [(False, "form")],
            "target": "new",
        }

    def action_open_ledger(self):
        """The journal items behind the ledger's side."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Journal items"),
            "res_model": "account.move.line",
            "views": [(False, "list"), (False, "form")],
            "domain": [
                ("account_id", "in", self.account_ids.ids),
                ("parent_state", "=", "posted"),
                ("date", "<=", self.date),
                ("company_id", "child_of", self.company_id.id),
            ],
        }

    @api.model
    def action_start(self):
        """Open the check of today, already done."""
        return self.create({"company_id": self.env.company._followup_root().id}).action_check()
