import logging
from collections import Counter

import psycopg2
from odoo import api, fields, models

from .followup_engine import ATTEMPTS, BATCH

_logger = logging.getLogger(__name__)


class FollowupEngine(models.AbstractModel):
    """The batches of a night: any number of workers take the next one until none is left; the last closes the run."""

    _inherit = "followup.engine"

    @api.model
    def _batch_size(self, company):
        """How many customers make a batch: one transaction, one lock, one commit.

        The system parameter `l10n_be_followup.batch_size` changes it.
        """
        wanted = self.env["ir.config_parameter"].sudo().get_param("l10n_be_followup.batch_size") or ""
        return int(wanted) if wanted.isdecimal() and int(wanted) else BATCH

    @api.model
    def _hand_out(self, run, batches):
        """Batches were made, in the same transaction: tell who else can work on them. Extend it for workers of yours.

        :return: whether others do them all, so that this process need not
        """
        if len(batches) > 1 and self.env.context.get("followup_share"):
            for helper in self._helpers():
                helper._trigger()
        return False

    @api.model
    def _helpers(self):
        """The scheduled actions that help with a night; whoever wants more workers duplicates one."""
        return (
            self.env["ir.cron"]
            .sudo()
            .search([("model_name", "=", "followup.engine"), ("code", "ilike", "_cron_help()")])
        )

    @api.model
    def _may_help(self, run):
        """Whether this process may take batches of a run that another one began. Extend it."""
        return True

    @api.model
    def _help(self, run):
        """Work on a run that another process began, unless those who do are better left alone.

        :return: False when time was up first
        """
        if self._may_help(run):
            return self._work(run)
        self.env["ir.cron"]._commit_progress(remaining=0)
        return True

    @api.model
    def _cron_help(self):
        """Help with the nights that are under way, and finish those that somebody began and could not end."""
        runs = self.env["followup.run"].sudo()
        for run in runs._all_under_way():
            company = run.company_id
            engine = self.with_context(lang=company.partner_id.lang or self.env.lang)
            run = run.with_env(engine.env(su=True))
            if run.date < company._followup_today():
                engine._close_outdated(company, company._followup_today())
            elif run.divided and not engine._help(run):
                break

    @api.model
    def _close_outdated(self, company, today):
        """Runs of former days that nobody ended: today's decides their customers."""
        runs = self.env["followup.run"].search(
            [
                ("company_id", "=", company.id),
                ("date", "<", today),
                ("state", "=", "running"),
                ("preview", "=", False),
            ]
        )
        if not runs:
            return
        try:
            runs._abandon(self.env._("The night was interrupted: the next run goes on."))
            self.env["ir.cron"]._commit_progress()
        except psycopg2.OperationalError as error:
            self.env.cr.rollback()
            self.env.invalidate_all(flush=False)
            _logger.info("An old run of %s is closed later: %s", company.name, error)

    @api.model
    def _work(self, run):
        """Take batches of a run until none is left to take, or time is up; close it when all are done.

        :return: False when time was up first
        """
        cron = self.env["ir.cron"]
        cron._commit_progress(remaining=run._customers_left())
        conflicts = Counter()
        while True:
            batch = self.env["followup.run.batch"]
            try:
                batch = batch._take(run)
                if not batch:
                    break
                customers = batch.size
                self._do_batch(batch)
                time_left = cron._commit_progress(customers)
                self.env.invalidate_all()
                if not time_left and (waiting := run._customers_left()):
                    cron._commit_progress(remaining=waiting)
                    return False
            except psycopg2.OperationalError as error:
                # Somebody wrote to the same customers: begin the batch again on what he left.
                self.env.cr.rollback()
                self.env.invalidate_all(flush=False)
                conflicts[batch.id] += 1
                _logger.info("Follow-up batch %s tried again (%s): %s", batch.id, conflicts[batch.id], error)
                if conflicts[batch.id] >= ATTEMPTS * (1 if batch else 4):
                    self._give_up(batch, error)
            except Exception as error:
                self.env.cr.rollback()
                self.env.invalidate_all(flush=False)
                _logger.exception("Follow-up batch %s failed", batch.id)
                self._give_up(batch, error)
        self._close_run(run)
        cron._commit_progress(remaining=0)
        return True

    @api.model
    def _give_up(self, batch, error):
        """The others go on; the next run decides these customers. What cannot even be noted is raised."""
        if not batch:
            raise error
        taken = batch._take(batch.run_id, only=batch)
        taken._leave_out("failed", self._error_text(error))
        self.env["ir.cron"]._commit_progress()
        self.env.invalidate_all()

    @api.model
    def _error_text(self, error):
        return self.env._("The batch failed: %s", str(error).strip() or type(error).__name__)

    @api.model
    def _do_batch(self, batch):
        """Decide the customers of a batch that this transaction has locked, and say so on it. Does not commit."""
        run, company = batch.run_id, batch.run_id.company_id
        started = fields.Datetime.now()
        prepare = bool(company.followup_cutoff_date) and not company._followup_restore_question()
        counts, busy = self._night_batch(company, batch.customer_list, run.date, run, prepare)
        if busy and not batch.second:
            # Somebody is changing them at this moment: their turn comes again at the end.
            again = self.env["followup.run.batch"].create({"run_id": run.id, "customer_list": busy, "second": True})
            self._hand_out(run, again)
            busy = []
        batch._done(counts, started, busy and self._busy_text(busy))

    @api.model
    def _busy_text(self, customer_ids):
        customers = self.env["followup.customer"].browse(customer_ids)
        return self.env._(
            "Somebody was changing these customers, so the next run decides them: %s",
            ", ".join(customers.mapped("display_name")),
        )

    @api.model
    def _close_run(self, run):
        """Close a run when its last batch is done, and do what comes after all of them. Commits."""
        closed = False
        for attempt in range(ATTEMPTS):
            try:
                closed = run._close()
                self.env["ir.cron"]._commit_progress()
                break
            except psycopg2.OperationalError as error:
                self.env.cr.rollback()
                self.env.invalidate_all(flush=False)
                _logger.info("Run %s is closed again (%s): %s", run.id, attempt + 1, error)
        if closed:
            self._end_night(run.company_id, run.date, run)
        return closed

    @api.model
    def _end_night(self, company, today, run):
        """What is done once all customers of a run are decided. Extend it; commit what you do."""
        return run
