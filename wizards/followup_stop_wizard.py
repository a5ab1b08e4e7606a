from odoo import api, fields, models


class FollowupStopWizard(models.TransientModel):
    """The switch: stop everything that leaves, in all companies of the user, or start it again."""

    _name = "followup.stop.wizard"
    _description = "Stop or Start Follow-up"
    _inherit = "followup.wizard"

    mode = fields.Selection([("stop", "Stop"), ("start", "Start again")], default="stop", required=True)
    reason = fields.Char(help="Kept with your name and the time.")
    company_names = fields.Char("Companies", compute="_compute_company_names")

    @api.depends("mode")
    def _compute_company_names(self):
        """All companies of the user, also those that he does not look at now."""
        for wizard in self:
            wizard.company_names = ", ".join(wizard._companies().mapped("name"))

    def _companies(self):
        companies = self.env["res.company"]._followup_stoppable()
        if self.mode == "start":
            companies = companies.filtered(lambda company: company._followup_is_stopped())
        return companies

    def action_stop(self):
        """Stop at once: what is being handed to the mail server at this moment is the last."""
        self.ensure_one()
        self._companies().sudo(False)._followup_stop((self.reason or "").strip() or None)
        return {"type": "ir.actions.client", "tag": "soft_reload"}

    def action_start(self):
        """Start again: what waits leaves in the sending hours, after every check."""
        self.ensure_one()
        self._companies().sudo(False)._followup_start((self.reason or "").strip() or None)
        return {"type": "ir.actions.client", "tag": "soft_reload"}
