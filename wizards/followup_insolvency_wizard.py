from odoo import api, fields, models
from odoo.exceptions import UserError


class FollowupInsolvencyWizard(models.TransientModel):
    """Note an insolvency with its day and who looks after it, or that it is over."""

    _name = "followup.insolvency.wizard"
    _description = "Insolvency of a Customer"
    _inherit = "followup.wizard"

    customer_id = fields.Many2one("followup.customer", required=True)
    running = fields.Boolean(compute="_compute_known", store=True, precompute=True)
    kind = fields.Selection(
        selection=lambda self: self.env["res.partner"]._fields["followup_insolvency"].selection,
        compute="_compute_known",
        store=True,
        precompute=True,
        readonly=False,
    )
    date = fields.Date("Judgment Of", compute="_compute_known", store=True, precompute=True, readonly=False)
    contact_id = fields.Many2one(
        "res.partner", "Curator or Mediator", compute="_compute_known", store=True, precompute=True, readonly=False
    )
    reference = fields.Char(
        "Number of the Proceedings", compute="_compute_known", store=True, precompute=True, readonly=False
    )
    effect = fields.Text(compute="_compute_effect")
    reason = fields.Char("How it Ended")

    def _partner(self):
        """With the rights to write on him: who follows up need not manage contacts."""
        self.ensure_one()
        return self.customer_id.sudo().partner_id.with_company(self.customer_id.company_id)

    @api.depends("customer_id")
    def _compute_known(self):
        for wizard in self:
            partner = wizard._partner()
            wizard.running = bool(partner.followup_insolvency)
            wizard.kind = partner.followup_insolvency or "bankruptcy"
            wizard.date = partner.followup_insolvency_date
            wizard.contact_id = partner.followup_insolvency_contact_id.sudo(False)
            wizard.reference = partner.followup_insolvency_reference

    @api.depends("kind")
    def _compute_effect(self):
        texts = {
            "bankruptcy": self.env._(
                "No reminders, and no interest from the judgment on. You get a task to file the claim with the curator."
            ),
            "reorganisation": self.env._(
                "Debts from before the opening are frozen, without interest or compensation; later deliveries are followed "
                "up as usual. You get a task to check the list of creditors."
            ),
            "collective": self.env._(
                "No reminders, and no interest from the order on. You get a task to file the claim with the mediator."
            ),
        }
        for wizard in self:
            wizard.effect = texts.get(wizard.kind, False)

    def _check(self):
        self.customer_id.check_access("read")
        if not self.env.su and not self.env.user.has_group("l10n_be_followup.l10n_be_followup_group_user"):
            raise UserError(self.env._("You need the rights of a follow-up user to do this."))

    def action_confirm(self):
        self.ensure_one()
        self._check()
        if not self.kind:
            raise UserError(self.env._("Choose the proceedings."))
        if self.date and self.date > self.customer_id.company_id._followup_today():
            raise UserError(self.env._("The judgment lies in the future. Note it once it was given."))
        self._partner().write(
            {
                "followup_insolvency": self.kind,
                "followup_insolvency_date": self.date,
                "followup_insolvency_contact_id": self.contact_id.id,
                "followup_insolvency_reference": self.reference,
            }
        )
        self.customer_id._refresh()
        return {"type": "ir.actions.act_window_close"}

    def action_end(self):
        """It is over: follow-up goes on with what is left, unless it is written off."""
        self.ensure_one()
        self._check()
        if not (self.reason or "").strip():
            raise UserError(self.env._("Say how it ended: closed, a plan, withdrawn, noted by mistake. It is kept."))
        self._partner().write(
            {
                "followup_insolvency": False,
                "followup_insolvency_date": False,
                "followup_insolvency_contact_id": False,
                "followup_insolvency_reference": False,
            }
        )
        self.customer_id.sudo().message_post(body=self.env._("How the insolvency ended: %s", self.reason.strip()))
        self.customer_id._refresh()
        return {"type": "ir.actions.act_window_close"}
