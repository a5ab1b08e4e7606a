"""Bring the facts of open items to the law's arithmetic, in a fixed number of queries for any number of items."""

from collections import defaultdict
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from odoo.tools import SQL

from ..legal import claim as law
from ..legal.claim import ZERO, Claim, Facts
from ..legal.compensation import b2c_cap
from ..legal.consumer import waiting_period
from ..legal.interest import accrue
from .selection import COVER_PAID


def rules(company):
    """The company's choices.

    :rtype: `legal.claim.Rules`
    """
    return law.Rules(
        year_days=365 if company.followup_year_days == "365" else "actual",
        saturday_counts=company.followup_saturday_counts,
        extend=company.followup_extend_period,
        small_creditor=company.followup_small_creditor,
        legal_rate_without_clause=company.followup_legal_rate,
        long_term_day=int(company.followup_long_term_day),
        higher_of_clause_and_fixed=company.followup_higher_of_clause,
    )


def facts(env, company, item_ids, today):
    """What the books know of these items.

    :return: dict item id -> (`legal.claim.Facts`, invoice id, claimed compensation or None)
    """
    if not item_ids:
        return {}
    for name in ("followup.item", "followup.notice", "followup.notice.line", "followup.charge", "account.move"):
        env[name].flush_model()
    env["account.partial.reconcile"].flush_model()
    rows = env.execute_query(
        SQL(
            """SELECT item.id, move.id, customer.partner_id, move.followup_regime, move.followup_terms_id,
                      aml.amount_currency::text, item.date_maturity, COALESCE(move.invoice_date, move.date),
                      currency.name,
                      (SELECT json_agg(json_build_array(credit.date, partial.debit_amount_currency::text))
                         FROM account_partial_reconcile partial
                         JOIN account_move_line credit ON credit.id = partial.credit_move_id
                        WHERE partial.debit_move_id = aml.id AND partial.debit_amount_currency > 0),
                      (SELECT json_build_array(notice.delivered_on, notice.channel)
                         FROM followup_notice_line line
                         JOIN followup_notice notice ON notice.id = line.notice_id
                        WHERE line.item_id = item.id AND line.advances AND line.live
                          AND line.episode = item.episode AND line.level_kind = 'first_reminder'
                          AND notice.regime = 'b2c' AND notice.state = 'delivered'
                     ORDER BY notice.delivered_on, notice.id LIMIT 1),
                      (SELECT count(*) FROM account_move_line other
                         JOIN account_account account ON account.id = other.account_id
                        WHERE other.move_id = move.id AND account.account_type = 'asset_receivable'
                          AND other.amount_currency > 0),
                      (SELECT charge.amount::text FROM followup_charge charge
                        WHERE charge.move_id = move.id AND charge.customer_id = item.customer_id
                          AND charge.kind = 'compensation' AND charge.state = 'claimed'
                        LIMIT 1),
                      EXISTS (SELECT FROM followup_charge charge
                               WHERE charge.move_id = move.id AND charge.customer_id = item.customer_id
                          AND charge.kind = 'compensation'
                                 AND charge.state <> 'cancelled'),
                      (SELECT max(charge.claimed_until) FROM followup_charge charge
                        WHERE charge.item_id = item.id AND charge.kind = 'interest'
                          AND charge.state NOT IN ('claimed', 'cancelled')),
                      COALESCE(move.followup_charge_note, FALSE)
                 FROM followup_item item
                 JOIN followup_customer customer ON customer.id = item.customer_id
                 JOIN account_move_line aml ON aml.id = item.move_line_id
                 JOIN account_move move ON move.id = aml.move_id
                 JOIN res_currency currency ON currency.id = aml.currency_id
                WHERE item.id = ANY(%s)
             ORDER BY item.date_maturity, item.id""",
            list(item_ids),
        )
    )
    covered = _covered(env, [row[0] for row in rows])
    partners = env["res.partner"].browse({row[2] for row in rows}).with_company(company)
    partner_by_id = {partner.id: partner for partner in partners}
    pure_terms = {}
    unpaid = _unpaid_due_dates(env, [row[0] for row in rows]) if _any_regular(env, company, partners, rows) else {}
    result, seen = {}, set()
    for row in rows:
        (item_id, move_id, partner_id, regime, terms_id, amount, due, invoiced, currency, paid, reminded, count,
         compensation, claimed, closed, is_charge) = row  # fmt: skip
        partner = partner_by_id[partner_id]
        regime = regime or partner.followup_regime
        terms = env["followup.terms"].browse(terms_id) if terms_id else partner._followup_terms(regime, company)
        if terms and terms.id not in pure_terms:
            pure_terms[terms.id] = terms._pure()
        first = (move_id, partner_id) not in seen and due < today
        if due < today:
            seen.add((move_id, partner_id))
        agreed = covered.get(item_id, ())
        principal = Decimal(amount)
        payments = tuple((date.fromisoformat(day), Decimal(money)) for day, money in paid or ())
        result[item_id] = (
            Facts(
                regime=regime,
                principal=principal,
                due_date=due,
                invoice_date=invoiced,
                payments=payments,
                terms=pure_terms.get(terms.id) if terms else None,
                reminded_on=date.fromisoformat(reminded[0]) if reminded else None,
                medium="post" if reminded and reminded[1] == "letter" else "email",
                single=count == 1,
                euro=currency == "EUR",
                first_of_invoice=first,
                compensation_claimed=claimed,
                unpaid_due_dates=unpaid.get(item_id, 0),
                frozen_on=_frozen_on(partner, invoiced, today),
                held=_held(agreed, regime, due, principal - sum((sum_ for day, sum_ in payments if day <= due), ZERO)),
                disputed=min(sum((row.amount for row in agreed if row.kind == "dispute"), ZERO), principal),
                respites=_respites(agreed, regime),
                is_charge=is_charge,
                closed_until=closed,
            ),
            move_id,
            Decimal(compensation) if compensation is not None else None,
        )
    return result


class _Covered(NamedTuple):
    """What a dispute or an arrangement did to one item: the part of it, and the days of the arrangement."""

    kind: str
    amount: Decimal
    live: bool
    started_on: date | None
    closed_on: date | None
    state: str
    full_interest: bool


def _covered(env, item_ids):
    """Open disputes, and arrangements that were ever in force, by item.

    :rtype: dict item id -> list of `_Covered`
    """
    for name in ("followup.cover", "followup.dispute", "followup.arrangement", "account.move.line"):
        env[name].flush_model()
    result = defaultdict(list)
    for item_id, kind, amount, live, started, closed, state, full in env.execute_query(
        SQL(
            """SELECT cover.item_id, cover.kind,
                      (CASE WHEN cover.kind = 'dispute' THEN cover.amount - %(paid)s - COALESCE(cover.released, 0)
                            ELSE cover.amount END)::text,
                      cover.live, arrangement.started_on, arrangement.closed_on,
                      COALESCE(arrangement.state, dispute.state), COALESCE(arrangement.full_interest, FALSE)
                 FROM followup_cover cover
                 JOIN followup_item item ON item.id = cover.item_id
                 JOIN account_move_line aml ON aml.id = item.move_line_id
            LEFT JOIN followup_arrangement arrangement ON arrangement.id = cover.arrangement_id
            LEFT JOIN followup_dispute dispute ON dispute.id = cover.dispute_id
                WHERE cover.item_id = ANY(%(ids)s)
                  AND (arrangement.started_on IS NOT NULL
                       OR (cover.live AND cover.holds AND dispute.state IN ('open', 'accepted')))
             ORDER BY cover.id""",
            ids=list(item_ids),
            paid=COVER_PAID,
        )
    ):
        if Decimal(amount) > 0:
            result[item_id].append(_Covered(kind, Decimal(amount), live, started, closed, state, full))
    return result


def _held(agreed, regime, due, late):
    """A consumer pays nothing extra while he keeps an arrangement; a business neither on what was not late yet.

    A business is late with what it did not arrange before the due date.

    :param late: what was open at the end of the due date
    """
    rows = [row for row in agreed if row.kind == "arrangement"]
    if regime == "b2c":
        return any(row.live for row in rows)
    kept = [row for row in rows if row.started_on <= due and (row.live or row.state == "completed")]
    return bool(kept) and sum((row.amount for row in kept), ZERO) >= late


def _respites(agreed, regime):
    """The days on which an arrangement kept an amount from bearing interest.

    A broken one of a business counts for nothing where it says so; a consumer's always counts.
    """
    changes = []
    for row in agreed:
        if row.kind != "arrangement":
            continue
        if row.state == "broken" and row.full_interest and regime != "b2c":
            continue
        changes.append((row.started_on, row.amount))
        if not row.live:
            changes.append((max(row.closed_on or row.started_on, row.started_on), -row.amount))
    return tuple(changes)


def _frozen_on(partner, invoiced, today):
    """The day from which insolvency stops charges on an invoice; None when it does not.

    A judicial reorganisation touches the debts from before its opening only.
    """
    kind, since = partner.followup_insolvency, partner.followup_insolvency_date or None
    if not kind or (kind == "reorganisation" and since is not None and invoiced >= since):
        return None
    return since or today


def _any_regular(env, company, partners, rows):
    terms = env["followup.terms"].browse({row[4] for row in rows if row[4]})
    for partner in partners:
        terms |= partner._followup_terms("b2c", company)
    return any(terms.mapped("regular_delivery"))


def _unpaid_due_dates(env, item_ids):
    """How many due dates of the same calendar year went unpaid, up to and including each item's own."""
    return dict(
        env.execute_query(
            SQL(
                """SELECT item.id, count(DISTINCT other.date_maturity)
                     FROM followup_item item
                     JOIN followup_item other ON other.customer_id = item.customer_id
                      AND other.date_maturity <= item.date_maturity
                      AND date_trunc('year', other.date_maturity) = date_trunc('year', item.date_maturity)
                      AND (other.is_open OR other.level_id IS NOT NULL)
                     JOIN account_move_line line ON line.id = other.move_line_id
                     JOIN account_move move ON move.id = line.move_id AND move.followup_charge_note IS NOT TRUE
                    WHERE item.id = ANY(%s)
                 GROUP BY item.id""",
                list(item_ids),
            )
        )
    )


def claims(env, company, item_ids, today, chosen=None, holds=True):
    """What may be claimed on these items as of `today`.

    :param chosen: dict item id -> (interest, compensation, reminder cost), three booleans: what the level claims;
        None: everything that the law allows
    :param holds: False: as if there were no dispute and no arrangement; what bears no interest stays out
    :return: dict item id -> `legal.claim.Claim`; a compensation that was claimed before is in it
    """
    known = facts(env, company, item_ids, today)
    choices = rules(company)
    statutory, civil = env["followup.rate"]._rate_table("b2b"), env["followup.rate"]._rate_table("civil")
    result = {}
    for item_id, (item_facts, _move_id, before) in known.items():
        if not holds:
            item_facts = replace(item_facts, held=False, disputed=ZERO)
        if before is None:
            answer = law.claim(item_facts, choices, statutory, civil, today)
        else:
            # Claimed before, but facts change: a payment booked late, another regime, a reminder that came back.
            answer = law.claim(replace(item_facts, compensation_claimed=False), choices, statutory, civil, today)
            if answer.compensation:
                answer = replace(
                    answer, compensation=min(before, answer.compensation), compensation_basis="claimed_before"
                )
        if chosen is not None:
            interest, compensation, cost = chosen.get(item_id, (False, False, False))
            answer = replace(
                answer,
                interest=answer.interest if interest else ZERO,
                accrual=answer.accrual if interest else None,
                compensation=answer.compensation if compensation else ZERO,
                reminder_cost=answer.reminder_cost if cost else ZERO,
            )
        result[item_id] = answer
    _one_reminder_cost(env, result)
    if company.followup_lower_of_sum:
        _lower_of_sum(env, known, result, choices)
    return result


def _one_reminder_cost(env, result):
    """A message is one reminder, however many due dates it names: its cost is asked once, on the latest of them."""
    costly = [item_id for item_id, answer in result.items() if answer.reminder_cost]
    latest = {item.customer_id.id: item.id for item in env["followup.item"].browse(costly).sorted("date_maturity")}
    for item_id in set(costly) - set(latest.values()):
        result[item_id] = replace(result[item_id], reminder_cost=ZERO)


def _lower_of_sum(env, known, result, choices):
    """Several invoices of one consumer: the lower of the sum of flat sums and the flat sum on the total.

    What was claimed before comes first; the new ones take what is left of the flat sum on the total.
    """
    owners = {item.id: item.customer_id.id for item in env["followup.item"].browse(list(known))}
    booked = _booked_flat_sums(env, list(known))
    groups = defaultdict(list)
    for item_id, (item_facts, _move, _before) in known.items():
        if item_facts.regime == "b2c" and (
            result[item_id].compensation > 0 or (booked.get(item_id) and item_facts.reminded_on)
        ):
            groups[owners[item_id]].append(item_id)
    for ids in groups.values():
        if len(ids) < 2:
            continue
        ceiling = b2c_cap(sum((_balance_at_end(known[item_id][0], choices) for item_id in ids), ZERO))
        ceiling = max(ceiling - sum((booked.get(item_id, ZERO) for item_id in ids), ZERO), ZERO)
        asked = [item_id for item_id in ids if result[item_id].compensation > 0]
        for same in (
            [item_id for item_id in asked if known[item_id][2] is not None],
            [item_id for item_id in asked if known[item_id][2] is None],
        ):
            shares = law.allocate_lower([result[item_id].compensation for item_id in same], ceiling)
            ceiling -= sum(shares, ZERO)
            for item_id, share in zip(same, shares, strict=True):
                result[item_id] = replace(result[item_id], compensation=share)


def _booked_flat_sums(env, item_ids):
    """Flat sums of these items that stand in the books: they count in the flat sum on the total.

    :return: dict item id -> Decimal
    """
    env["followup.charge"].flush_model()
    return {
        item_id: Decimal(amount)
        for item_id, amount in env.execute_query(
            SQL(
                """SELECT item_id, sum(COALESCE(amount_posted, 0) - COALESCE(amount_reversed, 0))::text FROM followup_charge
                    WHERE item_id = ANY(%s) AND kind = 'compensation' AND state IN ('posted', 'settled')
                 GROUP BY item_id""",
                list(item_ids),
            )
        )
    }


def _balance_at_end(item_facts, choices):
    """What was left when a consumer's fourteen days ended: the flat sum is on that."""
    period = waiting_period(item_facts.reminded_on, item_facts.medium, choices.saturday_counts, choices.extend)
    return law.balance_on(item_facts, period.last_day)


def announced(env, company, item_ids, today, medium="email"):
    """What a consumer's first reminder of `today` must announce for each item.

    :param medium: `email` or `post`

    :return: dict item id -> (`legal.claim.Claim` on the first chargeable day with today's balance, last free day)
    """
    choices = rules(company)
    statutory, civil = env["followup.rate"]._rate_table("b2b"), env["followup.rate"]._rate_table("civil")
    period = waiting_period(today, medium, choices.saturday_counts, choices.extend)
    result = {}
    for item_id, (item_facts, _move_id, before) in facts(env, company, item_ids, today).items():
        claimed = item_facts.compensation_claimed and before is None  # waived: not claimed again
        item_facts = replace(item_facts, reminded_on=today, medium=medium, compensation_claimed=claimed)
        later = law.claim(item_facts, choices, statutory, civil, period.chargeable_from)
        if before is not None:
            later = replace(later, compensation=min(before, later.compensation))
        result[item_id] = (later, period.last_day, item_facts.terms)
    return result


def detail(answer: Claim):
    """A claim as JSON: kept on the notice, so that it can be explained for ever."""
    return {
        "segments": [
            {
                "from": segment.first_day.isoformat(),
                "to": segment.last_day.isoformat(),
                "days": segment.days,
                "base": str(segment.base),
                "rate": str(segment.rate),
                "amount": str(segment.amount),
            }
            for segment in (answer.accrual.segments if answer.accrual else ())
        ],
        "until": answer.until.isoformat() if answer.until else None,
        "cut": answer.cut,
        "basis": answer.compensation_basis,
        "reasons": list(answer.reasons),
        "chargeable_from": answer.chargeable_from.isoformat() if answer.chargeable_from else None,
    }


def on_missed(env, company, pieces, today, closed=None):
    """Interest of a business on missed instalments: each is a debt of its own (law of 2 August 2002, art. 4, § 3).

    :param pieces: list of (amount, day it fell due, payments), in one currency
    :param closed: interest up to and including this day was booked, or given up
    :return: Decimal, to the cent, until `today` or the last day with a known rate
    """
    rates = env["followup.rate"]._rate_table("b2b")
    until = min(today, rates.covered_until)
    days = rules(company).year_days
    return sum(
        (
            accrue(amount, max(due, closed or due), until, rates, payments, days).total
            for amount, due, payments in pieces
            if due < until and due >= rates.covered_from
        ),
        ZERO,
    )
