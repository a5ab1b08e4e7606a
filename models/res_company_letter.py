from odoo import fields, models

from ..legal.calendar import add_working_days


class ResCompany(models.Model):
    """Settings of letters. Branches follow their root company."""

    _inherit = "res.company"

    followup_letter_window = fields.Selection(
        [("right", "Window on the right"), ("left", "Window on the left")],
        "Envelopes",
        default="right",
        required=True,
        help="Where the window of your envelopes (C5/6 or DL) is. The address stands 50 mm from the top, 112 mm (right) "
        "or 24 mm (left) from the left edge of the page.",
    )
    followup_letter_days = fields.Integer(
        "Working days from printing to posting",
        default=1,
        help="Letters name dates that count from the day on which they are posted. A consumer's first reminder that is "
        "posted later than this must be printed again.",
    )
    followup_letter_wait = fields.Integer(
        "Working days before a letter is forgotten",
        default=3,
        help="Letters that wait longer than this to be printed or posted become a task for the responsible person.",
    )
    followup_letter_duplex = fields.Boolean(
        "Print on both sides", help="Each letter begins on a sheet of its own: a blank page is added where needed."
    )

    _followup_letter_check = models.Constraint(
        "CHECK(followup_letter_days >= 0 AND followup_letter_days <= 10 AND followup_letter_wait >= 0)",
        "Between printing and posting lie 0 to 10 working days; the days before a letter is forgotten are not negative.",
    )

    def _followup_posting_day(self, day):
        """The day on which a letter that is printed on `day` is expected to be posted."""
        return add_working_days(day, self._followup_root().followup_letter_days)
