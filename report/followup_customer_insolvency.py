from markupsafe import Markup
from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_date

from .followup_dossier_files import safe_name


class FollowupCustomer(models.Model):
    """What to do for an insolvent customer: the claim goes to the curator or mediator, nothing to the customer."""

    _inherit = "followup.customer"

    insolvency = fields.Selection(
        selection=lambda self: self.env["res.partner"]._fields["followup_insolvency"].selection,
        compute="_compute_insolvency",
        search="_search_insolvency",
    )
    insolvency_contact_id = fields.Many2one("res.partner", "Curator or Mediator", compute="_compute_insolvency")

    @api.depends("partner_id", "company_id")
    def _compute_insolvency(self):
        for customer in self:
            partner = customer.partner_id.with_company(customer.company_id)
            customer.insolvency = partner.followup_insolvency
            customer.insolvency_contact_id = partner.followup_insolvency_contact_id

    def _search_insolvency(self, operator, value):
        if operator != "in":
            return NotImplemented
        return fields.Domain("partner_id.followup_insolvency", operator, value)

    def action_insolvency(self):
        """Note that the customer became insolvent, or that this is over."""
        return self._action_wizard(self.env._("Insolvency"), "followup.insolvency.wizard")

    def _insolvency_day(self):
        """The day of the judgment, today when nobody knows it."""
        self.ensure_one()
        partner = self.partner_id.with_company(self.company_id)
        return partner.followup_insolvency_date or self.company_id._followup_today()

    def action_insolvency_statement(self):
        """What was open on the day of the judgment, with interest until then."""
        return self._action_wizard(
            self.env._("Statement of account"),
            "followup.statement.wizard",
            default_customer_ids=[fields.Command.set(self.ids)],
            default_date=fields.Date.to_string(self._insolvency_day()),
            default_interest=True,
        )

    def action_insolvency_write(self):
        """Write the claim to the curator or mediator: Odoo's own composer, with the statement and the invoices attached.

        :raises UserError: without a contact or his e-mail address
        """
        self.ensure_one()
        self.check_access("read")
        contact = self.insolvency_contact_id
        if not contact.email_normalized:
            raise UserError(
                self.env._(
                    "%(customer)s: there is no curator or mediator with an e-mail address. Press Insolvency and add him.",
                    customer=self.partner_id.display_name,
                )
            )
        day = self._insolvency_day()
        company, partner = self.company_id.sudo(), self.partner_id.with_company(self.company_id)
        reference = partner.followup_insolvency_reference
        lang = self.env["followup.engine"]._message_lang(contact, company)
        words = self.with_context(lang=lang).env._
        subject = words(
            "Claim on %(customer)s%(reference)s",
            customer=partner.name,
            reference=f" ({reference})" if reference else "",
        )
        body = Markup("<p>%s</p><p>%s</p>") % (
            words("Dear Sir or Madam,"),
            words(
                "Please find our claim on %(customer)s as of %(date)s, with a statement of account and the invoices. Would you "
                "confirm that it was taken up?",
                customer=partner.name,
                date=format_date(self.env, day, lang_code=lang),
            ),
        )
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Write to %s", contact.display_name),
            "res_model": "mail.compose.message",
            "view_mode": "form",
            "target": "new",
            "context": {
                "default_model": self._name,
                "default_res_ids": self.ids,
                "default_composition_mode": "comment",
                "default_partner_ids": contact.ids,
                "default_subject": subject,
                "default_body": body,
                "default_attachment_ids": self._insolvency_files(day, lang).ids,
                "mail_create_nosubscribe": True,
                "mail_post_autofollow": False,
            },
        }

    def _insolvency_files(self, day, lang):
        """The statement of that day and the invoices in it, as attachments of the message to come."""
        statement = self.env["report.l10n_be_followup.followup_statement"].with_context(lang=lang)
        [known] = statement._statements(self, day, True)
        wizard = self.env["followup.statement.wizard"].create(
            {"customer_ids": [fields.Command.set(self.ids)], "date": day, "interest": True}
        )
        report = self.env["ir.actions.report"].sudo().with_context(lang=lang)
        paper, _kind = report._render_qweb_pdf("l10n_be_followup.action_report_followup_statement", wizard.ids)
        documents = [(f"{wizard._filename()}.pdf", paper)]
        lines = [line for section in known.sections for line in section.lines]
        moves = self.env["account.move"].browse({line.move_id for line in lines if line.kind == "invoice"}).sudo()
        for move in moves.sorted("name"):
            document = move._get_invoice_legal_documents("pdf")
            if document:
                documents.append((document["filename"], document["content"]))
                continue
            content, _kind = report._render_qweb_pdf("account.account_invoices", move.ids)
            documents.append((move._get_invoice_report_filename(), content))
        return self.env["ir.attachment"].create(
            [
                {
                    "name": safe_name(name),
                    "raw": content,
                    "mimetype": "application/pdf",
                    "res_model": "mail.compose.message",
                }
                for name, content in documents
            ]
        )
