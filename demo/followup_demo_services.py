from odoo import Command, api, models

from .followup_demo import NAMESPACE


class FollowupDemo(models.AbstractModel):
    """Services of the demo's customers: what they pay every month, and may lose."""

    _inherit = "followup.demo"

    #: Products that are a service month after month, and how many customers get a record of it.
    _monthly = ("waste", "winter", "keys")
    _how_many = 8

    @api.model
    def _make_services(self, company, products):
        monthly = self.env["product.product"].union(*(products[key] for key in self._monthly))
        lines = self.env["account.move.line"].search(
            [
                ("company_id", "=", company.id),
                ("move_id.move_type", "=", "out_invoice"),
                ("parent_state", "=", "posted"),
                ("move_id.payment_state", "in", ("not_paid", "partial")),
                ("product_id", "in", monthly.ids),
            ],
            order="id",
        )
        seen, values = set(), []
        for line in lines:
            partner = line.partner_id.commercial_partner_id
            if partner in seen or len(values) == self._how_many:
                continue
            seen.add(partner)
            values.append(
                {
                    "name": line.product_id.name,
                    "partner_id": partner.id,
                    "company_id": company.id,
                    "user_id": self.env.ref(f"{NAMESPACE}.user_elke").id,
                    "product_ids": [Command.set(line.product_id.ids)],
                    "monthly_value": line.price_total,
                    "essential": not values,
                    "proportionate": len(values) % 2 == 1,
                    "proportionate_reason": len(values) % 2 == 1 and "Announced twice, and easily taken up again",
                }
            )
        self.env["followup.service"].create(values)
