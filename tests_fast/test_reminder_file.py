"""Files of reminders that were sent elsewhere: what is read, and what every bad file is called."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import reminder_file
from engine.reminder_file import FileError, parse_date, plain, read, safe_cell, write

TITLES = "Customer;Invoice;Level;Last reminder"


def rows(*lines, titles=TITLES):
    return read("\n".join((titles, *lines)).encode()).rows


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("31/12/2026", date(2026, 12, 31)),
        ("1-2-2026", date(2026, 2, 1)),
        ("01.02.2026", date(2026, 2, 1)),
        ("2026-02-01", date(2026, 2, 1)),
        ("2026-02-01 00:00:00", date(2026, 2, 1)),
        ("29/02/2026", None),
        ("1/2/26", None),
        ("1/2-2026", None),
        ("12/31/2026", None),
        ("46000", None),
        ("", None),
        ("٣/٣/٢٠٢٦", date(2026, 3, 3)),
    ],
)
def test_days(text, day):
    assert parse_date(text) == day


def test_line_numbers_count_what_stands_in_the_file():
    found = rows("", 'A;"two\nlines";x;01/01/2026', "", "B;1;x;01/01/2026")
    assert [row.number for row in found] == [3, 6]


def test_titles_in_four_languages():
    for titles in (
        "Klant;Factuur;Niveau;Laatste herinnering",
        "Client;N° facture;Étape;Dernier rappel",
        "Kunde;Rechnungsnr.;Stufe;Letzte Mahnung",
        "VAT number,Invoice number,Level,Last reminder date",
    ):
        sign = ";" if ";" in titles else ","
        [row] = rows(sign.join(("A", "1", "x", "01/01/2026")), titles=titles)
        assert row.problems == [] and row.values["date"] == date(2026, 1, 1), titles


def test_all_problems_of_a_line_at_once():
    [row] = rows("=A;;x;soon")
    assert row.problems == [("formula", "=A"), ("empty_cell", "invoice"), ("unreadable_date", "soon")]


def test_a_short_line_lacks_its_last_cells():
    [row] = rows("A;1")
    assert row.problems == [("empty_cell", "level"), ("empty_cell", "date")]


def test_empty_cells_too_many_do_no_harm():
    [row] = rows("A;1;x;01/01/2026;;")
    assert row.problems == []
    [row] = rows("A;1;x;01/01/2026;;surplus")
    assert row.problems == [("too_many_cells", "6 > 4")]


def test_what_is_written_is_read_again():
    cells = ["=A;b", "+1", "@x", '"quoted"', "two\nlines", "é"]
    content = read(write([["Customer", "Invoice", "Level", "Last reminder", "x", "y"], cells]))
    # An apostrophe keeps a spreadsheet from computing it, and is not part of the value.
    assert content.rows[0].values["customer"] == "=A;b"
    assert content.rows[0].values["invoice"] == "+1"
    assert content.rows[0].raw[3:] == tuple(cells[3:])


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t", "\r", "\n", " =", "\u00a0=", "＝"])
def test_no_formula_leaves_us(sign):
    assert safe_cell(f"{sign}1").startswith("'")


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused_with_a_name(content):
    try:
        read(content)
    except FileError as error:
        assert error.code


@given(st.lists(st.text(max_size=12), min_size=1, max_size=8))
def test_any_cells_are_read_or_refused_with_a_name(cells):
    try:
        found = rows(";".join(cells))
    except FileError:
        return
    assert all(row.number >= 2 for row in found)


def test_names_are_compared_as_people_read_them():
    assert plain("Étape n° 3 ") == plain("etape N°3")
    assert plain("Straße") == plain("strasse")


def test_titles_mean_one_thing():
    seen = {}
    for name, titles in reminder_file.COLUMNS.items():
        for title in titles.split():
            assert seen.setdefault(title, name) == name, title
