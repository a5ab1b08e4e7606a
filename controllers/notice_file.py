from odoo.exceptions import AccessError, MissingError
from odoo.http import Controller, content_disposition, request, route


class NoticeFile(Controller):
    """A sent notice as a file, for whoever may read it."""

    @route("/followup/notice/<int:notice_id>/eml", type="http", auth="user", methods=["GET"])
    def followup_notice_eml(self, notice_id):
        """The message as `.eml`; not found for who may not read it, or when it was never sent."""
        notice = request.env["followup.notice"].browse(notice_id)
        try:
            notice.check_access("read")
            if notice.channel != "email" or not notice.frozen:
                return request.not_found()
        except (AccessError, MissingError):
            return request.not_found()
        return request.make_response(
            notice._eml(),
            headers=[
                ("Content-Type", "message/rfc822"),
                ("Content-Disposition", content_disposition(f"{notice.name}.eml")),
                ("X-Content-Type-Options", "nosniff"),
            ],
        )
