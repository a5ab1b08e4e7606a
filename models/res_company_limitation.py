from odoo import fields, models


class ResCompany(models.Model):
    """Settings of limitation. Branches follow their root company."""

    _inherit = "res.company"

    followup_limitation_days = fields.Integer(
        "Warn of limitation", default=180, help="So many days before the last day on which a debt can be claimed."
    )
    followup_limitation_default = fields.Selection(
        [("general", "10 years"), ("periodic", "5 years"), ("goods", "1 year")],
        "Limitation of everything else",
        required=True,
        default="general",
        help="Of what is neither goods sold to a private person nor falls due periodically.",
    )

    _followup_limitation_check = models.Constraint(
        "CHECK(followup_limitation_days >= 0)", "The days before a limitation cannot be negative."
    )
