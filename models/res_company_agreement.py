from odoo import fields, models


class ResCompany(models.Model):
    """Settings of promises, disputes and payment arrangements. Branches follow their root company."""

    _inherit = "res.company"

    followup_promise_max_days = fields.Integer(
        "Promise at most (days ahead)",
        default=30,
        help="A promise to pay may not lie further ahead. A follow-up manager may note a later one. 0: no limit.",
    )
    followup_promise_grace_days = fields.Integer(
        "Days of grace after a promise",
        default=3,
        help="A transfer takes a day or two: follow-up waits this number of days after the promised day.",
    )
    followup_promise_max_row = fields.Integer(
        "Broken promises in a row",
        default=2,
        help="After this number of broken promises without a kept one, only a follow-up manager notes another one. "
        "0: no limit.",
    )
    followup_dispute_answer_days = fields.Integer(
        "Days to pay after a rejected dispute",
        default=7,
        help="Follow-up of the amount goes on this number of days after your answer.",
    )
    followup_plan_max_months = fields.Integer(
        "Arrangement at most (months)",
        default=12,
        help="Longer arrangements wait for a follow-up manager. 0: no limit.",
    )
    followup_plan_min_instalment = fields.Monetary(
        "Smallest instalment",
        default=25.0,
        help="Arrangements with smaller instalments (but the last) wait for a follow-up manager.",
    )
    followup_plan_max_amount = fields.Monetary(
        "Arrangement at most", default=5000.0, help="Larger arrangements wait for a follow-up manager. 0: no limit."
    )
    followup_plan_round = fields.Boolean(
        "Instalments in whole euros", default=True, help="The difference is in the last instalment."
    )
    followup_plan_start_days = fields.Integer(
        "First instalment after (days)", default=14, help="What a new arrangement proposes."
    )
    followup_plan_acceptance = fields.Boolean(
        "The customer accepts first",
        help="The customer gets a link, reads the arrangement and accepts it; only then is it in force. Off: it is in "
        "force at once, and the confirmation is the evidence.",
    )
    followup_plan_offer_days = fields.Integer(
        "Days to accept", default=7, help="A proposal that is not accepted by then lapses, and follow-up goes on."
    )
    followup_plan_remind_days = fields.Integer(
        "Reminder before an instalment (days)", default=3, help="0: no reminder before an instalment."
    )
    followup_plan_grace_days = fields.Integer(
        "Days of grace", default=5, help="An instalment that comes this number of days late is not missed."
    )
    followup_plan_catchup_days = fields.Integer(
        "Days to catch up",
        default=7,
        help="What the message about a missed instalment gives. The arrangement ends when it is not paid by then.",
    )
    followup_plan_automatic = fields.Boolean(
        "Messages leave by themselves",
        default=True,
        help="Messages about coming and missed instalments, in live mode. Off: a person reads each one first.",
    )
    followup_plan_acceleration = fields.Boolean(
        "The whole amount falls due",
        default=True,
        help="Acceleration clause of new arrangements: when a missed instalment is not caught up in time, the arrangement "
        "ends and everything is payable at once. Off: only what was missed goes back to ordinary follow-up.",
    )
    followup_plan_full_interest = fields.Boolean(
        "Interest as if there had been no arrangement",
        help="Businesses only: when an arrangement is broken, interest runs from the due dates of the invoices. It stands "
        "in the confirmation. Never for a consumer.",
    )
    followup_plan_admin_amount = fields.Monetary(
        "Administration compensation", help="Proposed for arrangements with businesses. Never for a consumer."
    )
    followup_plan_interest = fields.Float(
        "Interest of an arrangement (%)", help="Proposed for arrangements with businesses. Never for a consumer."
    )

    followup_bank_reconcile = fields.Boolean(
        "Reconcile bank lines with our references",
        help="A bank line with the structured communication of an instalment, a notice or a statement pays what it is "
        "meant for as soon as it comes in, oldest first. Off: a person presses Reconcile. In both cases the line finds "
        "its customer by itself.",
    )

    _followup_agreement_check = models.Constraint(
        """CHECK(followup_promise_max_days >= 0 AND followup_promise_grace_days >= 0 AND followup_promise_max_row >= 0
             AND followup_dispute_answer_days >= 0 AND followup_plan_max_months >= 0
             AND followup_plan_min_instalment >= 0 AND followup_plan_max_amount >= 0 AND followup_plan_offer_days >= 1
             AND followup_plan_remind_days >= 0 AND followup_plan_grace_days >= 0 AND followup_plan_catchup_days >= 1
             AND followup_plan_start_days >= 0 AND followup_plan_admin_amount >= 0 AND followup_plan_interest >= 0)""",
        "Days, amounts and limits of promises, disputes and arrangements cannot be negative; days to accept and to catch "
        "up are at least one.",
    )
