"""Two people hand the same letters to the post at once: each leaves once. Killed meanwhile: none leaves twice."""

import os
import pathlib
import signal
import sys
from collections import Counter
from datetime import timedelta

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from support import DEV, Odoo, check, counted, load, make_customers, night, open_all_hours
from two_prints import approve, on_paper

#: What a process is killed before, and the letters that the service has by then of four.
STEPS = {
    "_make_pages": 0,
    "_document_for_post": 0,
    "_reserve_customer": 0,
    "_offer_to_snailmail": 0,
    "_note_posted": 1,
    "_action_handed": 4,
}


def choose(env, url):
    # Who got a letter gets no second one: each round has customers of its own.
    env.ref("base.main_company").root_id.write({"followup_snailmail": True, "followup_min_gap": 5})
    env["res.partner"].search([("name", "like", "Customer ")]).country_id = env.ref("base.be")
    env["ir.config_parameter"].set_param("snailmail.endpoint", url)
    env.cr.commit()


def hand_all(env):
    waiting = env["followup.notice"].search([("channel", "=", "letter"), ("state", "=", "queued")])
    if waiting:
        waiting.action_hand_to_post()
    env.cr.commit()


def go_on(env):
    """What the job does afterwards, and what an hour does to an old claim."""
    env["followup.notice"]._cron_hand_to_post()
    env["snailmail.letter"]._snailmail_cron()
    company = env.ref("base.main_company")
    later = env.cr.now() + timedelta(hours=2)
    env["followup.notice"]._confirm(company, later)
    env["followup.notice"]._cron_hand_to_post()
    env.cr.commit()


def killed_at(env, method):
    for name in ("followup.letter.batch", "followup.notice"):
        model = type(env[name])
        if hasattr(model, method):
            setattr(model, method, lambda *_arguments, **_options: os.kill(os.getpid(), signal.SIGKILL))
    hand_all(env)


class Check:
    def __init__(self, database, service):
        self.odoo = Odoo(database)
        self.service = service
        self.made = 0

    def letters(self, count):
        self.odoo.query("UPDATE followup_item SET is_open = FALSE")
        self.odoo.run(make_customers, self.made, count)
        self.odoo.run(on_paper)
        self.odoo.run(choose, self.service.url)
        self.made += count
        self.odoo.run(night)
        self.odoo.run(approve)
        check(self.states().get("queued") == count, f"{count} letters expected, {self.states()}")

    def states(self):
        return Counter(
            dict(self.odoo.query("SELECT state, count(*) FROM followup_notice WHERE channel = 'letter' GROUP BY state"))
        )

    def once(self):
        """:return: how many letters the service has, each once"""
        times = Counter(document["res_id"] for document in self.service.taken)
        check(not times or max(times.values()) == 1, f"posted twice: {times}")
        return len(times)

    def two_people(self, rounds=3, count=8):
        for number in range(1, rounds + 1):
            self.letters(count)
            self.odoo.together((hand_all, (), "base.user_admin"), (hand_all, (), "base.user_admin"))
            self.odoo.run(hand_all, user="base.user_admin")
            self.odoo.run(go_on)
            check(self.once() == number * count, f"{self.once()} of {number * count} posted, {self.states()}")
            check(self.states() == {"delivered": number * count}, f"after {number} rounds: {self.states()}")
        print(
            f"two people hand over {count} letters at once, {rounds} rounds: each left once ({counted(self.states())})"
        )

    def killed(self, count=4):
        for step, taken in STEPS.items():
            had, before = self.once(), self.states()
            self.letters(count)
            process = self.odoo.start(killed_at, step, user="base.user_admin")
            process.process.join(90)
            code = process.process.exitcode
            process.kill()
            check(code == -signal.SIGKILL, f"not killed at {step}: {code}")
            check(self.once() == had + taken, f"killed at {step}: {self.once() - had} posted")
            self.odoo.run(go_on)
            self.odoo.run(hand_all, user="base.user_admin")
            after = self.states()
            claimed = step in ("_reserve_customer", "_offer_to_snailmail", "_note_posted")
            unknown = after["unknown"] - before["unknown"]
            check(unknown == claimed, f"killed at {step}: {unknown} unknown, {after}")
            posted = after["delivered"] - before["delivered"]
            check(posted == count - claimed, f"killed at {step}: {posted} delivered, {after}")
            check(self.once() == had + count - claimed + (step == "_note_posted"), f"killed at {step}: not each once")
        print(f"kill -9 at {len(STEPS)} steps of handing over: none left twice, then {counted(self.states())}")


def main(database):
    # Under the name by which the print service asks for it: the tests themselves need a running Odoo.
    server = "odoo.addons.l10n_be_followup.tests.iap_server"
    sys.modules[server] = load(server, DEV.parent / "tests" / "iap_server.py")
    path = DEV.parent / "bridges" / "l10n_be_followup_snailmail" / "tests" / "print_service.py"
    service = load("followup_print_service", path).PrintService().start()
    this = Check(database, service)
    this.odoo.run(open_all_hours)
    this.two_people()
    this.killed()
    service.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
