from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..engine.decision import KIND_RANK

KINDS = [
    ("courtesy", "Courtesy message"),
    ("first_reminder", "First reminder"),
    ("reminder", "Reminder"),
    ("formal_notice", "Formal notice"),
    ("final_notice", "Final notice"),
    ("hand_over", "Hand-over"),
]


class FollowupLevel(models.Model):
    """One step of a policy: when it is due, what it says and through which channels."""

    _name = "followup.level"
    _description = "Follow-up Level"
    _order = "policy_id, sequence, id"

    policy_id = fields.Many2one("followup.policy", required=True, ondelete="cascade", index=True)
    company_id = fields.Many2one(related="policy_id.company_id", store=True)
    currency_id = fields.Many2one("res.currency", compute="_compute_currency_id")
    name = fields.Char(required=True, translate=True)
    active = fields.Boolean(default=True)
    sequence = fields.Integer(default=10)
    kind = fields.Selection(
        KINDS,
        required=True,
        default="reminder",
        help="What the message is in law and in tone. A consumer's first reminder is always free of charge.",
    )
    delay = fields.Integer(
        "Delay (days)", default=7, help="Days to wait. A courtesy message has a negative delay: before the due date."
    )
    delay_from = fields.Selection(
        [
            ("due_date", "after the due date"),
            ("previous", "after the previous notice was delivered"),
            ("waiting_period", "after the consumer's 14 days have passed"),
        ],
        "Counts",
        required=True,
        default="previous",
    )
    channel_email = fields.Boolean("E-mail", default=True)
    channel_letter = fields.Boolean(
        "Letter", help="Beside an e-mail, or alone. It waits under Letters until you print and post it."
    )
    channel_sms = fields.Boolean(
        "SMS", help="A short message beside an e-mail or a letter; it proves nothing by itself."
    )
    channel_call = fields.Boolean("Call", help="Plan a phone call for the responsible person.")
    template_id = fields.Many2one(
        "mail.template",
        "E-mail template",
        domain=[("model", "=", "followup.notice")],
        help="The words of the message. Amounts, due dates, payment data and what the law requires are added "
        "to every message by themselves.",
    )
    automatic = fields.Boolean(
        default=True,
        help="On: sent by the nightly run, once you left safe mode. Off: prepared for a person to review.",
    )
    claim_interest = fields.Boolean("Claims interest")
    claim_compensation = fields.Boolean("Claims compensation")
    response_days = fields.Integer(
        "Days to pay", default=7, help="The message asks to pay before a date: the day of sending plus these days."
    )
    attach_invoices = fields.Boolean(help="Attach the PDF of every invoice in the message.")
    minimum_amount = fields.Monetary(help="This level is not used below this overdue amount.")
    announce_suspension = fields.Boolean("Announces suspension")
    suspend = fields.Boolean("Suspends the service")
    activity_type_id = fields.Many2one(
        "mail.activity.type", "Activity", help="Activity planned for the responsible person at this level."
    )
    activity_note = fields.Html("Instructions", translate=True)
    timing = fields.Char(compute="_compute_timing")

    _response_days_check = models.Constraint("CHECK(response_days >= 0)", "The days to pay cannot be negative.")
    _minimum_check = models.Constraint("CHECK(minimum_amount >= 0)", "A minimum amount cannot be negative.")

    @api.depends("policy_id.company_id")
    def _compute_currency_id(self):
        for level in self:
            level.currency_id = (level.policy_id.company_id or self.env.company).currency_id

    @api.depends("delay", "delay_from")
    def _compute_timing(self):
        for level in self:
            days = abs(level.delay)
            if level.delay_from == "due_date" and level.delay < 0:
                level.timing = self.env._("%(days)s days before the due date", days=days)
            elif level.delay_from == "due_date":
                level.timing = self.env._("%(days)s days after the due date", days=days)
            elif level.delay_from == "previous":
                level.timing = self.env._("%(days)s days later", days=days)
            else:
                level.timing = self.env._("%(days)s days after the end of the 14 days", days=days)

    @api.constrains(
        "active",
        "channel_call",
        "channel_email",
        "channel_letter",
        "channel_sms",
        "delay",
        "delay_from",
        "kind",
        "policy_id",
        "sequence",
        "template_id",
    )
    def _check_policy(self):
        self.policy_id._check_levels()

    @api.ondelete(at_uninstall=False)
    def _unlink_except_used(self):
        """What a customer was told names its level: that is evidence."""
        used = self.env["followup.notice"].sudo()._read_group([("level_id", "in", self.ids)], ["level_id"], ["__count"])
        for level, count in used:
            raise UserError(
                self.env._(
                    "%(level)s of the policy %(policy)s cannot be deleted: %(count)s notices were made with it, and they are "
                    "evidence. Archive it instead: nothing new is sent with it.",
                    level=level.name,
                    policy=level.policy_id.name,
                    count=count,
                )
            )

    def _is_written(self):
        return self.channel_email or self.channel_letter

    def _rank(self):
        return KIND_RANK[self.kind]

    def _pay_before(self, sent_on):
        """The date by which to pay, for a message sent on `sent_on`."""
        return sent_on + timedelta(days=self.response_days)
