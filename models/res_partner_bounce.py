from odoo import api, fields, models
from odoo.tools import email_normalize


class ResPartner(models.Model):
    """E-mail addresses from which a notice came back: not written to again until somebody looked."""

    _inherit = "res.partner"

    followup_bounced_email = fields.Char(
        "Address that Came Back",
        copy=False,
        readonly=True,
        help="A follow-up message to this address came back. It is used again once the address changes, or when you say so.",
        groups="account.group_account_invoice,account.group_account_readonly",
    )
    followup_email_bounced = fields.Boolean(
        compute="_compute_followup_email_bounced",
        search="_search_followup_email_bounced",
        groups="account.group_account_invoice,account.group_account_readonly",
    )

    @api.depends("followup_bounced_email", "email_normalized")
    def _compute_followup_email_bounced(self):
        for partner in self:
            partner.followup_email_bounced = bool(partner.email_normalized) and (
                partner.followup_bounced_email == partner.email_normalized
            )

    def _search_followup_email_bounced(self, operator, value):
        if operator != "in":
            return NotImplemented
        known = self.sudo().search_fetch(
            [("followup_bounced_email", "!=", False)], ["followup_bounced_email", "email_normalized"]
        )
        domain = fields.Domain("id", "in", known.filtered("followup_email_bounced").ids)
        return domain if True in value else ~domain

    def _followup_mark_bounced(self, address):
        """Remember that messages to `address` come back, on every contact of this customer that has it."""
        customer = self.commercial_partner_id
        contacts = (customer | customer.with_context(active_test=False).child_ids).sudo()
        contacts.filtered(
            lambda contact: address and contact.email_normalized == address
        ).followup_bounced_email = email_normalize(address)

    def _followup_forgive_bounce(self):
        """Addresses of these customers may be used again."""
        contacts = self.commercial_partner_id | self.commercial_partner_id.child_ids
        contacts.sudo().filtered("followup_bounced_email").followup_bounced_email = False

    def action_followup_forgive_bounce(self):
        """The address is right after all: use it again."""
        self.check_access("write")
        self.sudo().followup_bounced_email = False
        self.env["followup.engine"]._touch_partner_ids(self.commercial_partner_id.ids)
        return True
