"""Which part of which open item is owed for which service: SQL only, set-based.

A line of an invoice leads to a service when it names it, or, when it names none, by its product: the customer has
exactly one service with that product. Two services with the same product leave the line to a person, also when one of
them is archived: what that one owes is not the debt of the other.
"""

from collections import defaultdict
from decimal import Decimal

from odoo.tools import SQL


def line_services(env, customer_ids):
    """Lines of posted customer invoices with the service that each leads to, as a query.

    :rtype: SQL with the columns move_id, product_id, service_id, amount (with VAT, in the invoice's currency), period_end
    """
    return SQL(
        """SELECT line.move_id, line.product_id, COALESCE(line.followup_service_id, by_product.service_id) AS service_id,
                  line.price_total AS amount, line.followup_period_end AS period_end
             FROM account_move_line line
             JOIN account_move move ON move.id = line.move_id
             JOIN res_company company ON company.id = move.company_id
             JOIN followup_customer customer
               ON customer.partner_id = move.commercial_partner_id
              AND customer.company_id = split_part(company.parent_path, '/', 1)::int
        LEFT JOIN LATERAL (
                  SELECT min(service.id) AS service_id
                    FROM followup_service service
                    JOIN followup_service_product_rel rel ON rel.service_id = service.id
                   WHERE service.customer_id = customer.id AND rel.product_id = line.product_id
                  HAVING count(*) = 1 AND bool_and(service.active)) by_product ON line.followup_service_id IS NULL
            WHERE move.state = 'posted' AND move.move_type IN ('out_invoice', 'out_receipt')
              AND line.display_type = 'product' AND customer.id = ANY(%s)""",
        list(customer_ids),
    )


def shares(env, customer_ids):
    """The share of each open item that is owed for a service.

    What a credit note took off a service is no longer owed for it. A discount that names no service takes off all alike.

    :rtype: dict service id -> dict item id -> Decimal between 0 and 1
    """
    for name in ("account.move.line", "account.move", "account.partial.reconcile", "followup.service", "followup.item"):
        env[name].flush_model()
    result = defaultdict(dict)
    for service_id, item_id, own, whole in env.execute_query(
        SQL(
            """WITH led AS MATERIALIZED (%(lines)s),
                    owed AS (SELECT item.id, aml.move_id
                               FROM followup_item item
                               JOIN account_move_line aml ON aml.id = item.move_line_id
                              WHERE item.is_open AND item.customer_id = ANY(%(ids)s)),
                    -- Of a credit note only as much as was taken off this invoice.
                    refund AS (SELECT credit.id, invoice.id AS move_id,
                                      LEAST(sum(partial.credit_amount_currency) / credit.amount_total, 1) AS part
                                 FROM account_move invoice
                                 JOIN account_move credit ON credit.reversed_entry_id = invoice.id
                                 JOIN account_move_line credited ON credited.move_id = credit.id
                                 JOIN account_partial_reconcile partial ON partial.credit_move_id = credited.id
                                 JOIN account_move_line debited ON debited.id = partial.debit_move_id
                                WHERE invoice.id IN (SELECT move_id FROM owed) AND debited.move_id = invoice.id
                                  AND credit.state = 'posted' AND credit.move_type = 'out_refund'
                                  AND credit.currency_id = invoice.currency_id AND credit.amount_total > 0
                             GROUP BY credit.id, invoice.id),
                    part AS (SELECT move_id, service_id, amount FROM led
                              WHERE move_id IN (SELECT move_id FROM owed) AND (service_id IS NOT NULL OR amount > 0)
                              UNION ALL
                             SELECT refund.move_id, same.service_id, -line.price_total * refund.part
                               FROM refund
                               JOIN account_move_line line ON line.move_id = refund.id AND line.display_type = 'product'
                               JOIN LATERAL (
                                    SELECT min(led.service_id) AS service_id
                                      FROM led
                                     WHERE led.move_id = refund.move_id
                                       AND led.product_id IS NOT DISTINCT FROM line.product_id
                                    HAVING count(*) > 0 AND count(DISTINCT led.service_id) <= 1
                                       AND count(led.service_id) IN (0, count(*))) same ON TRUE),
                    total AS (SELECT move_id, service_id, GREATEST(sum(amount), 0) AS amount
                                FROM part GROUP BY move_id, service_id)
               SELECT total.service_id, owed.id, total.amount::text,
                      (sum(total.amount) OVER (PARTITION BY owed.id))::text
                 FROM owed
                 JOIN total ON total.move_id = owed.move_id""",
            lines=line_services(env, customer_ids),
            ids=list(customer_ids),
        )
    ):
        if service_id and Decimal(own) > 0:
            result[service_id][item_id] = Decimal(own) / Decimal(whole)
    return result


def paid_through(env, service_ids):
    """The last day that the invoices paid in full cover, where their lines or their services say how long one covers.

    :rtype: dict service id -> date
    """
    if not service_ids:
        return {}
    for name in ("account.move.line", "account.move", "followup.service"):
        env[name].flush_model()
    customers = env["followup.service"].browse(service_ids).customer_id.ids
    return dict(
        env.execute_query(
            SQL(
                """WITH led AS MATERIALIZED (%(lines)s)
                   SELECT led.service_id,
                          max(COALESCE(led.period_end,
                              (move.invoice_date + make_interval(months => service.period_months) - interval '1 day')::date))
                     FROM led
                     JOIN account_move move ON move.id = led.move_id
                     JOIN followup_service service ON service.id = led.service_id
                    WHERE led.service_id = ANY(%(ids)s) AND led.amount > 0
                      AND (service.period_months > 0 OR led.period_end IS NOT NULL)
                      AND move.payment_state IN ('paid', 'in_payment')
                 GROUP BY led.service_id""",
                lines=line_services(env, customers),
                ids=list(service_ids),
            )
        )
    )
