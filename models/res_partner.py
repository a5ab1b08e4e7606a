from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_date
from stdnum import get_cc_module
from stdnum.be import vat as be_vat

from .followup_policy import REGIMES

#: Fields of a customer that change what follow-up decides.
_DECISIVE = {
    "followup_policy_id", "followup_authority", "followup_regime_manual", "followup_insolvency",
    "followup_insolvency_date", "followup_terms_id", "vat", "company_registry", "is_company", "country_id", "email",
}  # fmt: skip


class ResPartner(models.Model):
    _inherit = "res.partner"

    followup_authority = fields.Boolean(
        "Public Authority", help="A municipality, ministry, school of the state...: the rules for authorities hold."
    )
    followup_regime_manual = fields.Selection(
        REGIMES,
        "Regime decided by hand",
        help="Wins over what the data say. Empty: decided from the data.",
        groups="account.group_account_invoice,account.group_account_readonly",
    )
    followup_terms_id = fields.Many2one(
        "followup.terms",
        "Payment Clause",
        company_dependent=True,
        help="The clause that this customer accepted. Empty: the company's clause for his regime.",
        groups="account.group_account_invoice,account.group_account_readonly",
    )
    followup_insolvency = fields.Selection(
        [
            ("bankruptcy", "Bankruptcy"),
            ("reorganisation", "Judicial reorganisation"),
            ("collective", "Collective debt settlement"),
        ],
        "Insolvency",
        company_dependent=True,
        help="Stops reminders and charges, for the debts that the proceedings cover (Book XX).",
        groups="account.group_account_invoice,account.group_account_readonly",
    )
    followup_insolvency_date = fields.Date(
        "Insolvent Since",
        company_dependent=True,
        help="Day of the judgment or of the opening of the proceedings.",
        groups="account.group_account_invoice,account.group_account_readonly",
    )
    followup_data_issue = fields.Char(
        "Data to check",
        compute="_compute_followup_data_issue",
        groups="account.group_account_invoice,account.group_account_readonly",
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
        groups="account.group_account_invoice,account.group_account_readonly",
    )
    followup_responsible_id = fields.Many2one(
        "res.users",
        "Follow-up Responsible",
        company_dependent=True,
        domain=[("share", "=", False)],
        help="Gets the calls and questions, signs the messages and receives the replies. Somebody who left, or who has "
        "no access to the company, signs nothing: the company does, and his work goes to the sales person or a manager.",
        groups="account.group_account_invoice,account.group_account_readonly",
    )
    followup_contact_id = fields.Many2one(
        "res.partner",
        "Follow-up Contact",
        company_dependent=True,
        domain="['|', ('id', '=', id), ('parent_id', '=', id)]",
        help="Receives the notices. Empty: the follow-up address, else the invoice address, else the customer.",
        groups="account.group_account_invoice,account.group_account_readonly",
    )
    followup_overdue = fields.Monetary(
        "Overdue (follow-up)",
        compute="_compute_followup_overdue",
        groups="account.group_account_invoice,account.group_account_readonly",
    )
    followup_state = fields.Char(
        compute="_compute_followup_overdue", groups="account.group_account_invoice,account.group_account_readonly"
    )

    @api.depends(
        "is_company",
        "vat",
        "company_registry",
        "country_id",
        "followup_authority",
        "followup_regime_manual",
        "commercial_partner_id",
    )
    def _compute_followup_regime(self):
        for partner in self:
            customer = partner.commercial_partner_id or partner
            if customer.followup_regime_manual:
                partner.followup_regime = customer.followup_regime_manual
            elif customer.followup_authority:
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

    @api.depends("is_company", "vat", "company_registry", "followup_authority", "followup_regime_manual")
    def _compute_followup_data_issue(self):
        names = self._followup_issue_names()
        for partner in self:
            customer = partner.commercial_partner_id or partner
            partner.followup_data_issue = names.get(customer._followup_issue(), False)

    def _followup_issue(self):
        """What is missing or contradictory in the data that decide the regime; a code, or False.

        A customer whose regime a person decided needs no more attention, unless the data contradict it.
        """
        self.ensure_one()
        valid = self._followup_has_enterprise_number()
        if self.followup_regime_manual:
            return (
                "consumer_with_number" if self.followup_regime_manual == "b2c" and self.is_company and valid else False
            )
        if self.followup_authority:
            return False
        if not valid and (self.vat or (self.is_company and self.company_registry)):
            return "invalid_number"
        if self.is_company and not valid:
            return "company_without_number"
        return False

    def _followup_issue_names(self):
        return {
            "invalid_number": self.env._("The VAT or enterprise number is not valid: treated as a consumer"),
            "company_without_number": self.env._("A company without a number: treated as a consumer"),
            "consumer_with_number": self.env._("Marked as a consumer, but a company with a valid number"),
        }

    def _followup_terms(self, regime, company):
        """The clause that holds for an invoice of this customer: his own, else the company's for the regime."""
        kind = "b2c" if regime == "b2c" else "b2b"
        own = self.with_company(company).commercial_partner_id.followup_terms_id
        root = company._followup_root()
        return (
            own if own.regime == kind else (root.followup_terms_b2c_id if kind == "b2c" else root.followup_terms_b2b_id)
        )

    @api.depends_context("company")
    def _compute_followup_overdue(self):
        root = self.env.company._followup_root()
        rows = (
            self.env["followup.customer"]
            .sudo()
            .search_fetch(
                [("company_id", "=", root.id), ("partner_id", "in", self.commercial_partner_id.ids)],
                ["partner_id", "amount_overdue", "state"],
            )
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
        for candidate in self._followup_candidates(company):
            if candidate.email_normalized:
                return candidate
        text = self.env._(
            "%(customer)s has no valid e-mail address. Add one to the customer, to an invoice address "
            "or to a follow-up contact.",
            customer=self.commercial_partner_id.display_name,
        )
        raise UserError(self._followup_with_refusals(company, text))

    def _followup_candidates(self, company):
        """Who may be written to about this customer's debts, the best first."""
        self.ensure_one()
        customer = self.with_company(company).commercial_partner_id
        # Somebody who left, works elsewhere now, or may not hear of a consumer's debts, hears nothing of them.
        only = ("elsewhere", "archived", "mandate")
        return customer._followup_addresses().filtered(
            lambda candidate: candidate == customer or not candidate._followup_refusal(customer, company, only)
        )

    def _followup_plan_claim(self):
        """Insolvent: one task to have the claim taken up; none any more when it was a mistake (Book XX)."""
        kind = "l10n_be_followup.mail_activity_type_curator"
        for partner in self:
            customer = self.env["followup.customer"].sudo()._for_partner(partner, self.env.company)
            tasks = (
                self.env["mail.activity"]
                .sudo()
                .with_context(active_test=False)
                .search(
                    [
                        ("res_model", "=", customer._name),
                        ("res_id", "=", customer.id),
                        ("activity_type_id", "=", self.env.ref(kind).id),
                    ]
                )
            )
            if not partner.followup_insolvency:
                tasks.filtered("active").unlink()
                continue
            values = partner._followup_claim_task(customer.company_id)
            if tasks:
                tasks.filtered("active").write(values)
            else:
                user = customer.responsible_id or customer._default_responsible()
                customer.with_context(mail_activity_quick_update=True).activity_schedule(
                    kind, user_id=user.id, **values
                )

    def _followup_claim_task(self, company):
        """Deadline and text of the task. The judgment sets the term: at most thirty days from its publication."""
        self.ensure_one()
        since, today = self.followup_insolvency_date, company._followup_today()
        deadline = fields.Date.add(since, days=30) if since else today
        if since:
            note = self.env._(
                "%(customer)s is bankrupt since %(date)s. File the claim with the curator in the central solvency "
                "register (www.regsol.be), within the term that the judgment sets: at most thirty days.",
                customer=self.display_name,
                date=format_date(self.env, since),
            )
        else:
            note = self.env._(
                "%(customer)s is bankrupt. Look up the judgment, add its date to the customer, and file the claim with "
                "the curator in the central solvency register (www.regsol.be).",
                customer=self.display_name,
            )
        return {"date_deadline": max(deadline, today), "note": note}

    def write(self, vals):
        """EXTENDS base"""
        result = super().write(vals)
        if {"followup_insolvency", "followup_insolvency_date"} & vals.keys():
            self.commercial_partner_id._followup_plan_claim()
        if _DECISIVE & vals.keys():
            self.env["followup.engine"]._touch_partner_ids(self.commercial_partner_id.ids)
        return result
