from datetime import date

from odoo.addons.portal.controllers.portal import CustomerPortal
from odoo.http import request, route
from odoo.tools import consteq, float_round

from ..engine import agreement_content
from ..models.followup_notice_answer import KINDS
from . import tools


class AnswerPortal(CustomerPortal):
    """The page behind *Tell us here* in a reminder: four short forms, no account needed."""

    def _followup_notice(self, notice_id, access_token):
        """The reminder of this link; empty for everything else."""
        notice = request.env["followup.notice"].sudo().browse(notice_id).exists()
        if not notice or not notice.access_token or not consteq(notice.access_token, tools.plain(access_token)):
            return request.env["followup.notice"]
        if notice.purpose != "level" or not notice._is_written() or not notice._link_open():
            return request.env["followup.notice"]
        tools.speak(notice.lang)
        return notice.with_context(lang=notice.lang)

    def _followup_notice_values(self, notice, **values):
        company = notice.company_id
        last = notice._answer_last_day()
        return {
            **agreement_content.words(notice.env, company, notice.lang),
            "notice": notice,
            "title": f"{notice.name} - {company.name}",
            "company": company,
            "res_company": company,
            "items": notice._answer_items(),
            "reasons": notice._answer_reasons(),
            "answers": {answer.kind: answer for answer in notice.answer_ids},
            "answerable": notice._answerable(),
            "today": company._followup_today(),
            "last_day": last,
            "responsible": notice.responsible_id,
            "preview": request.env.user._is_internal(),
            "no_breadcrumbs": True,
            "access_token": notice.access_token,
            "error": None,
            "failed": None,
            "typed": {},
            "done": None,
            **values,
        }

    @route("/my/followup/<int:notice_id>", type="http", auth="public", website=True, multilang=False, sitemap=False)
    def portal_followup_notice(self, notice_id, access_token=None, done=None, **_kwargs):
        notice = self._followup_notice(notice_id, access_token)
        if not notice:
            return request.redirect("/my")
        done = done if done in dict(KINDS) else None
        return tools.page(
            "l10n_be_followup.portal_followup_notice_page", self._followup_notice_values(notice, done=done)
        )

    @route(
        "/my/followup/<int:notice_id>/<string:kind>",
        type="http", auth="public", methods=["POST"], website=True, multilang=False, sitemap=False,
    )  # fmt: skip
    def portal_followup_answer(self, notice_id, kind, access_token=None, **typed):
        notice = self._followup_notice(notice_id, access_token)
        typed = {name: tools.words(value) for name, value in typed.items()}
        if not notice or kind not in dict(KINDS):
            return request.redirect("/my")
        try:
            answer = self._followup_answer_values(notice, typed)
        except ValueError:
            error = request.env._("Please check the date and the amount: we could not read them.")
        else:
            error = tools.attempt(lambda: notice._answer(kind, request.httprequest.remote_addr, **answer))
        if error:
            values = self._followup_notice_values(notice, error=error, failed=kind, typed=typed)
            return tools.page("l10n_be_followup.portal_followup_notice_page", values)
        return request.redirect(f"/my/followup/{notice.id}?access_token={notice.access_token}&done={kind}#answered")

    def _followup_answer_values(self, notice, typed):
        """What the forms sent, as values.

        :raises ValueError: for what is no date, number or amount
        """
        answer = {"text": typed.get("text") or ""}
        if typed.get("date"):
            answer["date"] = date.fromisoformat(typed["date"])
        for name in ("item_id", "reason_id"):
            if typed.get(name):
                answer[name] = int(typed[name])
        if typed.get("amount"):
            amount = float(typed["amount"].replace(" ", "").replace(",", "."))
            if not 0 < amount < 10**9:
                raise ValueError(typed["amount"])
            answer["amount"] = float_round(amount, precision_digits=2)
        # Only what stood in this message.
        if answer.get("item_id") and answer["item_id"] not in notice.line_ids.item_id.ids:
            raise ValueError(answer["item_id"])
        return answer
