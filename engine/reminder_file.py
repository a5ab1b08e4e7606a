"""Read a file of reminders that were sent elsewhere. Pure: bytes in, rows with their problems out; no Odoo, no clock.

What is wrong is a code with a detail, so that the words are the reader's own. Every bad line is found, not the first.
"""

import csv
import io
import re
import unicodedata
from dataclasses import dataclass, field
from datetime import date

from . import spreadsheet

MAX_BYTES = 5 * 1024 * 1024
MAX_LINES = 20_000

#: Titles of columns that are understood, in the four languages; compared without accents, case and signs.
COLUMNS = {
    "customer": "customer customername name client nomclient nom klant klantnaam naam kunde kundenname debtor debiteur",
    "vat": "vat vatnumber vatno btw btwnummer tva numerodetva notva ust ustid mwst mwstnummer enterprisenumber "
    "ondernemingsnummer numerodentreprise unternehmensnummer",
    "customer_ref": "customerref customerreference customernumber reference ref klantnummer klantreferentie referentie "
    "numeroclient referenceclient codeclient kundennummer kundenreferenz referenz",
    "invoice": "invoice invoicenumber invoiceno number facture numerofacture numerodefacture nofacture nfacture factuur "
    "factuurnummer nummer rechnung rechnungsnummer rechnungsnr",
    "due_date": "duedate due vervaldag vervaldatum echeance dateecheance datedecheance falligkeit falligkeitsdatum",
    "level": "level niveau stap step etape stufe mahnstufe aanmaningsniveau niveauderappel",
    "date": "lastreminder lastreminderdate reminderdate date laatsteherinnering datum datumlaatsteherinnering "
    "dernierrappel datedernierrappel datedudernierrappel letzteerinnerung letztemahnung",
    "first": "freefirstreminder firstreminder firstreminderdate eersteherinnering "
    "kostelozeherinnering eerstekostelozeherinnering premierrappel premierrappelgratuit ersteerinnerung",
}
_TITLES = {title: name for name, titles in COLUMNS.items() for title in titles.split()}
#: One of the first three says who; the others are needed as well.
WHO = ("customer", "vat", "customer_ref")
NEEDED = ("invoice", "level", "date")
_FORMULA = tuple("=+-@")
_ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ]\d{2}:\d{2}(?::\d{2})?)?")
_DAY_FIRST = re.compile(r"(\d{1,2})([/.-])(\d{1,2})\2(\d{4})")


class FileError(ValueError):
    """The file as a whole cannot be read: `code` says why, `detail` names what, `line` where."""

    def __init__(self, code, detail="", line=1):
        super().__init__(code, detail, line)
        self.code, self.detail, self.line = code, detail, line


@dataclass(slots=True)
class Row:
    """One line of the file: its number, its cells as they stand, their values by column, and what is wrong."""

    number: int
    raw: tuple[str, ...]
    values: dict = field(default_factory=dict)
    problems: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Content:
    """A file that could be read: its titles, its rows, and the titles that mean nothing here."""

    titles: tuple[str, ...]
    rows: tuple[Row, ...]
    ignored: tuple[str, ...]


def plain(text):
    """Letters and digits only, lower case, without accents: how names and titles are compared."""
    letters = unicodedata.normalize("NFKD", str(text).replace("ß", "ss"))
    return "".join(char for char in letters.lower() if char.isalnum() and not unicodedata.combining(char))


def parse_date(text):
    """`dd/mm/yyyy` (also with points or hyphens) or `yyyy-mm-dd`; None when it is neither, or no day at all."""
    text = text.strip()
    if found := _ISO.fullmatch(text):
        year, month, day = found.groups()
    elif found := _DAY_FIRST.fullmatch(text):
        day, _sign, month, year = found.groups()
    else:
        return None
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None


def safe_cell(text):
    """A cell for a file that people open in a spreadsheet: never a formula."""
    text = str(text or "")
    return spreadsheet.as_text(text)


def write(rows):
    """The bytes of a CSV file that every spreadsheet here opens: semicolons, UTF-8 with its mark."""
    out = io.StringIO()
    csv.writer(out, delimiter=";", lineterminator="\r\n").writerows([safe_cell(cell) for cell in row] for row in rows)
    return out.getvalue().encode("utf-8-sig")


def read(content):
    """Read the bytes of a file.

    :rtype: Content
    :raises FileError: when the file as a whole cannot be read
    """
    text = _decode(content)
    lines = list(_split(text))
    if not lines:
        raise FileError("empty")
    (_number, titles), *rows = lines
    columns, ignored = _columns(titles)
    if not rows:
        raise FileError("no_lines")
    if len(rows) > MAX_LINES:
        raise FileError("too_many_lines", str(len(rows)))
    return Content(tuple(titles), tuple(_row(number, cells, columns, len(titles)) for number, cells in rows), ignored)


def _decode(content):
    if len(content) > MAX_BYTES:
        raise FileError("too_big", f"{len(content) / 1024 / 1024:.1f}")
    if not content.strip():
        raise FileError("empty")
    if content[:4] == b"PK\x03\x04" or content[:4] == b"\xd0\xcf\x11\xe0":
        raise FileError("workbook")
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise FileError("utf16")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            text = content.decode("cp1252")  # what a spreadsheet here calls Latin-1
        except UnicodeDecodeError:
            raise FileError("binary") from None
    if any(unicodedata.category(char) == "Cc" and char not in "\r\n\t" for char in text):
        raise FileError("binary")
    return text


def _split(text):
    """Numbered lines, each a list of cells; empty ones are left out."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    # Semicolons win a draw: they are what a spreadsheet writes here.
    delimiter = max(";,\t", key=lambda sign: (first.count(sign), sign == ";"))
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    while True:
        start = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            raise FileError("quotes", line=start) from None
        if any(cell.strip() for cell in cells):
            yield start, [cell.strip() for cell in cells]


def _columns(titles):
    """Place of each column that is understood, and the titles of the others."""
    columns, ignored = {}, []
    for place, title in enumerate(titles):
        name = _TITLES.get(plain(title))
        if name is None:
            if title:
                ignored.append(title)
        elif name in columns:
            raise FileError("column_twice", f"{titles[columns[name]]}, {title}")
        else:
            columns[name] = place
    missing = [name for name in NEEDED if name not in columns]
    if not any(name in columns for name in WHO):
        missing.insert(0, "customer")
    if missing:
        raise FileError("missing_column", ", ".join(missing))
    return columns, tuple(ignored)


def _row(number, cells, columns, width):
    row = Row(number, tuple(cells))
    if len(cells) > width and any(cells[width:]):
        row.problems.append(("too_many_cells", f"{len(cells)} > {width}"))
        return row
    values = {name: cells[place] if place < len(cells) else "" for name, place in columns.items()}
    for name, text in values.items():
        if text.startswith("'") and text[1:2] in _FORMULA:
            values[name] = text[1:]  # as our own files write it
        elif text.startswith(_FORMULA):
            row.problems.append(("formula", text[:40]))
    for name in NEEDED:
        if not values[name]:
            row.problems.append(("empty_cell", name))
    if not any(values.get(name) for name in WHO):
        row.problems.append(("empty_cell", "customer"))
    for name in ("date", "first", "due_date"):
        text = values.get(name)
        values[name] = parse_date(text) if text else None
        if text and values[name] is None and not text.startswith(_FORMULA):
            row.problems.append(("unreadable_date", text[:40]))
    row.values = values
    return row
