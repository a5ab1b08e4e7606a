from odoo import fields, models

RECOVERY_KINDS = [("lawyer", "Lawyer"), ("bailiff", "Bailiff"), ("agency", "Collection agency")]


class ResPartner(models.Model):
    """Who collects claims for us."""

    _inherit = "res.partner"

    followup_recovery_kind = fields.Selection(
        RECOVERY_KINDS,
        "Collects for Us",
        help="A lawyer, a bailiff or a collection agency to whom claims may be handed over.",
        groups="account.group_account_invoice,account.group_account_readonly",
    )
