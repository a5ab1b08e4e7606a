"""The machine of the chaos suite: customers, processes under fault, the passing of time, and the oracle after each fault."""

import collections
import pathlib
import random
import signal
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
sys.path.insert(0, str(pathlib.Path(__file__).parent))
from faults import Faults, under
from oracle import Oracle
from support import fork, make_customers, night, queue

#: Customers of one transaction of a night: small, so that a night has several.
BATCH = 5
#: So long a process waits for the answer of a mail server that never comes, in seconds; a busy machine is not so slow.
PATIENCE = 4.0


def make(env, first, count, unseen):
    """Customers of whom every fourth, a business, wants a copy for somebody else."""
    make_customers(env, first, count, unseen)
    names = [f"Customer {number:03d}" for number in range(first, first + count) if number % 4 == 0]
    env["res.partner"].create(
        [
            {
                "name": f"{partner.name}, copy",
                "parent_id": partner.id,
                "type": "other",
                "email": partner.email.replace("customer", "copy"),
                "followup_copy": True,
            }
            for partner in env["res.partner"].search([("name", "in", names)])
        ]
    )
    env.cr.commit()


class Wrong(Exception):
    """The oracle's answer: something that must never be."""


class Summary:
    def __init__(self):
        self.points = 0
        self.kills = 0
        self.faults = collections.Counter()
        self.customers = 0


class Chaos:
    """One scene: a database in which the add-on lives, a mail server, and a seed of its own."""

    def __init__(self, odoo, server, seed, scene, summary, short=False):
        self.odoo = odoo
        self.server = server
        self.rng = random.Random(f"{seed} {scene}")
        self.scene = scene
        self.summary = summary
        self.short = short
        self.oracle = Oracle(odoo.query, server)
        self.pool = []
        self.owed = []
        self.refused = set()
        self.unsure = set()
        self.last = scene
        self.options = {"batch": BATCH, "timeout": PATIENCE if scene == "bad-server" else 60}

    # Customers

    def reserve(self, count):
        """Make customers whose invoices are marked *No Follow-Up* for now: one go is quicker than many."""
        self.pool += self._make(count, unseen=True)
        self._mark(self.pool, True)

    def customers(self, count, unseen=False):
        """Customers who are owed one message from now on.

        :param unseen: follow-up has not heard of their invoices yet
        :return: their names
        """
        if unseen or len(self.pool) < count:
            names = self._make(count, unseen)
        else:
            names, self.pool = self.pool[:count], self.pool[count:]
            self._mark(names, False)
        self.owed += names
        return names

    def _make(self, count, unseen):
        first = self.summary.customers
        self.odoo.run(make, first, count, unseen)
        self.summary.customers += count
        return [f"Customer {number:03d}" for number in range(first, first + count)]

    def _mark(self, names, no_followup):
        self.odoo.query(
            """UPDATE account_move_line line SET no_followup = %s FROM res_partner partner
                WHERE partner.id = line.partner_id AND partner.name = ANY(%s)""",
            [no_followup, list(names)],
        )

    def retire(self):
        """The customers of before have what they should have: they are out of the way of what follows."""
        self._mark(self.owed, True)
        self.owed = []
        self.refused = set()
        self.unsure = set()

    # Processes

    def events_of(self, function, *arguments, user=None):
        """The names of the events of a process without a fault."""
        return self.odoo.run(under, Faults(), self.options, function, *arguments, user=user)[0]

    def quietly(self, function, *arguments, user=None):
        """Run a process that meets a bad mail server: what it logs is part of the story."""
        process = self.odoo.start(under, Faults(), self.options, function, *arguments, user=user)
        code, answer = process.outcome()
        if code:
            raise Wrong(f"scene {self.scene}: ended with {code}, {answer}")

    def fault(self, action, point, function, *arguments, user=None):
        """Run a process with a fault at a point.

        :return: whether the fault happened
        """
        fired = fork.Value("i", 0)
        process = self.odoo.start(under, Faults(action, point, fired), self.options, function, *arguments, user=user)
        code, answer = process.outcome()
        killed = code == -signal.SIGKILL
        if killed != (action == "kill" and bool(fired.value)):
            raise Wrong(f"{self.where(action, point)}: ended with {code}, {answer}")
        if fired.value:
            self.summary.points += 1
            self.summary.kills += killed
            self.summary.faults[action] += 1
        rows = self.odoo.query(
            """SELECT partner.name, notice.state FROM followup_notice notice JOIN res_partner partner ON partner.id = notice.partner_id
                WHERE notice.state IN ('sending', 'unknown')"""
        )
        open_claims = {name for name, state in rows if state == "sending"}
        if killed:
            # Nobody is left who could know: the claim is all there is.
            self.unsure |= open_claims
        else:
            # The process is alive, and the mail server said what it had to say.
            wrong = [(name, f"is {state}") for name, state in rows if name in self.owed and name not in self.unsure]
            self.judge(wrong, f"{self.where(action, point)}: {answer}")
        self.last = self.where(action, point)
        return bool(fired.value)

    def where(self, action, point):
        return f"scene {self.scene}, {action} at {point}"

    # Time

    def settle(self, rounds=3):
        """What comes by itself: an hour passes, the retries of the queue fall due, a night and the queue run."""
        for _round in range(rounds):
            self.an_hour_passes()
            self.odoo.run(night)
            self.drain()
            if not self.waiting():
                break
        self.an_hour_passes()
        self.odoo.run(night)

    def drain(self, passes=20):
        """The queue, again and again, as its own triggers ask: a broken session ends a pass."""
        for _pass in range(passes):
            self.quietly(queue)
            if not self.waiting("AND (scheduled_date IS NULL OR scheduled_date <= now() AT TIME ZONE 'UTC')"):
                break

    def waiting(self, when=""):
        return self.odoo.query(
            f"""SELECT 1 FROM mail_mail WHERE state = 'outgoing' {when}
                AND (followup_notice_id IS NOT NULL OR followup_copy_notice_id IS NOT NULL) LIMIT 1"""
        )

    def an_hour_passes(self):
        for sql in (
            "UPDATE followup_notice SET claim_date = claim_date - interval '2 hours' WHERE state = 'sending'",
            "UPDATE mail_mail SET scheduled_date = scheduled_date - interval '1 day' WHERE state = 'outgoing'",
            """UPDATE mail_mail SET write_date = write_date - interval '2 hours'
                WHERE state = 'exception' AND followup_copy_notice_id IS NOT NULL""",
        ):
            self.odoo.query(sql)

    def heal(self):
        """Retries fall due, as often as the queue takes to try again by itself."""
        for _time in range(3):
            self.settle(1)

    # The oracle

    def judge(self, wrong, what):
        if wrong:
            told = "\n".join(f"  {customer}: {text}" for customer, text in wrong[:10])
            more = f"\n  and {len(wrong) - 10} more" if len(wrong) > 10 else ""
            raise Wrong(f"{what}:\n{told}{more}")

    def right_now(self, what=""):
        """Right after a fault."""
        self.judge(self.oracle.always(), what or self.last)

    def all_right(self, what=""):
        """After the next night and pass of the queue: everybody has his message, or a visible state.

        :return: Counter of the states of the messages of this scene
        """
        self.settle()
        wrong, states = self.oracle.owed_one(self.owed, self.refused, self.unsure)
        self.judge(self.oracle.settled() + wrong, what or self.last)
        return states

    def say(self, text):
        print(f"{self.scene}: {text}", flush=True)
