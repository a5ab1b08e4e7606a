from datetime import date, datetime, timedelta
from unittest.mock import patch

import psycopg2
from freezegun.api import freeze_time
from odoo.tests import tagged

from ..models import followup_notice_delivery
from .common import NOW, TODAY, FollowupCommon

LATER = NOW + timedelta(hours=49)


@tagged("post_install_l10n", "post_install", "-at_install")
class TestNightDeliveries(FollowupCommon):
    """What left and did not come back is delivered: many at once, and one that fails alone."""

    def sent(self, count, consumers=False):
        """Notices that left today, one to each of so many new customers."""
        own = {} if consumers else {"is_company": True, "vat": "BE0477472701"}
        partners = self.env["res.partner"].create(
            [{"name": f"Klant {n}", "email": f"k{n}@x.example", **own} for n in range(count)]
        )
        for partner in partners:
            self.invoice(partner=partner)
        self.night()
        notices = self.env["followup.notice"].sudo().search([("partner_id", "in", partners.ids)], order="id")
        self.assertEqual(len(notices), count)
        notices.filtered(lambda notice: notice.state == "review")._go("queued")
        notices._go("sending", claim_date=NOW, attempts=1)
        notices._go("sent", sent_date=NOW)
        self.env.flush_all()
        return notices

    def confirm(self):
        with freeze_time(LATER, real_asyncio=True):
            return self.night(date(2026, 11, 20))

    def test_delivered_with_level_and_waiting_period(self):
        business, consumers = self.sent(2), self.sent(2, consumers=True)
        self.confirm()
        notices = business | consumers
        self.assertEqual(set(notices.mapped("state")), {"delivered"})
        self.assertEqual(set(notices.mapped("delivered_on")), {TODAY})
        self.assertEqual(set(business.mapped("waiting_until")), {False})
        self.assertEqual(set(consumers.mapped("waiting_until")), {date(2026, 12, 2)})
        for notice in notices:
            items = notice.line_ids.item_id
            self.assertEqual(set(items.mapped("level_date")), {TODAY})
            self.assertEqual(items.level_id, notice.level_id)
            self.assertEqual(set(items.mapped("waiting_until")), {notice.waiting_until})

    def test_two_days_are_two_days(self):
        notices = self.sent(2)
        notices[0].with_context(followup_engine=True).sent_date = datetime(2026, 11, 17, 23, 30)  # past midnight here
        notices[1].with_context(followup_engine=True).sent_date = datetime(2026, 11, 17, 22, 30)
        self.env.flush_all()
        self.confirm()
        self.assertEqual(notices.mapped("delivered_on"), [date(2026, 11, 18), date(2026, 11, 17)])

    def test_queries_grow_with_batches(self):
        def measure(count):
            notices = self.sent(count)
            with freeze_time(LATER, real_asyncio=True):
                self.env.invalidate_all()
                before = self.env.cr.sql_log_count
                self.env["followup.notice"].sudo()._confirm(self.company)
                self.env.flush_all()
                took = self.env.cr.sql_log_count - before
            self.assertEqual(set(notices.mapped("state")), {"delivered"})
            return took

        measure(1)
        few, many = measure(2), measure(12)
        self.assertLessEqual(many, few + 2)

    def test_one_that_cannot_be_noted_fails_alone(self):
        notices = self.sent(3)
        original = type(notices)._follow_delivery

        def fails(records):
            if notices[1] in records:
                raise ValueError("broken action")
            return original(records)

        with patch.object(type(notices), "_follow_delivery", fails):
            self.confirm()
        self.assertEqual(notices.mapped("state"), ["delivered", "sent", "delivered"])
        self.assertEqual(notices[1].customer_id.failure, "broken action")
        self.assertFalse(any(notices[::2].customer_id.mapped("failure")))
        self.confirm()
        self.assertEqual(set(notices.mapped("state")), {"delivered"})

    def test_a_conflict_keeps_the_batches_before_it_and_the_run(self):
        notices = self.sent(5)
        runs = self.env["followup.run"].search([])
        calls, original = [], type(notices)._deliver_safely

        def conflict(records):
            calls.append(records.ids)
            if len(calls) == 2:
                raise psycopg2.errors.SerializationFailure("somebody else")
            return original(records)

        with (
            patch.object(followup_notice_delivery, "BATCH", 2),
            patch.object(type(notices), "_deliver_safely", conflict),
        ):
            run = self.confirm()
        self.assertEqual(set(notices.mapped("state")), {"delivered"})
        self.assertEqual(len(calls[0] + calls[1]), 4)
        self.assertFalse(set(calls[0]) & {id for ids in calls[1:] for id in ids}, "what was committed stands")
        self.assertEqual((self.env["followup.run"].search([]) - runs), run, "one night, one run")
        self.assertEqual(run.state, "done")

    def test_returned_between_two_batches(self):
        notices = self.sent(4)
        original, seen = type(notices)._deliver_safely, []

        def bounced(records):
            original(records)
            seen.append(records.ids)
            if len(seen) == 1:
                rest = notices.with_env(records.env) - records
                records.env["followup.notice.report"].create(
                    {"notice_id": rest[0].id, "action": "failed", "recipient": rest[0].email_to, "status": "5.1.1"}
                )

        with (
            patch.object(followup_notice_delivery, "BATCH", 2),
            patch.object(type(notices), "_deliver_safely", bounced),
        ):
            self.confirm()
        self.assertEqual(sorted(notices.mapped("state")), ["bounced", "delivered", "delivered", "delivered"])
