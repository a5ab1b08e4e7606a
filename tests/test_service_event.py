import json
from datetime import timedelta
from pathlib import Path
from threading import Barrier, Thread
from unittest.mock import patch

import requests
from freezegun.api import freeze_time as freeze
from odoo import SUPERUSER_ID, Command, api
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.modules.registry import Registry
from odoo.sql_db import db_connect
from odoo.tests import TransactionCase, new_test_user, tagged
from odoo.tests.common import _super_send
from odoo.tools import mute_logger
from psycopg2 import IntegrityError

from ..engine import webhook
from .common import NOW, FollowupCommon
from .webhook import Receiver

DELIVERY = "odoo.addons.l10n_be_followup.models.followup_service_event_delivery"


def freeze_time(moment):
    return freeze(moment, real_asyncio=True)


def local_send(session, request, **options):
    """Odoo's tests make every time-out ten seconds at least; a late answer is tested in one."""
    assert request.url.startswith("http://127.0.0.1:"), request.url
    return _super_send(session, request, **options)


class OutboxCommon(FollowupCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.events = cls.env["followup.service.event"].sudo()

    def setUp(self):
        super().setUp()
        self.patch(requests.Session, "send", local_send)
        self.env["ir.config_parameter"].sudo().set_param("l10n_be_followup.internal_hosts", "127.0.0.1 localhost ::1")
        self.service = self.make_service("Hosting")
        self.suspension = self.make_suspension()

    def make_service(self, name):
        return (
            self.env["followup.service"]
            .sudo()
            .create(
                {
                    "name": name,
                    "partner_id": self.business.id,
                    "company_id": self.company.id,
                    "external_reference": f"ext-{name}",
                }
            )
        )

    def make_suspension(self, service=None):
        return self.env["followup.suspension"].sudo().create({"service_id": (service or self.service).id})

    def receiver(self, **settings):
        self.company.sudo().followup_webhook_secret = "s3cret"
        receiver = Receiver("s3cret").start()
        self.addCleanup(receiver.stop)
        self.company.write(
            {
                "followup_provisioning": "webhook",
                "followup_webhook_url": receiver.url,
                "followup_webhook_timeout": 1,
                **settings,
            }
        )
        return receiver

    def emit(self, *kinds, service=None, **payload):
        service = service or self.service
        result = self.events
        for kind in kinds:
            number = self.events.search_count([("service_id", "=", service.id)]) + 1
            result |= self.events._emit(service, kind, None, payload, occurrence=number)
        return result

    def deliver(self, minutes=0):
        """One pass of the queue, so many minutes from now."""
        with freeze_time(NOW + timedelta(minutes=minutes)), self.committing() as env:
            env["followup.service.event"]._cron_deliver()

    def states(self, events):
        return events.sorted("id").mapped("state")


@tagged("post_install_l10n", "post_install", "-at_install")
class TestServiceEvent(OutboxCommon):
    # What is noted

    def test_the_payload_is_frozen_and_complete(self):
        self.company.followup_provisioning = "rpc"
        event = self.events._emit(
            self.service, "announced", self.suspension, {"reason": "unpaid", "amount": 121.5, "currency": "EUR"}
        )
        self.service.name = "Another name"
        self.assertEqual(
            event.payload,
            {
                "version": 1,
                "key": event.key,
                "kind": "announced",
                "sequence": 1,
                "occurred_at": "2026-11-18T10:00:00Z",
                "service": {"id": self.service.id, "name": "Hosting", "external_reference": "ext-Hosting"},
                "customer": {"id": self.business.id, "name": "Bakkerij Het Zoete Brood"},
                "suspension": {"id": self.suspension.id, "reference": self.suspension.name},
                "deadline": None,
                "postponed_until": None,
                "reason": "unpaid",
                "amount": "121.50",
                "currency": "EUR",
            },
        )
        self.assertEqual((event.partner_id, event.company_id, event.state), (self.business, self.company, "pending"))

    def test_one_event_per_step(self):
        first = self.events._emit(self.service, "announced", self.suspension, {})
        self.assertEqual(self.events._emit(self.service, "announced", self.suspension, {"reason": "x"}), first)
        self.suspension.occurrence = 1
        once = self.events._emit(self.service, "suspended", self.suspension, {})
        restored = self.events._emit(self.service, "restored", self.suspension, {})
        self.suspension.occurrence = 2  # its payment was taken back
        again = self.events._emit(self.service, "suspended", self.suspension, {})
        self.assertEqual(len(first | once | restored | again), 4)
        self.assertEqual((first | once | restored | again).mapped("sequence"), [1, 2, 3, 4])
        self.suspension.postponed_until = "2026-12-01"
        postponed = self.events._emit(self.service, "postponed", self.suspension, {})
        self.suspension.postponed_until = "2026-12-15"
        later = self.events._emit(self.service, "postponed", self.suspension, {})
        self.assertNotEqual(postponed, later)
        self.assertEqual(later.payload["postponed_until"], "2026-12-15")
        with self.assertRaises(IntegrityError), mute_logger("odoo.sql_db"):
            first.copy({"key": "x", "sequence": 99, "payload": {"x": 1}})

    def test_numbers_count_per_service(self):
        other = self.make_service("Mail")
        self.emit("announced", "suspended")
        self.assertEqual(self.emit("announced", service=other).sequence, 1)
        self.assertEqual(self.emit("restored").sequence, 3)

    def test_facts_never_change(self):
        event = self.emit("announced")
        for name, value in (("payload", {"x": 1}), ("key", "x"), ("kind", "restored"), ("sequence", 9)):
            with self.assertRaisesRegex(UserError, "cannot be changed"):
                event[name] = value
        with self.assertRaisesRegex(UserError, "cannot be deleted"):
            event.unlink()
        with self.assertRaisesRegex(UserError, "cannot become"):
            event._go("pending")

    def test_nobody_to_tell(self):
        event = self.emit("announced")
        self.assertEqual(event.state, "skipped")
        self.assertIn("settings", event.last_error)

    # Delivery

    def test_delivered_signed_and_acknowledged(self):
        receiver = self.receiver()
        event = self.emit("suspended", reason="onbetaald: café €")
        self.deliver()
        [(headers, body)] = receiver.requests
        self.assertEqual(body, webhook.encode(event.payload))
        self.assertEqual(json.loads(body), event.payload)
        self.assertEqual((headers["X-Followup-Event"], headers["X-Followup-Key"]), ("suspended", event.key))
        self.assertEqual(headers["X-Followup-Timestamp"], "1794996000")
        self.assertEqual((event.state, event.attempts, event.response_status), ("acknowledged", 1, 200))
        self.assertTrue(event.delivered_date and event.acknowledged_date)
        self.assertFalse(event.last_error or event.claimed)
        self.deliver(600)
        self.assertEqual(len(receiver.requests), 1)

    def test_what_answers_mean(self):
        receiver = self.receiver()
        for answer, state in (
            (204, "acknowledged"),
            (202, "delivered"),
            ((202, '{"acknowledged": true}'), "acknowledged"),
            ((200, '{"acknowledged": false}'), "delivered"),
            ((201, "[1]"), "delivered"),
            ((200, "<html>"), "acknowledged"),
            (409, "acknowledged"),
            (400, "failed"),
            (401, "failed"),
            (404, "failed"),
            (410, "failed"),
            (422, "failed"),
            (408, "pending"),
            (425, "pending"),
            (429, "pending"),
            (301, "pending"),
            (500, "pending"),
            (503, "pending"),
        ):
            with self.subTest(answer=answer):
                receiver.script = [answer]
                event = self.emit("announced", service=self.make_service("x"))
                self.deliver()
                self.assertEqual((event.state, event.attempts), (state, 1))
                if state in ("failed", "pending"):
                    self.assertIn(str(event.response_status), event.last_error)

    def test_redirects_are_not_followed(self):
        receiver = self.receiver()
        receiver.script = [302]
        event = self.emit("announced")
        self.deliver()
        self.assertEqual(len(receiver.requests), 1)
        self.assertEqual((event.state, event.response_status), ("pending", 302))

    def test_a_wrong_secret_is_a_dead_letter_and_applies_nothing(self):
        receiver = self.receiver()
        receiver.secret = "another"
        event = self.emit("suspended")
        self.deliver()
        self.assertEqual((event.state, event.response_status, receiver.forged), ("failed", 401, 1))
        self.assertFalse(receiver.applied)

    def test_late_and_broken_answers_arrive_again_with_the_same_key(self):
        receiver = self.receiver()
        event = self.emit("suspended")
        minutes = 0
        for trouble in ("late", "drop_after", "drop_before", 500, "drop_after"):
            receiver.script = [trouble]
            self.deliver(minutes)
            self.assertEqual(event.state, "pending", trouble)
            self.assertFalse(event.claimed)
            minutes += 60
        self.deliver(minutes)
        self.assertEqual((event.state, event.attempts), ("acknowledged", 6))
        self.assertEqual(len(receiver.requests), 6)
        self.assertEqual({headers["X-Followup-Key"] for headers, _body in receiver.requests}, {event.key})
        self.assertEqual(len({body for _headers, body in receiver.requests}), 1)
        self.assertEqual(len({headers["X-Followup-Timestamp"] for headers, _body in receiver.requests}), 6)
        self.assertEqual(receiver.kinds(), ["suspended"], "applied once")

    def test_back_off_grows_and_ends_as_a_dead_letter_with_one_task(self):
        receiver = self.receiver(followup_webhook_max_attempts=4)
        receiver.script = [500] * 100
        event = self.emit("suspended")
        other = self.emit("suspended", service=self.make_service("Mail"))
        minutes, waits = 0, []
        for _attempt in range(4):
            self.deliver(minutes)
            self.deliver(minutes)  # again at once: too early
            if event.state == "pending":
                waits.append((event.next_attempt - NOW - timedelta(minutes=minutes)).total_seconds() / 60)
            minutes += 10
        for wait, least in zip(waits, (1, 2, 4), strict=True):
            self.assertTrue(least * 0.98 <= wait <= least * 1.25, waits)
        self.assertEqual(self.states(event | other), ["failed", "failed"])
        self.assertEqual(len(receiver.requests), 8)
        kind = self.env.ref("l10n_be_followup.mail_activity_type_provisioning")
        activity = self.env["mail.activity"].search([("activity_type_id", "=", kind.id)])
        self.assertEqual(len(activity), 1)
        event, other = (event, other) if activity.res_id == event.id else (other, event)  # the back-off has jitter
        self.assertEqual(activity.res_id, event.id)
        self.assertTrue(activity.user_id.has_group("l10n_be_followup.l10n_be_followup_group_manager"))
        event.action_acknowledge()
        activity = self.env["mail.activity"].search([("activity_type_id", "=", kind.id)])
        self.assertEqual((len(activity), activity.res_id), (1, other.id), "the task moves on")
        receiver.script = []
        other.action_retry()
        self.assertFalse(self.env["mail.activity"].search([("activity_type_id", "=", kind.id)]))
        self.deliver(minutes)
        self.assertEqual((other.state, other.attempts), ("acknowledged", 1))

    def test_retry_after_is_honoured(self):
        receiver = self.receiver()
        self.emit("suspended")
        answer = webhook.Answer(503, "", "later", 7200)
        with patch.object(type(self.events), "_post", lambda *args: answer):
            self.deliver()
        self.deliver(110)
        self.assertFalse(receiver.requests)
        self.deliver(121)
        self.assertEqual(receiver.kinds(), ["suspended"])

    # Order

    def test_order_per_service_is_kept_and_others_go(self):
        receiver = self.receiver()
        receiver.script = [500]
        first = self.emit("announced", "suspended")
        self.deliver()
        other = self.make_service("Mail")
        self.emit("announced", service=other)
        self.deliver()
        self.assertEqual(receiver.kinds(), ["announced"])
        self.assertEqual(receiver.applied[0]["service"]["id"], other.id)
        self.assertEqual(first[1].waits_for_id, first[0])
        self.deliver(2)
        self.assertEqual(receiver.kinds(self.service), ["announced", "suspended"])

    def test_a_restoration_does_not_wait_for_a_back_off(self):
        receiver = self.receiver()
        receiver.script = [200, "drop_after", "drop_after", "drop_after"]
        self.emit("announced")
        self.deliver()
        self.emit("suspended")
        for minutes in (0, 10, 20):
            self.deliver(minutes)
        self.assertEqual(len(receiver.requests), 4)
        self.deliver(21)
        self.assertEqual(len(receiver.requests), 4, "waits for its back-off")
        self.emit("restored")
        self.deliver(22)
        self.assertEqual(receiver.kinds(), ["announced", "suspended", "restored"])

    def test_something_newer_gives_one_attempt_and_no_storm(self):
        receiver = self.receiver()
        receiver.script = [500] * 9
        self.emit("suspended")
        self.deliver()
        self.emit("restored")
        for _pass in range(4):
            self.deliver()
        self.assertEqual(len(receiver.requests), 2)

    def test_after_a_dead_letter_later_events_wait_for_a_person(self):
        receiver = self.receiver()
        receiver.script = [400]
        events = self.emit("announced", "suspended")
        self.deliver()
        self.deliver(100)
        self.assertEqual(self.states(events), ["failed", "pending"])
        self.assertEqual(events[1].waits_for_id, events[0])
        events[0].action_retry()
        self.deliver(200)
        self.assertEqual(receiver.kinds(), ["announced", "suspended"])

    def test_a_restoration_passes_a_dead_letter_that_is_never_sent_after_it(self):
        receiver = self.receiver()
        receiver.script = [400]
        suspended, restored, announced = self.emit("suspended", "restored", "announced")
        self.deliver()
        self.assertEqual(receiver.kinds(), ["restored", "announced"])
        self.assertEqual(
            (suspended.state, restored.state, announced.state), ("skipped", "acknowledged", "acknowledged")
        )
        suspended.action_retry()
        self.deliver(600)
        self.assertEqual(receiver.kinds(), ["restored", "announced"])

    def test_a_dead_letter_retried_while_the_restoration_is_on_its_way(self):
        receiver = self.receiver()
        receiver.script = [400]
        suspended, restored = self.emit("suspended", "restored")
        post = type(self.events)._post

        def meanwhile(records, url, body, headers, timeout):
            if headers["X-Followup-Key"] == restored.key:
                with self.registry.cursor() as cr:
                    events = self.env(cr=cr, su=True)["followup.service.event"]
                    events.browse(suspended.id).action_retry()
                    cr.commit()
                    self.assertFalse(events._due())
            return post(records, url, body, headers, timeout)

        with patch.object(type(self.events), "_post", meanwhile):
            self.deliver()
        self.deliver(60)
        self.assertEqual((suspended.state, restored.state), ("skipped", "acknowledged"))
        self.assertEqual(receiver.kinds(), ["restored"])

    def test_a_deleted_service_leaves_its_events(self):
        receiver = self.receiver()
        service = self.make_service("Mail")
        events = self.emit("announced", "cancelled", service=service)
        service.unlink()
        self.env.invalidate_all()
        self.assertFalse(events.service_id)
        self.deliver()
        self.assertEqual(receiver.kinds(), ["announced", "cancelled"])

    # Trouble

    def deliver_killed(self, post):
        # Not assertRaises: Odoo's takes back what was committed.
        with patch.object(type(self.events), "_post", post):
            try:
                self.deliver()
            except KeyboardInterrupt:
                self.env.invalidate_all()
                return
        self.fail("nothing was sent")

    def test_killed_between_claim_and_answer(self):
        receiver = self.receiver()
        event = self.emit("suspended")

        def killed(records, *args):
            webhook.post(*args, {"127.0.0.1"})
            raise KeyboardInterrupt

        self.deliver_killed(killed)
        self.assertEqual((event.state, event.attempts, event.claimed), ("pending", 1, True))
        self.assertIn("not noted", event.last_error)
        self.deliver()
        self.assertEqual(len(receiver.requests), 1, "the claim holds")
        self.emit("restored")
        self.deliver()
        self.assertEqual(len(receiver.requests), 1, "also when something newer happened")
        self.deliver(5)
        self.assertEqual(len(receiver.requests), 3)
        self.assertEqual(receiver.kinds(), ["suspended", "restored"])

    def test_killed_in_the_last_attempt_is_not_lost(self):
        self.receiver(followup_webhook_max_attempts=1)
        event = self.emit("suspended")

        def killed(*args):
            raise KeyboardInterrupt

        self.deliver_killed(killed)
        self.deliver(60)
        self.assertEqual(event.state, "failed")
        self.assertIn("not noted", event.last_error)

    def test_a_bug_in_one_event_does_not_stop_the_others(self):
        receiver = self.receiver()
        bad, good = self.emit("suspended"), self.emit("suspended", service=self.make_service("Mail"))
        post = type(self.events)._post

        def broken(records, url, body, headers, timeout):
            if headers["X-Followup-Key"] == bad.key:
                raise ZeroDivisionError
            return post(records, url, body, headers, timeout)

        with patch.object(type(self.events), "_post", broken), self.assertLogs(DELIVERY, "WARNING"):
            self.deliver()
        self.assertEqual((bad.state, good.state, len(receiver.applied)), ("pending", "acknowledged", 1))

    def test_a_silent_system_is_left_alone(self):
        receiver = self.receiver()
        receiver.script = ["drop_before"] * 3
        events = self.events
        for number in range(6):
            events |= self.emit("suspended", service=self.make_service(str(number)))
        self.deliver()
        self.assertEqual(len(receiver.requests), 3)
        self.assertEqual(sum(events.mapped("attempts")), 3, "the others keep all their attempts")
        self.deliver(5)
        self.assertEqual(set(events.mapped("state")), {"acknowledged"})
        self.assertEqual(len(receiver.applied), 6)

    def test_acknowledged_by_rpc_while_it_is_on_its_way(self):
        receiver = self.receiver()
        event = self.emit("suspended")

        def post(records, *args):
            with self.registry.cursor() as cr:
                self.env(cr=cr, su=True)["followup.service.event"].acknowledge([event.key])
            return webhook.post(*args, {"127.0.0.1"})

        receiver.script = [500]
        with patch.object(type(self.events), "_post", post):
            self.deliver()
        self.assertEqual(event.state, "acknowledged")
        self.assertFalse(event.last_error or event.claimed, "the answer came too late to say anything")

    def test_switched_off(self):
        receiver = self.receiver()
        events = self.emit("announced", "suspended")
        self.company.followup_provisioning = "none"
        self.assertEqual(self.states(events), ["skipped", "skipped"])
        self.company.followup_provisioning = "webhook"
        self.deliver()
        self.assertFalse(receiver.requests)

    def test_without_a_secret_nothing_leaves_and_nothing_is_lost(self):
        receiver = self.receiver()
        self.company.sudo().followup_webhook_secret = False
        event = self.emit("announced")
        self.deliver()
        self.assertEqual((event.state, event.attempts), ("pending", 0))
        self.assertIn("secret", event.last_error)
        self.company.sudo().followup_webhook_secret = receiver.secret
        self.deliver(6)
        self.assertEqual(event.state, "acknowledged")

    def test_a_neutralised_copy_never_posts(self):
        receiver = self.receiver()
        event = self.emit("announced")
        self.env["ir.config_parameter"].sudo().set_param("database.is_neutralized", "true")
        later = self.emit("suspended")
        self.assertEqual(later.state, "skipped")
        self.deliver()
        self.assertEqual(event.state, "skipped")
        self.assertFalse(self.events.fetch_pending())
        self.assertFalse(receiver.requests)

    def test_the_script_of_a_copy(self):
        self.receiver()
        event = self.emit("announced")
        self.env.flush_all()
        script = Path(__file__).parent.parent / "data" / "neutralize.sql"
        self.env.cr.execute(script.read_text())
        self.env.invalidate_all()
        self.assertEqual(event.state, "skipped")
        self.assertFalse(self.company.followup_webhook_url or self.company.sudo().followup_webhook_secret)

    # RPC

    def test_fetch_and_acknowledge(self):
        self.company.followup_provisioning = "rpc"
        events = self.emit("announced", "suspended", "restored")
        user = new_test_user(
            self.env, "machine", "base.group_user,l10n_be_followup.l10n_be_followup_group_provisioning",
            company_id=self.company.id, company_ids=[Command.set(self.company.ids)],
        )  # fmt: skip
        outbox = self.env["followup.service.event"].with_user(user)
        self.assertEqual([p["kind"] for p in outbox.fetch_pending()], ["announced", "suspended", "restored"])
        [first] = outbox.fetch_pending(limit=1)
        self.assertEqual([p["kind"] for p in outbox.fetch_pending(after_id=first["id"])], ["suspended", "restored"])
        self.assertEqual(outbox.acknowledge([first["key"], "unknown"]), 1)
        self.assertEqual(outbox.acknowledge([first["key"]]), 0)
        self.assertEqual([p["kind"] for p in outbox.fetch_pending()], ["suspended", "restored"])
        self.assertEqual(outbox.acknowledge(events.mapped("key")), 2)
        self.assertFalse(outbox.fetch_pending())
        self.assertEqual(events.acknowledged_by, user)
        with self.assertRaisesRegex(UserError, "list of keys"):
            outbox.acknowledge("all")
        with self.assertRaises(AccessError):
            self.env["followup.service"].with_user(user).search([])
        with self.assertRaises(AccessError):
            self.env["followup.customer"].with_user(user).search([])
        with self.assertRaises(AccessError):
            outbox.search([]).action_acknowledge()
        with self.assertRaises(AccessError):
            outbox.search([]).write({"state": "pending"})

    def test_rpc_events_are_not_posted(self):
        receiver = self.receiver(followup_provisioning="rpc")
        self.emit("announced")
        self.deliver()
        self.assertFalse(receiver.requests)

    def test_dead_letters_can_be_fetched(self):
        receiver = self.receiver()
        receiver.script = [400]
        events = self.emit("announced", "suspended")
        self.deliver()
        keys = [payload["key"] for payload in self.events.fetch_pending()]
        self.assertEqual(keys, events.mapped("key"))
        self.events.acknowledge(keys[:1])
        self.deliver()
        self.assertEqual(receiver.kinds(), ["suspended"])

    # Rights and settings

    def test_access(self):
        self.company.followup_provisioning = "rpc"
        event = self.emit("announced")
        event._go("failed")
        company = {"company_id": self.company.id, "company_ids": [Command.set(self.company.ids)]}
        user = new_test_user(self.env, "outbox_user", "l10n_be_followup.l10n_be_followup_group_user", **company)
        manager = new_test_user(self.env, "outbox_boss", "l10n_be_followup.l10n_be_followup_group_manager", **company)
        stranger = new_test_user(self.env, "outbox_stranger", "base.group_user", **company)
        self.assertEqual(event.with_user(user).payload["kind"], "announced")
        for action in (event.with_user(user).action_retry, event.with_user(user).action_acknowledge):
            with self.assertRaises(AccessError):
                action()
        with self.assertRaises(AccessError):
            self.events.with_user(user).acknowledge([event.key])
        with self.assertRaises(AccessError):
            self.events.with_user(manager).create({"kind": "restored"})
        with self.assertRaises(AccessError):
            event.with_user(manager).state = "pending"
        with self.assertRaises(AccessError):
            self.events.with_user(stranger).fetch_pending()
        event.with_user(manager).action_retry()
        self.assertEqual(event.state, "pending")
        event.with_user(manager).action_acknowledge()
        self.assertEqual((event.state, event.acknowledged_by), ("acknowledged", manager))
        with self.assertRaises(AccessError):
            self.company.with_user(manager).followup_webhook_secret  # noqa: B018
        outsider = new_test_user(
            self.env, "outbox_outsider", "l10n_be_followup.l10n_be_followup_group_manager",
            company_id=(other := self.setup_other_company()["company"]).id, company_ids=[Command.set(other.ids)],
        )  # fmt: skip
        self.assertFalse(self.events.with_user(outsider).fetch_pending())
        self.assertFalse(self.events.with_user(outsider).search([]))

    def test_addresses(self):
        for url, words in (
            ("http://example.com/x", "https://"),
            ("ftp://localhost/x", "https://"),
            ("https://me:secret@example.com/x", "password"),
            ("https://", "no address"),
            ("https://exa mple.com", "no address"),
            ("https://[", "no address"),
            ("http://127.0.0.1.example.com/x", "https://"),
        ):
            with self.subTest(url=url), self.assertRaisesRegex(ValidationError, words):
                self.company.followup_webhook_url = url
        for url in ("https://example.com/x?y=1", "http://localhost:8080/x", "http://[::1]:80/"):
            self.company.followup_webhook_url = url

    def test_addresses_of_the_own_network(self):
        """Only where an administrator allows it, and nothing is sent to it before."""
        allowed = self.env["ir.config_parameter"].sudo()
        receiver = self.receiver()
        event = self.emit("suspended")
        allowed.set_param("l10n_be_followup.internal_hosts", "10.1.2.3, elsewhere.example")
        self.deliver()
        self.assertFalse(receiver.requests)
        self.assertIn("own network", event.last_error)
        for url in (receiver.url, "https://localhost/x", "https://192.168.1.1/x", "https://169.254.169.254/x"):
            with self.subTest(url=url), self.assertRaisesRegex(ValidationError, "administrator"):
                self.company.followup_webhook_url = url
        self.company.followup_webhook_url = "http://10.1.2.3/x"

    def test_an_address_is_asked_for(self):
        with self.assertRaisesRegex(ValidationError, "Give the address"):
            self.company.write({"followup_provisioning": "webhook", "followup_webhook_url": False})

    def test_the_secret_is_shown_once(self):
        settings = self.env["res.config.settings"].create({})
        self.assertFalse(settings.followup_webhook_signed)
        action = settings.action_followup_webhook_secret()
        secret = action["params"]["message"]
        self.assertEqual((len(secret), self.company.sudo().followup_webhook_secret), (64, secret))
        self.assertTrue(self.company.followup_webhook_signed)
        self.assertNotEqual(settings.action_followup_webhook_secret()["params"]["message"], secret)
        user = new_test_user(self.env, "plain", "l10n_be_followup.l10n_be_followup_group_user")
        with self.assertRaises(AccessError):
            self.company.with_user(user).action_followup_webhook_secret()


@tagged("post_install_l10n", "post_install", "-at_install")
class TestTwoWorkers(TransactionCase):
    """Real cursors that commit, in threads; what they leave is taken away again."""

    COUNT = 12

    def setUp(self):
        super().setUp()
        self.patch(requests.Session, "send", local_send)
        self.receiver = Receiver("s3cret").start()
        self.addCleanup(self.receiver.stop)
        self.database = self.env.cr.dbname
        company = self.env.ref("base.main_company")
        before = company.sudo().read(["followup_provisioning", "followup_webhook_url", "followup_webhook_secret"])[0]
        self.company_id = before.pop("id")
        self.addCleanup(self.clean, before)
        self.run_sql(
            """INSERT INTO ir_config_parameter (key, value) VALUES ('l10n_be_followup.internal_hosts', '127.0.0.1')
                   ON CONFLICT (key) DO UPDATE SET value = EXCLUDED.value"""
        )
        self.env.registry.clear_all_caches()
        self.run_sql(
            """UPDATE res_company SET followup_provisioning = 'webhook', followup_webhook_url = %s,
                      followup_webhook_secret = 's3cret' WHERE id = %s""",
            [self.receiver.url, self.company_id],
        )
        for number in range(1, self.COUNT + 1):
            self.run_sql(
                """INSERT INTO followup_service_event
                          (key, company_id, service_number, kind, occurrence, sequence, payload, state, next_attempt)
                   VALUES (%s, %s, %s, 'suspended', 1, %s, %s, 'pending', '2020-01-01')""",
                [f"two-{number}", self.company_id, -1 - number % 4, number, json.dumps(
                    {"key": f"two-{number}", "kind": "suspended", "sequence": number,
                     "service": {"id": -1 - number % 4}}
                )],
            )  # fmt: skip

    def run_sql(self, query, params=()):
        with db_connect(self.database).cursor() as cr:
            cr.execute("SET LOCAL lock_timeout = '10s'")
            cr.execute(query, params)
            cr.commit()

    def clean(self, before):
        self.run_sql("DELETE FROM followup_service_event WHERE key LIKE 'two-%%'")
        self.run_sql("DELETE FROM ir_config_parameter WHERE key = 'l10n_be_followup.internal_hosts'")
        self.run_sql(
            """UPDATE res_company SET followup_provisioning = %s, followup_webhook_url = %s, followup_webhook_secret = %s
                WHERE id = %s""",
            [
                before["followup_provisioning"],
                before["followup_webhook_url"] or None,
                before["followup_webhook_secret"] or None,
                self.company_id,
            ],
        )

    def test_two_workers_at_once_send_once_and_in_order(self):
        start = Barrier(3)
        errors = []

        def work():
            try:
                start.wait(10)
                with db_connect(self.database).cursor() as cr:
                    api.Environment(cr, SUPERUSER_ID, {})["followup.service.event"]._cron_deliver()
                    cr.commit()
            except Exception as error:  # noqa: BLE001
                errors.append(error)

        Registry(self.database)
        threads = [Thread(target=work) for _worker in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        self.assertFalse(errors)
        # A worker that met the other one leaves an event for the next pass.
        with db_connect(self.database).cursor() as cr:
            events = api.Environment(cr, SUPERUSER_ID, {})["followup.service.event"]
            events._cron_deliver()
            self.assertEqual(
                set(events.search([("key", "like", "two-%")]).mapped(lambda e: (e.state, e.attempts))),
                {("acknowledged", 1)},
            )
        keys = [headers["X-Followup-Key"] for headers, _body in self.receiver.requests]
        self.assertEqual(len(keys), self.COUNT)
        self.assertEqual(len(set(keys)), self.COUNT)
        for service in range(-4, 0):
            numbers = [p["sequence"] for p in self.receiver.applied if p["service"]["id"] == service]
            self.assertEqual(numbers, sorted(numbers))
