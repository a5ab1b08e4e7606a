from datetime import date, datetime, timedelta

import pytz
from freezegun.api import freeze_time
from odoo.exceptions import ValidationError
from odoo.tests import tagged

from .common import TODAY, SendingCommon

BRUSSELS = pytz.timezone("Europe/Brussels")


@tagged("post_install_l10n", "post_install", "-at_install")
class TestFaultsTime(SendingCommon):
    """Clocks, days and companies that are not as usual. The server runs in UTC, the company in Brussels."""

    def at(self, *moment):
        return freeze_time(datetime(*moment), real_asyncio=True)

    def cron(self):
        with self.committing() as env:
            env["followup.engine"]._cron_night()

    def runs(self):
        runs = self.env["followup.run"].sudo().search([("company_id", "=", self.company.id)], order="id")
        return [(run.date, run.state, run.notice_count) for run in runs]

    def html(self, place=-1):
        return self.sink.messages[place][1].get_body(("html",)).get_content()

    # The clock

    def test_the_run_of_tomorrow_then_of_yesterday(self):
        self.invoice()
        for day in (19, 17, 18):
            self.night(date(2026, 11, day))
        self.assertEqual(len(self.notices()), 1)
        self.queue()
        self.assertIn("24 Nov 2026", self.html(), "the deadline of the day on which it leaves")
        with self.at(2026, 11, 17, 10):
            self.night(date(2026, 11, 17))
            self.queue()
        self.assertEqual(len(self.sink.messages), 1)

    def test_a_clock_that_was_a_year_ahead(self):
        """What was sent meanwhile counts from its date: the customer is left alone, and his screen says until when."""
        self.invoice()
        with self.at(2027, 11, 17, 10):
            self.night(date(2027, 11, 17))
            self.queue()
        self.assertEqual(len(self.sink.messages), 1)
        self.invoice(due=date(2026, 11, 9))
        for _again in range(2):
            self.night()
            self.queue()
        self.assertEqual(len(self.sink.messages), 1)
        self.assertLessEqual({"min_gap"}, self.codes(self.customer()))
        self.assertIn("2027", self.customer().why)

    def test_a_minute_before_and_after_midnight(self):
        self.invoice(due=date(2026, 11, 10))
        with self.at(2026, 11, 15, 22, 59):  # 23:59 on Sunday in Brussels
            self.cron()
        self.assertEqual(self.runs(), [(date(2026, 11, 15), "done", 0)])
        with self.at(2026, 11, 15, 23, 1):  # 00:01 on Monday; in UTC it is still Sunday
            self.cron()
            self.cron()
        self.assertEqual([run[0].day for run in self.runs()], [15, 16, 16])
        notice = self.notices()
        self.assertEqual((notice.prepared_on, notice.scheduled_date), (date(2026, 11, 16), datetime(2026, 11, 16, 7)))

    def test_sending_hours_when_summer_time_begins_and_ends(self):
        self.company.followup_send_any_day = True
        for start, local, opens in (
            (8.0, (2026, 3, 28, 22), (2026, 3, 29, 6)),  # summer time begins on the 29th: 8.00 is 6.00 UTC
            (8.0, (2026, 3, 27, 22), (2026, 3, 28, 7)),
            (8.0, (2026, 10, 24, 22), (2026, 10, 25, 7)),  # and ends on 25 October
            (8.0, (2026, 10, 23, 22), (2026, 10, 24, 6)),
            (2.5, (2026, 3, 29, 0, 30), (2026, 3, 29, 1, 30)),  # half past two does not exist: half past three
            (2.5, (2026, 10, 25, 0, 30), (2026, 10, 25, 1, 30)),  # it is there twice: the second time
            (7.999, (2026, 11, 18, 5), (2026, 11, 18, 7)),  # 7 hours and 60 minutes are eight o'clock
        ):
            with self.subTest(start=start, local=local):
                self.company.followup_send_from = start
                now = BRUSSELS.localize(datetime(*local))
                self.assertEqual(self.company._followup_send_window(now), datetime(*opens))

    def test_a_night_in_the_hour_that_is_there_twice(self):
        """02:30 in Brussels comes twice on 25 October 2026, a Sunday; the Monday after it nothing is sent twice."""
        self.invoice(due=date(2026, 10, 20))
        for hour in (0, 1):
            with self.at(2026, 10, 25, hour, 30):
                self.cron()
        self.assertEqual([run[0] for run in self.runs()], [date(2026, 10, 25)] * 2)
        for minute in (30, 40):
            with self.at(2026, 10, 26, 8, minute):
                self.cron()
                self.queue()
        self.assertEqual(len(self.sink.messages), 1)

    def test_delivered_counts_hours_not_clock_faces(self):
        """48 hours over the end of summer time."""
        self.invoice(due=date(2026, 10, 12))
        with self.at(2026, 10, 23, 10):
            self.night(date(2026, 10, 23))
            self.queue()
        with self.at(2026, 10, 25, 9, 59):
            self.night(date(2026, 10, 25))
            self.assertEqual(self.notices().state, "sent")
        with self.at(2026, 10, 25, 10, 1):
            self.night(date(2026, 10, 25))
        self.assertEqual((self.notices().state, self.notices().delivered_on), ("delivered", date(2026, 10, 23)))

    # The calendar

    def test_leap_day(self):
        """Due on 29 February: the step, the deadline and the interest over it."""
        self.company.followup_cutoff_date = date(2024, 1, 1)
        move = self.invoice(due=date(2024, 2, 29), amount=36500)
        late = self.invoice(self.consumer, due=date(2024, 2, 10))
        with self.at(2024, 2, 23, 10):
            self.night(date(2024, 2, 23))
            self.queue()
            self.assertEqual(self.notices().ids, [], "due in six days")
            self.assertEqual(self.notices(self.consumer).pay_before, date(2024, 3, 8), "fourteen days over the 29th")
        with self.at(2024, 3, 4, 10):
            self.night(date(2024, 3, 4))
            self.queue()
            self.assertIn("29 Feb 2024", self.html())
            self.assertEqual(self.items().days_late, 4)
            # 12.5 % of the first half of 2024 on 36,500: 12.50 a day, from 1 to 4 March.
            self.assertEqual(self.items().claim_interest, 50.0)
        self.assertEqual((move.amount_residual, late.amount_residual), (36500, 100))

    def test_off_for_a_week(self):
        """What was prepared before leaves once, with deadlines that count from the day on which it leaves."""
        self.invoice(due=date(2026, 11, 2))
        self.invoice(partner=self.consumer, due=date(2026, 11, 2))
        self.night()
        with self.at(2026, 11, 27, 10):
            for _again in range(2):
                self.queue()
                self.cron()
        self.assertEqual(self.sink.recipients(), ["boekhouding@zoetebrood.example", "jan@peeters.example"])
        notice, free = self.notices(), self.notices(self.consumer)
        self.assertEqual((notice.prepared_on, notice.pay_before), (date(2026, 11, 27), date(2026, 12, 3)))
        self.assertEqual(free.pay_before, date(2026, 12, 11), "fourteen full days from the day of sending")
        for place in (0, 1):
            self.assertNotIn("24 Nov 2026", self.html(place))

    def test_missed_nights_lead_to_one_message(self):
        """Three levels would have been due in the meantime: he gets the first of them, once."""
        self.invoice(due=date(2026, 9, 1))
        with self.at(2026, 11, 27, 10):
            for _again in range(3):
                self.cron()
                self.queue()
        self.assertEqual([(n.level_id, n.state) for n in self.notices()], [(self.level(10), "sent")])
        self.assertEqual(len(self.sink.messages), 1)

    # Companies

    def test_a_company_without_chart_of_accounts(self):
        bare = self.env["res.company"].create({"name": "Bare", "followup_cutoff_date": date(2026, 1, 1)})
        self.assertFalse(bare.chart_template)
        self.invoice()
        self.cron()
        run = self.env["followup.run"].sudo().search([("company_id", "=", bare.id)])
        self.assertEqual((run.state, run.customer_count, run.failure_count), ("done", 0, 0))
        self.assertEqual(len(self.notices()), 1, "the other company has its night")
        self.customer(company=bare)._refresh()
        self.assertEqual(self.customer(company=bare).state, "clear")

    def test_an_archived_company_writes_to_nobody(self):
        self.invoice()
        self.invoice(self.consumer)
        self.night()
        # Odoo refuses it as long as users are in the company.
        with self.assertRaises(ValidationError), self.env.cr.savepoint():
            self.company.active = False
            self.env.flush_all()
        self.env.cr.execute("UPDATE res_company SET active = FALSE WHERE id = %s", [self.company.id])
        self.env.invalidate_all()
        runs = len(self.runs())
        self.cron()
        self.queue()
        self.assertFalse(self.sink.messages)
        self.assertEqual((self.notices().state, len(self.runs())), ("cancelled", runs))
        self.assertIn("is archived", self.notices().cancel_reason)

    def test_a_company_with_another_currency(self):
        """Minimum and figures are dollars; an invoice in euro is asked for in euro."""
        self.env.ref("base.USD").active = True
        data = self.setup_other_company(name="Dollar Inc.", currency_id=self.env.ref("base.USD").id)
        company = data["company"]
        self.assertEqual(company.currency_id.name, "USD")
        self.env["followup.assistant"]._mark_finished(company)
        company.write(
            {
                "email": "usd@dollar.example",
                "followup_cutoff_date": date(2026, 1, 1),
                "followup_live": True,
                "followup_freshness_days": 0,
                "country_id": self.env.ref("base.us").id,
            }
        )
        in_company = self.env["account.move"].with_company(company)
        for currency, amount in (("base.USD", 100), ("base.EUR", 50)):
            move = in_company.create(
                {
                    "move_type": "out_invoice",
                    "partner_id": self.business.id,
                    "currency_id": self.env.ref(currency).id,
                    "invoice_date": date(2026, 10, 10),
                    "invoice_date_due": TODAY - timedelta(days=8),
                    "invoice_line_ids": [(0, 0, {"name": "x", "price_unit": amount, "tax_ids": [(6, 0, [])]})],
                }
            )
            move.action_post()
        run = self.night(company=company)
        self.assertEqual((run.notice_count, run.failure_count), (1, 0))
        self.queue()
        html = self.html()
        for amount in ("$\N{NO-BREAK SPACE}100.00", "50.00\N{NO-BREAK SPACE}€"):
            self.assertIn(amount, html.replace("$ ", "$\N{NO-BREAK SPACE}").replace(" €", "\N{NO-BREAK SPACE}€"))
        self.assertEqual(self.customer(company=company).currency_id.name, "USD")
