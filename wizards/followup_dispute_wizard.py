from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..models.followup_promise import CHANNELS


class FollowupDisputeWizard(models.TransientModel):
    """Note what the customer does not agree with: the whole or a part of some invoices, and why."""

    _name = "followup.dispute.wizard"
    _description = "Note a Dispute"
    _inherit = "followup.wizard"

    customer_id = fields.Many2one("followup.customer", required=True)
    move_id = fields.Many2one("account.move", help="The invoice to begin with; empty: none is chosen yet.")
    reason_id = fields.Many2one(
        "followup.dispute.reason", required=True, default=lambda self: self._default_reason_id()
    )
    reason_code = fields.Char(help="Code of the reason to begin with.")
    check_payments = fields.Boolean(related="reason_id.check_payments")
    currency_ids = fields.Many2many("res.currency", string="Currencies", compute="_compute_currency_ids")
    currency_count = fields.Integer(compute="_compute_currency_ids")
    currency_id = fields.Many2one(
        "res.currency", required=True, compute="_compute_currency_id", store=True, precompute=True, readonly=False
    )
    line_ids = fields.One2many(
        "followup.dispute.wizard.line",
        "wizard_id",
        "Invoices",
        compute="_compute_line_ids",
        store=True,
        precompute=True,
        readonly=False,
    )
    amount = fields.Monetary("Disputed", compute="_compute_amount")
    rest = fields.Monetary(
        "Stays Payable", compute="_compute_amount", help="Of the ticked invoices; follow-up goes on."
    )
    user_id = fields.Many2one(
        "res.users",
        "Responsible",
        required=True,
        default=lambda self: self.env.user,
        domain="[('share', '=', False)]",
        help="Finds a solution, and gets an activity with the deadline.",
    )
    deadline = fields.Date(
        "To Solve By", required=True, compute="_compute_deadline", store=True, precompute=True, readonly=False
    )
    channel = fields.Selection(CHANNELS, "Made By", required=True, default="phone")
    note = fields.Text("What the customer says")
    effect = fields.Char(compute="_compute_effect")
    stops = fields.Boolean(compute="_compute_effect")

    @api.model
    def _default_reason_id(self):
        code = self.env.context.get("default_reason_code")
        return self.env["followup.dispute.reason"].search([("code", "=", code)], limit=1) if code else False

    @api.depends("customer_id")
    def _compute_currency_ids(self):
        for wizard in self:
            wizard.currency_ids = wizard.customer_id.item_ids.currency_id
            wizard.currency_count = len(wizard.currency_ids)

    @api.depends("customer_id", "move_id")
    def _compute_currency_id(self):
        for wizard in self:
            items = wizard.customer_id.item_ids
            chosen = items.filtered(lambda item, w=wizard: item.move_id == w.move_id) or items
            wizard.currency_id = chosen[:1].currency_id or wizard.customer_id.currency_id

    @api.depends("customer_id", "currency_id", "move_id")
    def _compute_line_ids(self):
        for wizard in self:
            items = wizard.customer_id.item_ids.filtered(lambda item, w=wizard: item.currency_id == w.currency_id)
            free = self.env["followup.promise"]._free_by_item(items)
            items = items.filtered(lambda item, f=free: item.currency_id.compare_amounts(f[item], 0.0) > 0)
            wizard.line_ids = [fields.Command.clear()] + [
                fields.Command.create(
                    {
                        "item_id": item.id,
                        "free": free[item],
                        "selected": item.move_id == wizard.move_id or len(items) == 1,
                        "amount": free[item] if item.move_id == wizard.move_id or len(items) == 1 else 0.0,
                    }
                )
                for item in items
            ]

    @api.depends("line_ids.amount", "line_ids.selected")
    def _compute_amount(self):
        for wizard in self:
            chosen = wizard.line_ids.filtered("selected")
            wizard.amount = sum(chosen.mapped("amount"))
            wizard.rest = sum(chosen.mapped("free")) - wizard.amount

    @api.depends("reason_id")
    def _compute_deadline(self):
        for wizard in self:
            company = wizard.customer_id.company_id or self.env.company
            wizard.deadline = company._followup_today() + timedelta(days=wizard.reason_id.days or 14)

    @api.depends("reason_id", "line_ids.selected", "customer_id")
    def _compute_effect(self):
        for wizard in self:
            items = wizard.line_ids.filtered("selected").item_id
            regimes = set(items.mapped("regime")) or {wizard.customer_id.regime}
            consumer = "b2c" in regimes
            wizard.stops = consumer or wizard.reason_id.freeze
            if consumer:
                wizard.effect = self.env._(
                    "A consumer's dispute always stops follow-up of the disputed amount, whatever the reason, and "
                    "nothing extra is charged on it meanwhile."
                )
            elif not wizard.reason_id:
                wizard.effect = False
            elif wizard.stops:
                wizard.effect = self.env._(
                    "Nothing is sent about the disputed amount until the deadline. The rest is followed up as usual."
                )
            else:
                wizard.effect = self.env._("With this reason follow-up goes on, also of the disputed amount.")

    def action_confirm(self):
        self.ensure_one()
        chosen = self.line_ids.filtered("selected")
        if not chosen:
            raise UserError(self.env._("Tick the invoices that the customer disputes."))
        dispute = self.env["followup.dispute"]._dispute(
            self.customer_id,
            [(line.item_id, line.amount) for line in chosen],
            self.reason_id,
            user=self.user_id,
            deadline=self.deadline,
            channel=self.channel,
            note=self.note,
        )
        if self.reason_id.check_payments:
            return dispute.action_check_payments()
        return {"type": "ir.actions.act_window_close"}
