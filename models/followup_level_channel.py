from odoo import fields, models


class FollowupLevel(models.Model):
    """What the text message of a level says."""

    _inherit = "followup.level"

    sms_template_id = fields.Many2one(
        "sms.template",
        "Text message",
        domain=[("model", "=", "followup.notice")],
        ondelete="set null",
        help="The words of the text message. Empty: the shipped one. Keep it short: a long text counts as several.",
    )
