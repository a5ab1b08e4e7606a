from odoo import models


class FollowupService(models.Model):
    """A service that comes from a contract or subscription stops and starts its billing."""

    _inherit = "followup.service"

    def _subscriptions(self):
        """The subscriptions behind these services whose billing we know how to stop."""
        for service in self.sudo():
            subscription = service.subscription_ref
            if subscription and hasattr(subscription, "_followup_stop_billing") and subscription.exists():
                yield subscription.with_company(subscription.company_id)

    def write(self, vals):
        """Whoever changes his mind about billing during a suspension need not restore the service for it."""
        changing = self.browse()
        if "stop_billing" in vals:
            changing = self.filtered(lambda s: s.state == "suspended" and s.stop_billing != bool(vals["stop_billing"]))
        result = super().write(vals)
        for subscription in changing._subscriptions():
            if vals["stop_billing"]:
                subscription._followup_stop_billing()
            else:
                subscription._followup_bill_again()
        return result

    def _apply_suspension(self):
        for subscription in self.filtered("stop_billing")._subscriptions():
            subscription._followup_stop_billing()
        return super()._apply_suspension()

    def _apply_restoration(self, suspension):
        for subscription in self._subscriptions():
            subscription._followup_bill_again()
        return super()._apply_restoration(suspension)
