from datetime import date, datetime, timedelta
from unittest.mock import patch
from urllib.parse import parse_qs, urlsplit

from freezegun.api import freeze_time
from lxml import html
from odoo import http
from odoo.exceptions import LockError
from odoo.tests import HttpCase, new_test_user, tagged

from ..controllers import tools
from .browser import InBrowser
from .common import TODAY, FollowupCommon

PLAN = ((date(2026, 12, 1), 100.0), (date(2027, 1, 4), 200.0))


class PortalCommon(InBrowser, FollowupCommon, HttpCase):
    """A customer in his browser: without an account, unless a test logs in."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.clerk = new_test_user(
            cls.env,
            login="followup_clerk",
            groups="l10n_be_followup.l10n_be_followup_group_user",
            email="clerk@zilverberk.example",
            company_id=cls.company.id,
            company_ids=[(6, 0, cls.company.ids)],
        )
        (cls.business | cls.consumer).with_company(cls.company).followup_responsible_id = cls.clerk

    def setUp(self):
        super().setUp()
        self.authenticate(None, None)

    def arrange(self, partner=None, amount=300.0, user=None, **options):
        move = self.invoice(partner=partner, amount=amount)
        customer = self.refreshed(partner)
        items = customer.item_ids.filtered(lambda item: item.move_id == move)
        arrangement = self.env["followup.arrangement"]._arrange(
            customer, [(items, amount)], list(PLAN), **{"acceptance": True, **options}
        )
        arrangement.with_user(user or self.env.user).action_confirm()
        self.env.flush_all()
        return arrangement.sudo()

    def open(self, url, **data):
        """What the customer sees; with data: what he sees after sending a form."""
        if data:
            data["csrf_token"] = http.Request.csrf_token(self)
        response = self.url_open(url, data=data or None)
        self.assertEqual(response.status_code, 200)
        self.env.invalidate_all()
        return html.fromstring(response.content), response

    def found(self, tree, name):
        return bool(tree.find_class(name))


@tagged("post_install_l10n", "post_install", "-at_install")
class TestPortalArrangement(PortalCommon):
    def url(self, arrangement, action="", token=None):
        return f"/my/arrangement/{arrangement.id}{action}?access_token={token or arrangement.access_token}"

    def accept(self, arrangement, name="Els Bakker", token=None):
        return self.open(
            f"/my/arrangement/{arrangement.id}/accept", name=name, access_token=token or arrangement.access_token
        )

    def test_read_accept_and_accept_again(self):
        arrangement = self.arrange()
        tree, response = self.open(self.url(arrangement))
        self.assertTrue(self.found(tree, "o_followup_accept_form"))
        self.assertEqual(len(tree.find_class("o_followup_instalment")), 2)
        self.assertEqual(response.headers["Cache-Control"], "no-store")
        for instalment in arrangement.instalment_ids:
            self.assertIn(instalment.reference, tree.text_content())
        tree, _response = self.accept(arrangement)
        self.assertTrue(self.found(tree, "o_followup_accepted"))
        self.assertFalse(self.found(tree, "o_followup_accept_form"))
        self.assertEqual((arrangement.state, arrangement.accepted_name), ("active", "Els Bakker"))
        self.assertTrue(arrangement.accepted_address)
        self.assertEqual(arrangement.accepted_date.date(), TODAY)
        before = arrangement.accepted_date
        tree, _response = self.accept(arrangement, "Somebody Else")
        self.assertTrue(self.found(tree, "o_followup_accepted"))
        self.assertEqual((arrangement.accepted_name, arrangement.accepted_date), ("Els Bakker", before))

    def test_somebody_is_busy_with_the_customer(self):
        arrangement = self.arrange()
        lock = type(arrangement)._lock_customers
        for busy, state in ((99, "proposed"), (2, "active")):
            tries = []

            def locked(records, busy=busy, tries=tries):
                tries.append(1)
                if len(tries) <= busy:
                    raise LockError("busy")
                return lock(records)

            with patch.object(type(arrangement), "_lock_customers", locked), patch.object(tools, "_PAUSE", 0):
                tree, _response = self.accept(arrangement)
            self.assertEqual(self.found(tree, "o_followup_error"), busy == 99)
            self.assertEqual(arrangement.state, state)

    def test_a_name_is_needed(self):
        arrangement = self.arrange()
        tree, _response = self.accept(arrangement, "  ")
        self.assertTrue(self.found(tree, "o_followup_error"))
        self.assertEqual(arrangement.state, "proposed")

    def test_without_a_valid_form_nothing_happens(self):
        arrangement = self.arrange()
        response = self.url_open(
            f"/my/arrangement/{arrangement.id}/accept",
            data={"name": "Els", "access_token": arrangement.access_token, "csrf_token": "no"},
        )
        self.assertEqual(response.status_code, 400)
        self.assertEqual(self.url_open(self.url(arrangement, "/accept")).status_code, 405)
        self.env.invalidate_all()
        self.assertEqual(arrangement.state, "proposed")

    def test_wrong_token_and_another_customers_number(self):
        arrangement, other = self.arrange(), self.arrange(self.consumer)
        for url in (
            self.url(arrangement, token="no"),
            self.url(arrangement, token="\N{LATIN SMALL LETTER E WITH ACUTE}"),
            f"/my/arrangement/{arrangement.id}",
            self.url(other, token=arrangement.access_token),
            self.url(other, token=arrangement.access_token) + "&report_type=pdf",
            "/my/arrangement/999999999?access_token=no",
        ):
            tree, response = self.open(url)
            self.assertIn("/web/login", response.url, url)
            self.assertNotIn(other.instalment_ids[0].reference, tree.text_content())
        for action, values in (("accept", {"name": "Els"}), ("decline", {"text": "No"})):
            _tree, response = self.open(
                f"/my/arrangement/{other.id}/{action}", access_token=arrangement.access_token, **values
            )
            self.assertIn("/web/login", response.url)
        self.assertEqual((arrangement | other).mapped("state"), ["proposed", "proposed"])

    def test_a_draft_is_not_shown(self):
        self.company.followup_plan_max_amount = 100
        arrangement = self.arrange(user=self.clerk)
        self.assertEqual(arrangement.state, "draft")
        arrangement._portal_ensure_token()
        self.env.flush_all()
        _tree, response = self.open(self.url(arrangement))
        self.assertIn("/web/login", response.url)

    def test_too_late(self):
        arrangement = self.arrange()
        arrangement.offer_until = TODAY - timedelta(days=1)
        self.env.flush_all()
        tree, _response = self.open(self.url(arrangement))
        self.assertTrue(self.found(tree, "o_followup_late"))
        self.assertTrue(self.found(tree, "o_followup_contact"))
        self.assertFalse(self.found(tree, "o_followup_accept_form"))
        tree, _response = self.accept(arrangement)
        self.assertTrue(self.found(tree, "o_followup_error"))
        self.assertNotEqual(arrangement.state, "active")
        self.assertFalse(arrangement.accepted_name)

    def test_cancelled(self):
        arrangement = self.arrange()
        arrangement.action_cancel()
        tree, _response = self.accept(arrangement)
        self.assertTrue(self.found(tree, "o_followup_error"))
        self.assertTrue(self.found(tree, "o_followup_late"))
        self.assertEqual(arrangement.state, "cancelled")

    def test_it_does_not_suit(self):
        arrangement = self.arrange()
        for text in ("Fifty a month would do", "Really"):
            tree, _response = self.open(
                f"/my/arrangement/{arrangement.id}/decline", text=text, access_token=arrangement.access_token
            )
            self.assertTrue(self.found(tree, "o_followup_declined"))
        self.assertEqual(arrangement.state, "proposed")
        [activity] = arrangement.activity_ids
        self.assertEqual(activity.user_id, arrangement.user_id)
        self.assertIn("Fifty a month", activity.note)

    def test_the_document(self):
        arrangement = self.arrange()
        response = self.url_open(self.url(arrangement) + "&report_type=pdf")
        self.assertEqual(response.headers["Content-Type"], "application/pdf")
        self.assertIn(f"{arrangement.name}.pdf", response.headers["Content-Disposition"])

    def test_an_employee_does_not_accept_for_the_customer(self):
        arrangement = self.arrange()
        self.authenticate("followup_clerk", "followup_clerk")
        tree, _response = self.open(f"/my/arrangement/{arrangement.id}")
        self.assertFalse(self.found(tree, "o_followup_accept_form"))
        tree, _response = self.accept(arrangement)
        self.assertTrue(self.found(tree, "o_followup_error"))
        self.assertEqual(arrangement.state, "proposed")

    def test_my_arrangements(self):
        own, other = self.arrange(), self.arrange(self.consumer)
        contact = self.env["res.partner"].create(
            {"name": "Els", "parent_id": self.business.id, "email": "els@x.example"}
        )
        user = new_test_user(self.env, login="els_portal", groups="base.group_portal")
        user.partner_id = contact
        self.env.flush_all()
        self.authenticate("els_portal", "els_portal")
        tree, _response = self.open("/my/arrangements")
        self.assertIn(own.name, tree.text_content())
        self.assertNotIn(other.name, tree.text_content())
        tree, _response = self.open(f"/my/arrangement/{own.id}")
        self.assertTrue(self.found(tree, "o_followup_accept_form"))
        _tree, response = self.open(f"/my/arrangement/{other.id}")
        self.assertTrue(urlsplit(response.url).path.startswith("/my") and "arrangement" not in response.url)
        counters = self.make_jsonrpc_request("/my/counters", {"counters": ["followup_arrangement_count"]})
        self.assertEqual(counters["followup_arrangement_count"], 1)

    def test_in_the_customers_language(self):
        self.env["res.lang"]._activate_lang("nl_BE")
        self.business.lang = "nl_BE"
        arrangement = self.arrange()
        tree, _response = self.open(self.url(arrangement))
        self.assertEqual(tree.get("lang"), "nl-BE")

    def test_pay_online_only_with_a_provider(self):
        arrangement = self.arrange()
        self.accept(arrangement)
        tree, _response = self.open(self.url(arrangement))
        self.assertFalse(self.found(tree, "o_followup_online"))
        self.assertTrue(self.found(tree, "o_followup_pay"))
        self.env["ir.config_parameter"].sudo().set_param("account_payment.enable_portal_payment", "True")
        self.env["payment.provider"].sudo().search([], limit=1).copy(
            {"name": "Test", "state": "test", "is_published": True, "company_id": self.company.id}
        )
        self.env.flush_all()
        tree, _response = self.open(self.url(arrangement))
        [link] = tree.find_class("o_followup_online")
        query = parse_qs(urlsplit(link.get("href")).query)
        self.assertEqual(query["amount"], ["100.0"])
        # Odoo's own page takes the link: another amount in it is refused.
        _tree, response = self.open(link.get("href"))
        self.assertIn("/my/invoices/", response.url)
        _tree, response = self.open(link.get("href").replace("amount=100.0", "amount=1.0"))
        self.assertNotIn("/my/invoices/", response.url)


@tagged("post_install_l10n", "post_install", "-at_install")
class TestPortalAnswer(PortalCommon):
    def remind(self, partner=None, day=TODAY, **values):
        self.night(day)
        [notice] = self.notices(partner, purpose="level", state="queued")
        self.deliver(notice, day)
        self.env.flush_all()
        return notice

    def url(self, notice, kind="", token=None):
        return f"/my/followup/{notice.id}{kind}?access_token={token or notice.access_token}"

    def answer(self, notice, kind, **values):
        return self.open(f"/my/followup/{notice.id}/{kind}", access_token=notice.access_token, **values)[0]

    def test_only_with_the_link(self):
        self.invoice()
        self.invoice(partner=self.consumer)
        notice, other = self.remind(), self.remind(self.consumer)
        tree, _response = self.open(self.url(notice))
        self.assertEqual(len(tree.find_class("o_followup_item")), 1)
        for url in (
            self.url(notice, token="no"),
            f"/my/followup/{notice.id}",
            self.url(other, token=notice.access_token),
        ):
            _tree, response = self.open(url)
            self.assertIn("/web/login", response.url)
        _tree, response = self.open(
            f"/my/followup/{other.id}/promise", date="2026-11-20", access_token=notice.access_token
        )
        self.assertIn("/web/login", response.url)
        self.assertFalse(
            self.env["followup.promise"].search([("partner_id", "in", (self.business | self.consumer).ids)])
        )

    def test_i_will_pay(self):
        move = self.invoice(amount=80)
        paid = self.invoice(amount=20)
        notice = self.remind()
        self.pay(paid)
        later = self.invoice(amount=500, due=date(2026, 11, 5))
        for day in ("2026-11-27", "2026-12-01"):
            tree = self.answer(notice, "promise", date=day)
            self.assertTrue(self.found(tree, "o_followup_done"))
        [promise] = self.env["followup.promise"].search([("partner_id", "=", self.business.id)])
        self.assertEqual((promise.date, promise.amount, promise.channel), (date(2026, 11, 27), 80.0, "portal"))
        self.assertEqual(promise.cover_ids.move_id, move)
        self.assertNotIn(later, promise.cover_ids.move_id)
        self.assertEqual(promise.user_id, self.clerk)
        self.assertEqual(len(notice.answer_ids), 1)

    def test_promises_have_limits(self):
        self.invoice(amount=80)
        notice = self.remind()
        for day in ("2026-11-17", "2026-12-19", "31/12/2026", ""):
            tree = self.answer(notice, "promise", date=day)
            self.assertTrue(self.found(tree, "o_followup_error"), day)
        self.company.followup_promise_max_row = 1
        promise = self.env["followup.promise"]._promise(self.customer(), self.items(), 80.0, TODAY)
        promise.sudo()._end("broken")
        self.env.flush_all()
        self.assertTrue(self.found(self.answer(notice, "promise", date="2026-11-27"), "o_followup_error"))
        self.assertEqual(promise.search_count([("partner_id", "=", self.business.id)]), 1)
        self.assertFalse(notice.answer_ids)

    def test_a_second_promise_does_not_replace_the_first(self):
        self.invoice(amount=80)
        notice = self.remind()
        first = self.env["followup.promise"]._promise(self.customer(), self.items(), 80.0, date(2026, 11, 25))
        self.env.flush_all()
        self.assertTrue(self.found(self.answer(notice, "promise", date="2026-12-10"), "o_followup_error"))
        self.assertEqual(first.state, "active")

    def test_i_do_not_agree(self):
        first, second = self.invoice(amount=80), self.invoice(amount=20)
        notice = self.remind()
        reason = self.env.ref("l10n_be_followup.followup_dispute_reason_quality")
        item = self.items().filtered(lambda item: item.move_id == second)
        values = {"reason_id": reason.id, "text": "The door is <b>crooked</b>", "amount": "15.5", "item_id": item.id}
        for _twice in range(2):
            self.assertTrue(self.found(self.answer(notice, "dispute", **values), "o_followup_done"))
        [dispute] = self.env["followup.dispute"].search([("partner_id", "=", self.business.id)])
        self.assertEqual((dispute.amount, dispute.reason_id, dispute.channel), (15.5, reason, "portal"))
        self.assertEqual((dispute.cover_ids.move_id, dispute.user_id), (second, self.clerk))
        self.assertEqual(dispute.note, "The door is <b>crooked</b>")
        body = self.customer().message_ids.filtered(lambda message: "crooked" in (message.body or ""))[:1]
        self.assertIn("&lt;b&gt;", body.body, "what a customer writes is text")
        self.assertNotIn(first, dispute.cover_ids.move_id)

    def test_a_dispute_needs_reason_words_and_a_possible_amount(self):
        self.invoice(amount=80)
        notice = self.remind()
        reason = self.env.ref("l10n_be_followup.followup_dispute_reason_quality").id
        other = self.invoice(partner=self.consumer, amount=10)
        foreign = self.refreshed(self.consumer).item_ids.filtered(lambda item: item.move_id == other)
        for values in (
            {"text": "x"},
            {"text": "x", "reason_id": "abc"},
            {"text": " ", "reason_id": reason},
            {"text": "x", "reason_id": reason, "amount": "80.01"},
            {"text": "x", "reason_id": reason, "amount": "-5"},
            {"text": "x", "reason_id": reason, "amount": "nan"},
            {"text": "x", "reason_id": reason, "item_id": foreign.id},
            {"text": "x", "reason_id": self.env.ref("l10n_be_followup.followup_dispute_reason_paid").id},
        ):
            self.assertTrue(self.found(self.answer(notice, "dispute", **values), "o_followup_error"), values)
        self.assertFalse(
            self.env["followup.dispute"].search([("partner_id", "in", (self.business | self.consumer).ids)])
        )

    def test_in_instalments(self):
        for partner in (self.business, self.consumer):
            with self.subTest(partner=partner.name):
                self.invoice(partner=partner, amount=80)
                notice = self.remind(partner)
                for _twice in range(2):
                    tree = self.answer(notice, "instalments", text="20 a month")
                    self.assertTrue(self.found(tree, "o_followup_done"))
                customer = self.customer(partner)
                [hold] = customer.hold_ids
                self.assertEqual((hold.until, hold.user_id), (TODAY + timedelta(days=7), self.clerk))
                activity = customer.activity_ids.filtered(lambda activity: "20 a month" in (activity.note or ""))
                self.assertEqual(activity.user_id, self.clerk)

    def test_in_instalments_once_in_thirty_days(self):
        self.invoice(amount=80)
        notice = self.remind()
        self.answer(notice, "instalments")
        with freeze_time(datetime(2026, 12, 1, 10), tick=True, real_asyncio=True):
            self.invoice(amount=50, due=date(2026, 11, 20))
            self.night(date(2026, 12, 1))
            second = self.notices(purpose="level", state="queued", channel="email")
            self.deliver(second, date(2026, 12, 1))
            self.env.flush_all()
            self.authenticate(None, None)
            self.assertTrue(self.found(self.answer(second, "instalments"), "o_followup_error"))
        self.assertEqual(len(self.customer().hold_ids), 1)

    def test_i_have_paid(self):
        self.invoice(amount=80)
        notice = self.remind()
        self.assertTrue(self.found(self.answer(notice, "paid", date="2026-11-19"), "o_followup_error"))
        for _twice in range(2):
            tree = self.answer(notice, "paid", date="2026-11-16", text="From BE71 0961 2345 6769")
            self.assertTrue(self.found(tree, "o_followup_done"))
        [dispute] = self.env["followup.dispute"].search([("partner_id", "=", self.business.id)])
        self.assertEqual((dispute.reason_id.code, dispute.amount, dispute.channel), ("paid", 80.0, "portal"))
        self.assertIn("BE71", dispute.note)
        self.assertTrue(self.found(self.answer(notice, "dispute", reason_id="1", text="x"), "o_followup_error"))

    def test_nothing_open_any_more(self):
        move = self.invoice(amount=80)
        notice = self.remind()
        self.pay(move)
        self.refreshed()
        self.env.flush_all()
        tree, _response = self.open(self.url(notice))
        self.assertTrue(self.found(tree, "o_followup_nothing"))
        self.answer(notice, "promise", date="2026-11-27")
        self.assertFalse(self.env["followup.promise"].search([("partner_id", "=", self.business.id)]))

    def test_what_was_not_sent_is_not_answered(self):
        self.invoice(amount=80)
        self.night()
        [notice] = self.notices()
        self.env.flush_all()
        self.answer(notice, "promise", date="2026-11-27")
        self.assertFalse(self.env["followup.promise"].search([("partner_id", "=", self.business.id)]))
