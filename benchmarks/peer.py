"""Side by side with OCA `account_credit_control`, on copies of the same database, in one run.

    dev/bench peer                                             what the table in README.md shows
    dev/bench peer --ours 1000 10000 100000 --peer 1000        other sizes for each side, in open items
    PEER_LIMIT=600 dev/bench peer                              seconds that each phase of the peer may take (300)

For each size: a database with both add-ons is filled by SQL once; every side gets a copy of it in which only its own code
is loaded, and a process of its own. A phase of the peer that takes longer than the limit is stopped, process and statement, and
the table says so; nothing is extrapolated. Writes the figures (`peer.json`), the plot (`peer.svg`) and the table between the
markers of `README.md`; `--dry` prints the table only; `--again` writes table and plot from `peer.json`; `--add` keeps
the figures of earlier runs for what is not measured now.

This file runs outside Odoo (see `dev/bench`); `peer_*.py` run inside.
"""

import argparse
import configparser
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import psycopg2  # noqa: E402
from aiosmtpd.controller import Controller  # noqa: E402
from peer_report import plot, render, write_table  # noqa: E402

OURS, OCA = "l10n_be_followup", "account_credit_control"
SIZES = [1_000, 10_000, 100_000, 500_000]
PEER_SIZES = [1_000, 10_000, 100_000]
#: What the peer can still do after a phase was stopped: on a sample where the phase was needed for all.
AFTER = {
    "run": [],
    "mark": [],
    "group": ["sample", "mails_sample", "letters", "send", "idle"],
    "mails": ["mails_sample", "letters", "send", "idle"],
    "sample": ["letters", "idle"],
    "mails_sample": ["letters", "idle"],
    "letters": ["send", "idle"],
    "send": ["idle"],
    "idle": [],
}
STEPS = ["configure", "run", "mark", "group", "mails", "letters", "send", "idle"]


def say(*words):
    print(datetime.now().strftime("%H:%M:%S"), *words, flush=True)


# Databases


def sql(statement, *params, database="postgres"):
    connection = psycopg2.connect(dbname=database)
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement, params)
            return cursor.fetchall() if cursor.description else None
    finally:
        connection.close()


def filestore(name):
    config = configparser.ConfigParser()
    config.read(os.environ["ODOO_RC"])
    return Path(config["options"]["data_dir"]) / "filestore" / name


def disconnect(name):
    """End the connections that are ours; the server's own cleaners give way by themselves."""
    sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND usename = current_user", name)


def drop(name):
    for attempt in range(5):
        disconnect(name)
        try:
            sql(f'DROP DATABASE IF EXISTS "{name}"')
            break
        except psycopg2.errors.ObjectInUse:
            if attempt == 4:
                raise
            time.sleep(2)
    shutil.rmtree(filestore(name), ignore_errors=True)


def copy(source, name):
    """`CREATE DATABASE … TEMPLATE`, with the filestore."""
    drop(name)
    [[version]] = sql("SELECT current_setting('server_version_num')::int")
    strategy = "STRATEGY file_copy" if version >= 150000 else ""
    sql(f'CREATE DATABASE "{name}" TEMPLATE "{source}" {strategy}')
    if filestore(source).exists():
        subprocess.run(["cp", "-al", filestore(source), filestore(name)], check=True)


def only(name, *modules):
    """Load the code of no other follow-up add-on in this copy: the rows stay, and its views are switched off."""
    for module in {OURS, OCA} - set(modules):
        sql("UPDATE ir_module_module SET state = 'uninstalled' WHERE name = %s", module, database=name)
        sql(
            """UPDATE ir_ui_view SET active = FALSE
                WHERE id IN (SELECT res_id FROM ir_model_data WHERE module = %s AND model = 'ir.ui.view')""",
            module,
            database=name,
        )


# Processes


class Stopped(Exception):
    """A phase took longer than it may."""


def odoo(script, database, *args, limit=None, events=None, journal=None):
    """Run a script in Odoo's shell, in a process group of its own.

    :param limit: seconds that one phase may take
    :param journal: folder for the journal of what leaves; copies of one database must not read each other's
    :raises Stopped: with the phase; the process and its statements are gone
    """
    head = f"import sys\nsys.path.insert(0, {str(HERE)!r})\nsys.argv = {['bench', *map(str, args)]!r}\n"
    code = head + (HERE / script).read_text()
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "odoo", "shell", "-d", database, "--log-level=error", "--max-cron-threads=0"],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            env=os.environ | ({"L10N_BE_FOLLOWUP_JOURNAL": str(journal)} if journal else {}),
        )
        try:
            process.stdin.write(code)
            process.stdin.close()
            while process.poll() is None:
                time.sleep(0.2)
                running = _follow(events)
                if limit and running and time.time() - running[1] > limit:
                    raise Stopped(running[0], running[2])
            _follow(events)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                disconnect(database)
        log.seek(0)
        output = log.read()
        # The shell prints a traceback and ends well.
        if process.returncode or "Traceback (most recent call last)" in output:
            raise RuntimeError(f"{script} failed on {database}:\n{output[-3000:]}")


_SEEN, _RUNNING = {}, {}


def _follow(path):
    """Print what is new.

    :return: phase that runs, as (name, since, how far), or None
    """
    if not path or not path.exists():
        return None
    events = read(path)
    for event in events[_SEEN.get(path, 0) :]:
        if event["event"] == "start":
            _RUNNING[path] = [event["phase"], time.time(), ""]
        elif event["event"] == "progress" and path in _RUNNING:
            _RUNNING[path][2] = event["words"]
        elif event["event"] == "end":
            _RUNNING.pop(path, None)
            say(f"    {event['phase']}: {event['seconds']:.2f} s, {event['queries']:,} queries, {event['peak']} MB",
                json.dumps(event.get("made", {})))  # fmt: skip
    _SEEN[path] = len(events)
    return _RUNNING.get(path)


def read(path):
    return [json.loads(line) for line in path.read_text().splitlines() if line.endswith("}")]


class Sink:
    """A mail server that takes everything."""

    async def handle_DATA(self, server, session, envelope):
        return "250 OK"

    def __enter__(self):
        import socket

        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.controller = Controller(self, hostname="127.0.0.1", port=self.port)
        self.controller.start()
        return self

    def __exit__(self, *args):
        self.controller.stop()


# Measuring


def figures(path):
    """What a side wrote, by phase."""
    result = {"disk": {}}
    for event in read(path):
        kind = event.pop("event")
        if kind == "end":
            result[event.pop("phase")] = event
        elif kind == "disk":
            result["disk"][event["when"]] = event["size"]
        elif kind == "screens":
            result["screens"] = event
    return result


def ours(database, folder, number, port):
    events = folder / f"ours-{number}"
    odoo("peer_ours.py", database, events, port, events=events, journal=folder / f"journal-{number}")
    return figures(events)


def oca(database, folder, number, port, limit):
    events = folder / f"oca-{number}"
    stopped, steps = {}, STEPS
    while steps:
        try:
            odoo("peer_oca.py", database, events, port, ",".join(steps), limit=limit, events=events)
            steps = []
        except Stopped as stop:
            phase, words = stop.args
            say(f"    {phase}: stopped after {limit:.0f} s {words}")
            stopped[phase] = {"after": limit, "words": words}
            _RUNNING.pop(events, None)
            steps = AFTER[phase]
    return figures(events) | {"stopped": stopped}


def bounds(database, folder, number):
    events = folder / f"bounds-{number}"
    odoo("peer_bounds.py", database, events, events=events)
    return figures(events)


def machine():
    cpu = next(
        (
            line.split(":", 1)[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        ),
        platform.processor(),
    )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    [[postgres]] = sql("SHOW server_version")
    return {
        "cpu": cpu,
        "cores": os.cpu_count(),
        "memory": round(memory),
        "postgres": postgres.split()[0],
        "python": platform.python_version(),
        "load": round(os.getloadavg()[0], 1),
    }


def versions(database):
    rows = sql(
        "SELECT name, latest_version FROM ir_module_module WHERE name IN ('base', %s, %s)", OURS, OCA, database=database
    )
    names = dict(rows)
    # The number of the package says more than that of the manifest.
    wanted = (HERE.parent / "dev" / "requirements-oca.txt").read_text()
    package = next(line for line in wanted.splitlines() if "account-credit-control==" in line).split("==")[1]
    commit = subprocess.run(
        ["git", "-C", HERE, "log", "-1", "--format=%h"], capture_output=True, text=True, check=False
    )
    return {"odoo": names["base"][:4], "ours": names[OURS], "commit": commit.stdout.strip(), "oca": package}


def measure(base, options, port, results, save):
    suffix = base.rpartition("_")[2]
    filled, side = f"bench_filled_{suffix}", f"bench_side_{suffix}"
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        try:
            for number in sorted({*options.ours, *options.peer}):
                say(f"{number:,} open items: filling")
                start = time.monotonic()
                copy(base, filled)
                odoo("peer_fill.py", filled, number)
                sql("VACUUM ANALYZE", database=filled)
                result = results.setdefault(str(number), {})
                result["filled"] = round(time.monotonic() - start, 1)
                say(f"    filled in {result['filled']} s")
                sides = [("bounds", [], lambda n=number: bounds(side, folder, n))]
                if number in options.ours:
                    sides.append(("ours", [OURS], lambda n=number: ours(side, folder, n, port)))
                if number in options.peer:
                    sides.append(("oca", [OCA], lambda n=number: oca(side, folder, n, port, options.limit)))
                for name, modules, run in sides:
                    say(f"  {name}")
                    copy(filled, side)
                    only(side, *modules)
                    load = os.getloadavg()[0]
                    result[name] = run() | {
                        "on": datetime.now().strftime("%Y-%m-%d"),
                        "load": [round(load, 1), round(os.getloadavg()[0], 1)],
                    }
                    save()
        finally:
            if not options.keep:
                drop(filled)
                drop(side)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("base")
    parser.add_argument("sizes", nargs="*", type=int, help="for both sides")
    parser.add_argument("--ours", nargs="*", type=int)
    parser.add_argument("--peer", nargs="*", type=int)
    parser.add_argument("--limit", type=float, default=float(os.environ.get("PEER_LIMIT") or 300))
    parser.add_argument("--add", action="store_true")
    parser.add_argument("--again", action="store_true")
    parser.add_argument("--dry", action="store_true")
    parser.add_argument("--keep", action="store_true", help="keep the databases")
    options = parser.parse_intermixed_args()
    chosen = options.sizes or options.ours is not None or options.peer is not None
    options.ours = options.ours or options.sizes if chosen else SIZES
    options.peer = options.peer or options.sizes if chosen else PEER_SIZES
    file = HERE / "peer.json"
    known = json.loads(file.read_text()) if (options.add or options.again) and file.exists() else {}
    results = known.get("sizes", {})
    data = {"machine": known.get("machine"), "versions": known.get("versions"), "sizes": results}

    def save():
        if not options.dry:
            file.write_text(json.dumps(data, indent=1, sort_keys=True) + "\n")

    # Killed, it takes its processes and databases with it.
    signal.signal(signal.SIGTERM, lambda *_args: sys.exit(1))
    if not options.again:
        data |= {"machine": machine(), "versions": versions(options.base)}
        with Sink() as sink:
            measure(options.base, options, sink.port, results, save)
    table = render(data)
    if options.dry:
        print(table)
        return
    save()
    plot(data, HERE / "peer.svg")
    write_table(table, HERE / "README.md")
    say("written: benchmarks/README.md, peer.json, peer.svg")


if __name__ == "__main__":
    main()
