from itertools import pairwise

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..engine.call_plan import Hours
from ..legal.calendar import is_working_day

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday")


class ResCompany(models.Model):
    """When people call: golden hours, and how much of a week they spend on it."""

    _inherit = "res.company"

    followup_call_monday = fields.Boolean("Call on Mondays", default=True)
    followup_call_tuesday = fields.Boolean("Call on Tuesdays", default=True)
    followup_call_wednesday = fields.Boolean("Call on Wednesdays")
    followup_call_thursday = fields.Boolean("Call on Thursdays")
    followup_call_friday = fields.Boolean("Call on Fridays")
    followup_call_morning_from = fields.Float("Mornings from", default=9.5)
    followup_call_morning_until = fields.Float("Mornings until", default=11.5)
    followup_call_afternoon_from = fields.Float("Afternoons from", default=13.5)
    followup_call_afternoon_until = fields.Float("Afternoons until", default=15.5)
    followup_call_minutes = fields.Integer(
        "Minutes for one call", default=6, help="With preparing it and noting what was said."
    )
    followup_call_week_minutes = fields.Integer(
        "Minutes a week for each person",
        default=30,
        help="Calls are spread over the coming two weeks, the highest amounts first; what finds no room comes on top in "
        "the second week.",
    )
    followup_call_tries = fields.Integer(
        "Tries before the ladder goes on",
        default=3,
        help="A customer who was not reached so often gets the next step all the same.",
    )

    _followup_call_check = models.Constraint(
        "CHECK(followup_call_minutes > 0 AND followup_call_week_minutes > 0 AND followup_call_tries > 0)",
        "Calls need at least one minute, one minute a week and one try.",
    )

    @api.constrains(
        "followup_call_morning_from",
        "followup_call_morning_until",
        "followup_call_afternoon_from",
        "followup_call_afternoon_until",
    )
    def _check_followup_call_hours(self):
        for company in self:
            morning = company.followup_call_morning_from, company.followup_call_morning_until
            afternoon = company.followup_call_afternoon_from, company.followup_call_afternoon_until
            hours = (0.0, *morning, *afternoon, 24.0)
            if any(before > after for before, after in pairwise(hours)) or (
                morning[0] == morning[1] and afternoon[0] == afternoon[1]
            ):
                raise ValidationError(
                    self.env._(
                        "%(company)s: the hours for calls must follow each other (mornings, then afternoons), between "
                        "0 and 24. Leave one of the two empty with the same hour twice.",
                        company=company.name,
                    )
                )

    def _followup_call_hours(self):
        """:rtype: `engine.call_plan.Hours`"""
        root = self._followup_root()
        days = frozenset(number for number, name in enumerate(WEEKDAYS) if root[f"followup_call_{name}"])
        blocks = (
            (root.followup_call_morning_from, root.followup_call_morning_until),
            (root.followup_call_afternoon_from, root.followup_call_afternoon_until),
        )
        return Hours(
            days=days,
            blocks=tuple(block for block in blocks if block[0] < block[1]),
            minutes=root.followup_call_minutes,
            week_minutes=root.followup_call_week_minutes,
        )

    def _followup_is_call_day(self, day):
        """People are called on the working days of the Belgian calendar, also by who writes on every day."""
        return is_working_day(day)
