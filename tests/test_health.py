import json
import logging
from datetime import timedelta
from unittest.mock import patch

from freezegun.api import freeze_time as freeze
from odoo import Command, fields
from odoo.exceptions import AccessError
from odoo.tests import HttpCase, new_test_user, tagged
from odoo.tools import mute_logger

from .common import NOW, TODAY, SendingCommon

WATCH = "odoo.addons.l10n_be_followup.models.followup_engine_watch"


def freeze_time(moment):
    return freeze(moment, real_asyncio=True)


@tagged("post_install_l10n", "post_install", "-at_install")
class TestHealth(HttpCase, SendingCommon):
    """The health page, the numbers of a night, lines to grep, and JSON for monitoring tools."""

    def health(self):
        health = self.env["followup.health"].browse(self.company.id)
        health.invalidate_recordset()
        return health

    def test_what_waits_and_since_when(self):
        self.invoice()
        self.invoice(self.consumer)
        self.consumer.email = False
        self.consumer.write({"street": "Meir 22", "zip": "2000", "city": "Antwerpen"})
        with freeze_time(NOW - timedelta(days=1)):
            run = self.night(TODAY - timedelta(days=1))
        health = self.health()
        self.assertEqual((health.run_id, health.run_state, health.run_prepared), (run, "done", 2))
        self.assertEqual((health.queue_count, health.print_count, health.mode), (1, 1, "live"))
        self.assertEqual(health.oldest_age, "24 hours")
        self.queue()
        health = self.health()
        self.assertEqual((health.queue_count, health.oldest_date, health.sent_today), (0, False, 1))
        self.notices()._bounce("550 unknown")
        health = self.health()
        self.assertEqual((health.bounce_share, health.bounce_text), (100.0, "1 of 1 in seven days"))
        self.assertEqual(health.failed_count, self.env["followup.customer"].search_count([("state", "=", "failed")]))

    def test_every_link_opens_what_it_counts(self):
        self.invoice()
        self.night()
        health = self.health()
        for name in dir(type(health)):
            if name.startswith("action_open_") and name != "action_open":
                action = getattr(health, name)()
                if "domain" in action:
                    self.env[action["res_model"]].search_count(action["domain"])
        self.assertEqual(self.env["followup.notice"].search_count(health.action_open_queue()["domain"]), 1)
        self.assertEqual(health.action_open_run()["res_id"], health.run_id.id)

    def test_problems_name_the_cure(self):
        cron = self.env.ref("l10n_be_followup.ir_cron_followup_night").sudo()
        cron.nextcall = NOW + timedelta(hours=15)
        self.server.active = True
        self.assertFalse(self.health().problems)
        self.assertEqual(self.health().status, "fine")
        cron.active = False
        self.assertIn("switched off", self.health().problems)
        cron.write({"active": True, "nextcall": NOW - timedelta(hours=3)})
        self.assertIn("late", self.health().problems)
        cron.nextcall = NOW + timedelta(hours=15)
        with freeze_time(NOW - timedelta(days=3)):
            self.night(TODAY - timedelta(days=3))
        self.env["followup.run"].sudo().search([]).started = NOW - timedelta(days=3)
        self.assertIn("No night has run", self.health().problems)
        self.company.followup_cutoff_date = (
            False if not self.company.followup_live else self.company.followup_cutoff_date
        )
        self.company.followup_bounce_gateway = False
        self.env["fetchmail.server"].sudo().search([]).unlink()
        self.assertIn("Returned e-mails are not seen", self.health().problems)
        self.assertEqual(self.health().status, "problem")

    def test_a_fixed_number_of_queries(self):
        companies = self.env["res.company"].create([{"name": f"Extra {number}"} for number in range(3)])
        self.env.user.company_ids |= companies
        self.invoice()
        self.night()
        health = self.env["followup.health"].with_context(allowed_company_ids=self.env.user.company_ids.ids)
        one, all_of_them = health.browse(self.company.id), health.browse([self.company.id, *companies.ids])
        all_of_them.mapped("status")  # what is cached for ever is
        counts = []
        for records in (one, all_of_them):
            self.env.flush_all()
            self.env.invalidate_all()
            records.company_id.sudo().mapped("followup_bounce_warning")
            before = self.env.cr.sql_log_count
            records.mapped("status")
            counts.append(self.env.cr.sql_log_count - before)
        self.assertLessEqual(counts[1] - counts[0], 2 * len(companies), counts)

    def test_rights(self):
        foreign = self.env["res.company"].create({"name": "Van een ander"})
        user = new_test_user(
            self.env, "watcher", "l10n_be_followup.l10n_be_followup_group_user", company_id=self.company.id
        )
        self.assertEqual(self.env["followup.health"].with_user(user).search([]).company_id, self.company)
        self.assertEqual(self.env["followup.health"].with_user(user).action_open()["res_id"], self.company.id)
        with self.assertRaises(AccessError):
            self.env["followup.health"].with_user(user).browse(foreign.id).mapped("company_id")
        billing = new_test_user(self.env, "biller", "account.group_account_invoice", company_id=self.company.id)
        with self.assertRaises(AccessError):
            self.env["followup.health"].with_user(billing).search([])

    def test_numbers_of_a_night_are_kept(self):
        self.invoice()
        self.invoice(self.consumer)
        with freeze(NOW, tick=True, real_asyncio=True):
            run = self.night()
        self.assertEqual((run.email_count, run.letter_count, run.sms_count, run.agreement_count), (2, 0, 0, 0))
        self.assertEqual((run.leaving_count, run.notice_count), (2, 2))
        kinds = {kind: run[name] for kind, name in run._kind_fields().items() if run[name]}
        self.assertEqual(sum(kinds.values()), 2)
        phases = run.seconds_read + run.seconds_follow + run.seconds_decide + run.seconds_prepare
        self.assertTrue(0 < phases <= run.seconds, (phases, run.seconds))
        self.assertGreater(run.query_count, 20)
        rows = self.env["followup.run"].formatted_read_group(
            [("id", "=", run.id)], ["date:week"], ["email_count:sum", "seconds:sum"]
        )
        self.assertEqual(rows[0]["email_count:sum"], 2)

    def test_a_line_to_grep(self):
        self.invoice()
        with self.assertLogs(WATCH, logging.INFO) as logs:
            run = self.night()
        [line] = [record.getMessage() for record in logs.records if "event=night " in record.getMessage()]
        self.assertTrue(line.startswith(f"followup: event=night run={run.id} company={self.company.id} "), line)
        for fact in ("prepared=1", "review=0", "leaving=1", "failed=0", "held=no", "state=done"):
            self.assertIn(f" {fact} ", line)

    def test_json_with_an_api_key(self):
        self.env["ir.config_parameter"].sudo().set_param("web.base.url", self.base_url())
        user = new_test_user(
            self.env,
            "monitor",
            "l10n_be_followup.l10n_be_followup_group_user",
            company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)],
        )
        biller = new_test_user(self.env, "billing", "account.group_account_invoice", company_id=self.company.id)
        expires = fields.Datetime.now() + timedelta(days=80)  # the database does not know that its clock is frozen
        keys = [
            self.env["res.users.apikeys"].with_user(who)._generate(None, "monitoring", expires)
            for who in (user, biller)
        ]
        self.env.flush_all()
        with mute_logger("odoo.http", "odoo.addons.base.models.ir_http", "werkzeug"):
            self.assertEqual(self.url_open("/followup/health").status_code, 401)
            wrong = self.url_open("/followup/health", headers={"Authorization": "bearer wrong"})
            self.assertEqual(wrong.status_code, 401)
            refused = self.url_open("/followup/health", headers={"Authorization": f"bearer {keys[1]}"})
            self.assertEqual(refused.status_code, 403)
            answer = self.url_open("/followup/health", headers={"Authorization": f"bearer {keys[0]}"})
        self.assertEqual(answer.status_code, 200, answer.text)
        told = json.loads(answer.text)
        [row] = told["companies"]
        self.assertEqual((row["company_id"], row["mode"], row["queue_count"]), (self.company.id, "live", 0))
        self.assertEqual(told["fine"], row["status"] == "fine")

    def test_the_jobs_of_odoo_tell_what_they_did(self):
        """The mail queue, the text messages, the letters and the suspensions each have a line."""
        self.invoice()
        self.night()
        name = "odoo.addons.l10n_be_followup.models.mail_mail_brake"
        with self.assertLogs(name, logging.INFO) as logs, patch.object(logging.getLogger(name), "disabled", False):
            self.queue()
        lines = [record.getMessage() for record in logs.records if "followup: event=queue" in record.getMessage()]
        self.assertEqual(len(lines), 1, lines)
        self.assertIn("sent=1", lines[0])
