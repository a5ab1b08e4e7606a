from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    followup_by_jobs = fields.Boolean(related="company_id.root_id.followup_by_jobs", readonly=False)
    followup_job_size = fields.Integer(related="company_id.root_id.followup_job_size", readonly=False)
