"""Letters as PDF: pages of exactly A4, cut into letters again, put together for printing, and marked as copies.

No ORM: bytes in, bytes out. Lengths in points (1/72 inch) unless they say mm.
"""

import io
import re

from reportlab.lib.colors import Color
from reportlab.pdfgen.canvas import Canvas

try:
    from pypdf import PageObject, PdfReader, PdfWriter
    from pypdf.generic import ArrayObject, DecodedStreamObject, NameObject, RectangleObject
except ImportError:  # the name that distributions before it know
    from PyPDF2 import PageObject, PdfReader, PdfWriter
    from PyPDF2.generic import ArrayObject, DecodedStreamObject, NameObject, RectangleObject

MM = 72 / 25.4
A4 = (210 * MM, 297 * MM)
#: Fold marks on the first page of a letter, in mm from the top: they tell at which scale the page came out.
FOLDS = (99, 198)
FOLD_MARK = "\u2013"
#: `FU000123 · 2/3` at the foot of each page.
_TEXT = re.compile(rb"\bBT\b.*?\bET\b", re.DOTALL)
_PAGE_NUMBER = re.compile(r"(\w+)\s*\u00b7\s*(\d+)\s*/\s*(\d+)")


class LetterError(ValueError):
    """The PDF does not hold the letters that it should: the message says what is wrong."""


def texts(page):
    """Texts of a page with their place.

    :return: list of (text, x, y), y from the bottom
    """
    found = []

    def visit(text, matrix, place, _font, _size):
        if text.strip():
            x = place[4] * matrix[0] + place[5] * matrix[2] + matrix[4]
            y = place[4] * matrix[1] + place[5] * matrix[3] + matrix[5]
            found.append((" ".join(text.split()), x, y))

    page.extract_text(visitor_text=visit)
    return found


def scale_of(page):
    """At which scale wkhtmltopdf printed: builds differ, so it is measured on the fold marks.

    :raises LetterError: without two fold marks
    """
    heights = [y for text, _x, y in texts(page) if text == FOLD_MARK]
    if len(heights) != 2:
        raise LetterError("the first page has no fold marks to measure")
    return abs(heights[0] - heights[1]) / ((FOLDS[1] - FOLDS[0]) * MM)


def page_number(page):
    """:return: (reference of the letter, number of the page, number of pages)
    :raises LetterError: when the page has no number at its foot
    """
    numbers = _PAGE_NUMBER.findall(" ".join(_last_words(page).split()))
    if not numbers:
        raise LetterError("a page without a page number")
    name, number, total = numbers[-1]
    return name, int(number), int(total)


def _last_words(page):
    """What was painted last on a page: the number at its foot. Reading all of a page takes a hundred times longer."""
    contents = page["/Contents"].get_object()
    parts = contents if isinstance(contents, list) else [contents]
    data = b"\n".join(part.get_object().get_data() for part in parts)
    probe = PdfWriter().add_blank_page(*A4)
    probe[NameObject("/Resources")] = page["/Resources"]
    probe[NameObject("/Contents")] = _stream(b"\n".join(_TEXT.findall(data)[-12:]))
    return probe.extract_text()


def _stream(data):
    stream = DecodedStreamObject()
    stream.set_data(data)
    return stream


def cut(content):
    """Cut what wkhtmltopdf made into letters, every page at its true size on an A4 sheet.

    :param content: one PDF; each page shows `reference · number/total` at its foot
    :rtype: dict of reference -> PDF (bytes), in the order of the document
    :raises LetterError: when a page is missing, double or out of order
    """
    pages = PdfReader(io.BytesIO(content)).pages
    if not len(pages):
        raise LetterError("an empty document")
    scale = scale_of(pages[0])
    found, totals = {}, {}
    for page in pages:
        name, number, total = page_number(page)
        own = found.setdefault(name, [])
        if number != len(own) + 1 or totals.setdefault(name, total) != total:
            raise LetterError(f"page {number}/{total} of {name} is out of order")
        own.append(page)
    for name, own in found.items():
        if totals[name] != len(own):
            raise LetterError(f"{name} has {len(own)} pages instead of {totals[name]}")
    return {name: _on_a4(own, scale) for name, own in found.items()}


def _on_a4(pages, scale):
    """These pages with their top left corner on that of an A4 sheet, at their true size.

    :rtype: bytes
    """
    writer = PdfWriter()
    for page in pages:
        height = float(page.mediabox.top) / scale
        writer.add_page(page)
        # What is not in a writer cannot be changed.
        page = writer.pages[-1]
        # Around what is there, which is neither read nor written again.
        contents = page.raw_get("/Contents")
        parts = contents.get_object()
        parts = list(parts) if isinstance(parts, list) else [contents]
        place = f"q {1 / scale:.6f} 0 0 {1 / scale:.6f} 0 {A4[1] - height:.4f} cm\n".encode()
        page[NameObject("/Contents")] = ArrayObject(
            [writer._add_object(_stream(place)), *parts, writer._add_object(_stream(b"\nQ\n"))]
        )
        for box in ("mediabox", "cropbox", "trimbox", "bleedbox", "artbox"):
            setattr(page, box, RectangleObject((0, 0, *A4)))
    return _bytes(writer)


def join(documents, duplex=False):
    """Put documents together for the printer.

    :param documents: list of PDFs (bytes)
    :param duplex: printed on both sides: each document begins on a sheet of its own
    """
    writer = PdfWriter()
    for content in documents:
        pages = PdfReader(io.BytesIO(content)).pages
        for page in pages:
            writer.add_page(page)
        if duplex and len(pages) % 2:
            writer.add_page(PageObject.create_blank_page(width=A4[0], height=A4[1]))
    return _bytes(writer)


def number_of_pages(content):
    return len(PdfReader(io.BytesIO(content)).pages)


def stamp_copy(content, word, text):
    """Mark every page as a copy, without touching what it says.

    :param word: set large across the page
    :param text: one line at the top: of what it is a copy
    """
    sheet = io.BytesIO()
    canvas = Canvas(sheet, pagesize=A4)
    canvas.saveState()
    canvas.setFillColor(Color(0.55, 0.55, 0.55, alpha=0.28))
    canvas.translate(A4[0] / 2, A4[1] / 2)
    canvas.rotate(55)
    size = min(110, 620 / max(canvas.stringWidth(word, "Helvetica-Bold", 1), 0.1))
    canvas.setFont("Helvetica-Bold", size)
    canvas.drawCentredString(0, -size / 3, word)
    canvas.restoreState()
    canvas.setFillColor(Color(0.3, 0.3, 0.3))
    canvas.setFont("Helvetica", 9)
    canvas.drawCentredString(A4[0] / 2, A4[1] - 8 * MM, text)
    canvas.save()
    mark = PdfReader(io.BytesIO(sheet.getvalue())).pages[0]
    writer = PdfWriter()
    for page in PdfReader(io.BytesIO(content)).pages:
        writer.add_page(page)
        writer.pages[-1].merge_page(mark)
    return _bytes(writer)


def _bytes(writer):
    stream = io.BytesIO()
    writer.write(stream)
    return stream.getvalue()
