import logging
from datetime import timedelta

import psycopg2
import pytz
from odoo import api, fields, models
from odoo.tools import split_every

from ..engine import application
from ..legal.consumer import waiting_period
from .followup_engine import BATCH

_logger = logging.getLogger(__name__)


class FollowupNotice(models.Model):
    """What became of a notice: delivered, returned, or a call that was made."""

    _inherit = "followup.notice"

    @api.model
    def _confirm(self, company, now=None):
        """Move on what time has decided: sent and not returned is delivered, an old claim is unknown.

        With `followup_commit_batches` in the context each batch of deliveries is committed, with the cron's progress;
        that is for the beginning of a night.

        :param now: naive UTC datetime, for tests
        """
        now = now or fields.Datetime.now()
        reports = self.env["followup.notice.report"]
        reported = reports._apply_pending(company)
        sent = self.search(
            [
                ("company_id", "=", company.id),
                ("channel", "not in", ("letter", "sms")),
                ("state", "=", "sent"),
                ("sent_date", "<=", now - timedelta(hours=company.followup_bounce_hours)),
                "|",
                ("delayed_until", "=", False),
                ("delayed_until", "<=", now - timedelta(hours=company.followup_bounce_hours)),
            ]
        )
        for ids in split_every(BATCH, sent.ids):
            # What came back and could not be noted yet is no delivery.
            arrived = self.browse(ids).filtered(lambda notice: notice.state == "sent") - reported
            arrived._deliver_safely()
            if self.env.context.get("followup_commit_batches"):
                self.env["ir.cron"]._commit_progress()
                self.env["followup.run"]._lock_beginning(company)
                reported = reports._apply_pending(company)  # of the next ones, since
        self._confirm_claims(company, now)
        self._confirm_calls(company, now)

    @api.model
    def _confirm_claims(self, company, now):
        """A claim of more than an hour ago without an answer of the mail server: nobody knows."""
        stale = self.search(
            [("company_id", "=", company.id), ("state", "=", "sending"), ("claim_date", "<", now - timedelta(hours=1))]
        )
        for notice in stale.try_lock_for_update():
            notice._mark_unknown()
        self._tell_lost_copies(company, now)

    @api.model
    def _confirm_calls(self, company, now):
        """After five working days a planned call takes its items to its level, whether it was made or not."""
        calls = self.search([("company_id", "=", company.id), ("channel", "=", "call"), ("state", "=", "queued")])
        today = self._local_day(company, now)
        calls -= calls._cancel_moot_calls()
        late = calls.filtered(
            lambda call: application.working_days_between(company, call.call_date or call.prepared_on, today) >= 5
        )
        # Nobody called, and nobody should: after what holds it the ladder plans the call again.
        held = late.filtered(lambda call: call._all_held())
        held._cancel(self.env._("what it is about is promised, disputed or in an arrangement"))
        (late - held)._deliver(today)

    def _deliver_safely(self):
        """These arrived on the day on which they left: all in one go, and one by one when one of them cannot be noted."""
        days = self.grouped(lambda notice: notice._local_date(notice.delayed_date or notice.sent_date))
        try:
            with self.env.cr.savepoint():
                for day, same in days.items():
                    same._deliver(day)
            return
        except psycopg2.OperationalError:
            raise
        except Exception:  # noqa: BLE001
            self.env.invalidate_all()
        for day, same in days.items():
            for notice in same:
                try:
                    with self.env.cr.savepoint():
                        notice._deliver(day)
                except psycopg2.OperationalError:
                    raise
                except Exception as error:
                    # A server action that fails when a suspension is announced: the others are delivered.
                    self.env.invalidate_all()
                    _logger.info("The delivery of notice %s could not be noted", notice.id, exc_info=True)
                    notice.customer_id._report_failure(str(error))

    def _deliver(self, day):
        """These messages arrived: items reach their level, and a consumer's fourteen days count from `day`."""
        for free_until, same in self.grouped(lambda notice: notice._begins_waiting(day)).items():
            same._go("delivered", delivered_on=day, waiting_until=free_until)
        self.env["followup.item"]._recompute_levels(self.line_ids.filtered("advances").item_id.ids)
        self._follow_delivery()

    def _begins_waiting(self, day):
        """:return: the last of a consumer's fourteen days that this message begins by arriving on `day`, or False"""
        self.ensure_one()
        # Only a message with the block for consumers begins the fourteen days; a business reminder does not.
        if (
            self.regime != "b2c"
            or not self._is_written()
            or "first_reminder" not in self.line_ids.filtered("advances").mapped("level_kind")
        ):
            return False
        free_until = self._free_until(day, self.company_id, self._medium())
        if self.channel == "letter":
            free_until = max(free_until, self._promised_until())  # posted sooner than expected: what it says stands
        return free_until

    def _follow_delivery(self):
        """What begins with messages that arrived and count: the clock of each service that they announce."""
        announcing = self.filtered(lambda notice: notice.services and notice._is_written() and not notice.standby)
        if announcing:
            self.env["followup.suspension"].sudo()._announce(announcing)

    @api.model
    def _free_until(self, day, company, medium="email"):
        """Last of the consumer's fourteen days for a message sent on `day` (art. XIX.2).

        :param medium: `email`, or `post` for a letter, whose days begin on the third working day after it was sent
        """
        root = company._followup_root()
        return waiting_period(day, medium, root.followup_saturday_counts, root.followup_extend_period).last_day

    def _cancel_moot_calls(self):
        """Take planned calls back of which every invoice is paid by now.

        :return: the calls taken back
        """
        moot = self.filtered(lambda call: not any(item.is_open for item in call.line_ids.item_id))
        moot._cancel(self.env._("nothing is due any more"))
        return moot

    def _all_held(self):
        """Whether a promise, a dispute or an arrangement holds all that is open of it."""
        self.ensure_one()
        items = self.line_ids.item_id.filtered("is_open")
        held = self.env["followup.cover"]._held_by_item(items)
        return all(
            item.currency_id.compare_amounts(held.get(item, 0.0), item.amount_residual_currency) >= 0 for item in items
        )

    def _call_done(self):
        for notice in self.filtered(lambda notice: notice.state == "queued" and notice.channel == "call"):
            notice._deliver(notice.company_id._followup_today())
            notice.customer_id._refresh()

    def _local_date(self, moment):
        return self._local_day(self.company_id, moment)

    @api.model
    def _local_day(self, company, moment):
        zone = pytz.timezone(company._followup_root().followup_tz or "Europe/Brussels")
        return pytz.utc.localize(moment).astimezone(zone).date()
