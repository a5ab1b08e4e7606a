from datetime import timedelta

from odoo import fields, models

#: A job takes seconds. When none has begun or ended for so long, Odoo's own scheduled action does what is left.
PATIENCE = timedelta(hours=1)


class FollowupRun(models.Model):
    """A run whose batches are jobs."""

    _inherit = "followup.run"

    by_jobs = fields.Boolean(readonly=True, help="Its batches were handed to the job queue.")
    job_ids = fields.One2many(
        "queue.job", "followup_run_id", "Jobs", readonly=True, groups="queue_job.group_queue_job_manager"
    )
    job_count = fields.Integer(
        "Number of Jobs", compute="_compute_job_count", groups="queue_job.group_queue_job_manager"
    )
    job_failed_count = fields.Integer(
        "Failed Jobs", compute="_compute_job_count", groups="queue_job.group_queue_job_manager"
    )

    def _compute_job_count(self):
        groups = self.env["queue.job"]._read_group(
            [("followup_run_id", "in", self.ids)], ["followup_run_id", "state"], ["__count"]
        )
        for run in self:
            mine = {state: count for found, state, count in groups if found == run}
            run.job_count = sum(mine.values())
            run.job_failed_count = mine.get("failed", 0)

    def action_open_jobs(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("queue_job.action_queue_job")
        return action | {"domain": [("followup_run_id", "=", self.id)], "context": {}}

    def _jobs_stand_still(self):
        """Whether nothing has happened for so long that the job runner must be gone."""
        self.ensure_one()
        jobs = self.sudo().job_ids
        moments = [self.heartbeat, *jobs.mapped("date_enqueued"), *jobs.mapped("date_started"), *jobs.mapped("eta")]
        return max(filter(None, moments)) < fields.Datetime.now() - PATIENCE

    def _close(self):
        # EXTENDS l10n_be_followup: a job that will not run any more leaves its batch out
        self._note_lost_jobs()
        return super()._close()

    def _note_lost_jobs(self):
        """Leave out the batches whose job failed for good, was cancelled, set to done by hand, or deleted."""
        batches = self.filtered("by_jobs").batch_ids
        for batch in batches.filtered(lambda batch: batch.state == "waiting"):
            lost = batch.sudo()._lost()
            if lost and batch._take(batch.run_id, only=batch):
                batch._leave_out(*lost)

    def _abandon(self, why):
        # EXTENDS l10n_be_followup: nor may a job begin tomorrow what today's run did
        result = super()._abandon(why)
        left = self.sudo().job_ids.filtered(lambda job: job.followup_batch_id.state == "cancelled")
        left._change_job_state("cancelled", result=why)
        return result
