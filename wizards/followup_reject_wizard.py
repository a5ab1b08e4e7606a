from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import is_html_empty


class FollowupRejectWizard(models.TransientModel):
    """Reject a dispute: the customer hears why, in his language, and until when he has to pay."""

    _name = "followup.reject.wizard"
    _description = "Reject a Dispute"
    _inherit = "followup.wizard"

    dispute_id = fields.Many2one("followup.dispute", required=True)
    customer_id = fields.Many2one(related="dispute_id.customer_id")
    currency_id = fields.Many2one(related="dispute_id.currency_id")
    amount = fields.Monetary(compute="_compute_amount", string="Stays payable")
    answer = fields.Html("Your answer", help="Stands in the e-mail as you write it here.")
    send = fields.Boolean("Send it to the customer", default=True)
    pay_before = fields.Date("He has until", compute="_compute_pay_before")
    language = fields.Char("Language of the customer", compute="_compute_language")
    other_language = fields.Boolean(compute="_compute_language")
    email = fields.Char("To", compute="_compute_language")

    @api.depends("dispute_id")
    def _compute_amount(self):
        for wizard in self:
            dispute = wizard.dispute_id
            wizard.amount = dispute.amount_open if dispute.state == "open" else dispute.amount

    @api.depends("dispute_id")
    def _compute_pay_before(self):
        for wizard in self:
            company = wizard.dispute_id.company_id or self.env.company
            wizard.pay_before = company._followup_today() + timedelta(days=company.followup_dispute_answer_days)

    @api.depends("dispute_id")
    def _compute_language(self):
        names = dict(self.env["res.lang"].get_installed())
        for wizard in self:
            company = wizard.dispute_id.company_id
            partner = wizard.dispute_id.partner_id.with_company(company)
            code = self.env["followup.engine"]._message_lang(partner, company)
            wizard.language = names.get(code, code)
            wizard.other_language = code.split("_")[0] != (self.env.user.lang or "en_US").split("_")[0]
            try:
                wizard.email = partner._followup_route(company).where
            except UserError as error:
                wizard.email = str(error)

    def action_confirm(self):
        self.ensure_one()
        if self.send and is_html_empty(self.answer):
            raise UserError(self.env._("Write the answer first: the customer wants to know why you do not agree."))
        self.dispute_id._reject(self.answer, self.send)
        return {"type": "ir.actions.act_window_close"}
