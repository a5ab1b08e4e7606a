"""The dossier as a ZIP file: summary, claim as data, invoices, messages as they were sent, statement, list of contents.

Tables are CSV with a semicolon, as spreadsheets in Belgium open them; a text that a spreadsheet would run as a formula
gets an apostrophe in front. The list of contents names the SHA-256 of each part.
"""

import csv
import hashlib
import io
import json
import re
import zipfile
from datetime import date
from decimal import Decimal
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr

import pytz
from lxml import html

from ..engine import spreadsheet

#: Every part of the ZIP gets this time: the same dossier is the same file.
_EPOCH = (1980, 1, 1, 0, 0, 0)


def safe_cell(value):
    """A cell that no spreadsheet runs: numbers and days as they are, a text that looks like a formula with an apostrophe.

    :rtype: str
    """
    if value is None or value is False:
        return ""
    if isinstance(value, bool):
        return "1"
    if isinstance(value, Decimal | int | float):
        return f"{value:f}" if isinstance(value, Decimal) else str(value)
    if isinstance(value, date):
        return value.isoformat()
    return spreadsheet.as_text(str(value).replace("\x00", ""))


def table(head, rows):
    """:rtype: bytes, UTF-8 with a mark, lines with CRLF"""
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=";", lineterminator="\r\n")
    writer.writerow(head)
    writer.writerows([safe_cell(value) for value in row] for row in rows)
    return stream.getvalue().encode("utf-8-sig")


def safe_name(text):
    """A file name without folders, control characters, what turns the direction of writing, or what Windows refuses."""
    return (
        re.sub(r'[\\/:*?"<>|\x00-\x1f\x7f\u200e\u200f\u202a-\u202e\u2066-\u2069]+', "_", text or "").strip(" .")[:120]
        or "_"
    )


def archive(parts):
    """A ZIP of these parts with a list of contents.

    :param parts: list of (path, bytes); a path that comes twice gets a number
    :rtype: bytes
    """
    stream, taken = io.BytesIO(), set()
    named = []
    for path, content in parts:
        stem, dot, ending = path.rpartition(".")
        unique, number = path, 2
        while unique.lower() in taken:
            unique = f"{stem} ({number}){dot}{ending}"
            number += 1
        taken.add(unique.lower())
        named.append((unique, content))
    rows = [(path, len(content), hashlib.sha256(content).hexdigest()) for path, content in named]
    named.append(("contents.csv", table(("file", "bytes", "sha256"), rows)))
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as target:
        for path, content in named:
            target.writestr(zipfile.ZipInfo(path, _EPOCH), content, zipfile.ZIP_DEFLATED)
    return stream.getvalue()


# The claim as data


def claim_json(dossier):
    """Everything that a program needs of the claim; amounts as text, so that no cent is lost.

    :rtype: dict
    """
    handover, partner = dossier.handover, dossier.partner
    return {
        "dossier": handover.name,
        "as_of": dossier.date.isoformat(),
        "handed_over_on": handover.date.isoformat() if handover.date else None,
        "recipient": handover.recipient_id.display_name or None,
        "reference": handover.reference or None,
        "payments_seen_until": dossier.payments_seen_until.isoformat() if dossier.payments_seen_until else None,
        "creditor": {
            "name": dossier.company.name,
            "vat": dossier.company.vat or None,
            "enterprise_number": dossier.company.company_registry or None,
        },
        "debtor": {
            "name": partner.display_name,
            "regime": partner.followup_regime,
            "vat": partner.vat or None,
            "enterprise_number": partner.company_registry or None,
            "street": partner.street or None,
            "zip": partner.zip or None,
            "city": partner.city or None,
            "country": partner.country_id.code or None,
            "email": partner.email or None,
        },
        "totals": [
            {
                "currency": section.currency.name,
                "principal": str(section.open),
                "interest": str(section.interest),
                "costs": str(section.costs),
                "total": str(section.total),
                "unallocated_credits": str(section.credits),
            }
            for section in dossier.sections
        ],
        "items": [_item_json(item) for item in dossier.items],
        "conditions": handover.conditions or [],
    }


def _item_json(item):
    return {
        "number": item.number,
        "journal_item": item.record.move_line_id.id,
        "description": item.description,
        "regime": item.record.regime,
        "invoice_date": item.invoice_date.isoformat(),
        "due_date": item.due.isoformat(),
        "currency": item.currency.name,
        "amount": str(item.amount),
        "payments": [
            {"date": row.date.isoformat(), "kind": row.kind, "entry": row.name, "amount": str(row.amount)}
            for row in item.payments
        ],
        "principal": str(item.open),
        "disputed": str(item.disputed),
        "interest": str(item.interest),
        "interest_until": item.claim.until.isoformat() if item.claim.until else None,
        "segments": [
            {
                "from": segment.first_day.isoformat(),
                "to": segment.last_day.isoformat(),
                "days": segment.days,
                "base": str(segment.base),
                "rate": str(segment.rate),
                "amount": str(segment.amount),
            }
            for segment in item.segments
        ],
        "compensation": str(item.compensation),
        "compensation_basis": item.claim.compensation_basis,
        "reminder_costs": str(item.reminder_costs),
        "reasons": list(item.claim.reasons),
        "total": str(item.total),
    }


def claim_tables(dossier):
    """The claim for spreadsheets: items, payments, interest, contacts.

    :rtype: list of (file name, bytes)
    """
    debtor = dossier.partner.display_name
    return [
        (
            "claim.csv",
            table(
                ("debtor", "invoice", "description", "invoice_date", "due_date", "days_late", "currency", "amount", "paid",
                 "principal", "interest", "compensation", "reminder_costs", "total", "disputed"),
                [
                    (debtor, item.number, item.description, item.invoice_date, item.due, item.days_late,
                     item.currency.name, item.amount, item.amount - item.open, item.open, item.interest,
                     item.compensation, item.reminder_costs, item.total, item.disputed)
                    for item in dossier.items
                ],
            ),
        ),
        (
            "payments.csv",
            table(
                ("invoice", "date", "kind", "entry", "currency", "amount"),
                [
                    (item.number, row.date, row.kind, row.name, item.currency.name, row.amount)
                    for item in dossier.items
                    for row in item.payments
                ],
            ),
        ),
        (
            "interest.csv",
            table(
                ("invoice", "from", "to", "days", "base", "rate_percent", "currency", "interest"),
                [
                    (item.number, row.first_day, row.last_day, row.days, row.base, row.rate, item.currency.name, row.amount)
                    for item in dossier.items
                    for row in item.segments
                ],
            ),
        ),
        (
            "contacts.csv",
            table(
                ("moment_utc", "kind", "title", "address", "state", "delivered_on", "message_id", "sha256"),
                [
                    (row.moment, row.kind, row.title, row.address, row.state, row.delivered_on, row.message_id, row.sha256)
                    for row in dossier.contacts
                ],
            ),
        ),
    ]  # fmt: skip


# Messages as they were sent


def notice_parts(notice):
    """A notice with its proof: what the customer read, the e-mail put together again, attachments, fingerprint.

    :rtype: list of (path, bytes)
    """
    folder = f"messages/{safe_name(notice.name)}"
    attachments = [(safe_name(one.name), one.raw or b"", one.mimetype) for one in notice.attachment_ids]
    parts = [(f"{folder}/attachments/{name}", content) for name, content, _kind in attachments]
    if notice.body:
        parts.append((f"{folder}/message.html", str(notice.body).encode()))
    if notice.channel == "email" and notice.body:
        parts.append((f"{folder}/message.eml", _eml(notice, attachments)))
    parts.append((f"{folder}/evidence.json", json.dumps(evidence(notice), indent=2, ensure_ascii=False).encode()))
    return parts


def evidence(notice):
    """What proves it, and from what the fingerprint can be computed again.

    :rtype: dict
    """
    return {
        "reference": notice.name,
        "channel": notice.channel,
        "state": notice.state,
        "to": notice.email_to or None,
        "postal_address": notice.address or None,
        "from": notice.email_from or None,
        "subject": notice.subject or None,
        "message_id": notice.message_id or None,
        "claimed_utc": _moment(notice.claim_date),
        "sent_utc": _moment(notice.sent_date),
        "delivered_on": notice.delivered_on.isoformat() if notice.delivered_on else None,
        "returned_utc": _moment(notice.bounced_date),
        "failure": notice.failure or None,
        "pay_before": notice.pay_before.isoformat() if notice.pay_before else None,
        "structured_communication": notice.reference or None,
        "sha256": notice.sha256 or None,
        "sha256_now": notice._fingerprint() if notice.sha256 else None,
        "sha256_of": "reference, to, from, subject, body, lines, attachments (checksums), as JSON with sorted keys",
        "attachments": [
            {"name": one.name, "sha256": hashlib.sha256(one.raw or b"").hexdigest()} for one in notice.attachment_ids
        ],
        "lines": [
            {
                "invoice": line.name or None,
                "due_date": line.date_maturity.isoformat() if line.date_maturity else None,
                "level": line.level_name or None,
                "open": f"{line.amount_residual:.2f}",
                "interest": f"{line.interest:.2f}",
                "compensation": f"{line.compensation:.2f}",
                "reminder_cost": f"{line.reminder_cost:.2f}",
                "currency": line.currency_id.name,
            }
            for line in notice.line_ids
        ],
    }


def _moment(moment):
    return moment.isoformat(sep=" ") if moment else None


def _eml(notice, attachments):
    """The e-mail put together again from the evidence: headers, words and attachments; not the bytes of the wire."""
    # Long lines: a folded Message-ID would not be found by who looks for it.
    message = EmailMessage(policy=SMTP.clone(max_line_length=900))
    for header, value in (
        ("From", notice.email_from), ("To", notice.email_to), ("Reply-To", notice.reply_to), ("Subject", notice.subject),
    ):  # fmt: skip
        clean = " ".join((value or "").split())
        if clean and (header == "Subject" or parseaddr(clean)[1]):
            message[header] = clean
    if notice.message_id:
        message["Message-ID"] = notice.message_id.strip()
    if notice.sent_date:
        message["Date"] = format_datetime(pytz.utc.localize(notice.sent_date))
    body = str(notice.body or "")
    message.set_content(" ".join(html.fromstring(f"<div>{body}</div>").text_content().split()))
    message.add_alternative(body, subtype="html")
    for name, content, kind in attachments:
        maintype, _slash, subtype = (kind or "application/octet-stream").partition("/")
        if maintype not in ("application", "image", "audio", "video"):
            maintype, subtype = "application", "octet-stream"
        message.add_attachment(content, maintype=maintype, subtype=subtype or "octet-stream", filename=name)
    # The same message is the same file: no random boundary.
    for place, part in enumerate(part for part in message.walk() if part.is_multipart()):
        part.set_boundary(f"=_{notice.name}_{place}")
    return message.as_bytes()
