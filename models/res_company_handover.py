from odoo import fields, models


class ResCompany(models.Model):
    """Settings of handing over. Branches follow their root company."""

    _inherit = "res.company"

    followup_handover_minimum = fields.Monetary(
        "Hand over from", default=100.0, help="Below this principal the costs are soon higher than the claim."
    )
    followup_handover_recipient_id = fields.Many2one(
        "res.partner",
        "Usual recipient",
        help="The lawyer, bailiff or agency that is proposed.",
        domain="[('followup_recovery_kind', '!=', False)]",
    )
    followup_handover_restore = fields.Boolean(
        "Restore suspended services",
        help="When a claim is handed over, services that were suspended for it are restored. Off: they stay as they are. "
        "In both cases nothing is suspended for it any more.",
    )

    _followup_handover_check = models.Constraint(
        "CHECK(followup_handover_minimum >= 0)", "The amount from which claims are handed over cannot be negative."
    )
