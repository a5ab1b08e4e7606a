import logging

import psycopg2
from odoo import api, fields, models
from odoo.tools import format_date, split_every

from ..engine import application, selection
from .followup_engine import ATTEMPTS, BATCH

_logger = logging.getLogger(__name__)


class FollowupEngine(models.AbstractModel):
    """The nightly run over all companies, in batches that survive each other, and its preview."""

    _inherit = "followup.engine"

    @api.model
    def _cron_night(self):
        """Nightly run over all root companies. Safe to run twice, in two processes, or to kill anywhere.

        Odoo calls it again when its time was up: then it goes on where it was.
        """
        goes_on = self._goes_on()
        cron = self.env["ir.cron"]
        self.env["followup.restore"]._cron_watch()  # before anything is prepared
        companies = self._night_companies()
        for company in companies:
            try:
                # What the night writes down is read in the company's language, not in the cron's.
                lang = self._message_lang(company.partner_id, company)
                night = self.with_context(lang=lang, followup_share=True)
                company, today = company.with_env(night.env), company._followup_today()
                if goes_on and not night._has_more(company, today):
                    continue
                if goes_on and (run := night.env["followup.run"]._under_way(company, today)).divided:
                    night._help(run)
                else:
                    night._run_night(company, today)
            except psycopg2.OperationalError:
                raise
            except Exception as error:  # noqa: BLE001
                self._report_night(company, error)
            if not cron._commit_progress():
                if company != companies[-1]:
                    cron._commit_progress(remaining=1 + self.env["followup.run"]._all_under_way()._customers_left())
                break

    @api.model
    def _night_companies(self):
        """Branches have their night with their root company."""
        return self.env["res.company"].sudo().search([("parent_id", "=", False)])

    @api.model
    def _goes_on(self):
        """Whether Odoo calls this scheduled action again because there was more to do than it has time for."""
        progress = self.env["ir.cron.progress"].sudo()
        current = self.env.context.get("ir_cron_progress_id")
        if not current:
            return False
        domain = [("cron_id", "=", self.env.context.get("cron_id")), ("id", "<", current)]
        return bool(progress.search(domain, order="id desc", limit=1).remaining)

    @api.model
    def _has_more(self, company, today):
        """Whether something is left to do for a company in this night: it had none yet, or not all of it."""
        runs = self.env["followup.run"]
        return runs._under_way(company, today) or not runs.search_count(
            [("company_id", "=", company.id), ("date", "=", today), ("preview", "=", False)], limit=1
        )

    def _report_night(self, company, error):
        """A night that cannot be run at all: the other companies have theirs, and the list of runs says why."""
        self.env.cr.rollback()
        self.env.invalidate_all(flush=False)
        _logger.exception("The follow-up night of %s failed", company.name)
        runs, today = self.env["followup.run"], company._followup_today()
        run = runs._under_way(company, today) or runs.create({"company_id": company.id, "date": today})
        if run.divided:  # its batches stand, and somebody does them
            run.message = str(error)
        else:
            run.write({"state": "failed", "ended": fields.Datetime.now(), "message": str(error)})
        self.env["ir.cron"]._commit_progress()

    @api.model
    def _run_night(self, company, today):
        """One night of one root company; first the one of today that somebody began and did not end.

        :return: the `followup.run`
        """
        unfinished = self.env["followup.run"]._under_way(company, today)
        if unfinished.divided:
            self._help(unfinished)
            if unfinished.state == "running":
                return unfinished  # time is up, or others work on the last of its batches
        self._close_outdated(company, today)
        run, customer_ids, idle_count = self._begin_night(company, today)
        if customer_ids is None:
            self._help(run)
        elif self._divide(company, run, customer_ids, idle_count):
            self.env["ir.cron"]._commit_progress(remaining=0)
        else:
            self._work(run)
        return run

    @api.model
    def _begin_night(self, company, today):
        """Bring deliveries, items and customers up to date, committed.

        Somebody may post an invoice at this very moment: begin again on what he left. When another process began the
        same night a moment before, wait for it and work on what it divided.

        :return: (the `followup.run`, ids of customers to decide, number of those who need not be decided again);
            no ids when another process began this night
        """
        runs = self.env["followup.run"]
        for attempt in range(ATTEMPTS):
            try:
                runs._lock_beginning(company)
                run = runs._under_way(company, today)
                if run.divided:
                    return run, None, 0
                run = run or runs.create({"company_id": company.id, "date": today})
                self.env["followup.notice"].with_context(followup_commit_batches=True)._confirm(company)
                customer_ids = self._synchronise(company)
                self.env["followup.charge"]._follow_items(company, today)
                idle_ids = self._idle_customers(company, customer_ids, today)
                customer_ids = [customer_id for customer_id in customer_ids if customer_id not in idle_ids]
                self.env["ir.cron"]._commit_progress(remaining=len(customer_ids))
                runs._lock_beginning(company)
                run.invalidate_recordset()
                if run.divided:
                    return run, None, 0
                return run, customer_ids, len(idle_ids)
            except psycopg2.OperationalError as error:
                self.env.cr.rollback()
                self.env.invalidate_all(flush=False)
                _logger.info("The night of %s begins again (%s): %s", company.name, attempt + 1, error)
                if attempt + 1 == ATTEMPTS:
                    raise

    @api.model
    def _divide(self, company, run, customer_ids, idle_count):
        """Cut the night into batches, tell the others, and commit.

        :return: whether others do them
        """
        batches = run._divide(customer_ids, idle_count, self._batch_size(company))
        if not company.followup_cutoff_date:
            run.message = self.env._(
                "No notices were prepared: choose first from which due date on invoices are followed up "
                "(Settings > Invoicing > Follow-up)."
            )
        if company._followup_restore_question():
            run.message = self.env._(
                "No notices were prepared: perhaps a backup was restored. A manager answers under Configuration > Restored "
                "Backups."
            )
        handed_out = self._hand_out(run, batches)
        self.env["ir.cron"]._commit_progress()
        return handed_out

    @api.model
    def _night_batch(self, company, ids, today, run, prepare):
        """Decide some customers, prepare what is due, write it all down. Does not commit.

        :return: (counts by name of a field of the batch, ids of customers that another process holds)
        """
        locked = self.env["followup.customer"].browse(ids).try_lock_for_update(allow_referencing=True)
        broken = self._follow_safely(company, locked, today)
        agreed = self.env["followup.notice"]
        if prepare:
            agreed, failed = self.env["followup.arrangement"]._prepare_messages(company, today, locked, run)
            broken |= failed
        decisions = self._decide(company, self._select(company, locked.ids, today), today)
        notices, failures = self._apply(
            company, [taken for taken in decisions if taken.customer.id not in broken], today, run, prepare
        )
        for customer_id, text in broken.items():
            self.env["followup.customer"].browse(customer_id)._report_failure(text, heals=True)
        failures |= broken
        if prepare:
            self.env["followup.item"]._plan_decisions(company, locked, today)
        notices |= agreed
        mails = notices.filtered(lambda notice: notice._is_written() and not notice.standby)
        counts = {
            "customer_count": len(locked),
            "notice_count": len(mails),
            "review_count": len(mails.filtered(lambda notice: notice.state == "review")),
            "call_count": len(notices.filtered(lambda notice: notice.channel == "call")),
            "failure_count": len(failures),
        }
        self._log_failures(run, failures)
        self._brake_night(company, run, notices)
        self._remember_decided(company, locked, today)
        held = set(ids) - set(locked.ids)
        return counts, sorted(held & set(self.env["followup.customer"].browse(held).exists().ids))

    @api.model
    def _end_night(self, company, today, run):
        # EXTENDS l10n_be_followup: so many new rows that PostgreSQL should look at them before the day begins
        result = super()._end_night(company, today, run)
        if run.notice_count >= selection.MANY_ROWS:
            selection.analyze(self.env, "followup_notice", "followup_notice_line", "mail_message", "mail_mail")
            self.env["ir.cron"]._commit_progress()
        return result

    @api.model
    def _follow_safely(self, company, customers, today):
        """Promises, disputes and arrangements of a batch; when one is bad, each customer by himself.

        :return: failures by customer id; nothing is sent to them
        """
        try:
            with self.env.cr.savepoint():
                self._follow_agreements(company, customers, today)
                self._follow_suspensions(company, customers, today)
            return {}
        except psycopg2.OperationalError:
            raise
        except Exception:  # noqa: BLE001
            self.env.invalidate_all()
        failures = {}
        for customer in customers:
            try:
                with self.env.cr.savepoint():
                    self._follow_agreements(company, customer, today)
                    self._follow_suspensions(company, customer, today)
            except psycopg2.OperationalError:
                raise
            except Exception as error:
                self.env.invalidate_all()
                _logger.info("Agreements of customer %s failed", customer.id, exc_info=True)
                failures[customer.id] = str(error)
        return failures

    @api.model
    def _log_failures(self, run, failures):
        customers = self.env["followup.customer"].browse(failures)
        self.env["followup.run.line"].create(
            [
                {
                    "run_id": run.id,
                    "customer_id": customer.id,
                    "step": "failure",
                    "amount": customer.amount_overdue,
                    "note": failures[customer.id],
                }
                for customer in customers
            ]
        )

    @api.model
    def _preview(self, company, day):
        """What the run of `day` would do if nothing changed until then; writes only the list."""
        root = company._followup_root()
        customer_ids = self._synchronise(root)
        run = (
            self.env["followup.run"]
            .sudo()
            .create(
                {"company_id": root.id, "date": day, "preview": True, "state": "done", "ended": fields.Datetime.now()}
            )
        )
        rows = []
        for ids in split_every(BATCH, customer_ids):
            rows += self._preview_agreements(run, root, list(ids), day)
            for taken in self._decide(root, self._select(root, list(ids), day), day):
                if row := self._preview_row(run, taken, day):
                    rows.append(row)
        self.env["followup.run.line"].sudo().create(rows)
        run.write(
            {
                "customer_count": len(customer_ids),
                "notice_count": sum(row["step"] in ("message", "review") for row in rows),
                "review_count": sum(row["step"] == "review" for row in rows),
                "call_count": sum(row["step"] == "call" for row in rows),
            }
        )
        return run

    @api.model
    def _preview_agreements(self, run, company, ids, day):
        """The messages about instalments that the run of `day` would prepare."""
        customers = self.env["followup.customer"].browse(ids)
        live = company.with_context(**self.env.context)._followup_live_partners(customers.partner_id)
        return [
            {
                "run_id": run.id,
                "customer_id": arrangement.customer_id.id,
                "step": "message"
                if company.followup_plan_automatic and arrangement.customer_id.partner_id in live
                else "review",
                "amount": instalment.amount_open,
                "note": self.env._(
                    "%(arrangement)s: instalment of %(date)s",
                    arrangement=arrangement.name,
                    date=format_date(self.env, instalment.date),
                ),
            }
            for arrangement, _purpose, instalment in self.env["followup.arrangement"]
            .sudo()
            ._messages_due(company, day, customers)
        ]

    @api.model
    def _preview_row(self, run, taken, day):
        overdue, _buckets, _credit, _oldest = application.figures(taken, day)
        if not taken.acts and not overdue:
            return None
        level = taken.message_level or taken.call_level
        step = "none"
        if taken.message:
            step = "review" if taken.review else "message"
        elif taken.calls:
            step = "call"
        return {
            "run_id": run.id,
            "customer_id": taken.customer.id,
            "step": step,
            "level_id": level.id if level else False,
            "amount": float(overdue),
            "note": "" if taken.acts else self._explain(application.pack_reasons(taken.reasons)),
            "next_date": taken.next_date,
        }
