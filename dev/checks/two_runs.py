"""Several processes at the same moment, and processes that are killed: one notice, one message, nothing lost."""

import collections
import pathlib
import random
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from support import Odoo, check, counted, make_customers, night, open_all_hours, queue, smtp_server

SEED = 20261118
CUSTOMERS = 40
#: A message passes here in well under this time; a process that is killed has this long to be somewhere else.
MOMENT = 0.6


def send_now(env):
    """The button *Send now* on every notice that has not left, as the user presses it."""
    from odoo.exceptions import UserError

    notices = env["followup.notice"].search([("state", "in", ("review", "queued")), ("channel", "=", "email")])
    pressed = 0
    for notice in notices:
        try:
            notice.action_send_now()
            pressed += 1
        except UserError:
            pass  # the queue was first
        env.cr.commit()
    return pressed


def prepare_by_hand(env):
    """The button *Send notice* for every customer, as the user presses it."""
    from odoo.exceptions import UserError

    for customer in env["followup.customer"].search([]):
        try:
            customer.action_prepare_notice()
        except UserError:
            env.cr.rollback()  # nothing to send: the night was first
        env.cr.commit()


class Check:
    def __init__(self, database, sink):
        self.sink = sink
        self.odoo = Odoo(database, sink.port)
        self.made = 0

    def customers(self, count=CUSTOMERS, unseen=False):
        self.odoo.run(make_customers, self.made, count, unseen)
        self.made += count

    def assert_one_notice_each(self, what):
        rows = self.odoo.query(
            """SELECT partner.email, count(notice.id) FROM res_partner partner
            LEFT JOIN followup_notice notice ON notice.partner_id = partner.id
                  AND notice.channel = 'email' AND notice.state NOT IN ('cancelled', 'failed', 'bounced')
                WHERE partner.email LIKE '%%@customers.example' GROUP BY partner.email HAVING count(notice.id) <> 1"""
        )
        check(not rows, f"{what}: customers without exactly one notice: {rows[:5]} ({len(rows)})")
        [[lines]] = self.odoo.query(
            "SELECT count(*) FROM (SELECT item_id FROM followup_notice_line WHERE live AND advances GROUP BY 1 HAVING count(*) > 1) x"
        )
        check(not lines, f"{what}: {lines} items in two notices")

    def received(self):
        return collections.Counter(self.sink.recipients())

    def assert_nobody_twice(self, what):
        twice = {address: count for address, count in self.received().items() if count > 1}
        check(not twice, f"{what}: more than one message: {twice}")

    def assert_one_message_each(self, what):
        self.assert_nobody_twice(what)
        missing = self.made - len(self.received())
        check(not missing, f"{what}: {missing} of {self.made} customers got no message; notices: {self.states()}")
        check(self.states() == {"sent": self.made}, f"{what}: {self.states()}")

    def states(self):
        return dict(
            self.odoo.query("SELECT state, count(*) FROM followup_notice WHERE channel = 'email' GROUP BY state")
        )

    def drain(self):
        """What Odoo does later: the queue runs until nothing that may leave is left."""
        for _attempt in range(4):
            self.odoo.run(queue)
            if not self.odoo.query("SELECT 1 FROM mail_mail WHERE state = 'outgoing' LIMIT 1"):
                return

    # Same moment

    def same_moment(self, rounds=2):
        for number in range(rounds):
            self.customers(unseen=number % 2 == 0)
            self.odoo.together((night, (), None), (night, (), None))
            self.assert_one_notice_each(f"two nights, round {number + 1}")
            self.odoo.together((queue, (), None), (queue, (), None))
            self.drain()
            self.assert_one_message_each(f"two queues, round {number + 1}")
        print(
            f"two processes at once: {rounds} rounds of night + night and queue + queue, "
            f"{self.made} customers, {self.made} notices, {len(self.sink.messages)} messages, nobody twice"
        )

    def buttons(self, rounds=1):
        before = self.made
        for number in range(rounds):
            self.customers()
            self.odoo.together((night, (), None), (prepare_by_hand, (), "base.user_admin"))
            self.assert_one_notice_each(f"night and Send notice, round {number + 1}")
            self.odoo.together(
                (queue, (), None), (send_now, (), "base.user_admin"), (night, (), None), (queue, (), None)
            )
            self.drain()
            self.odoo.run(send_now, user="base.user_admin")
            self.assert_one_message_each(f"queue and Send now, round {number + 1}")
        print(f"night + Send notice, queue + queue + night + Send now: {rounds} rounds, {self.made - before} customers")

    def written_meanwhile(self, count=8):
        """Somebody writes to a customer while the mail server has his message in hands: its answer must not be lost."""
        self.customers(count)
        self.odoo.run(night)
        writers = []

        def on_data(envelope):
            writer = threading.Thread(
                target=self.odoo.query,
                args=(
                    """UPDATE followup_customer customer SET write_date = now() AT TIME ZONE 'UTC' FROM res_partner partner
                        WHERE partner.id = customer.partner_id AND partner.email = %s""",
                    [envelope.rcpt_tos[0]],
                ),
            )
            writer.start()
            writers.append(writer)
            time.sleep(0.1)

        self.sink.on_data = on_data
        self.odoo.run(queue)
        self.sink.on_data = None
        for writer in writers:
            writer.join(20)
        check(len(writers) == count, f"{len(writers)} messages for {count} customers in one pass of the queue")
        self.assert_one_message_each("written meanwhile")
        print(f"customer written while his message was at the mail server: {count} times, every answer noted")

    # Killed

    def kill_nights(self, times=5):
        """At random moments between the first and the last thing that a night does."""
        rng = random.Random(SEED)
        before = self.made
        self.customers()
        started = time.monotonic()
        self.odoo.run(night)
        length = time.monotonic() - started
        killed = 0
        for _time in range(times):
            self.customers(15)
            process = self.odoo.start(night)
            process.process.join(rng.uniform(0.05, 0.95) * length)
            killed += process.alive
            process.kill()
        check(killed >= times // 2, f"only {killed} of {times} nights were killed before their end ({length:.1f} s)")
        self.odoo.run(night)
        self.assert_one_notice_each("killed nights")
        self.drain()
        self.assert_one_message_each("killed nights")
        print(
            f"kill -9 in the night: {killed} times, then one more run: {self.made - before} customers, one notice each"
        )

    def kill_queues(self, times=8):
        """At random moments, and exactly at the final dot: before the server kept the message, and after."""
        rng = random.Random(SEED + 1)
        self.customers(50)
        self.odoo.run(night)
        self.assert_one_notice_each("before the queue is killed")
        killed = collections.Counter()
        for number in range(times):
            moment = ("random", "before", "after", "random")[number % 4]
            process = self.at_the_dot(moment, rng.randint(1, 6)) if moment != "random" else self.odoo.start(queue)
            if moment == "random":
                time.sleep(rng.uniform(0.05, MOMENT))
            else:
                process.process.join(20)
            killed[moment] += process.process.exitcode != 0
            process.kill()
            self.sink.on_data = None
            self.assert_nobody_twice(f"queue killed, time {number + 1}")
        for moment in ("before", "after"):
            check(killed[moment] == times // 4, f"killed at the final dot ({moment}) {killed[moment]} times")
        self.drain()
        # An hour later the night calls a claim without a result unknown.
        self.odoo.query(
            "UPDATE followup_notice SET claim_date = claim_date - interval '2 hours' WHERE state = 'sending'"
        )
        self.odoo.run(night)
        self.drain()
        self.odoo.run(night)
        self.drain()
        self.assert_nobody_twice("killed queues")
        states = self.states()
        unknown = states.pop("unknown", 0)
        check(states == {"sent": self.made - unknown}, f"killed queues: {self.states()}")
        without = {
            row[0]
            for row in self.odoo.query(
                """SELECT partner.email FROM followup_notice notice JOIN res_partner partner ON partner.id = notice.partner_id
                    WHERE notice.state = 'unknown'"""
            )
        }
        got = set(self.received())
        everybody = {
            row[0] for row in self.odoo.query("SELECT email FROM res_partner WHERE email LIKE '%@customers.example'")
        }
        lost = everybody - got - without
        check(not lost, f"neither a message nor a visible state: {sorted(lost)[:5]}")
        check(unknown <= sum(killed.values()), f"{unknown} unknown after {sum(killed.values())} kills")
        check(
            unknown >= killed["before"] + killed["after"], f"only {unknown} unknown: a kill at the dot went unnoticed"
        )
        tasks = self.odoo.query(
            """SELECT count(*) FROM followup_notice notice JOIN followup_customer customer ON customer.id = notice.customer_id
                WHERE notice.state = 'unknown' AND customer.state = 'failed'
                  AND EXISTS (SELECT FROM mail_activity WHERE res_model = 'followup.customer' AND res_id = customer.id)"""
        )[0][0]
        check(tasks == unknown, f"{unknown} unknown notices but {tasks} tasks for a person")
        print(
            f"kill -9 in the queue: {sum(killed.values())} times ({counted(killed)}): nobody twice, "
            f"{unknown} unknown with a task for a person (of them {len(without & got)} received), the others sent"
        )

    def at_the_dot(self, moment, number):
        """A queue that is killed while the mail server has its `number`-th message in hands."""
        seen = []
        ready = threading.Event()

        def on_data(envelope):
            ready.wait(10)
            seen.append(envelope)
            if len(seen) == number:
                import os
                import signal

                os.kill(process.pid, signal.SIGKILL)
                return "451 not kept" if moment == "before" else None
            return None

        self.sink.on_data = on_data
        process = self.odoo.start(queue)
        ready.set()
        return process


def main(database):
    sink = smtp_server().start()
    try:
        this = Check(database, sink)
        this.odoo.run(open_all_hours)
        this.same_moment()
        this.buttons()
        this.written_meanwhile()
        this.kill_nights()
        this.kill_queues()
    finally:
        sink.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
