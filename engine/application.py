"""Apply decisions with the ORM: write figures set-based, prepare notices in batches, fill messages.

Functions take recordsets and plain decisions; `followup.engine` offers the steps as overridable methods.
"""

import json
import re
from collections import defaultdict
from datetime import date, timedelta, timezone
from decimal import Decimal
from typing import NamedTuple

from babel.numbers import format_decimal
from odoo.tools import SQL, babel_locale_parse, format_amount, format_date, plaintext2html
from stdnum.be import ogm_vcs
from stdnum.be import vat as be_vat

from . import claims
from .decision import ZERO, Decision, Reason, look_again

#: Temporary answers of a mail server: try again later.
_TEMPORARY = re.compile(r"\((4\d\d), ")
#: The connection broke: the server may or may not have taken the message.
_AMBIGUOUS = (
    "TimeoutError",
    "timeout",
    "ConnectionResetError",
    "BrokenPipeError",
    "OSError",
    "SSLError",
    "SSLEOFError",
)


def classify_failure(reason, failure_type=None):
    """What a failed attempt means: `refused` (for good), `later` (temporary) or `unknown` (perhaps delivered)."""
    if failure_type == "mail_smtp":
        return "later"
    if _TEMPORARY.search(reason or ""):
        return "later"
    if any(name in (reason or "") for name in _AMBIGUOUS):
        return "unknown"
    return "refused"


def smtp_answer(reason):
    """`550 no such user` out of the text of an smtplib exception; empty when there is none."""
    found = re.search(r"""\((\d{3}), b['"](.*?)['"]\)""", reason or "", re.DOTALL)
    return f"{found[1]} {found[2]}" if found else ""


def naive_utc(moment):
    """A moment as Odoo stores it; one without a time zone is taken as UTC."""
    return moment.astimezone(timezone.utc).replace(tzinfo=None) if moment.tzinfo else moment


def content_key(lines, credits):
    """A text that is equal for two versions of a message exactly when the customer would see no difference."""
    rows = sorted(
        (int(item or 0), int(level or 0), bool(advances), int(currency), f"{Decimal(str(amount)):.6f}")
        for item, level, advances, currency, amount in lines
    )
    owed = sorted((int(c["currency_id"]), f"{Decimal(str(c['amount'])):.6f}") for c in credits or [])
    return json.dumps([rows, owed])


def pack_reasons(reasons):
    """Reasons as JSON for the database: codes, so that they are read in the reader's language."""
    return [
        {"code": reason.code, "until": reason.until.isoformat() if reason.until else None, "detail": reason.detail}
        for reason in reasons
    ]


def unpack_reasons(packed):
    return [
        Reason(row["code"], date.fromisoformat(row["until"]) if row.get("until") else None, row.get("detail") or "")
        for row in packed or []
    ]


def working_days_between(company, start, end):
    """Number of working days after `start`, up to and including `end`."""
    count = 0
    day = start + timedelta(days=1)
    while day <= end and count < 400:
        count += bool(company._followup_is_working_day(day))
        day += timedelta(days=1)
    return count


def figures(decision: Decision, today: date):
    """Amounts of one customer in company currency: overdue, ageing buckets, credits, oldest due date."""
    buckets = dict.fromkeys(("due", "1_30", "31_60", "61_90", "over_90"), ZERO)
    oldest = None
    for item in decision.customer.items:
        if any(hold.code == "no_followup" for hold in item.holds):
            continue
        late = (today - item.due_date).days
        if late <= 0:
            buckets["due"] += item.residual_company
            continue
        oldest = item.due_date if oldest is None else min(oldest, item.due_date)
        name = "1_30" if late <= 30 else "31_60" if late <= 60 else "61_90" if late <= 90 else "over_90"
        buckets[name] += item.residual_company
    overdue = sum((amount for name, amount in buckets.items() if name != "due"), ZERO)
    credit = sum((c.amount_company for c in decision.customer.credits), ZERO)
    return overdue, buckets, credit, oldest


def held_amount(decision: Decision, today: date):
    """What is overdue and nobody is asked for now, in company currency: holds, promises, disputes, arrangements."""
    return sum(
        (
            item.residual_company
            if item.reasons(today) or any(hold.until is None or hold.until >= today for hold in decision.customer.holds)
            else item.residual_company - item.payable_company(today)
            for item in decision.customer.items
            if item.due_date < today and not any(hold.code == "no_followup" for hold in item.holds)
        ),
        ZERO,
    )


def write_figures(env, decisions, today, extra):
    """Write customers and items in two statements, only the rows that differ.

    :param decisions: list of `Decision`
    :param extra: dict customer id -> dict with `state`, `regime`, `data_issue`, `policy_id`, `responsible_id`
    """
    customers, items = [], []
    for decision in decisions:
        overdue, buckets, credit, oldest = figures(decision, today)
        more = extra[decision.customer.id]
        reached = [
            level
            for item in decision.customer.items
            if item.policy and item.level_id and (level := item.policy.level(item.level_id))
        ]
        top = max(reached, key=lambda level: level.rank, default=None)
        customers.append(
            (
                decision.customer.id, more["state"], more["regime"], more["data_issue"], more["policy_id"],
                more["responsible_id"], overdue, buckets["due"], buckets["1_30"], buckets["31_60"], buckets["61_90"],
                buckets["over_90"], credit, held_amount(decision, today), oldest, top.id if top else None,
                decision.next_level.id if decision.next_level else None, decision.next_date, today,
                # Who is about to be written to needs no excuse; single items keep theirs.
                json.dumps(pack_reasons(decision.reasons)) if decision.reasons and not decision.acts else None,
                look_again(decision, today),
            )
        )  # fmt: skip
        for row in decision.items:
            items.append(
                (
                    row.item.id, row.level.id if row.level else None, row.on,
                    json.dumps(pack_reasons(row.reasons)) if row.reasons else None,
                )
            )  # fmt: skip
    _update(
        env,
        "followup_customer",
        [
            ("state", "varchar"), ("regime", "varchar"), ("data_issue", "varchar"), ("policy_id", "int"), ("responsible_id", "int"),
            ("amount_overdue", "numeric"), ("amount_due", "numeric"), ("amount_1_30", "numeric"),
            ("amount_31_60", "numeric"), ("amount_61_90", "numeric"), ("amount_over_90", "numeric"),
            ("amount_credit", "numeric"), ("amount_held", "numeric"), ("oldest_date", "date"), ("level_id", "int"), ("next_level_id", "int"),
            ("next_date", "date"), ("decided_on", "date"), ("reasons", "jsonb"), ("decide_on", "date"),
        ],
        customers,
    )  # fmt: skip
    _update(env, "followup_item", [("next_level_id", "int"), ("next_date", "date"), ("reasons", "jsonb")], items)
    env["followup.customer"].invalidate_model()
    env["followup.item"].invalidate_model()


def _update(env, table, columns, rows):
    """One `UPDATE ... FROM unnest(...)` that leaves equal rows alone."""
    if not rows:
        return
    names = ["id", *(name for name, _type in columns)]
    types = ["int", *(kind for _name, kind in columns)]
    arrays = SQL(", ").join(SQL("%s::" + kind + "[]", [row[place] for row in rows]) for place, kind in enumerate(types))
    env.cr.execute(
        SQL(
            "UPDATE %(table)s target SET %(sets)s FROM unnest(%(arrays)s) AS fresh(%(names)s) "
            "WHERE target.id = fresh.id AND (%(old)s) IS DISTINCT FROM (%(new)s)",
            table=SQL.identifier(table),
            sets=SQL(", ").join(SQL("%s = fresh.%s", SQL.identifier(n), SQL.identifier(n)) for n in names[1:]),
            arrays=arrays,
            names=SQL(", ").join(SQL.identifier(n) for n in names),
            old=SQL(", ").join(SQL.identifier("target", n) for n in names[1:]),
            new=SQL(", ").join(SQL.identifier("fresh", n) for n in names[1:]),
        )
    )


class Known(dict):
    """What was read for many decisions at once: a dict item id -> `legal.claim.Claim`, and more.

    :ivar items: dict item id -> `ItemRow`, what a message says of the item
    :ivar customer_ids: all customers of the batch, so that their data are read together
    """

    items: dict = {}
    customer_ids: tuple = ()

    @classmethod
    def of(cls, env, decisions, amounts=()):
        """:param amounts: claims by item id, as `_claims_of` gave them"""
        known = cls(amounts)
        known.items = item_rows(env, [line.item.id for taken in decisions for line in (*taken.message, *taken.calls)])
        known.customer_ids = tuple(taken.customer.id for taken in decisions)
        return known


class ItemRow(NamedTuple):
    """What a message says of an open item, in the words of the invoice; amount in the item's currency."""

    id: int
    move_id: int
    episode: int
    regime: str | None
    name: str
    description: str
    invoice_date: date
    amount: Decimal
    reference: str | None


def item_rows(env, item_ids):
    """What messages say of these items, for all of them in one query: as `item_name` and `item_description` of each.

    :rtype: dict item id -> `ItemRow`
    """
    if not item_ids:
        return {}
    for name in ("followup.item", "account.move.line", "account.move"):
        env[name].flush_model()
    result = {}
    for (item_id, move_id, episode, regime, invoiced, amount, number, own, ref, kind, reference, place, count, products) in (
        env.execute_query(
            SQL(
                """SELECT item.id, move.id, item.episode, move.followup_regime,
                          COALESCE(move.invoice_date, move.date), abs(aml.amount_currency)::text,
                          move.name, aml.name, move.ref, move.move_type, move.payment_reference,
                          term.place, term.count, sold.products
                     FROM followup_item item
                     JOIN account_move_line aml ON aml.id = item.move_line_id
                     JOIN account_move move ON move.id = aml.move_id
        LEFT JOIN LATERAL (
                   SELECT count(*) AS count,
                          count(*) FILTER (WHERE (COALESCE(other.date_maturity, other.date), other.id)
                                              <= (COALESCE(aml.date_maturity, aml.date), aml.id)) AS place
                     FROM account_move_line other
                     JOIN account_account account ON account.id = other.account_id
                    WHERE other.move_id = move.id AND account.account_type = 'asset_receivable' AND other.debit <> 0
                   ) term ON move.move_type IN ('out_invoice', 'out_refund', 'in_invoice', 'in_refund')
        LEFT JOIN LATERAL (
                   SELECT json_agg(json_build_array(line.name, line.product_id) ORDER BY line.id) AS products
                     FROM (SELECT id, name, product_id FROM account_move_line
                            WHERE move_id = move.id AND display_type = 'product' ORDER BY id LIMIT 3) line
                   ) sold ON move.move_type IN ('out_invoice', 'out_refund', 'out_receipt')
                    WHERE item.id = ANY(%s)""",
                list(item_ids),
            )
        )
    ):  # fmt: skip
        if kind in ("out_invoice", "out_refund", "out_receipt"):
            # A line without words is named after its product.
            names = [
                (text or _product_name(env, product) or "").strip().split("\n")[0] for text, product in products or ()
            ]
            text = ", ".join(name for name in names if name)
            description = (text[:117] + "...") if len(text) > 120 else text
        else:
            description = (own or ref or "").strip().split("\n")[0][:120]
        name = f"{number} ({place}/{count})" if (count or 0) > 1 else number or own or "/"
        invoice = kind in ("out_invoice", "out_refund", "in_invoice", "in_refund")
        result[item_id] = ItemRow(
            item_id,
            move_id,
            episode,
            regime,
            name,
            description,
            invoiced,
            Decimal(amount),
            reference if invoice else None,
        )
    return result


def _product_name(env, product_id):
    return env["product.product"].browse(product_id).display_name if product_id else ""


def item_name(move_line):
    """How the customer knows the item: the invoice number, with the instalment when there are several."""
    move = move_line.move_id
    terms = move.line_ids.filtered(lambda line: line.account_type == "asset_receivable" and line.debit)
    if move.is_invoice() and len(terms) > 1:
        ordered = terms.sorted(lambda line: (line.date_maturity or line.date, line.id))
        return f"{move.name} ({ordered.ids.index(move_line.id) + 1}/{len(ordered)})"
    return move.name or move_line.name or "/"


def item_description(move_line):
    """What was delivered, in a few words: the first products or lines of the invoice.

    An entry that is no invoice may hold other customers' lines: only its own words are named.
    """
    move = move_line.move_id
    if not move.is_sale_document(include_receipts=True):
        return (move_line.name or move.ref or "").strip().split("\n")[0][:120]
    products = move.invoice_line_ids.filtered(lambda line: line.display_type == "product")
    names = [(line.name or line.product_id.display_name or "").strip().split("\n")[0] for line in products[:3]]
    text = ", ".join(name for name in names if name)
    return (text[:117] + "...") if len(text) > 120 else text


def line_values(env, decision, today, known=None):
    """Snapshot rows of a message, one per item; a fixed number of queries for the whole decision.

    :param known: `Known` of many decisions
    """
    lines = decision.message or decision.calls
    rows = known.items if known is not None else item_rows(env, [line.item.id for line in lines])
    values = []
    for line in lines:
        row = rows[line.item.id]
        level = env["followup.level"].browse(line.level.id) if line.level else env["followup.level"]
        values.append(
            {
                "item_id": row.id,
                "move_id": row.move_id,
                "level_id": level.id,
                "level_kind": line.level.kind if line.level else False,
                "level_name": level.name or False,
                "level_rank": level._rank() * 1000 + level.sequence if level else -1,
                "episode": row.episode,
                "advances": line.advances,
                "name": row.name,
                "description": row.description,
                "invoice_date": row.invoice_date,
                "date_maturity": line.item.due_date,
                "days_late": max((today - line.item.due_date).days, 0),
                "currency_id": line.item.currency,
                "amount_total": float(row.amount),
                "amount_residual": float(line.amount),
                "amount_held": float(line.item.residual - line.amount),
                "amount_paid": float(max(row.amount - line.item.residual, ZERO)),
            }
        )
    return values


def add_claim(line, claim):
    """Put what is claimed on the item into its snapshot row."""
    if claim is None:
        return
    line.update(
        interest=float(claim.interest),
        compensation=float(claim.compensation),
        reminder_cost=float(claim.reminder_cost),
        claim_detail=claims.detail(claim),
    )


def credit_values(decision):
    return [
        {"currency_id": credit.currency, "amount": str(credit.amount)}
        for credit in decision.customer.credits
        if credit.amount > 0
    ]


def totals(notice):
    """Per currency: principal, credits, what is left of it, interest, flat sums and costs, and the sum to pay.

    :rtype: list of dict(currency, owed, credit, open, interest, costs, due), amounts in that currency
    """
    owed, credit = defaultdict(float), defaultdict(float)
    interest, costs = defaultdict(float), defaultdict(float)
    for line in notice.line_ids:
        owed[line.currency_id] += line.amount_residual
        interest[line.currency_id] += line.interest
        costs[line.currency_id] += line.compensation + line.reminder_cost
    currencies = notice.env["res.currency"]
    for row in notice.credits or []:
        credit[currencies.browse(row["currency_id"])] += float(row["amount"])
    return [
        {
            "currency": currency,
            "owed": currency.round(amount),
            "credit": currency.round(min(credit[currency], amount)),
            "open": currency.round(max(amount - credit[currency], 0.0)),
            "interest": currency.round(interest[currency]),
            "costs": currency.round(costs[currency]),
            "due": currency.round(max(amount - credit[currency], 0.0) + interest[currency] + costs[currency]),
        }
        for currency, amount in owed.items()
    ]


def payment_reference(notice):
    """One invoice: its own communication; several: the notice's."""
    moves = notice.line_ids.move_id
    if len(moves) == 1 and moves.is_invoice() and moves.payment_reference:
        return moves.payment_reference
    return structured_reference("9", notice.id)


def structured_reference(prefix, number):
    """A Belgian structured communication of our own: +++pnn/nnnn/nnncc+++, check digits by `python-stdnum`.

    :param prefix: first digit, which says what it stands for: 7 an instalment, 8 a statement, 9 a notice
    :param number: id of the record
    """
    base = f"{prefix}{number % 10**9:09d}"
    return f"+++{ogm_vcs.format(base + ogm_vcs.calc_check_digits(base))}+++"


def bank_account(notice):
    """The account to pay on: that of the invoices when they agree, else the company's first."""
    return _agreed_bank(notice.line_ids.move_id, notice.company_id)


def _agreed_bank(moves, company):
    banks = moves.partner_bank_id.filtered(lambda bank: bank.active)
    own = company.partner_id.bank_ids.filtered(lambda bank: bank.active)
    return banks if len(banks) == 1 else (banks & own)[:1] or own[:1]


def body_values(notice, intro):
    """Everything that the frame of a message shows."""
    env = notice.env
    lang = notice.lang
    company = notice.company_id
    lines = notice.line_ids.sorted(lambda line: (-line.level_rank, line.date_maturity, line.id))
    groups = [
        (same[0].level_name if same[0].level_id else False, same) for _rank, same in lines.grouped("level_rank").items()
    ]
    bank = bank_account(notice)
    lang_locale = babel_locale_parse(lang)
    sums = totals(notice)
    for row in sums:
        row["qr_url"] = (
            bank.build_qr_code_url(
                row["due"], notice.reference or "", notice.reference or "", row["currency"], notice.partner_id
            )
            if bank and row["due"]
            else None
        )
    _ensure_access_tokens(notice.line_ids.move_id)
    base_url = company.get_base_url()
    links = {
        line.id: base_url + line.move_id.get_portal_url()
        for line in lines
        if line.move_id.is_invoice() and line.move_id.state == "posted"
    }
    first_reminders = lines.filtered(lambda line: line.advances and line.level_kind == "first_reminder")
    return {
        "notice": notice,
        "company": company,
        "intro": intro,
        "groups": groups,
        "lines": lines,
        "totals": sums,
        "bank": bank,
        "base_url": base_url,
        "links": links,
        "pay_link": next(iter(links.values())) if len(links) == 1 and len(lines) == 1 else None,
        "kind": notice.level_kind,
        "consumer_lines": _announcements(notice, first_reminders) if notice.regime == "b2c" else [],
        "free_until": notice._promised_until(),
        "claims": bool(lines.filtered("amount_claim")),
        "claim_cut": any((line.claim_detail or {}).get("cut") for line in lines if line.interest),
        "claim_until": min(
            ((line.claim_detail or {}).get("until") or "" for line in lines if line.interest), default=""
        ),
        "earlier": earlier_notices(notice),
        "responsible": notice.responsible_id,
        "enterprise_number": enterprise_number(company),
        "fmt_date": lambda day: notice_date(env, day, lang),
        "fmt_rate": lambda rate: format_decimal(Decimal(str(rate)), format="0.0#", locale=lang_locale),
        "fmt_amount": lambda amount, currency: format_amount(env, amount, currency, lang_code=lang),
    }


def one_line(text):
    """A value of a header: a line break in a name would begin another header, and takes the address from who reads it."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text or "").split())


def notice_date(env, day, lang):
    """A day as the customer reads it; in English with the month in letters, for 11/12 is two days in Europe."""
    if not day:
        return ""
    return format_date(env, day, lang_code=lang, date_format="d MMM yyyy" if (lang or "en").startswith("en") else False)


def _announcements(notice, lines):
    """What a consumer's free first reminder announces for each item: the flat sum and interest after the fourteen days."""
    if not lines:
        return []
    company = notice.company_id
    known = claims.announced(notice.env, company, lines.item_id.ids, notice._leaves_on(), notice._medium())
    rows = []
    for line in lines:
        answer, free_until, _terms = known.get(line.item_id.id, (None, None, None))
        rate = answer.accrual.segments[-1].rate if answer and answer.accrual and answer.accrual.segments else None
        rows.append(
            {
                "line": line,
                "compensation": float(answer.compensation) if answer else 0.0,
                "rate": rate,
                "free_until": free_until,
                "reminder_cost": line.reminder_cost,
            }
        )
    return rows


def mandatory_elements(notice, lines, number):
    """Texts that must stand in a consumer's first reminder, each with its name (art. XIX.2 §2)."""
    env, lang = notice.env, notice.lang
    day = notice._promised_until()
    yield notice.company_id.name, env._("the name of the creditor")
    if number:
        yield number, env._("the enterprise number of the creditor")
    yield notice_date(env, day, lang), env._("the end of the fourteen days")
    for row in _announcements(notice, lines):
        line = row["line"]
        yield line.description or line.name, env._("the description of the product")
        yield notice_date(env, line.date_maturity, lang), env._("the day the debt fell due")
        yield format_amount(env, line.amount_residual, line.currency_id, lang_code=lang), env._("the balance due")
        if row["compensation"]:
            yield (
                format_amount(env, row["compensation"], line.currency_id, lang_code=lang),
                env._("the flat sum that will be claimed"),
            )


def enterprise_number(company):
    """The number of a company or a partner as Belgians write it: 0477.472.701; another country's as it stands."""
    number = company.company_registry or company.vat or ""
    if be_vat.is_valid(number):
        digits = be_vat.compact(number)
        return f"{digits[:4]}.{digits[4:7]}.{digits[7:]}"
    return number


def _ensure_access_tokens(moves):
    """Give invoices the token of their portal link in one statement; an ORM write per invoice would lock and track."""
    missing = moves.filtered(lambda move: not move.access_token)
    if missing:
        moves.env.cr.execute(
            "UPDATE account_move SET access_token = gen_random_uuid()::text WHERE id = ANY(%s) AND access_token IS NULL",
            [missing.ids],
        )
        missing.invalidate_recordset(["access_token"], flush=False)


def earlier_notices(notice):
    """The contacts that came before about these items, oldest first."""
    previous = notice.env["followup.notice"].search(
        [
            ("customer_id", "=", notice.customer_id.id),
            ("state", "in", ("sent", "delivered")),
            ("id", "!=", notice.id),
            ("line_ids.item_id", "in", notice.line_ids.item_id.ids),
        ],
        order="id desc",
        limit=5,
    )
    return previous.sorted("id")


def call_values(notice, intro):
    """Everything that the frame of a message that confirms a call shows."""
    env, lang, company = notice.env, notice.lang, notice.company_id
    today = company._followup_today()
    items = notice.customer_id.item_ids.filtered(lambda item: item.date_maturity < today)
    _ensure_access_tokens(items.move_id)
    base_url = company.get_base_url()
    return {
        "notice": notice,
        "company": company,
        "intro": intro,
        "call": notice.call_id,
        "confirmation": plaintext2html(notice.call_id.confirmation or ""),
        "rows": [
            {
                "name": item.move_id.name or item.display_name,
                "due": item.date_maturity,
                "amount": item.amount_residual_currency,
                "currency": item.currency_id,
                "link": base_url + item.move_id.get_portal_url() if item.move_id.is_invoice() else None,
            }
            for item in items.sorted(lambda item: (item.date_maturity, item.id))
        ],
        "responsible": notice.responsible_id,
        "enterprise_number": enterprise_number(company),
        "fmt_date": lambda day: notice_date(env, day, lang),
        "fmt_amount": lambda amount, currency: format_amount(env, amount, currency, lang_code=lang),
    }
