"""Real processes on a real database, for the checks in this folder.

Odoo is loaded once and forked, as its own prefork server does: a worker has its own connections and its own
memory, and starts within milliseconds, so that a barrier lets several begin at the same moment.
"""

import contextlib
import functools
import logging
import multiprocessing
import os
import pathlib
import signal
import sys
import threading
import traceback

import psycopg2

DEV = pathlib.Path(__file__).resolve().parents[1]
PATIENCE = 180
#: Odoo logs an error when a mail server refuses a recipient; here that is part of the story.
EXPECTED_ERRORS = ("No such mailbox here",)
fork = multiprocessing.get_context("fork")


def load(name, path):
    """A module of the checkout by its path; the checkout itself must not be importable by accident."""
    import importlib.util

    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def smtp_server():
    """The tests' own mail server: keeps what it accepts, refuses or breaks on demand."""
    return load("followup_smtp", DEV.parent / "tests" / "smtp.py").MailSink()


def check(condition, text):
    if not condition:
        raise SystemExit(f"FAILED: {text}")


class Process:
    """A running worker: `kill()` is SIGKILL, `result()` waits for the answer and raises when it failed."""

    def __init__(self, function, arguments):
        self.name = getattr(function, "__name__", "worker")
        self._receiver, sender = fork.Pipe(duplex=False)
        sys.stdout.flush()
        sys.stderr.flush()
        self.process = fork.Process(target=_work, args=(sender, function, arguments), daemon=True)
        self.process.start()
        self.pid = self.process.pid
        sender.close()

    def kill(self):
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        self.process.join(PATIENCE)

    @property
    def alive(self):
        return self.process.is_alive()

    def result(self):
        try:
            if not self._receiver.poll(PATIENCE):
                self.kill()
                raise SystemExit(f"FAILED: {self.name} did not end within {PATIENCE} s")
            good, answer = self._receiver.recv()
        except EOFError:
            good, answer = False, f"{self.name} ended without an answer"
        self.process.join(PATIENCE)
        if not good:
            raise SystemExit(f"FAILED in the process {self.name}:\n{answer}")
        return answer

    def outcome(self):
        """How it ended, without raising: `(exit code, answer or the error that ended it)`.

        -9: it was killed. What it logged is of no interest: under a fault errors are to be expected.
        """
        answer = None
        try:
            if not self._receiver.poll(PATIENCE):
                self.kill()
                raise SystemExit(f"FAILED: {self.name} did not end within {PATIENCE} s")
            answer = self._receiver.recv()[1]
        except EOFError:
            pass
        self.process.join(PATIENCE)
        return self.process.exitcode, answer


class Errors(logging.Handler):
    """What a worker logged as an error is a failure, but for the conflicts that PostgreSQL reports and Odoo retries."""

    def __init__(self):
        super().__init__(logging.ERROR)
        self.texts = []

    def emit(self, record):
        text = self.format(record)
        if record.name != "odoo.sql_db" and not any(expected in text for expected in EXPECTED_ERRORS):
            self.texts.append(text)


def _work(sender, function, arguments):
    if log := os.environ.get("CHECK_LOG"):
        # Where errors are part of the story their reports go to a file of their own.
        with open(log, "ab") as file:
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)
    errors = Errors()
    logging.getLogger().addHandler(errors)
    try:
        answer = (True, function(*arguments))
    except BaseException:
        answer = (False, traceback.format_exc())
    if answer[0] and errors.texts:
        answer = (False, "it logged an error:\n" + "\n".join(errors.texts))
    sender.send(answer)
    sender.close()
    # No clean-up of what the parent has open.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


class Odoo:
    """Odoo with one database: loaded when it is first needed, and never used in this process itself."""

    def __init__(self, database, smtp_port=None):
        self.database = database
        self.smtp_port = smtp_port

    @functools.cached_property
    def registry(self):
        from odoo import sql_db
        from odoo.modules.registry import Registry
        from odoo.tools import config

        options = ["-d", self.database, "--log-level=warn", "--http-interface=127.0.0.1"]
        if self.smtp_port:
            options += ["--smtp", "127.0.0.1", "--smtp-port", str(self.smtp_port)]
            options += ["--email-from", "check@followup.example"]
        config.parse_config(options, setup_logging=True)
        logging.getLogger("mail.log").setLevel(logging.ERROR)  # the SMTP server's own talk
        registry = Registry(self.database)
        sql_db.close_all()  # a connection must not be shared by two processes
        return registry

    def start(self, function, *arguments, user=None, barrier=None):
        """Run `function(env, *arguments)` in a process of its own and commit; a function of this module's users."""

        registry = self.registry

        def worker():
            from odoo import api
            from odoo.service.model import retrying

            threading.current_thread().dbname = self.database
            registry.check_signaling()
            with registry.cursor() as cr:
                env = api.Environment(cr, api.SUPERUSER_ID, {})
                if user:
                    found = env.ref(user) if isinstance(user, str) else env["res.users"].browse(user)
                    env = api.Environment(cr, found.id, {"allowed_company_ids": found.company_ids.ids})
                    env.user.company_id.id  # read before the moment of truth  # noqa: B018
                cr.rollback()
                if barrier:
                    barrier.wait(PATIENCE)
                # A button is a request: Odoo tries it again after a conflict of transactions.
                return retrying(lambda: function(env, *arguments), env) if user else function(env, *arguments)

        worker.__name__ = getattr(function, "__name__", "worker")
        return Process(worker, ())

    def run(self, function, *arguments, user=None):
        return self.start(function, *arguments, user=user).result()

    def together(self, *tasks):
        """Start several (function, arguments, user) at the same moment and return their answers."""
        barrier = fork.Barrier(len(tasks))
        running = [self.start(function, *arguments, user=user, barrier=barrier) for function, arguments, user in tasks]
        return [process.result() for process in running]

    def query(self, sql, parameters=None):
        """Rows as PostgreSQL has them, past Odoo. `UPDATE` and the like are committed."""
        with contextlib.closing(psycopg2.connect(dbname=self.database)) as connection:
            connection.autocommit = True
            cursor = connection.cursor()
            cursor.execute(sql, parameters)
            return cursor.fetchall() if cursor.description else []


# Tasks for `Odoo.run`: functions of an environment


def night(env):
    env["followup.engine"]._cron_night()
    env.cr.commit()


def queue(env):
    env["mail.mail"].process_email_queue()
    env.cr.commit()


def open_all_hours(env):
    """Live, at any hour and day, with minimum gap, minimum amount and every delay 0: only the guards are left."""
    roots = env["res.company"].search([("parent_id", "=", False)])
    env["followup.assistant"]._mark_finished(roots)
    roots.write(
        {
            "email": "facturen@zilverberk.example",
            "vat": "BE0477472701",
            "followup_cutoff_date": "2000-01-01",
            "followup_live": True,
            "followup_min_gap": 0,
            "followup_minimum_amount": 0,
            "followup_freshness_days": 0,
            "followup_send_from": 0,
            "followup_send_until": 24,
            "followup_send_any_day": True,
        }
    )
    no_delays(env)


def no_delays(env):
    levels = env["followup.level"].with_context(active_test=False).search([("kind", "!=", "courtesy")])
    levels.delay = 0
    # `retrying` commits for nobody: a task says when it is done.
    env.cr.commit()


def enterprise_number(number):
    base = f"{number % 10**8:08d}"
    return f"BE{base}{97 - int(base) % 97:02d}"


def make_customers(env, first, count, unseen=False):
    """Customers, businesses and consumers in turn, each with one invoice that is 20 days late.

    `unseen`: follow-up has not heard of them yet, as when a night meets invoices of an import.
    """
    from datetime import timedelta

    from odoo import Command

    env = env(context=dict(env.context, followup_no_refresh=unseen))
    today = env.company._followup_today()
    belgium = env.ref("base.be")
    partners = env["res.partner"].create(
        [
            {
                "name": f"Customer {number:03d}",
                "email": f"customer{number:03d}@customers.example",
                "country_id": belgium.id,
                "is_company": number % 2 == 0,
                "vat": enterprise_number(4000000 + number) if number % 2 == 0 else False,
            }
            for number in range(first, first + count)
        ]
    )
    due = today - timedelta(days=20)
    moves = env["account.move"].create(
        [
            {
                "move_type": "out_invoice",
                "partner_id": partner.id,
                "invoice_date": due - timedelta(days=15),
                "invoice_date_due": due,
                "invoice_payment_term_id": False,
                "invoice_line_ids": [
                    Command.create(
                        {
                            "name": "Service",
                            "quantity": 1,
                            "price_unit": 100 + place,
                            "tax_ids": [Command.clear()],
                        }
                    )
                ],
            }
            for place, partner in enumerate(partners)
        ]
    )
    moves.action_post()
    env.cr.commit()


def counted(rows):
    """`{'sent': 3}` as `3 sent`."""
    return ", ".join(f"{count} {name}" for name, count in sorted(dict(rows).items())) or "none"
