from odoo.tools import SQL, split_every

#: How long one interval of a recurrence lasts, as contract counts it.
LENGTHS = {
    "daily": "1 day",
    "weekly": "7 days",
    "monthly": "1 month",
    "monthlylastday": "1 month",
    "quarterly": "3 months",
    "semesterly": "6 months",
    "yearly": "1 year",
}


def post_init_hook(env):
    """Services for the contracts there are; their posted invoices lead to them. No entry gets a new date of change."""
    contracts = env["contract.contract"].search([("contract_type", "=", "sale"), ("contract_line_ids", "!=", False)])
    for ids in split_every(1000, contracts.ids):
        contracts.browse(ids)._followup_sync()
    env.flush_all()
    lengths = SQL(", ").join(SQL("(%s, %s::interval)", rule, length) for rule, length in LENGTHS.items())
    env.cr.execute(
        SQL(
            """UPDATE account_move_line line
                  SET followup_service_id = contract.followup_service_id,
                      -- What an invoice from before the installation covers is read from its date.
                      followup_period_end = CASE WHEN source.recurring_invoicing_type = 'post-paid'
                          THEN (move.invoice_date - CASE WHEN rule.name = 'monthlylastday' THEN 0 ELSE 1 END)
                          WHEN rule.name = 'monthlylastday'
                          THEN (date_trunc('month', move.invoice_date + rule.length * source.recurring_interval)
                                - interval '1 day')::date
                          ELSE (move.invoice_date + rule.length * source.recurring_interval - interval '1 day')::date END
                 FROM contract_line source
                 JOIN contract_contract contract ON contract.id = source.contract_id
                 JOIN followup_service service ON service.id = contract.followup_service_id
                 JOIN followup_customer customer ON customer.id = service.customer_id
                 JOIN (VALUES %s) AS rule (name, length) ON rule.name = source.recurring_rule_type,
                      account_move move
                WHERE line.contract_line_id = source.id AND move.id = line.move_id
                  AND line.followup_service_id IS NULL AND line.display_type = 'product'
                  AND move.move_type IN ('out_invoice', 'out_receipt')
                  AND move.commercial_partner_id = customer.partner_id""",
            lengths,
        )
    )
    env["account.move.line"].invalidate_model(["followup_service_id", "followup_period_end"])


def uninstall_hook(env):
    """Contracts stay as they are; what was promised about suspended days is kept now, because later nobody does."""
    services = env["followup.service"].with_context(active_test=False).search([("contract_ids", "!=", False)])
    services.contract_ids._followup_bill_again()
    # Also of contracts that are gone: a reference to a model that is gone cannot be read.
    env.cr.execute(
        "UPDATE followup_service SET subscription_ref = NULL WHERE subscription_ref LIKE 'contract.contract,%'"
    )
    env["followup.service"].invalidate_model(["subscription_ref"])
