from odoo import api, models


class FollowupTimeline(models.Model):
    """Reminders that were sent elsewhere stand in the timeline, on the day that the import says."""

    _inherit = "followup.timeline"

    @api.model
    def _sources(self):
        # EXTENDS l10n_be_followup
        return [
            *super()._sources(),
            {
                "model": "followup.reminder.import",
                "table": "(SELECT line.id, line.customer_id, line.date, line.level_id, line.name, line.level_name, "
                "line.import_id, line.amount_residual, line.currency_id, batch.name AS batch, batch.done_by, batch.done_date "
                "FROM followup_reminder_import_line line "
                "JOIN followup_reminder_import batch ON batch.id = line.import_id WHERE line.live) source",
                "res_id": "source.import_id",
                "date": "source.date",
                "moment": "source.done_date",
                "kind": "'reminded'",
                "status": "'done'",
                "reference": "source.name",
                "detail": "source.level_name || ' (' || source.batch || ')'",
                "level_id": "source.level_id",
                "user_id": "source.done_by",
            },
        ]
