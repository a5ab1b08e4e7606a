from datetime import timedelta

from odoo import api, fields, models

from .followup_demo import NAMESPACE

#: Days ago, reached, reason, what was agreed, what was said.
CALLS = [
    (52, "yes", "not_received", "none", "Factuur niet ontvangen, opnieuw gemaild naar de boekhouding."),
    (45, "no", None, None, "Voicemail ingesproken."),
    (44, "yes", "cannot_pay", "promise", "Wacht zelf op een grote klant, betaalt volgende vrijdag."),
    (38, "yes", "mistake", "none", "Dacht dat het de creditnota was. Samen overlopen, betaalt deze week."),
    (31, "yes", "not_satisfied", "dispute", "Levering was onvolledig, zoekt het bonnetje op."),
    (24, "yes", "not_received", "none", "Nieuw e-mailadres van de boekhouding genoteerd."),
    (17, "no", None, None, "Niemand nam op."),
    (16, "yes", "cannot_pay", "arrangement", "Wil in drie keer betalen."),
    (10, "yes", "not_received", "none", "Stond in de spam."),
    (3, "yes", "other", "none", "Boekhoudster is ziek, terug op maandag."),
]


class FollowupDemo(models.AbstractModel):
    """Calls of the last weeks, with what customers said: the analysis of reasons has something to show."""

    _inherit = "followup.demo"

    @api.model
    def _make_calls(self, company):
        customers = self.env["followup.customer"].search(
            [("company_id", "=", company.id), ("amount_overdue", ">", 0)], order="amount_overdue desc", limit=6
        )
        if not customers:
            return
        user = self.env.ref(f"{NAMESPACE}.user_elke")
        today = company._followup_today()
        morning = company._followup_day_start(today) + timedelta(hours=10)
        values = []
        for place, (days, reached, reason, agreed, note) in enumerate(CALLS):
            customer = customers[place % len(customers)]
            values.append(
                {
                    "customer_id": customer.id,
                    "user_id": user.id,
                    "date": morning - timedelta(days=days),
                    "reached": reached,
                    "reason": reason,
                    "agreed": agreed or "none",
                    "note": note,
                    "next_date": today - timedelta(days=days - 4),
                    "amount": customer.amount_overdue,
                    "days_late": max((today - (customer.oldest_date or today)).days - days, 0),
                }
            )
        self.env["followup.call"].sudo().create(values)
        customers[0].with_context(mail_activity_quick_update=True).activity_schedule(
            "l10n_be_followup.mail_activity_type_call",
            date_deadline=fields.Date.add(today, days=1),
            summary="After the call: is it paid, or is there news?",
            user_id=user.id,
        )
