from odoo import fields, models


class ResCompany(models.Model):
    """Whether letters are posted through Snailmail. Branches follow their root company."""

    _inherit = "res.company"

    followup_snailmail = fields.Boolean(
        "Post letters through Odoo's Snailmail",
        help="Letters to print can be handed to the post: Odoo's Snailmail prints and posts them, for credits.",
    )

    # Snailmail posts a letter on the next working day at the earliest; the dates in it count from that day.
    _followup_snailmail_days = models.Constraint(
        "CHECK(followup_snailmail IS NOT TRUE OR followup_letter_days >= 1)",
        "Snailmail posts a letter on the next working day at the earliest: let at least 1 working day lie between "
        "printing and posting.",
    )
