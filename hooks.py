from odoo.tools import SQL


def post_init_hook(env):
    """Show follow-up from the first click: figures for all customers with open items. Sends nothing."""
    engine = env["followup.engine"]
    for company in env["res.company"].search([("parent_id", "=", False)]):
        ids = engine._synchronise(company)
        if len(ids) <= 5000:
            engine._refresh(company, env["followup.customer"].browse(ids).partner_id.ids, company._followup_today())
    # Larger databases are decided by the first night, or when a customer is opened: installing takes seconds.


def uninstall_hook(env):
    """Nothing of ours may stay in the mail queue when nobody checks any more whether it may leave."""
    env.cr.execute(
        SQL(
            """UPDATE mail_mail SET state = 'cancel'
                WHERE followup_notice_id IS NOT NULL AND state IN ('outgoing', 'exception')"""
        )
    )
