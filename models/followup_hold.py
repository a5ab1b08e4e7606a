from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_date


class FollowupHold(models.Model):
    """A person's decision not to act on a customer or an invoice until a date, with the reason."""

    _name = "followup.hold"
    _description = "Follow-up Hold"
    _order = "until desc, id desc"
    _rec_name = "reason"

    customer_id = fields.Many2one("followup.customer", "Follow-up", required=True, ondelete="cascade", index=True)
    company_id = fields.Many2one(related="customer_id.company_id", store=True)
    partner_id = fields.Many2one(related="customer_id.partner_id", store=True)
    move_id = fields.Many2one(
        "account.move", "Invoice", ondelete="cascade", index="btree_not_null", help="Empty: the whole customer."
    )
    until = fields.Date("Until (included)", required=True)
    reason = fields.Char(required=True)
    user_id = fields.Many2one("res.users", "By", required=True, default=lambda self: self.env.user)
    released = fields.Boolean(readonly=True)
    released_date = fields.Datetime(readonly=True)
    active_now = fields.Boolean("In force", compute="_compute_active_now", search="_search_active_now")

    @api.depends("until", "released")
    def _compute_active_now(self):
        today = self.env.company._followup_today()
        for hold in self:
            hold.active_now = not hold.released and bool(hold.until) and hold.until >= today

    def _search_active_now(self, operator, value):
        if operator != "in":
            return NotImplemented
        domain = fields.Domain("released", "=", False) & fields.Domain(
            "until", ">=", self.env.company._followup_today()
        )
        return domain if True in value else ~domain

    @api.model_create_multi
    def create(self, vals_list):
        holds = super().create(vals_list)
        for hold in holds:
            hold.customer_id.message_post(
                body=self.env._(
                    "Follow-up of %(what)s on hold until %(date)s: %(reason)s",
                    what=hold.move_id.name or hold.partner_id.display_name,
                    date=format_date(self.env, hold.until),
                    reason=hold.reason,
                )
            )
        holds.customer_id._refresh()
        return holds

    def write(self, vals):
        """A person moves the day or corrects the reason; about whom and about what it is stays."""
        if not self.env.su and vals.keys() - {"until", "reason"}:
            raise UserError(self.env._("A hold keeps its customer: release it, and make another one."))
        result = super().write(vals)
        self.customer_id._refresh()
        return result

    def unlink(self):
        customers = self.customer_id
        result = super().unlink()
        customers.exists()._refresh()
        return result

    def action_release(self):
        """End the hold now; it stays in the list as history."""
        self.check_access("write")
        for hold in self.filtered(lambda hold: not hold.released):
            hold.customer_id.message_post(body=self.env._("Hold ended: %(reason)s", reason=hold.reason))
        self.sudo().write({"released": True, "released_date": fields.Datetime.now()})
