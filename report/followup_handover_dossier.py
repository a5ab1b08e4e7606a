import hashlib
import json

from markupsafe import Markup
from odoo import fields, models
from odoo.exceptions import UserError

from . import followup_dossier
from . import followup_dossier_files as files


class FollowupHandover(models.Model):
    """The dossier: a summary on paper, and a file with every proof."""

    _inherit = "followup.handover"

    def _dossier_name(self):
        """File name without its ending."""
        self.ensure_one()
        day = fields.Date.to_string(self.company_id._followup_today())
        return files.safe_name(f"{self.name} {self.partner_id.name} {day}")

    def action_dossier(self):
        """Make the dossier as it stands today; it is kept with the hand-over."""
        self.ensure_one()
        self._check_user()
        handover = self.sudo()
        content = handover._dossier_file()
        attachment = handover.env["ir.attachment"].create(
            {
                "name": f"{handover._dossier_name()}.zip",
                "raw": content,
                "mimetype": "application/zip",
                "res_model": handover._name,
                "res_id": handover.id,
            }
        )
        handover.dossier_ids |= attachment
        handover.message_post(
            body=Markup("<p>%s<br/><small>SHA-256 %s</small></p>")
            % (self.env._("Dossier made."), hashlib.sha256(content).hexdigest()),
            attachment_ids=attachment.ids,
        )
        return {
            "type": "ir.actions.act_url",
            "url": f"/web/content/{attachment.id}?download=true",
            "target": "download",
        }

    def action_dossier_pdf(self):
        """The summary on paper."""
        self.ensure_one()
        return self.env.ref("l10n_be_followup.action_report_followup_dossier").report_action(self, config=False)

    def _dossier_file(self):
        """The ZIP.

        :rtype: bytes
        :raises UserError: names the document that could not be made
        """
        self.ensure_one()
        dossier = followup_dossier.build(self)
        data = json.dumps(files.claim_json(dossier), indent=2, ensure_ascii=False).encode()
        parts = [(f"{self._dossier_name()}.pdf", self._dossier_pdf()), ("claim.json", data)]
        parts += files.claim_tables(dossier)
        parts += [(f"invoices/{name}", content) for name, content in self._invoice_files(dossier)]
        for contact in dossier.contacts:
            if contact.record._name == "followup.notice":
                parts += files.notice_parts(contact.record)
            elif contact.record.body:
                name = f"messages/reply {contact.record.id}.html"
                parts.append((name, str(contact.record.body).encode()))
        for arrangement in dossier.arrangements:
            name, content = arrangement._pdf(dossier.lang)
            parts.append((f"agreements/{files.safe_name(name)}", content))
        parts += self._statement_files(dossier)
        return files.archive(parts)

    def _dossier_pdf(self):
        report = self.env["ir.actions.report"].sudo().with_context(lang=self.lang)
        content, _kind = report._render_qweb_pdf("l10n_be_followup.action_report_followup_dossier", self.ids)
        return content

    def _invoice_files(self, dossier):
        """The PDF of each invoice: the one that was sent when there is one, else made now.

        :rtype: list of (file name, bytes)
        """
        result = []
        for move in self.env["account.move"].union(*(item.record.move_id for item in dossier.items)):
            if not move.is_invoice():
                continue
            document = move._get_invoice_legal_documents("pdf")
            if document:
                result.append((files.safe_name(document["filename"]), document["content"]))
                continue
            # It was never sent from here: the invoice itself, not a pro forma one, which proves nothing.
            content, _kind = self.env["ir.actions.report"].sudo()._render_qweb_pdf("account.account_invoices", move.ids)
            if not content:
                raise UserError(
                    self.env._(
                        "%s has no PDF and none could be made. Print the invoice first, and look why.", move.name
                    )
                )
            result.append((files.safe_name(move._get_invoice_report_filename()), content))
        return result

    def _statement_files(self, dossier):
        """The statement of account of that day, when something is open.

        :rtype: list of (path, bytes)
        """
        statement = self.env["report.l10n_be_followup.followup_statement"].with_context(lang=dossier.lang)
        customer = dossier.handover.customer_id
        try:
            content = statement._workbook(customer, dossier.date, True)
        except UserError:  # nothing is open any more
            return []
        wizard = self.env["followup.statement.wizard"].create(
            {"customer_ids": [fields.Command.set(customer.ids)], "date": dossier.date, "interest": True}
        )
        report = self.env["ir.actions.report"].sudo().with_context(lang=dossier.lang)
        paper, _kind = report._render_qweb_pdf("l10n_be_followup.action_report_followup_statement", wizard.ids)
        wizard.unlink()
        return [("statement/statement.xlsx", content), ("statement/statement.pdf", paper)]
