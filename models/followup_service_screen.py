from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

USER = "l10n_be_followup.l10n_be_followup_group_user"


class FollowupService(models.Model):
    """What the screens of a service show and do."""

    _inherit = "followup.service"

    suspension_count = fields.Integer(compute="_compute_suspension_count")
    line_ids = fields.One2many("account.move.line", "followup_service_id", "Invoice Lines That Name It", readonly=True)
    suspended_since = fields.Datetime(related="suspension_id.suspended_date")
    exempt = fields.Boolean("Exempt Now", compute="_compute_exempt", search="_search_exempt")

    def _compute_suspension_count(self):
        counts = dict(
            self.env["followup.suspension"]._read_group([("service_id", "in", self.ids)], ["service_id"], ["__count"])
        )
        for service in self:
            service.suspension_count = counts.get(service._origin, 0)

    def _compute_exempt(self):
        for service in self:
            until = service.exempt_until
            service.exempt = bool(until) and until >= service.company_id._followup_today()

    def _search_exempt(self, operator, value):
        if operator != "in":
            return NotImplemented
        domain = fields.Domain("exempt_until", ">=", self.env.company._followup_today())
        return domain if True in value else ~domain

    @api.constrains("partner_id", "company_id")
    def _check_owner(self):
        """What was announced to one customer, and the invoices of one, say nothing about another."""
        for service in self.sudo():
            if any(not line._followup_fits(service) for line in service.line_ids):
                raise ValidationError(
                    self.env._(
                        "%s has invoice lines of its customer. Remove the links first, or make a new service.",
                        service.name,
                    )
                )
            others = service.suspension_ids.notice_id.customer_id | service.suspension_ids.item_ids.customer_id
            if others - service.customer_id:
                raise ValidationError(
                    self.env._("%s has suspensions of its customer. Make a new service.", service.name)
                )

    def _check_user(self):
        self.check_access("read")
        if not self.env.su and not self.env.user.has_group(USER):
            raise UserError(self.env._("You need the rights of a follow-up user to do this."))

    def _open_wizard(self, name, model, **context):
        return {
            "type": "ir.actions.act_window",
            "name": name,
            "res_model": model,
            "view_mode": "form",
            "target": "new",
            "context": context,
        }

    def action_exempt(self):
        """Do not suspend it until a day; asks for the day and the reason."""
        return self._open_wizard(
            self.env._("Exempt from suspension"),
            "followup.exempt.wizard",
            default_service_ids=[fields.Command.set(self.ids)],
        )

    def action_end_exemption(self):
        """The ordinary conditions hold again."""
        self._check_user()
        self.write({"exempt_until": False, "exempt_reason": False})

    def action_link_lines(self):
        """Say which invoice lines are for this service."""
        self.ensure_one()
        return self._open_wizard(
            self.env._("Link invoices"), "followup.service.link.wizard", default_service_id=self.id
        )

    def action_restore(self):
        """Restore it now, whatever is owed."""
        return self.suspension_id.action_restore()

    def _link_lines(self, lines):
        """Make `lines` the invoice lines that name this service; the entries themselves stay as they were booked.

        :raises UserError: for a line of another customer, another company, or of something that is no posted invoice
        """
        self.ensure_one()
        self._check_user()
        lines.check_access("read")
        lines = lines.sudo()
        for line in lines:
            if not line._followup_fits(self.sudo()) or line.parent_state != "posted":
                raise UserError(
                    self.env._(
                        "%(line)s is not on a posted invoice of %(customer)s.",
                        line=line.display_name,
                        customer=self.sudo().customer_id.partner_id.display_name,
                    )
                )
        before = self.sudo().line_ids.filtered(lambda line: line.parent_state == "posted")
        added, removed = lines - before, before - lines
        if not added and not removed:
            return
        self.env["account.move.line"].flush_model(["followup_service_id"])
        # Not through the ORM: a booked line gets no new date of change for what is no part of the books.
        self.env.cr.execute(
            "UPDATE account_move_line SET followup_service_id = %s WHERE id = ANY(%s)", [self.id, added.ids]
        )
        self.env.cr.execute("UPDATE account_move_line SET followup_service_id = NULL WHERE id = ANY(%s)", [removed.ids])
        self.env.invalidate_all()
        for text, changed in ((self.env._("Invoices linked: %s"), added), (self.env._("Links removed: %s"), removed)):
            if changed:
                self.sudo().message_post(body=text % ", ".join(dict.fromkeys(changed.move_id.mapped("name"))))
        self.sudo().customer_id._refresh()
