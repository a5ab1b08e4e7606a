from markupsafe import Markup, escape
from odoo import api, fields, models

from .followup_level import KINDS

GOALS = [
    ("promise", "A promise for everything that is open"),
    ("arrangement", "A payment arrangement"),
    ("service", "Is everything to your wish?"),
]
#: Goal of a call -> what a script may name in braces.
PLACES = ("customer", "contact", "company", "caller", "amount", "count", "oldest", "friday")


class FollowupCallScript(models.Model):
    """What to say on the phone: a proposal, to be adapted to your own words and to each call."""

    _name = "followup.call.script"
    _description = "Call Script"
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    active = fields.Boolean(default=True)
    sequence = fields.Integer(default=10)
    company_id = fields.Many2one("res.company", help="Empty: for all companies.")
    goal = fields.Selection(GOALS, required=True, default="promise", help="What you want to have when you hang up.")
    kind = fields.Selection(KINDS, "Only for", help="Only for calls of this kind of level. Empty: for every level.")
    body = fields.Html(
        "Script",
        translate=True,
        sanitize_attributes=False,
        help="Between braces: {customer}, {contact}, {company}, {caller}, {amount}, {count}, {oldest}, {friday}.",
    )

    @api.model
    def _find(self, company, goal, kind=None):
        """The script for a goal: one for this kind of level before one for every level, the company's own first."""
        scripts = self.search(
            [("goal", "=", goal), ("kind", "in", (kind or False, False)), ("company_id", "in", (company.id, False))]
        )
        return scripts.sorted(lambda script: (not script.kind, not script.company_id, script.sequence, script.id))[:1]

    def _fill(self, places):
        """The words with names and amounts in them; braces that mean nothing here stay as they are.

        :param places: dict of `PLACES` -> text
        """
        self.ensure_one()
        text = str(self.body or "")
        for name in PLACES:
            text = text.replace("{" + name + "}", str(escape(places.get(name) or "")))
        return Markup(text)  # noqa: S704 - a sanitized field, what is put in is escaped
