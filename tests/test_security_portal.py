"""The pages without a login: links that nobody guesses, that end, and that show one customer; and nonsense of any kind."""

import os
from datetime import timedelta
from unittest.mock import patch

from freezegun.api import freeze_time
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st
from lxml import html
from odoo import http
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from .common import NOW
from .security_common import OURS
from .test_portal_agreements import PortalCommon

#: Path -> who gets in, methods, whether a form needs its token. Everything of ours that answers to the web.
ROUTES = {
    "/followup/health": ("bearer", ("GET",), None),
    "/followup/letter/<int:notice_id>": ("user", None, None),
    "/followup/letters/<int:batch_id>": ("user", None, None),
    "/followup/notice/<int:notice_id>/eml": ("user", ("GET",), None),
    "/l10n_be_followup/reminder-import/<int:record_id>/<string:kind>": ("user", None, None),
    "/my/arrangements": ("user", None, None),
    "/my/arrangements/page/<int:page>": ("user", None, None),
    "/my/arrangement/<int:arrangement_id>": ("public", None, None),
    "/my/arrangement/<int:arrangement_id>/accept": ("public", ("POST",), True),
    "/my/arrangement/<int:arrangement_id>/decline": ("public", ("POST",), True),
    "/my/followup/<int:notice_id>": ("public", None, None),
    "/my/followup/<int:notice_id>/<string:kind>": ("public", ("POST",), True),
}
#: Requests of one fuzz; more with FOLLOWUP_FUZZ.
REQUESTS = int(os.environ.get("FOLLOWUP_FUZZ") or 150)
NUMBERS = ("0", "-1", "1", "2147483648", "9223372036854775808", "9" * 40, "1e3", "abc", "..%2f..", "٣")
NASTY = (
    "", " ", "\0", "x" * 5000, "=cmd|' /C calc'!A0", "<script>alert(1)</script>", "{{ 7*7 }}", "<t t-out='1'/>",
    "'; DROP TABLE res_partner; --", "\r\nSet-Cookie: a=b", "../../etc/passwd", "Ж\u202e\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16"),
    "1e400", "-1", "nan", "inf", "0,5", "9999-12-31", "0000-00-00", "2026-11-20", "15.50", "１２",
)  # fmt: skip


@tagged("post_install_l10n", "post_install", "-at_install")
class TestSecurityPortal(PortalCommon):
    def remind(self, partner=None):
        self.night()
        [notice] = self.notices(partner, purpose="level", state="queued")
        self.deliver(notice)
        self.env.flush_all()
        return notice

    def page(self, url, **values):
        response = self.url_open(url, **values)
        self.env.invalidate_all()
        return response

    def shows(self, url, words):
        response = self.page(url)
        return response.status_code == 200 and words in html.fromstring(response.content).text_content()

    def test_every_route(self):
        """Who gets in, by which method, with which token: as the table says."""
        found = {}
        modules = sorted(self.env.registry._init_modules)
        for path, endpoint in self.env["ir.http"]._generate_routing_rules(modules, None):
            if endpoint.func.__module__.startswith(f"odoo.addons.{OURS}"):
                routing = endpoint.routing
                methods = tuple(routing["methods"]) if routing.get("methods") else None
                csrf = routing.get("csrf", True) if "POST" in (methods or ()) else None
                found[path] = (routing["auth"], methods, csrf)
                self.assertEqual(routing["type"], "http")
        # Routes of Odoo that we extend keep their own rules.
        self.assertEqual({path: row for path, row in found.items() if not path.startswith("/my/home")}, ROUTES)

    def test_who_is_no_customer_gets_nothing(self):
        """Anonymous, another customer with an account, an employee without rights: the same answer for right and wrong numbers."""
        self.invoice()
        notice, arrangement = self.remind(), self.arrange()
        other = new_test_user(self.env, login="jan_portal", groups="base.group_portal")
        other.partner_id.parent_id = self.consumer
        new_test_user(self.env, login="mere_employee", groups="base.group_user")
        self.env.flush_all()
        paths = (
            "/followup/letter/%s", "/followup/letters/%s", "/followup/notice/%s/eml",
            "/l10n_be_followup/reminder-import/%s/bad_lines", "/my/arrangement/%s", "/my/followup/%s",
            "/my/arrangement/%s?report_type=pdf",
        )  # fmt: skip
        for login in (None, "jan_portal", "mere_employee"):
            self.authenticate(login, login)
            for path in paths:
                real = arrangement.id if "arrangement" in path else notice.id
                with self.subTest(login=login, path=path), mute_logger("odoo.http"):
                    answers = [self.page(path % number) for number in (real, 999999)]
                    self.assertEqual(answers[0].status_code, answers[1].status_code, "no telling which numbers exist")
                    for answer in answers:
                        self.assertNotIn(notice.name, answer.text)
                        self.assertNotIn(arrangement.name, answer.text)
                        self.assertIn(answer.status_code, (200, 403, 404))
                        self.assertNotIn("application/pdf", answer.headers["Content-Type"])

    def test_forms_need_their_own_token(self):
        """Another page cannot send a form in the customer's browser."""
        self.invoice()
        notice = self.remind()
        with mute_logger("odoo.http"):
            response = self.page(
                f"/my/followup/{notice.id}/promise",
                data={"access_token": notice.access_token, "date": "2026-11-27"},
            )
        self.assertEqual(response.status_code, 400)
        self.assertFalse(notice.answer_ids)

    def test_links_cannot_be_guessed(self):
        """192 bits for a reminder, 122 for an arrangement, all different; compared in constant time."""
        self.invoice()
        self.invoice(partner=self.consumer)
        tokens = {self.remind().access_token, self.remind(self.consumer).access_token}
        self.assertEqual({len(token) for token in tokens}, {32})
        tokens |= {self.arrange().access_token, self.arrange(self.consumer).access_token}
        self.assertEqual(len(tokens), 4)
        notice = self.notices(purpose="level")[:1]
        with patch("odoo.addons.l10n_be_followup.controllers.portal_answer.consteq", return_value=True) as compared:
            self.page(f"/my/followup/{notice.id}?access_token=guess")
        compared.assert_called_once_with(notice.access_token, "guess")

    def test_a_link_shows_one_customer(self):
        """Also after the other one was merged into him: the message shows what it was about, and nothing more."""
        self.invoice(amount=80)
        theirs = self.invoice(partner=self.consumer, amount=70)
        notice, other = self.remind(), self.remind(self.consumer)
        self.assertTrue(self.shows(f"/my/followup/{notice.id}?access_token={notice.access_token}", notice.name))
        self.assertFalse(self.shows(f"/my/followup/{other.id}?access_token={notice.access_token}", other.name))
        merge = self.env["base.partner.merge.automatic.wizard"].create({})
        merge._merge((self.business | self.consumer).ids, self.business, extra_checks=False)
        self.env.flush_all()
        self.env.invalidate_all()
        self.assertEqual(other.customer_id, notice.customer_id)
        page = self.page(f"/my/followup/{notice.id}?access_token={notice.access_token}").text
        self.assertNotIn(theirs.name, page)
        self.assertFalse(self.shows(f"/my/followup/{other.id}?access_token={notice.access_token}", other.name))

    def test_a_link_in_a_reminder_ends(self):
        self.invoice(amount=80)
        notice = self.remind()
        url = f"/my/followup/{notice.id}?access_token={notice.access_token}"
        for days, works in ((180, True), (181, False)):
            with freeze_time(NOW + timedelta(days=days), tick=True, real_asyncio=True):
                self.authenticate(None, None)
                self.assertEqual(self.shows(url, notice.name), works, days)
                data = {"access_token": notice.access_token, "csrf_token": http.Request.csrf_token(self)}
                if not works:
                    self.page(f"/my/followup/{notice.id}/instalments", data=data)
        self.assertFalse(notice.answer_ids)
        self.env["ir.config_parameter"].sudo().set_param("l10n_be_followup.link_days", "10")
        with freeze_time(NOW + timedelta(days=11), tick=True, real_asyncio=True):
            self.assertFalse(self.shows(url, notice.name))

    def test_a_link_to_an_arrangement_ends_some_time_after_it(self):
        arrangement = self.arrange()
        url = f"/my/arrangement/{arrangement.id}?access_token={arrangement.access_token}"
        arrangement.action_cancel()
        self.env.flush_all()
        for days, works in ((180, True), (181, False)):
            with freeze_time(NOW + timedelta(days=days), tick=True, real_asyncio=True):
                self.authenticate(None, None)
                self.assertEqual(self.shows(url, arrangement.name), works, days)
        user = new_test_user(self.env, login="els_portal", groups="base.group_portal")
        user.partner_id.parent_id = self.business
        self.env.flush_all()
        with freeze_time(NOW + timedelta(days=181), tick=True, real_asyncio=True):
            self.authenticate("els_portal", "els_portal")
            self.assertTrue(self.shows(f"/my/arrangement/{arrangement.id}", arrangement.name), "from his account")

    def test_long_answers_are_cut(self):
        self.invoice(amount=80)
        notice, arrangement = self.remind(), self.arrange()
        reason = self.env.ref("l10n_be_followup.followup_dispute_reason_quality")
        self.open(
            f"/my/followup/{notice.id}/dispute",
            access_token=notice.access_token,
            text="x" * 300_000,
            reason_id=reason.id,
        )
        self.assertEqual(len(notice.answer_ids.text), 2000)
        self.open(f"/my/arrangement/{arrangement.id}/accept", access_token=arrangement.access_token, name="y" * 300_000)
        self.assertEqual((arrangement.state, len(arrangement.accepted_name)), ("active", 200))

    def test_nonsense(self):
        """Any request to any page: no failure of the server, no trace, nothing of another customer, nothing done to him."""
        self.invoice(amount=80)
        self.invoice(partner=self.consumer, amount=70)
        notice, other = self.remind(), self.remind(self.consumer)
        arrangement, others = self.arrange(), self.arrange(self.consumer)
        secret = (
            other.access_token,
            others.access_token,
            other.name,
            others.name,
            "Jan Peeters",
            "jan@peeters.example",
        )
        secret += tuple(others.instalment_ids.mapped("reference"))
        item = self.items(self.consumer)[:1].id
        reason = str(self.env.ref("l10n_be_followup.followup_dispute_reason_quality").id)
        tokens = (notice.access_token, arrangement.access_token, "no", "é", "x" * 9000, "\0", "None")
        ids = (str(notice.id), str(arrangement.id), str(other.id), str(others.id), *NUMBERS)
        paths = tuple(path.split("<")[0].rstrip("/") for path in ROUTES)
        ends = (
            "",
            "/accept",
            "/decline",
            "/promise",
            "/dispute",
            "/paid",
            "/instalments",
            "/eml",
            "/bad_lines",
            "/_answer",
            "/x",
        )
        names = ("date", "amount", "text", "item_id", "reason_id", "name", "done", "report_type", "page", "kind")
        values = (*NASTY, str(item), reason, "pdf", "accepted", "promise")
        csrf = http.Request.csrf_token(self)
        counted = []

        @seed(20261118)
        @settings(
            max_examples=REQUESTS, deadline=None, database=None, derandomize=not os.environ.get("FOLLOWUP_FUZZ"),
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(
            method=st.sampled_from(("GET", "POST", "POST", "HEAD", "PUT", "OPTIONS")),
            path=st.sampled_from(paths),
            number=st.sampled_from(ids),
            end=st.sampled_from(ends),
            token=st.sampled_from(tokens),
            typed=st.dictionaries(st.sampled_from(names), st.sampled_from(values) | st.text(max_size=40), max_size=5),
            where=st.sampled_from(("query", "form", "file", "json")),
            safe=st.booleans(),
        )
        def ask(method, path, number, end, token, typed, where, safe):
            url = f"{path}/{number}{end}" if path != "/my/arrangements" else f"{path}/page/{number}"
            typed = {name: value.encode("utf-8", "replace").decode() for name, value in typed.items()}
            sent = {**typed, "access_token": token, **({"csrf_token": csrf} if safe else {})}
            options = {"query": {"params": sent}, "form": {"data": sent}, "json": {"json": sent}}.get(where)
            if options is None:
                options = {
                    "data": {"csrf_token": csrf, "access_token": token},
                    "files": dict.fromkeys(typed, b"\x00MZ"),
                }
            response = self.opener.request(method, self.base_url() + url, timeout=30, allow_redirects=True, **options)
            self.assertLess(response.status_code, 500, (method, url, sent))
            counted.append(response.status_code)
            for word in ("Traceback", "psycopg2", "odoo/addons", *secret):
                self.assertNotIn(word, response.text, (method, url, sent))

        with mute_logger("odoo.http", "odoo.addons.base.models.ir_http", "odoo.sql_db", "werkzeug"):
            ask()
        self.assertGreaterEqual(len(counted), REQUESTS // 2)
        self.env.invalidate_all()
        self.assertFalse(other.answer_ids)
        self.assertEqual(others.state, "proposed")
        self.assertFalse(self.customer(self.consumer).hold_ids)
        for model in ("followup.promise", "followup.dispute"):
            self.assertFalse(self.env[model].search([("partner_id", "=", self.consumer.id)]))
