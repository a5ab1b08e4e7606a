"""Two people print the same letters at once: each letter is in one pile. Killed while printing: nothing is lost."""

import os
import pathlib
import signal
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from support import Odoo, check, counted, make_customers, night, open_all_hours

#: What a printing process is killed before.
STEPS = ["_make_pages", "_convert", "_to_pdf", "_keep", "_action_printed"]


def on_paper(env):
    """Nobody has an e-mail address: everybody gets a letter."""
    env["res.partner"].search([("name", "like", "Customer ")]).write(
        {"email": False, "street": "Straat 1", "zip": "9000", "city": "Gent"}
    )
    env.cr.commit()


def approve(env):
    env["followup.notice"].search([("state", "=", "review")]).action_approve()
    env.cr.commit()


def print_all(env):
    """:return: names of the letters that this process printed"""
    waiting = env["followup.notice"].search([("channel", "=", "letter"), ("state", "=", "queued")])
    if not waiting:
        return []
    action = waiting.action_print_letters()
    names = []
    if action.get("res_id"):
        names = env["followup.letter.batch"].browse(action["res_id"]).letter_ids.mapped("name")
    env.cr.commit()
    return names


def killed_at(env, method):
    """Print, and die before `method`."""
    model = type(env["followup.letter.batch"])

    def die(*_arguments, **_options):
        os.kill(os.getpid(), signal.SIGKILL)

    setattr(model, method, die)
    print_all(env)


class Check:
    def __init__(self, database):
        self.odoo = Odoo(database)
        self.made = 0

    def letters(self, count):
        """So many letters that wait to be printed; those of earlier rounds are out of the way."""
        self.odoo.query("UPDATE followup_item SET is_open = FALSE")
        self.odoo.run(make_customers, self.made, count)
        self.odoo.run(on_paper)
        self.made += count
        self.odoo.run(night)
        self.odoo.run(approve)
        waiting = self.states().get("queued", 0)
        check(waiting == count, f"{count} letters expected, {self.states()}")

    def states(self):
        return dict(
            self.odoo.query("SELECT state, count(*) FROM followup_notice WHERE channel = 'letter' GROUP BY state")
        )

    def two_people(self, rounds=3, count=10):
        shares = []
        for _round in range(rounds):
            self.letters(count)
            before = self.states().get("printed", 0)
            one, other = self.odoo.together((print_all, (), "base.user_admin"), (print_all, (), "base.user_admin"))
            check(not set(one) & set(other), f"printed twice: {set(one) & set(other)}")
            self.odoo.run(print_all, user="base.user_admin")  # what was locked waits for the next batch
            states = self.states()
            check("queued" not in states, f"left behind: {states}")
            check(states["printed"] == before + count, f"{before} + {count} printed, {states}")
            shares.append(f"{len(one)}+{len(other)}")
        double = self.odoo.query(
            """SELECT notice.name FROM followup_notice notice
                WHERE notice.state = 'printed' AND (notice.letter_batch_id IS NULL OR notice.sha256 IS NULL)"""
        )
        check(not double, f"printed without a batch or a fingerprint: {double}")
        print(
            f"two people print {count} letters at once, {rounds} rounds: each letter in one pile ({', '.join(shares)})"
        )

    def killed(self):
        self.letters(4)
        for step in STEPS:
            before = self.states()
            process = self.odoo.start(killed_at, step, user="base.user_admin")
            process.process.join(90)
            code = process.process.exitcode
            process.kill()
            check(code == -signal.SIGKILL, f"not killed at {step}: {code}")
            check(self.states() == before, f"killed at {step}: {before} became {self.states()}")
        printed = self.odoo.run(print_all, user="base.user_admin")
        check(len(printed) == 4, f"after the kills: {printed}")
        print(f"kill -9 at {len(STEPS)} steps of printing: the letters wait as before; then {counted(self.states())}")


def main(database):
    this = Check(database)
    this.odoo.run(open_all_hours)
    this.two_people()
    this.killed()


if __name__ == "__main__":
    main(*sys.argv[1:])
