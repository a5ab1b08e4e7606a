import logging

import psycopg2
from odoo import api, models

from .followup_engine import ATTEMPTS

_logger = logging.getLogger(__name__)


class FollowupEngine(models.AbstractModel):
    """Calls of a night: beside a message, and planned when all of them are known."""

    _inherit = "followup.engine"

    @api.model
    def _end_night(self, company, today, run):
        # EXTENDS l10n_be_followup: only now it is known which calls are about most
        result = super()._end_night(company, today, run)
        for attempt in range(ATTEMPTS):
            try:
                self.env["followup.notice"]._plan_calls(company)
                self.env["ir.cron"]._commit_progress()
                break
            except psycopg2.OperationalError as error:
                # Somebody wrote to the same customers: begin again on what he left. What is left has the next night.
                self.env.cr.rollback()
                self.env.invalidate_all(flush=False)
                _logger.info("The calls of %s are planned again (%s): %s", company.name, attempt + 1, error)
        return result

    @api.model
    def _companion_values(self, company, taken, lead):
        """EXTENDS: a call beside a written message; it takes nothing to the level."""
        result = super()._companion_values(company, taken, lead)
        if self.env["followup.level"].browse(taken.message_level.id).channel_call:
            lines = [(0, 0, dict(line, live=False)) for _command, _id, line in lead["line_ids"]]
            none = dict.fromkeys(("email_to", "address", "phone_to", "recipient_id"), False)
            result.append(dict(lead, **none, channel="call", standby=True, line_ids=lines))
        return result
