from odoo import api, fields, models

GROUPS = "account.group_account_invoice,account.group_account_readonly"


class ResPartner(models.Model):
    """Whoever meets a customer sees that a service of his is suspended."""

    _inherit = "res.partner"

    followup_service_suspended = fields.Boolean(
        "Service Suspended",
        compute="_compute_followup_service_suspended",
        search="_search_followup_service_suspended",
        groups=GROUPS,
    )
    followup_service_warning = fields.Char(
        "Suspended Services", compute="_compute_followup_service_suspended", groups=GROUPS
    )

    def _followup_suspended_services(self, company):
        """The suspended services of these customers in the root company of `company`.

        :rtype: dict commercial partner -> `followup.service`, read as superuser
        """
        services = (
            self.env["followup.service"]
            .sudo()
            .search(
                [
                    ("state", "=", "suspended"),
                    ("company_id", "=", company._followup_root().id),
                    ("customer_id.partner_id", "in", self.commercial_partner_id.ids),
                ]
            )
        )
        return services.grouped(lambda service: service.customer_id.partner_id)

    def _followup_service_text(self, services):
        """:return: a sentence for a screen; False without services"""
        if not services:
            return False
        names = ", ".join(services.mapped("name"))
        return self.env._("Suspended, because invoices are not paid: %s", names)

    @api.depends_context("company", "lang")
    def _compute_followup_service_suspended(self):
        known = self._followup_suspended_services(self.env.company)
        for partner in self:
            services = known.get(partner.commercial_partner_id.sudo())
            partner.followup_service_suspended = bool(services)
            partner.followup_service_warning = self._followup_service_text(services)

    def _search_followup_service_suspended(self, operator, value):
        if operator != "in":
            return NotImplemented
        services = (
            self.env["followup.service"]
            .sudo()
            .search([("state", "=", "suspended"), ("company_id", "=", self.env.company._followup_root().id)])
        )
        domain = fields.Domain("commercial_partner_id", "in", services.customer_id.partner_id.ids)
        return domain if True in value else ~domain
