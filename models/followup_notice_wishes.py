from odoo import fields, models

from .res_partner_wishes import TONES


class FollowupNotice(models.Model):
    """The form of address and the tone that a message was written in; templates read them."""

    _inherit = "followup.notice"

    informal = fields.Boolean("Informal Address", readonly=True, help="The message says je, tu, du; else u, vous, Sie.")
    tone = fields.Selection(TONES, readonly=True, help="Of the opening and closing words.")
