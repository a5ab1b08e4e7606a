import dataclasses

from odoo import api, models

from ..engine import application


class FollowupEngine(models.AbstractModel):
    """Customers' own wishes: who else hears of it, how he is addressed, and who reads the message first."""

    _inherit = "followup.engine"

    @api.model
    def _select(self, company, customer_ids, today, exclude_notice_ids=None):
        # EXTENDS l10n_be_followup: every message to a VIP is read first
        customers = super()._select(company, customer_ids, today, exclude_notice_ids)
        rows = self.env["followup.customer"].browse(customer_ids)
        partner_ids = set(rows.partner_id.with_company(company).filtered("followup_vip").ids)
        vip = {row.id for row in rows if row.partner_id.id in partner_ids}
        return [
            dataclasses.replace(customer, review=(*customer.review, "vip")) if customer.id in vip else customer
            for customer in customers
        ]

    @api.model
    def _prepare(self, company, decisions, today, run=None, manual=False):
        # EXTENDS l10n_be_followup: contacts of the whole batch are read once
        ids = [taken.customer.id for taken in decisions if taken.message]
        partners = self.env["followup.customer"].browse(ids).partner_id.with_company(company)
        partners.child_ids.mapped("followup_copy")
        # What a route asks of each of them is computed for all together.
        contacts = (partners | partners.child_ids).sudo()
        contacts.mapped("email_formatted")
        contacts.mapped("followup_email_bounced")
        partners.followup_escalation_id.mapped("email_normalized")
        return super()._prepare(company, decisions, today, run, manual)

    @api.model
    def _notice_values(self, company, taken, today, manual=False, amounts=None, channel=None):
        # EXTENDS l10n_be_followup
        prefetch = getattr(amounts, "customer_ids", ())
        customer = (
            self.env["followup.customer"].browse(taken.customer.id).with_prefetch(prefetch or [taken.customer.id])
        )
        regime = self._message_regime(taken, customer.partner_id.with_company(company), amounts)
        # A private invoice of a self-employed person is no business of his bookkeeper's.
        engine = self.with_context(followup_message_regime=regime)
        vals = super(FollowupEngine, engine)._notice_values(company, taken, today, manual, amounts, channel)
        partner = customer.with_env(engine.env).partner_id.with_company(company)
        recipient = self.env["res.partner"].browse(vals["recipient_id"])
        level = self.env["followup.level"].browse(vals["level_id"])
        wishes = self._wish_values(partner, company, recipient, level)
        if vals["channel"] != "email":
            wishes["email_cc"] = False
        return vals | wishes

    @api.model
    def _sender(self, company, responsible):
        # EXTENDS l10n_be_followup: nobody writes in the name of somebody who left
        return super()._sender(company, responsible._followup_fit(company))

    @api.model
    def _companion_values(self, company, taken, lead):
        # EXTENDS l10n_be_followup
        engine = self.with_context(followup_message_regime=lead["regime"])
        found = super(FollowupEngine, engine)._companion_values(company, taken, lead)
        return [dict(vals, email_cc=False) for vals in found]

    @api.model
    def _wish_values(self, partner, company, recipient, level=None):
        """What a message takes over from the customer's wishes.

        :param partner: the customer, in `company`
        :param recipient: the contact to whom it is addressed
        :param level: `followup.level`, if the message is one of a policy
        """
        copies = partner._followup_copies(company, recipient, level)
        return {
            "email_cc": ", ".join(application.one_line(copy.email_formatted) for copy in copies) or False,
            "informal": partner.followup_address_form == "informal",
            "tone": partner.followup_tone or "normal",
        }
