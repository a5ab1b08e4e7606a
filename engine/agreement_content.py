"""What a customer reads about an arrangement, a promise or a dispute: in an e-mail, on paper and on his page."""

from odoo.addons.payment import utils as payment_utils
from odoo.tools import format_amount, format_datetime

from . import application


def agreement_values(notice, intro):
    """Everything that the frame of an e-mail about an arrangement, a promise or a dispute shows."""
    record, arrangement = notice._about(), notice.arrangement_id
    company = notice.company_id
    base_url = company.get_base_url()
    values = {
        **words(notice.env, company, notice.lang),
        "notice": notice,
        "purpose": notice.purpose,
        "company": company,
        "intro": intro,
        "dispute": notice.dispute_id,
        "promise": notice.promise_id,
        "pay_before": notice.pay_before,
        "bank": agreement_bank(record),
        "base_url": base_url,
        "responsible": notice.responsible_id,
        "enterprise_number": application.enterprise_number(company),
        "consumer": notice.regime == "b2c",
        "link": None,
        "links": {},
        "instalment": notice.instalment_id,
        "instalments": arrangement.instalment_ids.sorted("date"),
        "arrangement": arrangement,
        "rows": [],
        "payments": [],
    }
    if arrangement:
        arrangement._portal_ensure_token()
        values |= {
            **arrangement_values(arrangement),
            "link": base_url + arrangement.get_portal_url(),
            "payments": [
                _payment_of(instalment, values["bank"], notice.pay_before if notice.purpose == "missed" else None)
                for instalment in _to_pay(notice)
            ],
            # A column of nothing but what is still to come says nothing.
            "any_state": any(
                row.state not in ("planned", "partly") or row.amount_paid for row in values["instalments"]
            ),
            "any_paid": any(instalment.state == "paid" for instalment in values["instalments"]),
        }
    else:
        rows = invoice_rows(record, values["bank"])
        moves = record.cover_ids.move_id.filtered(lambda move: move.is_invoice() and move.state == "posted")
        application._ensure_access_tokens(moves)
        values |= {"rows": rows, "links": {move.id: base_url + move.get_portal_url() for move in moves}}
    return values


def words(env, company, lang):
    """How days and amounts are written for a customer."""
    zone = company._followup_root().followup_tz
    return {
        "fmt_date": lambda day: application.notice_date(env, day, lang),
        "fmt_moment": lambda moment: format_datetime(env, moment, zone, "d MMM yyyy HH:mm", lang),
        "fmt_amount": lambda amount, currency: format_amount(env, amount, currency, lang_code=lang),
    }


def arrangement_values(arrangement):
    """What is covered, the sum of it, and what the customer agreed to."""
    instalments = arrangement.instalment_ids.sorted("date")
    return {
        "arrangement": arrangement,
        "instalments": instalments,
        "covers": arrangement.cover_ids.sorted(lambda cover: (cover.date_maturity, cover.id)),
        "consumer": arrangement.consumer,
        "proposal": arrangement.state == "proposed",
        "following": instalments.filtered(lambda instalment: instalment.state != "paid")[:1],
        "bank": agreement_bank(arrangement),
    }


def _to_pay(notice):
    """The instalments that a message asks for: the one it is about, and what else was missed."""
    instalments = notice.arrangement_id.instalment_ids.sorted("date")
    if notice.purpose == "missed":
        return instalments.filtered(
            lambda instalment: instalment == notice.instalment_id or instalment.state == "missed"
        )
    if notice.purpose == "instalment":
        return notice.instalment_id
    return instalments.filtered(lambda instalment: instalment.state != "paid")[:1]


def _payment_of(instalment, bank, until=None):
    return {
        "instalment": instalment,
        "by": until or instalment.date,
        "amount": instalment.amount_open,
        "currency": instalment.currency_id,
        "reference": instalment.reference,
        "qr_url": qr_url(
            bank, instalment.amount_open, instalment.reference, instalment.currency_id, instalment.partner_id
        ),
    }


def invoice_rows(record, bank):
    """The invoices of a promise or a dispute with what is to pay of them.

    :return: list of dict(move, name, amount, currency, reference, qr_url), nothing that is paid
    """
    rows = []
    for cover in record.cover_ids.sorted(lambda cover: (cover.date_maturity, cover.id)):
        item, currency = cover.item_id, cover.currency_id
        rest = currency.round(cover.amount - cover.paid - cover.released)
        amount = min(rest, item.amount_residual_currency) if item.is_open else 0.0
        if currency.compare_amounts(amount, 0.0) <= 0:
            continue
        reference = cover.move_id.payment_reference or cover.name
        rows.append(
            {
                "move": cover.move_id,
                "name": cover.name,
                "due": cover.date_maturity,
                "amount": amount,
                "currency": currency,
                "reference": reference,
                "qr_url": qr_url(bank, amount, reference, currency, record.partner_id),
            }
        )
    return rows


def qr_url(bank, amount, reference, currency, partner):
    """Address of the picture of a QR code for banking apps; None without an account that can have one."""
    if not bank or amount <= 0:
        return None
    return bank.sudo().build_qr_code_url(amount, reference, reference, currency, partner)


def qr_image(bank, instalment):
    """The same code as a picture inside a document."""
    if not bank or instalment.amount_open <= 0:
        return None
    return bank.sudo().build_qr_code_base64(
        instalment.amount_open,
        instalment.reference,
        instalment.reference,
        instalment.currency_id,
        instalment.partner_id,
        silent_errors=True,
    )


def agreement_bank(record):
    """The account to pay on: that of the invoices when they agree, else the company's first."""
    return application._agreed_bank(record.cover_ids.move_id, record.company_id)


def online_payment_url(arrangement):
    """Odoo's own payment page of the oldest covered invoice that is open, for the amount of the next instalment.

    :return: None when no provider of online payments can take it
    """
    following = arrangement.instalment_ids.sorted("date").filtered(lambda instalment: instalment.state != "paid")[:1]
    open_covers = arrangement.cover_ids.filtered(lambda cover: cover.item_id.is_open).sorted(
        lambda cover: (cover.date_maturity, cover.id)
    )
    move = open_covers.move_id.filtered(lambda move: move.is_invoice() and move.state == "posted")[:1]
    if arrangement.state != "active" or not following or not move or not move._has_to_be_paid():
        return None
    currency = arrangement.currency_id
    amount = currency.round(min(following.amount_open, move.amount_residual))
    providers = arrangement.env["payment.provider"]._get_compatible_providers(
        arrangement.company_id.id, move.partner_id.id, amount, currency_id=currency.id
    )
    if not providers or amount <= 0:
        return None
    application._ensure_access_tokens(move)
    # Odoo checks that nobody wrote another amount into the link.
    token = payment_utils.generate_access_token(move.id, amount, env=arrangement.env)
    return move.get_portal_url(query_string=f"&amount={amount}&payment_token={token}&payment=True", anchor="portal_pay")
