from odoo import api, fields, models


class FollowupSuspendWizard(models.TransientModel):
    """Suspend a service by hand: outside the conditions that the run keeps, so with a reason and a warning."""

    _name = "followup.suspend.wizard"
    _description = "Suspend a Service by Hand"
    _inherit = "followup.wizard"

    service_id = fields.Many2one("followup.service", required=True, readonly=True)
    currency_id = fields.Many2one(related="service_id.currency_id")
    amount_overdue = fields.Monetary(related="service_id.amount_overdue")
    essential = fields.Boolean(related="service_id.essential")
    warning = fields.Text("What speaks against it", compute="_compute_warning")
    reason = fields.Char(required=True)

    @api.depends("service_id")
    def _compute_warning(self):
        for wizard in self:
            wizard.warning = "\n".join(wizard._objections()) or False

    def _objections(self):
        """What the law asks and is not there, as far as follow-up can see. A person may know better."""
        service = self.service_id
        if not service:
            return []
        episode = service.suspension_id
        today = service.company_id._followup_today()
        texts = []
        if service.currency_id.is_zero(service.amount_overdue):
            texts.append(self.env._("Nothing is overdue for this service."))
        if not episode.notice_id or episode.notice_id.state != "delivered":
            texts.append(self.env._("No notice that announces the suspension was delivered to the customer."))
        elif episode.deadline and episode.deadline >= today:
            texts.append(self.env._("The last day to pay that the notice named has not passed."))
        if service.essential:
            texts.append(self.env._("The service is essential: stricter rules of its own hold for it."))
        if service.paid_through and service.paid_through >= today:
            texts.append(self.env._("The service is paid ahead."))
        if service.exempt:
            texts.append(self.env._("The service is exempt from suspension: %s", service.exempt_reason or "-"))
        if not service.proportionate and not service.sudo()._terms_allow().get(service.id):
            texts.append(
                self.env._("The terms have no suspension clause, and nobody confirmed that it is proportionate.")
            )
        return texts

    def action_confirm(self):
        self.ensure_one()
        suspension = self.env["followup.suspension"]._suspend_by_hand(self.service_id, self.reason)
        return suspension.sudo(False).get_formview_action()
