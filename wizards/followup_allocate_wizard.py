from odoo import Command, api, fields, models
from odoo.exceptions import UserError

from ..legal.imputation import Debt, impute
from ..models.res_company_imputation import ORDERS


class FollowupAllocateWizard(models.TransientModel):
    """Money without a reference: propose what it pays, in the order of the law, show before and after, reconcile.

    It only ever matches what is open, with Odoo's own reconciliation; what is matched already stays as it is.
    """

    _name = "followup.allocate.wizard"
    _description = "Allocate Money"
    _inherit = "followup.wizard"

    customer_id = fields.Many2one("followup.customer", required=True, readonly=True)
    company_id = fields.Many2one(related="customer_id.company_id")
    regime = fields.Selection(related="customer_id.regime")
    currency_id = fields.Many2one("res.currency", required=True)
    currency_ids = fields.Many2many("res.currency", string="Open Currencies", compute="_compute_currency_ids")
    order = fields.Selection(
        ORDERS, required=True, help="Per regime in the settings; change it for this customer here."
    )
    money_ids = fields.One2many("followup.allocate.wizard.money", "wizard_id", "Money to Use")
    line_ids = fields.One2many("followup.allocate.wizard.line", "wizard_id", "What It Pays")
    amount_money = fields.Monetary("To Allocate", compute="_compute_amounts")
    amount_allocated = fields.Monetary("Allocated", compute="_compute_amounts")
    amount_left = fields.Monetary("Stays Unallocated", compute="_compute_amounts")

    @api.model
    def default_get(self, fields):
        values = super().default_get(fields)
        customer = self.env["followup.customer"].browse(values.get("customer_id"))
        if not customer:
            return values
        customer.check_access("read")
        items = self._open_lines(customer)
        money = items.filtered(lambda line: line.amount_residual_currency < 0).sorted("date")
        if not money:
            raise UserError(
                self.env._(
                    "%s has no money to allocate: every payment and credit note is matched already.",
                    customer.partner_id.display_name,
                )
            )
        currency = money[0].currency_id
        values.setdefault("currency_id", currency.id)
        values.setdefault("order", self._default_order(customer, items))
        return values

    @api.model
    def _default_order(self, customer, items):
        """The order of the strictest law among the open invoices: money cannot follow two."""
        regimes = set(items.move_id.mapped("followup_regime")) or {customer.regime}
        regime = next((name for name in ("b2c", "b2g", "b2b") if name in regimes), customer.regime)
        return customer.company_id._followup_order(regime)

    @api.model
    def _open_lines(self, customer):
        return self.env["account.move.line"].search(
            [
                ("company_id", "child_of", customer.company_id.id),
                ("partner_id", "child_of", customer.partner_id.id),
                ("account_type", "=", "asset_receivable"),
                ("parent_state", "=", "posted"),
                ("reconciled", "=", False),
                ("amount_residual_currency", "!=", 0),
            ],
            order="date_maturity, date, id",
        )

    @api.depends("customer_id")
    def _compute_currency_ids(self):
        for wizard in self:
            wizard.currency_ids = self._open_lines(wizard.customer_id._origin).currency_id

    @api.onchange("currency_id")
    def _onchange_currency_id(self):
        """What is open in this currency. Disputed items are offered, and not ticked."""
        lines = self._open_lines(self.customer_id._origin).filtered(lambda line: line.currency_id == self.currency_id)
        money = lines.filtered(lambda line: line.amount_residual_currency < 0).sorted(lambda line: (line.date, line.id))
        disputed = self._disputed(lines - money)
        self.money_ids = [Command.clear()] + [Command.create({"move_line_id": line.id}) for line in money]
        self.line_ids = [Command.clear()] + [
            Command.create({"move_line_id": line.id, "selected": line not in disputed, "disputed": line in disputed})
            for line in lines - money
        ]

    @api.model
    def _disputed(self, lines):
        covers = (
            self.env["followup.cover"]
            .sudo()
            .search([("item_id.move_line_id", "in", lines.ids), ("kind", "=", "dispute"), ("live", "=", True)])
        )
        return lines.browse(covers.item_id.move_line_id.ids)

    @api.depends("money_ids.selected", "money_ids.amount", "line_ids.amount_allocated")
    def _compute_amounts(self):
        for wizard in self:
            wizard.amount_money = sum(wizard.money_ids.filtered("selected").mapped("amount"))
            wizard.amount_allocated = sum(wizard.line_ids.mapped("amount_allocated"))
            wizard.amount_left = wizard.amount_money - wizard.amount_allocated

    def _shares(self):
        """What pays what, as the screen stands.

        :return: list of (money row, debt row, amount)
        """
        self.ensure_one()
        to_decimal = self.currency_id._followup_decimal
        money = self.money_ids.filtered(lambda row: row.selected and row.move_line_id)
        debts = self.line_ids.filtered(lambda row: row.selected and row.move_line_id)
        shares = impute(
            [(row.move_line_id.account_id.id, to_decimal(row.amount)) for row in money],
            [
                Debt(
                    row.kind,
                    row.move_line_id.date_maturity or row.move_line_id.date,
                    to_decimal(row.amount_before),
                    row.move_line_id.account_id.id,
                )
                for row in debts
            ],
            self.order or "principal_first",
        )
        return [(money[source], debts[place], amount) for source, place, amount in shares]

    def action_confirm(self):
        """Match the money with what it pays."""
        self.ensure_one()
        self.customer_id.check_access("read")
        self.env["followup.charge"].browse()._check_user()
        self.customer_id.sudo().lock_for_update(allow_referencing=True)
        lines = self.money_ids.move_line_id | self.line_ids.move_line_id
        lines.invalidate_recordset()
        for row in [*self.money_ids, *self.line_ids]:
            line = row.move_line_id
            if self.currency_id.compare_amounts(abs(line.amount_residual_currency), row.seen):
                raise UserError(
                    self.env._(
                        "%s was matched by somebody else meanwhile. Close this window and open it again.",
                        line.move_id.display_name,
                    )
                )
        shares = self._shares()
        if not shares:
            raise UserError(self.env._("Nothing is allocated: tick money, and something that it pays."))
        for source, debt, _amount in shares:
            (source.move_line_id + debt.move_line_id).reconcile()
        self.customer_id.sudo().message_post(
            body=self.env._(
                "Money allocated: %s",
                "; ".join(
                    f"{debt.move_line_id.move_id.name}: {self.currency_id.format(float(amount))}"
                    for _source, debt, amount in shares
                ),
            )
        )
        self.customer_id._refresh()
        return {"type": "ir.actions.act_window_close"}
