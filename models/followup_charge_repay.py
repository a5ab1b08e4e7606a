from odoo import api, models

from ..engine import claims, repayment
from .followup_charge import ITEM_KINDS

#: What an arrangement asked on top, and when its end takes the ground away.
_AGREED = {"administration": ("cancelled",), "agreed_interest": ("cancelled", "broken"), "missed_interest": ()}


class FollowupCharge(models.Model):
    """Find what must be repaid: charges that today's facts do not carry."""

    _inherit = "followup.charge"

    @api.model
    def _to_repay(self, company, today, customers=None):
        """Charges, or parts of them, that were asked without a ground.

        :param customers: only these `followup.customer`
        :return: list of dicts: `charge`, `amount` (to take back, in its currency), `reason` (words)
        """
        domain = [("company_id", "=", company.id), ("state", "!=", "cancelled")]
        if customers is not None:
            domain.append(("customer_id", "in", customers.ids))
        charges = self.sudo().search([*domain, ("item_id", "!=", False), ("kind", "in", ITEM_KINDS)])
        episodes = {(line.notice_id, line.item_id): line.episode for line in charges.notice_id.line_ids if line.item_id}
        judged = charges.filtered(
            lambda charge: (
                charge.item_id.episode == episodes.get((charge.notice_id, charge.item_id))
                and not charge.partner_id.with_company(company).followup_insolvency
            )
        ).sorted(lambda charge: (charge.item_id.id, charge.claimed_until or today, charge.id))
        found = []
        for charge, verdict in repayment.judge(self.env, company, judged, today).items():
            standing = charge._standing()
            allowed = float(verdict.allowed)
            if charge.currency_id.compare_amounts(standing, allowed) > 0:
                found.append(
                    {
                        "charge": charge,
                        "amount": charge.currency_id.round(standing - allowed),
                        "reason": charge._why_repay(verdict),
                    }
                )
        return found + self._agreed_to_repay(domain)

    def _standing(self):
        """What is asked or booked of it, not reversed; nothing of a charge that was given up."""
        self.ensure_one()
        if self.amount_posted:
            return self.currency_id.round(self.amount_posted - self.amount_reversed)
        return self.amount if self.state == "claimed" else 0.0

    def _why_repay(self, verdict):
        packed = claims.detail(verdict.answer)
        engine = self.env["followup.engine"]
        texts = [engine._explain_no_claim(code, packed) for code in verdict.answer.reasons]
        text = "; ".join(filter(None, texts))
        if verdict.allowed:
            limit = self.env._("at most %s may be asked", self.currency_id.format(float(verdict.allowed)))
            text = f"{limit}; {text}" if text else limit
        return text or self.env._("the facts of today give no ground for it")

    @api.model
    def _agreed_to_repay(self, domain):
        """What was agreed on top of an arrangement that ended without effect."""
        found = []
        for charge in self.sudo().search([*domain, ("arrangement_id", "!=", False), ("kind", "in", list(_AGREED))]):
            arrangement = charge.arrangement_id
            twice = charge.kind == "missed_interest" and arrangement.state == "broken" and arrangement.full_interest
            if charge._standing() and (twice or arrangement.state in _AGREED[charge.kind]):
                found.append(
                    {
                        "charge": charge,
                        "amount": charge._standing(),
                        "reason": self.env._("the interest of the invoices has the same days")
                        if twice
                        else self.env._("the arrangement %s ended without effect", arrangement.name),
                    }
                )
        return found

    def _repay(self, amounts, reason):
        """Take back what was asked without a ground: credit notes for what is booked, the rest is asked no more.

        :param amounts: dict charge -> amount in its currency
        :return: the credit notes, `account.move`
        """
        self._check_user()
        booked = self.filtered("amount_posted")
        moves = self.env["account.move"]
        if booked:
            moves = booked._reverse_in_books(reason, {charge: amounts[charge] for charge in booked})
        for charge in self - booked:
            if charge.currency_id.compare_amounts(amounts[charge], charge.amount) >= 0:
                charge._waive(reason)
            else:
                charge.sudo().amount = charge.currency_id.round(charge.amount - amounts[charge])
                charge._tell(self.env._("lowered to %s", charge.currency_id.format(charge.amount)))
        return moves
