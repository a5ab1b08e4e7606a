from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger
from psycopg2 import IntegrityError

from .common import FollowupCommon

CSV = "KEY,FREQ,TIME_PERIOD,OBS_VALUE\nFM.B.U2.EUR.4F.KR.MRR_FR.LEV,B,{day},{value}\n"


class Bank(ThreadingHTTPServer):
    """A bank of rates on localhost that answers as it is told."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Answer)
        self.body, self.status, self.paths = b"", 200, []
        self.url = f"http://127.0.0.1:{self.server_address[1]}/rates"


class Answer(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.paths.append(self.path)
        self.send_response(self.server.status)
        self.end_headers()
        self.wfile.write(self.server.body)

    def log_message(self, *args):
        pass


@tagged("post_install_l10n", "post_install", "-at_install")
class TestRates(FollowupCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rates = cls.env["followup.rate"].sudo()

    @contextmanager
    def bank(self, body=None, status=200):
        bank = Bank()
        bank.body = (body if body is not None else CSV.format(day="2026-06-11", value="2.15")).encode()
        bank.status = status
        thread = Thread(target=bank.serve_forever, daemon=True)
        thread.start()
        self.env["ir.config_parameter"].sudo().set_param("l10n_be_followup.ecb_url", bank.url)
        try:
            yield bank
        finally:
            bank.shutdown()
            bank.server_close()
            thread.join()

    def without_second_half(self):
        self.rates.search([("kind", "=", "b2b"), ("date_from", "=", date(2026, 7, 1))]).unlink()

    def test_shipped_rates_cover_this_year(self):
        table = self.rates._rate_table("b2b")
        self.assertEqual(table.covered_until, date(2026, 12, 31))
        self.assertEqual(table.on(date(2024, 3, 1)), Decimal("12.5"))
        self.assertEqual(table.on(date(2013, 3, 15)), Decimal("8"))
        self.assertEqual(table.on(date(2013, 3, 16)), Decimal("9"))
        self.assertEqual(self.rates._rate_table("civil").on(date(2023, 6, 1)), Decimal("5.25"))

    def test_no_two_rates_on_one_day(self):
        with self.assertRaises(IntegrityError), mute_logger("odoo.sql_db"):
            self.rates.create({"kind": "b2b", "date_from": date(2026, 7, 1), "rate": 1})
            self.env.flush_all()

    def test_a_rate_begins_with_a_half_year(self):
        with self.assertRaisesRegex(ValidationError, "1 January or 1 July"):
            self.rates.create({"kind": "b2b", "date_from": date(2027, 2, 1), "rate": 10})

    def test_a_gap_ends_the_cover(self):
        self.rates.create({"kind": "b2b", "date_from": date(2027, 7, 1), "rate": 10})
        self.assertEqual(self.rates._rate_table("b2b").covered_until, date(2026, 12, 31))
        self.rates.create({"kind": "b2b", "date_from": date(2027, 1, 1), "rate": 10})
        self.assertEqual(self.rates._rate_table("b2b").covered_until, date(2027, 12, 31))

    def test_the_next_half_year_is_derived_and_waits_for_a_person(self):
        self.without_second_half()
        with self.bank() as bank:
            row = self.rates._propose(date(2026, 11, 18))
        self.assertEqual((row.rate, row.reference_rate, row.status, row.confirmed), (10.5, 2.15, "derived", False))
        self.assertIn("endPeriod=2026-07-01", bank.paths[0])
        self.assertEqual(self.rates._rate_table("b2b").covered_until, date(2026, 6, 30), "not before it is confirmed")
        row.action_confirm()
        self.assertEqual(self.rates._rate_table("b2b").covered_until, date(2026, 12, 31))

    def test_only_when_it_is_missing(self):
        with self.bank() as bank:
            self.assertFalse(self.rates._propose(date(2026, 11, 18)))
        self.assertFalse(bank.paths)

    def test_wrong_answers_change_nothing_and_say_what_to_look_up(self):
        self.without_second_half()
        before = self.rates.search_count([])
        for body, status, words in (
            ("", 200, "no rate on or before"),
            ("<html>maintenance</html>", 200, "no rate on or before|cannot be read"),
            (CSV.format(day="2026-06-11", value="n/a"), 200, "cannot be read"),
            (CSV.format(day="2026-06-11", value="215"), 200, "cannot be true"),
            (CSV.format(day="2026-06-11", value="NaN"), 200, "cannot be true"),
            (CSV.format(day="2026-09-11", value="2.15"), 200, "no rate on or before"),
            ("x" * 70000, 200, "too large"),
            ("", 404, "cannot be reached"),
            ("", 503, "cannot be reached"),
        ):
            with self.subTest(words=words, status=status), self.bank(body, status):
                with self.assertRaisesRegex(UserError, words) as caught:
                    self.rates._propose(date(2026, 11, 18))
                self.assertIn("add the rate by hand", str(caught.exception))
        self.assertEqual(self.rates.search_count([]), before)

    def test_offline_asks_a_person_once(self):
        self.without_second_half()
        with self.bank() as bank:
            url = bank.url
        self.env["ir.config_parameter"].sudo().set_param("l10n_be_followup.ecb_url", url)  # nobody listens any more
        self.rates._cron_propose()
        self.rates._cron_propose()
        kind = self.env.ref("l10n_be_followup.mail_activity_type_rate")
        activity = self.env["mail.activity"].search([("activity_type_id", "=", kind.id)])
        self.assertEqual(len(activity), 1)
        self.assertIn("main refinancing", activity.note)

    def test_the_law_when_rates_end(self):
        """Interest stops at the last day covered, and the notice says so."""
        self.without_second_half()
        self.invoice(amount=1210, due=date(2026, 6, 15))
        item = self.refreshed().item_ids
        [answer] = self.engine.env["followup.engine"]._claims_as_of(self.company, item, date(2026, 11, 21)).values()
        self.assertEqual((answer.interest, answer.until, answer.cut), (Decimal("5.22"), date(2026, 6, 30), True))
