from odoo import fields, models


class ResCompany(models.Model):
    """How nights are spread over jobs. Branches follow their root company."""

    _inherit = "res.company"

    followup_by_jobs = fields.Boolean(
        "Spread nights over jobs",
        default=True,
        help="The nightly run is divided into jobs of the job queue, which several workers and machines do side by "
        "side. Without a job runner, and for a night of one batch, Odoo's scheduled action does it itself.",
    )
    followup_job_size = fields.Integer(
        "Customers a job",
        default=200,
        help="A job decides so many customers in one transaction. Smaller jobs divide the work more evenly and hold "
        "their customers for a shorter time; larger ones have less overhead.",
    )

    _followup_job_size_limits = models.Constraint(
        "CHECK(followup_job_size BETWEEN 10 AND 2000)", "A job decides between 10 and 2,000 customers."
    )
