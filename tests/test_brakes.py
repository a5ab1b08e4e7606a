from datetime import date, timedelta
from unittest.mock import patch

import psycopg2
from freezegun.api import freeze_time as freeze
from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, new_test_user, tagged
from odoo.tools import mute_logger

from ..models import followup_notice_sending
from .common import NOW, TODAY, SendingCommon

BRAKE = "odoo.addons.l10n_be_followup.models.followup_brake"
HELD = "odoo.addons.l10n_be_followup.models.followup_notice_brake"
THURSDAY = date(2026, 11, 19)


def freeze_time(moment):
    return freeze(moment, real_asyncio=True)


@tagged("post_install_l10n", "post_install", "-at_install")
class TestBrakes(SendingCommon):
    """What holds messages back at the last moment. One class: its company is set up once."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.followup_min_gap = 0

    def setUp(self):
        super().setUp()
        self.enterContext(mute_logger(BRAKE, HELD))

    def debtors(self, *amounts, **values):
        """A business for each amount, with one overdue invoice."""
        partners = self.env["res.partner"]
        for number, amount in enumerate(amounts):
            partners |= self.business.copy(
                {"name": f"Klant {number}", "vat": False, "email": f"klant{number}@x.example", **values}
            )
            self.invoice(partners[-1], amount=amount)
        return partners

    def brakes(self, **criteria):
        domain = [("company_id", "=", self.company.id), *((name, "=", value) for name, value in criteria.items())]
        return self.env["followup.brake"].search(domain)

    def stop(self, reason="wrong amounts"):
        with self.committing(su=False) as env:
            wizard = env["followup.stop.wizard"].create({"reason": reason})
            wizard.action_stop()
        return self.brakes(kind="stop", state="holding")

    # One switch that stops everything at once, and starts it again.

    def test_what_waits_stays_and_leaves_when_it_is_started_again(self):
        self.debtors(100, 200)
        self.night()
        brake = self.stop()
        self.queue()
        self.assertFalse(self.sink.messages)
        waiting = self.env["followup.notice"].search([("held_by", "=", "stop"), ("state", "=", "queued")])
        self.assertEqual((len(waiting), brake.waiting_count), (2, 2))
        self.assertEqual((brake.held_by_id, brake.reason), (self.env.user, "wrong amounts"))
        self.press(brake, "action_release")
        self.assertEqual((brake.state, brake.released_by_id), ("released", self.env.user))
        self.assertIn(self.env.user.name, brake.message_ids[0].body)
        self.assertFalse(waiting.filtered("held_by"))
        self.queue()
        self.assertEqual(len(self.sink.messages), 2)
        self.queue()
        self.assertEqual(len(self.sink.messages), 2, "nothing twice")

    def test_pressed_while_the_queue_is_sending(self):
        self.debtors(100, 200, 300)
        self.night()
        reserve = followup_notice_sending.FollowupNotice._reserve_customer

        def press(notice):
            reserve(notice)
            # What another process commits while the first message is being handed over.
            notice.env["followup.brake"]._hold(notice.company_id, "stop", user=notice.env.user)

        with patch.object(followup_notice_sending.FollowupNotice, "_reserve_customer", press):
            self.queue()
        self.assertEqual(len(self.sink.messages), 1, "the one that was under way is the last")
        states = self.env["followup.notice"].search([("run_id", "!=", False)]).mapped("state")
        self.assertEqual(sorted(states), ["queued", "queued", "sent"])

    def test_the_night_prepares_nothing_and_says_why(self):
        [partner] = self.debtors(100)
        brake = self.stop()
        run = self.night()
        self.assertEqual((run.state, run.notice_count), ("done", 0))
        self.assertIn("wrong amounts", run.message)
        self.assertIn("stopped", self.codes(self.refreshed(partner)))
        with self.assertRaisesRegex(UserError, "stopped"):
            self.refreshed(partner).action_prepare_notice()
        brake._release()
        self.assertEqual(self.night().notice_count, 1, "the switch is a fact that no night skips")

    def test_buttons_say_who_stopped_it(self):
        [partner] = self.debtors(100)
        self.night()
        self.stop()
        notice = self.notices(partner).sudo(False)
        with self.assertRaisesRegex(UserError, "wrong amounts"):
            notice.action_send_now()
        with self.assertRaisesRegex(UserError, "wrong amounts"):
            self.env["followup.letter.batch"]._print(notice.sudo())
        self.assertEqual(notice.state, "queued")

    def test_copies_wait_too(self):
        [partner] = self.debtors(100)
        self.night()
        notice = self.notices(partner)
        with patch.object(type(notice), "_addressed_otherwise", lambda notice, vals: False):
            notice.with_context(followup_engine=True).email_cc = "copie@x.example"
            with patch.object(type(notice), "_create_copies", lambda notice: None):
                self.queue()
        copy = notice._create_copies()
        self.stop()
        self.queue()
        self.assertEqual((copy.state, len(self.sink.messages)), ("outgoing", 1))
        self.company._followup_start()
        self.queue()
        self.assertTrue(self.sink.to("copie@x.example"))

    def test_twice_is_once(self):
        self.assertEqual(self.stop(), self.stop())
        self.assertEqual(len(self.brakes(kind="stop")), 1)
        self.assertTrue(self.company._followup_start())
        self.assertFalse(self.company._followup_start())

    def test_rights(self):
        user = new_test_user(
            self.env, "braker", "l10n_be_followup.l10n_be_followup_group_user", company_id=self.company.id
        )
        bookkeeper = new_test_user(self.env, "invoicer", "account.group_account_invoice", company_id=self.company.id)
        with self.assertRaises(AccessError):
            self.company.with_user(bookkeeper)._followup_stop()
        brake = self.company.with_user(user)._followup_stop("fire")
        self.assertEqual(brake.held_by_id, user, "whoever follows up may stop")
        for step in (brake.action_release, lambda: self.company.with_user(user)._followup_start()):
            with self.assertRaisesRegex(AccessError, "manager"):
                step()
        with self.assertRaises(AccessError):
            brake.with_user(user).write({"state": "released"})
        with self.assertRaises(UserError):
            brake.sudo().unlink()

    def test_all_companies_of_the_user_and_no_other(self):
        other = self.setup_other_company(name="Tweede")["company"]
        foreign = self.env["res.company"].create({"name": "Van een ander"})
        user = new_test_user(
            self.env,
            "two",
            "l10n_be_followup.l10n_be_followup_group_user",
            company_id=self.company.id,
            company_ids=[Command.set((self.company | other).ids)],
        )
        # Also those that are not ticked in the company switcher.
        wizard = self.env["followup.stop.wizard"].with_user(user).with_context(allowed_company_ids=self.company.ids)
        wizard = wizard.create({"reason": "x"})
        wizard.action_stop()
        stopped = [company._followup_is_stopped() for company in (self.company, other, foreign)]
        self.assertEqual(stopped, [True, True, False])
        self.assertIn("Tweede", wizard.company_names)
        self.assertFalse(foreign.with_user(user).sudo(False)._followup_stop())
        self.assertFalse(foreign._followup_is_stopped())

    def test_a_manager_gets_one_task(self):
        brake = self.stop()
        [task] = brake.activity_ids
        self.assertIn("stopped", task.note)
        brake._release()
        self.assertFalse(brake.activity_ids)

    # No more messages than a company, and a customer, should have; the rest waits for tomorrow.

    def test_the_highest_amounts_go_first_and_the_rest_tomorrow(self):
        self.company.followup_company_day_cap = 2
        small, high, middle = self.debtors(100, 300, 200)
        run = self.night()
        late = self.notices(small)
        self.assertEqual((run.waiting_count, late.held_by), (1, "company_day"))
        self.assertEqual(late.scheduled_date.date(), THURSDAY)
        self.queue()
        self.assertEqual({*self.sink.recipients()}, {high.email, middle.email})
        self.queue()
        self.assertEqual(len(self.sink.messages), 2)
        with freeze_time(NOW + timedelta(days=1)):
            self.night(THURSDAY)
            self.assertFalse(late.held_by, "its turn has come")
            self.queue()
        self.assertTrue(self.sink.to(small.email))

    def test_the_limit_holds_when_a_person_approves_more(self):
        self.company.write({"followup_company_day_cap": 2, "followup_live": False})
        partners = self.debtors(100, 300, 200)
        self.night()
        notices = self.env["followup.notice"].search([("partner_id", "in", partners.ids)])
        self.press(notices, "action_approve")
        self.queue()
        self.assertEqual(len(self.sink.messages), 2)
        left = notices.filtered(lambda notice: notice.state == "queued")
        self.assertEqual((left.held_by, left.scheduled_date.date()), ("company_day", THURSDAY))
        self.assertEqual(sorted(notices.mapped("quota_slot")), [0, 1, 2])
        with freeze_time(NOW + timedelta(days=1)):
            self.queue()
        self.assertEqual(len(self.sink.messages), 3)

    def test_two_processes_never_take_the_same_place(self):
        self.company.followup_company_day_cap = 2
        first, second, third = self.debtors(100, 200, 300)
        self.night()
        self.company.followup_company_day_cap = 3
        cls = type(self.env["followup.notice"])
        facts = cls._brake_facts

        def old_snapshot(notice, *args):
            holding, _slot, sent, twin = facts(notice, *args)
            return holding, 0, sent, twin  # somebody else's places are not seen yet

        with patch.object(cls, "_brake_facts", old_snapshot):
            self.queue()
            with freeze_time(NOW + timedelta(days=1)):
                self.queue()
        places = [(n.quota_day, n.quota_slot) for n in map(self.notices, first | second | third)]
        self.assertEqual(len({place for place in places if place[1]}), 3)
        self.company.followup_company_day_cap = 1
        [fourth] = self.debtors(50)
        with freeze_time(NOW + timedelta(days=1)):
            self.night(THURSDAY)
            notice = self.notices(fourth)
            with (
                patch.object(cls, "_brake_facts", old_snapshot),
                patch.object(cls, "_over_caps", lambda notices: {}),
                self.assertRaises(psycopg2.errors.SerializationFailure),
                self.env.cr.savepoint(),
            ):
                notice.held_by = False
                notice._go("sending", claim_date=NOW, quota_day=THURSDAY, quota_slot=1)
        self.assertEqual(notice.state, "queued")

    def test_a_customer_gets_no_more_than_his_day(self):
        self.company.followup_customer_day_cap = 1
        [partner] = self.debtors(100)
        self.night()
        self.queue()
        self.invoice(partner, amount=50.0, due=date(2026, 11, 2))
        self.assertEqual(self.night().notice_count, 0)
        customer = self.refreshed(partner)
        self.assertIn("customer_day", self.codes(customer))
        self.assertEqual(customer.next_date, THURSDAY)
        with freeze_time(NOW + timedelta(days=1)):
            self.assertEqual(self.night(THURSDAY).notice_count, 1)

    def test_a_week_is_seven_days(self):
        self.company.followup_customer_week_cap = 1
        [partner] = self.debtors(100)
        self.night()
        self.queue()
        self.invoice(partner, amount=50.0, due=date(2026, 11, 2))
        for days, expected in ((5, 0), (6, 0), (7, 1)):
            with freeze_time(NOW + timedelta(days=days)):
                run = self.night(TODAY + timedelta(days=days))
            self.assertEqual(run.notice_count, expected, days)

    def test_every_purpose_counts_and_waits_in_the_queue(self):
        self.company.followup_customer_day_cap = 1
        [partner] = self.debtors(100)
        self.night()
        self.queue()
        promise = self.env["followup.promise"]._promise(
            self.customer(partner), self.items(partner), 100.0, date(2026, 11, 27)
        )
        notice = self.env["followup.notice"]._send_for(promise, "promise")
        self.queue()
        self.assertEqual((notice.state, notice.held_by, len(self.sink.messages)), ("queued", "customer_day", 1))
        with freeze_time(NOW + timedelta(days=1)):
            self.queue()
        self.assertEqual((notice.state, notice.held_by), ("sent", False))

    def test_a_person_is_warned_and_decides(self):
        self.company.followup_customer_day_cap = 1
        [partner] = self.debtors(100)
        self.night()
        self.queue()
        self.invoice(partner, amount=50.0, due=date(2026, 11, 2))
        self.press(self.refreshed(partner), "action_prepare_notice")
        notice = self.notices(partner, state="review").sudo(False)
        action = self.press(notice, "action_send_now")
        wizard = self.env["followup.over.cap.wizard"].browse(action["res_id"])
        self.assertIn("Daily limit of the customer", wizard.warning)
        self.assertEqual((notice.state, len(self.sink.messages)), ("review", 1), "only warned")
        self.press(wizard, "action_all")
        self.assertEqual((notice.state, len(self.sink.messages)), ("sent", 2))

    def test_zero_is_no_limit(self):
        self.company.write(
            {"followup_company_day_cap": 0, "followup_customer_day_cap": 0, "followup_customer_week_cap": 0}
        )
        partners = self.debtors(100, 200)
        self.night()
        self.queue()
        self.assertEqual(len(self.sink.messages), 2)
        self.assertFalse(any(self.notices(partner).quota_slot for partner in partners))

    def test_one_query_before_a_message_leaves(self):
        [partner] = self.debtors(100)
        self.night()
        notice = self.notices(partner)
        notice._ensure_rendered()
        self.env.flush_all()
        notice._pass_brakes()
        seen = []
        execute = type(self.env.cr).execute

        def note(cr, query, *args, **options):
            seen.append(query)
            return execute(cr, query, *args, **options)

        with patch.object(type(self.env.cr), "execute", note):
            self.assertEqual(notice._pass_brakes()["quota_slot"], 1)
        self.assertEqual(len(seen), 1)

    def test_limits_that_make_no_sense_are_refused(self):
        for values in ({"followup_company_day_cap": -1}, {"followup_bounce_share": 101}):
            with (
                self.assertRaises(psycopg2.errors.CheckViolation),
                mute_logger("odoo.sql_db"),
                self.env.cr.savepoint(),
            ):
                self.company.write(values)
                self.company.flush_recordset()

    def test_on_from_the_beginning(self):
        fresh = self.env["res.company"].create({"name": "Nieuw"})
        self.assertTrue(
            all(
                fresh[name]
                for name in (
                    "followup_company_day_cap", "followup_customer_day_cap", "followup_customer_week_cap",
                    "followup_surge_multiple", "followup_surge_least", "followup_surge_first", "followup_bounce_share",
                    "followup_bounce_least", "followup_duplicate_days",
                )
            )
        )  # fmt: skip
        with Form(self.env["res.config.settings"]) as form:
            form.followup_customer_day_cap = 2
            form.save().execute()
        self.assertEqual(self.company.followup_customer_day_cap, 2)

    # A night that would send far more than usual is prepared, and waits for a manager.

    def test_everything_waits_until_a_manager_releases_it(self):
        self.company.followup_surge_first = 3
        self.debtors(100, 200, 300, 400)
        run = self.night()
        brake = self.brakes(kind="surge")
        self.assertEqual((run.held, brake.run_id, brake.waiting_count), (True, run, 4))
        self.assertEqual((run.notice_count, run.leaving_count, run.leaving_limit), (4, 4, 3))
        self.queue()
        self.assertFalse(self.sink.messages)
        user = new_test_user(
            self.env, "nomanager", "l10n_be_followup.l10n_be_followup_group_user", company_id=self.company.id
        )
        with self.assertRaises(AccessError):
            brake.with_user(user).action_release()
        self.press(brake, "action_release")
        self.queue()
        self.assertEqual(len(self.sink.messages), 4)
        self.assertEqual((run.held, brake.released_by_id), (False, self.env.user))
        self.assertEqual(self.env["followup.run"].search([("held", "=", True)]), self.env["followup.run"])

    def test_or_each_is_read_first(self):
        self.company.followup_surge_first = 1
        partners = self.debtors(100, 200)
        self.night()
        brake = self.brakes(kind="surge")
        self.press(brake, "action_review")
        notices = self.env["followup.notice"].search([("partner_id", "in", partners.ids)])
        self.assertEqual(notices.mapped("state"), ["review", "review"])
        self.assertIn("unusual night", notices[0].review_text)
        self.assertEqual(brake.state, "released")
        self.queue()
        self.assertFalse(self.sink.messages)
        self.press(notices[0], "action_approve")
        self.queue()
        self.assertEqual(len(self.sink.messages), 1)
        self.assertEqual(
            self.customer(partners[0]).state, "review" if notices[0].partner_id != partners[0] else "queued"
        )

    def test_what_is_usual_comes_from_earlier_nights(self):
        self.company.write({"followup_surge_first": 1, "followup_surge_least": 0, "followup_surge_multiple": 2})
        for count in (1, 1, 2):
            self.env["followup.run"].sudo().create(
                {"company_id": self.company.id, "date": date(2026, 11, 2), "state": "done", "leaving_count": count}
            )
        self.debtors(100, 200)
        self.assertFalse(self.night().held, "two is no more than twice one")
        self.debtors(100, 200, 300, 400)
        self.assertTrue(self.night().held, "four are more than twice one and a half")

    def test_two_batches_and_a_night_by_day(self):
        """What the first batch made has not left yet: it waits as well."""
        self.company.followup_surge_first = 2
        with patch("odoo.addons.l10n_be_followup.models.followup_engine_night.BATCH", 1):
            self.debtors(100, 200, 300)
            run = self.night()
        self.assertEqual(self.brakes(kind="surge").waiting_count, 3)
        self.assertEqual(len(self.env["followup.notice"].search([("run_id", "=", run.id)])), 3)
        self.queue()
        self.assertFalse(self.sink.messages)

    def test_a_person_may_send_one_of_them(self):
        self.company.followup_surge_first = 1
        first, _second = self.debtors(100, 200)
        self.night()
        notice = self.notices(first).sudo(False)
        self.press(notice, "action_send_now")
        self.assertEqual((notice.state, len(self.sink.messages)), ("queued", 0), "queued by the night, read by nobody")
        notice.sudo().approved_by = self.env.user
        self.press(notice, "action_send_now")
        self.assertEqual(len(self.sink.messages), 1)

    def test_safe_mode_and_preview_hold_nothing(self):
        self.company.write({"followup_surge_first": 1, "followup_live": False})
        self.debtors(100, 200)
        run = self.night()
        self.assertEqual((run.held, run.notice_count, run.leaving_count), (False, 2, 0))
        self.engine._preview(self.company, TODAY)
        self.assertFalse(self.brakes(kind="surge"))

    def test_the_next_night_is_its_own(self):
        self.company.followup_surge_first = 2
        self.debtors(100, 200, 300)
        self.night()
        [partner] = self.debtors(50)
        self.night()
        self.queue()
        self.assertEqual(self.sink.recipients(), [partner.email])

    # When too many e-mails come back, the next ones wait.

    def test_too_many(self):
        self.company.write({"followup_bounce_least": 2, "followup_bounce_share": 50})
        partners = self.debtors(100, 200, 300)
        self.night()
        self.queue()
        self.notices(partners[0])._bounce("550 unknown user")
        self.assertFalse(self.brakes(kind="bounces"))
        self.notices(partners[1])._bounce("550 unknown user")
        brake = self.brakes(kind="bounces")
        self.assertIn("2 of 3", brake.reason)
        more = self.debtors(500, email="nieuw@x.example")
        self.night()
        self.queue()
        self.assertEqual((self.notices(more).held_by, len(self.sink.messages)), ("bounces", 3))
        # A person who looks at one of them may send it.
        self.press(self.notices(more).sudo(False), "action_send_now")
        self.assertEqual(len(self.sink.messages), 4)
        brake._release("the server is mended")
        self.notices(partners[2])._bounce("550 unknown user")
        self.assertEqual(brake.state, "released")
        self.assertFalse(self.brakes(kind="bounces", state="holding"), "what was before the release counts no more")

    def test_refused_at_once_counts(self):
        self.company.write({"followup_bounce_least": 2, "followup_bounce_share": 10})
        partners = self.debtors(100, 200)
        self.sink.answers = dict.fromkeys(partners.mapped("email"), "550 no such user")
        self.night()
        with mute_logger("odoo.addons.mail.models.mail_mail"):
            self.queue()
        self.assertTrue(self.brakes(kind="bounces", state="holding"))

    def test_off(self):
        self.company.write({"followup_bounce_least": 1, "followup_bounce_share": 0})
        partners = self.debtors(100)
        self.night()
        self.queue()
        self.notices(partners)._bounce("550 unknown user")
        self.assertFalse(self.brakes(kind="bounces"))

    # The last net: what was sent already does not leave again unseen.

    def forget(self, notice):
        """As if the database knew nothing of a message that left: the guards before the net are gone."""
        self.env.flush_all()
        self.env.cr.execute("UPDATE followup_notice_line SET live = FALSE WHERE notice_id = %s", [notice.id])
        self.env.cr.execute("UPDATE followup_customer SET last_message_date = NULL, decided_key = NULL")
        self.env.invalidate_all()

    def twin(self):
        [partner] = self.debtors(100)
        self.night()
        self.queue()
        first = self.notices(partner)
        self.forget(first)
        self.night()
        return first, self.notices(partner) - first

    def test_refused_seen_and_never_silent(self):
        first, second = self.twin()
        self.assertEqual(second.state, "queued", "no other guard stopped it")
        self.queue()
        self.assertEqual(len(self.sink.messages), 1)
        self.assertEqual((second.state, second.twin_id, second.review_reasons), ("review", first, ["twin"]))
        self.assertIn("was sent", second.review_text)
        [task] = second.customer_id.activity_ids
        self.assertEqual(task.activity_type_id, self.env.ref("l10n_be_followup.mail_activity_type_twin"))
        self.assertIn(first.name, task.note)
        self.queue()
        self.assertEqual(len(self.sink.messages), 1)
        # A person has looked, and wants it.
        self.press(second.sudo(False), "action_approve")
        self.assertFalse(second.customer_id.activity_ids)
        self.queue()
        self.assertEqual((second.state, len(self.sink.messages)), ("sent", 2))

    def test_rejected_the_task_goes(self):
        _first, second = self.twin()
        self.queue()
        second.sudo(False).action_reject()
        self.assertEqual(second.state, "cancelled")
        self.assertFalse(second.customer_id.activity_ids)

    def test_after_the_days_or_switched_off_it_is_another_message(self):
        _first, second = self.twin()
        keys = second._twin_keys()
        facts = [second._brake_facts(TODAY, *keys)[3]]
        self.company.followup_duplicate_days = 0
        facts.append(second._brake_facts(TODAY, *keys)[3])
        self.company.followup_duplicate_days = 7
        with freeze_time(NOW + timedelta(days=8)):
            facts.append(second._brake_facts(TODAY, *keys)[3])
        self.assertEqual([bool(twin) for twin in facts], [True, False, False])

    def test_what_came_back_has_no_twin(self):
        first, second = self.twin()
        first._bounce("550 full", address=False)
        self.assertFalse(second._brake_facts(TODAY, *second._twin_keys())[3])

    def test_the_same_words_to_the_same_address(self):
        one, other = self.debtors(100, 100)
        self.night()
        notices = self.notices(one) | self.notices(other)
        notices._ensure_rendered()
        keys = [notice._twin_keys() for notice in notices]
        self.assertNotEqual(keys[0][1], keys[1][1], "another invoice, another address")
        body = notices[0].body.replace(notices[0].name, notices[1].name)
        notices[1].with_context(followup_engine=True).write(
            {
                "email_to": notices[0].email_to.upper(),
                "subject": notices[0].subject,
                "body": body.replace(notices[0].access_token, notices[1].access_token),
            }
        )
        keys = [notice._twin_keys() for notice in notices]
        self.assertEqual(keys[0][1], keys[1][1])
        self.assertNotEqual(keys[0][0], keys[1][0])
        notices[0]._go("sending", claim_date=NOW, same_key=keys[0][0], words_key=keys[0][1])
        self.assertEqual(notices[1]._brake_facts(TODAY, *keys[1])[3], notices[0].id)

    def test_a_new_episode_is_another_message(self):
        first, second = self.twin()
        self.assertEqual(first._twin_keys()[0], second._twin_keys()[0])
        second.line_ids.with_context(followup_engine=True).episode = 2
        self.assertNotEqual(first._twin_keys()[0], second._twin_keys()[0])

    def test_sent_again_by_hand_is_meant_a_second_press_is_not(self):
        [partner] = self.debtors(100)
        promise = self.env["followup.promise"]._promise(
            self.refreshed(partner), self.items(partner), 100.0, date(2026, 11, 27)
        )
        for minutes, expected in ((0, 1), (2, 1), (30, 2)):
            with freeze_time(NOW + timedelta(minutes=minutes)):
                self.env["followup.notice"]._send_for(promise, "promise")
                self.queue()
            self.assertEqual(len(self.sink.messages), expected, minutes)

    def test_a_confirmation_is_no_twin_of_its_proposal(self):
        [partner] = self.debtors(100)
        arrangement = self.env["followup.arrangement"]._arrange(
            self.refreshed(partner), [(self.items(partner), 100.0)], [(date(2026, 12, 1), 100.0)], acceptance=True
        )
        arrangement.action_confirm()
        self.queue()
        arrangement.sudo()._accept("Jan", "127.0.0.1")
        self.queue()
        self.assertEqual(self.notices(partner).mapped("state"), ["sent", "sent"])
