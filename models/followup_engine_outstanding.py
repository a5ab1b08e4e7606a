import logging

import psycopg2
from odoo import api, models

_logger = logging.getLogger(__name__)


class FollowupEngine(models.AbstractModel):
    """The night looks after charges: waives small ones and asks about outstanding ones."""

    _inherit = "followup.engine"

    @api.model
    def _end_night(self, company, today, run):
        # EXTENDS l10n_be_followup
        result = super()._end_night(company, today, run)
        self._follow_charges(company, today)
        self.env["ir.cron"]._commit_progress()
        return result

    @api.model
    def _follow_charges(self, company, today):
        """Never stops the night: what fails is tried again tomorrow."""
        charges = self.env["followup.charge"]
        for step in (charges._waive_small, charges._ask_outstanding):
            try:
                with self.env.cr.savepoint():
                    step(company, today)
            except psycopg2.OperationalError:
                self.env.invalidate_all(flush=False)
                _logger.info("Charges of %s are busy: tomorrow again", company.name)
            except Exception:
                self.env.invalidate_all(flush=False)
                _logger.exception("Charges of %s could not be looked after", company.name)
