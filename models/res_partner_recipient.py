from odoo import api, fields, models
from odoo.exceptions import ValidationError

from .res_partner_service import GROUPS

#: Settings of a customer that name somebody who hears of his debts.
_CHOICES = ("followup_contact_id", "followup_escalation_id")


class ResPartner(models.Model):
    """Who hears of a customer's debts. Of a consumer's: nobody but he, unless a mandate is recorded."""

    _inherit = "res.partner"
    # EXTENDS base: an address without a name is called after its customer and its type
    _complete_name_displayed_types = ("invoice", "delivery", "followup", "other")

    # "Other" keeps the address as it is when this add-on goes; "Contact" would take the customer's own over it.
    type = fields.Selection(selection_add=[("followup", "Follow-up"), ("other",)], ondelete={"followup": "set other"})
    followup_copy = fields.Boolean(
        "Copy of Follow-up",
        company_dependent=True,
        help="This contact gets a visible copy (Cc) of every follow-up message to the customer.",
        groups=GROUPS,
    )
    followup_copy_ids = fields.Many2many(
        "res.partner",
        string="Copies To",
        compute="_compute_followup_copy_ids",
        inverse="_inverse_followup_copy_ids",
        domain="[('parent_id', '=', id)]",
        help="Contacts of the customer who get a visible copy (Cc) of every follow-up message.",
        groups=GROUPS,
    )
    followup_escalation_id = fields.Many2one(
        "res.partner",
        "Escalation Contact",
        company_dependent=True,
        domain="[('parent_id', '=', id)]",
        help="Also gets the messages, as a visible copy (Cc), from the level of the policy on that says so: "
        "the manager, for example.",
        groups=GROUPS,
    )
    followup_mandate_date = fields.Date(
        "Mandate Of",
        company_dependent=True,
        tracking=True,
        help="The day on which the consumer authorised this contact to receive messages about what he owes, or was "
        "given an administrator or guardian. Without it the contact hears nothing.",
        groups=GROUPS,
    )
    followup_mandate_note = fields.Char(
        "Proof of the Mandate",
        company_dependent=True,
        tracking=True,
        help="Where the mandate is kept, or what it says.",
        groups=GROUPS,
    )
    followup_needs_mandate = fields.Boolean(compute="_compute_followup_needs_mandate", groups=GROUPS)
    followup_recipient_warning = fields.Char(compute="_compute_followup_recipient_warning", groups=GROUPS)

    @api.depends("child_ids.followup_copy", "child_ids.active")
    @api.depends_context("company")
    def _compute_followup_copy_ids(self):
        for partner in self:
            partner.followup_copy_ids = partner.child_ids.filtered("followup_copy")

    def _inverse_followup_copy_ids(self):
        for partner in self:
            chosen = partner.followup_copy_ids
            (partner.child_ids - chosen).filtered("followup_copy").followup_copy = False
            for contact in chosen - partner.child_ids:
                raise ValidationError(
                    contact.sudo()._followup_refusal(partner.sudo(), self.env.company, ("elsewhere",))
                )
            chosen.filtered(lambda contact: not contact.followup_copy).followup_copy = True

    @api.depends("parent_id.followup_regime", "name", "type", "commercial_partner_id.name")
    def _compute_followup_needs_mandate(self):
        for partner in self:
            customer = partner.commercial_partner_id
            partner.followup_needs_mandate = bool(
                customer and customer.followup_regime == "b2c" and not partner._followup_is_debtor(customer)
            )

    @api.depends(
        "child_ids.active",
        "child_ids.email",
        "child_ids.followup_copy",
        "child_ids.followup_mandate_date",
        "child_ids.name",
        "child_ids.type",
        "followup_contact_id",
        "followup_escalation_id",
        "followup_regime",
    )
    @api.depends_context("company")
    def _compute_followup_recipient_warning(self):
        company = self.env.company
        for partner in self:
            chosen = partner._followup_chosen()
            texts = (contact._followup_refusal(partner, company) for contact in chosen if contact != partner)
            partner.followup_recipient_warning = " ".join(filter(None, texts)) or False

    @api.depends("type")
    def _compute_type_address_label(self):
        # EXTENDS base
        result = super()._compute_type_address_label()
        for partner in self.filtered(lambda partner: partner.type == "followup"):
            partner.type_address_label = self.env._("Follow-up Address")
        return result

    @api.constrains(*_CHOICES, "followup_copy", "followup_mandate_date", "name", "parent_id", "type")
    def _check_followup_mandate(self):
        """A message to somebody else about a consumer's debt is a breach of his privacy: refused when it is set up."""
        company = self.env.company
        for partner in self.sudo():
            pairs = [(partner, partner[name]) for name in _CHOICES if partner[name]]
            customer = partner.commercial_partner_id
            if partner != customer:
                chosen = customer[_CHOICES[0]] | customer[_CHOICES[1]]
                if partner.followup_copy or partner.type == "followup" or partner in chosen:
                    pairs.append((customer, partner))
            for debtor, contact in pairs:
                refusal = contact._followup_refusal(debtor, company, ("elsewhere", "mandate"))
                if refusal:
                    raise ValidationError(refusal)

    def _avatar_get_placeholder_path(self):
        # EXTENDS base
        if self.type == "followup" and not self.is_company:
            return "base/static/img/bill.png"
        return super()._avatar_get_placeholder_path()

    def _followup_is_debtor(self, customer):
        """Whether this is `customer` himself: his own record, or an address of his in no other name."""
        self.ensure_one()
        own = " ".join((customer.name or "").split()).casefold()
        return self == customer or " ".join((self.name or "").split()).casefold() in ("", own)

    def _followup_chosen(self):
        """Everybody whom this customer's settings name: follow-up, invoice, copies and escalation contacts."""
        self.ensure_one()
        addresses = self.child_ids.filtered(lambda child: child.type in ("followup", "invoice") or child.followup_copy)
        return self.followup_contact_id | addresses | self.followup_escalation_id

    def _followup_refusal(self, customer, company, only=None, regime=None):
        """Why this contact must hear nothing of what `customer` owes to `company`; None when he may.

        :param only: codes to look at: elsewhere, archived, mandate, email; all of them by default
        :param regime: of the message; by default the one in the context, else that of the customer
        :return: a sentence that names both and the cure, or None
        """
        self.ensure_one()
        contact, customer = self.with_company(company), customer.with_company(company)
        mandated = contact.followup_mandate_date and contact.followup_mandate_date <= company._followup_today()
        regime = regime or self.env.context.get("followup_message_regime") or customer.followup_regime
        consumer = regime == "b2c"
        reasons = {
            "elsewhere": contact.commercial_partner_id != customer,
            "archived": contact != customer and not contact.active,
            "mandate": consumer and not mandated and not contact._followup_is_debtor(customer),
            "email": not contact.email_normalized,
        }
        code = next((code for code, holds in reasons.items() if holds and (only is None or code in only)), None)
        if not code:
            return None
        names = {"contact": contact.name or contact.display_name, "customer": customer.display_name}
        if code == "elsewhere":
            return self.env._(
                "%(contact)s is no contact of %(customer)s and hears nothing of what he owes. "
                "Choose a contact of the customer, or move this one to him.",
                **names,
            )
        if code == "archived":
            return self.env._(
                "%(contact)s is archived and gets no messages about %(customer)s. Choose somebody else.", **names
            )
        if code == "email":
            return self.env._(
                "%(contact)s has no valid e-mail address and gets no messages about %(customer)s. Add one.", **names
            )
        return self.env._(
            "%(customer)s is treated as a consumer: %(contact)s may not hear of what he owes, as that would breach his "
            "privacy. Record the mandate on the contact, remove him, or, when the customer is a business, "
            "complete its enterprise number.",
            **names,
        )

    def _followup_with_refusals(self, company, text):
        """Add to `text` who was not written to because he may not hear of this customer's debts."""
        self.ensure_one()
        customer = self.with_company(company).commercial_partner_id
        refusals = (
            contact._followup_refusal(customer, company, ("mandate",)) for contact in customer._followup_chosen()
        )
        return " ".join(filter(None, (text, *refusals)))

    def _followup_addresses(self):
        """Where messages about this customer may go, best first: follow-up contact and addresses, invoice, his own."""
        self.ensure_one()
        children = self.child_ids
        return (
            self.followup_contact_id
            | children.filtered(lambda child: child.type == "followup")
            | children.filtered(lambda child: child.type == "invoice")
            | self
        )

    def _followup_copies(self, company, recipient, level=None, regime=None):
        """Contacts who get a visible copy: copies, and the escalation contact from the level on that says so.

        Who may not hear of it, or has no address, is left out: the customer's screen says why.

        :param recipient: the contact to whom the message is addressed
        :param level: `followup.level` of the message, if it has one
        :return: contacts, one per address, never the recipient's own
        """
        self.ensure_one()
        customer = self.with_company(company).commercial_partner_id
        wanted = customer.child_ids.filtered("followup_copy")
        if level and level._escalates():
            wanted |= customer.followup_escalation_id
        known = {recipient.email_normalized}
        copies = self.browse()
        for contact in wanted:
            if contact.email_normalized in known or contact._followup_refusal(customer, company, regime=regime):
                continue
            known.add(contact.email_normalized)
            copies |= contact
        return copies
