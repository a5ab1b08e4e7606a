from odoo import http
from odoo.http import request


class ReminderImportFiles(http.Controller):
    """Files that belong to an import of reminders: an example, one to fill in, the bad lines."""

    @http.route("/l10n_be_followup/reminder-import/<int:record_id>/<string:kind>", type="http", auth="user")
    def download(self, record_id, kind):
        record = request.env["followup.reminder.import"].browse(record_id).exists()
        files = {
            "example": ("_example_file", request.env._("example.csv")),
            "template": ("_template_file", request.env._("overdue-items.csv")),
            "bad_lines": ("_bad_lines_file", request.env._("bad-lines.csv")),
        }
        if not record or kind not in files or not record.has_access("read"):
            raise request.not_found()
        method, name = files[kind]
        return request.make_response(
            getattr(record, method)(),
            [
                ("Content-Type", "text/csv; charset=utf-8"),
                ("Content-Disposition", http.content_disposition(name)),
                ("X-Content-Type-Options", "nosniff"),
            ],
        )
