from markupsafe import Markup
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

    @api.model
    def action_open_assistant(self, *_args):
        """Open the start assistant of the user's company."""
        return self.env["followup.assistant"].action_open()

    @api.model
    def _get_view_cache_key(self, view_id=None, view_type="form", **options):
        # EXTENDS base
        key = super()._get_view_cache_key(view_id, view_type, **options)
        return (*key, self.env["followup.assistant"]._is_finished(self.env.company)) if view_type == "list" else key

    @api.model
    def _get_view(self, view_id=None, view_type="form", **options):
        # EXTENDS base: the way to the start assistant goes once it is finished
        arch, view = super()._get_view(view_id, view_type, **options)
        if view_type == "list" and self.env["followup.assistant"]._is_finished(self.env.company):
            for button in arch.xpath("//header/button[@name='action_open_assistant']"):
                header = button.getparent()
                header.remove(button)
                if not len(header):
                    header.getparent().remove(header)
        return arch, view

    @api.model
    def get_empty_list_help(self, help_message):
        """EXTENDS base: who sees nothing yet is told where to begin"""
        text = super().get_empty_list_help(help_message)
        if self.env["followup.assistant"]._is_finished(self.env.company):
            return text
        return Markup("%s<p>%s <a href='/odoo/action-l10n_be_followup.followup_assistant_action_open'>%s</a></p>") % (
            Markup(text or ""),  # noqa: S704 - what the screen itself gave
            self.env._("Nothing leaves by itself until the start assistant is finished."),
            self.env._("Open the start assistant"),
        )
