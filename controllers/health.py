from odoo import http
from odoo.exceptions import AccessError
from odoo.http import request


class HealthController(http.Controller):
    """How follow-up stands, for monitoring tools: with the API key of a user who may see it."""

    @http.route("/followup/health", type="http", auth="bearer", methods=["GET"], readonly=True, save_session=False)
    def health(self):
        """JSON: `fine`, and one entry per company of the user.

        `Authorization: bearer KEY`, where the key is made under *My preferences > Security*.
        """
        try:
            rows = self._companies()
        except AccessError:
            return request.make_json_response({"error": "not allowed"}, status=403)
        fine = all(row["status"] == "fine" for row in rows)
        return request.make_json_response({"fine": fine, "companies": rows})

    def _companies(self):
        user = request.env.user
        health = request.env["followup.health"].with_context(allowed_company_ids=user.company_ids.ids, lang=user.lang)
        health.check_access("read")
        return health.search([])._as_dict()
