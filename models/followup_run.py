from collections import Counter, defaultdict

from odoo import api, fields, models
from odoo.tools import SQL


class FollowupRun(models.Model):
    """What one night did for one company, or what the next one would do (a preview)."""

    _name = "followup.run"
    _description = "Follow-up Run"
    _order = "id desc"
    _rec_name = "date"

    company_id = fields.Many2one("res.company", required=True, readonly=True, ondelete="cascade")
    date = fields.Date(required=True, readonly=True)
    preview = fields.Boolean(readonly=True)
    state = fields.Selection(
        [("running", "Running"), ("done", "Done"), ("failed", "Stopped")],
        default="running",
        required=True,
        readonly=True,
    )
    divided = fields.Boolean(
        readonly=True, help="Its customers are divided into batches: any worker can take the next one."
    )
    batch_ids = fields.One2many("followup.run.batch", "run_id", readonly=True)
    batch_count = fields.Integer("Batches", compute="_compute_batches")
    batch_done_count = fields.Integer("Batches Done", compute="_compute_batches")
    heartbeat = fields.Datetime("Last Sign of Life", compute="_compute_batches")
    started = fields.Datetime(readonly=True, default=fields.Datetime.now)
    ended = fields.Datetime(readonly=True)
    customer_count = fields.Integer("Customers Decided", readonly=True)
    idle_count = fields.Integer(
        "Of Them Unchanged",
        readonly=True,
        help="Customers of whom nothing had changed: what was decided before still holds.",
    )
    notice_count = fields.Integer("Notices Prepared", readonly=True)
    review_count = fields.Integer("For Review", readonly=True)
    call_count = fields.Integer("Calls Planned", readonly=True)
    failure_count = fields.Integer("Failures", readonly=True)
    message = fields.Text(readonly=True)
    line_ids = fields.One2many("followup.run.line", "run_id", readonly=True)

    # Who begins the same night of the same company helps with the one that is under way.
    _running_unique = models.UniqueIndex(
        "(company_id, date) WHERE state = 'running' AND preview IS NOT TRUE",
        "This night is under way already.",
    )

    @api.depends("batch_ids.state", "batch_ids.ended", "started")
    def _compute_batches(self):
        counts, ends = defaultdict(Counter), defaultdict(list)
        for run, state, count, ended in self.env["followup.run.batch"]._read_group(
            [("run_id", "in", self.ids)], ["run_id", "state"], ["__count", "ended:max"]
        ):
            counts[run.id][state] = count
            ends[run.id].append(ended or run.started)
        for run in self:
            run.batch_count = counts[run.id].total()
            run.batch_done_count = counts[run.id].total() - counts[run.id]["waiting"]
            run.heartbeat = max(ends[run.id], default=run.started)

    def action_open_lines(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("l10n_be_followup.followup_run_line_action")
        return action | {"domain": [("run_id", "=", self.id)]}

    def action_open_batches(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("l10n_be_followup.followup_run_batch_action")
        return action | {"domain": [("run_id", "=", self.id)]}

    @api.model
    def _under_way(self, company, day):
        """The run of that day that is not closed yet."""
        return self.search(
            [
                ("company_id", "=", company.id),
                ("date", "=", day),
                ("state", "=", "running"),
                ("preview", "=", False),
            ],
            limit=1,
        )

    @api.model
    def _all_under_way(self):
        return self.search([("state", "=", "running"), ("preview", "=", False)], order="id")

    @api.model
    def _lock_beginning(self, company):
        """Let one process at a time begin the night of a company, until the end of the transaction.

        Begins a new transaction when it had to wait: what the other one did must be seen.
        """
        key = SQL("hashtext('l10n_be_followup.run'), %s", company.id)
        while not self.env.execute_query(SQL("SELECT pg_try_advisory_xact_lock(%s)", key))[0][0]:
            self.env.execute_query(SQL("SELECT pg_advisory_xact_lock(%s)", key))
            self.env.cr.rollback()
            self.env.invalidate_all(flush=False)

    def _divide(self, customer_ids, idle_count, size):
        """Cut the customers of this run into batches. Once: who comes second finds it done.

        :return: the `followup.run.batch` made
        """
        self.ensure_one()
        self.write({"divided": True, "idle_count": idle_count, "customer_count": idle_count})
        return self.env["followup.run.batch"].create(
            [
                {"run_id": self.id, "customer_list": customer_ids[start : start + size]}
                for start in range(0, len(customer_ids), size)
            ]
        )

    def _customers_left(self):
        """How many customers wait in batches that nobody has done yet."""
        waiting = self.env["followup.run.batch"].search([("run_id", "in", self.ids), ("state", "=", "waiting")])
        return sum(waiting.mapped("size"))

    def _count(self):
        """Add up what the batches did.

        :return: values
        """
        self.ensure_one()
        names = ("customer_count", "notice_count", "review_count", "call_count", "failure_count")
        [sums] = self.env["followup.run.batch"]._read_group(
            [("run_id", "=", self.id)], [], [f"{name}:sum" for name in names]
        )
        values = {name: total or 0 for name, total in zip(names, sums, strict=True)}
        values["customer_count"] += self.idle_count
        return values

    def _close(self):
        """Close this run when none of its batches waits any more; at most once, whoever tries.

        Call it in a transaction begun after the batch was committed: who commits last sees that all are done.

        :return: whether it was closed now
        """
        self.ensure_one()
        self.env.flush_all()
        locked = self.env.execute_query(
            SQL(
                """SELECT run.state FROM followup_run run
                    WHERE run.id = %s AND run.divided AND NOT EXISTS (
                          SELECT FROM followup_run_batch batch WHERE batch.run_id = run.id AND batch.state = 'waiting')
                      FOR NO KEY UPDATE SKIP LOCKED""",
                self.id,
            )
        )
        if not locked:
            return False
        self.invalidate_recordset()
        left_out = self.batch_ids.filtered(lambda batch: batch.state != "done")
        values = self._count() | {"state": "failed" if left_out else "done"}
        if left_out:
            values["message"] = left_out._left_out_text()
        elif locked[0][0] == "failed":
            values["message"] = False  # what had failed was done after all
        if locked[0][0] == "running":
            values["ended"] = fields.Datetime.now()
        self.write(values)
        return locked[0][0] == "running"

    def _abandon(self, why):
        """A later run decides the customers that are left: nothing is done any more in the name of this one."""
        for run in self:
            waiting = run.batch_ids.filtered(lambda batch: batch.state == "waiting").try_lock_for_update()
            waiting._leave_out("cancelled", why)
            if run.divided:
                run._close()
            else:
                run.write({"state": "failed", "message": why, "ended": fields.Datetime.now()})
