import logging
from collections import Counter

from odoo import models
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import SQL

from ..engine import watch

_logger = logging.getLogger(__name__)


class MailMail(models.Model):
    """A pass of the mail queue: what a brake holds is put aside together, and one line says what became of the rest."""

    _inherit = "mail.mail"

    def _followup_log(self, seconds):
        """One line a pass and company: what became of the messages that were offered."""
        if not self:
            return
        self.env["followup.notice"].flush_model(["state", "held_by"])
        companies = {}
        for company_id, state, held_by, count in self.env.execute_query(
            SQL(
                """SELECT notice.company_id, notice.state, notice.held_by, count(*)
                     FROM mail_mail mail JOIN followup_notice notice ON notice.id = mail.followup_notice_id
                    WHERE mail.id = ANY(%s) GROUP BY 1, 2, 3""",
                self.ids,
            )
        ):
            states, held = companies.setdefault(company_id, (Counter(), set()))
            states[state] += count
            if held_by and state == "queued":
                held.add(held_by)
        for company_id, (states, held) in companies.items():
            facts = {state: states[state] for state in ("sent", "failed", "unknown", "cancelled", "review")}
            _logger.info(
                "%s",
                watch.line(
                    "queue",
                    company=company_id,
                    offered=states.total(),
                    **facts,
                    waiting=states["queued"],
                    held=",".join(sorted(held)) or None,
                    seconds=seconds,
                ),
            )

    def _followup_unbraked(self, auto_commit):
        """Put aside what a brake of its company holds, all in one go; the others are looked at one by one.

        :return: the mails whose notices may leave
        """
        if not self or not self.env["followup.brake"].sudo().search_count([("state", "=", "holding")], limit=1):
            return self
        try:
            free = self.followup_notice_id._leave_braked()
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY as error:
            if not auto_commit:
                raise
            self.env.cr.rollback()
            self.env.invalidate_all(flush=False)
            _logger.info("What is held is looked at one by one: %s", error)
            return self
        if auto_commit:
            self.env.cr.commit()
        return self.filtered(lambda mail: mail.followup_notice_id in free)
