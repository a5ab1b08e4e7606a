"""Which limitation each open item has, from the books: set-based SQL and the law's own arithmetic."""

from collections import defaultdict

from odoo.tools import SQL

from ..legal.limitation import Interruption, last_day
from .application import _update

_READ_MODELS = (
    "account.move", "account.move.line", "followup.item", "followup.customer", "followup.interruption",
    "followup.cover", "followup.arrangement", "followup.service", "followup.terms",
)  # fmt: skip
#: So many items are held in memory at once.
PORTION = 20_000


def note(env, company, partner_ids=None):
    """Write the limitation of open items: its kind, the ground for it, and the last day. Equal rows are left alone.

    :param company: a root company
    :param partner_ids: commercial partners, or None for all of them
    """
    for name in _READ_MODELS:
        env[name].flush_model()
    scope = SQL("TRUE") if partner_ids is None else SQL("customer.partner_id = ANY(%s)", list(partner_ids))
    events = _interruptions(env, company, scope)
    changed, last = False, 0
    while portion := _facts(env, company, scope, last):
        rows = []
        for item_id, due, before, *facts in portion:
            kind, why = _kind(company, *facts)
            own = events.get(item_id, ())
            end = last_day(due, kind, own)
            why = "lawsuit" if end is None else "judgment" if any(event.kind == "judgment" for event in own) else why
            if before != [kind, why, end.isoformat() if end else None]:
                rows.append((item_id, kind, why, end))
        _update(
            env,
            "followup_item",
            [("limitation_kind", "varchar"), ("limitation_why", "varchar"), ("limitation_date", "date")],
            rows,
        )
        changed, last = changed or bool(rows), portion[-1][0]
        if len(portion) < PORTION:
            break
    if changed:
        env["followup.item"].invalidate_model(["limitation_kind", "limitation_why", "limitation_date"], flush=False)


def _facts(env, company, scope, last):
    """The next items after `last`, in the order of their ids."""
    return env.execute_query(
        SQL(
            """SELECT item.id, item.date_maturity,
                      json_build_array(item.limitation_kind, item.limitation_why, item.limitation_date),
                      move.followup_limitation, COALESCE(move.followup_regime, 'b2c'),
                      COALESCE(terms.regular_delivery, FALSE)
                      OR EXISTS (SELECT FROM account_move_line line
                                  WHERE line.move_id = move.id AND line.followup_service_id IS NOT NULL)
                      OR EXISTS (SELECT FROM account_move_line line
                                   JOIN followup_service_product_rel rel ON rel.product_id = line.product_id
                                   JOIN followup_service service ON service.id = rel.service_id
                                  WHERE line.move_id = move.id AND line.display_type = 'product'
                                    AND service.customer_id = item.customer_id),
                      EXISTS (SELECT FROM account_move_line line
                                JOIN product_product product ON product.id = line.product_id
                                JOIN product_template template ON template.id = product.product_tmpl_id
                               WHERE line.move_id = move.id AND line.display_type = 'product'
                                 AND template.type = 'consu')
                 FROM followup_item item
                 JOIN followup_customer customer ON customer.id = item.customer_id
                 JOIN account_move_line aml ON aml.id = item.move_line_id
                 JOIN account_move move ON move.id = aml.move_id
            LEFT JOIN followup_terms terms ON terms.id = move.followup_terms_id
                WHERE item.is_open AND item.company_id = %(company)s AND %(scope)s AND item.id > %(last)s
             ORDER BY item.id
                LIMIT %(portion)s""",
            company=company.id,
            scope=scope,
            last=last,
            portion=PORTION,
        )
    )


def _kind(company, chosen, regime, periodic, goods):
    """The kind of limitation and why; of two grounds the one that ends first."""
    if chosen:
        return chosen, "chosen"
    if goods and regime == "b2c":
        return "goods", "goods"
    if periodic:
        return "periodic", "periodic"
    return company.followup_limitation_default, "default"


def _interruptions(env, company, scope):
    """What a person noted, and arrangements that the customer accepted in writing: he acknowledged what they cover.

    :rtype: dict item id -> list of `Interruption`
    """
    result = defaultdict(list)
    for item_id, day, kind in env.execute_query(
        SQL(
            """SELECT item.id, event.date, event.kind
                 FROM followup_interruption event
                 JOIN account_move_line aml ON aml.move_id = event.move_id
                 JOIN followup_item item ON item.move_line_id = aml.id
                 JOIN followup_customer customer ON customer.id = item.customer_id
                WHERE item.is_open AND item.company_id = %(company)s AND %(scope)s
            UNION
               SELECT item.id,
                      (arrangement.accepted_date AT TIME ZONE 'UTC'
                       AT TIME ZONE COALESCE(company.followup_tz, 'Europe/Brussels'))::date,
                      'acknowledgement'
                 FROM followup_arrangement arrangement
                 JOIN followup_cover cover ON cover.arrangement_id = arrangement.id
                 JOIN followup_item item ON item.id = cover.item_id
                 JOIN followup_customer customer ON customer.id = item.customer_id
                 JOIN res_company company ON company.id = item.company_id
                WHERE arrangement.accepted_date IS NOT NULL AND item.is_open
                  AND item.company_id = %(company)s AND %(scope)s""",
            company=company.id,
            scope=scope,
        )
    ):
        result[item_id].append(Interruption(day, kind))
    return result
