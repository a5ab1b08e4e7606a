from odoo import api, fields, models


class FollowupCustomer(models.Model):
    """What was agreed with a customer, and whether he usually keeps it."""

    _inherit = "followup.customer"

    cover_ids = fields.One2many("followup.cover", "customer_id", "Covered Items", domain=[("live", "=", True)])
    arrangement_ids = fields.One2many("followup.arrangement", "customer_id", "Arrangements")
    promise_ids = fields.One2many("followup.promise", "customer_id", "Promises")
    dispute_ids = fields.One2many("followup.dispute", "customer_id", "Disputes")
    agreement_text = fields.Char("In Force", compute="_compute_agreements")
    reliability = fields.Char(
        compute="_compute_reliability", help="How many promises and arrangements the customer kept."
    )

    @api.depends("arrangement_ids.state", "promise_ids.state", "dispute_ids.state")
    def _compute_agreements(self):
        for customer in self:
            arrangements = customer.arrangement_ids.filtered(lambda a: a.state in ("draft", "proposed", "active"))
            promises = customer.promise_ids.filtered(lambda promise: promise.state == "active")
            disputes = customer.dispute_ids.filtered(lambda dispute: dispute.state in ("open", "expired"))
            names = [*arrangements.mapped("name"), *promises.mapped("name"), *disputes.mapped("name")]
            customer.agreement_text = ", ".join(names) or False

    @api.depends("arrangement_ids.state", "promise_ids.state")
    def _compute_reliability(self):
        for customer in self:
            ended = customer.promise_ids.filtered(lambda promise: promise.state in ("kept", "broken"))
            plans = customer.arrangement_ids.filtered(lambda a: a.state in ("completed", "broken"))
            texts = []
            if ended:
                kept = len(ended.filtered(lambda promise: promise.state == "kept"))
                texts.append(self.env._("promises kept: %(kept)s of %(all)s", kept=kept, all=len(ended)))
            if plans:
                kept = len(plans.filtered(lambda arrangement: arrangement.state == "completed"))
                texts.append(self.env._("arrangements kept: %(kept)s of %(all)s", kept=kept, all=len(plans)))
            customer.reliability = ", ".join(texts) or False

    def _refresh(self, today=None):
        # EXTENDS followup.customer: nobody needs to read a reminder about what was agreed on since.
        self.sudo()._cancel_held_reminders()
        return super()._refresh(today)

    def _cancel_held_reminders(self):
        """Reminders that wait, and of which a promise, a dispute or an arrangement holds all that is open."""
        covers = self.env["followup.cover"].search(
            [("customer_id", "in", self.ids), ("live", "=", True), ("holds", "=", True)]
        )
        if not covers:
            return
        waiting = self.env["followup.notice"].search(
            [
                ("customer_id", "in", covers.customer_id.ids),
                ("purpose", "=", "level"),
                ("channel", "!=", "call"),
                ("state", "in", ("review", "queued")),
            ]
        )
        for notice in waiting:
            if any(item.is_open for item in notice.line_ids.item_id) and notice._all_held():
                notice._cancel(self.env._("what it is about is promised, disputed or in an arrangement"))

    def _action_wizard(self, name, model, **context):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": name,
            "res_model": model,
            "view_mode": "form",
            "target": "new",
            "context": {"default_customer_id": self.id, **context},
        }

    def action_arrange(self):
        """Agree on instalments."""
        return self._action_wizard(self.env._("Payment arrangement"), "followup.arrange.wizard")

    def action_promise(self):
        """Note that the customer will pay by a day."""
        return self._action_wizard(self.env._("Promise to pay"), "followup.promise.wizard")

    def action_dispute(self):
        """Note that the customer does not agree."""
        return self._action_wizard(self.env._("Dispute"), "followup.dispute.wizard")

    def action_open_holds(self):
        """Everything that keeps this customer, or a part of what he owes, out of follow-up."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("l10n_be_followup.followup_hold_report_action")
        return action | {"domain": [("customer_id", "=", self.id)], "context": {}}
