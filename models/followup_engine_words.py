from odoo import api, fields, models
from odoo.tools import format_amount, format_date

from ..engine import application


class FollowupEngine(models.AbstractModel):
    """Decisions and claims in words, in the reader's language."""

    _inherit = "followup.engine"

    @api.model
    def _explain(self, packed):
        """Reasons in the reader's language, one sentence."""
        return "; ".join(self._explain_one(reason) for reason in application.unpack_reasons(packed))

    @api.model
    def _explain_one(self, reason):
        until = format_date(self.env, reason.until) if reason.until else ""
        texts = {
            "not_yet": self.env._(
                "the next step is due on %(date)s",
                date=format_date(self.env, fields.Date.add(reason.until, days=1)) if reason.until else "",
            ),
            "not_overdue": self.env._("not overdue yet"),
            "overdue_elsewhere": self.env._("other invoices are overdue: no courtesy message now"),
            "min_gap": self.env._("a message was sent recently: no other one until %(until)s", until=until),
            "minimum_amount": self.env._("the amount is below the minimum"),
            "credits": self.env._("unallocated payments or credit notes cover it: allocate them first"),
            "bank_data_old": self.env._(
                "the last bank data are of %(detail)s: import the bank statement first", detail=reason.detail
            ),
            "paused": self.env._("follow-up is paused until %(until)s (%(detail)s)", until=until, detail=reason.detail),
            "before_cutoff": self.env._("it fell due before the date from which invoices are followed up"),
            "not_working_day": self.env._("today is not a working day"),
            "waiting_period": self.env._("the consumer's fourteen days run until %(until)s", until=until),
            "notice_under_way": self.env._("a notice about it is under way"),
            "notice_open": self.env._("another notice to this customer is not sent yet"),
            "no_policy": self.env._("no policy fits this customer: choose one"),
            "ladder_finished": self.env._("every level was used: decide what to do"),
            "hold": self.env._("on hold until %(until)s: %(detail)s", until=until, detail=reason.detail),
            "arrangement": self.env._(
                "in payment arrangement %(detail)s, at least until %(until)s", detail=reason.detail, until=until
            ),
            "promise": self.env._(
                "promised to pay (%(detail)s): waits until %(until)s", detail=reason.detail, until=until
            ),
            "dispute": self.env._("disputed (%(detail)s) until %(until)s", detail=reason.detail, until=until),
            "archived": self.env._(
                "the customer is archived: unarchive him to follow up, or settle or write off what is open"
            ),
            "blocked": self.env._("the invoice is blocked"),
            "no_followup": self.env._("marked as No Follow-Up"),
            "payment_in_progress": self.env._("a payment is in progress"),
            "insolvency": self._explain_insolvency(reason.detail),
            "max_contacts": self.env._("the limit of contacts within 30 days is reached"),
            "stopped": self.env._("all follow-up is stopped: a manager starts it again"),
            "customer_day": self.env._("the limit of messages to one customer in a day is reached"),
            "customer_week": self.env._(
                "the limit of messages to one customer in seven days is reached: no other one until %(until)s",
                until=until,
            ),
            "failed": self.env._("a message could not be delivered: %(detail)s", detail=reason.detail),
        }
        return texts.get(reason.code, reason.code)

    @api.model
    def _explain_insolvency(self, kind):
        return {
            "bankruptcy": self.env._("bankrupt: no reminders and no interest; file your claim with the curator"),
            "reorganisation": self.env._("judicial reorganisation: debts from before it are frozen"),
            "collective": self.env._("collective debt settlement: address your claim to the mediator"),
        }.get(kind, "")

    @api.model
    def _explain_claim(self, kind, packed, currency):
        """Why this amount: each step of the interest, the ground of the flat sum, or why nothing is claimed."""
        packed = packed or {}
        reasons = list(packed.get("reasons", ()))
        if packed.get("basis") == "claimed_before" and "compensation_once" in reasons:
            reasons.remove("compensation_once")  # said already by the ground of the flat sum
        texts = []
        if kind in (None, "interest"):
            for row in packed.get("segments", ()):
                texts.append(
                    self.env._(
                        "%(base)s x %(rate)s %% x %(days)s days (%(from)s to %(to)s) = %(amount)s",
                        **{
                            "base": format_amount(self.env, float(row["base"]), currency),
                            "rate": row["rate"],
                            "days": row["days"],
                            "from": format_date(self.env, row["from"]),
                            "to": format_date(self.env, row["to"]),
                            "amount": format_amount(self.env, float(row["amount"]), currency),
                        },
                    )
                )
            if packed.get("cut"):
                texts.append(
                    self.env._("calculated until %s: no later rate is known", format_date(self.env, packed["until"]))
                )
        if kind in (None, "compensation"):
            basis = {
                "fixed_40": self.env._("40 EUR recovery cost per late invoice (law of 2 August 2002, article 6)"),
                "clause": self.env._("flat sum of the agreed clause"),
                "scale": self.env._("flat sum of the scale of article XIX.4 of the Code of Economic Law"),
                "reduced": self.env._("flat sum of the clause, reduced to the maximum of article XIX.4"),
                "claimed_before": self.env._("flat sum that was claimed before"),
            }.get(packed.get("basis"))
            if basis:
                texts.append(basis)
        texts += filter(None, (self._explain_no_claim(code, packed) for code in reasons))
        return "\n".join(texts)

    @api.model
    def _explain_no_claim(self, code, packed):
        day = packed.get("chargeable_from")
        return {
            "charge": self.env._("interest and costs themselves bear no interest"),
            "no_free_reminder": self.env._("no free first reminder was delivered yet: nothing may be charged"),
            "waiting_period": self.env._(
                "the fourteen days are not over: charges are possible from %s",
                format_date(self.env, day) if day else "",
            ),
            "paid_in_time": self.env._("paid within the fourteen days: nothing may be charged"),
            "no_clause": self.env._("no clause was agreed: nothing may be charged"),
            "clause_later": self.env._("the clause is younger than the invoice: nothing may be charged"),
            "no_interest_clause": self.env._("the clause asks no interest"),
            "no_compensation_clause": self.env._("the clause asks no flat sum"),
            "interest_above_cap": self.env._("the interest clause exceeds the maximum and falls away (article XIX.4)"),
            "interest_reduced": self.env._("the interest clause was reduced to the maximum (article XIX.4)"),
            "compensation_above_cap": self.env._(
                "the flat sum of the clause exceeds the maximum for this balance and falls away (article XIX.4)"
            ),
            "compensation_reduced": self.env._("the flat sum was reduced to the maximum (article XIX.4)"),
            "legal_rate": self.env._("legal rate, for lack of a valid clause"),
            "compensation_once": self.env._("the flat sum is claimed once per invoice"),
            "compensation_euro": self.env._("no flat sum on invoices in another currency than the euro"),
            "term_above_60": self.env._("the agreed term is above 60 days and unwritten (article 4)"),
            "authority_statutory": self.env._("public authority: the statutory rate, not the agreed one"),
            "insolvent": self.env._("insolvency: nothing is charged"),
            "held": self.env._("on hold: nothing is charged"),
            "disputed": self.env._("disputed: nothing is charged"),
            "not_overdue": self.env._("not overdue yet"),
            "paid_when_due": self.env._("paid when it fell due: nothing is charged"),
            "terms_later": self.env._("the clause is younger than the invoice: the law itself applies"),
            "frozen": self.env._("as of the day before the judgment"),
            "clause_void": self.env._("one part of the clause exceeds the maximum, so the whole clause falls away"),
        }.get(code)
