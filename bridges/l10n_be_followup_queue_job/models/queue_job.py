from odoo import api, fields, models
from odoo.addons.queue_job.jobrunner.runner import PG_ADVISORY_LOCK_ID
from odoo.tools import SQL


class QueueJob(models.Model):
    """A job of a follow-up night: one a batch, and what becomes of it becomes known to the run."""

    _inherit = "queue.job"

    followup_batch_id = fields.Many2one(
        "followup.run.batch", "Follow-up Batch", readonly=True, ondelete="set null", index="btree_not_null"
    )
    followup_run_id = fields.Many2one(
        related="followup_batch_id.run_id", string="Follow-up Run", store=True, index="btree_not_null"
    )

    _followup_batch_unique = models.UniqueIndex(
        "(followup_batch_id) WHERE followup_batch_id IS NOT NULL",
        "This follow-up batch has its job already.",
    )

    def write(self, vals):
        # EXTENDS queue_job: failed, cancelled, set to done by hand
        result = super().write(vals)
        if vals.get("state") in ("failed", "cancelled", "done"):
            self.sudo().followup_batch_id.filtered(lambda batch: batch.state == "waiting")._after_job()
        return result

    def unlink(self):
        # EXTENDS queue_job
        batches = self.sudo().followup_batch_id.filtered(lambda batch: batch.state == "waiting")
        result = super().unlink()
        batches._after_job()
        return result

    def followup_related_run(self):
        """The button *Related* on a job: its run."""
        self.ensure_one()
        if not self.followup_run_id:
            return None
        action = self.env["ir.actions.act_window"]._for_xml_id("l10n_be_followup.followup_run_action")
        return action | {"res_id": self.followup_run_id.id, "views": [(False, "form")], "context": {}}

    @api.model
    def _followup_runner_is_there(self):
        """Whether a job runner listens to this database: it holds an advisory lock as long as it does."""
        high, low = PG_ADVISORY_LOCK_ID >> 32, PG_ADVISORY_LOCK_ID & 0xFFFFFFFF
        return bool(
            self.env.execute_query(
                SQL(
                    """SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1
                          AND classid = %s AND objid = %s
                          AND database = (SELECT oid FROM pg_database WHERE datname = current_database())""",
                    high,
                    low,
                )
            )
        )
