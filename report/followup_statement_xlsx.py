"""The statement of account as a workbook: numbers as numbers, dates as dates, one sheet a customer."""

import io
import re

import xlsxwriter

_COLUMNS = ("date", "document", "number", "due", "days_late", "amount", "paid", "open", "interest", "costs", "running")
_WIDTHS = {"date": 11, "document": 24, "number": 24, "due": 11, "days_late": 10}


def workbook(statements):
    """:param statements: list of (`followup_statement.Statement`, words in its language)
    :rtype: bytes
    """
    stream = io.BytesIO()
    with xlsxwriter.Workbook(
        stream, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    ) as book:
        styles = {
            "title": book.add_format({"bold": True, "font_size": 14}),
            "bold": book.add_format({"bold": True}),
            "head": book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"}),
            "head_number": book.add_format(
                {"bold": True, "bottom": 1, "text_wrap": True, "valign": "top", "align": "right"}
            ),
            "date": book.add_format({"num_format": 14, "align": "left"}),
            "book": book,
        }
        taken = set()
        for statement, words in statements:
            sheet = book.add_worksheet(_sheet_name(statement.partner.display_name, taken))
            _write(sheet, statement, words, styles)
    return stream.getvalue()


def _sheet_name(name, taken):
    """At most 31 characters, none of those that a workbook refuses, each name once whatever its case."""
    clean = re.sub(r"[\[\]:*?/\\\x00-\x1f]", " ", name or "").strip(" '")[:31].rstrip(" '") or "-"
    result, number = clean, 2
    # A workbook keeps this name for itself.
    while result.lower() in taken or result.lower() == "history":
        suffix = f" ({number})"
        result = clean[: 31 - len(suffix)] + suffix
        number += 1
    taken.add(result.lower())
    return result


def _write(sheet, statement, words, styles):
    columns = [name for name in _COLUMNS if statement.with_interest or name not in ("interest", "costs")]
    for place, name in enumerate(columns):
        sheet.set_column(place, place, _WIDTHS.get(name, 14))
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.write_string(0, 0, words["title"], styles["title"])
    sheet.write_string(1, 0, statement.company.name or "", styles["bold"])
    sheet.write_string(2, 0, words["customer"])
    sheet.write_string(2, 1, statement.partner.display_name or "")
    sheet.write_string(3, 0, words["as_of"])
    sheet.write_datetime(3, 1, statement.date, styles["date"])
    row = 5
    for section in statement.sections:
        row = _write_section(sheet, row, columns, section, words, styles) + 1
    if statement.bank and any(section.total > 0 for section in statement.sections):
        sheet.write_string(row, 0, words["account"])
        sheet.write_string(row, 1, statement.bank.acc_number or "")
        sheet.write_string(row + 1, 0, words["communication"])
        sheet.write_string(row + 1, 1, statement.reference)


def _write_section(sheet, row, columns, section, words, styles):
    currency = section.currency
    digits = "#,##0" + (f".{'0' * currency.decimal_places}" if currency.decimal_places else "")
    number = styles["book"].add_format({"num_format": digits})
    strong = styles["book"].add_format({"num_format": digits, "bold": True, "top": 1})
    heading = styles["book"].add_format({"bold": True, "top": 1})
    texts = ("date", "document", "number", "due")
    sheet.write_string(row, 0, words["currency"], styles["bold"])
    sheet.write_string(row, 1, currency.name, styles["bold"])
    row += 1
    for place, name in enumerate(columns):
        word = words["days" if name == "days_late" else name]
        sheet.write_string(row, place, word, styles["head" if name in texts else "head_number"])
    row += 1
    for line in section.lines:
        for place, name in enumerate(columns):
            _write_cell(sheet, row, place, name, line, words, styles, number)
        row += 1
    sheet.write_string(row, 0, words["total"], heading)
    for place, name in enumerate(columns[1:], start=1):
        if name in ("open", "interest", "costs"):
            sheet.write_number(row, place, float(getattr(section, name)), strong)
        elif name == "running":
            sheet.write_number(row, place, float(section.total), strong)
        else:
            sheet.write_blank(row, place, None, heading)
    row += 1
    sheet.write_string(row, 0, words["overdue"])
    sheet.write_number(row, columns.index("open"), float(section.overdue), number)
    row += 2
    sheet.write_string(row, 0, words["ageing"], styles["bold"])
    row += 1
    for code, amount in section.ageing:
        sheet.write_string(row, 0, words[code])
        sheet.write_number(row, columns.index("open"), float(amount), number)
        row += 1
    if section.cut_on:
        sheet.write_string(row, 0, words["until"])
        sheet.write_datetime(row, columns.index("open"), section.cut_on, styles["date"])
        row += 1
    return row


def _write_cell(sheet, row, place, name, line, words, styles, number):
    if name == "document":
        sheet.write_string(row, place, words[line.kind])
    elif name == "number":
        sheet.write_string(row, place, line.name)
    elif name in ("date", "due"):
        if getattr(line, name):
            sheet.write_datetime(row, place, getattr(line, name), styles["date"])
    elif name == "days_late":
        if line.days_late:
            sheet.write_number(row, place, line.days_late)
    else:
        sheet.write_number(row, place, float(getattr(line, name)), number)
