"""A restored backup, for real: what left since is not sent again, and nobody is asked without a reason."""

import collections
import pathlib
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from support import Odoo, check, make_customers, night, open_all_hours, queue, smtp_server


def run(*command):
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)


def tick(env):
    """What the scheduled actions do in one round."""
    env["followup.restore"]._cron_watch()
    env.cr.commit()
    night(env)
    queue(env)


def settle(env):
    questions = env["followup.restore"].search([("state", "=", "open")])
    for question in questions:
        question.action_settle()
    env.cr.commit()
    return questions.mapped("line_ids.outcome")


class Check:
    def __init__(self, database, work):
        self.database, self.work = database, pathlib.Path(work)
        self.sink = smtp_server().start()
        self.odoo = Odoo(database, self.sink.port)
        self.dump = str(self.work / "backup")

    def sent(self):
        return collections.Counter(self.sink.recipients())

    def questions(self, odoo=None):
        return (odoo or self.odoo).query("SELECT kind, state FROM followup_restore ORDER BY id")

    def assert_sent(self, count, what):
        twice = {address: number for address, number in self.sent().items() if number > 1}
        check(not twice, f"{what}: more than once: {twice}")
        check(len(self.sink.messages) == count, f"{what}: {len(self.sink.messages)} messages instead of {count}")

    def back_up(self):
        run("pg_dump", "-Fc", "-f", self.dump, self.database)

    def restore(self):
        """As an administrator does it: the database goes, an older one comes."""
        run("dropdb", "--force", self.database)
        run("createdb", self.database)
        run("pg_restore", "-d", self.database, self.dump)

    def restore_in_place(self):
        run("pg_restore", "--clean", "--if-exists", "-d", self.database, self.dump)

    def together(self, *tasks):
        return self.odoo.together(*((task, (), None) for task in tasks))

    def story(self):
        odoo = self.odoo
        odoo.run(open_all_hours)
        odoo.run(make_customers, 0, 3)
        odoo.run(tick)
        self.assert_sent(3, "before the backup")
        odoo.run(make_customers, 3, 20)
        odoo.run(night)
        self.back_up()
        odoo.run(queue)
        odoo.run(make_customers, 23, 2)
        self.together(tick, tick)
        odoo.run(queue)
        self.assert_sent(25, "after the backup")
        check(not self.questions(), f"a false alarm with two workers: {self.questions()}")

        self.restore()
        self.together(queue, queue, night)
        self.together(tick, tick)
        self.assert_sent(25, "restored, with the journal")
        check(self.questions() == [("missing", "open")], f"one question is open: {self.questions()}")
        [[lines]] = odoo.query("SELECT count(*) FROM followup_restore_line")
        check(lines == 22, f"{lines} messages are listed instead of 22")
        outcomes = odoo.run(settle)
        recorded = sum("recorded as" in outcome for outcome in outcomes)
        check(recorded == 20, f"{recorded} messages are recorded instead of 20: {outcomes}")
        for _again in range(3):
            self.together(tick, tick)
        self.assert_sent(25, "answered")
        check(self.questions() == [("missing", "settled")], f"no second question: {self.questions()}")
        odoo.run(make_customers, 30, 2)
        odoo.run(tick)
        odoo.run(queue)
        self.assert_sent(27, "follow-up goes on")

    def without_journal(self):
        """The same backup again, on a machine without the journal."""
        journal = self.work / "journal"
        for restore in (self.restore, self.restore_in_place):
            restore()
            aside = self.work / "aside"
            shutil.move(journal, aside)
            self.together(tick, queue)
            self.assert_sent(27, f"{restore.__name__}, without the journal")
            check(self.questions() == [("moved", "open")], f"one question is open: {self.questions()}")
            shutil.rmtree(journal, ignore_errors=True)
            shutil.move(aside, journal)

    def copied(self):
        """A copy under another name, of the same uuid, while the original goes on: it does not write to customers."""
        self.restore()
        self.odoo.run(tick)
        self.odoo.run(settle)
        name = f"{self.database}_copy"
        run("createdb", "-T", self.database, name)
        self.odoo.run(make_customers, 40, 2)
        self.odoo.run(tick)
        self.odoo.run(queue)
        self.assert_sent(29, "the original")
        copy = Odoo(name, self.sink.port)
        copy.run(make_customers, 50, 2)
        copy.run(tick)
        copy.run(queue)
        self.assert_sent(29, "the copy")
        check(self.questions(copy)[-1:] == [("missing", "open")], f"the copy asks: {self.questions(copy)}")
        self.odoo.run(make_customers, 60, 1)
        self.odoo.run(tick)
        self.odoo.run(queue)
        self.assert_sent(30, "the original goes on")

    def all(self):
        try:
            self.story()
            self.without_journal()
            self.copied()
        finally:
            self.sink.stop()
        print("restored-backup: 5 restored or copied databases, 30 messages, none twice, none without a reason asked")


if __name__ == "__main__":
    Check(*sys.argv[1:]).all()
