from odoo import api, models

from . import catalogue
from .followup_demo import NAMESPACE


class FollowupDemo(models.AbstractModel):
    """A claim that a bailiff collects."""

    _inherit = "followup.demo"

    @api.model
    def _make_handover(self, company, customers):
        key, reference, reason = catalogue.HANDED_OVER
        bailiff = self.env["res.partner"].create({**catalogue.BAILIFF, "country_id": self.env.ref("base.be").id})
        self._name_records({"bailiff": bailiff})
        company.followup_handover_recipient_id = bailiff
        customer = self.env["followup.customer"]._for_partner(customers[key]["partner"], company)
        customer._refresh()
        items = customer.item_ids.filtered("days_late").sorted("date_maturity")[:1]
        handover = self.env["followup.handover"]._hand_over(
            customer, items, bailiff, "bailiff", reference=reference, lang="nl_BE", reason=reason
        )
        handover.sudo().user_id = self.env.ref(f"{NAMESPACE}.user_elke")
