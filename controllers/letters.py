from odoo.exceptions import AccessError, UserError
from odoo.http import Controller, content_disposition, request, route


class LetterController(Controller):
    """Letters as PDF, for people who may read the notice or the batch."""

    @route("/followup/letter/<int:notice_id>", type="http", auth="user", readonly=True)
    def letter(self, notice_id):
        return self._pdf(request.env["followup.notice"].browse(notice_id), "_copy_pdf")

    @route("/followup/letters/<int:batch_id>", type="http", auth="user", readonly=True)
    def batch(self, batch_id):
        return self._pdf(request.env["followup.letter.batch"].browse(batch_id), "_print_pdf")

    def _pdf(self, record, method):
        try:
            if not record.exists():
                return request.not_found()
            record.check_access("read")
            name, content = getattr(record, method)()
        except AccessError:
            return request.not_found()  # which numbers exist is not told either
        except UserError as error:
            return request.make_response(str(error), [("Content-Type", "text/plain; charset=utf-8")], status=404)
        return request.make_response(
            content,
            [
                ("Content-Type", "application/pdf"),
                ("Content-Length", str(len(content))),
                ("Content-Disposition", content_disposition(name, disposition_type="inline")),
                ("X-Content-Type-Options", "nosniff"),
            ],
        )
