"""Say in a few lines what a pytest run did, and add its numbers up.

    summary.py add NAME JUNIT_XML LOG EXIT_CODE    report one run; exit 1 when it is not good
    summary.py total                               the closing line over all runs

A run is good when it collected at least one test, nothing failed, and everything that was skipped is
in expected-skips.txt. The numbers are kept in the file that TOTALS names.
"""

import fcntl
import json
import os
import pathlib
import re
import sys
import xml.etree.ElementTree as ElementTree

HERE = pathlib.Path(__file__).parent


def expected_skips():
    lines = (HERE / "expected-skips.txt").read_text().splitlines()
    return [re.compile(line.split("  #")[0].strip()) for line in lines if line.strip() and line[0] != "#"]


def read_junit(path):
    """Return (cases, failures, skips, times); failures and skips are lists of (test, message, details)."""
    cases, failures, skips, times = 0, [], [], []
    for case in ElementTree.parse(path).getroot().iter("testcase"):
        cases += 1
        name = f"{case.get('classname', '')}.{case.get('name', '')}"
        times.append((float(case.get("time") or 0), name))
        for kind, found in (("failure", failures), ("error", failures), ("skipped", skips)):
            element = case.find(kind)
            if element is not None:
                found.append((name, element.get("message") or "", element.text or ""))
                break
    return cases, failures, skips, times


def tail(path, lines=40):
    return "\n".join(pathlib.Path(path).read_text(errors="replace").splitlines()[-lines:])


def store(name, passed, failed, skipped):
    path = pathlib.Path(os.environ["TOTALS"])
    # Two lanes of tests count in the same file.
    with open(f"{path}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        rows = json.loads(path.read_text()) if path.exists() else []
        rows.append([name, passed, failed, skipped])
        path.write_text(json.dumps(rows))


def add(name, junit, log, exit_code):
    exit_code = int(exit_code)
    if not os.path.exists(junit):
        print(f"{name}: FAILED, pytest did not run (log: {log})\n{tail(log)}")
        store(name, 0, 1, 0)
        return 1
    cases, failures, skips, durations = read_junit(junit)
    allowed = expected_skips()
    surprises = [
        (test, message)
        for test, message, _details in skips
        if not any(pattern.search(f"{test}: {message}") for pattern in allowed)
    ]
    for test, _message, details in failures:
        print(f"--- {name}: FAILED {test}\n{details.rstrip()}\n")
    for test, message in surprises:
        print(f"--- {name}: skipped, and not in dev/expected-skips.txt: {test}: {message}")
    failed = len(failures)
    problems = []
    if not cases:
        problems.append("no test was found")
    if surprises:
        problems.append(f"{len(surprises)} unexpected skip(s)")
    if exit_code and not failures and cases:
        problems.append(f"pytest ended with code {exit_code}")
        print(tail(log))
    bad = bool(failed or problems)
    failed += len(problems)
    passed = max(cases - len(failures) - len(skips), 0)
    word = "FAILED" if bad else "ok"
    times = re.findall(r"in ([\d.]+)s(?: \([\d:]+\))?(?: =+)?$", tail(log), re.MULTILINE)
    print(
        f"{name}: {word}, {passed} passed, {len(failures)} failed, {len(skips)} skipped"
        + (f", {times[-1]} s" if times else "")
        + (f" ({', '.join(problems)})" if problems else "")
        + f" (log: {log})"
    )
    for seconds, test in sorted(durations, reverse=True)[:5]:
        if seconds >= 5:
            print(f"    {seconds:6.1f} s  {test}")
    store(name, passed, failed, len(skips))
    return int(bad)


def total():
    path = pathlib.Path(os.environ["TOTALS"])
    rows = json.loads(path.read_text()) if path.exists() else []
    passed, failed, skipped = (sum(row[column] for row in rows) for column in (1, 2, 3))
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return int(bool(failed or not passed))


if __name__ == "__main__":
    if sys.argv[1] == "total":
        sys.exit(total())
    if sys.argv[1] == "store":  # NAME PASSED FAILED SKIPPED: something that is not a pytest run
        sys.exit(store(sys.argv[2], *map(int, sys.argv[3:6])))
    sys.exit(add(*sys.argv[2:6]))
