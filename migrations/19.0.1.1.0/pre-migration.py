def migrate(cr, version):
    """Nights that were killed stayed "running" for ever; from now on there is one a day and company at most."""
    if not version:
        return
    cr.execute(
        """UPDATE followup_run SET state = 'failed', ended = now() AT TIME ZONE 'UTC'
            WHERE state = 'running' AND preview IS NOT TRUE"""
    )
