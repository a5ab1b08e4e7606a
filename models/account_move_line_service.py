from odoo import api, fields, models
from odoo.exceptions import ValidationError


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    followup_period_end = fields.Date(
        "Last Day Invoiced",
        copy=False,
        readonly=True,
        help="The last day of service that this line is for, when known.",
    )
    followup_service_id = fields.Many2one(
        "followup.service",
        "Service",
        index="btree_not_null",
        copy=False,
        ondelete="set null",
        help="The service that this line is for. Empty: found by the product, when the customer has one service with it.",
    )

    def _followup_fits(self, service):
        """Whether the line is a sale to the customer of `service`, in a company that follows that of `service`."""
        self.ensure_one()
        move = self.move_id
        return (
            move.move_type in ("out_invoice", "out_receipt")
            and self.display_type == "product"
            and move.commercial_partner_id == service.customer_id.partner_id
            and move.company_id._followup_root() == service.company_id
        )

    @api.constrains("followup_service_id")
    def _check_followup_service(self):
        for line in self.sudo():
            service = line.followup_service_id
            if service and not line._followup_fits(service):
                raise ValidationError(
                    self.env._(
                        "%(service)s is a service of %(customer)s: choose a service of the customer of the invoice.",
                        service=service.name,
                        customer=service.customer_id.partner_id.display_name,
                    )
                )
