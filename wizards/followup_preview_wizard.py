from odoo import fields, models


class FollowupPreviewWizard(models.TransientModel):
    """See what the run of a day would do, as a list, without doing it."""

    _name = "followup.preview.wizard"
    _description = "Preview a Follow-up Run"
    _inherit = "followup.wizard"

    date = fields.Date(required=True, default=lambda self: self.env.company._followup_today())

    def action_preview(self):
        self.ensure_one()
        run = self.env["followup.engine"].sudo()._preview(self.env.company, self.date)
        return run.sudo(False).action_open_lines()
