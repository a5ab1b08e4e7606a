"""Two cron workers, then two workers of the job queue, in a real server; one is killed in the middle of its job."""

import collections
import contextlib
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from support import Odoo, check, make_customers, night, open_all_hours, queue, smtp_server

CUSTOMERS = 40
#: Customers a batch: few for the cron workers, so that the second is awake before all is done; the least for a job.
CRON_SIZE, JOB_SIZE = 3, 10
PATIENCE = 240


class Server:
    """`odoo` as it runs in production: HTTP workers, cron workers, job runner."""

    def __init__(self, database, log, jobs=2, workers=3, crons=2, smtp_port=None):
        self.database, self.log = database, log
        # Odoo starts its event worker with the same script, so `-m odoo` will not do.
        script = pathlib.Path(log).with_name("odoo-bin")
        script.write_text("from odoo.cli.command import main\n\nmain()\n")

        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.command = [
            *(sys.executable, str(script), "-c", os.environ["ODOO_RC"], "-d", database, "--log-level=info"),
            *(f"--workers={workers}", f"--max-cron-threads={crons}", "--load=base,rpc,web,queue_job"),
            *("--http-interface=127.0.0.1", f"--http-port={port}", f"--gevent-port={port + 1}"),
            *("--limit-time-cpu=600", "--limit-time-real=600"),
        ]
        if smtp_port:
            self.command += ["--smtp=127.0.0.1", f"--smtp-port={smtp_port}"]
        self.environment = dict(
            os.environ, ODOO_QUEUE_JOB_CHANNELS=f"root:4,root.followup:{jobs}", ODOO_QUEUE_JOB_PORT=str(port)
        )

    def __enter__(self):
        with open(self.log, "w") as log:
            self.process = subprocess.Popen(
                self.command,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        return self

    def __exit__(self, *_error):
        self.process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(20)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)


def until(what, patience=PATIENCE, pause=0.05):
    """:return: the first answer of `what()` that is true"""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        if answer := what():
            return answer
        time.sleep(pause)
    raise SystemExit(f"FAILED: {what.__name__} did not come within {patience} s")


def small_batches(env):
    env["ir.config_parameter"].set_param("l10n_be_followup.batch_size", CRON_SIZE)
    env["res.company"].search([]).write({"followup_job_size": JOB_SIZE, "followup_by_jobs": False})
    # Nothing but what this check calls: no other scheduled action of a fresh database.
    ours = env.ref("l10n_be_followup.ir_cron_followup_night") | env["followup.engine"]._helpers()
    ours.nextcall = "2099-01-01 00:00:00"
    (env["ir.cron"].search([]) - ours).active = False
    env["ir.cron.trigger"].search([]).unlink()
    env.cr.commit()


def by_jobs(env):
    env["res.company"].search([]).followup_by_jobs = True
    env.cr.commit()


class Check:
    def __init__(self, database, log, sink):
        self.odoo, self.sink, self.log, self.made = Odoo(database, sink.port), sink, log, 0
        self.database = database

    def customers(self):
        self.odoo.run(make_customers, self.made, CUSTOMERS)
        self.made += CUSTOMERS

    def newest_run(self):
        return self.odoo.query(
            """SELECT run.id, run.state, run.notice_count, run.customer_count - COALESCE(run.idle_count, 0), count(batch.id)
                 FROM followup_run run LEFT JOIN followup_run_batch batch ON batch.run_id = run.id
                WHERE run.preview IS NOT TRUE GROUP BY run.id ORDER BY run.id DESC LIMIT 1"""
        )[0]

    def one_notice_each(self, what):
        rows = self.odoo.query(
            """SELECT partner.email, count(notice.id) FROM res_partner partner
                 LEFT JOIN followup_notice notice ON notice.partner_id = partner.id AND notice.channel = 'email'
                WHERE partner.email LIKE '%%@customers.example' GROUP BY partner.email HAVING count(notice.id) <> 1"""
        )
        check(not rows, f"{what}: customers without exactly one notice: {rows[:5]} ({len(rows)})")

    def wake(self, channel, payload):
        """What PostgreSQL tells the listening workers when a cron is triggered or a job changes."""
        import psycopg2

        name = "postgres" if channel == "cron_trigger" else self.database
        with contextlib.closing(psycopg2.connect(dbname=name)) as connection:
            connection.autocommit = True
            connection.cursor().execute("SELECT pg_notify(%s, %s)", [channel, payload])

    def cron_workers(self):
        """Odoo's own cron workers: one begins the night, the other is woken and takes batches too."""
        self.customers()
        self.odoo.query(
            """UPDATE ir_cron SET nextcall = now() AT TIME ZONE 'UTC' - interval '1 minute'
                WHERE cron_name = 'Follow-up: nightly run'"""
        )
        self.wake("cron_trigger", self.database)

        def the_night_of_cron_workers():
            rows = self.odoo.query("SELECT state FROM followup_run WHERE preview IS NOT TRUE")
            return rows and all(row[0] != "running" for row in rows)

        until(the_night_of_cron_workers)
        self.one_notice_each("cron workers")
        runs = self.odoo.query("SELECT state FROM followup_run WHERE preview IS NOT TRUE")
        workers = self.odoo.query(
            "SELECT worker, count(*), sum(customer_count) FROM followup_run_batch GROUP BY worker ORDER BY 2 DESC"
        )
        _id, state, notices, decided, batches = self.newest_run()
        check(len(runs) == 1 and state == "done", f"runs of one night: {runs}")
        check(notices == decided == CUSTOMERS, f"{notices} notices, {decided} customers decided of {CUSTOMERS}")
        check(len(workers) == 2, f"the night was not shared: {workers}")
        print(
            f"cron workers: one run, {batches} batches done by {len(workers)} processes "
            f"({' and '.join(str(count) for _worker, count, _sum in workers)}), {CUSTOMERS} customers once each"
        )

    def job_workers(self):
        """Two jobs at a time; one of their workers is killed as soon as it is seen at work, and the cron comes by."""
        self.customers()
        self.odoo.run(by_jobs)

        def a_job_runner():
            return self.odoo.query(
                "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 1 AND database = "
                "(SELECT oid FROM pg_database WHERE datname = current_database())"
            )

        until(a_job_runner)
        self.odoo.run(night)
        run_id = self.newest_run()[0]

        def a_job_at_work():
            rows = self.odoo.query(
                "SELECT id, worker_pid FROM queue_job WHERE followup_run_id = %s AND state = 'started'", [run_id]
            )
            return rows and rows[0]

        job_id, pid = until(a_job_at_work, pause=0)
        os.kill(pid, signal.SIGKILL)
        killed = time.monotonic()
        self.odoo.run(night)  # somebody starts the scheduled action by hand, beside the jobs
        check(self.newest_run()[0] == run_id, "the scheduled action began a second night beside the jobs")

        def the_end_of_the_run():
            if time.monotonic() - killed > 11:  # the runner calls a job dead after ten seconds, when something moves
                self.wake("queue_job", "nothing")
                time.sleep(0.5)
            return self.newest_run()[1] != "running"

        until(the_end_of_the_run)
        took = time.monotonic() - killed
        _id, state, notices, decided, batches = self.newest_run()
        check(state == "done", f"the run of the jobs ended {state}: see {self.log}")
        check(notices == decided == CUSTOMERS, f"{notices} notices, {decided} customers decided of {CUSTOMERS}")
        self.one_notice_each("job workers")
        jobs = self.odoo.query("SELECT state, count(*) FROM queue_job WHERE followup_run_id = %s GROUP BY 1", [run_id])
        check(jobs == [("done", batches)], f"jobs: {jobs} for {batches} batches")
        [[tries]] = self.odoo.query("SELECT retry FROM queue_job WHERE id = %s", [job_id])
        check(tries >= 2, f"the killed job was not given out again: {tries} tries")
        workers = self.odoo.query("SELECT DISTINCT worker FROM followup_run_batch WHERE run_id = %s", [run_id])
        check(len(workers) >= 2, f"one worker did all: {workers}")
        print(
            f"job queue: {batches} jobs by {len(workers)} processes, one killed with -9 at work and given out again, "
            f"run closed {took:.0f} s later, {CUSTOMERS} customers once each"
        )

    def messages(self):
        """Odoo's mail queue stays what it is; two of them at once are the business of `two-runs`."""
        for _attempt in range(3):
            if not self.odoo.query("SELECT 1 FROM mail_mail WHERE state = 'outgoing' LIMIT 1"):
                break
            self.odoo.run(queue)
        got = collections.Counter(self.sink.recipients())
        check(len(got) == self.made, f"{len(got)} of {self.made} customers got a message")
        check(set(got.values()) == {1}, f"more than one: {got.most_common(3)}")
        print(f"mail queue: {len(got)} customers, {len(self.sink.messages)} messages, nobody twice")


def main(database, log):
    sink = smtp_server().start()
    try:
        this = Check(database, log, sink)
        this.odoo.run(open_all_hours)
        this.odoo.run(small_batches)
        with Server(database, log, smtp_port=sink.port):
            this.cron_workers()
            this.job_workers()
        this.messages()
    finally:
        sink.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
