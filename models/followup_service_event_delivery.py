import logging
import time
from collections import Counter
from datetime import timedelta

from odoo import api, fields, models
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import SQL

from ..engine import webhook

_logger = logging.getLogger(__name__)

#: A system that gave no answer so many times in a row is left alone until the next pass.
PATIENCE = 3
BATCH = 100
#: How much of an answer is kept for people.
EXCERPT = 500


class FollowupServiceEvent(models.Model):
    """From the outbox to the webhook: claimed and committed, sent, and the answer noted.

    Killed anywhere, an event is sent again when its claim runs out: at least once, and the receiver knows the key.
    """

    _inherit = "followup.service.event"

    @api.model
    def _cron_deliver(self):
        """Deliver what is due, one event of a service after the other; every attempt in transactions of its own."""
        cron = self.env["ir.cron"]
        silent = Counter()  # company id -> attempts without an answer, in a row
        seen = set()
        while due := self._due(seen, [company for company, times in silent.items() if times >= PATIENCE]):
            for event in due:
                seen.add(event.id)
                company_id = event.company_id.id
                if silent[company_id] >= PATIENCE:
                    continue
                status = event._deliver_once()
                if status is not None:
                    silent[company_id] = 0 if status else silent[company_id] + 1
                if not cron._commit_progress(1, remaining=len(set(due.ids) - seen)):
                    return

    @api.model
    def _due(self, but=(), but_companies=(), only=None):
        """Events that may leave now: nothing earlier of the same service is in the way.

        What waits for its next attempt is due at once when something newer happened to the service: a customer who
        paid does not stay cut off because of a back-off.
        """
        self.flush_model()
        self.env["res.company"].flush_model(["followup_provisioning"])
        rows = self.env.execute_query(
            SQL(
                """SELECT event.id
                     FROM followup_service_event event
                     JOIN res_company company ON company.id = event.company_id
                    WHERE event.state = 'pending'
                      AND company.followup_provisioning = 'webhook'
                      AND (%(only)s IS NULL OR event.id = %(only)s)
                      -- Stopped: a restoration goes all the same, and passes what was not told yet.
                      AND (event.kind = 'restored' OR split_part(company.parent_path, '/', 1)::int <> ALL(%(stopped)s))
                      AND event.id <> ALL(%(but)s) AND event.company_id <> ALL(%(but_companies)s)
                      AND (event.next_attempt <= %(now)s
                           OR event.claimed IS NOT TRUE AND EXISTS (
                              SELECT FROM followup_service_event later
                               WHERE later.service_number = event.service_number
                                 AND later.sequence > event.sequence
                                 AND later.sequence > event.attempt_sequence))
                      AND NOT EXISTS (
                          SELECT FROM followup_service_event earlier
                           WHERE earlier.service_number = event.service_number
                             AND earlier.sequence < event.sequence
                             AND (earlier.state = 'pending'
                                  AND (earlier.claimed OR split_part(company.parent_path, '/', 1)::int <> ALL(%(stopped)s))
                                  OR earlier.state = 'failed' AND event.kind <> 'restored'))
                      AND NOT EXISTS (
                          SELECT FROM followup_service_event later
                           WHERE later.service_number = event.service_number
                             AND later.sequence > event.sequence
                             AND later.state = 'pending' AND later.claimed)
                 ORDER BY event.kind <> 'restored', event.next_attempt, event.id
                    LIMIT %(limit)s""",
                only=only,
                stopped=self._stopped_companies().ids,
                but=list(but),
                but_companies=list(but_companies),
                now=fields.Datetime.now(),
                limit=BATCH,
            )
        )
        return self.browse(event_id for [event_id] in rows)

    def _deliver_once(self):
        """One attempt.

        :return: the HTTP status, 0 without an answer, None when there was no attempt
        """
        self.ensure_one()
        self.env.cr.commit()  # a transaction of its own, that sees what others did meanwhile
        try:
            ready = self._claim()
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            self._begin_anew()
            return None  # somebody else is at it
        if not ready:
            return None
        attempt, url, secret, timeout = ready
        body = webhook.encode(self.payload)
        headers = self._prepare_headers(secret, body)
        self.env["res.company"]._followup_internal_hosts()  # known from here on: nothing is read while we wait
        self.env.cr.commit()  # no transaction is open while we wait for the answer
        status, text, outcome, retry_after = 0, "", "later", 0
        try:
            answer = self._post(url, body, headers, timeout)
            status, text, outcome, retry_after = answer.status, answer.text, answer.outcome, answer.retry_after
        except webhook.WebhookError as error:
            text = str(error)
        except Exception as error:
            # Whatever broke: this one is tried again, the others go.
            _logger.warning("Event %s could not be sent", self.id, exc_info=True)
            text = repr(error)
        self._note_safely(attempt, status, text[:EXCERPT], outcome, retry_after)
        return status

    def _note_safely(self, *result):
        """Note and commit; what cannot be noted is sent again when its claim runs out, and stops nobody else."""
        for _try in range(5):
            try:
                self._note(*result)
                self.env.flush_all()
                self.env.cr.commit()
                return
            except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
                # Somebody acknowledged it meanwhile, or works on its task: look again.
                self._begin_anew()
            except Exception:
                self._begin_anew()
                _logger.exception("The answer about event %s could not be noted", self.id)
                return

    def _begin_anew(self):
        self.env.cr.rollback()
        self.env.invalidate_all(flush=False)

    def _claim(self):
        """Take this event for one attempt: its number is committed before anything leaves.

        :return: (number of the attempt, address, secret, time-out), or None when it may not leave now
        """
        if not self.try_lock_for_update():
            return None
        self.invalidate_recordset()
        if self.state != "pending":
            return None
        company = self.company_id.sudo()
        if company._followup_provisioning_mode() == "none":
            self._go("skipped", last_error=self.env._("No system to tell, or a copy of a database."))
            return None
        if not self._due(only=self.id):
            return None
        if not company.followup_webhook_url or not company.followup_webhook_secret:
            self.last_error = self.env._("Give the address and make the secret in the settings, Provisioning.")
            self.next_attempt = fields.Datetime.now() + timedelta(minutes=5)
            return None
        if self.attempts >= company.followup_webhook_max_attempts:
            self._go("failed", claimed=False)  # killed in its last attempt: nobody knows the answer
            return None
        now = fields.Datetime.now()
        timeout = company.followup_webhook_timeout
        # Until the claim runs out nobody else sends it: longer than the slowest answer.
        lease = timedelta(seconds=webhook.delay(self.attempts + 1) + 4 * timeout)
        self.write(
            {
                "attempts": self.attempts + 1,
                "attempt_date": now,
                "attempt_sequence": self._newest_sequence(),
                "next_attempt": now + lease,
                "claimed": True,
                "response_status": 0,
                "last_error": self.env._("Attempt %s began, and its answer was not noted.", self.attempts + 1),
            }
        )
        result = self.attempts, company.followup_webhook_url, company.followup_webhook_secret, timeout
        self.env.flush_all()
        return result

    def _newest_sequence(self):
        newest = self.search([("service_number", "=", self.service_number)], order="sequence desc", limit=1)
        return newest.sequence

    def _prepare_headers(self, secret, body):
        timestamp = str(int(time.time()))
        return {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": "l10n_be_followup",
            "X-Followup-Event": self.kind,
            "X-Followup-Key": self.key,
            "X-Followup-Timestamp": timestamp,
            "X-Followup-Signature": webhook.sign(secret, timestamp, body),
        }

    @api.model
    def _post(self, url, body, headers, timeout):
        """The one place that speaks to the world; tests replace it.

        :rtype: webhook.Answer
        :raises webhook.WebhookError: without a complete answer
        """
        return webhook.post(url, body, headers, timeout, self.env["res.company"]._followup_internal_hosts())

    def _note(self, attempt, status, text, outcome, retry_after):
        """Write down what came of an attempt."""
        self.invalidate_recordset()
        if self.state != "pending":
            return  # acknowledged by RPC or by a person while it was on its way
        if outcome in ("delivered", "acknowledged"):
            self._overtake()
            self._go(outcome, claimed=False, response_status=status)
            return
        if self.attempts != attempt:
            return  # the claim ran out and a later attempt is on its way: that one decides
        company = self.company_id
        words = (
            self.env._("The system answered %(status)s: %(text)s", status=status, text=text or "-")
            if status
            else self.env._("No answer: %s", text)
        )
        vals = {"claimed": False, "response_status": status, "last_error": words}
        if outcome == "refused" or attempt >= company.followup_webhook_max_attempts:
            self._go("failed", **vals)
            return
        wait = webhook.delay(attempt, retry_after)
        self.write({**vals, "next_attempt": fields.Datetime.now() + timedelta(seconds=wait)})

    def _overtake(self):
        """A restoration passed dead letters: they must not be sent after it, or it would be undone."""
        overtaken = self.search(
            [
                ("service_number", "=", self.service_number),
                ("sequence", "<", self.sequence),
                ("state", "in", ("failed", "pending")),  # pending: retried while this one was on its way
            ]
        )
        if overtaken:
            overtaken._go("skipped", last_error=self.env._("Overtaken by %s.", self.display_name))
