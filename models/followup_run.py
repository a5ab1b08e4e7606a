from odoo import fields, models


class FollowupRun(models.Model):
    """What one night did for one company, or what the next one would do (a preview)."""

    _name = "followup.run"
    _description = "Follow-up Run"
    _order = "id desc"
    _rec_name = "date"

    company_id = fields.Many2one("res.company", required=True, readonly=True, ondelete="cascade")
    date = fields.Date(required=True, readonly=True)
    preview = fields.Boolean(readonly=True)
    state = fields.Selection(
        [("running", "Running"), ("done", "Done"), ("failed", "Stopped")],
        default="running",
        required=True,
        readonly=True,
    )
    heartbeat = fields.Datetime(readonly=True)
    started = fields.Datetime(readonly=True, default=fields.Datetime.now)
    ended = fields.Datetime(readonly=True)
    customer_count = fields.Integer("Customers Decided", readonly=True)
    notice_count = fields.Integer("Notices Prepared", readonly=True)
    review_count = fields.Integer("For Review", readonly=True)
    call_count = fields.Integer("Calls Planned", readonly=True)
    failure_count = fields.Integer("Failures", readonly=True)
    message = fields.Text(readonly=True)
    line_ids = fields.One2many("followup.run.line", "run_id", readonly=True)

    def action_open_lines(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("l10n_be_followup.followup_run_line_action")
        return action | {"domain": [("run_id", "=", self.id)]}
