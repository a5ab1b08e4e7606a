from odoo import api, fields, models


class FollowupSubscriptionMixin(models.AbstractModel):
    """What a contract or subscription of another add-on needs to have a service: one each, kept up to date.

    A bridge adds this to the model of that add-on, fills in the methods that raise, and calls `_followup_sync` when
    something changed that a service is made from.
    """

    _name = "followup.subscription.mixin"
    _description = "Subscription that Delivers a Service"

    followup_service_id = fields.Many2one(
        "followup.service", "Service", copy=False, readonly=True, index="btree_not_null", ondelete="set null"
    )
    followup_state = fields.Selection(related="followup_service_id.state", string="State of the Service")
    followup_stopped_since = fields.Date(
        "Billing Stopped Since",
        copy=False,
        readonly=True,
        help="The first day of the suspension of its service. Suspended days are not invoiced, now or afterwards.",
    )

    # To fill in

    def _followup_has_service(self):
        """Whether it delivers something to a customer now."""
        raise NotImplementedError

    def _followup_payer(self):
        """Who is invoiced."""
        raise NotImplementedError

    def _followup_service_values(self):
        """Values of its service: at least name, partner_id, company_id. EXTEND it."""
        self.ensure_one()
        payer, partner = self._followup_payer(), self.partner_id
        same = partner.commercial_partner_id == payer.commercial_partner_id
        return {
            # The one who owes the money; usually the customer himself.
            "partner_id": (partner if same else payer).id,
            "company_id": self.company_id._followup_root().id,
            "user_id": self.user_id.id,
        }

    def _followup_skip(self, since, until):
        """Move the next invoice on, past each period with a day from `since` up to and including `until`."""
        raise NotImplementedError

    # One service for each

    def _followup_sync(self):
        """Make the services that are missing and bring the others up to date; set-based, safe to run twice."""
        fresh = self.browse()
        for subscription in self.sudo():
            service = subscription.followup_service_id
            wanted = subscription._followup_has_service()
            if not service:
                fresh |= subscription if wanted else self.browse()
                continue
            values = subscription._followup_service_values()
            payer = subscription._followup_payer().commercial_partner_id
            if payer != service.customer_id.partner_id or values["company_id"] != service.company_id.id:
                # What the one before owes, and what was announced to him, is no business of the new one.
                subscription._followup_let_go()
                fresh |= subscription if wanted else self.browse()
                continue
            changed = subscription._followup_changes(service, {**values, "active": wanted})
            if changed:
                service.write(changed)
            if not wanted:
                subscription._followup_ended()
        if fresh:
            fresh = fresh.sudo()
            services = (
                self.env["followup.service"]
                .sudo()
                .with_context(tracking_disable=True, mail_create_nosubscribe=True)
                .create(
                    [
                        {
                            "subscription_ref": f"{subscription._name},{subscription.id}",
                            **subscription._followup_service_values(),
                        }
                        for subscription in fresh
                    ]
                )
            )
            for subscription, service in zip(fresh, services, strict=True):
                subscription.followup_service_id = service

    def _followup_billed_service(self):
        """The service that an invoice made now is for."""
        self.ensure_one()
        known = self.sudo().followup_service_id
        if not known or known.customer_id.partner_id != self._followup_payer().commercial_partner_id:
            # Somebody became part of another customer since.
            self._followup_sync()
        return self.sudo().followup_service_id

    @api.model
    def _followup_changes(self, service, values):
        """Which of `values` the service does not have yet."""
        known = service._convert_to_write({name: service[name] for name in values})
        money = {"monthly_value"}
        return {
            name: value
            for name, value in values.items()
            if (service.currency_id.compare_amounts(known[name], value) if name in money else known[name] != value)
        }

    def _followup_ended(self):
        """It delivers nothing any more: there is nothing left to announce."""
        announced = self.followup_service_id.suspension_id.filtered(lambda s: s.state in ("announced", "postponed"))
        if announced:
            announced._cancel(self.env._("the subscription has ended"))

    def _followup_let_go(self):
        """Its service stays as history, without it."""
        self.ensure_one()
        self._followup_ended()
        service = self.followup_service_id
        self._followup_bill_again()
        self.followup_service_id = False
        service.write({"active": False, "subscription_ref": False})

    # Billing

    def _followup_today(self):
        return self.company_id._followup_today()

    def _followup_stop_billing(self):
        """From today on nothing is invoiced for the days of the suspension."""
        for subscription in self:
            if not subscription.followup_stopped_since:
                subscription.followup_stopped_since = subscription._followup_today()
                subscription.message_post(body=self.env._("Service suspended: its suspended days are not invoiced."))

    def _followup_bill_again(self):
        """The day of the restoration is a day of service: the suspension ended the day before."""
        for subscription in self.filtered("followup_stopped_since"):
            since, until = (
                subscription.followup_stopped_since,
                fields.Date.subtract(subscription._followup_today(), days=1),
            )
            subscription.followup_stopped_since = False
            skipped = subscription._followup_skip(since, until) if since <= until else ()
            subscription.message_post(
                body=self.env._(
                    "Service restored: it is invoiced again. Not invoiced, because the service was suspended: %s",
                    ", ".join(skipped) or "-",
                )
            )
