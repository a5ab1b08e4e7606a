from odoo import api, fields, models

from ..models.followup_call_script import GOALS


class FollowupCallSheet(models.TransientModel):
    """The screen in front of you while you call: the goal first, then what to say, then what to know."""

    _name = "followup.call.sheet"
    _description = "Call Sheet"
    _inherit = "followup.wizard"
    _rec_name = "customer_id"

    customer_id = fields.Many2one("followup.customer", required=True, readonly=True)
    when = fields.Char(related="customer_id.call_when")
    goal = fields.Selection(
        GOALS, "Goal of this Call", required=True, compute="_compute_goal", store=True, precompute=True, readonly=False
    )
    script = fields.Html(
        compute="_compute_script",
        store=True,
        precompute=True,
        readonly=False,
        help="Adapt it to this call: the shipped script stays as it is.",
    )
    facts = fields.Html(compute="_compute_facts", sanitize=False)
    head = fields.Html(compute="_compute_facts", sanitize=False)

    @api.depends("customer_id")
    def _compute_goal(self):
        for sheet in self:
            sheet.goal = sheet.customer_id._call_goal() if sheet.customer_id else "promise"

    @api.depends("customer_id", "goal")
    def _compute_script(self):
        for sheet in self:
            sheet.script = sheet.customer_id._call_sheet_values(sheet.goal)["script"] if sheet.customer_id else False

    @api.depends("customer_id")
    def _compute_facts(self):
        for sheet in self:
            values = sheet.customer_id._call_sheet_values(sheet.goal, script="") | {"screen": True}
            sheet.head = self.env["ir.qweb"]._render("l10n_be_followup.followup_call_sheet_head", values)
            sheet.facts = self.env["ir.qweb"]._render("l10n_be_followup.followup_call_sheet_facts", values)

    def action_log_call(self):
        return self.customer_id.action_log_call()

    def action_promise(self):
        return self.customer_id.action_promise()

    def action_arrange(self):
        return self.customer_id.action_arrange()

    def action_dispute(self):
        return self.customer_id.action_dispute()

    def action_open_customer(self):
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Follow-up"),
            "res_model": "followup.customer",
            "res_id": self.customer_id.id,
            "views": [(False, "form")],
        }

    def action_print(self):
        """The sheet on paper, with the goal and the script as they stand here."""
        self.ensure_one()
        return self.env.ref("l10n_be_followup.action_report_followup_call_sheet").report_action(
            self.customer_id,
            data={"goal": self.goal, "script": str(self.script or ""), "customer_id": self.customer_id.id},
        )
