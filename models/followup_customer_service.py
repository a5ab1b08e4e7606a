from odoo import api, fields, models


class FollowupCustomer(models.Model):
    """The services of a customer."""

    _inherit = "followup.customer"

    service_ids = fields.One2many("followup.service", "customer_id", "Services")
    service_suspended = fields.Boolean(compute="_compute_service_suspended", search="_search_service_suspended")
    service_count = fields.Integer(compute="_compute_service_suspended")

    @api.depends("service_ids.state")
    def _compute_service_suspended(self):
        for customer in self:
            customer.service_count = len(customer.service_ids)
            customer.service_suspended = "suspended" in customer.service_ids.mapped("state")

    def _search_service_suspended(self, operator, value):
        if operator != "in":
            return NotImplemented
        domain = fields.Domain("service_ids.state", "=", "suspended")
        return domain if True in value else ~domain

    def action_open_services(self):
        """The services of this customer; a new one is his."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("l10n_be_followup.followup_service_action")
        return action | {
            "domain": [("customer_id", "=", self.id)],
            "context": {"default_partner_id": self.partner_id.id, "default_company_id": self.company_id.id},
        }
