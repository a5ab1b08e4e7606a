from odoo import api, fields, models
from odoo.fields import Domain


class FollowupCustomer(models.Model):
    """What others sent to the customer before, and whether live mode holds for him."""

    _inherit = "followup.customer"

    reminded_ids = fields.One2many(
        "followup.reminder.import.line", "customer_id", "Reminded Elsewhere", domain=[("live", "=", True)]
    )
    live = fields.Boolean(
        compute="_compute_live",
        search="_search_live",
        help="Levels marked automatic are sent to him by themselves. Otherwise each notice waits for a person.",
    )
    outside_segment = fields.Boolean(
        "Not live yet",
        compute="_compute_live",
        help="Follow-up is live, but it began with other customers: his notices wait for a person.",
    )

    @api.depends("company_id.followup_live", "company_id.followup_live_domain", "partner_id")
    def _compute_live(self):
        self.live = self.outside_segment = False
        for company, customers in self.grouped("company_id").items():
            if not company.sudo().followup_live:
                continue
            inside = company.sudo()._followup_live_partners(customers.sudo().partner_id)
            for customer in customers:
                customer.live = customer.partner_id.id in inside.ids
                customer.outside_segment = not customer.live

    @api.model
    def _search_live(self, operator, value):
        if operator != "in":
            return NotImplemented
        domain = Domain.FALSE
        for root in self.env["res.company"].sudo().search([("parent_id", "=", False), ("followup_live", "=", True)]):
            segment = root._followup_segment()
            partners = self.env["res.partner"].sudo().with_company(root).with_context(active_test=False)
            inside = Domain("partner_id", "in", partners._search(segment)) if segment else Domain.TRUE
            domain |= Domain("company_id", "=", root.id) & inside
        return domain if True in value else ~domain
