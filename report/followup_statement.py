"""The statement of account: what each customer owed on a day, as the books have it now, in a fixed number of queries.

What was paid, credited or posted after the day counts as if it had not happened yet. Money is `Decimal` in the
currency of the journal item. Nothing here is specific to paper: the PDF and the workbook show the same `Statement`.
"""

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from odoo.tools import SQL

from ..engine.application import structured_reference
from ..engine.claims import rules
from ..engine.selection import _PAYMENT_IN_FLIGHT, _ROOT
from ..legal import claim as law
from ..legal.claim import ZERO, Claim, Facts
from ..legal.compensation import b2c_cap
from ..legal.consumer import waiting_period
from . import followup_section

#: Ageing of what is owed: code and the highest number of days late that it holds.
BUCKETS = (("not_due", 0), ("1_30", 30), ("31_60", 60), ("61_90", 90), ("over_90", None))
_READ_MODELS = (
    "account.move", "account.move.line", "account.partial.reconcile", "account.payment", "followup.customer",
    "followup.item", "followup.notice", "followup.notice.line", "followup.charge", "followup.hold",
)  # fmt: skip


#: The fields below are called `date`, like everywhere in Odoo.
Day = date


@dataclass(slots=True)
class Line:
    """One open document. `kind`: invoice, credit_note, payment, refund, entry, in_process, charge.

    `amount`, `paid` and `open` are negative for credits; `costs` is compensation and claimed reminder costs.
    """

    kind: str
    name: str
    date: Day
    due: Day | None
    amount: Decimal
    open: Decimal
    currency_id: int
    line_id: int | None = None
    move_id: int | None = None
    bank_id: int | None = None
    communication: str = ""
    days_late: int = 0
    interest: Decimal = ZERO
    costs: Decimal = ZERO
    cut_on: Day | None = None
    running: Decimal = ZERO

    @property
    def paid(self):
        return self.amount - self.open

    @property
    def total(self):
        return self.open + self.interest + self.costs


@dataclass(slots=True)
class Section(followup_section.Section):
    """What is open in one currency, oldest document first."""

    @property
    def charged(self):
        return any(line.interest or line.costs for line in self.lines)

    @property
    def overdue(self):
        return sum((line.open for line in self.lines if line.days_late), ZERO)

    @property
    def credits(self):
        return sum((line.open for line in self.lines if line.open < 0), ZERO)

    @property
    def ageing(self):
        """Principal by days late; credits that are not allocated stand apart.

        :rtype: list of (code, amount)
        """
        sums = dict.fromkeys((code for code, _last in BUCKETS), ZERO)
        for line in self.lines:
            if line.open > 0:
                sums[next(code for code, last in BUCKETS if last is None or line.days_late <= last)] += line.open
        return [*sums.items(), ("credits", self.credits)]

    @property
    def cut_on(self):
        return min((line.cut_on for line in self.lines if line.cut_on), default=None)


@dataclass(slots=True)
class Statement:
    """What one customer owed one company on a day."""

    customer: object
    company: object
    partner: object
    recipient: object
    lang: str
    date: Day
    with_interest: bool
    sections: list
    bank: object
    reference: str


def build(customers, as_of, with_interest=False):
    """Statements of those customers that had something open; the others are left out.

    :param customers: `followup.customer` records, of any companies
    :param as_of: last day that counts
    :param with_interest: with interest and compensation until that day, as far as the law allows
    :raises AccessError: when the user may not read one of the customers
    :rtype: list of Statement, in the order of `customers`
    """
    customers.check_access("read")
    env = customers.env
    for name in _READ_MODELS:
        env[name].flush_model()
    lines = _open_lines(env, customers.ids, as_of)
    for customer_id, payments in _in_process(env, customers.ids, as_of).items():
        lines[customer_id].extend(payments)
    if with_interest:
        for company, same in customers.grouped("company_id").items():
            _charge(company.sudo(), same, lines, as_of)
        for customer_id, charges in _outstanding(env, customers, as_of).items():
            lines[customer_id].extend(charges)
    known = customers.filtered(lambda customer: lines.get(customer.id))
    # Branches follow their root company, which a user of a branch may not be allowed to read: it is the sender.
    known.partner_id.child_ids.mapped("type")
    return [_statement(customer, lines[customer.id], as_of, with_interest) for customer in known]


def _statement(customer, lines, as_of, with_interest):
    env, company = customer.env, customer.company_id.sudo()
    partner = customer.partner_id.with_company(company)
    sections = {}
    for line in sorted(lines, key=lambda line: (line.date, line.line_id or 0, line.name)):
        if line.currency_id not in sections:
            sections[line.currency_id] = Section(env["res.currency"].browse(line.currency_id))
        section = sections[line.currency_id]
        line.running = (section.lines[-1].running if section.lines else ZERO) + line.total
        section.lines.append(line)
    own = company.currency_id.id
    return Statement(
        customer=customer,
        company=company,
        partner=partner,
        recipient=_recipient(partner, company),
        lang=env["followup.engine"]._message_lang(partner, company),
        date=as_of,
        with_interest=with_interest,
        sections=sorted(sections.values(), key=lambda one: (one.currency.id != own, one.currency.name)),
        bank=_bank(company, lines),
        reference=_reference(customer, lines),
    )


def _recipient(partner, company):
    """In whose name it is drawn up: nobody who may not hear of a consumer's debts."""
    return partner.sudo()._followup_candidates(company)[:1]


def _bank(company, lines):
    """The account that the invoices name when they agree, else the company's first."""
    own = company.partner_id.bank_ids.filtered(lambda bank: bank.active)
    named = own.browse({line.bank_id for line in lines if line.bank_id}).filtered("active")
    return named if len(named) == 1 else (named & own)[:1] or own[:1]


def _reference(customer, lines):
    """One invoice: its own communication; several: one for the customer, the same on each of his statements."""
    owed = [line for line in lines if line.open > 0]
    if len(owed) == 1 and owed[0].communication:
        return owed[0].communication
    return structured_reference("8", customer.id)


# What was open


def _open_lines(env, customer_ids, as_of):
    """Posted receivable items up to the day, less what was matched with them up to the day."""
    rows = env.execute_query(
        SQL(
            """SELECT asked.id, aml.id, move.id, move.move_type, journal.type, COALESCE(move.name, aml.name, '/'),
                      COALESCE(move.payment_reference, ''), move.partner_bank_id,
                      COALESCE(move.invoice_date, aml.date), COALESCE(aml.date_maturity, aml.date), aml.currency_id,
                      aml.amount_currency::text, (aml.amount_currency - COALESCE(matched.amount, 0))::text,
                      instalment.place, instalment.count
                 FROM followup_customer asked
                 JOIN res_partner partner ON partner.commercial_partner_id = asked.partner_id
                 JOIN account_move_line aml ON aml.partner_id = partner.id
                 JOIN account_move move ON move.id = aml.move_id
                 JOIN account_journal journal ON journal.id = aml.journal_id
                 JOIN account_account account ON account.id = aml.account_id
                 JOIN res_company company ON company.id = aml.company_id
    LEFT JOIN LATERAL (SELECT sum(CASE WHEN partial.debit_move_id = aml.id THEN partial.debit_amount_currency
                                       ELSE -partial.credit_amount_currency END) AS amount
                         FROM account_partial_reconcile partial
                        WHERE aml.id IN (partial.debit_move_id, partial.credit_move_id)
                          AND partial.max_date <= %(as_of)s) matched ON TRUE
    LEFT JOIN LATERAL (SELECT count(*) AS count,
                              count(*) FILTER (WHERE (COALESCE(other.date_maturity, other.date), other.id)
                                                  <= (COALESCE(aml.date_maturity, aml.date), aml.id)) AS place
                         FROM account_move_line other
                         JOIN account_account receivable ON receivable.id = other.account_id
                        WHERE other.move_id = move.id AND receivable.account_type = 'asset_receivable'
                          AND move.move_type = 'out_invoice' AND other.amount_currency > 0) instalment ON TRUE
                WHERE asked.id = ANY(%(ids)s) AND %(root)s = asked.company_id
                  AND aml.parent_state = 'posted' AND account.account_type = 'asset_receivable'
                  AND aml.date <= %(as_of)s
                  AND (aml.reconciled IS NOT TRUE
                       OR EXISTS (SELECT FROM account_partial_reconcile later
                                   WHERE later.debit_move_id = aml.id AND later.max_date > %(as_of)s)
                       OR EXISTS (SELECT FROM account_partial_reconcile later
                                   WHERE later.credit_move_id = aml.id AND later.max_date > %(as_of)s))
                  AND aml.amount_currency - COALESCE(matched.amount, 0) <> 0""",
            ids=list(customer_ids),
            as_of=as_of,
            root=_ROOT,
        )
    )
    result = defaultdict(list)
    for (customer_id, line_id, move_id, move_type, journal, name, communication, bank_id, day, due, currency_id,
         amount, left, place, count) in rows:  # fmt: skip
        left = Decimal(left)
        result[customer_id].append(
            Line(
                kind=_kind(move_type, journal, left),
                name=f"{name} ({place}/{count})" if count > 1 else name,
                date=day,
                due=due if left > 0 else None,
                amount=Decimal(amount),
                open=left,
                currency_id=currency_id,
                line_id=line_id,
                move_id=move_id,
                bank_id=bank_id if left > 0 else None,
                communication=communication if left > 0 else "",
                days_late=max((as_of - due).days, 0) if left > 0 else 0,
            )
        )
    return result


def _kind(move_type, journal, left):
    if move_type in ("out_invoice", "out_receipt"):
        return "invoice"
    if move_type == "out_refund":
        return "credit_note"
    if journal in ("bank", "cash", "credit"):
        return "payment" if left < 0 else "refund"
    return "entry"


def _in_process(env, customer_ids, as_of):
    """Payments received that have no entry in the books yet: they come off what their invoices still show."""
    rows = env.execute_query(
        SQL(
            """SELECT asked.id, COALESCE(payment.name, payment.memo, '/'), payment.date, payment.currency_id,
                      payment.amount::text
                 FROM followup_customer asked
                 JOIN res_partner partner ON partner.commercial_partner_id = asked.partner_id
                 JOIN account_payment payment ON payment.partner_id = partner.id
                 JOIN res_company company ON company.id = payment.company_id
                WHERE asked.id = ANY(%(ids)s) AND %(root)s = asked.company_id AND payment.date <= %(as_of)s
                  AND %(in_flight)s AND payment.payment_type = 'inbound' AND payment.partner_type = 'customer'
                  AND payment.amount <> 0
                  AND CASE WHEN EXISTS (SELECT FROM account_move__account_payment rel WHERE rel.payment_id = payment.id)
                           THEN EXISTS (SELECT FROM account_move__account_payment rel
                                          JOIN account_move invoice ON invoice.id = rel.invoice_id
                                         WHERE rel.payment_id = payment.id AND invoice.amount_residual <> 0)
                           ELSE payment.state = 'in_process' END""",
            ids=list(customer_ids),
            as_of=as_of,
            root=_ROOT,
            in_flight=_PAYMENT_IN_FLIGHT,
        )
    )
    result = defaultdict(list)
    for customer_id, name, day, currency_id, amount in rows:
        paid = -Decimal(amount)
        result[customer_id].append(Line("in_process", name, day, None, paid, paid, currency_id))
    return result


# What it costs


def _charge(company, customers, lines, as_of):
    """Put interest and compensation until the day on the lines that are late, as far as the law allows."""
    env = customers.env
    late = {
        line.line_id: (customer, line)
        for customer in customers
        for line in lines.get(customer.id, ())
        if line.days_late and line.kind in ("invoice", "entry")
    }
    if not late:
        return
    choices = rules(company)
    statutory, civil = env["followup.rate"]._rate_table("b2b"), env["followup.rate"]._rate_table("civil")
    known = _facts(env, company, late, as_of)
    answers = {}
    for line_id, (facts, claimed, _gone, _costs) in known.items():
        answer = law.claim(facts, choices, statutory, civil, as_of)
        if claimed is not None and facts.first_of_invoice and not facts.held:
            answer = replace(answer, compensation=claimed)
        answers[line_id] = answer
    if company.followup_lower_of_sum:
        _lower_of_sum(late, known, answers, choices)
    for line_id, answer in answers.items():
        line = late[line_id][1]
        _facts_of, _claimed, gone, costs = known[line_id]
        line.interest = max(answer.interest - gone, ZERO)
        line.costs = ZERO if known[line_id][0].held else answer.compensation + costs
        line.cut_on = answer.until if answer.cut and line.interest else None


def _facts(env, company, late, as_of):
    """What the books knew of these items on the day.

    :param late: dict journal item id -> (customer, Line)
    :return: dict journal item id -> (`legal.claim.Facts`, compensation claimed before or None, interest that was
        posted, settled or waived, reminder costs claimed)
    """
    zone = company.followup_tz or "Europe/Brussels"
    rows = env.execute_query(
        SQL(
            """WITH charge AS (
                   SELECT charge.item_id, charge.move_id, charge.kind, charge.state, charge.amount
                     FROM followup_charge charge
                     JOIN followup_notice notice ON notice.id = charge.first_notice_id
                    WHERE charge.state <> 'cancelled' AND charge.company_id = %(company)s
                      AND COALESCE((notice.sent_date AT TIME ZONE 'UTC' AT TIME ZONE %(zone)s)::date,
                                   notice.prepared_on) <= %(as_of)s)
               SELECT aml.id, move.followup_regime, move.followup_terms_id, currency.name,
                      (SELECT json_agg(json_build_array(credit.date, partial.debit_amount_currency::text))
                         FROM account_partial_reconcile partial
                         JOIN account_move_line credit ON credit.id = partial.credit_move_id
                        WHERE partial.debit_move_id = aml.id AND partial.debit_amount_currency > 0
                          AND partial.max_date <= %(as_of)s),
                      (SELECT min(notice.delivered_on)
                         FROM followup_notice_line line
                         JOIN followup_notice notice ON notice.id = line.notice_id
                        WHERE line.item_id = item.id AND line.advances AND line.live
                          AND line.episode = item.episode AND line.level_kind = 'first_reminder'
                          AND notice.regime = 'b2c' AND notice.state = 'delivered' AND notice.delivered_on <= %(as_of)s),
                      (SELECT count(*) FROM account_move_line other
                         JOIN account_account account ON account.id = other.account_id
                        WHERE other.move_id = move.id AND account.account_type = 'asset_receivable'
                          AND other.amount_currency > 0),
                      (SELECT sum(charge.amount)::text FROM charge
                        WHERE charge.move_id = move.id AND charge.kind = 'compensation' AND charge.state = 'claimed'),
                      EXISTS (SELECT FROM charge WHERE charge.move_id = move.id AND charge.kind = 'compensation'),
                      (SELECT sum(charge.amount)::text FROM charge
                        WHERE charge.item_id = item.id AND charge.kind = 'interest' AND charge.state <> 'claimed'),
                      (SELECT sum(charge.amount)::text FROM charge
                        WHERE charge.item_id = item.id AND charge.kind = 'reminder' AND charge.state = 'claimed'),
                      aml.no_followup IS TRUE OR move.payment_state = 'blocked'
                      OR EXISTS (SELECT FROM followup_hold hold
                                  WHERE hold.customer_id = ANY(%(customers)s) AND hold.company_id = %(company)s
                                    AND hold.partner_id = partner.commercial_partner_id
                                    AND (hold.move_id IS NULL OR hold.move_id = move.id)
                                    AND hold.create_date::date <= %(as_of)s AND hold.until >= %(as_of)s
                                    AND (hold.released IS NOT TRUE OR hold.released_date::date > %(as_of)s)),
                      COALESCE(move.followup_charge_note, FALSE)
                 FROM account_move_line aml
                 JOIN account_move move ON move.id = aml.move_id
                 JOIN res_partner partner ON partner.id = aml.partner_id
                 JOIN res_currency currency ON currency.id = aml.currency_id
            LEFT JOIN followup_item item ON item.move_line_id = aml.id
                WHERE aml.id = ANY(%(ids)s)
             ORDER BY COALESCE(aml.date_maturity, aml.date), aml.id""",
            ids=list(late),
            customers=[customer.id for customer, _line in late.values()],
            company=company.id,
            as_of=as_of,
            zone=zone,
        )
    )
    result, pure, carried = {}, {}, set()
    for line_id, regime, terms_id, currency, paid, reminded, count, claimed, once, gone, costs, held, is_charge in rows:
        customer, line = late[line_id]
        partner = customer.partner_id.with_company(company)
        regime = regime or partner.followup_regime
        terms = env["followup.terms"].browse(terms_id) if terms_id else partner._followup_terms(regime, company)
        terms = terms.sudo()
        if terms and terms.id not in pure:
            pure[terms.id] = terms._pure()
        facts = Facts(
            regime=regime,
            principal=line.amount,
            due_date=line.due,
            invoice_date=line.date,
            payments=tuple((date.fromisoformat(day), Decimal(money)) for day, money in paid or ()),
            terms=pure[terms.id] if terms else None,
            reminded_on=reminded,
            single=count == 1,
            euro=currency == "EUR",
            first_of_invoice=line.move_id not in carried,
            compensation_claimed=once,
            frozen_on=_frozen_on(partner, line, as_of),
            held=held,
            is_charge=is_charge,
        )
        carried.add(line.move_id)
        result[line_id] = (
            facts,
            Decimal(claimed) if claimed is not None else None,
            Decimal(gone or 0),
            Decimal(costs or 0),
        )
    return result


def _frozen_on(partner, line, as_of):
    """The day of the judgment; debts from after the opening of a reorganisation are not frozen (Book XX)."""
    kind, since = partner.followup_insolvency, partner.followup_insolvency_date
    if not kind or (kind == "reorganisation" and since and line.date >= since):
        return None
    return since or as_of


def _lower_of_sum(late, known, answers: dict[int, Claim], choices):
    """Several invoices of one consumer: the lower of the sum of flat sums and the flat sum on the total."""
    groups = defaultdict(list)
    for line_id, (facts, claimed, _gone, _costs) in known.items():
        if facts.regime == "b2c" and claimed is None and answers[line_id].compensation > 0:
            groups[late[line_id][0].id].append(line_id)
    for ids in groups.values():
        if len(ids) < 2:
            continue
        total = ZERO
        for line_id in ids:
            facts = known[line_id][0]
            period = waiting_period(facts.reminded_on, facts.medium, choices.saturday_counts, choices.extend)
            total += law.balance_on(facts, period.last_day)
        shares = law.allocate_lower([answers[line_id].compensation for line_id in ids], b2c_cap(total))
        for line_id, share in zip(ids, shares, strict=True):
            answers[line_id] = replace(answers[line_id], compensation=share)


def _outstanding(env, customers, as_of):
    """Charges that were claimed, of invoices that were paid by the day: their interest grows no more."""
    rows = env.execute_query(
        SQL(
            """SELECT charge.customer_id, charge.kind, COALESCE(charge.name, move.name, '/'),
                      COALESCE(notice.sent_date::date, notice.prepared_on), charge.currency_id, charge.amount::text
                 FROM followup_charge charge
                 JOIN followup_notice notice ON notice.id = charge.first_notice_id
            LEFT JOIN account_move move ON move.id = charge.move_id
                WHERE charge.customer_id = ANY(%(ids)s) AND charge.state = 'claimed' AND charge.amount > 0
                  AND charge.principal_paid_on <= %(as_of)s
                  AND COALESCE(notice.sent_date::date, notice.prepared_on) <= %(as_of)s
             ORDER BY charge.id""",
            ids=customers.ids,
            as_of=as_of,
        )
    )
    result = defaultdict(list)
    merged = {}
    for customer_id, kind, name, day, currency_id, amount in rows:
        key = (customer_id, name, currency_id)
        if key not in merged:
            merged[key] = Line("charge", name, day, None, ZERO, ZERO, currency_id)
            result[customer_id].append(merged[key])
        if kind == "interest":
            merged[key].interest += Decimal(amount)
        else:
            merged[key].costs += Decimal(amount)
    return result
