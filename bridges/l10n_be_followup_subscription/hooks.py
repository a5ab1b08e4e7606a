from odoo.tools import SQL, split_every


def post_init_hook(env):
    """Services for the subscriptions there are; their posted invoices lead to them. No entry gets a new date of change."""
    subscriptions = env["sale.subscription"].search([("sale_subscription_line_ids", "!=", False)])
    for ids in split_every(1000, subscriptions.ids):
        subscriptions.browse(ids)._followup_sync()
    env.flush_all()
    env.cr.execute(
        SQL(
            """WITH led AS (
                   SELECT line.id, move.subscription_id
                     FROM account_move_line line
                     JOIN account_move move ON move.id = line.move_id
                    WHERE move.subscription_id IS NOT NULL
                    UNION
                   SELECT rel.invoice_line_id, sale.order_subscription_id
                     FROM sale_order_line_invoice_rel rel
                     JOIN sale_order_line sold ON sold.id = rel.order_line_id
                     JOIN sale_order sale ON sale.id = sold.order_id
                    WHERE sale.order_subscription_id IS NOT NULL
                    UNION
                   -- The order that began it, where it paid the first period.
                   SELECT rel.invoice_line_id, subscription.id
                     FROM sale_subscription subscription
                     JOIN sale_order_line sold ON sold.order_id = subscription.sale_order_id
                     JOIN product_product product ON product.id = sold.product_id
                     JOIN product_template template ON template.id = product.product_tmpl_id
                     JOIN sale_order_line_invoice_rel rel ON rel.order_line_id = sold.id
                    WHERE template.subscribable AND template.subscription_template_id = subscription.template_id)
               UPDATE account_move_line line
                  SET followup_service_id = subscription.followup_service_id,
                      -- What an invoice from before the installation covers is read from its date.
                      followup_period_end = (move.invoice_date + make_interval(
                          days => CASE template.recurring_rule_type WHEN 'days' THEN 1 WHEN 'weeks' THEN 7 ELSE 0 END
                                  * GREATEST(template.recurring_interval, 1),
                          months => CASE template.recurring_rule_type WHEN 'months' THEN 1 WHEN 'years' THEN 12 ELSE 0 END
                                  * GREATEST(template.recurring_interval, 1)) - interval '1 day')::date
                 FROM led
                 JOIN sale_subscription subscription ON subscription.id = led.subscription_id
                 JOIN sale_subscription_template template ON template.id = subscription.template_id
                 JOIN followup_service service ON service.id = subscription.followup_service_id
                 JOIN followup_customer customer ON customer.id = service.customer_id,
                      account_move move
                WHERE line.id = led.id AND move.id = line.move_id
                  AND line.followup_service_id IS NULL AND line.display_type = 'product'
                  AND move.move_type IN ('out_invoice', 'out_receipt')
                  AND move.commercial_partner_id = customer.partner_id"""
        )
    )
    env["account.move.line"].invalidate_model(["followup_service_id", "followup_period_end"])


def uninstall_hook(env):
    """Subscriptions stay as they are; those that we paused say so, because nobody will resume them by himself."""
    for subscription in (
        env["sale.subscription"].with_context(active_test=False).search([("followup_paused", "=", True)])
    ):
        subscription.message_post(
            body=env._("Paused by follow-up for unpaid invoices. Resume it yourself: follow-up no longer does.")
        )
    env.cr.execute(
        "UPDATE followup_service SET subscription_ref = NULL WHERE subscription_ref LIKE 'sale.subscription,%'"
    )
    env["followup.service"].invalidate_model(["subscription_ref"])
