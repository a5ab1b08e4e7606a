import logging
from datetime import timedelta

import psycopg2
from odoo import fields, models
from odoo.exceptions import UserError
from odoo.tools import email_normalize

from .followup_notice import TRANSITIONS

_logger = logging.getLogger(__name__)

#: How long mail servers go on trying when they do not say so (RFC 5321, section 4.5.4.1).
RETRY_DAYS = 5


class FollowupNotice(models.Model):
    """A message that came back, or is late: items return to where they were, and another way is tried once."""

    _inherit = "followup.notice"

    delayed_date = fields.Datetime(
        "Last Report of Delay", readonly=True, help="The receiving mail server does not answer; ours goes on trying."
    )
    delayed_until = fields.Datetime("Tried Until", readonly=True)
    report_ids = fields.One2many("followup.notice.report", "notice_id", "Delivery Reports")

    def _copy_addresses(self):
        """Normalized addresses that got a copy of this message."""
        return set()

    def _delay(self, reason, until=None):
        """Not there yet: it does not count as delivered before the mail servers have stopped trying.

        :param until: naive UTC datetime up to which the server says that it tries
        """
        self.ensure_one()
        if self.state != "sent":
            return
        now = fields.Datetime.now()
        until = max(now, min(until, now + timedelta(days=30))) if until else now + timedelta(days=RETRY_DAYS)
        self.with_context(followup_engine=True).write({"delayed_date": now, "delayed_until": until})
        self.customer_id._note(
            self.env._(
                "%(notice)s has not arrived at %(address)s yet; the mail server goes on trying. %(reason)s",
                notice=self.name,
                address=self.email_to,
                reason=reason,
            )
        )

    def _bounce(self, reason, address=True):
        """The message came back: its items return to the level delivered before it, and another way is tried.

        :param reason: what the mail server or the post said
        :param address: whether the address is to blame; a message refused as spam would be refused elsewhere too
        """
        for notice in self.filtered(lambda notice: "bounced" in TRANSITIONS[notice.state]):
            notice._go("bounced", bounced_date=fields.Datetime.now(), failure=reason)
            if notice.standby:
                self.env["followup.item"]._recompute_levels(notice.line_ids.filtered("advances").item_id.ids)
                continue
            self.env["followup.charge"].sudo()._unclaim(notice)
            notice._try(lambda notice: self.env["followup.suspension"].sudo()._withdraw_announcement(notice))
            notice.customer_id._forget_message()
            promoted = notice._promote()
            if promoted and address:
                # The letter counts; the next e-mail goes elsewhere.
                partner = notice.partner_id.with_company(notice.company_id)
                partner._followup_mark_bounced(email_normalize(notice.email_to or ""))
            if promoted or notice._take_another_way(reason, address):
                self.env["followup.item"]._recompute_levels(notice.line_ids.filtered("advances").item_id.ids)
                notice._try(lambda notice: notice.customer_id._refresh())
                continue
            lines = notice.line_ids.filtered("advances")
            lines.with_context(followup_engine=True).failure = reason
            self.env["followup.item"]._recompute_levels(lines.item_id.ids)
            notice.customer_id._report_failure(
                self.env._(
                    "Notice %(notice)s came back from %(address)s: %(reason)s",
                    notice=notice.name,
                    address=notice._where(),
                    reason=reason,
                )
            )
            notice._try(lambda notice: notice.customer_id._refresh())

    def _where(self):
        """The address that it went to, in one line."""
        self.ensure_one()
        return self.email_to or ", ".join((self.address or "").splitlines())

    def _take_another_way(self, reason, address=True):
        """Remember a bad e-mail address, and say by which way the next run tries again.

        The run itself prepares it, by all the rules of that day. A letter that comes back, or a second address, is the
        end of it: a person looks.

        :return: whether there is another way
        """
        self.ensure_one()
        if not address or self.channel != "email" or self.purpose not in ("level", "instalment", "missed"):
            return False
        partner = self.partner_id.with_company(self.company_id)
        bad = email_normalize(self.email_to or "")
        partner._followup_mark_bounced(bad)
        try:
            route = partner._followup_route(self.company_id, self.level_id or None)
        except UserError:
            return False
        if route.channel == "email" and email_normalize(route.email) == bad:
            return False
        if self.purpose != "level":
            self.with_context(followup_engine=True).occupies = False
        self.customer_id._note(
            self.env._(
                "%(notice)s came back from %(address)s: %(reason)s. It is tried once more: by letter to %(way)s",
                notice=self.name,
                address=self.email_to,
                reason=reason,
                way=", ".join(route.address.splitlines()),
            )
            if route.channel == "letter"
            else self.env._(
                "%(notice)s came back from %(address)s: %(reason)s. It is tried once more: to %(way)s",
                notice=self.name,
                address=self.email_to,
                reason=reason,
                way=route.email,
            )
        )
        return True

    def _try(self, step):
        """Do a step that may restore a service: a server action that fails keeps no bounce from being noted.

        Each hour tries to restore again.
        """
        try:
            with self.env.cr.savepoint():
                step(self)
        except psycopg2.OperationalError:
            raise
        except Exception:
            self.env.invalidate_all()
            _logger.warning("What follows from notice %s could not be noted", self.id, exc_info=True)
