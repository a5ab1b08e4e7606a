from odoo import api, fields, models


class FollowupRun(models.Model):
    """The numbers of a night, kept: what it made by kind and channel, and how long each phase took."""

    _inherit = "followup.run"

    brake_ids = fields.One2many("followup.brake", "run_id", "Brakes", readonly=True)
    held = fields.Boolean("Waits for a Manager", compute="_compute_held", search="_search_held")
    leaving_count = fields.Integer(
        "Leave by Themselves",
        readonly=True,
        help="Messages that no person reads first: these count for what is usual. Text messages and letters beside "
        "another message count too.",
    )
    leaving_limit = fields.Integer(
        "Limit of the Night", readonly=True, default=-1, help="More than this would be unusual. 0: none; -1: not asked."
    )
    waiting_count = fields.Integer(
        "Wait for Another Day", readonly=True, help="Over the daily limit of the company, of this and earlier nights."
    )
    email_count = fields.Integer("E-mails", readonly=True)
    letter_count = fields.Integer("Letters", readonly=True)
    sms_count = fields.Integer("Text Messages", readonly=True)
    courtesy_count = fields.Integer("Courtesy Messages", readonly=True)
    first_reminder_count = fields.Integer("First Reminders", readonly=True)
    reminder_count = fields.Integer("Reminders", readonly=True)
    formal_notice_count = fields.Integer("Formal Notices", readonly=True)
    final_notice_count = fields.Integer("Final Notices", readonly=True)
    hand_over_count = fields.Integer("Hand-overs Announced", readonly=True)
    agreement_count = fields.Integer("About Agreements", readonly=True)
    seconds = fields.Float(readonly=True, digits=(16, 3), help="Work of all workers together.")
    seconds_read = fields.Float("Seconds Reading", readonly=True, digits=(16, 3), help="Items, credits, what is idle.")
    seconds_follow = fields.Float(
        "Seconds Agreements", readonly=True, digits=(16, 3), help="Promises, disputes, arrangements, suspensions."
    )
    seconds_decide = fields.Float("Seconds Deciding", readonly=True, digits=(16, 3))
    seconds_prepare = fields.Float(
        "Seconds Preparing", readonly=True, digits=(16, 3), help="Notices, charges, the mail queue, figures."
    )
    query_count = fields.Integer("Queries", readonly=True, help="Statements that the night sent to the database.")

    @api.model
    def _kind_fields(self):
        """:return: dict of the kind of a level -> the field that counts it"""
        return {
            "courtesy": "courtesy_count",
            "first_reminder": "first_reminder_count",
            "reminder": "reminder_count",
            "formal_notice": "formal_notice_count",
            "final_notice": "final_notice_count",
            "hand_over": "hand_over_count",
        }

    @api.depends("brake_ids.state")
    def _compute_held(self):
        for run in self:
            run.held = any(brake.state == "holding" for brake in run.brake_ids)

    def _search_held(self, operator, value):
        if operator != "in":
            return NotImplemented
        return [("brake_ids", "any" if True in value else "not any", [("state", "=", "holding")])]

    def action_release(self):
        """Let a held night leave."""
        return self.brake_ids.filtered(lambda brake: brake.state == "holding").action_release()

    def action_review(self):
        """Each message of a held night is read first."""
        return self.brake_ids.filtered(lambda brake: brake.state == "holding").action_review()

    def action_open_notices(self):
        """What the night made."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("l10n_be_followup.followup_notice_action")
        return action | {"domain": [("run_id", "=", self.id)], "context": {}}
