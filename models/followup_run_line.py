from odoo import api, fields, models


class FollowupRunLine(models.Model):
    """One customer in a run: a failure of the night, or a row of the preview."""

    _name = "followup.run.line"
    _description = "Follow-up Run Line"
    _order = "run_id desc, acts desc, amount desc, id"

    run_id = fields.Many2one("followup.run", required=True, ondelete="cascade", index=True)
    company_id = fields.Many2one(related="run_id.company_id", store=True)
    customer_id = fields.Many2one("followup.customer", ondelete="cascade")
    step = fields.Selection(
        [
            ("message", "Message"),
            ("review", "Message to review"),
            ("call", "Call"),
            ("none", "Nothing"),
            ("failure", "Failure"),
        ]
    )
    acts = fields.Boolean(compute="_compute_acts", store=True, help="Something happens: those come first.")
    level_id = fields.Many2one("followup.level", ondelete="set null")
    currency_id = fields.Many2one(related="run_id.company_id.currency_id")
    amount = fields.Monetary("Overdue")
    note = fields.Text()
    next_date = fields.Date()

    @api.depends("step")
    def _compute_acts(self):
        for line in self:
            line.acts = bool(line.step) and line.step != "none"

    def action_open_customer(self):
        """Open the follow-up screen of the customer of this line."""
        self.ensure_one()
        action = self.customer_id.get_formview_action()
        return action | {"context": {"followup_refresh": 1}}
