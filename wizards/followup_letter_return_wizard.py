from odoo import fields, models
from odoo.exceptions import UserError


class FollowupLetterReturnWizard(models.TransientModel):
    """The post brought a letter back: it did not arrive, and a person looks for the right address."""

    _name = "followup.letter.return.wizard"
    _description = "Letter That Came Back"
    _inherit = "followup.wizard"

    notice_id = fields.Many2one("followup.notice", "Letter", required=True, ondelete="cascade")
    address = fields.Text(related="notice_id.address")
    reason = fields.Selection(
        [
            ("moved", "Moved"),
            ("unknown", "Not known at this address"),
            ("incomplete", "Address incomplete"),
            ("refused", "Refused"),
            ("other", "Something else"),
        ],
        required=True,
        default="moved",
    )
    note = fields.Char(help="What stands on the envelope.")

    def action_confirm(self):
        """Take the items back to the level delivered before, and plan a task."""
        self.ensure_one()
        letter = self.notice_id._for_user()
        letter.customer_id.lock_for_update(allow_referencing=True)
        letter.invalidate_recordset()
        if letter.channel != "letter" or letter.state not in ("sent", "delivered"):
            raise UserError(self.env._("%s is not a posted letter, so it cannot come back.", letter.name))
        words = dict(self._fields["reason"]._description_selection(self.env))[self.reason].lower()
        letter._bounce(f"{words} ({self.note})" if self.note else words)
        return {"type": "ir.actions.act_window_close"}
