"""Read everything the decision needs, set-based. SQL only: no record is browsed here, nothing asks the clock.

`synchronise` keeps one `followup_item` per open receivable journal item and one `followup_customer` per
company and commercial partner. `select` reads a batch of customers in a fixed number of queries.
"""

from collections import defaultdict
from decimal import Decimal

from odoo.tools import SQL

from .decision import ZERO, Cover, Credit, Customer, Item, Reason

#: A journal item that is owed to the company: posted, receivable, not settled.
_OPEN = SQL(
    """aml.parent_state = 'posted' AND account.account_type = 'asset_receivable'
       AND aml.reconciled IS NOT TRUE AND aml.amount_residual_currency <> 0"""
)
#: Branches follow their root company.
_ROOT = SQL("split_part(company.parent_path, '/', 1)::int")
#: Odoo registers payments without a journal entry: the invoice keeps its residual until the bank line arrives.
_PAYMENT_IN_FLIGHT = SQL("payment.state IN ('in_process', 'paid') AND payment.move_id IS NULL")
#: ... and such a payment holds its invoices when it is large enough for all of them; a smaller one is a credit.
_PAYMENT_COVERS = SQL(
    """payment.amount_company_currency_signed + 0.005 >= (
           SELECT sum(invoice.amount_residual_signed)
             FROM account_move__account_payment linked
             JOIN account_move invoice ON invoice.id = linked.invoice_id
            WHERE linked.payment_id = payment.id)"""
)
#: An online payment still under way. A wire transfer can stay pending for ever: it holds for two weeks.
_TRANSACTION_IN_FLIGHT = SQL(
    """((tx.state IN ('pending', 'authorized') AND tx.last_state_change >= now() AT TIME ZONE 'UTC' - interval '14 days')
        OR (tx.state = 'done' AND tx.is_post_processed IS NOT TRUE))"""
)

#: So many new rows change how the database should look for them.
MANY_ROWS = 2_000

#: What is read in SQL below: pending writes of the same transaction must be seen.
_READ_MODELS = (
    "account.move.line", "account.move", "account.payment", "account.bank.statement.line", "payment.transaction",
    "res.partner", "followup.item", "followup.customer", "followup.notice", "followup.notice.line",
    "followup.cover", "followup.promise", "followup.dispute", "followup.arrangement", "followup.handover",
    "followup.handover.line",
)  # fmt: skip


def _scopes(partner_ids):
    if partner_ids is None:
        return [SQL("TRUE")]
    ids = list(partner_ids)
    return [
        SQL("partner.commercial_partner_id = ANY(%s)", ids),
        SQL(
            """aml.id IN (SELECT item.move_line_id
                           FROM followup_item item
                           JOIN followup_customer customer ON customer.id = item.customer_id
                          WHERE item.is_open AND customer.partner_id = ANY(%s))""",
            ids,
        ),
    ]


def synchronise(env, root_ids, partner_ids=None):
    """Bring `followup_customer` and `followup_item` in line with the books.

    :param root_ids: root companies
    :param partner_ids: commercial partners, or None for all of them
    :return: ids of the customers that have, or had, an open item
    """
    cr = env.cr
    for name in _READ_MODELS:
        env[name].flush_model()
    roots = list(root_ids)
    # Of some customers: what they owe, and what stands at them although somebody else owes it by now.
    open_items = SQL(" UNION ").join(
        SQL(
            """SELECT aml.id AS line_id, %(root)s AS root_id, partner.commercial_partner_id AS partner_id,
                      COALESCE(aml.date_maturity, aml.date) AS due
                 FROM account_move_line aml
                 JOIN account_account account ON account.id = aml.account_id
                 JOIN res_company company ON company.id = aml.company_id
                 JOIN res_partner partner ON partner.id = aml.partner_id
                WHERE %(open)s AND aml.amount_residual_currency > 0
                  AND %(root)s = ANY(%(roots)s) AND %(scope)s""",
            root=_ROOT,
            open=_OPEN,
            roots=roots,
            scope=scope,
        )
        for scope in _scopes(partner_ids)
    )
    cr.execute(
        SQL(
            """WITH owed AS MATERIALIZED (%(open_items)s)
            INSERT INTO followup_customer (company_id, partner_id, state, create_uid, write_uid, create_date, write_date)
            SELECT DISTINCT owed.root_id, owed.partner_id, 'clear', %(uid)s, %(uid)s,
                   now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC'
              FROM owed
             WHERE NOT EXISTS (SELECT FROM followup_customer known
                                WHERE known.company_id = owed.root_id AND known.partner_id = owed.partner_id)
                ON CONFLICT (company_id, partner_id) DO NOTHING""",
            open_items=open_items,
            uid=env.uid,
        )
    )
    # New items, items that came back, items whose due date or customer changed: only rows that differ are written.
    cr.execute(
        SQL(
            """WITH owed AS MATERIALIZED (%(open_items)s)
            INSERT INTO followup_item AS item
                   (move_line_id, customer_id, company_id, is_open, date_maturity, episode,
                    create_uid, write_uid, create_date, write_date)
            SELECT owed.line_id, customer.id, owed.root_id, TRUE, owed.due, 1, %(uid)s, %(uid)s,
                   now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC'
              FROM owed
              JOIN followup_customer customer
                ON customer.company_id = owed.root_id AND customer.partner_id = owed.partner_id
         LEFT JOIN followup_item known ON known.move_line_id = owed.line_id
             WHERE known.id IS NULL OR NOT known.is_open OR known.date_maturity IS DISTINCT FROM owed.due
                OR known.customer_id <> customer.id
          ORDER BY owed.line_id
                ON CONFLICT (move_line_id) DO UPDATE
               SET is_open = TRUE, customer_id = EXCLUDED.customer_id, company_id = EXCLUDED.company_id,
                   date_maturity = EXCLUDED.date_maturity, write_date = EXCLUDED.write_date,
                   episode = item.episode + CASE WHEN %(restart)s THEN 1 ELSE 0 END,
                   level_id = CASE WHEN %(restart)s THEN NULL ELSE item.level_id END,
                   level_kind = CASE WHEN %(restart)s THEN NULL ELSE item.level_kind END,
                   level_date = CASE WHEN %(restart)s THEN NULL ELSE item.level_date END,
                   waiting_until = CASE WHEN %(restart)s THEN NULL ELSE item.waiting_until END""",
            open_items=open_items,
            uid=env.uid,
            # A payment taken back, a new due date or another debtor begins a new episode. A contact that became part of a
            # company (its customer's own customer now) is the same debtor.
            restart=SQL(
                """(NOT item.is_open OR item.date_maturity IS DISTINCT FROM EXCLUDED.date_maturity
                    OR item.customer_id <> EXCLUDED.customer_id AND NOT EXISTS (
                        SELECT FROM followup_customer former
                          JOIN res_partner debtor ON debtor.id = former.partner_id
                          JOIN followup_customer now_his ON now_his.partner_id = debtor.commercial_partner_id
                         WHERE former.id = item.customer_id AND now_his.id = EXCLUDED.customer_id))"""
            ),
        )
    )
    if cr.rowcount >= MANY_ROWS:
        analyze(env, "followup_item", "followup_customer")
    closed_scope = (
        SQL("TRUE")
        if partner_ids is None
        else SQL(
            "customer_id IN (SELECT id FROM followup_customer WHERE partner_id = ANY(%s))",
            list(partner_ids),
        )
    )
    cr.execute(
        SQL(
            """UPDATE followup_item item
                  SET is_open = FALSE, next_level_id = NULL, next_date = NULL, reasons = NULL
                WHERE item.is_open AND item.company_id = ANY(%(roots)s) AND %(scope)s
                  AND NOT EXISTS (
                      SELECT FROM account_move_line aml
                        JOIN account_account account ON account.id = aml.account_id
                       WHERE aml.id = item.move_line_id AND %(open)s AND aml.amount_residual_currency > 0)
            RETURNING customer_id""",
            roots=roots,
            scope=closed_scope,
            open=_OPEN,
        )
    )
    touched = {row[0] for row in cr.fetchall()}
    cr.execute(
        SQL(
            """SELECT customer.id FROM followup_customer customer
                WHERE customer.company_id = ANY(%(roots)s) AND %(scope)s
                  AND (customer.state <> 'clear'
                       OR EXISTS (SELECT FROM followup_cover cover
                                   WHERE cover.customer_id = customer.id AND cover.live)
                       OR EXISTS (SELECT FROM followup_item item
                                   WHERE item.customer_id = customer.id AND item.is_open))""",
            roots=roots,
            scope=SQL("TRUE") if partner_ids is None else SQL("customer.partner_id = ANY(%s)", list(partner_ids)),
        )
    )
    touched.update(row[0] for row in cr.fetchall())
    for name in ("followup.item", "followup.customer"):
        env[name].invalidate_model()
    return sorted(touched)


def analyze(env, *tables):
    """Tell the planner about many new rows now: it would plan for the few of before until autovacuum comes along."""
    env.cr.execute(SQL("ANALYZE %s", SQL(", ").join(SQL.identifier(table) for table in tables)))


def select(env, customer_ids, policies, today, insolvent=None, exclude_notice_ids=None):
    """Read customers with their open items, credits, holds and what is under way.

    :param customer_ids: `followup.customer` ids of **one** root company
    :param policies: callable (partner id, regime) -> `decision.Policy` or None, with `regimes` of the partners
    :param insolvent: dict partner id -> (kind of insolvency, day of the judgment or None)
    :param exclude_notice_ids: notices that are decided again: they do not stand in their own way
    :return: list of `decision.Customer`, in the order of `customer_ids`
    """
    ids = list(customer_ids)
    if not ids:
        return []
    holds = _holds(env, ids)
    covers = _covers(env, ids, today)
    items = _items(env, ids, policies, holds, covers, insolvent or {}, list(exclude_notice_ids or ()))
    credits = _credits(env, ids)
    return [
        Customer(
            id=customer_id,
            items=tuple(items.get(customer_id, ())),
            credits=tuple(credits.get(customer_id, ())),
            last_message_on=last_message,
            holds=tuple(holds.get((customer_id, None), ())),
            notice_open=notice_open,
            contacts=contacts,
            messages=tuple(messages or ()),
        )
        for customer_id, last_message, notice_open, contacts, messages in _customers(
            env, ids, today, list(exclude_notice_ids or ())
        )
    ]


def _customers(env, ids, today, exclude):
    return env.execute_query(
        SQL(
            """SELECT customer.id, customer.last_message_date,
                      EXISTS (SELECT FROM followup_notice notice
                               WHERE notice.customer_id = customer.id
                                 AND notice.state IN ('review', 'queued', 'sending', 'printed', 'unknown')
                                 AND notice.channel <> 'call' AND notice.standby IS NOT TRUE AND notice.purpose IN ('level', 'missed')
                                 AND notice.id <> ALL(%(exclude)s::int[])),
                      (SELECT count(*) FROM followup_notice notice
                        WHERE notice.customer_id = customer.id AND notice.state IN ('sent', 'delivered')
                          AND notice.purpose IN ('level', 'missed') AND notice.lead_id IS NULL
                          AND COALESCE(notice.sent_date::date, notice.delivered_on) > %(today)s::date - 30),
                      -- One that is about to leave meets the limits at its claim.
                      (SELECT array_agg((notice.claim_date AT TIME ZONE 'UTC' AT TIME ZONE company.followup_tz)::date)
                         FROM followup_notice notice
                        WHERE notice.customer_id = customer.id AND notice.channel <> 'call' AND %(exclude)s::int[] = '{}'
                          AND notice.state IN ('sending', 'printed', 'sent', 'delivered', 'unknown')
                          AND notice.claim_date >= %(today)s::date - 8)
                 FROM unnest(%(ids)s) WITH ORDINALITY AS asked(id, place)
                 JOIN followup_customer customer ON customer.id = asked.id
                 JOIN res_company company ON company.id = customer.company_id
             ORDER BY asked.place""",
            ids=ids,
            today=today,
            exclude=exclude,
        )
    )


def _items(env, ids, policies, holds, covers, insolvent, exclude):
    rows = env.execute_query(
        SQL(
            """SELECT item.customer_id, item.id, item.date_maturity, aml.currency_id,
                      aml.amount_residual_currency::text, aml.amount_residual::text,
                      customer.partner_id, move.followup_regime, move.id, COALESCE(move.invoice_date, move.date),
                      item.level_id, item.level_kind, item.level_date, item.waiting_until, item.waiting_by_post,
                      COALESCE(item.elsewhere, FALSE), COALESCE(item.included, FALSE),
                      aml.no_followup, move.payment_state
                 FROM followup_item item
                 JOIN followup_customer customer ON customer.id = item.customer_id
                 JOIN account_move_line aml ON aml.id = item.move_line_id
                 JOIN account_move move ON move.id = aml.move_id
                WHERE item.is_open AND item.customer_id = ANY(%(ids)s)
             ORDER BY item.customer_id, item.date_maturity, item.id""",
            ids=ids,
        )
    )
    result = defaultdict(list)
    under_way, failures = _messages(env, ids, exclude)
    in_payment = _in_payment(env, {row[8] for row in rows})
    hurried, watched = _aftermath(env, ids)
    handed = _handed_over(env, ids)
    for row in rows:
        (
            customer_id, item_id, due, currency, residual, residual_company, partner_id, regime, move_id, invoiced,
            level_id, level_kind, level_date, waiting_until, by_post, elsewhere, included, no_followup, payment_state,
        ) = row  # fmt: skip
        reasons = list(holds.get((customer_id, move_id), ()))
        if item_id in handed:
            reasons.append(handed[item_id])
        if no_followup:
            reasons.append(Reason("no_followup"))
        if payment_state == "blocked":
            reasons.append(Reason("blocked"))
        if move_id in in_payment:
            reasons.append(Reason("payment_in_progress"))
        kind, since = insolvent.get(partner_id, (None, None))
        # A reorganisation freezes the debts from before its opening; later deliveries are followed up as usual.
        if kind and (kind != "reorganisation" or since is None or invoiced < since):
            reasons.append(Reason("insolvency", None, kind))
        if item_id in failures:
            reasons.append(Reason("failed", None, failures[item_id]))
        result[customer_id].append(
            Item(
                id=item_id,
                due_date=due,
                currency=currency,
                residual=Decimal(residual),
                residual_company=Decimal(residual_company),
                policy=policies(partner_id, regime),
                level_id=level_id,
                level_kind=level_kind,
                delivered_on=level_date,
                waiting_until=waiting_until,
                waiting_by_post=bool(by_post),
                consumer=(regime or policies.regimes.get(partner_id) or "b2c") == "b2c",
                pending=item_id in under_way,
                holds=tuple(reasons),
                covers=tuple(covers.get(item_id, ())),
                hurry_from=hurried.get(item_id),
                review=("dispute_expired",) if item_id in watched else (),
                elsewhere=elsewhere,
                included=included,
            )
        )
    return result


def _messages(env, ids, exclude):
    """What is said of the open items in this episode and not delivered yet, and how the last try failed.

    :return: (ids of items with a message under way, dict item id -> failure)
    """
    under_way, failures = set(), {}
    for item_id, pending, failure in env.execute_query(
        SQL(
            """SELECT line.item_id, line.live AND notice.state <> 'delivered', line.failure
                 FROM followup_item item
                 JOIN followup_notice_line line ON line.item_id = item.id AND line.episode = item.episode
                 JOIN followup_notice notice ON notice.id = line.notice_id
                WHERE item.is_open AND item.customer_id = ANY(%(ids)s) AND line.advances
                  AND (line.live AND notice.state <> 'delivered' OR line.failure IS NOT NULL)
                  AND notice.id <> ALL(%(exclude)s::int[])
             ORDER BY line.id""",
            ids=ids,
            exclude=exclude,
        )
    ):
        if pending:
            under_way.add(item_id)
        if failure is not None:
            failures[item_id] = failure
    return under_way, failures


def _in_payment(env, move_ids):
    """Invoices that a payment under way settles: registered without an entry yet, or online and not over."""
    return {
        move_id
        for (move_id,) in env.execute_query(
            SQL(
                """SELECT rel.invoice_id
                     FROM account_move__account_payment rel JOIN account_payment payment ON payment.id = rel.payment_id
                    WHERE rel.invoice_id = ANY(%(ids)s) AND %(in_flight)s AND %(covers)s
                UNION
                   SELECT rel.invoice_id
                     FROM account_invoice_transaction_rel rel JOIN payment_transaction tx ON tx.id = rel.transaction_id
                    WHERE rel.invoice_id = ANY(%(ids)s) AND %(tx_in_flight)s""",
                ids=list(move_ids),
                in_flight=_PAYMENT_IN_FLIGHT,
                covers=_PAYMENT_COVERS,
                tx_in_flight=_TRANSACTION_IN_FLIGHT,
            )
        )
    }


#: What a cover has taken in since it began: money that names it, and what is left of other money after the part of
#: the item that it left payable.
COVER_PAID = SQL(
    """(SELECT GREATEST(0, LEAST(cover.amount, own.named + GREATEST(0, own.came_in - own.named - cover.outside)))
          FROM (SELECT got.came_in, GREATEST(0, LEAST(COALESCE(cover.by_reference, 0), got.came_in)) AS named
                  FROM (SELECT cover.residual_start - CASE
                               WHEN item.is_open OR aml.reconciled THEN aml.amount_residual_currency
                               ELSE cover.residual_start END AS came_in) got) own)"""
)


def _covers(env, ids, today):
    """What promises, disputes and arrangements keep out of follow-up, by item.

    A live arrangement holds whatever its date says: whether it is on track is judged elsewhere, before this.
    """
    result = defaultdict(list)
    for item_id, kind, until, name, amount in env.execute_query(
        SQL(
            """SELECT cover.item_id, cover.kind,
                      CASE WHEN cover.kind = 'arrangement' THEN GREATEST(cover.until, %(today)s) ELSE cover.until END,
                      COALESCE(arrangement.name, dispute.name, promise.name),
                      (cover.amount - %(paid)s - COALESCE(cover.released, 0))::text
                 FROM followup_cover cover
                 JOIN followup_item item ON item.id = cover.item_id
                 JOIN account_move_line aml ON aml.id = item.move_line_id
            LEFT JOIN followup_arrangement arrangement ON arrangement.id = cover.arrangement_id
            LEFT JOIN followup_dispute dispute ON dispute.id = cover.dispute_id
            LEFT JOIN followup_promise promise ON promise.id = cover.promise_id
                WHERE cover.live AND cover.holds AND item.is_open AND item.customer_id = ANY(%(ids)s)
             ORDER BY cover.id""",
            ids=ids,
            today=today,
            paid=COVER_PAID,
        )
    ):
        if Decimal(amount) > 0:
            result[item_id].append(Cover(Decimal(amount), Reason(kind, until, name or "")))
    return result


def _handed_over(env, ids):
    """Items that are with a lawyer, a bailiff or an agency, or came back unpaid: nothing is sent about them.

    :rtype: dict item id -> `decision.Reason`
    """
    for name in ("followup.handover", "followup.handover.line"):
        env[name].flush_model()
    return {
        item_id: Reason("handover_closed" if state == "closed" else "handed_over", None, detail)
        for item_id, state, detail in env.execute_query(
            SQL(
                """SELECT line.item_id, handover.state, concat_ws(', ', handover.name, recipient.name)
                     FROM followup_handover_line line
                     JOIN followup_handover handover ON handover.id = line.handover_id
                LEFT JOIN res_partner recipient ON recipient.id = handover.recipient_id
                    WHERE line.live AND handover.customer_id = ANY(%s)
                      AND handover.state IN ('handed_over', 'paid', 'closed')""",
                ids,
            )
        )
    }


def _aftermath(env, ids):
    """What broken promises and expired disputes mean for items that got no level since.

    :return: (dict item id -> first day of the next step, ids of items whose next message a person sees first)
    """
    hurried, watched = {}, set()
    for item_id, kind, day in env.execute_query(
        SQL(
            """SELECT item.id, cover.kind,
                      max(GREATEST(promise.closed_on, (
                          SELECT max(notice.pay_before) + 1
                            FROM followup_notice_line line
                            JOIN followup_notice notice ON notice.id = line.notice_id
                           WHERE line.item_id = item.id AND line.advances AND line.live
                             AND line.episode = item.episode AND notice.state = 'delivered')))
                 FROM followup_cover cover
                 JOIN followup_item item ON item.id = cover.item_id
            LEFT JOIN followup_dispute dispute ON dispute.id = cover.dispute_id
            LEFT JOIN followup_promise promise ON promise.id = cover.promise_id
                WHERE item.is_open AND item.customer_id = ANY(%(ids)s)
                  AND COALESCE(promise.closed_on, dispute.closed_on) > COALESCE(item.level_date, '1900-01-01'::date)
                  AND (promise.state = 'broken' OR dispute.state = 'expired')
             GROUP BY item.id, cover.kind""",
            ids=ids,
        )
    ):
        if kind == "promise":
            hurried[item_id] = day
        else:
            watched.add(item_id)
    return hurried, watched


def _credits(env, ids):
    """Credit notes and payments not yet allocated, and payments in process without an entry."""
    rows = env.execute_query(
        SQL(
            """WITH asked AS (
                   SELECT customer.id, customer.partner_id, customer.company_id
                     FROM followup_customer customer WHERE customer.id = ANY(%(ids)s))
            SELECT asked.id, aml.currency_id, (-sum(aml.amount_residual_currency))::text,
                   (-sum(aml.amount_residual))::text
              FROM asked
              JOIN res_partner partner ON partner.commercial_partner_id = asked.partner_id
              JOIN account_move_line aml ON aml.partner_id = partner.id
              JOIN account_account account ON account.id = aml.account_id
              JOIN res_company company ON company.id = aml.company_id
             WHERE %(open)s AND aml.amount_residual_currency < 0 AND %(root)s = asked.company_id
          GROUP BY asked.id, aml.currency_id
         UNION ALL
            SELECT asked.id, payment.currency_id, sum(payment.amount)::text,
                   sum(COALESCE(payment.amount_company_currency_signed, payment.amount))::text
              FROM asked
              JOIN res_partner partner ON partner.commercial_partner_id = asked.partner_id
              JOIN account_payment payment ON payment.partner_id = partner.id
              JOIN res_company company ON company.id = payment.company_id
             WHERE %(in_flight)s AND payment.payment_type = 'inbound' AND payment.partner_type = 'customer'
               AND %(root)s = asked.company_id
               AND CASE WHEN EXISTS (SELECT FROM account_move__account_payment rel
                                      WHERE rel.payment_id = payment.id)
                        THEN EXISTS (SELECT FROM account_move__account_payment rel
                                       JOIN account_move invoice ON invoice.id = rel.invoice_id
                                      WHERE rel.payment_id = payment.id AND invoice.amount_residual <> 0)
                             AND NOT %(covers)s
                        ELSE payment.state = 'in_process' END
          GROUP BY asked.id, payment.currency_id""",
            ids=ids,
            open=_OPEN,
            root=_ROOT,
            in_flight=_PAYMENT_IN_FLIGHT,
            covers=_PAYMENT_COVERS,
        )
    )
    result = defaultdict(list)
    for customer_id, currency, amount, amount_company in rows:
        result[customer_id].append(Credit(currency, Decimal(amount), Decimal(amount_company or ZERO)))
    return result


def waiting_money(env, ids):
    """Unallocated money of customers: perhaps meant for what they promised or arranged.

    :rtype: dict (customer id, currency id) -> amount in that currency, positive
    """
    if not ids:
        return {}
    for name in ("account.move.line", "account.payment", "account.move"):
        env[name].flush_model()
    return {
        (customer_id, credit.currency): float(credit.amount)
        for customer_id, credits in _credits(env, list(ids)).items()
        for credit in credits
    }


def _holds(env, ids):
    """Manual holds in force, by (customer, invoice) and (customer, None). Ended ones are skipped by the decision."""
    env["followup.hold"].flush_model()
    result = defaultdict(list)
    for customer_id, move_id, until, reason in env.execute_query(
        SQL(
            """SELECT customer_id, move_id, until, reason FROM followup_hold
                WHERE customer_id = ANY(%s) AND released IS NOT TRUE""",
            ids,
        )
    ):
        result[customer_id, move_id].append(Reason("hold", until, reason))
    return result


def newest_bank_data(env, root_id, today):
    """The date of the last bank line or posted customer payment of the company, or None when it has neither."""
    [[newest]] = env.execute_query(
        SQL(
            """SELECT GREATEST(
                   (SELECT max(move.date)
                      FROM account_bank_statement_line line
                      JOIN account_move move ON move.id = line.move_id
                      JOIN res_company company ON company.id = line.company_id
                     WHERE %(root)s = %(root_id)s AND move.date <= %(today)s),
                   (SELECT max(payment.date)
                      FROM account_payment payment
                      JOIN res_company company ON company.id = payment.company_id
                     WHERE %(root)s = %(root_id)s AND payment.date <= %(today)s
                       AND payment.state IN ('in_process', 'paid')))""",
            root=_ROOT,
            root_id=root_id,
            today=today,
        )
    )
    return newest
