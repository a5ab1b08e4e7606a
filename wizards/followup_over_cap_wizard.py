from odoo import api, fields, models


class FollowupOverCapWizard(models.TransientModel):
    """A person wants to send more than the limits allow: he is warned, and decides."""

    _name = "followup.over.cap.wizard"
    _description = "Send More Than the Limit"
    _inherit = "followup.wizard"

    notice_ids = fields.Many2many("followup.notice", readonly=True)
    over_ids = fields.Many2many(
        "followup.notice", "followup_over_cap_wizard_over_rel", string="Over the Limit", readonly=True
    )
    method = fields.Selection([("action_send_now", "Send"), ("action_print_letters", "Print")], readonly=True)
    warning = fields.Text(readonly=True)
    some_left = fields.Boolean(compute="_compute_some_left")

    @api.depends("notice_ids", "over_ids")
    def _compute_some_left(self):
        for wizard in self:
            wizard.some_left = bool(wizard.notice_ids - wizard.over_ids)

    @api.model
    def _warn(self, notices, over, method):
        """:param over: dict of notice -> code, as `_over_caps` gives it
        :return: action that opens the warning
        """
        codes = dict(self.env["followup.notice"]._fields["held_by"]._description_selection(self.env))
        words = [f"{notice.name} ({notice.partner_id.display_name}): {codes[code]}" for notice, code in over.items()]
        if len(words) > 20:
            words[20:] = [self.env._("and %s more", len(words) - 20)]
        wizard = self.create(
            {
                "notice_ids": [fields.Command.set(notices.ids)],
                "over_ids": [fields.Command.set([notice.id for notice in over])],
                "method": method,
                "warning": "\n".join(words),
            }
        )
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("More than the limit"),
            "res_model": self._name,
            "res_id": wizard.id,
            "view_mode": "form",
            "target": "new",
        }

    def action_all(self):
        """All of them, over the limit too: a person was warned."""
        self.ensure_one()
        return getattr(self.notice_ids.with_context(followup_over_cap=True), self.method)()

    def action_rest(self):
        """Only those within the limits; the others wait."""
        self.ensure_one()
        return getattr(self.notice_ids - self.over_ids, self.method)()
