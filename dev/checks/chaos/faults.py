"""Faults at chosen points of a process, from outside the product: it knows nothing of them.

A point is the n-th *event* of a process: an SQL statement, the moment before and after a commit, each command and each
answer of a mail server, each file that is written. A process that is only listened to tells which events there are;
a later one is armed to be killed, to lose its connection, to be overtaken by another writer or to find the disk
full at one of them.
"""

import contextlib
import errno
import os
import signal
import time

import psycopg2

#: What another program writes to while a process is at work: a real conflict of transactions when both write the same row.
SHARED_TABLES = ("followup_customer", "followup_notice", "followup_item", "mail_mail", "res_partner")


class Faults:
    """The events of this process, and what happens at one of them.

    :param action: `listen`, `kill`, `terminate`, `conflict`, `full`
    :param point: number of the event from 0, or (name of an event, which time from 0, so many events after it)
    :param fired: shared integer that becomes 1 when the fault happened
    """

    def __init__(self, action="listen", point=None, fired=None):
        self.action = action
        self.point = point
        self.fired = fired
        self.events = []
        self.seen = {}
        self.full = False
        self.cursor = None
        self.busy = False

    def event(self, name, cursor=None):
        if self.busy:
            return  # what the fault itself does
        number, time_of_name = len(self.events), self.seen.get(name, 0)
        self.events.append(name)
        self.seen[name] = time_of_name + 1
        self.cursor = cursor or self.cursor
        if isinstance(self.point, tuple) and self.point[:2] == (name, time_of_name):
            self.point = number + self.point[2]
        if self.action != "listen" and self.point == number:
            self.fire()

    def fire(self):
        if self.fired is not None:
            self.fired.value = 1
        self.busy = True
        try:
            getattr(self, f"_{self.action}")()
        finally:
            self.busy = False

    def _kill(self):
        os.kill(os.getpid(), signal.SIGKILL)

    def _terminate(self):
        """The database server ends the connection, as an administrator or a failover does."""
        pid = self.cursor._cnx.info.backend_pid
        with contextlib.closing(psycopg2.connect(dbname=self.cursor.dbname)) as connection:
            connection.autocommit = True
            other = connection.cursor()
            other.execute("SELECT pg_terminate_backend(%s)", [pid])
            for _attempt in range(100):
                other.execute("SELECT 1 FROM pg_stat_activity WHERE pid = %s", [pid])
                if not other.fetchone():
                    return
                time.sleep(0.01)

    def _conflict(self):
        """Somebody else writes, and commits, every row that this process has not locked yet."""
        with contextlib.closing(psycopg2.connect(dbname=self.cursor.dbname)) as connection:
            connection.autocommit = True
            other = connection.cursor()
            for table in SHARED_TABLES:
                # The names are the constants above.
                other.execute(
                    f"UPDATE {table} SET write_date = write_date WHERE id IN (SELECT id FROM {table} FOR UPDATE SKIP LOCKED)"
                )

    def _full(self):
        self.full = True

    # Where events come from

    def listen(self):
        """From now on, in this process and for good."""
        from odoo.addons.base.models.ir_attachment import IrAttachment
        from odoo.sql_db import Cursor

        faults = self
        execute, commit, write = Cursor.execute, Cursor.commit, IrAttachment._file_write

        def counted_execute(cursor, query, params=None, log_exceptions=True):
            faults.event("statement", cursor)
            return execute(cursor, query, params, log_exceptions)

        def counted_commit(cursor):
            faults.event("commit", cursor)
            result = commit(cursor)
            faults.event("committed", cursor)
            return result

        def counted_write(attachments, content, checksum):
            faults.event("file", attachments.env.cr)
            with no_space() if faults.full else contextlib.nullcontext():
                return write(attachments, content, checksum)

        Cursor.execute, Cursor.commit, IrAttachment._file_write = counted_execute, counted_commit, counted_write
        self._listen_to_mail()

    def _listen_to_mail(self):
        import smtplib

        faults = self
        send, getreply = smtplib.SMTP.send, smtplib.SMTP.getreply
        last = {}

        def counted_send(session, content):
            if isinstance(content, str):  # a command
                last[id(session)] = (content.split() or ["-"])[0].upper()
                faults.event(f"mail {last[id(session)]}")
                return send(session, content)
            last[id(session)] = "dot"
            faults.event("mail body")
            half = len(content) // 2
            send(session, content[:half])
            faults.event("mail half")
            return send(session, content[half:])

        def counted_getreply(session):
            name = last.get(id(session), "greeting")
            faults.event(f"mail {name} sent")
            answer = getreply(session)
            faults.event(f"mail {name} answered")
            return answer

        smtplib.SMTP.send, smtplib.SMTP.getreply = counted_send, counted_getreply


@contextlib.contextmanager
def no_space():
    """No file of this process may grow: the system itself refuses, as a full disk does, after part of it was written."""
    import resource

    previous = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, previous[1]))
    try:
        yield
    except OSError as error:
        if error.errno == errno.EFBIG:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), error.filename) from error
        raise
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, previous)


def under(env, faults, options, function, *arguments):
    """Run a task under faults.

    :param options: dict of what is otherwise in this process: `batch`, customers of one transaction; `timeout`, of the
        mail server in seconds
    :return: (names of its events, its answer)
    """
    adjust(options)
    if not getattr(faults, "listening", False):
        faults.listening = True
        faults.listen()
    answer = function(env, *arguments)
    return faults.events, answer


def adjust(options):
    from odoo.addons.base.models import ir_mail_server
    from odoo.addons.l10n_be_followup.models import followup_engine, followup_engine_batch, followup_engine_service

    if options.get("batch"):
        for module in (followup_engine, followup_engine_batch, followup_engine_service):
            module.BATCH = options["batch"]
    if options.get("timeout"):
        ir_mail_server.SMTP_TIMEOUT = options["timeout"]
