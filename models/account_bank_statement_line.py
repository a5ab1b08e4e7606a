import re
from collections import defaultdict

from odoo import api, fields, models
from odoo.fields import Domain
from stdnum.be import ogm_vcs

#: Twelve digits that begin as ours do, however the bank or the customer wrote them, and not part of a longer number.
_REFERENCE = re.compile(r"(?<![0-9])(?=([789](?:[\W_]{0,3}[0-9]){11})(?![0-9]))")


def references(*texts):
    """The structured communications in free text that may be ours: 7 an instalment, 8 a statement, 9 a notice.

    :return: list of twelve digits, without doubles; check digits are right
    """
    found = {}
    for text in texts:
        for match in _REFERENCE.finditer(text or ""):
            digits = re.sub("[^0-9]", "", match[1])
            if ogm_vcs.is_valid(digits):
                found[digits] = True
    return list(found)


class AccountBankStatementLine(models.Model):
    """A bank line with one of our references finds its customer, and what it is meant for."""

    _inherit = "account.bank.statement.line"

    followup_customer_id = fields.Many2one(
        "followup.customer",
        "Follow-up",
        readonly=True,
        copy=False,
        ondelete="set null",
        index="btree_not_null",
        help="The customer whose instalment, notice or statement has the structured communication of this line.",
    )
    followup_to_reconcile = fields.Boolean(
        "Can Be Reconciled", compute="_compute_followup_open", search="_search_followup_to_reconcile"
    )
    followup_open = fields.Monetary(
        "Still Open", compute="_compute_followup_open", currency_field="company_currency_id"
    )
    followup_open_names = fields.Char("Meant For", compute="_compute_followup_open")

    @api.depends("followup_customer_id", "is_reconciled", "payment_ref", "amount")
    def _compute_followup_open(self):
        for line in self:
            items = line._followup_items() if line.followup_customer_id else self.env["account.move.line"].sudo()
            line.followup_to_reconcile = bool(items)
            line.followup_open = sum(items.mapped("amount_residual"))
            line.followup_open_names = ", ".join(dict.fromkeys(items.mapped("move_id.name")))

    @api.model
    def _search_followup_to_reconcile(self, operator, value):
        if operator != "in":
            return NotImplemented
        owing = self.env["followup.item"].sudo()._read_group([("is_open", "=", True)], ["customer_id"])
        candidates = self.search(
            [
                ("followup_customer_id", "in", [customer.id for (customer,) in owing]),
                ("is_reconciled", "=", False),
                ("amount", ">", 0),
                ("state", "=", "posted"),
            ]
        )
        ready = Domain("id", "in", candidates.filtered("followup_to_reconcile").ids)
        return Domain.OR([ready if wanted else ~ready for wanted in value])

    # Finding the customer

    @api.model_create_multi
    def create(self, vals_list):
        """EXTENDS account: incoming money with one of our references gets its customer.

        Before the entry is made: a partner that is written afterwards would make its lines anew.
        """
        vals_list = [dict(vals) for vals in vals_list]
        for vals, customer in zip(vals_list, self._followup_customers_of(vals_list), strict=True):
            vals["followup_customer_id"] = customer.id
            if customer and not vals.get("partner_id"):
                vals["partner_id"] = customer.partner_id.id
        lines = super().create(vals_list)
        lines._followup_reconcile_new()
        return lines

    def write(self, vals):
        """EXTENDS account: a person corrects the reference. The partner is his to correct."""
        result = super().write(vals)
        if vals.keys() & {"payment_ref", "ref"} and "followup_customer_id" not in vals:
            for line in self:
                customer = line._followup_records()[0]
                if line.sudo().followup_customer_id != customer:
                    line.followup_customer_id = customer.id
        return result

    @api.model
    def _followup_customers_of(self, vals_list):
        """The customers that lines to be created are from; empty ones where no reference of ours is found."""
        nobody = self.env["followup.customer"].sudo()
        texts = [
            references(vals.get("payment_ref"), vals.get("ref")) if (vals.get("amount") or 0) > 0 else []
            for vals in vals_list
        ]
        known = self._followup_lookup({digits for found in texts for digits in found})
        customers = []
        for vals, found in zip(vals_list, texts, strict=True):
            customer = nobody
            if any(digits in known for digits in found):
                root = self._followup_journal_of(vals).sudo().company_id.root_id
                customer = self._followup_choose([known[digits] for digits in found if digits in known], root)[0]
            customers.append(customer)
        return customers

    @api.model
    def _followup_journal_of(self, vals):
        if vals.get("journal_id"):
            return self.env["account.journal"].browse(vals["journal_id"])
        if vals.get("statement_id"):
            journal = self.env["account.bank.statement"].browse(vals["statement_id"]).journal_id
            if journal:
                return journal
        return self.env["account.journal"].browse(self.default_get(["journal_id"]).get("journal_id"))

    @api.model
    def _followup_lookup(self, found):
        """:rtype: dict twelve digits -> instalment, notice or customer, whatever its company"""
        if not found:
            return {}
        by_kind = defaultdict(dict)
        for digits in found:
            by_kind[digits[0]][int(digits[1:10])] = digits
        instalments = self.env["followup.instalment"].sudo().search([("reference_digits", "in", list(found))])
        known = {instalment.reference_digits: instalment for instalment in instalments}
        for notice in self.env["followup.notice"].sudo().browse(by_kind["9"]).exists():
            # Only what the message itself said: with one invoice it named the invoice's own communication.
            if by_kind["9"][notice.id] in references(notice.reference):
                known[by_kind["9"][notice.id]] = notice
        for customer in self.env["followup.customer"].sudo().browse(by_kind["8"]).exists():
            known[by_kind["8"][customer.id]] = customer
        return known

    @api.model
    def _followup_choose(self, records, root):
        """Keep what belongs to the root company. References of two customers in one line: a person looks.

        :return: (customer or an empty one, list of instalments, notices and customers)
        """
        records = [record for record in records if record.company_id == root]
        customers = self.env["followup.customer"].sudo()
        for record in records:
            customers |= record if record._name == "followup.customer" else record.customer_id
        if len(customers) != 1:
            return customers.browse(), []
        return customers, records

    def _followup_records(self):
        """What the references of this line stand for.

        :return: (customer or an empty one, list of instalments, notices and customers)
        """
        self.ensure_one()
        found = references(self.payment_ref, self.ref) if self.amount > 0 else []
        known = self._followup_lookup(set(found))
        return self._followup_choose(
            [known[digits] for digits in found if digits in known], self.sudo().company_id.root_id
        )

    # What it is meant for

    def _followup_items(self):
        """The open receivable items that this line is meant for, oldest first.

        An instalment: what its arrangement covers; a notice: what it listed; a statement: what is overdue. Of this
        company and its branches.

        :rtype: `account.move.line`, as superuser; empty when the line needs nothing any more
        """
        self.ensure_one()
        items = self.env["account.move.line"].sudo()
        if self.state != "posted" or self.is_reconciled:
            return items
        customer, records = self._followup_records()
        if not records:
            return items
        for record in records:
            items |= self._followup_items_of(record)
        companies = self.env["res.company"].sudo().search([("id", "child_of", self.company_id.id)])
        return items.filtered(
            lambda item: (
                item.parent_state == "posted"
                and item.account_type == "asset_receivable"
                and not item.reconciled
                and item.amount_residual > 0
                and item.company_id in companies
                and item.partner_id.commercial_partner_id == customer.partner_id
            )
        ).sorted(lambda item: (item.date_maturity or item.date, item.date, item.id))

    @api.model
    def _followup_items_of(self, record):
        """:param record: instalment, notice or customer, as superuser"""
        if record._name == "followup.instalment":
            return record.arrangement_id.cover_ids.item_id.move_line_id
        if record._name == "followup.notice":
            return record.line_ids.item_id.move_line_id
        return (
            self.env["account.move.line"]
            .sudo()
            .search(
                [
                    ("company_id", "child_of", record.company_id.id),
                    ("partner_id", "child_of", record.partner_id.id),
                    ("account_type", "=", "asset_receivable"),
                    ("parent_state", "=", "posted"),
                    ("reconciled", "=", False),
                    ("balance", ">", 0),
                    ("date_maturity", "<", record.company_id._followup_today()),
                ]
            )
        )

    def _followup_shares(self, items):
        """Divide the line over its items, oldest first.

        What is disputed gets nothing. What an arrangement holds is not due yet: it comes last, unless the money is
        an instalment of it.

        :return: dict item -> amount, in company currency; what is left stays the customer's credit
        """
        self.ensure_one()
        currency = self.company_id.currency_id
        held = {"dispute": defaultdict(float), "arrangement": defaultdict(float)}
        covers = self.env["followup.cover"].sudo()
        covers.invalidate_model(["paid", "rest"])  # the line before this one may have paid something
        for cover in covers.search(
            [
                ("item_id.move_line_id", "in", items.ids),
                ("live", "=", True),
                ("holds", "=", True),
                ("kind", "in", list(held)),
            ]
        ):
            held[cover.kind][cover.item_id.move_line_id] += cover.rest
        instalment = any(record._name == "followup.instalment" for record in self._followup_records()[1])
        shares, rest = defaultdict(float), self.amount
        for kinds in (["dispute"],) if instalment else (["dispute", "arrangement"], ["dispute"]):
            for item in items:
                free = item.amount_residual - shares[item] - sum(held[kind][item] for kind in kinds)
                part = currency.round(min(rest, free))
                if currency.compare_amounts(part, 0.0) > 0:
                    shares[item] = currency.round(shares[item] + part)
                    rest = currency.round(rest - part)
        return {item: shares[item] for item in items if not currency.is_zero(shares[item])}
