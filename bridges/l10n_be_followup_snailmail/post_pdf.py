"""A letter as the print service wants it: the address on a page in front, white margins. No ORM: bytes in, bytes out."""

import io
import unicodedata

from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

try:
    from pypdf import PdfReader, PdfWriter
except ImportError:  # the name that distributions before it know
    from PyPDF2 import PdfReader, PdfWriter

#: Where Odoo's own cover page has the address, which the window of the service's envelopes shows: mm from the left, mm from
#: the top, width and height.
WINDOW = (118, 60, 85.5, 25.5)
#: What must stay white at the edges, and in the bottom left corner (mm), as Odoo's own letters have it.
MARGIN, CORNER = 5, 15
FONT = "Helvetica"


def cover(address, blank=False):
    """The page in front.

    :param address: lines of the address
    :param blank: a second, empty page, so that nothing is printed on the back of the address
    :rtype: bytes
    """
    left, top, width, height = WINDOW
    lines = [_writable(line) for line in address if line.strip()]
    stream = io.BytesIO()
    canvas = Canvas(stream, pagesize=A4)
    size = min(10.0, (height - 2) * mm / (1.2 * max(len(lines), 1)))
    widest = max((canvas.stringWidth(line, FONT, 1) for line in lines), default=1)
    size = min(size, (width - 6) * mm / widest)
    canvas.setFont(FONT, size)
    for number, line in enumerate(lines, start=1):
        canvas.drawString((left + 3) * mm, A4[1] - (top + 1) * mm - number * size * 1.2, line)
    canvas.showPage()
    if blank:
        canvas.showPage()
    canvas.save()
    return stream.getvalue()


def white_margins(content):
    """:param content: a PDF (bytes)
    :return: the same with a white frame around each page
    """
    stream = io.BytesIO()
    canvas = Canvas(stream, pagesize=A4)
    canvas.setFillColorRGB(1, 1, 1)
    width, height = A4
    for box in (
        (0, 0, width, MARGIN * mm),
        (0, height - MARGIN * mm, width, MARGIN * mm),
        (0, 0, MARGIN * mm, height),
        (width - MARGIN * mm, 0, MARGIN * mm, height),
        (0, 0, CORNER * mm, CORNER * mm),
    ):
        canvas.rect(*box, stroke=0, fill=1)
    canvas.save()
    frame = PdfReader(io.BytesIO(stream.getvalue())).pages[0]
    writer = PdfWriter()
    for page in PdfReader(io.BytesIO(content)).pages:
        writer.add_page(page)
        # What is not in a writer cannot be changed: Odoo's own `_overwrite_margins` fails here with pypdf 7.
        writer.pages[-1].merge_page(frame)
    result = io.BytesIO()
    writer.write(result)
    return result.getvalue()


def _writable(line):
    """What the font does not have loses its accents: a letter arrives without them, not with holes."""
    result = ""
    for character in line:
        try:
            character.encode("cp1252")
            result += character
        except UnicodeEncodeError:
            plain = unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode()
            result += plain or "?"
    return result
