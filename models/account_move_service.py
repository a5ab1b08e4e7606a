from odoo import api, fields, models


class AccountMove(models.Model):
    """A new invoice for somebody whose service is suspended says so before it is posted."""

    _inherit = "account.move"

    followup_service_warning = fields.Char(
        "Suspended Services",
        compute="_compute_followup_service_warning",
        groups="account.group_account_invoice,account.group_account_readonly",
    )

    @api.depends("partner_id", "company_id", "state", "move_type")
    @api.depends_context("lang")
    def _compute_followup_service_warning(self):
        drafts = self.filtered(
            lambda move: move.state == "draft" and move.move_type in ("out_invoice", "out_receipt") and move.partner_id
        )
        (self - drafts).followup_service_warning = False
        for company, moves in drafts.grouped("company_id").items():
            partners = moves.partner_id
            known = partners._followup_suspended_services(company)
            for move in moves:
                services = known.get(move.partner_id.commercial_partner_id.sudo())
                move.followup_service_warning = partners._followup_service_text(services)

    def _followup_forget(self, partner_id):
        """EXTENDS: a draft that gets another customer is not for the services of the one before."""
        result = super()._followup_forget(partner_id)
        customer = self.env["res.partner"].browse(partner_id).commercial_partner_id
        lines = self.filtered(lambda move: move.state == "draft").invoice_line_ids
        lines.filtered(
            lambda line: (
                line.followup_service_id and line.followup_service_id.sudo().customer_id.partner_id.id != customer.id
            )
        ).followup_service_id = False
        return result
