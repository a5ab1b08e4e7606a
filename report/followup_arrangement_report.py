from odoo import api, models

from ..engine import agreement_content
from ..engine.application import enterprise_number

#: Heights in pixels of the paper format: of a page, of what stands above the first row, and of each part. Cautious:
#: the scale of wkhtmltopdf differs a little from build to build.
_PAGE, _LETTER_HEAD = 1220, 320
_TABLE_HEAD, _ROW, _SUM = 40, 28, 28
_ACCOUNT, _INSTALMENT, _CLOSING = 90, 118, 330


def sheets(covers, sums, instalments):
    """Cut an arrangement into pages: no row is cut, and each page has its own head of the table.

    :param covers: the covered invoices
    :param sums: number of rows under them
    :param instalments: list
    :return: list of dict(covers, sums, account, instalments, closing), one a page
    """
    pages = []
    room = 0

    def page(height, head=0, of=None):
        """The page that has room for `height`, a new one when the last one has not."""
        nonlocal room
        extra = head if not pages or (of and not pages[-1][of]) else 0
        if not pages or height + extra > room:
            room = _PAGE - (0 if pages else _LETTER_HEAD)
            pages.append({"covers": [], "sums": False, "account": False, "instalments": [], "closing": False})
            extra = head
        room -= height + extra
        return pages[-1]

    for cover in covers:
        page(_ROW, _TABLE_HEAD, "covers")["covers"].append(cover)
    page(sums * _SUM)["sums"] = True
    for place, instalment in enumerate(instalments):
        first = place == 0
        target = page(_INSTALMENT + (_ACCOUNT if first else 0), _TABLE_HEAD, "instalments")
        target["account"] = target["account"] or first
        target["instalments"].append(instalment)
    page(_CLOSING)["closing"] = True
    return pages


class ReportFollowupArrangement(models.AbstractModel):
    """The arrangement on paper, each one in the language of its customer."""

    _name = "report.l10n_be_followup.followup_arrangement_document"
    _description = "Payment Arrangement on Paper"

    @api.model
    def _get_report_values(self, docids, data=None):
        arrangements = self.env["followup.arrangement"].browse(docids)
        arrangements.check_access("read")
        return {
            "doc_ids": docids,
            "doc_model": arrangements._name,
            "docs": arrangements,
            "pages": [self._prepare_page(arrangement.sudo()) for arrangement in arrangements],
        }

    @api.model
    def _prepare_page(self, arrangement):
        """What the template shows of one arrangement."""
        company = arrangement.company_id
        partner = arrangement.partner_id.with_company(company)
        lang = self.env.context.get("followup_lang") or self.env["followup.engine"]._message_lang(partner, company)
        env = self.with_context(lang=lang).env
        arrangement = arrangement.with_env(arrangement.with_context(lang=lang).env)
        values = agreement_content.arrangement_values(arrangement)
        entries = [
            {
                "number": number,
                "instalment": instalment,
                "qr": agreement_content.qr_image(values["bank"], instalment),
            }
            for number, instalment in enumerate(values["instalments"], start=1)
        ]
        sums = 1 + sum(bool(arrangement[name]) for name in ("amount_charges", "amount_admin", "amount_interest"))
        address = self.env["report.l10n_be_followup.followup_statement"]._address
        link = None
        if values["proposal"]:
            arrangement._portal_ensure_token()
            link = company.get_base_url() + arrangement.get_portal_url()
        return {
            **values,
            **agreement_content.words(env, company, lang),
            "lang": lang,
            "company": company,
            "sender": address(company.partner_id, company, lang)[1:],
            "address": address(partner, company, lang),
            "enterprise_number": enterprise_number(company),
            "sheets": sheets(values["covers"], sums, entries),
            "any_qr": any(entry["qr"] for entry in entries),
            "link": link,
        }
