from odoo import api, models
from odoo.exceptions import UserError
from odoo.tools import format_amount, format_date, formatLang

from ..engine.application import enterprise_number
from . import followup_statement, followup_statement_xlsx

#: Height of a page in rows of one line: under the address, and of those that follow. Cautious: the scale of
#: wkhtmltopdf differs a little from build to build.
_FIRST_PAGE, _NEXT_PAGE = 35, 49
#: What stands around the rows: head of a table, total and ageing under it, how to pay at the end.
_HEAD, _FOOT, _CLOSING = 2, 5, 9
#: Documents whose name takes two lines.
_LONG_KINDS = ("payment", "in_process", "charge")
#: Widths of the columns in percent, without and with interest and compensation.
_WIDTHS = (12, 26, 12, 7, 11, 10, 11, 11)
_WIDTHS_CHARGED = (10, 19, 10, 5, 9, 8, 9, 7, 13, 10)


def _chunks(sections):
    """Cut the lines of a statement into pages; a total, and how to pay, never stand on a page without a line.

    :return: for each section its list of dict(lines, carried, page_break, last)
    """
    used, room, result = 0, _FIRST_PAGE, []
    for section in sections:
        foot = _FOOT + (_CLOSING if section is sections[-1] else 0)
        heights = [1.5 if line.communication or line.kind in _LONG_KINDS else 1 for line in section.lines]
        heights[-1] += foot
        page_break = bool(result) and used + _HEAD + heights[0] > room
        if page_break:
            used, room = 0, _NEXT_PAGE
        chunks = [{"lines": [], "carried": None, "page_break": page_break, "last": False}]
        used += _HEAD
        for line, height in zip(section.lines, heights, strict=True):
            if used + height > room and chunks[-1]["lines"]:
                carried = chunks[-1]["lines"][-1].running
                chunks.append({"lines": [], "carried": carried, "page_break": True, "last": False})
                used, room = _HEAD + 1, _NEXT_PAGE
            chunks[-1]["lines"].append(line)
            used += height
        chunks[-1]["last"] = True
        result.append(chunks)
    return result


class ReportFollowupStatement(models.AbstractModel):
    """The statement of account on paper and as a workbook: the same data, the same words."""

    _name = "report.l10n_be_followup.followup_statement"
    _description = "Statement of Account"

    @api.model
    def _statements(self, customers, as_of, with_interest):
        """The statements to print; for other modules to extend.

        :raises UserError: when none of the customers had anything open
        """
        statements = followup_statement.build(customers, as_of, with_interest)
        if not statements:
            raise UserError(
                self.env._(
                    "Nothing was open on %(date)s for %(customers)s: there is nothing to state.",
                    date=format_date(self.env, as_of),
                    customers=", ".join(customers.partner_id.mapped("display_name")[:5])
                    + (", ..." if len(customers) > 5 else ""),
                )
            )
        return statements

    @api.model
    def _get_report_values(self, docids, data=None):
        wizard = self.env["followup.statement.wizard"].browse(docids)
        statements = self._statements(wizard.customer_ids, wizard.date, wizard.interest)
        return {
            "doc_ids": docids,
            "doc_model": wizard._name,
            "docs": wizard,
            "statements": [self._prepare_page(statement) for statement in statements],
        }

    @api.model
    def _workbook(self, customers, as_of, with_interest):
        """The statements as an XLSX file, one sheet a customer.

        :rtype: bytes
        """
        statements = self._statements(customers, as_of, with_interest)
        return followup_statement_xlsx.workbook([(statement, self._labels(statement.lang)) for statement in statements])

    @api.model
    def _prepare_page(self, statement):
        """What the template shows of one statement."""
        env = self.with_context(lang=statement.lang).env
        lang, bank = statement.lang, statement.bank
        to_pay = [
            {
                "currency": section.currency,
                "amount": section.total,
                "overdue": section.overdue + section.interest + section.costs,
                "qr": bank.sudo().build_qr_code_base64(
                    float(section.total),
                    statement.reference,
                    statement.reference,
                    section.currency,
                    statement.partner,
                    silent_errors=True,
                )
                if bank and section.currency.name == "EUR"
                else None,
            }
            for section in statement.sections
            if section.total > 0
        ]
        return {
            "statement": statement,
            "lang": lang,
            "labels": self._labels(lang),
            "chunks": _chunks(statement.sections),
            "widths": lambda charged: _WIDTHS_CHARGED if charged else _WIDTHS,
            "to_pay": to_pay,
            "sender": self._address(statement.company.partner_id, statement.company, lang)[1:],
            "address": self._address(statement.recipient, statement.company, lang),
            "enterprise_number": enterprise_number(statement.company),
            "charged": any(section.charged for section in statement.sections),
            "cut_on": min((section.cut_on for section in statement.sections if section.cut_on), default=None),
            "consumer": statement.customer.regime == "b2c" or statement.partner.followup_regime == "b2c",
            "fmt_date": lambda day: format_date(env, day, lang_code=lang) if day else "",
            "fmt_number": lambda amount, currency: formatLang(env, float(amount), digits=currency.decimal_places),
            "fmt_amount": lambda amount, currency: format_amount(env, float(amount), currency, lang_code=lang),
        }

    @api.model
    def _address(self, partner, company, lang):
        """An address as it stands on an envelope; the country only abroad.

        :rtype: list of str, the name first
        """
        names = [partner.commercial_partner_id.name, partner.name]
        country = partner.country_id if partner.country_id != company.country_id else partner.country_id.browse()
        town = f"{partner.zip or ''} {partner.city or ''}".strip()
        lines = [*dict.fromkeys(names), partner.street, partner.street2, town, country.with_context(lang=lang).name]
        return [line for line in lines if line]

    @api.model
    def _labels(self, lang):
        """The words that paper and workbook share, in the customer's language."""
        env = self.with_context(lang=lang).env
        return {
            "title": env._("Statement of account"),
            "as_of": env._("As of"),
            "invoice": env._("Invoice"),
            "credit_note": env._("Credit note"),
            "payment": env._("Payment, not allocated"),
            "refund": env._("Refund"),
            "entry": env._("Entry"),
            "in_process": env._("Payment in process"),
            "charge": env._("Claimed on a paid invoice"),
            "date": env._("Date"),
            "document": env._("Document"),
            "number": env._("Number"),
            "due": env._("Due date"),
            "days": env._("Days late"),
            "amount": env._("Amount"),
            "paid": env._("Paid"),
            "open": env._("Open amount"),
            "interest": env._("Interest"),
            "costs": env._("Compensation"),
            "running": env._("Running total"),
            "total": env._("Total"),
            "carried": env._("Carried forward"),
            "overdue": env._("Of which overdue"),
            "total_due": env._("Total to pay"),
            "ageing": env._("Age of the open amounts"),
            "not_due": env._("Not due yet"),
            "1_30": env._("1-30 days"),
            "31_60": env._("31-60 days"),
            "61_90": env._("61-90 days"),
            "over_90": env._("Over 90 days"),
            "credits": env._("Credits"),
            "customer": env._("Customer"),
            "currency": env._("Currency"),
            "account": env._("Account"),
            "communication": env._("Communication"),
            "until": env._("Interest calculated until"),
        }
