from collections import defaultdict
from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import plaintext2html

ASK = "l10n_be_followup.mail_activity_type_charges"


class FollowupCharge(models.Model):
    """What happens to claims by themselves: small ones are waived, old ones are asked about, once."""

    _inherit = "followup.charge"

    asked_on = fields.Date(readonly=True, help="The responsible person was asked to post or to waive it.")

    def _claimed_on(self):
        """The day on which the customer was first told."""
        self.ensure_one()
        notice = self.first_notice_id
        if notice.sent_date:
            return notice._local_date(notice.sent_date)
        return notice.prepared_on or fields.Date.to_date(self.create_date)

    def _ground(self):
        """What charges are counted together by: the invoice, else the arrangement, else each by itself."""
        self.ensure_one()
        return self.move_id or self.arrangement_id or self

    @api.model
    def _waive_small(self, company, today):
        """Waive what is too small to be worth the trouble, of invoices that were paid soon after the claim.

        :return: the charges waived
        """
        limit, days = company.followup_waive_amount, company.followup_waive_days
        result = self.browse()
        if not limit:
            return result
        # An invoice that was paid within the days is looked at soon after; older ones are past them.
        outstanding = self.search(
            [
                ("company_id", "=", company.id),
                ("state", "=", "claimed"),
                ("principal_paid_on", ">=", today - timedelta(days=days + 60)),
            ]
        )
        agreed = (
            self.env["followup.arrangement"]
            .search([("charge_ids", "in", outstanding.ids), ("state", "in", ("draft", "proposed", "active"))])
            .charge_ids
        )
        for charges in (outstanding - agreed).grouped(lambda charge: charge._ground()).values():
            if company.currency_id.compare_amounts(sum(charges.mapped("amount_company")), limit) > 0:
                continue
            soon = charges.filtered(
                lambda charge: charge.principal_paid_on <= charge._claimed_on() + timedelta(days=days)
            )
            if soon == charges:
                result |= charges
        if result:
            reason = self.env._(
                "by itself: no more than %(limit)s, and paid within %(days)s days",
                limit=company.currency_id.format(limit),
                days=days,
            )
            result._go("waived", waive_reason=reason, waived_on=today)
            result._tell(self.env._("waived: %s", reason))
        return result

    @api.model
    def _ask_outstanding(self, company, today):
        """Ask the responsible person, once for each charge, what to do with charges of paid invoices.

        :return: the customers about whom somebody was asked
        """
        days = company.followup_charge_ask_days
        customers = self.env["followup.customer"]
        if not days:
            return customers
        waiting = self.search(
            [
                ("company_id", "=", company.id),
                ("state", "=", "claimed"),
                ("principal_paid_on", "<=", today - timedelta(days=days)),
                ("asked_on", "=", False),
            ]
        )
        for customer, charges in waiting.grouped("customer_id").items():
            totals = defaultdict(float)
            for charge in charges:
                totals[charge.currency_id] += charge.amount
            customer.with_context(mail_activity_quick_update=True).activity_schedule(
                ASK,
                summary=self.env._("Charges outstanding: post or waive"),
                note=plaintext2html(
                    self.env._(
                        "%(names)s: paid without %(amounts)s of interest and costs. Post them, so that the customer gets "
                        "a debit note, or waive them.",
                        names=", ".join(dict.fromkeys(filter(None, charges.mapped("name")))),
                        amounts=" + ".join(currency.format(amount) for currency, amount in totals.items()),
                    )
                ),
                user_id=(customer.responsible_id or customer._default_responsible()).id,
            )
            charges.asked_on = today
            customers |= customer
        return customers

    def _go(self, state, **vals):
        # EXTENDS followup.charge: the question is answered when no charge of the customer waits for it any more
        result = super()._go(state, **vals)
        asked = self.filtered("asked_on").customer_id
        if asked and state != "claimed":
            left = self.search([("customer_id", "in", asked.ids), ("asked_on", "!=", False), ("state", "=", "claimed")])
            (asked - left.customer_id).activity_unlink([ASK])
        return result
