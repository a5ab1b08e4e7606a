import secrets

from odoo import api, fields, models
from odoo.exceptions import AccessError, ValidationError

from ..engine import outgoing, webhook

MANAGER = "l10n_be_followup.l10n_be_followup_group_manager"


class ResCompany(models.Model):
    """Settings of provisioning. Branches follow their root company."""

    _inherit = "res.company"

    followup_provisioning = fields.Selection(
        [
            ("none", "Nobody: services are switched by hand"),
            ("webhook", "Webhook: events are sent to an address"),
            ("rpc", "RPC: the system fetches events itself"),
        ],
        "Tell the system that delivers the services",
        default="none",
        required=True,
        help="What happens to a service (announced, suspended, restored ...) is kept as an event and told to this system "
        "at least once, in order. Events that happen while nobody is to be told are not sent afterwards.",
    )
    followup_webhook_url = fields.Char(
        "Webhook address",
        groups=MANAGER,
        help="https; http only for hosts of your own network that an administrator allows. Events go there and nowhere "
        "else.",
    )
    # Read by the code alone: a person sees it once, when it is made.
    followup_webhook_secret = fields.Char(groups=fields.NO_ACCESS, copy=False)
    followup_webhook_signed = fields.Boolean(
        "Secret made", compute="_compute_followup_webhook_signed", compute_sudo=True
    )
    followup_webhook_timeout = fields.Integer(
        "Seconds to wait for an answer", default=10, groups=MANAGER, help="From 1 to 60."
    )
    followup_webhook_max_attempts = fields.Integer(
        "Attempts",
        default=10,
        groups=MANAGER,
        help="After 1, 2, 4 ... minutes, at most six hours. Then the event is a dead letter and a manager gets a task.",
    )

    _followup_webhook_check = models.Constraint(
        """CHECK(followup_webhook_timeout BETWEEN 1 AND 60 AND followup_webhook_max_attempts BETWEEN 1 AND 100)""",
        "The webhook waits from 1 to 60 seconds, and is tried from 1 to 100 times.",
    )

    @api.depends("followup_webhook_secret")
    def _compute_followup_webhook_signed(self):
        for company in self:
            company.followup_webhook_signed = bool(company.followup_webhook_secret)

    @api.constrains("followup_provisioning", "followup_webhook_url")
    def _check_followup_webhook_url(self):
        for company in self.sudo():
            url = company.followup_webhook_url
            if not url:
                if company.followup_provisioning == "webhook":
                    raise ValidationError(self.env._("Give the address of the webhook."))
                continue
            wrong = webhook.check_url(url, self._followup_internal_hosts())
            if wrong == "scheme":
                raise ValidationError(
                    self.env._(
                        "The webhook needs an address that begins with https:// (http:// only for a host of your own "
                        "network that an administrator allows)."
                    )
                )
            if wrong == "internal":
                raise ValidationError(
                    self.env._(
                        "%s lies in the network of this server, where only an administrator may let messages go: he adds "
                        "the host to the system parameter l10n_be_followup.internal_hosts.",
                        url,
                    )
                )
            if wrong == "password":
                raise ValidationError(
                    self.env._("Leave user and password out of the address: events are signed with the secret.")
                )
            if wrong:
                raise ValidationError(self.env._("%s is no address. An example: https://example.com/events", url))

    def write(self, vals):
        """EXTENDS base: nobody is to be told any more, so what waits is not sent in another order later on."""
        result = super().write(vals)
        if vals.get("followup_provisioning") == "none":
            events = self.env["followup.service.event"].sudo()
            events.search([("company_id", "in", self.ids), ("state", "in", ("pending", "failed"))])._go(
                "skipped", last_error=self.env._("Provisioning was switched off.")
            )
        return result

    @api.model
    def _followup_internal_hosts(self):
        """Hosts of the own network to which events may go: system parameter `l10n_be_followup.internal_hosts`.

        Only an administrator writes it. :rtype: frozenset of str, in small letters
        """
        return outgoing.hosts(self.env["ir.config_parameter"].sudo().get_param("l10n_be_followup.internal_hosts"))

    def _followup_provisioning_mode(self):
        """:return: `none`, `webhook` or `rpc`; always `none` in a neutralised copy"""
        if self.env["ir.config_parameter"].sudo().get_param("database.is_neutralized"):
            return "none"
        return self._followup_root().followup_provisioning

    def action_followup_webhook_secret(self):
        """Make a new secret and show it, this once. The old one signs nothing any more."""
        self.ensure_one()
        if not self.env.user.has_group(MANAGER):
            raise AccessError(self.env._("Only a follow-up manager makes the secret of the webhook."))
        self.check_access("read")  # of a company that he works in
        secret = secrets.token_hex(32)
        self._followup_root().followup_webhook_secret = secret
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "warning",
                "sticky": True,
                "title": self.env._("Copy the secret now: it is not shown again"),
                "message": secret,
            },
        }
