from odoo import api, fields, models
from odoo.exceptions import ValidationError


class FollowupLetterPostLine(models.TransientModel):
    """One printed letter that may not be right any more, and what is to be done with it."""

    _name = "followup.letter.post.line"
    _description = "Letter to Look at before Posting"
    _inherit = "followup.wizard"

    wizard_id = fields.Many2one("followup.letter.post.wizard", required=True, ondelete="cascade")
    notice_id = fields.Many2one("followup.notice", "Letter", required=True, ondelete="cascade")
    partner_id = fields.Many2one(related="notice_id.partner_id")
    letter_number = fields.Integer(related="notice_id.letter_number")
    why = fields.Char("What changed", readonly=True)
    refused = fields.Boolean(readonly=True)
    decision = fields.Selection(
        [
            ("out", "Take out of the pile"),
            ("again", "Print again"),
            ("keep", "Leave in the pile"),
            ("post", "It was posted"),
        ],
        required=True,
        default="out",
    )

    @api.constrains("decision", "refused")
    def _check_refused(self):
        for line in self:
            if line.refused and line.decision == "post":
                raise ValidationError(
                    self.env._("%(letter)s cannot be posted: %(why)s.", letter=line.notice_id.name, why=line.why)
                )
