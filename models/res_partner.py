from stdnum import get_cc_module
from stdnum.be import vat as be_vat

from odoo import api, fields, models
from odoo.exceptions import UserError

from .followup_policy import REGIMES


class ResPartner(models.Model):
    _inherit = "res.partner"

    followup_authority = fields.Boolean(
        "Public Authority", help="A municipality, ministry, school of the state...: the rules for authorities hold."
    )
    followup_regime = fields.Selection(
        REGIMES,
        "Follow-up Regime",
        compute="_compute_followup_regime",
        help="Business: an enterprise or VAT number that is valid. Everyone else is treated as a consumer, "
        "whom the law protects most, until the data says otherwise.",
    )
    followup_policy_id = fields.Many2one(
        "followup.policy",
        "Follow-up Policy",
        company_dependent=True,
        help="Empty: the policy that fits the customer's regime and data.",
    )
    followup_responsible_id = fields.Many2one(
        "res.users",
        "Follow-up Responsible",
        company_dependent=True,
        domain=[("share", "=", False)],
        help="Gets the calls and questions, signs the messages and receives the replies.",
    )
    followup_contact_id = fields.Many2one(
        "res.partner",
        "Follow-up Contact",
        company_dependent=True,
        domain="['|', ('id', '=', id), ('parent_id', '=', id)]",
        help="Receives the notices. Empty: the invoice address, else the customer.",
    )
    followup_overdue = fields.Monetary("Overdue (follow-up)", compute="_compute_followup_overdue")
    followup_state = fields.Char(compute="_compute_followup_overdue")

    @api.depends("is_company", "vat", "company_registry", "country_id", "followup_authority", "commercial_partner_id")
    def _compute_followup_regime(self):
        for partner in self:
            customer = partner.commercial_partner_id or partner
            if customer.followup_authority:
                partner.followup_regime = "b2g"
            elif customer._followup_has_enterprise_number():
                partner.followup_regime = "b2b"
            else:
                partner.followup_regime = "b2c"

    def _followup_has_enterprise_number(self):
        """Whether a VAT or enterprise number of this customer passes the check of `python-stdnum`."""
        self.ensure_one()
        for number, country in ((self.vat, None), (self.company_registry if self.is_company else None, "be")):
            number = "".join(char for char in number or "" if char.isalnum()).upper()
            if len(number) < 4:
                continue
            code = country or (number[:2].lower() if number[:2].isalpha() else (self.country_code or "be").lower())
            module = be_vat if code == "be" else get_cc_module({"el": "gr"}.get(code, code), "vat")
            if module and module.is_valid(number):
                return True
        return False

    @api.depends_context("company")
    def _compute_followup_overdue(self):
        root = self.env.company._followup_root()
        rows = self.env["followup.customer"].sudo().search_fetch(
            [("company_id", "=", root.id), ("partner_id", "in", self.commercial_partner_id.ids)],
            ["partner_id", "amount_overdue", "state"],
        )
        by_partner = {row.partner_id.id: row for row in rows}
        for partner in self:
            row = by_partner.get(partner.commercial_partner_id.id)
            partner.followup_overdue = row.amount_overdue if row else 0.0
            partner.followup_state = row.state if row else False

    def action_open_followup(self):
        """Open the follow-up screen of the customer; he is decided afresh."""
        self.ensure_one()
        customer = self.env["followup.customer"]._for_partner(self.commercial_partner_id, self.env.company)
        customer._refresh()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Follow-up"),
            "res_model": "followup.customer",
            "res_id": customer.id,
            "view_mode": "form",
            "views": [(False, "form")],
        }

    def _followup_recipient(self, company):
        """The contact that receives notices: follow-up contact, else invoice contact, else the customer.

        :param company: the company that writes
        :return: a partner with a usable e-mail address
        :raises UserError: when there is none; the message names the customer and the cure
        """
        self.ensure_one()
        customer = self.with_company(company).commercial_partner_id
        candidates = (
            customer.followup_contact_id
            | customer.child_ids.filtered(lambda child: child.type == "invoice")
            | customer
        )
        for candidate in candidates:
            if candidate.email_normalized:
                return candidate
        raise UserError(
            self.env._(
                "%(customer)s has no valid e-mail address. Add one to the customer, to an invoice address "
                "or to a follow-up contact.",
                customer=customer.display_name,
            )
        )

    def write(self, vals):
        """EXTENDS base"""
        result = super().write(vals)
        if {"followup_policy_id", "followup_authority", "vat", "company_registry", "email"} & vals.keys():
            self.env["followup.engine"]._touch_partner_ids(self.commercial_partner_id.ids)
        return result
