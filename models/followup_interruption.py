from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import format_date

KINDS = [
    ("acknowledgement", "Acknowledged by the customer in writing"),
    ("formal_notice", "Formal notice of a lawyer or bailiff"),
    ("summons", "Summons or seizure"),
    ("judgment", "Judgment"),
]


class FollowupInterruption(models.Model):
    """What interrupted the limitation of an invoice. Our own reminders interrupt nothing."""

    _name = "followup.interruption"
    _description = "Interruption of a Limitation"
    _order = "date desc, id desc"
    _rec_name = "kind"

    move_id = fields.Many2one("account.move", "Invoice", required=True, ondelete="cascade", index=True)
    company_id = fields.Many2one(related="move_id.company_id", store=True)
    partner_id = fields.Many2one(related="move_id.commercial_partner_id", string="Customer")
    kind = fields.Selection(
        KINDS,
        required=True,
        default="acknowledgement",
        help="An acknowledgement begins the time anew. A formal notice of a lawyer or bailiff, registered, gives one year at "
        "least, once. From a summons on nothing runs until the judgment, which gives ten years.",
    )
    date = fields.Date(required=True, default=lambda self: self.env.company._followup_today())
    note = fields.Char("Proof", required=True, help="Where it can be found: the letter, the e-mail, the writ.")

    @api.constrains("date", "move_id")
    def _check_date(self):
        for event in self:
            today = (event.company_id or self.env.company)._followup_today()
            if event.date > today:
                raise ValidationError(
                    self.env._(
                        "%(invoice)s: an interruption of %(date)s lies in the future. Note it once it happened.",
                        invoice=event.move_id.name,
                        date=format_date(self.env, event.date),
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        events = super().create(vals_list)
        events._after_change()
        return events

    def write(self, vals):
        if not self.env.su and "company_id" in vals:
            raise UserError(self.env._("An interruption belongs to the company of its invoice."))
        moves = self.move_id
        result = super().write(vals)
        self._after_change(moves)
        return result

    def unlink(self):
        moves = self.move_id
        result = super().unlink()
        self.browse()._after_change(moves)
        return result

    def _after_change(self, moves=None):
        """Compute the limitation again, and write it in the timeline."""
        names = dict(self._fields["kind"]._description_selection(self.env))
        for event in self:
            event.move_id.message_post(
                body=self.env._(
                    "Limitation interrupted on %(date)s: %(kind)s (%(note)s)",
                    date=format_date(self.env, event.date),
                    kind=names[event.kind].lower(),
                    note=event.note,
                )
            )
        self.env["followup.engine"]._touch_partners((moves or self.env["account.move"]) | self.move_id)
        self.env["followup.engine"].sudo()._note_limitations_of((moves or self.env["account.move"]) | self.move_id)

    def action_save(self):
        return {"type": "ir.actions.act_window_close"}
