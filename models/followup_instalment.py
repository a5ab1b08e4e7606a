from odoo import api, fields, models
from odoo.exceptions import UserError

from ..engine import application

STATES = [
    ("planned", "Planned"),
    ("due", "Due today"),
    ("partly", "Partly paid"),
    ("late", "Late"),
    ("missed", "Missed"),
    ("paid", "Paid"),
]


class FollowupInstalment(models.Model):
    """One instalment of an arrangement. What is paid of it follows from the money that came in since the start."""

    _name = "followup.instalment"
    _description = "Instalment"
    _order = "arrangement_id, date, id"

    arrangement_id = fields.Many2one(
        "followup.arrangement", required=True, readonly=True, ondelete="cascade", index=True
    )
    customer_id = fields.Many2one(related="arrangement_id.customer_id", store=True, index=True)
    partner_id = fields.Many2one(related="arrangement_id.partner_id", store=True)
    company_id = fields.Many2one(related="arrangement_id.company_id", store=True)
    currency_id = fields.Many2one(related="arrangement_id.currency_id")
    arrangement_state = fields.Selection(related="arrangement_id.state", string="Arrangement State")
    number = fields.Integer("No.", compute="_compute_number")
    date = fields.Date("To Pay By", required=True, readonly=True)
    amount = fields.Monetary(required=True, readonly=True)
    amount_paid = fields.Monetary("Paid", readonly=True)
    amount_open = fields.Monetary("Still Open", compute="_compute_amount_open", store=True)
    state = fields.Selection(STATES, required=True, readonly=True, default="planned", index=True)
    grace_until = fields.Date("Not Missed Before", readonly=True)
    reference = fields.Char("Structured Communication", readonly=True, copy=False)
    # Digits only: what a bank line is searched by.
    reference_digits = fields.Char(readonly=True, copy=False, index="btree_not_null")

    _amount_check = models.Constraint("CHECK(amount > 0)", "An instalment must be more than zero.")
    _date_unique = models.UniqueIndex("(arrangement_id, date)", "An arrangement has one instalment a day.")

    @api.depends("arrangement_id.instalment_ids")
    def _compute_number(self):
        for arrangement, own in self.grouped("arrangement_id").items():
            ordered = arrangement.instalment_ids.sorted(lambda instalment: (instalment.date, instalment._origin.id)).ids
            for instalment in own:
                instalment.number = ordered.index(instalment._origin.id) + 1 if instalment._origin.id in ordered else 0

    @api.depends("number", "arrangement_id.name", "partner_id.name")
    @api.depends_context("instalment_with_customer")
    def _compute_display_name(self):
        with_customer = self.env.context.get("instalment_with_customer")  # a calendar shows nothing else
        for instalment in self:
            name = f"{instalment.arrangement_id.name} / {instalment.number}"
            instalment.display_name = f"{instalment.partner_id.name}, {name}" if with_customer else name

    @api.depends("amount", "amount_paid")
    def _compute_amount_open(self):
        for instalment in self:
            instalment.amount_open = instalment.currency_id.round(instalment.amount - instalment.amount_paid)

    @api.model_create_multi
    def create(self, vals_list):
        instalments = super().create(vals_list)
        for instalment in instalments:
            reference = application.structured_reference("7", instalment.id)
            instalment.write(
                {"reference": reference, "reference_digits": "".join(filter(str.isdigit, reference))}
            )
        return instalments

    @api.ondelete(at_uninstall=False)
    def _unlink_except_history(self):
        if any(instalment.arrangement_id.state != "draft" for instalment in self):
            raise UserError(self.env._("An instalment that was agreed cannot be deleted: amend the arrangement."))

    def action_open_arrangement(self):
        self.ensure_one()
        return self.arrangement_id._action_open()
