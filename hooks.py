from odoo.tools import SQL


def post_init_hook(env):
    """Show follow-up from the first click: figures for all customers with open items. Sends nothing."""
    _fill_regimes(env)
    engine = env["followup.engine"]
    for company in env["res.company"].search([("parent_id", "=", False)]):
        ids = engine._synchronise(company)
        if len(ids) <= 5000:
            engine._refresh(company, env["followup.customer"].browse(ids).partner_id.ids, company._followup_today())
    # Larger databases are decided by the first night, or when a customer is opened: installing takes seconds.


def _fill_regimes(env):
    """Give posted invoices from before the installation the regime of their customer, set-based."""
    partners = env["res.partner"].with_context(active_test=False)
    numbered = partners.search(["|", ("vat", "!=", False), ("company_registry", "!=", False)])
    business = [partner.id for partner in numbered if partner._followup_has_enterprise_number()]
    env.cr.execute(
        SQL(
            """UPDATE account_move move
                  SET followup_regime = CASE WHEN partner.followup_authority THEN 'b2g'
                                             WHEN partner.id = ANY(%s) THEN 'b2b' ELSE 'b2c' END
                 FROM res_partner partner
                WHERE partner.id = move.commercial_partner_id AND move.followup_regime IS NULL
                  AND move.state = 'posted' AND move.move_type IN ('out_invoice', 'out_refund', 'out_receipt')""",
            business,
        )
    )
    env["account.move"].invalidate_model(["followup_regime"])


def uninstall_hook(env):
    """Nothing of ours may stay in the mail queue when nobody checks any more whether it may leave."""
    env.cr.execute(
        SQL(
            """UPDATE mail_mail SET state = 'cancel'
                WHERE followup_notice_id IS NOT NULL AND state IN ('outgoing', 'exception')"""
        )
    )
    env.cr.execute(SQL("DROP FUNCTION IF EXISTS followup_notice_protect() CASCADE"))
    # Odoo deletes the levels before it drops the tables, and a level that a notice names cannot be deleted.
    env.cr.execute(SQL("UPDATE followup_notice SET level_id = NULL WHERE level_id IS NOT NULL"))
    env["followup.notice"].invalidate_model(["level_id"], flush=False)
    # What left is no sign of a restored backup for whoever installs it again.
    env["followup.restore"]._forget()
