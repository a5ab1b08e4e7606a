import logging

import psycopg2
from odoo import SUPERUSER_ID, api, fields, models
from odoo.addons.queue_job.exception import RetryableJobError
from odoo.service.model import PG_CONCURRENCY_ERRORS_TO_RETRY

_logger = logging.getLogger(__name__)

#: How often a job begins again after a conflict with somebody who wrote to the same customers.
MAX_RETRIES = 8
#: Seconds until a job looks again at a batch that another process works on.
LOOK_AGAIN = 60


class FollowupRunBatch(models.Model):
    """A batch that a job does. The row stays the claim: a job that runs twice finds it done."""

    _inherit = "followup.run.batch"

    job_ids = fields.One2many(
        "queue.job", "followup_batch_id", readonly=True, groups="queue_job.group_queue_job_manager"
    )

    def _delay(self):
        """One job a batch. The key keeps a second out while one waits; a unique index keeps it out for ever."""
        for batch in self:
            batch = batch.with_company(batch.company_id)
            batch.with_delay(
                identity_key=batch._identity_key(),
                max_retries=MAX_RETRIES,
                description=self.env._("Follow-up night of %s", batch.display_name),
            )._do_as_job()

    def _identity_key(self):
        self.ensure_one()
        return f"l10n_be_followup.run.{self.run_id.id}.batch.{self.id}"

    @api.model
    def _job_store_values(self, job):
        # EXTENDS queue_job: (its hook for one method alone is overwritten by this one)
        return super()._job_store_values(job) | {"followup_batch_id": job.recordset.id}

    def _do_as_job(self):
        """Decide the customers of a batch, in the transaction that the job queue commits.

        :return: what the job tells its reader
        :raises RetryableJobError: when somebody wrote to the same customers, or works on this batch at this moment
        """
        self.ensure_one()
        company = self.company_id
        engine = self.env["followup.engine"].with_context(lang=company.partner_id.lang or self.env.lang)
        run = self.run_id
        try:
            batch = self.with_env(engine.env)._take(run, ("waiting", "failed"), only=self)
            if not batch:
                return self._nothing_to_do()
            if run.date != company._followup_today():
                return batch._too_late()
            run.line_ids.filtered(
                lambda line: line.step == "failure" and line.customer_id.id in batch.customer_list
            ).unlink()
            engine._do_batch(batch)
            self.env.flush_all()
        except psycopg2.OperationalError as error:
            if error.pgcode not in PG_CONCURRENCY_ERRORS_TO_RETRY:
                raise
            raise RetryableJobError(str(error)) from error
        batch._close_after_commit()
        return self.env._("%(done)s customers decided, %(notices)s notices prepared, %(failures)s failures",
            done=batch.customer_count, notices=batch.notice_count, failures=batch.failure_count,
        )  # fmt: skip

    def _nothing_to_do(self):
        self.invalidate_recordset()
        if self.state in ("waiting", "failed"):
            raise RetryableJobError(
                self.env._("Another process works on this batch."), seconds=LOOK_AGAIN, ignore_retry=True
            )
        return self.env._("Nothing to do: this batch was done or left out before.")

    def _too_late(self):
        """What is due on one day must not be decided on another; that day has its own run."""
        text = self.env._("Too late: the night of another day decides these customers.")
        self._leave_out("cancelled", text)
        self._close_after_commit()
        return text

    def _close_after_commit(self):
        """Try to close the run in a transaction that sees this batch done, when others may have ended as well."""
        run_id, registry, context = self.run_id.id, self.env.registry, dict(self.env.context)

        def close():
            try:
                with registry.cursor() as cr:
                    env = api.Environment(cr, SUPERUSER_ID, context)
                    run = env["followup.run"].browse(run_id).exists()
                    if run:
                        env["followup.engine"]._close_run(run)
            except Exception:
                # The batch is done and must stay so; the scheduled action closes the run.
                _logger.exception("Follow-up run %s could not be closed", run_id)

        self.env.cr.postcommit.add(close)

    def _after_job(self):
        """Jobs of these batches came to an end that did not do them: leave them out, and close what is complete."""
        for run in self.run_id.filtered(lambda run: run.by_jobs and run.state == "running"):
            run._note_lost_jobs()
            run.batch_ids[:1]._close_after_commit()

    def _lost(self):
        """Why no job will do this batch any more.

        :return: (state, words), or None while one may
        """
        self.ensure_one()
        if not self.job_ids:
            return "cancelled", self.env._("The job was deleted.")
        job = self.job_ids[0]
        if job.state == "failed":
            return "failed", self.env._("The job failed: %s", job.exc_message or job.exc_info or job.exc_name)
        if job.state == "cancelled":
            return "cancelled", self.env._("The job was cancelled. %s", job.result or "")
        if job.state == "done":
            return "cancelled", self.env._("The job was set to done without being run. %s", job.result or "")
        return None
