from odoo import api, fields, models

from ..engine.handover import LIVE


class FollowupCustomer(models.Model):
    """The claims on a customer that others collect."""

    _inherit = "followup.customer"

    handover_ids = fields.One2many("followup.handover", "customer_id", "Hand-overs")
    handover_count = fields.Integer(compute="_compute_handover")
    handover_text = fields.Char("With", compute="_compute_handover")
    handover_state = fields.Selection(
        [("proposed", "Proposed"), ("handed_over", "Handed over"), ("closed", "Closed")],
        "Hand-over",
        compute="_compute_handover",
        search="_search_handover_state",
        help="Whether a lawyer, a bailiff or an agency collects a claim on this customer, or a person must decide on it.",
    )

    @api.depends("handover_ids.state")
    def _compute_handover(self):
        live = self.env["followup.handover"].search([("customer_id", "in", self.ids), ("state", "in", LIVE)])
        by_customer = live.grouped("customer_id")
        for customer in self:
            own = by_customer.get(customer._origin, live.browse()).filtered(lambda one: one.state != "paid")
            customer.handover_count = len(customer.handover_ids)
            customer.handover_state = next(
                (state for state in ("handed_over", "closed", "proposed") if state in own.mapped("state")), False
            )
            names = dict(own._fields["state"]._description_selection(self.env))
            customer.handover_text = (
                "; ".join(
                    f"{one.name}: {names[one.state].lower()}"
                    + (f", {one.recipient_id.display_name}" if one.recipient_id else "")
                    for one in own
                )
                or False
            )

    def _search_handover_state(self, operator, value):
        if operator != "in":
            return NotImplemented
        wanted = [state for state in value if state]
        domain = fields.Domain("handover_ids", "any", [("state", "in", wanted)])
        if False in value:
            nothing = ~fields.Domain("handover_ids", "any", [("state", "in", ("proposed", "handed_over", "closed"))])
            return nothing | domain if wanted else nothing
        return domain

    def action_handover(self):
        """Hand over what this customer owes to a lawyer, a bailiff or an agency."""
        self.ensure_one()
        proposal = self.handover_ids.filtered(lambda one: one.state == "proposed")[:1]
        return self._action_handover(proposal)

    def _action_handover(self, proposal):
        return self._action_wizard(
            self.env._("Hand over"), "followup.handover.wizard", default_handover_id=proposal.id or False
        )

    def action_open_handovers(self):
        self.ensure_one()
        if len(self.handover_ids) == 1:
            return self.handover_ids._action_open()
        action = self.env["ir.actions.act_window"]._for_xml_id("l10n_be_followup.followup_handover_action")
        return action | {"domain": [("customer_id", "=", self.id)], "context": {}}
