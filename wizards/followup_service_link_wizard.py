from odoo import api, fields, models


class FollowupServiceLinkWizard(models.TransientModel):
    """Say which lines of posted invoices are for a service; the entries themselves are not touched."""

    _name = "followup.service.link.wizard"
    _description = "Link Invoices to a Service"
    _inherit = "followup.wizard"

    service_id = fields.Many2one("followup.service", required=True, readonly=True)
    commercial_partner_id = fields.Many2one("res.partner", compute="_compute_owner")
    company_id = fields.Many2one(related="service_id.company_id")
    line_ids = fields.Many2many(
        "account.move.line",
        string="Invoice Lines",
        compute="_compute_line_ids",
        store=True,
        readonly=False,
    )

    @api.depends("service_id")
    def _compute_owner(self):
        for wizard in self:
            wizard.commercial_partner_id = wizard.service_id.sudo().customer_id.partner_id.id

    @api.depends("service_id")
    def _compute_line_ids(self):
        for wizard in self:
            wizard.line_ids = wizard.service_id.line_ids.filtered(lambda line: line.parent_state == "posted")

    def action_confirm(self):
        self.ensure_one()
        self.service_id._link_lines(self.line_ids)
        return {"type": "ir.actions.act_window_close"}
