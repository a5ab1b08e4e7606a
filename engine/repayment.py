"""What of the charges that were claimed, or booked, does not stand: judged again by the law, with today's facts.

A rule that was broken, a first reminder that came back, a payment that was booked late, a dispute that was justified:
all of it is a difference between what was asked and what the law gives on the same day.
"""

from collections import defaultdict
from dataclasses import replace
from decimal import Decimal
from typing import NamedTuple

from odoo.tools import SQL

from ..legal import claim as law
from ..legal.claim import ZERO
from . import claims

#: The conditions that a consumer's charge fulfils on the day it is claimed, not only later.
NOT_YET = {"no_free_reminder", "waiting_period", "no_clause", "clause_later", "paid_in_time", "not_overdue"}


class Verdict(NamedTuple):
    """What may stand of a charge (Decimal in its currency), and the claim that says why."""

    allowed: Decimal
    answer: law.Claim


def judge(env, company, charges, today):
    """Judge interest, compensations and reminder costs of items.

    :param charges: `followup.charge` with an item, of one root company, in order of their periods within an item;
        given up ones among them close their days
    :return: dict charge -> `Verdict`; charges that stand in full are in it too
    """
    ids = charges.item_id.ids
    known = claims.facts(env, company, ids, today)
    justified = _justified(env, ids)
    choices = claims.rules(company)
    statutory, civil = env["followup.rate"]._rate_table("b2b"), env["followup.rate"]._rate_table("civil")
    closed, result = {}, {}
    for charge in charges:
        item_id = charge.item_id.id
        if item_id not in known:
            continue
        facts = _as_claimed(known[item_id][0], justified.get(item_id))
        claimed_on = charge._claimed_on()
        first = law.claim(replace(facts, closed_until=None), choices, statutory, civil, claimed_on)
        if facts.regime == "b2c" and NOT_YET & set(first.reasons):
            verdict = Verdict(ZERO, first)
        elif charge.kind == "interest" and charge.claimed_until:
            facts = replace(facts, closed_until=closed.get(item_id))
            answer = law.claim(facts, choices, statutory, civil, charge.claimed_until)
            verdict = Verdict(answer.interest, answer)
        elif charge.kind == "compensation":
            answer = law.claim(facts, choices, statutory, civil, today)
            verdict = Verdict(answer.compensation, answer)
        else:
            verdict = Verdict(Decimal(str(charge.amount)), first)
        if charge.kind == "interest" and charge.claimed_until:
            closed[item_id] = max(closed.get(item_id) or charge.claimed_until, charge.claimed_until)
        result[charge] = verdict
    return result


def _as_claimed(facts, justified):
    """The facts without what was claimed since, and without what the customer rightly disputed."""
    credited, rest = justified or ((), ZERO)
    payments = list(facts.payments)
    for payment in credited:
        if payment in payments:
            payments.remove(payment)
    principal = max(facts.principal - rest - sum((amount for _day, amount in credited), ZERO), ZERO)
    return replace(
        facts,
        principal=principal,
        payments=tuple(payments),
        held=False,
        disputed=ZERO,
        closed_until=None,
        compensation_claimed=False,
    )


def _justified(env, item_ids):
    """What disputes that were accepted took off these items: it never was owed, whatever the day of the credit note.

    :return: dict item id -> (list of (day, amount) of credit notes, amount that waits for one)
    """
    for name in ("followup.dispute", "followup.cover", "account.partial.reconcile", "account.move.line"):
        env[name].flush_model()
    credited = defaultdict(list)
    for item_id, day, amount, _partial in env.execute_query(
        SQL(
            """SELECT DISTINCT item.id, credit.date, partial.debit_amount_currency::text, partial.id
                 FROM followup_item item
                 JOIN followup_cover cover ON cover.item_id = item.id
                 JOIN followup_dispute dispute ON dispute.id = cover.dispute_id AND dispute.state = 'accepted'
                 JOIN account_partial_reconcile partial ON partial.debit_move_id = item.move_line_id
                 JOIN account_move_line credit ON credit.id = partial.credit_move_id
                 JOIN account_move_followup_dispute_rel rel
                   ON rel.followup_dispute_id = dispute.id AND rel.account_move_id = credit.move_id
                WHERE item.id = ANY(%s)""",
            list(item_ids),
        )
    ):
        credited[item_id].append((day, Decimal(amount)))
    waiting = defaultdict(lambda: ZERO)
    for cover in env["followup.cover"].search(
        [("item_id", "in", list(item_ids)), ("dispute_id.state", "=", "accepted"), ("live", "=", True)]
    ):
        waiting[cover.item_id.id] += Decimal(str(max(cover.rest, 0.0)))
    return {item_id: (credited[item_id], waiting[item_id]) for item_id in {*credited, *waiting}}
