import logging

import psycopg2
from odoo import api, models

_logger = logging.getLogger(__name__)


class FollowupEngine(models.AbstractModel):
    """The batches of a night become jobs, when there is a job runner and more than one batch."""

    _inherit = "followup.engine"

    @api.model
    def _batch_size(self, company):
        # EXTENDS l10n_be_followup
        return company.followup_job_size if self._shares(company) else super()._batch_size(company)

    @api.model
    def _shares(self, company):
        """Whether this is a nightly run that may be handed to the job queue."""
        return bool(self.env.context.get("followup_share")) and company.followup_by_jobs

    @api.model
    def _hand_out(self, run, batches):
        # EXTENDS l10n_be_followup
        if not run.by_jobs and len(batches) > 1 and self._shares(run.company_id):
            if self.env["queue.job"]._followup_runner_is_there():
                run.by_jobs = True
            else:
                _logger.warning("No job runner listens: Odoo's scheduled action does the night of %s", run.date)
                run.message = "\n".join(filter(None, (run.message, self._no_runner_text())))
        if not run.by_jobs:
            return super()._hand_out(run, batches)
        batches._delay()
        return True

    @api.model
    def _no_runner_text(self):
        return self.env._(
            "No job runner was listening, so Odoo's scheduled action did this night itself. To spread nights over "
            "several workers, start Odoo with server_wide_modules = base,rpc,web,queue_job."
        )

    @api.model
    def _may_help(self, run):
        # EXTENDS l10n_be_followup: the jobs are left alone as long as they move
        if not run.by_jobs:
            return super()._may_help(run)
        self._note_lost_jobs(run)
        return run._jobs_stand_still() and super()._may_help(run)

    @api.model
    def _note_lost_jobs(self, run):
        """What the job runner ends by itself, past Odoo: a job that was found dead too often."""
        try:
            run._note_lost_jobs()
            self.env["ir.cron"]._commit_progress()
        except psycopg2.OperationalError as error:
            self.env.cr.rollback()
            self.env.invalidate_all(flush=False)
            _logger.info("The lost jobs of run %s are noted later: %s", run.id, error)
        self._close_run(run)
