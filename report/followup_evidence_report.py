from odoo import api, models


class FollowupEvidenceReport(models.AbstractModel):
    """Values of the evidence sheet of notices."""

    _name = "report.l10n_be_followup.followup_evidence"
    _description = "Evidence of Notices"

    @api.model
    def _get_report_values(self, docids, data=None):
        notices = self.env["followup.notice"].browse(docids)
        notices.check_access("read")
        return {"docs": notices, "evidence": {notice.id: notice._evidence() for notice in notices}}
