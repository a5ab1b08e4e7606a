from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    """Follow-up settings, kept on the root company: branches follow it (one setting, one message, one sender)."""

    _inherit = "res.config.settings"

    followup_root_id = fields.Many2one("res.company", related="company_id.root_id", string="Follow-up Company")
    followup_live = fields.Boolean(related="company_id.root_id.followup_live")
    followup_cutoff_date = fields.Date(related="company_id.root_id.followup_cutoff_date", readonly=False)
    followup_min_gap = fields.Integer(related="company_id.root_id.followup_min_gap", readonly=False)
    followup_minimum_amount = fields.Monetary(
        related="company_id.root_id.followup_minimum_amount", readonly=False, currency_field="currency_id"
    )
    followup_freshness_days = fields.Integer(related="company_id.root_id.followup_freshness_days", readonly=False)
    followup_pause_until = fields.Date(related="company_id.root_id.followup_pause_until", readonly=False)
    followup_pause_reason = fields.Char(related="company_id.root_id.followup_pause_reason", readonly=False)
    followup_tz = fields.Selection(related="company_id.root_id.followup_tz", readonly=False)
    followup_send_from = fields.Float(related="company_id.root_id.followup_send_from", readonly=False)
    followup_send_until = fields.Float(related="company_id.root_id.followup_send_until", readonly=False)
    followup_send_any_day = fields.Boolean(related="company_id.root_id.followup_send_any_day", readonly=False)
    followup_bounce_hours = fields.Integer(related="company_id.root_id.followup_bounce_hours", readonly=False)
    followup_bounce_gateway = fields.Boolean(related="company_id.root_id.followup_bounce_gateway", readonly=False)
    followup_bounce_warning = fields.Char(related="company_id.root_id.followup_bounce_warning")
    followup_max_contacts = fields.Integer(related="company_id.root_id.followup_max_contacts", readonly=False)

    # Choices that the law leaves
    followup_terms_b2b_id = fields.Many2one(
        related="company_id.root_id.followup_terms_b2b_id",
        readonly=False,
        domain="[('regime', '=', 'b2b'), ('company_id', 'in', (False, followup_root_id))]",
    )
    followup_terms_b2c_id = fields.Many2one(
        related="company_id.root_id.followup_terms_b2c_id",
        readonly=False,
        domain="[('regime', '=', 'b2c'), ('company_id', 'in', (False, followup_root_id))]",
    )
    followup_year_days = fields.Selection(
        related="company_id.root_id.followup_year_days", readonly=False, required=True
    )
    followup_saturday_counts = fields.Boolean(related="company_id.root_id.followup_saturday_counts", readonly=False)
    followup_extend_period = fields.Boolean(related="company_id.root_id.followup_extend_period", readonly=False)
    followup_small_creditor = fields.Boolean(related="company_id.root_id.followup_small_creditor", readonly=False)
    followup_legal_rate = fields.Boolean(related="company_id.root_id.followup_legal_rate", readonly=False)
    followup_long_term_day = fields.Selection(
        related="company_id.root_id.followup_long_term_day", readonly=False, required=True
    )
    followup_higher_of_clause = fields.Boolean(related="company_id.root_id.followup_higher_of_clause", readonly=False)
    followup_lower_of_sum = fields.Boolean(related="company_id.root_id.followup_lower_of_sum", readonly=False)

    def action_followup_safe_mode(self):
        """Back to safe mode: from now on every notice waits for a person."""
        self.ensure_one()
        self.company_id._followup_root().followup_live = False
        return {"type": "ir.actions.client", "tag": "soft_reload"}

    def action_followup_minimums(self):
        """Open the minimum amounts of the root company in other currencies."""
        self.ensure_one()
        root = self.company_id._followup_root()
        action = self.env["ir.actions.act_window"]._for_xml_id("l10n_be_followup.followup_minimum_action")
        return action | {
            "domain": [("company_id", "=", root.id)],
            "context": {"default_company_id": root.id},
        }

    # Promises, disputes and arrangements
    followup_promise_max_days = fields.Integer(related="company_id.root_id.followup_promise_max_days", readonly=False)
    followup_promise_grace_days = fields.Integer(
        related="company_id.root_id.followup_promise_grace_days", readonly=False
    )
    followup_promise_max_row = fields.Integer(related="company_id.root_id.followup_promise_max_row", readonly=False)
    followup_dispute_answer_days = fields.Integer(
        related="company_id.root_id.followup_dispute_answer_days", readonly=False
    )
    followup_plan_max_months = fields.Integer(related="company_id.root_id.followup_plan_max_months", readonly=False)
    followup_plan_min_instalment = fields.Monetary(
        related="company_id.root_id.followup_plan_min_instalment", readonly=False, currency_field="currency_id"
    )
    followup_plan_max_amount = fields.Monetary(
        related="company_id.root_id.followup_plan_max_amount", readonly=False, currency_field="currency_id"
    )
    followup_plan_round = fields.Boolean(related="company_id.root_id.followup_plan_round", readonly=False)
    followup_plan_start_days = fields.Integer(related="company_id.root_id.followup_plan_start_days", readonly=False)
    followup_plan_acceptance = fields.Boolean(related="company_id.root_id.followup_plan_acceptance", readonly=False)
    followup_plan_offer_days = fields.Integer(related="company_id.root_id.followup_plan_offer_days", readonly=False)
    followup_plan_remind_days = fields.Integer(related="company_id.root_id.followup_plan_remind_days", readonly=False)
    followup_plan_grace_days = fields.Integer(related="company_id.root_id.followup_plan_grace_days", readonly=False)
    followup_plan_catchup_days = fields.Integer(related="company_id.root_id.followup_plan_catchup_days", readonly=False)
    followup_plan_automatic = fields.Boolean(related="company_id.root_id.followup_plan_automatic", readonly=False)
    followup_plan_acceleration = fields.Boolean(related="company_id.root_id.followup_plan_acceleration", readonly=False)
    followup_plan_full_interest = fields.Boolean(
        related="company_id.root_id.followup_plan_full_interest", readonly=False
    )
    followup_plan_admin_amount = fields.Monetary(
        related="company_id.root_id.followup_plan_admin_amount", readonly=False, currency_field="currency_id"
    )
    followup_plan_interest = fields.Float(related="company_id.root_id.followup_plan_interest", readonly=False)
    followup_bank_reconcile = fields.Boolean(related="company_id.root_id.followup_bank_reconcile", readonly=False)

    # Suspension of services
    followup_suspend_days_consumer = fields.Integer(
        related="company_id.root_id.followup_suspend_days_consumer", readonly=False
    )
    followup_suspend_days_business = fields.Integer(
        related="company_id.root_id.followup_suspend_days_business", readonly=False
    )
    followup_suspend_approval = fields.Boolean(related="company_id.root_id.followup_suspend_approval", readonly=False)
    followup_suspend_minimum = fields.Monetary(
        related="company_id.root_id.followup_suspend_minimum", readonly=False, currency_field="currency_id"
    )
    followup_suspend_share = fields.Float(related="company_id.root_id.followup_suspend_share", readonly=False)
    followup_restore_below = fields.Monetary(
        related="company_id.root_id.followup_restore_below", readonly=False, currency_field="currency_id"
    )
    followup_suspend_from = fields.Float(related="company_id.root_id.followup_suspend_from", readonly=False)
    followup_suspend_until = fields.Float(related="company_id.root_id.followup_suspend_until", readonly=False)
    followup_suspend_cap = fields.Integer(related="company_id.root_id.followup_suspend_cap", readonly=False)
    followup_suspend_billing = fields.Boolean(related="company_id.root_id.followup_suspend_billing", readonly=False)
    followup_reconnection_fee = fields.Monetary(
        related="company_id.root_id.followup_reconnection_fee", readonly=False, currency_field="currency_id"
    )
    followup_action_announced_id = fields.Many2one(
        related="company_id.root_id.followup_action_announced_id",
        readonly=False,
        domain="[('model_id.model', '=', 'followup.suspension')]",
    )
    followup_action_suspended_id = fields.Many2one(
        related="company_id.root_id.followup_action_suspended_id",
        readonly=False,
        domain="[('model_id.model', '=', 'followup.suspension')]",
    )
    followup_action_restored_id = fields.Many2one(
        related="company_id.root_id.followup_action_restored_id",
        readonly=False,
        domain="[('model_id.model', '=', 'followup.suspension')]",
    )

    # Provisioning
    followup_provisioning = fields.Selection(
        related="company_id.root_id.followup_provisioning", readonly=False, required=True
    )
    followup_webhook_url = fields.Char(related="company_id.root_id.followup_webhook_url", readonly=False)
    followup_webhook_signed = fields.Boolean(related="company_id.root_id.followup_webhook_signed")
    followup_webhook_timeout = fields.Integer(related="company_id.root_id.followup_webhook_timeout", readonly=False)
    followup_webhook_max_attempts = fields.Integer(
        related="company_id.root_id.followup_webhook_max_attempts", readonly=False
    )

    def action_followup_webhook_secret(self):
        """Make a new secret for the webhook; it is shown once."""
        self.ensure_one()
        return self.company_id._followup_root().action_followup_webhook_secret()
