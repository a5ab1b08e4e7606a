from odoo import api, fields, models
from odoo.exceptions import UserError

from ..engine import text_message
from .res_partner_route import Route


class ResPartner(models.Model):
    """Where a customer receives text messages, and whether he wants them."""

    _inherit = "res.partner"

    followup_no_text = fields.Boolean(
        "No Text Messages",
        help="This customer asked for no text messages about open invoices. E-mails and letters go on.",
        groups="account.group_account_invoice,account.group_account_readonly",
    )

    def _followup_route(self, company, level=None, channel=None):
        """EXTENDS: a text message that is decided again looks for its number again.

        :raises UserError: why no text message can be sent to this customer
        """
        if channel != "sms":
            return super()._followup_route(company, level, channel)
        obstacle = self._followup_text_obstacle(company)
        if obstacle:
            raise UserError(obstacle)
        return self._followup_sms_route(company)

    def _followup_companion_routes(self, company, level, lead):
        """EXTENDS: a text message goes beside any written message of a level that has it ticked."""
        routes = super()._followup_companion_routes(company, level, lead)
        if level.channel_sms and not self.commercial_partner_id.sudo().followup_no_text:
            route = self._followup_sms_route(company)
            if route:
                routes.append(route)
        return routes

    def _followup_sms_route(self, company):
        """The first mobile number among those who may be written to; for a consumer nobody's but his own.

        :rtype: `Route`, or None without one
        """
        candidates = self._followup_candidates(company)
        if self.followup_regime == "b2c":
            candidates &= self.commercial_partner_id
        for candidate in candidates:
            number = candidate._followup_mobile(company)
            if number:
                return Route("sms", candidate, phone=number)
        return None

    def _followup_mobile(self, company):
        """:return: the number in international form when it can receive text messages, else ''"""
        self.ensure_one()
        country = self.country_id or company.country_id
        for name in self._phone_get_number_fields():
            if not self[name]:
                continue
            # Without the library `phonenumbers` Odoo gives the number back as it was typed.
            number = self._phone_format(fname=name, country=country, force_format="E164") or ""
            number = text_message.international(number, str(country.phone_code or 32))
            if text_message.is_mobile(number):
                return number
        return ""

    @api.model
    def _followup_refuses_texts(self, number):
        """Whether this number is on Odoo's list of numbers that get no text messages."""
        return bool(self.env["phone.blacklist"].sudo().search_count([("number", "=", number)], limit=1))

    def _followup_text_obstacle(self, company):
        """Why this customer gets no text message; None when he may get one."""
        self.ensure_one()
        customer = self.commercial_partner_id
        if customer.sudo().followup_no_text:
            return self.env._("%s asked for no text messages", customer.display_name)
        route = self._followup_sms_route(company)
        if not route:
            return self.env._(
                "%s has no valid mobile number. Add one to the customer, or for a business to its invoice address or "
                "follow-up contact",
                customer.display_name,
            )
        if self._followup_refuses_texts(route.phone):
            return self.env._("the number %s is on the list of numbers that get no text messages", route.phone)
        return None
