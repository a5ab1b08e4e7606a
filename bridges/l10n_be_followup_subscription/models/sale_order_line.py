from odoo import fields, models


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    followup_service_id = fields.Many2one("followup.service", "Service", compute="_compute_followup_service_id")

    def _followup_subscription(self):
        """The subscription that this line invoices, or that it began."""
        self.ensure_one()
        order = self.order_id.sudo()
        if self.display_type:
            return order.order_subscription_id.browse()
        template = self.product_id.subscribable and self.product_id.subscription_template_id
        return (
            order.order_subscription_id
            or order.subscription_ids.filtered(lambda subscription: template and subscription.template_id == template)[
                :1
            ]
        )

    def _compute_followup_service_id(self):
        for line in self:
            line.followup_service_id = line._followup_subscription().followup_service_id

    def _prepare_invoice_line(self, **optional_values):
        """EXTENDS sale: the line leads to its service and says how far it reaches."""
        values = super()._prepare_invoice_line(**optional_values)
        subscription = self._followup_subscription()
        first = not self.order_id.order_subscription_id and subscription.date_start
        return values | subscription._followup_line_values(self.order_id.partner_invoice_id, first)
