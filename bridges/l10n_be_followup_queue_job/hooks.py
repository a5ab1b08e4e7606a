def uninstall_hook(env):
    """Jobs whose method goes could never run. Their batches stay, and Odoo's scheduled action does them."""
    env["followup.run"].search([("by_jobs", "=", True)]).by_jobs = False
    env["queue.job"].search([("model_name", "=", "followup.run.batch")]).unlink()
