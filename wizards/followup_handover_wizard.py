from odoo import api, fields, models
from odoo.exceptions import UserError

from ..models.res_partner_handover import RECOVERY_KINDS


class FollowupHandoverWizard(models.TransientModel):
    """To whom to hand over what, with the advice beside it."""

    _name = "followup.handover.wizard"
    _description = "Hand Over a Claim"
    _inherit = "followup.wizard"

    customer_id = fields.Many2one("followup.customer", required=True)
    company_id = fields.Many2one(related="customer_id.company_id")
    handover_id = fields.Many2one("followup.handover", "Proposal")
    currency_id = fields.Many2one(related="customer_id.currency_id")
    line_ids = fields.One2many(
        "followup.handover.wizard.line",
        "wizard_id",
        "Items",
        compute="_compute_line_ids",
        store=True,
        precompute=True,
        readonly=False,
    )
    recipient_id = fields.Many2one(
        "res.partner",
        "Hand Over To",
        compute="_compute_recipient_id",
        store=True,
        precompute=True,
        readonly=False,
        domain="['|', ('followup_recovery_kind', '!=', False), ('id', '=', recipient_id)]",
        context={"default_is_company": True, "default_followup_recovery_kind": "lawyer"},
    )
    recipient_kind = fields.Selection(
        RECOVERY_KINDS,
        "Kind",
        compute="_compute_recipient_kind",
        store=True,
        precompute=True,
        readonly=False,
    )
    reference = fields.Char("Their Reference")
    date = fields.Date("On", required=True, compute="_compute_date", store=True, precompute=True, readonly=False)
    lang = fields.Selection(
        selection=lambda self: self.env["res.lang"].get_installed(),
        string="Language of the Dossier",
        required=True,
        compute="_compute_lang",
        store=True,
        precompute=True,
        readonly=False,
    )
    user_id = fields.Many2one(
        "res.users",
        "Responsible",
        required=True,
        default=lambda self: self.env.user,
        domain="[('share', '=', False)]",
    )
    note = fields.Text("Words for the recipient", help="Stands in the dossier.")
    amount = fields.Monetary("Principal", compute="_compute_advice")
    advice = fields.Text(compute="_compute_advice")
    eligible = fields.Boolean(compute="_compute_advice")
    stopped = fields.Boolean(compute="_compute_advice")
    reason = fields.Char("All the Same, Because")
    may_overrule = fields.Boolean(compute="_compute_may_overrule")

    @api.depends("customer_id", "handover_id")
    def _compute_line_ids(self):
        for wizard in self:
            proposed = wizard.handover_id.line_ids.item_id
            items = wizard.customer_id.item_ids.filtered(lambda item: not item.handover_id)
            wizard.line_ids = [fields.Command.clear()] + [
                fields.Command.create(
                    {"item_id": item.id, "selected": item in proposed if proposed else item.days_late > 0}
                )
                for item in items
            ]

    @api.depends("customer_id")
    def _compute_recipient_id(self):
        for wizard in self:
            wizard.recipient_id = wizard.company_id.sudo().followup_handover_recipient_id

    @api.depends("recipient_id")
    def _compute_recipient_kind(self):
        for wizard in self:
            wizard.recipient_kind = wizard.recipient_id.followup_recovery_kind or wizard.recipient_kind or "lawyer"

    @api.depends("customer_id")
    def _compute_date(self):
        for wizard in self:
            wizard.date = (wizard.company_id or self.env.company)._followup_today()

    @api.depends("recipient_id", "customer_id")
    def _compute_lang(self):
        for wizard in self:
            company = wizard.company_id or self.env.company
            wizard.lang = self.env["followup.handover"]._default_lang(company, wizard.recipient_id)

    @api.depends("line_ids.selected", "customer_id")
    def _compute_advice(self):
        engine = self.env["followup.engine"].sudo()
        for wizard in self:
            items = wizard.line_ids.filtered("selected").item_id._origin
            customer, company = wizard.customer_id._origin.sudo(), wizard.company_id
            wizard.amount = sum(items.sudo().move_line_id.mapped("amount_residual"))
            if not customer:
                wizard.advice, wizard.eligible, wizard.stopped = False, False, True
                continue
            advice = engine._advise(company, customer, items.sudo(), company._followup_today())
            wizard.advice = self.env["followup.engine"]._explain_advice(
                [{"code": row.code, "ok": row.ok, "detail": row.detail} for row in advice.conditions],
                company.currency_id,
            )
            wizard.eligible, wizard.stopped = advice.eligible, bool(advice.stopped)

    @api.depends_context("uid")
    def _compute_may_overrule(self):
        self.may_overrule = self.env.user.has_group("l10n_be_followup.l10n_be_followup_group_manager")

    def _chosen(self):
        self.ensure_one()
        return self.line_ids.filtered("selected").item_id

    def action_confirm(self):
        """Hand over now, and open what was made."""
        self.ensure_one()
        if not self.recipient_id:
            raise UserError(self.env._("Choose the lawyer, bailiff or agency first."))
        items, handovers = self._chosen(), self.env["followup.handover"]
        handover = self.handover_id if self.handover_id.state == "proposed" else handovers._proposal_of(items)
        if not handover:
            handover = handovers._propose(self.customer_id, items, user=self.user_id, lang=self.lang)
        handover._carry_out(
            items,
            self.recipient_id,
            self.recipient_kind,
            self.date,
            self.reference,
            self.lang,
            self.reason,
            user=self.user_id,
            note=self.note,
        )
        return handover._action_open()

    def action_propose(self):
        """Ask somebody else to decide: a task for the responsible person."""
        self.ensure_one()
        handover = self.env["followup.handover"]._propose(
            self.customer_id, self._chosen(), user=self.user_id, lang=self.lang, note=self.note
        )
        return handover._action_open()
