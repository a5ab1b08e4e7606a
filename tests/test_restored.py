import json
import os
import tempfile
from datetime import date, datetime, timedelta
from pathlib import Path
from unittest.mock import patch

from freezegun.api import freeze_time
from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from ..engine import restore as rules
from ..models.followup_restore import _ALIVE, _HOME, FOLDER
from .common import NOW, TODAY, SendingCommon

MODELS = "odoo.addons.l10n_be_followup.models.followup"


@tagged("post_install_l10n", "post_install", "-at_install")
class TestRestored(SendingCommon):
    """A backup of yesterday is restored: the database goes back, what lies beside it does not.

    PostgreSQL takes the transaction back to a savepoint, its numbers too; `dev/checks/restored-backup` does it with pg_dump, real
    processes and another database.
    """

    def setUp(self):
        super().setUp()
        self.folder = self.enterContext(tempfile.TemporaryDirectory())
        self.enterContext(patch.dict(os.environ, {FOLDER: self.folder}))
        self.restores = self.env["followup.restore"].sudo()

    def at(self, day, hour=10):
        return freeze_time(datetime(day.year, day.month, day.day, hour), real_asyncio=True)

    def go(self, day=TODAY):
        with self.at(day):
            self.restores._live()  # the scheduled actions ran all the time
            run = self.night(day)
            self.queue()
        return run

    def back_up(self):
        self.env.flush_all()
        self.env.cr.execute("SELECT last_value, is_called FROM followup_notice_id_seq")
        [self.number] = self.env.cr.fetchall()
        self.env.cr.execute("SAVEPOINT backup")

    def restore(self):
        self.env.invalidate_all(flush=False)
        self.env.cr.execute("ROLLBACK TO SAVEPOINT backup")
        self.env.cr.execute("SELECT setval('followup_notice_id_seq', %s, %s)", self.number)
        self.env.invalidate_all(flush=False)
        self.env.registry.clear_all_caches()

    def question(self):
        return self.restores.search([("company_id", "=", self.company.id), ("state", "=", "open")])

    def answer(self, **values):
        question = self.question().sudo(False)
        question.write(values)
        question.action_settle()
        return question

    def entries(self):
        return [json.loads(line) for path in sorted(Path(self.folder).rglob("*.jsonl")) for line in path.open()]

    def sent(self):
        return len(self.sink.messages)

    # What is noted

    def test_what_leaves_is_noted_beside_the_database(self):
        move = self.invoice()
        self.go()
        claim, result = self.entries()
        notice = self.notices()
        self.assertEqual((claim["what"], claim["id"], claim["message"]), ("claim", notice.id, notice.message_id))
        self.assertEqual((claim["sha256"], claim["customer"]), (notice.sha256, self.customer().id))
        self.assertEqual([(row["name"], row["advances"]) for row in claim["items"]], [(move.name, True)])
        self.assertEqual((result["what"], result["state"]), ("result", "sent"))
        [path] = Path(self.folder).rglob("*.jsonl")
        self.assertFalse(path.stat().st_mode & 0o077, "for nobody else's eyes")

    def test_a_journal_that_cannot_be_written_stops_nothing(self):
        self.invoice()
        with (
            patch.dict(os.environ, {FOLDER: "/proc/nowhere"}),
            self.assertLogs(f"{MODELS}_notice_trace", "WARNING") as logs,
        ):
            self.go()
        self.assertEqual(self.sent(), 1)
        self.assertIn("event=journal", "".join(logs.output))

    # The story: prepared, backed up, sent, restored

    def test_a_message_that_waited_in_the_backup_is_not_sent_again(self):
        self.invoice()
        self.night()
        self.back_up()
        self.queue()
        sha256 = self.notices().sha256
        self.restore()
        self.assertEqual(self.notices().state, "queued", "as in the backup")
        self.queue()
        self.go()
        self.assertEqual((self.sent(), self.notices().state), (1, "queued"))
        question = self.question()
        self.assertEqual((question.kind, question.line_count, question.safe_mode), ("missing", 1, False))
        self.assertIn("1 messages", question.question)
        self.assertEqual((question.line_ids.result, question.line_ids.count), ("sent", True))
        self.assertTrue(question.activity_ids, "a manager has a task")
        self.answer()
        notice = self.notices()
        self.assertEqual((notice.state, notice.sha256, notice.from_journal), ("sent", sha256, False))
        self.assertFalse(notice._verify(), "rendered again it is the same to the letter: the proof is whole")
        self.go()
        self.go(date(2026, 11, 20))
        self.assertEqual((self.sent(), self.notices().state, self.items().level_id), (1, "delivered", self.level(10)))

    def test_a_message_that_the_backup_does_not_know_is_not_sent_again(self):
        move = self.invoice()
        self.back_up()
        self.go()
        number, message = self.notices().id, self.notices().message_id
        self.restore()
        self.assertFalse(self.notices())
        with self.at(TODAY), self.committing() as env:
            env["followup.engine"]._cron_night()
        self.queue()
        self.assertEqual((self.sent(), self.notices().ids), (1, []))
        run = self.env["followup.run"].sudo().search([("company_id", "=", self.company.id)], limit=1)
        self.assertIn("perhaps a backup was restored", run.message)
        with self.assertRaisesRegex(UserError, "until a manager has answered"):
            self.press(self.customer(), "action_prepare_notice")
        question = self.answer()
        notice = self.notices()
        self.assertEqual((notice.id, notice.state, notice.message_id), (number, "sent", message))
        self.assertEqual(notice.line_ids.move_id, move)
        self.assertIn("recorded as", question.line_ids.outcome)
        self.assertIn("text was lost", " ".join(notice._verify()))
        self.go()
        self.go(date(2026, 11, 20))
        self.assertEqual((self.sent(), self.items().level_id), (1, self.level(10)), "on from where he is")
        self.invoice(due=date(2026, 11, 9))
        self.go(date(2026, 11, 26))
        self.assertGreater(max(self.notices().ids), number, "no number is used twice")
        self.assertEqual(self.sent(), 2)

    def test_a_bounce_finds_what_was_recorded(self):
        self.invoice()
        self.back_up()
        self.go()
        self.restore()
        self.queue()
        self.go()
        self.answer()
        self.notices()._bounce("550 mailbox gone")
        self.assertEqual((self.notices().state, self.customer().state), ("bounced", "failed"))

    def test_a_consumer_s_free_reminder_keeps_its_proof(self):
        """Its words are in the journal: they come back to the letter, with their fingerprint, and begin the fourteen days."""
        self.invoice(self.consumer)
        self.refreshed(self.consumer)
        self.back_up()
        self.go()
        before = self.notices(self.consumer).read(["id", "subject", "body", "sha256", "email_to"])
        self.restore()
        with self.at(TODAY), self.committing() as env:
            env["followup.engine"]._cron_night()
        self.answer()
        notice = self.notices(self.consumer)
        self.assertEqual(notice.read(["id", "subject", "body", "sha256", "email_to"]), before)
        self.assertEqual((notice.from_journal, notice._verify()), (False, []))
        self.go(date(2026, 11, 20))
        self.assertEqual((self.sent(), self.items(self.consumer).waiting_until), (1, date(2026, 12, 2)))

    def test_a_consumer_of_whose_free_reminder_the_text_is_lost(self):
        """Nobody can prove it: it begins nothing, and comes again after the minimum gap; with proof it counts."""
        words = type(self.env["followup.notice"])
        self.enterContext(patch.object(words, "_journal_words", lambda self: None))  # as a journal of before
        for proved in (False, True):
            with self.subTest(proved=proved):
                partner = self.consumer.copy({"name": f"Proved {proved}", "email": f"{proved}@x.example".lower()})
                self.invoice(partner)
                self.back_up()
                self.go()
                self.restore()
                self.go()
                self.answer(confirm_free=proved)
                self.go(date(2026, 11, 20))
                item = self.items(partner)
                self.assertEqual(bool(item.waiting_until), proved)
                self.assertEqual(len(self.sink.to(partner.email)), 1)
                self.go(date(2026, 11, 26))
                self.assertEqual(len(self.sink.to(partner.email)), 1 if proved else 2)

    def test_what_is_not_counted_goes_by_the_ordinary_rules(self):
        other = self.business.copy({"name": "Twee", "email": "twee@x.example"})
        self.invoice()
        self.invoice(other)
        self.sink.answers["twee@x.example"] = "550 no such user"
        self.back_up()
        self.go()
        self.restore()
        self.sink.answers.clear()
        self.go()
        question = self.question()
        self.assertEqual({line.customer_name: line.count for line in question.line_ids}, {
            self.business.display_name: True, other.display_name: False,
        })  # fmt: skip
        self.answer()
        self.go()
        self.assertEqual(self.sink.recipients(), ["boekhouding@zoetebrood.example", "twee@x.example"])

    def test_invoices_and_customers_that_are_not_in_the_backup(self):
        self.back_up()
        newcomer = self.business.copy({"name": "Nieuw", "email": "nieuw@x.example"})
        self.invoice(newcomer)
        self.invoice()
        self.go()
        self.restore()
        self.invoice(self.consumer)  # the database gives the same numbers to others
        self.go()
        self.assertEqual(self.question().line_count, 2)
        question = self.answer()
        outcomes = {line.customer_name: line.outcome for line in question.line_ids}
        self.assertIn("not in this database", outcomes["Nieuw"])
        self.go()
        self.assertEqual(len(self.sink.to("jan@peeters.example")), 1, "who had nothing gets his")

    # Rights

    def test_only_a_manager_answers(self):
        self.invoice()
        self.back_up()
        self.go()
        self.restore()
        self.go()
        user = new_test_user(
            self.env,
            "clerk",
            groups="l10n_be_followup.l10n_be_followup_group_user,account.group_account_invoice",
            company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)],
        )
        question = self.question().with_user(user).sudo(False)
        self.assertTrue(question.question, "he reads why nothing leaves")
        for step in (
            question.action_settle,
            question.action_say_restored,
            lambda: question.write({"safe_mode": True}),
            lambda: question.line_ids.write({"count": False}),
        ):
            with self.assertRaises(AccessError):
                step()
        manager = self.question().sudo(False)
        with self.assertRaises(AccessError):
            manager.state = "settled"
        with self.assertRaisesRegex(UserError, "history"):
            manager.sudo().unlink()
        self.answer()
        with self.assertRaisesRegex(UserError, "answered already"):
            manager.action_settle()

    # Other signs

    def signed(self):
        self.invoice()
        self.go()
        self.env.cr.execute("SELECT value FROM ir_config_parameter WHERE key = %s", [_HOME])
        return self.env.cr.fetchone()[0].split(" ")

    def sign(self, uuid, database, table):
        self.restores._write_parameter(_HOME, f"{uuid} {database} {table}")

    def wait(self, journal=True):
        """A second customer with a message that waits."""
        if not journal:
            for path in Path(self.folder).rglob("*.jsonl"):
                path.unlink()
        self.invoice(self.consumer)
        self.night()

    def test_restored_into_another_database_without_its_journal(self):
        uuid, database, table = self.signed()
        self.wait(journal=False)
        self.sign(uuid, int(database) - 1, table)
        self.queue()
        question = self.question()
        self.assertEqual((question.kind, question.safe_mode, self.sent()), ("moved", True, 1))
        self.assertIn("journal of what left is not there", question.question)
        self.answer(safe_mode=True)
        self.queue()
        self.assertEqual((self.sent(), self.company.followup_live), (1, False))
        self.assertEqual(self.notices(self.consumer).state, "review", "a person reads it first")

    def test_restored_into_the_same_database_without_its_journal(self):
        """`pg_restore --clean` makes the tables anew."""
        uuid, database, table = self.signed()
        self.wait(journal=False)
        self.sign(uuid, database, int(table) - 1)
        self.queue()
        self.assertEqual((self.question().kind, self.sent()), ("moved", 1))
        self.answer(safe_mode=False)
        self.queue()
        self.assertEqual(self.sent(), 2)

    def test_moved_or_renamed_with_its_journal_is_no_alarm(self):
        uuid, database, _table = self.signed()
        self.wait()
        self.sign(uuid, int(database) - 1, 7)
        [path] = Path(self.folder).rglob("*.jsonl")
        path.rename(path.with_name(path.name.replace(self.env.cr.dbname, "former_name")))
        self.queue()
        self.assertEqual((self.question().ids, self.sent()), ([], 2))

    def test_a_copy_with_an_identity_of_its_own_begins_in_safe_mode(self):
        _uuid, database, table = self.signed()
        self.wait()
        self.sign("another", int(database) - 1, table)
        self.env["ir.config_parameter"].sudo().set_param("database.uuid", "copy-of-it")
        with self.assertLogs(f"{MODELS}_restore", "WARNING") as logs:
            self.queue()
        self.assertIn("event=copy", "".join(logs.output))
        self.assertEqual((self.question().ids, self.sent(), self.company.followup_live), ([], 1, False))
        self.assertEqual(self.notices(self.consumer).state, "review")

    def watch(self, moment):
        with freeze_time(moment, real_asyncio=True), self.committing() as env:
            env["followup.restore"]._cron_watch()

    def test_missed_nights_and_a_long_silence(self):
        """Up to four days are made up for, with one message; after that nobody can tell what happened."""
        self.invoice()
        self.watch(NOW - timedelta(days=3, hours=23))
        self.watch(NOW)
        self.assertFalse(self.question())
        self.go()
        self.assertEqual(self.sent(), 1)
        self.invoice(self.consumer)
        later = NOW + rules.SILENCE + timedelta(days=1, hours=1)
        with freeze_time(later, real_asyncio=True):
            with self.committing() as env:
                env["followup.engine"]._cron_night()
            self.queue()
        self.assertEqual((self.sent(), self.question().kind), (1, "silence"))
        with freeze_time(later, real_asyncio=True):
            self.answer()
            for _again in range(2):
                with self.committing() as env:
                    env["followup.engine"]._cron_night()
                self.queue()
        self.assertEqual(self.sent(), 2)
        self.assertFalse(self.question())

    def test_a_clock_that_jumps_ahead_is_asked_about_before_it_does_harm(self):
        self.invoice(due=date(2026, 11, 20))
        self.watch(NOW)
        with self.at(date(2027, 11, 17)):
            with self.committing() as env:
                env["followup.engine"]._cron_night()
            self.queue()
        self.assertEqual((self.sent(), self.question().kind), (0, "silence"))

    def test_a_manager_says_so(self):
        self.invoice()
        self.night()
        action = self.env["followup.restore"].with_company(self.company).action_say_restored()
        self.queue()
        self.assertEqual((self.sent(), self.question().kind), (0, "told"))
        self.assertEqual(action["res_id"], self.question().id)
        self.answer(safe_mode=False)
        self.queue()
        self.assertEqual(self.sent(), 1)

    # No false alarm

    def test_refused_for_now_and_tried_again(self):
        self.invoice()
        self.sink.answers["boekhouding@zoetebrood.example"] = "450 later"
        self.go()
        self.sink.answers.clear()
        with freeze_time(NOW + timedelta(hours=2), real_asyncio=True):
            self.queue()
        self.assertEqual((self.sent(), self.question().ids), (1, []))
        self.assertEqual([entry["what"] for entry in self.entries()], ["claim", "result"] * 2)

    def test_a_neutralised_copy_asks_nothing(self):
        uuid, database, table = self.signed()
        self.wait(journal=False)
        self.sign(uuid, int(database) - 1, table)
        self.env["ir.config_parameter"].sudo().set_param("database.is_neutralized", True)
        self.queue()
        self.watch(NOW + timedelta(days=90))
        self.assertFalse(self.question())

    def test_removed_and_installed_again(self):
        self.signed()
        self.restores._forget()
        self.env.cr.execute("SELECT count(*) FROM ir_config_parameter WHERE key IN (%s, %s)", [_HOME, _ALIVE])
        self.assertEqual(self.env.cr.fetchone(), (0,))
        self.env.cr.execute("SELECT set_config('l10n_be_followup.purge', 'on', TRUE)")
        self.env.cr.execute("DELETE FROM followup_notice")
        self.env.invalidate_all()
        self.wait()
        self.queue()
        self.assertEqual((self.question().ids, self.sent()), ([], 2))
