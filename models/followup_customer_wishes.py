from odoo import api, fields, models
from odoo.fields import Domain


class FollowupCustomer(models.Model):
    """A customer's wishes on his follow-up screen, and his replies on the desk of who is responsible."""

    _inherit = "followup.customer"

    vip = fields.Boolean("VIP", compute="_compute_wishes", search="_search_vip")
    recipient_warning = fields.Char(compute="_compute_wishes")
    responsible_warning = fields.Char(compute="_compute_wishes")
    recipients = fields.Char("Written To", compute="_compute_recipients")
    wishes = fields.Char(compute="_compute_wishes")

    @api.depends("partner_id", "company_id")
    def _compute_wishes(self):
        names = {
            name: dict(self.env["res.partner"]._fields[name]._description_selection(self.env))
            for name in ("followup_address_form", "followup_tone")
        }
        for customer in self:
            partner = customer.partner_id.with_company(customer.company_id)
            customer.vip = partner.followup_vip
            customer.recipient_warning = partner.followup_recipient_warning
            customer.responsible_warning = partner.followup_responsible_warning
            said = (names[name].get(partner[name]) for name in names)
            customer.wishes = ", ".join(filter(None, said)) or False

    @api.depends("partner_id", "company_id")
    def _compute_recipients(self):
        for customer in self:
            company = customer.company_id
            partner = customer.partner_id.with_company(company)
            recipient = next((c for c in partner._followup_candidates(company) if c.email_normalized), None)
            if not recipient:
                customer.recipients = False
                continue
            text = recipient.email_normalized
            copies = partner._followup_copies(company, recipient, customer.next_level_id)
            if copies:
                text = self.env._(
                    "%(recipient)s, copy to %(copies)s",
                    recipient=text,
                    copies=", ".join(copies.mapped("email_normalized")),
                )
            customer.recipients = text

    def _search_vip(self, operator, value):
        if operator != "in":
            return NotImplemented
        partners = self.env["res.partner"]
        return Domain.OR(
            Domain("company_id", "=", company.id)
            & Domain("partner_id", "in", partners.with_company(company)._search([("followup_vip", operator, value)]))
            for company in {company._followup_root() for company in self.env.companies}
        )

    def message_post(self, **kwargs):
        """EXTENDS mail: an answer of the customer reaches who is responsible now, and stays on his list until read.

        Odoo would notify whoever signed the message that was answered, also when he has left.
        """
        author = self.env["res.partner"].sudo().browse(kwargs.get("author_id") or [])
        colleague = author.user_ids.filtered(lambda user: not user.share)
        if len(self) != 1 or kwargs.get("message_type") != "email" or colleague:
            return super().message_post(**kwargs)
        user = self._reply_user()
        kwargs["partner_ids"] = user.partner_id.ids
        message = super().message_post(**kwargs)
        self._plan_reply(user)
        return message

    def _reply_user(self):
        """Who reads the customer's answers: the responsible person, as long as he is here."""
        self.ensure_one()
        customer = self.sudo()
        partner = customer.partner_id.with_company(customer.company_id)
        return partner.followup_responsible_id._followup_fit(customer.company_id) or customer._default_responsible()

    def _plan_reply(self, user):
        """One task to read what the customer answered, however often he writes."""
        self.ensure_one()
        kind = self.env.ref("l10n_be_followup.mail_activity_type_reply")
        customer = self.sudo()
        if customer.activity_ids.filtered(lambda activity: activity.activity_type_id == kind):
            return
        customer.with_context(mail_activity_quick_update=True).activity_schedule(
            "l10n_be_followup.mail_activity_type_reply",
            date_deadline=customer.company_id._followup_today(),
            user_id=user.id,
        )
