from datetime import datetime
from decimal import Decimal

import pytz
from babel.numbers import format_decimal
from odoo import api, models
from odoo.tools import format_amount, format_date, formatLang
from odoo.tools.misc import babel_locale_parse

from ..engine import claims
from ..engine.application import enterprise_number
from . import followup_dossier


class ReportFollowupDossier(models.AbstractModel):
    """The dossier on paper, in the language of the hand-over."""

    _name = "report.l10n_be_followup.followup_dossier_document"
    _description = "Dossier of a Hand-over"

    @api.model
    def _get_report_values(self, docids, data=None):
        handovers = self.env["followup.handover"].browse(docids)
        handovers.check_access("read")
        return {
            "doc_ids": docids,
            "doc_model": handovers._name,
            "docs": handovers,
            "pages": [self._prepare_page(followup_dossier.build(handover)) for handover in handovers],
        }

    @api.model
    def _prepare_page(self, dossier):
        """What the template shows of one dossier."""
        lang = dossier.lang
        env = dossier.handover.env
        locale = babel_locale_parse(lang)
        zone = pytz.timezone(dossier.company._followup_root().followup_tz or "Europe/Brussels")
        address = self.env["report.l10n_be_followup.followup_statement"]._address

        def fmt_moment(moment):
            """A time of the company's clock; a day when there is no more."""
            if isinstance(moment, datetime):
                local = pytz.utc.localize(moment).astimezone(zone)
                return f"{format_date(env, local.date(), lang_code=lang)} {local:%H:%M:%S}"
            return format_date(env, moment, lang_code=lang) if moment else ""

        return {
            "dossier": dossier,
            "handover": dossier.handover,
            "company": dossier.company,
            "lang": lang,
            "labels": self._labels(lang),
            "creditor": address(dossier.company.partner_id, dossier.company, lang),
            "debtor": address(dossier.partner, dossier.company, lang),
            "enterprise_number": enterprise_number(dossier.company),
            "debtor_number": enterprise_number(dossier.partner),
            "bank": dossier.company.partner_id.bank_ids.filtered("active")[:1],
            "explain": lambda item: env["followup.engine"]._explain_claim(
                "compensation", self._detail(item), item.currency
            ),
            "fmt_date": lambda day: format_date(env, day, lang_code=lang) if day else "",
            "fmt_moment": fmt_moment,
            "fmt_rate": lambda rate: format_decimal(Decimal(str(rate)), format="0.0#", locale=locale),
            "fmt_number": lambda amount, currency: formatLang(env, float(amount), digits=currency.decimal_places),
            "fmt_amount": lambda amount, currency: format_amount(env, float(amount), currency, lang_code=lang),
        }

    @api.model
    def _detail(self, item):
        return claims.detail(item.claim)

    @api.model
    def _labels(self, lang):
        """Names of codes, in the language of the dossier."""
        env = self.with_context(lang=lang).env
        return {
            "payment": env._("Payment"),
            "credit_note": env._("Credit note"),
            "entry": env._("Entry"),
            "email": env._("E-mail"),
            "letter": env._("Letter"),
            "sms": env._("SMS"),
            "call": env._("Call"),
            "reply": env._("Reply of the customer"),
            "sent": env._("sent"),
            "delivered": env._("delivered"),
            "bounced": env._("returned"),
            "unknown": env._("not confirmed"),
            "b2b": env._("Business"),
            "b2g": env._("Public authority"),
            "b2c": env._("Consumer"),
        }
