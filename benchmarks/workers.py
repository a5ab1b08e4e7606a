"""One night on a database that `dev/bench-workers` filled: by Odoo's cron alone (0), or by a number of job workers."""

import os
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "dev" / "checks"))
from queue_workers import Server, until
from support import Odoo, night


def main(database, log, number, workers):
    workers = int(workers)
    odoo = Odoo(database)

    def a_job_runner():
        return odoo.query("SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 1")

    def the_end_of_the_run():
        return odoo.query("SELECT state FROM followup_run WHERE state <> 'running'")

    def measure():
        load = os.getloadavg()[0]
        start = time.monotonic()
        odoo.run(night)
        until(the_end_of_the_run, 3600)
        total = time.monotonic() - start
        [[customers, notices, batches, processes, working]] = odoo.query(
            """SELECT max(run.customer_count), max(run.notice_count), count(*), count(DISTINCT batch.worker),
                      extract(epoch FROM max(batch.ended) - min(batch.started))
                 FROM followup_run run JOIN followup_run_batch batch ON batch.run_id = run.id"""
        )
        what = f"job queue, {workers} at a time" if workers else "the scheduled action alone"
        print(
            f"| {what} | {int(number):,} | {customers:,} | {notices:,} | {batches} | {processes} | {working:.0f} | {total:.1f} "
            f"| {load:.1f} to {os.getloadavg()[0]:.1f} |",
            flush=True,
        )

    if not workers:
        print("| by | open items | customers | notices | batches | processes | batches (s) | all (s) | load |")
        print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
        return measure()
    with Server(database, log, jobs=workers, workers=workers + 1, crons=1):
        until(a_job_runner)
        measure()


if __name__ == "__main__":
    main(*sys.argv[1:])
