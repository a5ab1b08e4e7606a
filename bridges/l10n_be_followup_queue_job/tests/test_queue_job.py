from contextlib import closing, nullcontext
from datetime import datetime, timedelta
from unittest.mock import patch

import psycopg2
from freezegun.api import freeze_time
from odoo import sql_db
from odoo.addons.l10n_be_followup.models.followup_engine_night import FollowupEngine as Night
from odoo.addons.l10n_be_followup.tests.common import NOW, TODAY, FollowupCommon
from odoo.addons.queue_job.controllers.main import RunJobController
from odoo.addons.queue_job.exception import FailedJobError
from odoo.addons.queue_job.job import Job
from odoo.addons.queue_job.jobrunner.runner import PG_ADVISORY_LOCK_ID
from odoo.tests import new_test_user, tagged, test_cursor
from odoo.tools import mute_logger

from ..hooks import uninstall_hook
from ..models.followup_engine import FollowupEngine
from ..models.followup_run_batch import MAX_RETRIES

CONTROLLER = "odoo.addons.queue_job.controllers.main"
DAY = timedelta(days=1)


class Conflict(psycopg2.OperationalError):
    """What PostgreSQL says when two wrote to the same row."""

    pgcode = "40001"
    pgerror = "could not serialize access due to concurrent update"


@tagged("post_install_l10n", "post_install", "-at_install")
class TestQueueJob(FollowupCommon):
    """The batches of a night as jobs, performed by the job queue's own controller."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.startClassPatcher(patch.object(FollowupEngine, "_batch_size", lambda engine, company: 1))
        cls.partners = cls.env["res.partner"].create(
            [
                {
                    "name": f"Klant {number}",
                    "email": f"klant{number}@example.com",
                    "country_id": cls.env.ref("base.be").id,
                }
                for number in range(3)
            ]
        )
        commit = test_cursor.TestCursor.commit

        def commit_and_go_on(cr):
            # A test's cursor forgets what is to be done after a commit; the job queue's does it.
            hooks = list(cr.postcommit._funcs)
            commit(cr)
            for hook in hooks:
                hook()

        cls.startClassPatcher(patch.object(test_cursor.TestCursor, "commit", commit_and_go_on))

    def setUp(self):
        super().setUp()
        for partner in self.partners:
            self.invoice(partner)

    def listen(self):
        """What a job runner does as long as it listens to a database: it holds this lock, on its own connection."""
        _name, info = sql_db.connection_info_for(self.env.cr.dbname)
        connection = self.enterContext(closing(psycopg2.connect(**info)))
        connection.cursor().execute("SELECT pg_advisory_lock(%s)", [PG_ADVISORY_LOCK_ID])

    def begin(self, companies=None):
        """The scheduled action, for the company of the test.

        :return: its newest run
        """
        wanted = (companies or self.company).ids
        with (
            patch.object(Night, "_night_companies", lambda engine: engine.env["res.company"].sudo().browse(wanted)),
            self.committing() as env,
        ):
            env["followup.engine"]._cron_night()
        return self.newest()

    def newest(self, company=None):
        domain = [("company_id", "=", (company or self.company).id), ("preview", "=", False)]
        return self.env["followup.run"].sudo().search(domain, limit=1)

    def help(self):
        with self.committing() as env:
            env["followup.engine"]._cron_help()

    def handed_out(self):
        self.listen()
        run = self.begin()
        self.assertEqual((run.state, len(run.job_ids)), ("running", 3))
        return run, run.job_ids.sorted("id")

    def perform(self, job, expected=None):
        """The job runner calls, and the controller does what it does in a request.

        :param expected: class of what it raises; `assertRaises` would undo what it wrote
        """
        job.flush_recordset()
        failure = None
        with self.committing() as env:
            env.cr.execute("UPDATE queue_job SET state = 'enqueued', eta = NULL WHERE id = %s", [job.id])
            env.invalidate_all(flush=False)
            taken = RunJobController._acquire_job(env, job.uuid)
            self.assertTrue(taken)
            # A test has one transaction: what the controller writes on a second one, after the first is undone (here by
            # the savepoint around the job), is written on the first.
            with (
                patch.object(Job, "in_temporary_env", lambda job: nullcontext()),
                patch.object(type(env.cr), "rollback"),
            ):
                try:
                    RunJobController._runjob(env, taken)
                except Exception as error:  # noqa: BLE001
                    failure = error
        job.invalidate_recordset()
        self.env.invalidate_all()
        self.assertIsInstance(failure, expected or type(None))

    def break_down(self, job):
        error = ValueError("a field of an add-on is missing")
        with patch.object(Night, "_night_batch", side_effect=error), mute_logger(CONTROLLER):
            self.perform(job, ValueError)

    def mails(self):
        return [len(self.notices(partner, channel="email")) for partner in self.partners]

    def test_a_night_in_jobs(self):
        run, jobs = self.handed_out()
        self.assertEqual(self.mails(), [0, 0, 0], "the scheduled action prepared nothing itself")
        self.assertEqual(set(jobs.mapped("channel")), {"root.followup"})
        self.assertEqual(len(set(jobs.mapped("identity_key"))), 3)
        self.assertEqual(jobs.company_id, self.company)
        self.assertEqual((run.job_count, run.batch_done_count), (3, 0))
        for done, job in enumerate(reversed(jobs), 1):
            self.assertEqual((run.state, run.ended), ("running", False))
            self.perform(job)
            self.assertEqual(job.state, "done", job.exc_info)
            self.assertIn("1 customers decided", job.result)
            self.assertEqual(sum(self.mails()), done)
        self.assertEqual((run.state, run.notice_count, run.customer_count), ("done", 3, 3))
        self.assertTrue(run.ended)

    def test_a_job_exists_once(self):
        run, jobs = self.handed_out()
        with self.committing() as env:
            env["followup.run.batch"].browse(run.batch_ids.ids)._delay()
        self.assertEqual(run.job_ids, jobs, "the identity key")
        self.perform(jobs[0])
        with (
            self.assertRaises(psycopg2.errors.UniqueViolation),
            mute_logger("odoo.sql_db"),
            self.env.cr.savepoint(),
        ):
            # The job queue forgets the keys of jobs that began; the index does not.
            run.batch_ids[0]._delay()

    def test_a_job_that_runs_twice(self):
        _run, jobs = self.handed_out()
        self.perform(jobs[0])
        jobs[0].requeue()
        self.perform(jobs[0])
        self.assertIn("Nothing to do", jobs[0].result)
        self.assertEqual(self.mails(), [1, 0, 0])

    def test_a_conflict_is_tried_again(self):
        run, jobs = self.handed_out()
        with patch.object(Night, "_night_batch", side_effect=Conflict("conflict")):
            self.perform(jobs[0])
            self.assertEqual((jobs[0].state, jobs[0].retry), ("pending", 1))
            self.assertLessEqual(jobs[0].eta, NOW + timedelta(seconds=5), "soon at first")
            self.perform(jobs[0])
            self.perform(jobs[0])
            self.assertGreaterEqual(jobs[0].eta, NOW + timedelta(seconds=20), "then later")
        self.perform(jobs[0])
        self.assertEqual((jobs[0].state, run.state, self.mails()), ("done", "running", [1, 0, 0]))

    def test_conflicts_without_end(self):
        run, jobs = self.handed_out()
        for job in jobs[1:]:
            self.perform(job)
        jobs[0].retry = MAX_RETRIES - 1
        with patch.object(Night, "_night_batch", side_effect=Conflict("conflict")), mute_logger(CONTROLLER):
            self.perform(jobs[0], FailedJobError)
        self.assertEqual((jobs[0].state, run.state, run.failure_count), ("failed", "failed", 1))
        self.assertIn("Max. retries", run.message)

    def test_a_failed_job(self):
        run, jobs = self.handed_out()
        self.break_down(jobs[0])
        self.assertEqual((jobs[0].state, run.batch_ids[0].state, run.state), ("failed", "failed", "running"))
        for job in jobs[1:]:
            self.perform(job)
        self.assertEqual((run.state, run.notice_count, run.failure_count), ("failed", 2, 1))
        self.assertIn("a field of an add-on is missing", run.message)
        self.assertEqual(run.line_ids.customer_id, self.customer(self.partners[0]))
        self.assertEqual(run.job_failed_count, 1)
        # The cause is solved, and the job requeued.
        jobs[0].requeue()
        self.perform(jobs[0])
        self.assertEqual((run.state, run.notice_count, run.failure_count), ("done", 3, 0))
        self.assertFalse(run.line_ids or run.message)
        self.assertEqual(self.mails(), [1, 1, 1])

    def test_the_last_job_fails(self):
        run, jobs = self.handed_out()
        for job in jobs[:2]:
            self.perform(job)
        self.break_down(jobs[2])
        self.assertEqual((run.state, run.notice_count), ("failed", 2))
        self.assertTrue(run.ended)
        again = self.night()
        self.assertEqual((again.state, self.mails()), ("done", [1, 1, 1]), "the next run goes on")

    def test_jobs_that_never_run(self):
        """Cancelled, set to done by hand, deleted: none leaves the run open, and each is told."""
        run, jobs = self.handed_out()
        with self.committing() as env:
            first, second, third = env["queue.job"].browse(jobs.ids)
            first.button_cancelled()
            second.button_done()
            third.unlink()
        self.assertEqual(run.state, "failed")
        self.assertEqual(set(run.batch_ids.mapped("state")), {"cancelled"})
        for words in ("3 customers were left", "was cancelled", "without being run", "deleted"):
            self.assertIn(words, run.message)
        self.assertEqual(run.failure_count, 0, "a person's will is no failure")
        self.night()
        self.assertEqual(self.mails(), [1, 1, 1])

    def test_a_dead_job(self):
        """The runner gives up a job whose process died too often, past Odoo: the scheduled action notices."""
        run, jobs = self.handed_out()
        self.perform(jobs[0])
        self.env.cr.execute(
            """UPDATE queue_job SET state = 'failed', exc_name = 'JobFoundDead',
                      exc_info = 'Job found dead after too many retries' WHERE id = %s""",
            [jobs[1].id],
        )
        self.env.invalidate_all(flush=False)
        self.help()
        self.assertEqual((run.batch_ids[1].state, run.state), ("failed", "running"))
        self.perform(jobs[2])
        self.assertEqual((run.state, run.failure_count, self.mails()), ("failed", 1, [1, 0, 1]))
        self.assertIn("found dead", run.message)

    def test_the_cron_leaves_moving_jobs_alone(self):
        run, jobs = self.handed_out()
        self.perform(jobs[0])
        self.assertEqual(self.begin(), run, "no second run beside it")
        self.help()
        self.assertEqual((run.state, self.mails()), ("running", [1, 0, 0]))

    def test_the_cron_does_what_stands_still(self):
        run, jobs = self.handed_out()
        self.perform(jobs[0])
        with freeze_time(NOW + timedelta(hours=2), real_asyncio=True):
            self.help()
            self.assertEqual((run.state, run.notice_count), ("done", 3))
            # The runner comes back: its jobs find everything done.
            for job in jobs[1:]:
                self.perform(job)
                self.assertIn("Nothing to do", job.result)
        self.assertEqual(self.mails(), [1, 1, 1])

    def test_without_a_runner(self):
        run = self.begin()
        self.assertEqual((run.state, run.by_jobs, len(run.job_ids)), ("done", False, 0))
        self.assertEqual(self.mails(), [1, 1, 1])
        self.assertIn("No job runner", run.message)

    def test_a_company_that_wants_none(self):
        self.listen()
        self.company.followup_by_jobs = False
        run = self.begin()
        self.assertEqual((run.state, run.by_jobs, run.message), ("done", False, False))

    def test_one_batch_needs_no_job(self):
        self.listen()
        with patch.object(FollowupEngine, "_batch_size", lambda engine, company: 10):
            run = self.begin()
        self.assertEqual((run.state, run.by_jobs, self.mails()), ("done", False, [1, 1, 1]))
        self.assertEqual(self.begin().state, "done", "nor does a night without batches")

    def test_safe_mode(self):
        self.company.followup_live = False
        _run, jobs = self.handed_out()
        for job in jobs:
            self.perform(job)
        self.assertEqual(set(self.notices(self.partners[0]).mapped("state")), {"review"})

    def test_paused_after_the_jobs_were_made(self):
        run, jobs = self.handed_out()
        self.perform(jobs[0])
        self.company.followup_pause_until = TODAY + 7 * DAY
        for job in jobs[1:]:
            self.perform(job)
        self.assertEqual((self.mails(), run.state, run.notice_count), ([1, 0, 0], "done", 1))

    def test_the_next_day(self):
        run, jobs = self.handed_out()
        self.perform(jobs[0])
        with freeze_time(datetime(2026, 11, 19, 10, 0), real_asyncio=True):
            self.perform(jobs[1])
            self.assertIn("Too late", jobs[1].result)
            self.assertEqual(self.mails(), [1, 0, 0])
            fresh = self.begin()
            self.assertEqual((run.state, jobs[2].state), ("failed", "cancelled"))
            self.assertEqual(fresh.idle_count, 1)
            for job in fresh.job_ids:
                self.perform(job)
            self.assertEqual((fresh.state, self.mails()), ("done", [1, 1, 1]))

    def test_two_companies(self):
        self.listen()
        other = self.setup_other_company(name="Andere").get("company")
        self.env["followup.assistant"]._mark_finished(other)
        other.write(
            {
                "email": "facturen@andere.example",
                "company_registry": "0403170701",
                "country_id": self.env.ref("base.be").id,
                "followup_cutoff_date": self.company.followup_cutoff_date,
                "followup_live": True,
                "followup_freshness_days": 0,
            }
        )
        for partner in self.partners[:2]:
            self.invoice(partner, company_id=other.id, journal_id=self.env["account.journal"].search([("type", "=", "sale"), ("company_id", "=", other.id)], limit=1).id)  # fmt: skip
        self.begin(self.company | other)
        mine, theirs = self.newest(), self.newest(other)
        self.assertEqual((len(mine.job_ids), len(theirs.job_ids)), (3, 2))
        self.assertEqual(theirs.job_ids.company_id, other)
        for job in theirs.job_ids:
            self.perform(job)
        self.assertEqual((mine.state, theirs.state, theirs.notice_count), ("running", "done", 2))
        for job in mine.job_ids:
            self.perform(job)
        self.assertEqual((mine.state, mine.notice_count), ("done", 3))

    def test_somebody_else_works_on_it(self):
        run, jobs = self.handed_out()
        nothing = type(run.batch_ids).browse
        with patch.object(type(run.batch_ids), "_take", lambda batches, *args, **kwargs: nothing(batches, [])):
            self.perform(jobs[0])
        self.assertEqual((jobs[0].state, jobs[0].retry), ("pending", 0), "later, and as often as it takes")
        self.perform(jobs[0])
        self.assertEqual(self.mails(), [1, 0, 0])

    def test_uninstalled_in_the_middle_of_a_night(self):
        run, jobs = self.handed_out()
        self.perform(jobs[0])
        with self.committing() as env:
            uninstall_hook(env)
        self.assertFalse(jobs.exists())
        self.assertEqual((run.state, run.batch_ids.mapped("state")), ("running", ["done", "waiting", "waiting"]))
        self.help()
        self.assertEqual((run.state, self.mails()), ("done", [1, 1, 1]))

    def test_screens_and_rights(self):
        run, jobs = self.handed_out()
        self.assertEqual(run.action_open_jobs()["domain"], [("followup_run_id", "=", run.id)])
        self.assertEqual(jobs[0].open_related_action()["res_id"], run.id)
        manager = new_test_user(
            self.env, "boss", "l10n_be_followup.l10n_be_followup_group_manager", company_id=self.company.id
        )
        arch = self.env["followup.run"].with_user(manager).get_view(view_type="form")["arch"]
        self.assertNotIn("action_open_jobs", arch, "jobs are for their managers")
        self.assertIn("action_open_batches", arch)
        self.assertEqual(run.with_user(manager).batch_count, 3)
        arch = self.env["followup.run"].with_user(self.env.ref("base.user_admin")).get_view(view_type="form")["arch"]
        self.assertIn("action_open_jobs", arch)
        settings = self.env["res.config.settings"].with_company(self.company).sudo().create({})
        self.assertEqual((settings.followup_by_jobs, settings.followup_job_size), (True, 200))
        with (
            self.assertRaises(psycopg2.errors.CheckViolation),
            mute_logger("odoo.sql_db"),
            self.env.cr.savepoint(),
        ):
            self.company.followup_job_size = 5
            self.company.flush_recordset()
