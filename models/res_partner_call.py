from odoo import models


class ResPartner(models.Model):
    """Whom to call."""

    _inherit = "res.partner"

    def _followup_call_numbers(self, company):
        """Numbers of who may be spoken to about this customer's debts, the best first.

        :return: list of dict(name, number, link)
        """
        candidates = self._followup_candidates(company)
        if self.followup_regime == "b2c":
            candidates &= self.commercial_partner_id
        rows = []
        for contact in candidates:
            number = contact.phone
            if number and number not in [row["number"] for row in rows]:
                link = "tel:" + "".join(char for char in number if char.isdigit() or char == "+")
                rows.append({"name": contact.display_name, "number": number, "link": link})
        return rows
