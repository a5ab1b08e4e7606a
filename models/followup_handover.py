from odoo import api, fields, models

from .res_partner_handover import RECOVERY_KINDS

STATES = [
    ("proposed", "Proposed"),
    ("handed_over", "Handed Over"),
    ("paid", "Paid"),
    ("closed", "Closed"),
    ("recalled", "Recalled"),
    ("cancelled", "Declined"),
]
CLOSE_REASONS = [
    ("uncollectible", "Nothing can be collected"),
    ("settled", "Settled for less"),
    ("judgment_lost", "Judgment against us"),
    ("insolvent", "The customer became insolvent"),
    ("cost", "The costs are higher than the claim"),
    ("other", "Another reason"),
]


class FollowupHandover(models.Model):
    """A claim that a lawyer, a bailiff or an agency collects: what was given, to whom, with which proof, and what became of it.

    From the hand-over to the recall nothing is sent and nothing is claimed by us about its items; the dossier still
    says what they would bring today. Never made by itself: a level proposes, a person hands over.
    """

    _name = "followup.handover"
    _description = "Hand-over"
    _inherit = "followup.agreement"
    _order = "id desc"
    _prefix = "HO"
    _free_fields = frozenset({"user_id", "note", "reference", "lang"})
    _transitions = {
        "proposed": {"handed_over", "cancelled"},
        "handed_over": {"paid", "closed", "recalled"},
        "paid": {"handed_over", "recalled"},
        "closed": {"handed_over", "recalled"},
        "recalled": set(),
        "cancelled": set(),
    }

    state = fields.Selection(STATES, required=True, readonly=True, default="proposed", index=True, tracking=True)
    proposed_on = fields.Date(required=True, readonly=True)
    by_level = fields.Boolean("Proposed by the Policy", readonly=True)
    date = fields.Date("Handed Over On", readonly=True, tracking=True)
    recipient_id = fields.Many2one(
        "res.partner", "Handed Over To", readonly=True, ondelete="restrict", index="btree_not_null", tracking=True
    )
    recipient_kind = fields.Selection(RECOVERY_KINDS, "Kind", readonly=True)
    reference = fields.Char(
        "Their Reference", tracking=True, help="The number of the file at the lawyer, bailiff or agency."
    )
    lang = fields.Selection(
        selection=lambda self: self.env["res.lang"].get_installed(),
        string="Language of the Dossier",
        required=True,
        default=lambda self: self.env.lang or "en_US",
    )
    line_ids = fields.One2many("followup.handover.line", "handover_id", "Items", readonly=True)
    item_count = fields.Integer(compute="_compute_amounts")
    conditions = fields.Json("Advice", readonly=True)
    conditions_text = fields.Text("Conditions", compute="_compute_conditions_text")
    eligible = fields.Boolean("Nothing Spoke Against It", readonly=True)
    unopposed = fields.Boolean(
        "Collection Without a Court Possible",
        readonly=True,
        help="Undisputed debts between enterprises that a bailiff may collect on the request of a lawyer "
        "(Judicial Code, articles 1394/20 to 1394/27).",
    )
    overrule_reason = fields.Char("Handed Over All the Same", readonly=True, help="Why, against the advice.")
    amount = fields.Monetary("Principal", readonly=True, help="Open at the hand-over, in company currency.")
    amount_interest = fields.Monetary("Interest", readonly=True, help="Until the day of the hand-over.")
    amount_costs = fields.Monetary("Compensation and Costs", readonly=True)
    amount_claim = fields.Monetary("Claim", compute="_compute_claim", help="At the hand-over: principal and the rest.")
    amount_open = fields.Monetary("Still Open", compute="_compute_amounts", help="Principal in the books, today.")
    amount_paid = fields.Monetary(
        "Came In", compute="_compute_amounts", help="What came off the principal since the hand-over."
    )
    amount_fees = fields.Monetary(
        "Their Costs", readonly=True, tracking=True, help="What the lawyer, bailiff or agency charged us."
    )
    close_code = fields.Selection(CLOSE_REASONS, "Outcome", readonly=True, tracking=True)
    dossier_ids = fields.Many2many("ir.attachment", string="Dossiers", readonly=True, copy=False)

    _fees_check = models.Constraint("CHECK(amount_fees >= 0)", "Costs cannot be negative.")
    _handed_over_check = models.Constraint(
        "CHECK(state IN ('proposed', 'cancelled') OR (date IS NOT NULL AND recipient_kind IS NOT NULL))",
        "A claim is handed over to somebody, on a day.",
    )

    @api.depends("conditions")
    def _compute_conditions_text(self):
        for handover in self:
            handover.conditions_text = self.env["followup.engine"]._explain_advice(
                handover.conditions, handover.currency_id
            )

    @api.depends("amount", "amount_interest", "amount_costs")
    def _compute_claim(self):
        for handover in self:
            handover.amount_claim = handover.amount + handover.amount_interest + handover.amount_costs

    @api.depends("line_ids", "state")
    def _compute_amounts(self):
        for handover in self:
            lines = handover.line_ids
            company, currency = handover.company_id, handover.currency_id
            handover.item_count = len(lines)
            open_now = sum(lines.mapped("amount_open_company"))
            handover.amount_open = open_now
            came_in = 0.0
            if handover.state in ("handed_over", "paid", "closed", "recalled"):
                for line in lines:
                    came_in += line.currency_id._convert(
                        line.amount - line.amount_open, currency, company, handover.date or handover.proposed_on
                    )
            handover.amount_paid = currency.round(came_in)

    def _message_amount(self):
        # EXTENDS followup.agreement
        return self.amount_open
