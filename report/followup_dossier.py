"""What a dossier says of one hand-over, as the books have it on a day: plain data, for paper and for files.

Money is `Decimal` in the currency of the item. Every number comes from journal items, their reconciliations, claimed
charges, or from `legal.claim` on these; nothing is kept beside the books but what was frozen when a notice left.
"""

from dataclasses import dataclass
from datetime import date
from datetime import date as Date
from decimal import Decimal

from odoo.tools import SQL

from ..engine import handover as rules
from ..engine.application import item_description, item_name
from ..engine.selection import waiting_money
from . import followup_section

ZERO = Decimal("0")
#: States of a notice in which somebody tried to reach the customer.
CONTACTS = ("sent", "delivered", "bounced", "unknown")


@dataclass(slots=True)
class Payment:
    """What came off an item. `kind`: payment, credit_note, entry."""

    date: Date
    kind: str
    name: str
    amount: Decimal


@dataclass(slots=True)
class Item:
    """One open item of the claim: `amount` less `payments` is `open`; `segments` add up to `interest`."""

    record: object
    number: str
    description: str
    invoice_date: date
    due: date
    days_late: int
    currency: object
    amount: Decimal
    open: Decimal
    payments: list
    claim: object
    interest: Decimal
    compensation: Decimal
    reminder_costs: Decimal
    disputed: Decimal = ZERO

    @property
    def segments(self):
        return list(self.claim.accrual.segments) if self.claim.accrual and self.interest else []

    @property
    def costs(self):
        return self.compensation + self.reminder_costs

    @property
    def total(self):
        return self.open + self.interest + self.costs


@dataclass(slots=True)
class Section(followup_section.Section):
    """The items in one currency, and the unallocated money that comes off."""

    credits: Decimal = ZERO

    @property
    def unopposed(self):
        """Interest and penalties that come along when no court is asked (Judicial Code, article 1394/20)."""
        return rules.unopposed_extras(self.open, self.interest + self.costs)


@dataclass(slots=True)
class Contact:
    """One message or call, with its proof. `kind`: the channel, `reply` or `answer`."""

    moment: object
    kind: str
    title: str
    address: str
    state: str
    delivered_on: date | None
    message_id: str
    sha256: str
    record: object


@dataclass(slots=True)
class Dossier:
    """All of it."""

    handover: object
    company: object
    partner: object
    lang: str
    payments_seen_until: Date | None
    date: Date
    sections: list
    contacts: list
    terms: object
    arrangements: object
    promises: object
    disputes: object

    @property
    def items(self):
        return [item for section in self.sections for item in section.lines]


def build(handover, as_of=None):
    """The dossier of a hand-over on a day.

    :param handover: one `followup.handover`
    :param as_of: last day that bears interest; today when it is left out
    """
    handover.ensure_one()
    handover.check_access("read")
    handover = handover.sudo()
    env, company = handover.env, handover.company_id
    as_of = as_of or company._followup_today()
    lang = handover.lang
    env = env(context={**env.context, "lang": lang})
    items = handover.with_env(env).line_ids.item_id.filtered("move_line_id")
    claims = env["followup.engine"]._claims_as_of(company, items, as_of) if items else {}
    costs = env["followup.engine"]._claimed_reminder_costs(items)
    payments = _payments(env, items)
    covers = env["followup.cover"].search([("item_id", "in", items.ids)])
    disputed = _disputed(covers)
    sections = {}
    for item in items.sorted(lambda item: (item.date_maturity, item.id)):
        currency, line = item.currency_id, item.move_line_id
        to_decimal = currency._followup_decimal
        claim = claims[item.id]
        section = sections.setdefault(currency.id, Section(currency))
        section.lines.append(
            Item(
                record=item,
                number=item_name(line),
                description=item_description(line),
                invoice_date=line.move_id.invoice_date or line.date,
                due=item.date_maturity,
                days_late=max((as_of - item.date_maturity).days, 0),
                currency=currency,
                amount=to_decimal(line.amount_currency),
                open=to_decimal(line.amount_residual_currency),
                payments=payments.get(line.id, []),
                claim=claim,
                interest=claim.interest,
                compensation=claim.compensation,
                reminder_costs=to_decimal(costs.get(item.id, 0.0)),
                disputed=min(disputed.get(item.id, ZERO), to_decimal(line.amount_residual_currency)),
            )
        )
    for (_customer, currency_id), amount in waiting_money(env, handover.customer_id.ids).items():
        if currency_id in sections:
            sections[currency_id].credits = sections[currency_id].currency._followup_decimal(amount)
    own = company.currency_id.id
    partner = handover.partner_id.with_env(env).with_company(company)
    moves = items.move_id
    return Dossier(
        handover=handover.with_env(env),
        company=company.with_env(env),
        partner=partner,
        lang=lang,
        date=as_of,
        sections=sorted(sections.values(), key=lambda one: (one.currency.id != own, one.currency.name)),
        contacts=contacts(handover.with_env(env), items),
        terms=_terms(moves, partner, company),
        arrangements=covers.arrangement_id.filtered(lambda one: one.state != "draft"),
        promises=covers.promise_id,
        disputes=covers.dispute_id,
        payments_seen_until=env["followup.engine"]._handover_rules(company, as_of).newest_bank_data,
    )


def _payments(env, items):
    """What was matched with each item, oldest first.

    :rtype: dict journal item id -> list of `Payment`
    """
    env["account.partial.reconcile"].flush_model()
    result = {}
    for line_id, day, move_type, journal, name, amount in env.execute_query(
        SQL(
            """SELECT partial.debit_move_id, credit.date, entry.move_type, journal.type,
                      COALESCE(entry.name, credit.name, '/'), partial.debit_amount_currency::text
                 FROM account_partial_reconcile partial
                 JOIN account_move_line credit ON credit.id = partial.credit_move_id
                 JOIN account_move entry ON entry.id = credit.move_id
                 JOIN account_journal journal ON journal.id = entry.journal_id
                WHERE partial.debit_move_id = ANY(%s) AND partial.debit_amount_currency <> 0
             ORDER BY credit.date, partial.id""",
            items.move_line_id.ids,
        )
    ):
        kind = (
            "credit_note"
            if move_type == "out_refund"
            else "payment"
            if journal in ("bank", "cash", "credit")
            else "entry"
        )
        result.setdefault(line_id, []).append(Payment(day, kind, name, Decimal(amount)))
    return result


def _disputed(covers):
    result = {}
    for cover in covers.filtered(lambda cover: cover.dispute_id.state in ("open", "expired", "rejected")):
        amount = cover.currency_id._followup_decimal(cover.amount - cover.released)
        result[cover.item_id.id] = result.get(cover.item_id.id, ZERO) + amount
    return result


def _terms(moves, partner, company):
    terms = moves.followup_terms_id
    for move in moves.filtered(lambda move: not move.followup_terms_id):
        terms |= partner._followup_terms(move.followup_regime or partner.followup_regime, company)
    return terms


def contacts(handover, items):
    """Everything that was sent, called, answered and replied about these items, oldest first.

    :rtype: list of `Contact`
    """
    env = handover.env
    customer = handover.customer_id
    notices = (
        env["followup.notice"]
        .search([("customer_id", "=", customer.id), ("state", "in", CONTACTS)])
        .filtered(lambda notice: not notice.line_ids or notice.line_ids.item_id & items)
    )
    rows = [
        Contact(
            moment=notice.sent_date or notice.delivered_on or notice.prepared_on,
            kind=notice.channel,
            title=notice._title(),
            address=(notice.email_to if notice.channel == "email" else notice.address or "") or "",
            state=notice.state,
            delivered_on=notice.delivered_on or None,
            message_id=notice.message_id or "",
            sha256=notice.sha256 or "",
            record=notice,
        )
        for notice in notices
    ]
    replies = env["mail.message"].search(
        [("model", "=", customer._name), ("res_id", "=", customer.id), ("message_type", "=", "email")]
    )
    rows += [
        Contact(
            moment=message.date,
            kind="reply",
            title=message.subject or "",
            address=message.email_from or message.author_id.display_name or "",
            state="",
            delivered_on=None,
            message_id=message.message_id or "",
            sha256="",
            record=message,
        )
        for message in replies
    ]
    return sorted(rows, key=lambda row: (str(row.moment or ""), row.record._name, row.record.id))
