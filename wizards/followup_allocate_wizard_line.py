from decimal import Decimal

from odoo import api, fields, models


class FollowupAllocateWizardLine(models.TransientModel):
    """An open item: before, what it gets, and after."""

    _name = "followup.allocate.wizard.line"
    _description = "What Money Pays"
    _inherit = "followup.wizard"

    wizard_id = fields.Many2one("followup.allocate.wizard", required=True, ondelete="cascade")
    move_line_id = fields.Many2one("account.move.line", "Invoice", required=True, ondelete="cascade")
    selected = fields.Boolean(default=True)
    disputed = fields.Boolean(readonly=True)
    currency_id = fields.Many2one(related="move_line_id.currency_id")
    date_maturity = fields.Date(related="move_line_id.date_maturity", string="Due Date")
    kind = fields.Selection([("principal", "Principal"), ("charges", "Costs and interest")], compute="_compute_kind")
    amount_before = fields.Monetary("Open Before", compute="_compute_kind")
    amount_allocated = fields.Monetary("Paid Now", compute="_compute_allocated")
    amount_after = fields.Monetary("Open After", compute="_compute_allocated")
    split = fields.Char("Of Which", compute="_compute_allocated")
    seen = fields.Monetary(compute="_compute_seen", store=True)

    @api.depends("move_line_id")
    def _compute_seen(self):
        for row in self:
            row.seen = abs(row.move_line_id.amount_residual_currency)

    @api.depends("move_line_id")
    def _compute_kind(self):
        for row in self:
            row.kind = "charges" if row.move_line_id.move_id.followup_charge_note else "principal"
            row.amount_before = row.move_line_id.amount_residual_currency

    @api.depends(
        "selected",
        "move_line_id",
        "wizard_id.order",
        "wizard_id.currency_id",
        "wizard_id.money_ids.selected",
        "wizard_id.money_ids.move_line_id",
        "wizard_id.line_ids.selected",
        "wizard_id.line_ids.move_line_id",
    )
    def _compute_allocated(self):
        for wizard, rows in self.grouped("wizard_id").items():
            paid = {}
            if wizard.currency_id:
                for _source, debt, amount in wizard._shares():
                    paid[debt.move_line_id.id] = paid.get(debt.move_line_id.id, Decimal(0)) + amount
            for row in rows:
                amount = float(paid.get(row.move_line_id.id, 0))
                row.amount_allocated = amount
                row.amount_after = row.amount_before - amount
                row.split = row._describe_split(amount)

    def _describe_split(self, amount):
        """Costs and interest of a debit note: costs are paid first."""
        self.ensure_one()
        if self.kind != "charges" or not amount:
            return False
        texts, left = [], amount
        names = dict(self.env["followup.charge"]._fields["kind"]._description_selection(self.env))
        charges = self.move_line_id.move_id.sudo().invoice_line_ids.followup_charge_id
        for charge in charges._payment_order():
            part = min(left, max(charge.amount_unpaid, 0.0))
            left -= part
            if not charge.currency_id.is_zero(part):
                texts.append(f"{names[charge.kind]} {charge.currency_id.format(part)}")
        return ", ".join(texts)
