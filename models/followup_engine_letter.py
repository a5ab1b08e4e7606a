from odoo import api, models


class FollowupEngine(models.AbstractModel):
    """Decide many letters again at once: queries grow with the batch, not with its letters."""

    _inherit = "followup.engine"

    @api.model
    def _decide_for_letters(self, letters, today):
        """What `_decide_for_notice` says of each letter about a level.

        :param letters: notices of one company
        :rtype: dict of notice id -> `engine.decision.Decision`
        """
        company = letters.company_id
        engine = self.with_context(followup_at_sending=True)
        self._synchronise(company, letters.partner_id.ids)
        self._follow_agreements(company, letters.customer_id, today)
        result = {}
        alone = letters.filtered(lambda letter: not letter.standby)
        rounds = []
        while alone:
            # Two letters of one customer stand in each other's way: each has a round of its own.
            first = alone.browse([same[:1].id for same in alone.grouped("customer_id").values()])
            rounds.append(first)
            alone -= first
        for same in rounds:
            customers = self._select(company, same.customer_id.ids, today, same.ids)
            agreed = same.filtered(lambda letter: letter.manual or letter.approved_by)
            approved = frozenset(agreed.line_ids.filtered("advances").item_id.ids)
            decisions = {
                taken.customer.id: taken for taken in engine._decide(company, customers, today, approved=approved)
            }
            result |= {letter.id: decisions[letter.customer_id.id] for letter in same}
        for letter in letters.filtered("standby"):
            result[letter.id] = engine._repeat_for_companion(letter, today)
        return result
