from odoo import fields, models


class FollowupRunBatch(models.Model):
    """How long each phase of a batch took; the run adds them up."""

    _inherit = "followup.run.batch"

    seconds = fields.Float(readonly=True, digits=(16, 3))
    seconds_read = fields.Float("Seconds Reading", readonly=True, digits=(16, 3))
    seconds_follow = fields.Float("Seconds Agreements", readonly=True, digits=(16, 3))
    seconds_decide = fields.Float("Seconds Deciding", readonly=True, digits=(16, 3))
    seconds_prepare = fields.Float("Seconds Preparing", readonly=True, digits=(16, 3))
    query_count = fields.Integer("Queries", readonly=True)
