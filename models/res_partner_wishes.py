from odoo import api, fields, models

from .res_partner_service import GROUPS

ADDRESS_FORMS = [("formal", "Formal (u, vous, Sie)"), ("informal", "Informal (je, tu, du)")]
TONES = [("gentle", "Gentle"), ("normal", "Normal"), ("firm", "Firm")]


class ResPartner(models.Model):
    """How a customer wants to be written to, and by whom."""

    _inherit = "res.partner"

    followup_address_form = fields.Selection(
        ADDRESS_FORMS,
        "Form of Address",
        company_dependent=True,
        help="How the messages address the customer. Empty: formal.",
        groups=GROUPS,
    )
    followup_tone = fields.Selection(
        TONES,
        "Tone",
        company_dependent=True,
        help="Changes the opening and the closing words of reminders; never the amounts, the dates or what the law "
        "requires. Empty: normal.",
        groups=GROUPS,
    )
    followup_vip = fields.Boolean(
        "VIP",
        company_dependent=True,
        help="A person reads every follow-up message to this customer before it leaves, also those about what was agreed.",
        groups=GROUPS,
    )
    followup_responsible_warning = fields.Char(compute="_compute_followup_responsible_warning", groups=GROUPS)

    @api.depends("followup_responsible_id")
    @api.depends_context("company")
    def _compute_followup_responsible_warning(self):
        company = self.env.company
        for partner in self:
            user = partner.followup_responsible_id
            partner.followup_responsible_warning = False
            if user and not user._followup_fit(company):
                partner.followup_responsible_warning = self.env._(
                    "%(user)s left, or has no access to %(company)s: the company signs the messages, and the replies and "
                    "tasks go to the sales person or a manager. Choose another responsible person.",
                    user=user.sudo().name,
                    company=company._followup_root().name,
                )
