from odoo import SUPERUSER_ID, api


def migrate(cr, version):
    """Companies that were live before the start assistant existed stay live: theirs is finished."""
    if not version:
        return
    env = api.Environment(cr, SUPERUSER_ID, {})
    env["followup.assistant"]._mark_finished(env["res.company"].search([("followup_live", "=", True)]).root_id)
