"""Which part of which open item is owed for which service: SQL only, set-based.

A line of an invoice leads to a service when it names it, or, when it names none, by its product: the customer has
exactly one service with that product. Two services with the same product leave the line to a person.
"""

from collections import defaultdict
from decimal import Decimal

from odoo.tools import SQL


def line_services(env, customer_ids):
    """Lines of posted customer invoices with the service that each leads to, as a query.

    :rtype: SQL with the columns move_id, service_id, amount (with VAT, in the invoice's currency), period_end
    """
    return SQL(
        """SELECT line.move_id, COALESCE(line.followup_service_id, by_product.service_id) AS service_id,
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
                   WHERE service.customer_id = customer.id AND service.active AND rel.product_id = line.product_id
                  HAVING count(*) = 1) by_product ON line.followup_service_id IS NULL
            WHERE move.state = 'posted' AND move.move_type IN ('out_invoice', 'out_receipt')
              AND line.display_type = 'product' AND customer.id = ANY(%s)""",
        list(customer_ids),
    )


def shares(env, customer_ids):
    """The share of each open item that is owed for a service.

    :rtype: dict service id -> dict item id -> Decimal between 0 and 1
    """
    for name in ("account.move.line", "account.move", "followup.service", "followup.item"):
        env[name].flush_model()
    result = defaultdict(dict)
    for service_id, item_id, own, whole in env.execute_query(
        SQL(
            """WITH led AS MATERIALIZED (%(lines)s),
                    owed AS (SELECT item.id, aml.move_id
                               FROM followup_item item
                               JOIN account_move_line aml ON aml.id = item.move_line_id
                              WHERE item.is_open AND item.customer_id = ANY(%(ids)s))
               SELECT led.service_id, owed.id, sum(led.amount)::text,
                      (SELECT sum(every.amount) FROM led every WHERE every.move_id = owed.move_id)::text
                 FROM owed
                 JOIN led ON led.move_id = owed.move_id AND led.service_id IS NOT NULL
             GROUP BY led.service_id, owed.id, owed.move_id""",
            lines=line_services(env, customer_ids),
            ids=list(customer_ids),
        )
    ):
        if Decimal(whole or 0) > 0 and Decimal(own) > 0:
            result[service_id][item_id] = min(Decimal(own) / Decimal(whole), Decimal(1))
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
