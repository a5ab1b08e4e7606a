from odoo.addons.portal.controllers.portal import CustomerPortal
from odoo.addons.portal.controllers.portal import pager as portal_pager
from odoo.exceptions import AccessError, MissingError
from odoo.http import content_disposition, request, route

from ..engine import agreement_content
from . import tools


class ArrangementPortal(CustomerPortal):
    """The customer's page of a payment arrangement, by the link in his e-mail or from his account."""

    def _prepare_home_portal_values(self, counters):
        """EXTENDS portal: the number of payment arrangements."""
        values = super()._prepare_home_portal_values(counters)
        if "followup_arrangement_count" in counters:
            values["followup_arrangement_count"] = (
                request.env["followup.arrangement"].sudo().search_count(self._followup_arrangement_domain())
            )
        return values

    def _followup_arrangement_domain(self):
        """A customer sees his own: those of his company, and none that still waits for a manager."""
        partner = request.env.user.partner_id.commercial_partner_id
        return [("partner_id", "=", partner.id), ("state", "!=", "draft")]

    @route(["/my/arrangements", "/my/arrangements/page/<int:page>"], type="http", auth="user", website=True)
    def portal_my_arrangements(self, page=1, **_kwargs):
        arrangements = request.env["followup.arrangement"].sudo()
        domain = self._followup_arrangement_domain()
        pager = portal_pager(
            url="/my/arrangements",
            total=arrangements.search_count(domain),
            page=page,
            step=self._items_per_page,
        )
        values = self._prepare_portal_layout_values() | {
            "arrangements": arrangements.search(domain, limit=self._items_per_page, offset=pager["offset"]),
            "page_name": "followup_arrangement",
            "pager": pager,
            "default_url": "/my/arrangements",
        }
        return request.render("l10n_be_followup.portal_my_arrangements", values)

    def _followup_arrangement(self, arrangement_id, access_token):
        """:raises AccessError, MissingError: for everybody but the customer and those who work with it"""
        try:
            arrangement = self._document_check_access("followup.arrangement", arrangement_id, tools.plain(access_token))
        except AccessError:
            arrangement = request.env["followup.arrangement"].sudo().browse(arrangement_id)
            if request.env.user._is_public() or not arrangement.filtered_domain(self._followup_arrangement_domain()):
                raise
        own = not request.env.user._is_public() and arrangement.filtered_domain(self._followup_arrangement_domain())
        if not arrangement._link_open() and not own and not request.env.user._is_internal():
            raise MissingError(request.env._("This document does not exist."))
        if arrangement.state == "draft" and not request.env.user._is_internal():
            raise MissingError(request.env._("This document does not exist."))
        lang = (
            request.env["followup.engine"]
            .sudo()
            ._message_lang(arrangement.partner_id.with_company(arrangement.company_id), arrangement.company_id)
        )
        tools.speak(lang)
        return arrangement.with_context(lang=lang)

    def _followup_arrangement_values(self, arrangement, **values):
        company = arrangement.company_id
        lang = arrangement.env.context["lang"]
        content = agreement_content.arrangement_values(arrangement)
        today = company._followup_today()
        return {
            **content,
            **agreement_content.words(arrangement.env, company, lang),
            "page_name": "followup_arrangement",
            "title": f"{arrangement.name} - {company.name}",
            "company": company,
            "res_company": company,
            "responsible": arrangement.user_id,
            "preview": request.env.user._is_internal(),
            "open_offer": arrangement.state == "proposed" and arrangement.offer_until >= today,
            "online_url": agreement_content.online_payment_url(arrangement),
            "qr_url": lambda row: agreement_content.qr_url(
                content["bank"], row.amount_open, row.reference, row.currency_id, row.partner_id
            ),
            "no_breadcrumbs": request.env.user._is_public(),
            "done": None,
            "error": None,
            **values,
        }

    @route(
        "/my/arrangement/<int:arrangement_id>", type="http", auth="public", website=True, multilang=False, sitemap=False
    )
    def portal_my_arrangement(self, arrangement_id, access_token=None, report_type=None, done=None, **_kwargs):
        try:
            arrangement = self._followup_arrangement(arrangement_id, access_token)
        except (AccessError, MissingError):
            return request.redirect("/my")
        if report_type == "pdf":
            name, content = arrangement._pdf(arrangement.env.context["lang"])
            headers = [
                ("Content-Type", "application/pdf"),
                ("Content-Length", len(content)),
                ("Content-Disposition", content_disposition(name)),
                ("Cache-Control", "no-store"),
            ]
            return request.make_response(content, headers)
        return tools.page(
            "l10n_be_followup.portal_arrangement_page",
            self._followup_arrangement_values(arrangement, done=done if done in ("accepted", "declined") else None),
        )

    @route(
        "/my/arrangement/<int:arrangement_id>/accept",
        type="http", auth="public", methods=["POST"], website=True, multilang=False, sitemap=False,
    )  # fmt: skip
    def portal_arrangement_accept(self, arrangement_id, access_token=None, name="", **_kwargs):
        """The customer accepts. Twice is once."""
        address, name = request.httprequest.remote_addr, tools.words(name)
        return self._followup_arrangement_do(
            arrangement_id, access_token, "accepted", lambda arrangement: arrangement._accept(name, address), name=name
        )

    @route(
        "/my/arrangement/<int:arrangement_id>/decline",
        type="http", auth="public", methods=["POST"], website=True, multilang=False, sitemap=False,
    )  # fmt: skip
    def portal_arrangement_decline(self, arrangement_id, access_token=None, text="", **_kwargs):
        """It does not suit him: a person is asked to call, once."""
        text = tools.words(text)

        def decline(arrangement):
            kind = request.env.ref("mail.mail_activity_data_call")
            waiting = arrangement.activity_ids.filtered(lambda activity: activity.activity_type_id.id == kind.id)
            if not waiting:
                arrangement._decline(text)

        return self._followup_arrangement_do(arrangement_id, access_token, "declined", decline, text=text)

    def _followup_arrangement_do(self, arrangement_id, access_token, done, action, **typed):
        try:
            arrangement = self._followup_arrangement(arrangement_id, access_token)
        except (AccessError, MissingError):
            return request.redirect("/my")
        error = tools.attempt(lambda: action(arrangement))
        if error:
            values = self._followup_arrangement_values(arrangement, error=error, **typed)
            return tools.page("l10n_be_followup.portal_arrangement_page", values)
        return request.redirect(arrangement.get_portal_url(query_string=f"&done={done}"))
