"""Which customers a night need not look at: nothing they depend on was written since, and no day has come. SQL only.

What a decision was made on is kept as a fingerprint of row *versions* (`ctid`, `xmin`): whatever writes to one of the
rows, by the ORM or not, changes it, and a restored or rewritten table only makes the night look again.
"""

from odoo.tools import SQL

from .selection import _OPEN, _PAYMENT_IN_FLIGHT, _READ_MODELS, _ROOT, _TRANSACTION_IN_FLIGHT


def _version(*tables):
    """An SQL number that changes with every version of a row of these tables."""
    parts = SQL(", ' ', ").join(
        SQL("%s, %s", SQL.identifier(name, "ctid"), SQL.identifier(name, "xmin")) for name in tables
    )
    return SQL("hashtextextended(concat(%s), 0)::numeric", parts)


def _keys(ids, root_id, company_key):
    """A query of (customer id, fingerprint) for these customers of one root company."""
    return SQL(
        """WITH mine AS MATERIALIZED (
               SELECT id, partner_id, concat_ws(' ', last_message_date, state, failure) AS own
                 FROM followup_customer WHERE id = ANY(%(ids)s)),
           part AS (
               SELECT item.customer_id AS id, 1 AS kind, sum(%(items)s) AS version
                 FROM followup_item item
                 JOIN account_move_line aml ON aml.id = item.move_line_id
                 JOIN account_move move ON move.id = aml.move_id
                WHERE item.is_open AND item.customer_id = ANY(%(ids)s) GROUP BY item.customer_id
            UNION ALL
               SELECT mine.id, 2, sum(%(credits)s)
                 FROM mine
                 JOIN res_partner partner ON partner.commercial_partner_id = mine.partner_id
                 JOIN account_move_line aml ON aml.partner_id = partner.id
                 JOIN account_account account ON account.id = aml.account_id
                 JOIN res_company company ON company.id = aml.company_id
                WHERE %(open)s AND aml.amount_residual_currency < 0 AND %(root)s = %(root_id)s GROUP BY mine.id
            UNION ALL
               SELECT hold.customer_id, 3, sum(%(holds)s) FROM followup_hold hold
                WHERE hold.customer_id = ANY(%(ids)s) GROUP BY hold.customer_id
            UNION ALL
               SELECT notice.customer_id, 4, sum(%(notices)s) FROM followup_notice notice
                WHERE notice.customer_id = ANY(%(ids)s) GROUP BY notice.customer_id
            UNION ALL
               SELECT item.customer_id, 5, sum(%(lines)s)
                 FROM followup_item item JOIN followup_notice_line line ON line.item_id = item.id
                WHERE item.is_open AND item.customer_id = ANY(%(ids)s) GROUP BY item.customer_id
            UNION ALL
               SELECT mine.id, 6, %(partners)s FROM mine JOIN res_partner partner ON partner.id = mine.partner_id)
           SELECT mine.id, md5(concat_ws('|', %(company_key)s, mine.own, string_agg(
                      concat(part.kind, ':', part.version), ' ' ORDER BY part.kind))) AS key
             FROM mine JOIN part ON part.id = mine.id GROUP BY mine.id, mine.own""",
        ids=list(ids),
        items=_version("item", "aml", "move"),
        credits=_version("aml"),
        holds=_version("hold"),
        notices=_version("notice"),
        lines=_version("line"),
        partners=_version("partner"),
        open=_OPEN,
        root=_ROOT,
        root_id=root_id,
        company_key=company_key,
    )


#: Customers that every night looks at: something about them moves by itself, or went wrong.
BUSY = (
    SQL("customer.failure IS NOT NULL"),
    SQL("EXISTS (SELECT FROM followup_cover cover WHERE cover.customer_id = customer.id)"),
    SQL("EXISTS (SELECT FROM followup_suspension suspension WHERE suspension.customer_id = customer.id)"),
    SQL(
        """customer.partner_id IN (
               SELECT partner.commercial_partner_id FROM account_payment payment
                 JOIN res_partner partner ON partner.id = payment.partner_id WHERE %s)""",
        _PAYMENT_IN_FLIGHT,
    ),
    SQL(
        """customer.partner_id IN (
               SELECT partner.commercial_partner_id FROM payment_transaction tx
                 JOIN res_partner partner ON partner.id = tx.partner_id WHERE %s)""",
        _TRANSACTION_IN_FLIGHT,
    ),
)


def _flush(env):
    for name in (*_READ_MODELS, "followup.hold", "followup.suspension"):
        env[name].flush_model()


def idle(env, ids, root_id, company_key, busy, today):
    """Ids of customers whose last decision still holds on `today`, as it would be made again.

    :param company_key: a text that changes with every setting
    :param busy: SQL conditions on `customer`, one of which is enough for every night to look at him
    """
    _flush(env)
    rows = env.execute_query(
        SQL(
            """SELECT customer.id
                 FROM followup_customer customer JOIN (%(keys)s) fresh ON fresh.id = customer.id
                WHERE customer.decided_key = fresh.key
                  AND customer.decided_on <= %(today)s AND customer.decide_on > %(today)s AND NOT (%(busy)s)""",
            keys=_keys(ids, root_id, company_key),
            today=today,
            busy=SQL(" OR ").join(busy),
        )
    )
    return {row[0] for row in rows}


def remember(env, ids, root_id, company_key, busy):
    """Keep on what these customers were decided; only after everything else was written.

    Nothing is kept of somebody about whom something moved by itself: it may have ended by the next time.
    """
    if not ids:
        return
    _flush(env)
    env.cr.execute(
        SQL(
            """UPDATE followup_customer customer
                  SET decided_key = CASE WHEN %(busy)s THEN NULL ELSE fresh.key END
                 FROM (%(keys)s) fresh
                WHERE customer.id = fresh.id AND customer.decided_key IS DISTINCT FROM fresh.key""",
            keys=_keys(ids, root_id, company_key),
            busy=SQL(" OR ").join(busy),
        )
    )
    env["followup.customer"].invalidate_model(["decided_key"])


def still_hold(env, ids, today):
    """The figures of these customers are those of today as well."""
    env.cr.execute(
        "UPDATE followup_customer SET decided_on = %s WHERE id = ANY(%s) AND decided_on < %s", [today, list(ids), today]
    )
    env["followup.customer"].invalidate_model(["decided_on"])


#: Rows that make up the settings: few of them, written by people.
_SETTINGS = SQL(
    """concat_ws(' ',
           (SELECT sum(%s) FROM res_company company),
           (SELECT sum(%s) FROM followup_policy policy),
           (SELECT sum(%s) FROM followup_level level),
           (SELECT sum(%s) FROM followup_minimum minimum))""",
    *(_version(name) for name in ("company", "policy", "level", "minimum")),
)


def standing(env, ids, root_id, busy):
    """On what the decisions about these customers stand at this moment, as a text that changes with any row of it.

    :param busy: SQL conditions on `customer`; who fulfils one is left out: something about him moves by itself
    :rtype: dict customer id -> text
    """
    _flush(env)
    for name in ("res.company", "followup.policy", "followup.level", "followup.minimum", "followup.charge"):
        env[name].flush_model()
    return dict(
        env.execute_query(
            SQL(
                """SELECT customer.id, concat_ws(' ', fresh.key,
                          (SELECT sum(%(contact)s) FROM res_partner contact
                            WHERE contact.commercial_partner_id = customer.partner_id),
                          (SELECT sum(%(charge)s) FROM followup_charge charge WHERE charge.customer_id = customer.id))
                     FROM followup_customer customer JOIN (%(keys)s) fresh ON fresh.id = customer.id
                    WHERE NOT (%(busy)s)""",
                keys=_keys(ids, root_id, _SETTINGS),
                contact=_version("contact"),
                charge=_version("charge"),
                busy=SQL(" OR ").join(busy),
            )
        )
    )
