"""What the benchmarks measure with: wall time, processor time, queries, memory, disk; by phase."""

import collections
import contextlib
import functools
import json
import os
import resource
import time
from pathlib import Path


class Clock:
    """Wall time, time of the processor in Python and in PostgreSQL, and queries by phase; nested ones are not counted twice.

    :param phases: dict of phase -> methods that count for it, (model, method) or the method of `followup.engine`; what a
        method calls of another phase counts there
    """

    def __init__(self, env, phases):
        self.cr = env.cr
        env.cr.execute("SELECT pg_backend_pid()")
        self.backend = Path(f"/proc/{env.cr.fetchone()[0]}/stat")
        self.rows = collections.defaultdict(lambda: [0.0, 0.0, 0.0, 0])
        self.stack = []
        #: Memory of this process at each commit, in MB: whether it is flat.
        self.memory = []
        for phase, names in phases.items():
            for name in names:
                model, method = name if isinstance(name, tuple) else ("followup.engine", name)
                registered = type(env[model])
                setattr(registered, method, self.wrapped(phase, getattr(registered, method)))
        self.commit = self.wrapped("commit", self.cr.commit)
        self.cr.commit = self._commit

    def _commit(self):
        self.memory.append(resident())
        return self.commit()

    def now(self):
        return time.monotonic(), time.process_time(), self.backend_time(), self.cr.sql_log_count

    def backend_time(self):
        """Processor time of the database's process for this connection; 0 when it runs elsewhere."""
        try:
            fields = self.backend.read_text().rsplit(")", 1)[1].split()
        except OSError:
            return 0.0
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def wrapped(self, phase, function):
        @functools.wraps(function)
        def run(*args, **kwargs):
            with self.phase(phase):
                return function(*args, **kwargs)

        return run

    def phase(self, name):
        return _Phase(self, name)


class _Phase:
    def __init__(self, clock, name):
        self.clock, self.name = clock, name

    def __enter__(self):
        self.start, self.inner = self.clock.now(), [0.0, 0.0, 0.0, 0]
        self.clock.stack.append(self)

    def __exit__(self, *args):
        took = [new - old for new, old in zip(self.clock.now(), self.start, strict=True)]
        self.clock.stack.pop()
        if self.clock.stack:
            outer = self.clock.stack[-1].inner
            outer[:] = [a + b for a, b in zip(outer, took, strict=True)]
        row = self.clock.rows[self.name]
        row[:] = [total + mine - inner for total, mine, inner in zip(row, took, self.inner, strict=True)]


class Recorder:
    """Writes what a phase took to a file as it ends, so that nothing measured is lost when the process is stopped."""

    def __init__(self, path, clock):
        self.path, self.clock = path, clock
        self.written = 0.0

    def write(self, **event):
        with open(self.path, "a") as file:
            file.write(json.dumps(event) + "\n")

    @contextlib.contextmanager
    def phase(self, name):
        """:return: dict for what else is to be told about the phase"""
        facts = {}
        self.write(event="start", phase=name)
        forget_peak()
        self.clock.rows.clear()
        self.clock.memory.clear()
        start = self.clock.now()
        with self.clock.phase("rest"):
            yield facts
        seconds, python, database, queries = (
            new - old for new, old in zip(self.clock.now(), start, strict=True)
        )  # fmt: skip
        self.write(
            event="end",
            phase=name,
            seconds=seconds,
            python=python,
            database=database,
            queries=queries,
            peak=peak(),
            parts={part: list(row) for part, row in self.clock.rows.items()},
            **facts,
        )

    def progress(self, words, pause=1.0):
        """How far a long phase is, at most once in `pause` seconds: told when it is stopped."""
        now = time.monotonic()
        if now - self.written >= pause:
            self.written = now
            self.write(event="progress", words=words)


def peak():
    """Highest memory of the process since `forget_peak`, in MB."""
    return _status("VmHWM") or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def resident():
    """Memory of the process now, in MB; 0 where the system does not tell."""
    return _status("VmRSS")


def _status(name):
    with contextlib.suppress(OSError), open("/proc/self/status") as status:
        for line in status:
            if line.startswith(name):
                return int(line.split()[1]) // 1024
    return 0


def forget_peak():
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def disk(env):
    """Size of the database and of its files, in MB."""
    env.cr.execute("SELECT pg_database_size(current_database()) / 1e6")
    [size] = env.cr.fetchone()
    store = Path(env["ir.attachment"]._filestore())
    files = (path.stat().st_size for path in store.rglob("*") if path.is_file()) if store.is_dir() else ()
    return float(size) + sum(files) / 1e6


def count(env, table, where="TRUE"):
    env.cr.execute(f"SELECT count(*) FROM {table} WHERE {where}")
    return env.cr.fetchone()[0]
