from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import format_date

JOURNAL_CODE = "FUCH"


class ResCompany(models.Model):
    """Where interest and costs are booked. Branches follow their root company."""

    _inherit = "res.company"

    followup_charge_journal_id = fields.Many2one(
        "account.journal",
        "Journal of charges",
        domain="[('type', '=', 'sale'), ('company_id', '=', id)]",
        help="A sales journal of its own for interest and costs. Made by itself at the first posting.",
    )
    followup_charge_account_id = fields.Many2one(
        "account.account",
        "Income account of charges",
        domain="[('account_type', 'in', ('income', 'income_other')), ('company_ids', 'parent_of', id)]",
        help="Interest and costs are booked here. In the Belgian chart 751 is taken when it is empty.",
    )
    followup_charge_days = fields.Integer(
        "Days to pay posted charges", default=14, help="Due date of a debit note: its date and these days."
    )

    _followup_charge_days_check = models.Constraint(
        "CHECK(followup_charge_days >= 0)", "The days to pay posted charges cannot be negative."
    )

    @api.constrains("followup_charge_journal_id")
    def _check_followup_charge_journal_id(self):
        for company in self:
            journal = company.followup_charge_journal_id
            if journal and (journal.type != "sale" or journal.company_id != company):
                raise ValidationError(
                    self.env._(
                        "%(journal)s cannot be the journal of charges of %(company)s: choose a sales journal of that "
                        "company, best one that is used for nothing else.",
                        journal=journal.display_name,
                        company=company.name,
                    )
                )

    def _followup_charge_days(self):
        return self._followup_root().followup_charge_days

    def _followup_chart_account(self, name, code):
        """An account of the Belgian chart, by its name in the chart or its code; empty in another chart."""
        self.ensure_one()
        root = self._followup_root()
        accounts = self.env["account.account"].sudo().with_company(root)
        if not (root.chart_template or "").startswith("be"):
            return accounts
        account = self.env["account.chart.template"].sudo().with_company(root).ref(name, raise_if_not_found=False)
        return account or accounts.search([("company_ids", "in", root.ids), ("code", "=like", f"{code}%")], limit=1)

    def _followup_charge_account(self):
        """The income account of charges, as superuser; empty when nobody chose one and the chart has no 751."""
        self.ensure_one()
        return self._followup_root().followup_charge_account_id or self._followup_chart_account("a751", "751")

    def _followup_charge_books(self):
        """Journal and income account for charges; the journal is made when it is missing.

        :return: (journal, account)
        :raises UserError: when no account is known; names the company and the cure
        """
        self.ensure_one()
        account = self._followup_charge_account()
        root = self._followup_root()
        if not account:
            raise UserError(
                self.env._(
                    "%s has no account for interest and costs, and its chart has no 751. Choose one once in Settings > "
                    "Invoicing > Follow-up > Charges in the books.",
                    root.name,
                )
            )
        if not root.followup_charge_journal_id:
            root._followup_make_charge_journal(account)
        return (root.followup_charge_journal_id.with_env(self.env), account.with_env(self.env))

    def _followup_make_charge_journal(self, account):
        """Two people at once: the row of the company is locked, the second finds the journal."""
        self.ensure_one()
        self.env.cr.execute("SELECT id FROM res_company WHERE id = %s FOR NO KEY UPDATE", [self.id])
        self.invalidate_recordset(["followup_charge_journal_id"])
        if self.followup_charge_journal_id:
            return
        taken = self.env["account.journal"].sudo().with_context(active_test=False)
        codes = [JOURNAL_CODE, *(f"FUC{number}" for number in range(2, 100))]
        used = set(taken.search([("company_id", "=", self.id), ("code", "in", codes)]).mapped("code"))
        belgian = "be" in dict(taken._fields["invoice_reference_model"]._description_selection(self.env))
        self.followup_charge_journal_id = taken.create(
            {
                "name": self.env._("Interest and costs"),
                "code": next(code for code in codes if code not in used),
                "type": "sale",
                "company_id": self.id,
                "default_account_id": account.id,
                "sequence": 100,  # never the journal that a new invoice takes
                "show_on_dashboard": False,
                "invoice_reference_type": "invoice",
                **({"invoice_reference_model": "be"} if belgian else {}),
            }
        )

    def _followup_posting_date(self, journal, day=None):
        """The day on which an entry can be posted.

        :param day: the day that a person chose; None: today, or the first open day after a lock date
        :raises UserError: when the chosen day is locked; names the first open one
        """
        self.ensure_one()
        wanted = day or self._followup_today()
        locks = self._get_violated_lock_dates(wanted, False, journal)
        if not locks:
            return wanted
        first = max(lock for lock, _name in locks) + timedelta(days=1)
        if day:
            raise UserError(
                self.env._(
                    "%(company)s: the books are closed until %(until)s. Take %(first)s or later.",
                    company=self.name,
                    until=format_date(self.env, first - timedelta(days=1)),
                    first=format_date(self.env, first),
                )
            )
        return first
