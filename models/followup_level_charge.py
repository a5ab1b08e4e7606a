from odoo import fields, models


class FollowupLevel(models.Model):
    _inherit = "followup.level"

    post_charges = fields.Boolean(
        "Posts charges",
        help="What a message of this level claims is posted in the books once the message was delivered, when a person "
        "approved that message. Off: a person posts charges, or waives them.",
    )
