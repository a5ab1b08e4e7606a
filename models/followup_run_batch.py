import os
import socket

from odoo import api, fields, models
from odoo.tools import SQL


class FollowupRunBatch(models.Model):
    """Some customers of a run: what one worker does in one transaction.

    The row is the claim: a worker holds its lock while he works and writes `done` with his last statement. Who is
    killed lets it go, and the next one finds it waiting.
    """

    _name = "followup.run.batch"
    _description = "Batch of a Follow-up Run"
    _order = "id"

    run_id = fields.Many2one("followup.run", required=True, readonly=True, ondelete="cascade", index=True)
    company_id = fields.Many2one(related="run_id.company_id", store=True)
    customer_list = fields.Json("Ids of Customers", readonly=True)
    size = fields.Integer("Customers", compute="_compute_size")
    state = fields.Selection(
        [("waiting", "To Do"), ("done", "Done"), ("failed", "Failed"), ("cancelled", "Given Up")],
        default="waiting",
        required=True,
        readonly=True,
        index=True,
    )
    second = fields.Boolean(
        "Second Attempt",
        readonly=True,
        help="Customers that somebody was changing when their turn came.",
    )
    started = fields.Datetime(readonly=True)
    ended = fields.Datetime(readonly=True)
    worker = fields.Char(readonly=True, help="Machine and process that did it.")
    customer_count = fields.Integer("Decided", readonly=True)
    notice_count = fields.Integer("Notices", readonly=True)
    review_count = fields.Integer("For Review", readonly=True)
    call_count = fields.Integer("Calls", readonly=True)
    failure_count = fields.Integer("Failures", readonly=True)
    message = fields.Text(readonly=True)

    @api.depends("customer_list")
    def _compute_size(self):
        for batch in self:
            batch.size = len(batch.customer_list or ())

    @api.depends("run_id.date")
    def _compute_display_name(self):
        for batch in self:
            batch.display_name = self.env._(
                "%(date)s: %(number)s customers",
                date=fields.Date.to_string(batch.run_id.date),
                number=batch.size,
            )

    @api.model
    def _take(self, run, states=("waiting",), only=None):
        """Lock the next batch that nobody works on, or the one that is asked for.

        :return: a batch, or none
        """
        self.flush_model()
        rows = self.env.execute_query(
            SQL(
                """SELECT id FROM followup_run_batch WHERE run_id = %s AND state = ANY(%s) AND id = ANY(%s) IS NOT FALSE
                    ORDER BY id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED""",
                run.id,
                list(states),
                only.ids if only else None,
            )
        )
        batch = self.browse([row[0] for row in rows])
        batch.invalidate_recordset()
        return batch

    def _done(self, counts, started, message=False):
        self.ensure_one()
        self.write(
            {
                **counts,
                "state": "done",
                "started": started,
                "ended": fields.Datetime.now(),
                "worker": f"{socket.gethostname()}:{os.getpid()}",
                "message": message,
            }
        )

    def _leave_out(self, state, why):
        """Nobody decides these customers in this run: say so for each of them. The next run does.

        :param state: `failed` or `cancelled`
        """
        lines = []
        for batch in self:
            batch.write(
                {
                    "state": state,
                    "ended": fields.Datetime.now(),
                    "message": why,
                    "failure_count": batch.size if state == "failed" else 0,
                }
            )
            if state == "failed":
                lines += batch._lines(why)
        self.env["followup.run.line"].create(lines)

    def _lines(self, why):
        customers = self.env["followup.customer"].browse(self.customer_list).exists()
        return [
            {
                "run_id": self.run_id.id,
                "customer_id": customer.id,
                "step": "failure",
                "amount": customer.amount_overdue,
                "note": why,
            }
            for customer in customers
        ]

    def _left_out_text(self):
        """Why a run is not complete, in words."""
        return self.env._(
            "%(number)s customers were left to the next run. %(why)s",
            number=sum(self.mapped("size")),
            why=" ".join(dict.fromkeys(batch.message for batch in self if batch.message)),
        )
