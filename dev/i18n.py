"""Bring the translations of an add-on up to date with a fresh template, or check that they are. Called by `dev/i18n`."""

import argparse
import re
import sys
from collections import Counter
from pathlib import Path

import polib

LANGUAGES = ("nl", "fr", "de")
#: The whole header: no dates and no versions, so that a file changes only when its messages do.
HEADER = {
    "Project-Id-Version": "Odoo 19.0",
    "MIME-Version": "1.0",
    "Content-Type": "text/plain; charset=UTF-8",
    "Content-Transfer-Encoding": "8bit",
}
TAG = re.compile(r"<(/?)([a-zA-Z][\w-]*)((?:\s+[\w:.-]+(?:\s*=\s*(?:\"[^\"]*\"|'[^']*'))?)*)\s*(/?)>")
ATTRIBUTE = re.compile(r"([\w:.-]+)\s*=\s*(\"[^\"]*\"|'[^']*')")
#: Attributes whose words are translated inside a message.
WORDS = {"alt", "title", "placeholder", "aria-label", "data-tooltip", "label", "string"}
NAMED = re.compile(r"%\(\w+\)[#0\- +]*[\d.]*[a-zA-Z]")
PLAIN = re.compile(r"%[#0\-+]*[\d.]*[sdrfi]")
#: No words: the names of 600 time zones, and expressions that make a file name.
NOT_WORDS = re.compile(r"\.selection__\w+_tz__|ir\.actions\.report,print_report_name")
EXPRESSION = re.compile(r"\{\{.*?\}\}|\$\{.*?\}|#\{.*?\}")


def placeholders(entry, text):
    """What must be the same in a message and in its translation, counted."""
    found = Counter(EXPRESSION.findall(text))
    if any(where.startswith("code:") for where, _line in entry.occurrences):
        text = text.replace("%%", "")
        found.update(NAMED.findall(text))
        found.update(PLAIN.findall(NAMED.sub("", text)))
    for closing, name, attributes, _single in TAG.findall(text):
        kept = [f"{key}={value}" for key, value in ATTRIBUTE.findall(attributes) if key not in WORDS]
        found[f"<{closing}{' '.join([name, *kept])}>"] += 1
    return found


def blank(language=None):
    po = polib.POFile(wrapwidth=78)
    po.metadata = dict(HEADER)
    if language:
        po.metadata["Language"] = language
    return po


def load(path):
    return polib.pofile(str(path), wrapwidth=78)


def messages(po):
    """What of a template must agree with the code."""
    return {entry.msgid: (frozenset(entry.occurrences), entry.comment) for entry in po if not entry.obsolete}


def template(exported, module):
    """The exported messages in a stable order, under our own header."""
    po = blank()
    po.header = f"Translation template of Odoo add-on {module}."
    for entry in sorted(load(exported), key=lambda entry: entry.msgid):
        entry.occurrences = [place for place in entry.occurrences if not NOT_WORDS.search(place[0])]
        if not entry.msgid or not entry.occurrences:
            continue
        entry.occurrences.sort()
        po.append(entry)
    return po


def words(msgid):
    """A message without its line breaks: formatting a file again must not lose translations."""
    return " ".join(msgid.split())


def merge(pot, path, language, module):
    """Translations that exist for messages that exist, in the order of the template."""
    known = {}
    if path.exists():
        usable = [entry for entry in load(path) if entry.msgstr and not entry.obsolete and "fuzzy" not in entry.flags]
        known = {words(entry.msgid): entry.msgstr for entry in usable}
    po = blank(language)
    po.header = f"Translation of Odoo add-on {module}."
    for entry in pot:
        po.append(
            polib.POEntry(
                msgid=entry.msgid,
                msgstr=known.get(words(entry.msgid), ""),
                comment=entry.comment,
                occurrences=entry.occurrences,
                flags=list(entry.flags),
            )
        )
    gone = known.keys() - {words(entry.msgid) for entry in pot}
    return po, gone


def problem(source, entry):
    """What is wrong with one translation; nothing when it is right."""
    if entry is None or not entry.msgstr:
        return "not translated"
    if "fuzzy" in entry.flags:
        return "fuzzy"
    wanted, found = placeholders(source, source.msgid), placeholders(source, entry.msgstr)
    return f"differs in {' '.join([*(wanted - found), *(found - wanted)])}" if wanted != found else None


def problems(pot, translations):
    """One line per message and problem, with its languages.

    :param translations: dict language -> its messages
    """
    found = {}
    for language, po in translations.items():
        entries = {entry.msgid: entry for entry in po if not entry.obsolete}
        for source in pot:
            if what := problem(source, entries.get(source.msgid)):
                found.setdefault((source.msgid, what), []).append(language)
        for msgid in entries.keys() - {entry.msgid for entry in pot}:
            found.setdefault((msgid, "not in the code any more"), []).append(language)
    return [f"{', '.join(names)}: {what}: {words(msgid)[:90]}" for (msgid, what), names in found.items()]


def read_translations(folder):
    paths = {language: folder / f"{language}.po" for language in LANGUAGES}
    return {language: load(path) if path.exists() else [] for language, path in paths.items()}


def check(pot, folder, module):
    found = problems(pot, read_translations(folder))
    path = folder / f"{module}.pot"
    committed = messages(load(path)) if path.exists() else {}
    current = messages(pot)
    if committed != current:
        new, gone = current.keys() - committed.keys(), committed.keys() - current.keys()
        moved = sum(committed[key] != current[key] for key in committed.keys() & current.keys())
        found.append(f"{path.name} is out of date ({len(new)} new, {len(gone)} gone, {moved} moved)")
    if found:
        print("\n".join(found))
        print(f"{len(found)} problems: run dev/i18n, then translate what it names")
        return 1
    print(f"{len(pot)} messages, translated into {', '.join(LANGUAGES)}")
    return 0


def update(pot, folder, module):
    folder.mkdir(exist_ok=True)
    pot.save(str(folder / f"{module}.pot"))
    print(f"{module}.pot: {len(pot)} messages")
    for language in LANGUAGES:
        path = folder / f"{language}.po"
        po, gone = merge(pot, path, language, module)
        po.save(str(path))
        empty = sum(not entry.msgstr for entry in po)
        print(f"{path.name}: {empty} untranslated, {len(gone)} removed")
    print("\n".join(problems(pot, read_translations(folder))))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("exported", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("module")
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    pot = template(options.exported, options.module)
    if options.check:
        return check(pot, options.folder, options.module)
    update(pot, options.folder, options.module)
    return 0


if __name__ == "__main__":
    sys.exit(main())
