from typing import Any, NamedTuple

from odoo import models
from odoo.exceptions import UserError

from ..engine import application


class Route(NamedTuple):
    """How one message reaches a customer: the channel, the contact, and his address as it stands on the message."""

    channel: str
    recipient: Any
    email: str = ""
    address: str = ""
    phone: str = ""

    @property
    def medium(self):
        """`email` or `post`, as the law on consumers counts."""
        return "post" if self.channel == "letter" else "email"

    @property
    def where(self):
        """The address in one line, for people to read."""
        return ", ".join(self.address.splitlines()) if self.channel == "letter" else self.recipient.email

    def _prepare_notice(self):
        return {
            "channel": self.channel,
            "recipient_id": self.recipient.id,
            "email_to": self.email or False,
            "address": self.address or False,
            "phone_to": self.phone or False,
        }


class ResPartner(models.Model):
    """Through which written channel, and where, a customer is reached."""

    _inherit = "res.partner"

    def _followup_route(self, company, level=None, channel=None):
        """The written channel that takes items to the level: e-mail first, a letter where that is chosen or all there is.

        :param company: the company that writes
        :param level: `followup.level`; None: a message about an agreement, by e-mail where possible
        :param channel: only this one
        :rtype: `Route`
        :raises UserError: when he cannot be reached; the message names the customer and the cure
        """
        self.ensure_one()
        email, letter = self._followup_written_channels(company, level)
        if channel is not None:
            email, letter = channel == "email", channel == "letter"
        ways = [(email, self._followup_email_route), (letter, self._followup_letter_route)]
        if level and level.channel_letter and not level.channel_email:
            ways.reverse()  # on paper, by e-mail only where there is no address for a letter
        route = next((route for allowed, find in ways if allowed and (route := find(company))), None)
        return route or self._followup_no_route(company, email, letter)

    def _followup_written_channels(self, company, level):
        """Whether an e-mail and whether a letter may carry the message.

        What was meant for one goes by the other when there is no address for it: better than silence.
        """
        fallback = company._followup_root().followup_letter_fallback
        if not level:
            return True, fallback
        return level.channel_email or level.channel_letter, level.channel_letter or fallback

    def _followup_companion_routes(self, company, level, lead):
        """The other ways in which the same message goes to the customer.

        :param lead: channel of the message that counts
        :rtype: list of `Route`
        """
        self.ensure_one()
        if lead == "email" and level.channel_letter and level.channel_email:
            route = self._followup_letter_route(company)
            return [route] if route else []
        return []

    def _followup_email_route(self, company):
        """:rtype: `Route`, or None without a usable e-mail address"""
        candidates = [
            candidate
            for candidate in self._followup_candidates(company)
            # With a line break inside it is no address, whatever could be read from it.
            if candidate.email_normalized and candidate.email.strip().isprintable()
        ]
        bad = {candidate.email_normalized for candidate in candidates if candidate.sudo().followup_email_bounced}
        if len(bad) > 1:
            return None  # one other contact was tried already
        for candidate in candidates:
            if candidate.email_normalized not in bad:
                return Route("email", candidate, email=application.one_line(candidate.email_formatted))
        return None

    def _followup_letter_route(self, company):
        """:rtype: `Route`, or None without a complete postal address"""
        for candidate in self._followup_candidates(company):
            if candidate._followup_has_postal_address():
                return Route("letter", candidate, address=candidate._followup_postal_address(company))
        return None

    def _followup_has_postal_address(self):
        """Street, postal code and town: what the post needs to deliver a letter."""
        self.ensure_one()
        return bool(self.street and self.city and (self.zip or self.country_id.code not in (False, "BE")))

    def _followup_postal_address(self, company):
        """Lines of the address as they stand in the window of the envelope; the country abroad only."""
        self.ensure_one()
        customer = self.commercial_partner_id
        lines = [customer.name]
        if self != customer and self.name and self.name != customer.name:
            lines.append(self.name)
        lines += [self.street, self.street2, " ".join(filter(None, (self.zip, self.city)))]
        if self.country_id and self.country_id != company.country_id:
            lines.append(self.country_id.with_context(lang="en_US").name.upper())
        return "\n".join(line for line in lines if line)

    def _followup_no_route(self, company, email, letter):
        """:raises UserError: what is missing, and what to do"""
        name = self.commercial_partner_id.display_name
        if email and letter:
            text = self.env._(
                "%(customer)s has no valid e-mail address and no complete postal address. Add one to the customer, "
                "to an invoice address or to a follow-up contact.",
                customer=name,
            )
            raise UserError(self._followup_with_refusals(company, text))
        if letter:
            text = self.env._(
                "%(customer)s has no complete postal address (street, postal code, town). Add it to the customer, "
                "to an invoice address or to a follow-up contact.",
                customer=name,
            )
            raise UserError(self._followup_with_refusals(company, text))
        return self._followup_recipient(company)
