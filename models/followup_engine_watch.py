import logging

from odoo import api, models
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import SQL

from ..engine import watch

_logger = logging.getLogger(__name__)


class FollowupEngine(models.AbstractModel):
    """What a night did, in numbers that are kept and in a line that can be grepped."""

    _inherit = "followup.engine"

    @api.model
    def _begin_night(self, company, today):
        # EXTENDS: measured, and with the number of messages that would be unusual
        queries = self.env.cr.sql_log_count
        with watch.measure() as measured:
            run, customer_ids, idle_count = super()._begin_night(company, today)
        if customer_ids is not None:
            figures = self._measured(measured, self.env.cr.sql_log_count - queries)
            run.write(figures | {"leaving_limit": self._night_limit(company, run)})
        return run, customer_ids, idle_count

    @api.model
    def _do_batch(self, batch):
        # EXTENDS: measured
        queries = self.env.cr.sql_log_count
        with watch.measure() as measured:
            result = super()._do_batch(batch)
        batch.write(self._measured(measured, self.env.cr.sql_log_count - queries))
        return result

    @api.model
    def _measured(self, measured, queries):
        """:return: values of a run or a batch"""
        names = ("read", "follow", "decide", "prepare")
        figures = {f"seconds_{name}": measured.seconds.get(name, 0.0) for name in names}
        return figures | {"seconds": measured.total(), "query_count": queries}

    @api.model
    def _end_night(self, company, today, run):
        # EXTENDS: its messages are shared out over the days, and its numbers kept
        result = super()._end_night(company, today, run)
        waiting = self._ration_night(company)
        self._keep_figures(company, run, waiting)
        return result

    @api.model
    def _ration_night(self, company):
        """When somebody writes the same messages at this moment, each of them meets the limit when it leaves."""
        try:
            waiting = self.env["followup.notice"]._ration(company)
            self.env["ir.cron"]._commit_progress()
            return waiting
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY as error:
            self.env.cr.rollback()
            self.env.invalidate_all(flush=False)
            _logger.info("The messages of %s are not shared out: %s", company.name, error)
            return 0

    @api.model
    def _keep_figures(self, company, run, waiting):
        try:
            run.write(self._figures_of(run, waiting))
            if run.leaving_limit > 0:
                self._check_surge(company, run)  # what two workers made at the same moment
            if stop := company._followup_stop_brake():
                run.message = run.message or stop.description
            self.env["ir.cron"]._commit_progress()
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY as error:
            # Another process writes this run: its figures are a convenience.
            self.env.cr.rollback()
            self.env.invalidate_all(flush=False)
            _logger.info("The figures of run %s are not kept: %s", run.id, error)
        held = run.brake_ids.filtered(lambda brake: brake.state == "holding")
        _logger.info(
            "%s",
            watch.line(
                "night",
                run=run.id,
                company=company.id,
                day=run.date,
                state=run.state,
                customers=run.customer_count,
                prepared=run.notice_count,
                review=run.review_count,
                leaving=run.leaving_count,
                waiting=waiting,
                calls=run.call_count,
                failed=run.failure_count,
                held="yes" if held else "no",
                seconds=run.seconds,
                queries=run.query_count,
            ),
        )

    @api.model
    def _figures_of(self, run, waiting):
        """:return: values of the run"""
        self.env["followup.notice"].flush_model()
        values = dict.fromkeys(run._kind_fields().values(), 0)
        values |= {"email_count": 0, "letter_count": 0, "sms_count": 0, "agreement_count": 0, "leaving_count": 0}
        for channel, purpose, kind, leaves, count in self.env.execute_query(
            SQL(
                """SELECT channel, purpose, level_kind, state NOT IN ('review', 'cancelled'), count(*)
                     FROM followup_notice WHERE run_id = %s AND channel <> 'call' GROUP BY 1, 2, 3, 4""",
                run.id,
            )
        ):
            values[f"{channel}_count"] += count
            name = run._kind_fields().get(kind) if purpose == "level" else "agreement_count"
            if name:
                values[name] += count
            values["leaving_count"] += count if leaves else 0
        names = ("seconds", "seconds_read", "seconds_follow", "seconds_decide", "seconds_prepare", "query_count")
        [sums] = self.env["followup.run.batch"]._read_group(
            [("run_id", "=", run.id)], [], [f"{name}:sum" for name in names]
        )
        values |= {name: run[name] + (total or 0) for name, total in zip(names, sums, strict=True)}
        return values | {"waiting_count": waiting}

    @api.model
    def _report_night(self, company, error):
        # EXTENDS: also in a line of its own
        result = super()._report_night(company, error)
        _logger.error("%s", watch.line("night_failed", company=company.id, error=str(error)))
        return result

    # Phases

    @api.model
    def _synchronise(self, company, partner_ids=None):
        # EXTENDS
        with watch.phase("read"):
            return super()._synchronise(company, partner_ids)

    @api.model
    def _idle_customers(self, company, customer_ids, today):
        # EXTENDS
        with watch.phase("read"):
            return super()._idle_customers(company, customer_ids, today)

    @api.model
    def _select(self, company, customer_ids, today, exclude_notice_ids=None):
        # EXTENDS
        with watch.phase("read"):
            return super()._select(company, customer_ids, today, exclude_notice_ids)

    @api.model
    def _decide(self, company, customers, today, manual=False, approved=frozenset()):
        # EXTENDS
        with watch.phase("decide"):
            return super()._decide(company, customers, today, manual, approved)

    @api.model
    def _follow_safely(self, company, customers, today):
        # EXTENDS
        with watch.phase("follow"):
            return super()._follow_safely(company, customers, today)

    @api.model
    def _apply(self, company, decisions, today, run=None, prepare=True):
        # EXTENDS
        with watch.phase("prepare"):
            return super()._apply(company, decisions, today, run, prepare)
