from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ..engine import services

#: What only the steps and the bridges write.
OWN_FIELDS = {"customer_id", "state", "suspension_id", "event_sequence", "subscription_ref"}
STATES = [("active", "In service"), ("announced", "Suspension announced"), ("suspended", "Suspended")]


class FollowupService(models.Model):
    """What a subscription delivers to a customer, as far as follow-up needs to know: may it be suspended, and why."""

    _name = "followup.service"
    _description = "Service"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "name, id"

    name = fields.Char(required=True, tracking=True)
    active = fields.Boolean(default=True)
    partner_id = fields.Many2one("res.partner", "Customer", required=True, index=True, tracking=True)
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company._followup_root(), index=True
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    customer_id = fields.Many2one(
        "followup.customer", "Follow-up", compute="_compute_customer_id", store=True, index=True, ondelete="restrict"
    )
    user_id = fields.Many2one("res.users", "Responsible", default=lambda self: self.env.user)
    external_reference = fields.Char(
        "Reference of the Provider", help="How the system that delivers the service knows it."
    )
    subscription_ref = fields.Reference(
        "_selection_subscription",
        "Subscription",
        readonly=True,
        copy=False,
        help="The contract or subscription behind it.",
    )
    product_ids = fields.Many2many(
        "product.product",
        "followup_service_product_rel",
        "service_id",
        "product_id",
        "Products",
        help="Invoice lines of the customer with these products are for this service, when he has no other service with "
        "them. A line may also name its service itself.",
    )
    monthly_value = fields.Monetary(
        "Value a Month", help="With VAT. A suspension asks that at least a share of it is overdue. 0: unknown."
    )
    period_months = fields.Integer(
        "Months that an Invoice Pays",
        default=1,
        help="Invoices in advance: each pays this number of months from its date. 0: invoiced afterwards.",
    )
    paid_through_manual = fields.Date("Paid Until (by hand)", help="Paid ahead up to and including this day.")
    paid_through = fields.Date(compute="_compute_paid_through", help="A service that is paid ahead is never suspended.")
    essential = fields.Boolean(
        tracking=True,
        help="Telephone, internet, energy, water and the like have stricter rules of their own: never suspended by itself.",
    )
    exempt_until = fields.Date(tracking=True, help="Not suspended up to and including this day.")
    exempt_reason = fields.Char()
    grace_days = fields.Integer("Days of Grace", help="Days more after the deadline of the announcement.")
    proportionate = fields.Boolean(
        "Suspension is proportionate",
        tracking=True,
        help="Without a suspension clause in the accepted terms: a person confirms that suspending this service is a "
        "proportionate answer to its unpaid invoices (article 5.239 of the Civil Code).",
    )
    proportionate_reason = fields.Char()
    stop_billing = fields.Boolean(
        default=lambda self: self.env.company._followup_root().followup_suspend_billing,
        help="While it is suspended it is not invoiced, and the suspended days are not invoiced afterwards.",
    )
    suspension_ids = fields.One2many("followup.suspension", "service_id", "Suspensions", readonly=True)
    suspension_id = fields.Many2one(
        "followup.suspension", "Present Suspension", compute="_compute_state", store=True, ondelete="set null"
    )
    state = fields.Selection(STATES, compute="_compute_state", store=True, index=True, default="active")
    amount_overdue = fields.Monetary("Overdue", compute="_compute_amount_overdue", help="Overdue for this service.")

    _months_check = models.Constraint(
        "CHECK(period_months >= 0 AND grace_days >= 0 AND monthly_value >= 0)",
        "Months, days of grace and the value a month cannot be negative.",
    )

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._check_own_fields(vals)
        return super().create(vals_list)

    def write(self, vals):
        self._check_own_fields(vals)
        return super().write(vals)

    def _check_own_fields(self, vals):
        """Whether it is suspended, and for whose debts, follows from what happened; nobody types it in."""
        if not self.env.su and OWN_FIELDS & vals.keys():
            raise UserError(self.env._("The state of a service follows from its suspensions: use its buttons."))

    @api.model
    def _selection_subscription(self):
        """Models that a service may come from; bridges add theirs."""
        return []

    @api.depends("partner_id", "company_id")
    def _compute_customer_id(self):
        customers = self.env["followup.customer"].sudo()
        for service in self:
            service.customer_id = (
                customers._for_partner(service.partner_id, service.company_id)
                if service.partner_id and service.company_id
                else False
            )

    @api.depends("suspension_ids.state")
    def _compute_state(self):
        for service in self:
            live = service.suspension_ids.filtered(lambda s: s.state in ("announced", "postponed", "suspended"))
            service.suspension_id = live[:1]
            service.state = (
                ("suspended" if live.state == "suspended" else "announced" if live else "active")
                if len(live) <= 1
                else "suspended"
            )

    @api.depends("paid_through_manual", "period_months")
    def _compute_paid_through(self):
        known = self._paid_through()
        for service in self:
            service.paid_through = known.get(service._origin.id) or service.paid_through_manual

    def _paid_through(self):
        """The last day that is paid, by service; bridges that know the periods of their invoices say it better.

        :rtype: dict service id -> date
        """
        found = services.paid_through(self.env, self._origin.ids)
        for service in self:
            manual = service.paid_through_manual
            if manual and manual > found.get(service._origin.id, manual.min):
                found[service._origin.id] = manual
        return found

    def _compute_amount_overdue(self):
        engine = self.env["followup.engine"].sudo()
        for company, same in self.grouped("company_id").items():
            known = engine._service_debts(company, same.customer_id, company._followup_today())
            today = company._followup_today()
            for service in same:
                service.amount_overdue = float(
                    sum(debt.amount for debt in known.get(service._origin.id, ()) if debt.due_date < today)
                )

    @api.constrains("company_id")
    def _check_root_company(self):
        for service in self:
            if service.company_id != service.company_id._followup_root():
                raise ValidationError(
                    self.env._(
                        "Service %(service)s: choose the main company %(root)s; its branches follow it.",
                        service=service.name,
                        root=service.company_id._followup_root().name,
                    )
                )

    def _terms_allow(self):
        """Whether the accepted terms of each service's customer hold a suspension clause.

        :rtype: dict service id -> bool
        """
        result = {}
        for service in self:
            partner = service.customer_id.partner_id.with_company(service.company_id)
            terms = partner._followup_terms(partner.followup_regime, service.company_id)
            result[service.id] = bool(terms.suspension) if terms else False
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_history(self):
        if self.suspension_ids:
            raise UserError(self.env._("A service with suspensions is history: archive it instead."))

    def action_suspend(self):
        """Suspend by hand: a person decides, and only a person lifts it."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Suspend by hand"),
            "res_model": "followup.suspend.wizard",
            "view_mode": "form",
            "target": "new",
            "context": {"default_service_id": self.id},
        }

    def action_open_suspensions(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("l10n_be_followup.followup_suspension_action")
        return action | {"domain": [("service_id", "=", self.id)], "context": {}}

    def action_open_customer(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "followup.customer",
            "res_id": self.customer_id.id,
            "views": [(False, "form")],
            "context": {"followup_refresh": 1},
        }

    # What suspending does; bridges extend these.

    def _apply_suspension(self):
        """Flag the subscription and stop its billing when chosen. Bridges extend it."""

    def _apply_restoration(self, suspension):
        """Undo `_apply_suspension`; the suspended days are not invoiced afterwards. Bridges extend it."""
