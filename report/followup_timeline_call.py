from odoo import api, models


class FollowupTimeline(models.Model):
    """Calls that were made, or tried, stand in the timeline with what was said."""

    _inherit = "followup.timeline"

    @api.model
    def _sources(self):
        # EXTENDS l10n_be_followup
        day = "(source.date AT TIME ZONE 'UTC' AT TIME ZONE COALESCE(company.followup_tz, 'Europe/Brussels'))::date"
        return [
            *super()._sources(),
            {
                "model": "followup.call",
                "table": "followup_call source",
                "date": day,
                "moment": "source.date",
                "kind": "'call'",
                "phase": "'end'",
                "status": "CASE source.reached WHEN 'yes' THEN 'done' ELSE 'failed' END",
                "state_key": "source.reached",
                "reference": "source.name",
                "detail": "source.note",
                "level_id": "source.level_id",
                "user_id": "source.user_id",
            },
        ]

    @api.depends_context("lang")
    @api.depends("kind", "phase", "state_key", "reference", "level_id", "res_model")
    def _compute_texts(self):
        # EXTENDS l10n_be_followup
        result = super()._compute_texts()
        outcomes = dict(self.env["followup.call"]._fields["reached"]._description_selection(self.env))
        for row in self.filtered(lambda row: row.res_model == "followup.call"):
            row.state_text = outcomes.get(row.state_key)
        return result
