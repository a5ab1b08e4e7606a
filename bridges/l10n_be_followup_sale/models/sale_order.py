from odoo import api, fields, models


class SaleOrder(models.Model):
    """A quotation for somebody whose service is suspended says so before it is confirmed."""

    _inherit = "sale.order"

    followup_service_warning = fields.Char("Suspended Services", compute="_compute_followup_service_warning")

    @api.depends("partner_id", "company_id", "state")
    @api.depends_context("lang")
    def _compute_followup_service_warning(self):
        # Whoever sells sees that a service is suspended, and nothing else of follow-up.
        quotations = self.filtered(lambda order: order.state in ("draft", "sent") and order.partner_id)
        (self - quotations).followup_service_warning = False
        for company, orders in quotations.grouped("company_id").items():
            partners = orders.partner_id
            known = partners._followup_suspended_services(company or self.env.company)
            for order in orders:
                services = known.get(order.partner_id.commercial_partner_id.sudo())
                order.followup_service_warning = partners._followup_service_text(services)
