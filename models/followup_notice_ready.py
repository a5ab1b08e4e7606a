import logging
import time

import psycopg2
from odoo import models

from ..engine import application

_logger = logging.getLogger(__name__)

#: So many messages are made ready together; their customers are locked for so long.
READY_BATCH = 40
#: Seconds for which a message stays ready, when nothing is written in the meantime.
READY_SECONDS = 60


class FollowupNotice(models.Model):
    """Messages made ready to leave, many at once: decided again, rendered and checked, with queries for all of them.

    Each is still claimed by itself, at its own moment and under the lock of its customer. It leaves without being
    decided once more only when no row was written since that its decision stands on.
    """

    _inherit = "followup.notice"

    def _make_ready(self):
        """Bring these messages to the point where only their claims are missing. What no longer holds is settled.

        Commits nothing. Whatever goes wrong leaves all of them to be decided one by one.

        :return: dict notice id -> what `_is_ready` asks for
        """
        try:
            with self.env.cr.savepoint():
                return self._make_all_ready()
        except psycopg2.OperationalError:
            raise
        except Exception:  # one of them is bad: it fails alone, when it is its turn
            self.env.invalidate_all(flush=False)
            _logger.info("Follow-up notices %s are decided one by one", self.ids, exc_info=True)
            return {}

    def _make_all_ready(self):
        customers = self.customer_id.try_lock_for_update(allow_referencing=True)
        notices = self.filtered(lambda notice: notice.customer_id in customers).try_lock_for_update()
        notices.invalidate_recordset()
        # Two messages to one customer stand in each other's way: they are decided one by one.
        alone = [same.id for same in notices.grouped("customer_id").values() if len(same) == 1]
        notices = notices.browse(alone).filtered(
            lambda notice: notice.state == "queued" and notice.purpose == "level" and not notice.standby
        )
        result = {}
        for company, same in notices.grouped("company_id").items():
            if company._followup_root().active and not company._followup_opening():
                result |= same._make_ready_for(company)
        return result

    def _make_ready_for(self, company):
        """:param company: of all these notices; it may send now"""
        engine = self.env["followup.engine"]
        live = company._followup_live_partners(self.partner_id)
        notices = self.filtered(lambda notice: notice.approved_by or notice.partner_id in live)
        # Who is left out has something under way that moves by itself.
        customers = notices.customer_id.browse(list(engine._stands_on(company, notices.customer_id)))
        notices = notices.filtered(lambda notice: notice.customer_id in customers)
        if not notices:
            return {}
        today = company._followup_today()
        decisions = engine._decide_for_letters(notices, today)
        taken = [decision for decision in decisions.values() if decision.message]
        amounts = application.Known.of(self.env, taken, engine._claims_of(company, taken, today))
        # What was prepared on another day is rendered with its fresh amounts.
        notices.filtered(lambda notice: notice.prepared_on == today and decisions[notice.id].message)._ensure_rendered()
        ready = notices.browse()
        for notice in notices:
            mail = notice.mail_ids.filtered(lambda mail: mail.state == "outgoing")
            if len(mail) == 1 and notice._decide_again(mail, decisions[notice.id], amounts):
                ready |= notice
        self.env.flush_all()
        stands = engine._stands_on(company, ready.customer_id)
        until = time.monotonic() + READY_SECONDS
        return {
            notice.id: (today, until, stands[notice.customer_id.id])
            for notice in ready
            if notice.customer_id.id in stands
        }

    def _is_ready(self, ready):
        """Whether this message was made ready a moment ago, and nothing was written since that its decision stands on.

        :param ready: what `_make_ready` gave for it, or None
        """
        self.ensure_one()
        if not ready:
            return False
        day, until, stands = ready
        if time.monotonic() > until or day != self.company_id._followup_today():
            return False
        now = self.env["followup.engine"]._stands_on(self.company_id, self.customer_id)
        return now.get(self.customer_id.id) == stands
