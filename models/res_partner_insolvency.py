from odoo import fields, models
from odoo.tools import format_date


class ResPartner(models.Model):
    """Who looks after an insolvency, what must be done then, and what is written down of it."""

    _inherit = "res.partner"

    followup_insolvency_contact_id = fields.Many2one(
        "res.partner",
        "Curator or Mediator",
        company_dependent=True,
        help="The curator of the bankruptcy, the mediator of the collective debt settlement, or the judge's delegate: gets "
        "the claim. The customer himself hears nothing any more.",
        groups="account.group_account_invoice,account.group_account_readonly",
    )
    followup_insolvency_reference = fields.Char(
        "Number of the Proceedings",
        company_dependent=True,
        groups="account.group_account_invoice,account.group_account_readonly",
    )

    def _followup_claim_task(self, company):
        # EXTENDS l10n_be_followup: what must be done differs with the proceedings
        values = super()._followup_claim_task(company)
        kind, since, today = self.followup_insolvency, self.followup_insolvency_date, company._followup_today()
        words = {"customer": self.display_name, "date": format_date(self.env, since or today)}
        if kind == "collective":
            return {
                # Article 1675/9 of the Judicial Code: a month from the notification of the order.
                "date_deadline": max(fields.Date.add(since or today, months=1), today),
                "summary": self.env._("Collective debt settlement: file the claim with the mediator"),
                "note": self.env._(
                    "%(customer)s is in collective debt settlement since %(date)s. File the claim with the mediator, "
                    "registered, within a month of his notification: who is late counts as having given up the claim.",
                    **words,
                ),
            }
        if kind == "reorganisation":
            return {
                "date_deadline": max(fields.Date.add(since or today, days=14), today),
                "summary": self.env._("Judicial reorganisation: check the list of creditors"),
                "note": self.env._(
                    "%(customer)s is in judicial reorganisation since %(date)s. Check that the list of creditors has your "
                    "claim with its right amount (www.regsol.be), and contest it in time when it has not.",
                    **words,
                ),
            }
        return {"summary": self.env._("Bankruptcy: file the claim with the curator"), **values}

    def write(self, vals):
        """EXTENDS base: the timeline says since when, and until when, a customer was insolvent."""
        watched = {"followup_insolvency", "followup_insolvency_date", "followup_insolvency_contact_id"} & vals.keys()
        before = {partner.id: partner._followup_insolvency_words() for partner in self} if watched else {}
        result = super().write(vals)
        for partner in self if watched else ():
            text = partner._followup_insolvency_words()
            if text != before[partner.id]:
                customer = self.env["followup.customer"].sudo()._for_partner(partner, self.env.company)
                customer.message_post(
                    body=self.env._("Insolvency: %s", text)
                    if text
                    else self.env._("No insolvency any more: follow-up goes on. It was: %s", before[partner.id])
                )
        return result

    def _followup_insolvency_words(self):
        """Kind, day and contact in one line; empty when there is none."""
        self.ensure_one()
        known = self.sudo()
        if not known.followup_insolvency:
            return ""
        names = dict(self._fields["followup_insolvency"]._description_selection(self.env))
        parts = [names[known.followup_insolvency]]
        if known.followup_insolvency_date:
            parts.append(format_date(self.env, known.followup_insolvency_date))
        if known.followup_insolvency_contact_id:
            parts.append(known.followup_insolvency_contact_id.display_name)
        return ", ".join(parts)
