from odoo import api, fields, models


class ResCompany(models.Model):
    """Whether messages that come back are seen: without that, silence proves nothing."""

    _inherit = "res.company"

    followup_bounce_gateway = fields.Boolean(
        "Returned e-mails come in by a gateway",
        help="Tick it when your provider or mail server hands incoming e-mails to Odoo itself (Odoo.sh, a mail gateway "
        "script). Otherwise an incoming mail server in Odoo must fetch them.",
    )
    followup_bounce_warning = fields.Char(compute="_compute_followup_bounce_warning")

    def _followup_bounces_seen(self):
        """Whether a notice that comes back would be known here: a bounce address, and a way in for it."""
        root = self._followup_root()
        return bool(root.bounce_email) and (root.followup_bounce_gateway or self._followup_fetches_mail())

    def _followup_fetches_mail(self):
        return bool(self.env["fetchmail.server"].sudo().search_count([("state", "=", "done")], limit=1))

    @api.depends("followup_bounce_gateway", "alias_domain_id")
    def _compute_followup_bounce_warning(self):
        for company in self:
            if company._followup_bounces_seen():
                company.followup_bounce_warning = False
            elif not company._followup_root().bounce_email:
                company.followup_bounce_warning = self.env._(
                    "Returned e-mails are not seen: no bounce address is set up. Add an alias domain in Settings > "
                    "General Settings > Discuss. Until then, what follows a consumer's first reminder waits for a person."
                )
            else:
                company.followup_bounce_warning = self.env._(
                    "Returned e-mails are not seen: nothing fetches the messages to %(address)s. Add an incoming mail "
                    "server, or tick that a gateway hands them to Odoo. Until then, what follows a consumer's first "
                    "reminder waits for a person.",
                    address=company._followup_root().bounce_email,
                )
