"""The days after a night: messages leave through a real SMTP session, are delivered 48 hours later, and the next night.

Run with `dev/bench days [NUMBER]` (10,000 open items, five a customer). `SEND=1000` sends only so many of the messages
one by one through the mail server; the others are noted as sent by SQL. `PROFILE=step:file` profiles one step.
"""

import contextlib
import cProfile
import json
import os
import subprocess
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path

from books import advance, fill

NUMBER = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
SEND = int(os.environ.get("SEND", "1000"))
HERE = Path(sys.path[0])
#: Steps of the engine, of notices and of charges that are shown by themselves: (model, method), by what the table says.
STEPS = {
    "deliveries noted": ("followup.notice", "_confirm"),
    "items found": ("followup.engine", "_synchronise"),
    "charges follow their items": ("followup.charge", "_follow_items"),
    "who need not be decided": ("followup.engine", "_idle_customers"),
    "limitations noted": ("followup.engine", "_note_limitations"),
    "limitations warned of": ("followup.engine", "_warn_limitations"),
    "agreements, suspensions": ("followup.engine", "_follow_safely"),
    "items and customers read": ("followup.engine", "_select"),
    "decided": ("followup.engine", "_decide"),
    "notices, figures": ("followup.engine", "_apply"),
    "small charges, questions": ("followup.engine", "_follow_charges"),
    "calls planned": ("followup.notice", "_plan_calls"),
}


class Watch:
    """Seconds and queries of named steps; what a step calls of another counts there."""

    def __init__(self, env):
        self.cr, self.rows, self.stack = env.cr, {}, []
        for name, (model, method) in STEPS.items():
            cls = type(env[model])
            setattr(cls, method, self.wrapped(name, getattr(cls, method)))

    def wrapped(self, name, function):
        def run(*args, **kwargs):
            with self.step(name):
                return function(*args, **kwargs)

        return run

    @contextlib.contextmanager
    def step(self, name):
        start, inner = (time.monotonic(), self.cr.sql_log_count), [0.0, 0]
        self.stack.append(inner)
        try:
            yield
        finally:
            self.stack.pop()
            took = time.monotonic() - start[0], self.cr.sql_log_count - start[1]
            if self.stack:
                self.stack[-1][0] += took[0]
                self.stack[-1][1] += took[1]
            row = self.rows.setdefault(name, [0.0, 0])
            row[0] += took[0] - inner[0]
            row[1] += took[1] - inner[1]


class Processor:
    """Time of the processor in Python and in PostgreSQL, which other work on the machine changes less than the clock."""

    def __init__(self, cr):
        cr.execute("SELECT pg_backend_pid()")
        self.backend = Path(f"/proc/{cr.fetchone()[0]}/stat")

    def now(self):
        try:
            fields = self.backend.read_text().rsplit(")", 1)[1].split()
        except OSError:  # it runs elsewhere
            fields = ["0"] * 15
        return time.process_time(), (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def peak():
    with open("/proc/self/status") as status:
        return int(next(line for line in status if line.startswith("VmHWM")).split()[1]) // 1024


def measured(env, watch, name, function, number=None, steps=False):
    """One row of the table, and one for each step of it.

    :param number: how many messages it is about; a function, for what is known afterwards only
    """
    env.flush_all()
    env.invalidate_all()
    watch.rows.clear()
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")
    step, _colon, path = os.environ.get("PROFILE", "").partition(":")
    profile = cProfile.Profile() if path and step == name else contextlib.nullcontext()
    processor = Processor(env.cr)
    start, queries, before = time.monotonic(), env.cr.sql_log_count, processor.now()
    with profile, watch.step("rest"):
        function()
        env.flush_all()
        env.cr.commit()
    took, queries = time.monotonic() - start, env.cr.sql_log_count - queries
    python, database = (new - old for new, old in zip(processor.now(), before, strict=True))
    if path and step == name:
        profile.dump_stats(path)
    number = number() if callable(number) else number
    cells = [
        name, f"{number:,}" if number else "", f"{took:.2f}", f"{python:.2f}", f"{database:.2f}",
        f"{took * 1000 / number:.1f}" if number else "", f"{queries:,}", f"{queries / number:.1f}" if number else "", peak(),
    ]  # fmt: skip
    print("|", *(f"{cell} |" for cell in cells), flush=True)
    for own, (seconds, asked) in sorted(watch.rows.items(), key=lambda row: -row[1][0]) if steps else ():
        print(f"| - {own} | | {seconds:.2f} | | | | {asked:,} | | |", flush=True)


@contextlib.contextmanager
def mail_server(env):
    """A mail server in a process of its own, that Odoo sends through."""
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen(
            [sys.executable, str(HERE.parent / "dev/mailsink.py"), folder], stdout=subprocess.PIPE, text=True
        )
        try:
            port = json.loads(process.stdout.readline())["smtp_port"]
            env["ir.mail_server"].search([]).active = False
            env["ir.mail_server"].create(
                {"name": "bench", "smtp_host": "127.0.0.1", "smtp_port": port, "smtp_encryption": "none"}
            )
            env.cr.commit()
            yield Path(folder)
        finally:
            process.terminate()
            process.wait(10)


def sql(env, query, *args):
    env.flush_all()
    env.cr.execute(query, args)
    env.cr.commit()
    env.invalidate_all()


def queued(env, limit):
    """Let only so many of the messages wait in the queue."""
    sql(env, "UPDATE mail_mail SET scheduled_date = now() + interval '9 days' WHERE state = 'outgoing'")
    sql(
        env,
        """UPDATE mail_mail SET scheduled_date = NULL WHERE id IN (
               SELECT id FROM mail_mail WHERE state = 'outgoing' ORDER BY id LIMIT %s)""",
        limit,
    )


def claims_of_sent(env, skip):
    """What a message that left leads to, for those that did not go through the mail server."""
    notices = env["followup.notice"].search([("state", "=", "sent"), ("id", "not in", skip.ids)])
    for notice in notices:
        notice._after_sent()
        env.flush_all()
    env.cr.commit()
    env.invalidate_all()


def main(env):
    notices, engine, company = env["followup.notice"], env["followup.engine"], env.company
    company.write({"followup_send_any_day": True, "followup_send_from": 0.0, "followup_send_until": 24.0})
    company.followup_bounce_gateway = True
    today = fill(env, NUMBER)
    engine._synchronise(company)
    advance(env, today)
    watch = Watch(env)
    print(
        f"\n| {NUMBER:,} open items | messages | seconds | Python | PostgreSQL | ms each | queries | each | peak MB |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    measured(env, watch, "the night", lambda: engine._run_night(company, today), steps=True)
    with mail_server(env) as folder:
        for what, older in (("sent, prepared the same day", 0), ("sent, prepared the day before", 1)):
            if older:
                sql(env, "UPDATE followup_notice SET prepared_on = prepared_on - 1 WHERE state = 'queued'")
            queued(env, SEND)
            before = notices.search_count([("state", "=", "sent")])
            measured(
                env, watch, what, env["mail.mail"].process_email_queue,
                lambda before=before: notices.search_count([("state", "=", "sent")]) - before,
            )  # fmt: skip
        kept = len(list(folder.glob("*.eml")))
    real = notices.search([("state", "=", "sent")])
    assert len(real) == kept, (len(real), kept)
    measured(env, watch, "a night while they travel", lambda: engine._run_night(company, today), steps=True)
    # The others leave too, without the mail server; and two days go by.
    sql(env, "UPDATE followup_notice SET state = 'queued' WHERE state = 'review' AND channel = 'email'")
    sql(
        env,
        """UPDATE followup_notice SET state = 'sent', claim_date = now() AT TIME ZONE 'UTC',
                  sent_date = now() AT TIME ZONE 'UTC', attempts = 1, body = COALESCE(body, '<p>bench</p>')
            WHERE state = 'queued' AND channel = 'email'""",
    )
    measured(env, watch, "what follows from a message that left", lambda: claims_of_sent(env, real))
    days = 3
    for table, columns in (
        ("followup_notice", ("claim_date", "sent_date")),
        ("followup_customer", ("last_message_date",)),
    ):
        changes = ", ".join(f"{name} = {name} - interval '{days} days'" for name in columns)
        sql(env, "SET l10n_be_followup.purge = 'on'")
        sql(env, f"UPDATE {table} SET {changes}")
        sql(env, "SET l10n_be_followup.purge = 'off'")
    waiting = notices.search_count([("state", "=", "sent")])
    measured(env, watch, "deliveries noted, and the night", lambda: engine._run_night(company, today), waiting, True)
    assert not notices.search_count([("state", "=", "sent")])
    measured(env, watch, "the same night again", lambda: engine._run_night(company, today), steps=True)
    # Two weeks on: a third pays, with claims outstanding; the next level is due for the others.
    sql(
        env,
        """UPDATE account_move_line aml SET reconciled = TRUE, amount_residual = 0, amount_residual_currency = 0
             FROM followup_item item JOIN followup_customer customer ON customer.id = item.customer_id
            WHERE item.move_line_id = aml.id AND item.is_open AND customer.id %% 3 = 0""",
    )
    print(f"| - charges claimed | {env['followup.charge'].search_count([('state', '=', 'claimed')]):,} | | | | | |")
    later = today + timedelta(days=14)
    while not company._followup_is_working_day(later):
        later += timedelta(days=1)
    sql(env, "UPDATE res_company SET followup_freshness_days = 0")
    measured(env, watch, "the night two weeks on", lambda: engine._run_night(company, later), steps=True)
    print(f"| - charges claimed | {env['followup.charge'].search_count([('state', '=', 'claimed')]):,} | | | | | |")
    measured(env, watch, "the same night once more", lambda: engine._run_night(company, later), steps=True)


main(env)  # noqa: F821 - `dev/odoo shell` gives the environment
