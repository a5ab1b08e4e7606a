"""The journal of what left: lines beside the database, which a restored backup does not take back. Plain Python, no Odoo.

One folder per database (`database.uuid`), one file per name of the database and month, one line of JSON per entry. Written after
the commit of a claim and before the mail server hears of it, so that an entry without its claim means one thing only: the
database is older than what left.
"""

import contextlib
import copy
import fcntl
import json
import os
import re
from pathlib import Path

#: Months that are kept, the present one included: backups older than that are not compared line by line.
MONTHS = 3
_CHUNK = 64 * 1024
_NAME = re.compile(r"^(?P<database>.+)\.(?P<month>\d{4}-\d{2})\.jsonl$")


class Journal:
    """Entries are dicts with at least `at` (UTC, ISO 8601), `what` (`claim`, `result`, `withdrawn` or `reset`) and `id` (of the notice).

    :param folder: where journals are kept
    :param uuid: identity of the database
    :param database: its name
    """

    def __init__(self, folder, uuid, database):
        self.folder = Path(folder) / re.sub(r"[^\w-]", "_", uuid)
        self.database = re.sub(r"[^\w.-]", "_", database)

    def _files(self, database=None):
        """Files of one name of the database, newest first."""
        found = []
        with contextlib.suppress(OSError):
            for path in self.folder.iterdir():
                match = _NAME.match(path.name)
                if match and match["database"] == (database or self.database):
                    found.append((match["month"], path))
        return [path for _month, path in sorted(found, reverse=True)]

    def others(self):
        """The same database under other names."""
        names = set()
        with contextlib.suppress(OSError):
            names = {match["database"] for path in self.folder.iterdir() if (match := _NAME.match(path.name))}
        return [self._like(name) for name in sorted(names - {self.database})]

    def _like(self, database):
        other = copy.copy(self)
        other.database = database
        return other

    def append(self, *entries):
        """Add lines; a line is there as a whole or not at all, whoever else writes at the same time.

        :raises OSError: when the folder cannot be written
        """
        if not entries:
            return
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self.folder / f"{self.database}.{entries[-1]['at'][:7]}.jsonl"
        fresh = not path.exists()
        data = "".join(json.dumps(entry, ensure_ascii=False, separators=(",", ":")) + "\n" for entry in entries)
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            content = data.encode()
            if os.fstat(descriptor).st_size and not self._ends_well(path):
                content = b"\n" + content  # the disk was full, or the machine stopped, in the middle of a line
            while content:
                content = content[os.write(descriptor, content) :]
        finally:
            os.close(descriptor)
        if fresh:
            for old in self._files()[MONTHS:]:
                old.unlink(missing_ok=True)

    @staticmethod
    def _ends_well(path):
        with path.open("rb") as file:
            file.seek(-1, os.SEEK_END)
            return file.read(1) == b"\n"

    def backwards(self):
        """Entries, the newest first; lines that are no entry are left out."""
        for path in self._files():
            for entry in self._file_backwards(path):
                if entry["what"] == "reset":
                    return  # the add-on was removed: what left before is no business of the one installed since
                yield entry

    @staticmethod
    def _file_backwards(path):
        try:
            file = path.open("rb")
        except OSError:
            return
        with file:
            position = file.seek(0, os.SEEK_END)
            rest = b""
            while position > 0:
                size = min(_CHUNK, position)
                position -= size
                file.seek(position)
                lines = (file.read(size) + rest).split(b"\n")
                rest = lines[0]
                for line in reversed(lines[1:]):
                    if (entry := _entry(line)) is not None:
                        yield entry
            if (entry := _entry(rest)) is not None:
                yield entry

    def last(self):
        """The newest entry about a message that was not withdrawn since; None without any."""
        withdrawn = set()
        for entry in self.backwards():
            if entry["what"] == "withdrawn":
                withdrawn.add(entry["id"])
            elif entry["id"] not in withdrawn:
                return entry
        return None


def _entry(line):
    if not line.strip():
        return None
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    return entry if isinstance(entry, dict) and {"at", "what", "id"} <= entry.keys() else None


def collect(entries, known, chunk=500):
    """Messages that left and that the database does not know: entries of each joined, oldest first.

    :param entries: newest first, as `Journal.backwards` gives them
    :param known: callable (list of entries) -> set of ids among them that the database knows as they are here
    :return: list of dicts; `result` holds what became of the last attempt, None when nobody noted it
    """
    missing, withdrawn = {}, set()
    batch = []

    def look(batch):
        """Whether the database knew all of these."""
        fine = known(batch)
        for entry in batch:
            number = entry["id"]
            if entry["what"] == "withdrawn":
                if number not in missing:
                    withdrawn.add(number)
                continue
            if number in fine or number in withdrawn:
                continue
            found = missing.setdefault(number, {"result": None})
            if entry["what"] == "result":
                if "attempt" not in found and found["result"] is None:
                    found["result"] = entry.get("state")
            elif "attempt" not in found:
                found.update(entry)
        return all(entry["id"] in fine or entry["what"] == "withdrawn" for entry in batch)

    for entry in entries:
        batch.append(entry)
        if len(batch) == chunk:
            if look(batch):
                batch = []
                break
            batch = []
    if batch:
        look(batch)
    complete = [found for found in missing.values() if "attempt" in found]
    return sorted(complete, key=lambda found: (found["at"], found["id"]))
