"""The journal of what left, and what is made of it."""

import json
import threading
from datetime import datetime, timedelta

import pytest

from engine.journal import MONTHS, Journal, collect
from engine.restore import SILENCE, Home, Signs, judge

NOW = datetime(2026, 11, 18, 10)
HERE = Home("a", 1, 2)


def entry(number, what="claim", at="2026-11-18T10:00:00", **more):
    return {"at": at, "what": what, "id": number, **({"attempt": f"a{number}"} if what == "claim" else {}), **more}


@pytest.fixture
def journal(tmp_path):
    return Journal(tmp_path, "5c9c-11", "prod")


def test_empty(journal):
    assert journal.last() is None
    assert list(journal.backwards()) == []
    assert journal.others() == []


def test_last_and_order(journal):
    for number in range(5000):
        journal.append(entry(number, who="Ünï" * 10))
    assert journal.last()["id"] == 4999
    assert [found["id"] for found in journal.backwards()] == list(range(4999, -1, -1))


def test_withdrawn_is_no_last_word(journal):
    journal.append(entry(1), entry(2), entry(2, "withdrawn"))
    assert journal.last()["id"] == 1
    journal.append(entry(2))
    assert journal.last()["id"] == 2, "printed again"


def test_reset_ends_what_was_before(journal):
    journal.append(entry(1), entry(0, "reset"))
    assert journal.last() is None
    journal.append(entry(1, attempt="new"))
    assert [found["attempt"] for found in journal.backwards()] == ["new"]


def test_a_torn_line_harms_nobody(journal):
    journal.append(entry(1))
    [path] = journal._files()
    with path.open("ab") as file:
        file.write(b'{"at": "2026-11-18T1')
    assert journal.last()["id"] == 1
    journal.append(entry(2))
    assert [found["id"] for found in journal.backwards()] == [2, 1]


def test_lines_that_are_no_entries(journal):
    journal.append(entry(1))
    [path] = journal._files()
    with path.open("ab") as file:
        file.write(b'[]\n"x"\n{}\n\xff\xfe\n\n')
    assert journal.last()["id"] == 1


def test_months_are_kept_apart_and_old_ones_go(journal):
    for month in range(1, 13):
        journal.append(entry(month, at=f"2026-{month:02}-01T00:00:00"))
    assert [found["id"] for found in journal.backwards()] == list(range(12, 12 - MONTHS, -1))


def test_databases_do_not_mix(journal, tmp_path):
    journal.append(entry(1))
    Journal(tmp_path, "5c9c-11", "prod_test").append(entry(2))
    Journal(tmp_path, "another", "prod").append(entry(3))
    assert journal.last()["id"] == 1
    [other] = journal.others()
    assert (other.database, other.last()["id"]) == ("prod_test", 2)


def test_names_stay_in_the_folder(tmp_path):
    Journal(tmp_path, "../../x", "../y").append(entry(1))
    assert all(tmp_path in path.parents for path in tmp_path.rglob("*.jsonl"))
    assert list(tmp_path.rglob("*.jsonl"))


def test_only_the_owner_reads_it(journal):
    journal.append(entry(1))
    [path] = journal._files()
    assert path.stat().st_mode & 0o077 == 0
    assert path.parent.stat().st_mode & 0o077 == 0


def test_many_writers(journal):
    def write(first):
        for number in range(first, first + 200):
            journal.append(entry(number, items=[["x" * 200]] * 40))

    threads = [threading.Thread(target=write, args=(first,)) for first in range(0, 1600, 200)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found["id"] for found in journal.backwards()) == list(range(1600))
    [path] = journal._files()
    assert all(json.loads(line) for line in path.read_text().splitlines())


def test_what_is_missing(journal):
    for number in range(1, 8):
        journal.append(entry(number), entry(number, "result", state="sent"))
    journal.append(entry(8), entry(9), entry(9, "result", state="failed"), entry(9, attempt="second"))
    journal.append(entry(10), entry(10, "withdrawn"))
    found = collect(journal.backwards(), lambda entries: {e["id"] for e in entries if e["id"] <= 5}, chunk=4)
    assert [(one["id"], one["result"]) for one in found] == [(6, "sent"), (7, "sent"), (8, None), (9, None)]
    assert found[-1]["attempt"] == "second"


def test_looks_no_further_back_than_needed():
    seen = []

    def entries():
        for number in range(1000, 0, -1):
            seen.append(number)
            yield entry(number)

    assert [one["id"] for one in collect(entries(), lambda es: {e["id"] for e in es if e["id"] < 998}, chunk=10)] == [
        998,
        999,
        1000,
    ]
    assert min(seen) == 981, "one whole chunk that is known is enough"


@pytest.mark.parametrize(
    ("signs", "answer"),
    [
        ({}, None),
        ({"signed": HERE}, None),  # the journal was lost, or another machine keeps it
        ({"signed": HERE, "own": True}, None),
        ({"signed": HERE, "own": False}, "missing"),
        ({"own": False}, "missing"),  # restored to before the very first message
        ({"signed": Home("a", 9, 2)}, "moved"),  # restored into a new database
        ({"signed": Home("a", 1, 9)}, "moved"),  # restored into the same one: its tables are new
        ({"signed": Home("a", 9, 9), "own": True}, None),  # moved with its journal, and nothing is missing
        ({"signed": Home("a", 9, 9), "own": False}, "missing"),
        ({"signed": Home("a", 9, 9), "others": True}, None),  # renamed
        ({"signed": Home("a", 9, 9), "others": False}, "missing"),  # restored under another name
        ({"signed": HERE, "others": False}, None),  # somebody else's copy wrote: not this one's business
        ({"signed": Home("b", 9, 9)}, "copy"),
        ({"alive": NOW - SILENCE}, None),
        ({"alive": NOW - SILENCE - timedelta(seconds=1)}, "silence"),
        ({"alive": NOW + timedelta(days=400)}, None),
        ({"signed": HERE, "own": True, "alive": NOW - timedelta(days=9)}, "silence"),
    ],
)
def test_judge(signs, answer):
    assert judge(Signs(HERE, **signs), NOW) == answer


def test_a_person_who_sends_is_a_sign_of_life():
    assert judge(Signs(HERE, alive=NOW - timedelta(days=30)), NOW, automatic=False) is None
