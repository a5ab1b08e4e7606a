import time
from datetime import date, timedelta
from unittest.mock import patch

from odoo import Command
from odoo.tests import new_test_user, tagged

from ..models.followup_engine_batch import FollowupEngine as EngineOfBatches
from ..models.followup_engine_night import FollowupEngine
from .common import TODAY, FollowupCommon

DAY = timedelta(days=1)


@tagged("post_install_l10n", "post_install", "-at_install")
class TestNightBatches(FollowupCommon):
    """A night is cut into batches that any worker can take; the last of them closes the run."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.startClassPatcher(patch.object(EngineOfBatches, "_batch_size", lambda engine, company: 1))
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

    def setUp(self):
        super().setUp()
        for partner in self.partners:
            self.invoice(partner)

    def divided(self, env, day=TODAY):
        """A night that its process began, and then was killed."""
        company = env["res.company"].browse(self.company.id)
        engine = env["followup.engine"]
        run, ids, idle = engine._begin_night(company, day)
        engine._divide(company, run, ids, idle)
        return run

    def all_have_one(self):
        return [len(self.notices(partner, channel="email")) for partner in self.partners] == [1, 1, 1]

    def test_a_night_in_batches(self):
        run = self.night()
        self.assertEqual(run.batch_ids.mapped("state"), ["done"] * 3)
        self.assertEqual((run.state, run.customer_count, run.notice_count, run.batch_done_count), ("done", 3, 3, 3))
        self.assertTrue(run.ended and all(run.batch_ids.mapped("worker")))
        self.assertTrue(self.all_have_one())
        again = self.night()
        self.assertEqual((again.batch_count, again.idle_count, again.customer_count), (0, 3, 3))
        self.assertEqual(again.state, "done", "a run without batches is closed as well")

    def test_another_worker_ends_it(self):
        with self.committing() as env:
            run = self.divided(env)
            self.assertEqual(run.state, "running")
            env["followup.engine"]._cron_help()
        run = self.env["followup.run"].sudo().browse(run.id)
        self.assertEqual((run.state, run.customer_count, run.notice_count), ("done", 3, 3))
        self.assertTrue(self.all_have_one())

    def test_an_interrupted_night_is_ended_before_the_next(self):
        with self.committing() as env:
            killed = self.divided(env)
        late = self.env["res.partner"].create({"name": "Laat", "email": "laat@example.com"})
        self.invoice(late)
        run = self.night()
        killed = self.env["followup.run"].sudo().browse(killed.id)
        self.assertEqual((killed.state, killed.customer_count), ("done", 3))
        self.assertEqual((run.state, run.customer_count, run.idle_count), ("done", 4, 3))
        self.assertTrue(self.all_have_one())
        self.assertEqual(len(self.notices(late)), 1, "who came after the interruption")

    def test_a_night_of_yesterday_is_closed(self):
        with self.committing() as env:
            old = self.divided(env, TODAY - DAY)
            half = env["followup.run"].create({"company_id": self.company.id, "date": TODAY - 2 * DAY})
        run = self.night()
        old, half = self.env["followup.run"].sudo().browse([old.id, half.id])
        self.assertEqual((old.state, half.state, run.state), ("failed", "failed", "done"))
        self.assertEqual(old.batch_ids.mapped("state"), ["cancelled"] * 3)
        self.assertIn("interrupted", old.message)
        self.assertIn("3 customers were left to the next run", old.message)
        self.assertEqual(run.customer_count, 3)

    def test_a_bad_batch_does_not_stop_the_others(self):
        bad = self.customer(self.partners[1])
        original = FollowupEngine._night_batch

        def broken(engine, company, ids, *args):
            if ids == [bad.id]:
                raise ValueError("a field of an add-on is missing")
            return original(engine, company, ids, *args)

        with (
            patch.object(FollowupEngine, "_night_batch", broken),
            self.assertLogs("odoo.addons.l10n_be_followup.models.followup_engine_batch", "ERROR"),
        ):
            run = self.night()
        self.assertEqual((run.state, run.notice_count, run.failure_count), ("failed", 2, 1))
        self.assertIn("a field of an add-on is missing", run.message)
        [line] = run.line_ids
        self.assertEqual((line.customer_id, line.step), (bad, "failure"))
        self.assertFalse(self.notices(self.partners[1]))
        self.night()
        self.assertTrue(self.all_have_one(), "the next run decides them")

    def test_customers_that_somebody_changes_come_again(self):
        busy = self.customer(self.partners[0])
        original = type(busy).try_lock_for_update
        asked = []

        def locked(records, **kwargs):
            if records._name == "followup.customer" and busy.id in records.ids:
                asked.append(busy.id)
                if len(asked) == 1:
                    records = records.filtered(lambda customer: customer.id != busy.id)
            return original(records, **kwargs)

        with patch.object(type(busy), "try_lock_for_update", locked):
            run = self.night()
        self.assertEqual((run.batch_count, run.customer_count, len(asked)), (4, 3, 2))
        self.assertEqual(run.batch_ids.filtered("second").customer_list, [busy.id])
        self.assertTrue(self.all_have_one())

    def test_odoo_calls_again_when_time_is_up(self):
        """One run, however often: each call does at least one batch, and none begins a second night."""
        cron = self.env.ref("l10n_be_followup.ir_cron_followup_night").sudo()
        remaining = []
        with self.committing() as env:
            env["followup.run"].search([]).unlink()
            others = env["res.company"].search([("parent_id", "=", False), ("id", "!=", self.company.id)])
            for _call in range(8):
                progress = env["ir.cron.progress"].create({"cron_id": cron.id, "done": 0, "remaining": 0})
                context = {
                    "cron_id": cron.id,
                    "ir_cron_progress_id": progress.id,
                    "cron_end_time": time.monotonic() - 1,
                }
                env(context=context)["followup.engine"]._cron_night()
                remaining.append(progress.remaining)
                if not progress.remaining:
                    break
        runs = self.env["followup.run"].sudo().search([("preview", "=", False)])
        self.assertEqual(len(runs.filtered(lambda run: run.company_id == self.company)), 1, remaining)
        self.assertEqual(runs.company_id, self.company | others.with_env(self.env), remaining)
        self.assertEqual(set(runs.mapped("state")), {"done"})
        self.assertGreaterEqual(len(remaining), 3)
        self.assertTrue(self.all_have_one())

    def test_the_night_wakes_its_helpers(self):
        helper = self.env.ref("l10n_be_followup.ir_cron_followup_help").sudo()
        second = helper.copy()
        with self.committing() as env:
            env["followup.engine"]._cron_night()
        triggers = self.env["ir.cron.trigger"].sudo().search([("cron_id", "in", (helper | second).ids)])
        self.assertEqual(triggers.cron_id, helper | second)

    def test_batches_of_another_company_are_not_seen(self):
        run = self.night()
        other = self.env["res.company"].sudo().create({"name": "Andere"})
        user = new_test_user(
            self.env, "stranger", "l10n_be_followup.l10n_be_followup_group_user", company_id=other.id,
            company_ids=[Command.set(other.ids)],
        )  # fmt: skip
        self.assertFalse(self.env["followup.run.batch"].with_user(user).search([("run_id", "=", run.id)]))
        self.assertTrue(self.env["followup.run.batch"].search([("run_id", "=", run.id)]))

    def test_calls_and_charges_wait_for_the_last_batch(self):
        with patch.object(EngineOfBatches, "_end_night") as ended:
            with self.committing() as env:
                run = self.divided(env)
                first = env["followup.run.batch"]._take(run)
                env["followup.engine"]._do_batch(first)
                self.assertFalse(env["followup.engine"]._close_run(run))
                ended.assert_not_called()
                env["followup.engine"]._work(run)
                self.assertFalse(env["followup.engine"]._close_run(run), "once")
            ended.assert_called_once()

    def test_a_day_that_never_had_a_night(self):
        with self.committing() as env:
            env["followup.engine"]._cron_help()
        self.assertFalse(
            self.env["followup.run"]
            .sudo()
            .search([("date", "=", date(2026, 11, 18)), ("company_id", "=", self.company.id)])
        )
