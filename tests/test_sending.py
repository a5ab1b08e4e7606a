import socket
from datetime import date, datetime, timedelta
from unittest.mock import patch

from freezegun.api import freeze_time as freeze
from odoo import Command
from odoo.addons.mail.models.mail_mail import MailMail
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger
from psycopg2.errors import RaiseException

from .common import NOW, TODAY, SendingCommon


def freeze_time(moment):
    return freeze(moment, real_asyncio=True)  # the mail server runs on the real clock


@tagged("post_install_l10n", "post_install", "-at_install")
class TestSending(SendingCommon):
    def prepared(self, partner=None, **values):
        self.invoice(partner=partner, **values)
        self.night()
        return self.notices(partner)

    # The main job

    def test_a_reminder_is_received_and_delivered_once(self):
        move = self.invoice(amount=121.5)
        self.night()
        self.queue()
        [message] = self.sink.to("boekhouding@zoetebrood.example")
        notice = self.notices()
        self.assertEqual(message["Message-Id"], notice.message_id)
        self.assertIn(notice.name, message["Subject"])
        html = message.get_body(("html",)).get_content()
        for words in (move.name, "121.50", "10 Nov 2026", "+++", "Please pay by"):
            self.assertIn(words, html)
        self.assertIn("company_1_data", message["From"])
        self.assertEqual(notice.state, "sent")
        self.assertIn(notice.name, self.customer().message_ids[0].body, "the timeline names it")
        self.assertFalse(self.items().level_id, "accepted is not delivered")
        with freeze_time(NOW + timedelta(hours=47)):
            self.night(date(2026, 11, 20))
        self.assertFalse(self.items().level_id)
        with freeze_time(NOW + timedelta(hours=49)):
            self.night(date(2026, 11, 20))
        self.assertEqual((self.items().level_id, self.items().level_date), (self.level(10), TODAY))

    def test_a_second_run_at_once_sends_nothing_even_without_gap_and_delays(self):
        self.company.write({"followup_min_gap": 0, "followup_bounce_hours": 48})
        self.business_policy.level_ids.filtered(lambda lv: lv.delay_from == "previous").delay = 0
        self.level(10).delay = 0
        self.prepared()
        for _again in range(3):
            self.queue()
            self.night()
        self.queue()
        self.assertEqual(len(self.sink.messages), 1)
        self.assertEqual(len(self.notices()), 1)

    def test_only_the_recipient_gets_it(self):
        follower = self.env["res.partner"].create({"name": "Volger", "email": "volger@x.example"})
        self.refreshed().message_subscribe(follower.ids)
        self.business.message_subscribe(follower.ids)
        self.prepared()
        self.queue()
        self.assertEqual(self.sink.recipients(), ["boekhouding@zoetebrood.example"])

    def test_customers_language(self):
        for lang, words in (("nl_BE", "Herinnering"), ("fr_BE", "Rappel"), ("de_DE", "Erinnerung")):
            self.env["res.lang"]._activate_lang(lang)
            self.env["ir.module.module"]._load_module_terms(["l10n_be_followup"], [lang])
            partner = self.consumer.copy({"lang": lang, "email": f"{lang.lower()}@x.example", "name": lang})
            self.prepared(partner)
            self.queue()
            [message] = self.sink.to(f"{lang.lower()}@x.example")
            self.assertIn(words, message["Subject"])
            self.assertNotIn("Please pay by", message.get_body(("html",)).get_content())

    def test_a_reply_lands_in_the_customers_chatter(self):
        self.prepared()
        self.queue()
        notice = self.notices()
        reply = (
            f"From: boekhouding@zoetebrood.example\nTo: catchall@x.example\nSubject: Re: x\n"
            f"Message-Id: <reply-1@zoetebrood.example>\nIn-Reply-To: {notice.message_id}\n\nWij betalen morgen."
        )
        thread = self.env["mail.thread"].sudo().message_process(None, reply)
        self.assertEqual(thread, self.customer().id)
        self.assertIn("Wij betalen morgen", self.customer().message_ids[0].body)

    def test_invoices_are_attached_when_the_level_says_so(self):
        self.level(10).attach_invoices = True
        with self.allow_pdf_render_nested():
            move = self.invoice()
            self.night()
        self.queue()
        [attachment] = list(self.sink.messages[0][1].iter_attachments())
        self.assertEqual(attachment.get_content_type(), "application/pdf")
        self.assertIn(move.name.replace("/", "_"), attachment.get_filename())

    def allow_pdf_render_nested(self):
        document = {"filename": "proforma.pdf", "filetype": "pdf", "content": b"%PDF-1.4 test"}

        def legal(move, filetype, allow_fallback=False):
            return dict(document, filename=f"{move.name.replace('/', '_')}.pdf")

        return patch.object(type(self.env["account.move"]), "_get_invoice_legal_documents", legal)

    # Reference

    def test_one_invoice_keeps_its_own_communication(self):
        move = self.invoice()
        move.payment_reference = "+++090/9337/55493+++"
        self.night()
        self.assertEqual(self.notices().reference, "+++090/9337/55493+++")

    def test_several_invoices_get_a_valid_communication(self):
        from stdnum.be import ogm_vcs

        self.invoice()
        self.invoice()
        self.night()
        reference = self.notices().reference
        self.assertRegex(reference, r"^\+\+\+9\d\d/\d{4}/\d{5}\+\+\+$")
        self.assertTrue(ogm_vcs.is_valid(reference))

    def test_qr_code_on_the_residual(self):
        self.env["res.partner.bank"].create(
            {"partner_id": self.company.partner_id.id, "acc_number": "BE68539007547034", "allow_out_payment": True}
        )
        self.prepared(amount=80)
        self.queue()
        html = self.sink.messages[0][1].get_body(("html",)).get_content()
        self.assertIn("EUR80", html)
        self.assertIn("BE68539007547034", html)
        self.assertIn("BE68 5390 0754 7034", html)

    # When things go wrong

    def test_refused_recipient_harms_nobody_else(self):
        self.sink.answers["boekhouding@zoetebrood.example"] = "550 5.1.1 no such user"
        self.invoice()
        self.invoice(partner=self.consumer)
        self.night()
        with self.assertLogs("odoo.addons.mail.models.mail_mail", "ERROR"):
            self.queue()
        self.assertEqual(self.sink.recipients(), ["jan@peeters.example"])
        notice = self.notices()
        self.assertEqual(notice.state, "failed")
        self.assertIn("550 5.1.1 no such user", notice.failure)
        self.assertEqual(self.customer().state, "failed")
        self.night()
        self.queue()
        self.assertEqual(len(self.notices()), 1, "nothing is tried again before a person looked")
        self.business.email = "nieuw@zoetebrood.example"
        self.press(notice.with_env(self.env), "action_retry")
        self.assertEqual(self.notices().state, "sent")
        self.assertEqual(len(self.sink.to("nieuw@zoetebrood.example")), 1)

    def test_temporary_refusal_is_tried_again_by_itself(self):
        self.sink.answers["boekhouding@zoetebrood.example"] = "450 4.2.1 greylisted"
        self.prepared()
        with self.assertLogs("odoo.addons.mail.models.mail_mail", "ERROR"):
            self.queue()
        self.assertEqual(self.notices().state, "queued")
        self.assertGreater(self.notices().mail_ids.scheduled_date, NOW)
        self.sink.answers.clear()
        with freeze_time(NOW + timedelta(hours=2)):
            self.queue()
        self.assertEqual(self.notices().state, "sent")
        self.assertEqual(len(self.sink.messages), 1)

    def test_server_down_then_up(self):
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            self.server.smtp_port = closed.getsockname()[1]
        self.prepared()
        self.queue()
        notice = self.notices()
        self.assertEqual((notice.state, notice.sent_date, notice.mail_ids.state), ("queued", False, "outgoing"))
        self.server.smtp_port = self.sink.port
        with freeze_time(NOW + timedelta(hours=1)):
            self.queue()
        self.assertEqual(self.notices().state, "sent")
        self.assertEqual(len(self.sink.messages), 1)

    def test_connection_lost_is_unknown_and_never_sent_again_by_itself(self):
        for drop, expected in (("before", 0), ("after", 1)):
            with self.subTest(drop=drop):
                partner = self.business.copy({"name": drop, "email": f"{drop}@x.example"})
                self.sink.drop = drop
                self.prepared(partner)
                with self.assertLogs("odoo.addons.l10n_be_followup.models.mail_mail", "WARNING"):
                    self.queue()
                self.sink.drop = None
                notice = self.notices(partner)
                self.assertEqual(notice.state, "unknown")
                self.assertIn("unknown whether", self.customer(partner).failure)
                for _again in range(2):
                    self.night()
                    self.queue()
                self.assertEqual(len(self.sink.to(f"{drop}@x.example")), expected)
                self.assertEqual(len(self.notices(partner)), 1)

    def test_unknown_is_settled_by_a_person(self):
        self.sink.drop = "after"
        self.prepared()
        with self.assertLogs("odoo.addons.l10n_be_followup.models.mail_mail", "WARNING"):
            self.queue()
        self.sink.drop = None
        self.press(self.notices().with_env(self.env), "action_was_sent")
        self.assertEqual((self.notices().state, self.notices().sent_date), ("sent", NOW))
        self.sink.drop = "before"
        self.prepared(self.consumer)
        with self.assertLogs("odoo.addons.l10n_be_followup.models.mail_mail", "WARNING"):
            self.queue()
        self.sink.drop = None
        notice = self.notices(self.consumer)
        self.press(notice.with_env(self.env), "action_was_not_sent")
        self.press(notice.with_env(self.env), "action_retry")
        self.assertEqual(len(self.sink.to("jan@peeters.example")), 1)

    def test_killed_after_the_claim_is_unknown_never_sent_twice(self):
        notice = self.prepared()

        def killed(*args, **kwargs):
            raise KeyboardInterrupt

        # Not assertRaises: Odoo's rolls back what the code committed.
        interrupted = False
        with patch.object(MailMail, "_prepare_outgoing_list", killed):
            try:
                self.queue()
            except KeyboardInterrupt:
                interrupted = True
        self.assertTrue(interrupted)
        self.env.invalidate_all()
        notice = self.notices()
        self.assertEqual((notice.state, notice.mail_ids.state), ("sending", "outgoing"), "the claim was committed")
        self.queue()
        self.assertFalse(self.sink.messages)
        with freeze_time(NOW + timedelta(hours=2)):
            self.queue()
            self.night()
        self.assertEqual(self.notices().state, "unknown")
        self.assertFalse(self.sink.messages)

    # Decided again at the moment of sending

    def test_paid_since_is_cancelled(self):
        notice = self.prepared()
        self.pay(notice.line_ids.move_id)
        self.queue()
        self.assertFalse(self.sink.messages)
        self.assertEqual(self.notices().state, "cancelled")
        self.assertEqual(self.notices().mail_ids.state, "cancel")

    def test_part_paid_since_is_rendered_again(self):
        notice = self.prepared(amount=100)
        self.pay(notice.line_ids.move_id, 60)
        self.queue()
        html = self.sink.messages[0][1].get_body(("html",)).get_content()
        self.assertIn("40.00", html)
        self.assertNotIn("100.00", html)
        self.assertEqual(self.notices().amount_total, 40)

    def test_changed_after_approval_goes_back_to_review(self):
        self.company.followup_live = False
        notice = self.prepared(amount=100)
        self.press(notice.with_env(self.env), "action_approve")
        self.pay(notice.line_ids.move_id, 60)
        self.queue()
        self.assertFalse(self.sink.messages)
        notice = self.notices()
        self.assertEqual((notice.state, notice.review_reasons, notice.amount_total), ("review", ["changed"], 40))
        self.press(notice.with_env(self.env), "action_send_now")
        self.assertEqual(len(self.sink.messages), 1)

    def test_held_since_is_cancelled(self):
        self.prepared()
        self.env["followup.hold"].create(
            {"customer_id": self.customer().id, "until": date(2026, 12, 1), "reason": "belofte"}
        )
        self.queue()
        self.assertFalse(self.sink.messages)
        self.assertIn("belofte", self.notices().cancel_reason)

    def test_back_in_safe_mode_nothing_leaves_by_itself(self):
        self.prepared()
        self.company.followup_live = False
        self.queue()
        self.assertFalse(self.sink.messages)
        self.assertEqual(self.notices().state, "review")

    def test_new_address_is_used(self):
        self.prepared()
        self.business.email = "nieuw@zoetebrood.example"
        self.queue()
        self.assertEqual(self.sink.recipients(), ["nieuw@zoetebrood.example"])

    def test_nothing_leaves_outside_the_hours(self):
        self.invoice()
        with freeze_time(datetime(2026, 11, 18, 1, 30)):  # half past two at night in Brussels
            self.night()
            self.assertEqual(self.notices().mail_ids.scheduled_date, datetime(2026, 11, 18, 7, 0))
            self.queue()
        self.assertFalse(self.sink.messages)
        self.notices().mail_ids.scheduled_date = False
        with freeze_time(datetime(2026, 11, 18, 19, 0)):  # eight in the evening: closed
            self.queue()
            self.assertFalse(self.sink.messages)
            self.assertEqual(self.notices().mail_ids.scheduled_date, datetime(2026, 11, 19, 7, 0))
        with freeze_time(datetime(2026, 11, 19, 7, 0)):
            self.queue()
        self.assertEqual(len(self.sink.messages), 1)

    def test_send_now_by_a_person_at_any_hour(self):
        self.company.followup_live = False
        self.invoice()
        self.night()
        with freeze_time(datetime(2026, 11, 21, 21, 0)):  # Saturday evening
            self.press(self.notices().with_env(self.env), "action_send_now")
        self.assertEqual(len(self.sink.messages), 1)

    def test_from_the_button_to_the_received_mail(self):
        self.company.write({"followup_live": False, "followup_cutoff_date": False})
        self.invoice()
        action = self.business.action_open_followup()
        customer = self.env["followup.customer"].browse(action["res_id"])
        prepared = self.press(customer, "action_prepare_notice")
        notice = self.env["followup.notice"].browse(prepared["res_id"])
        self.press(notice, "action_send_now")
        self.assertEqual(len(self.sink.to("boekhouding@zoetebrood.example")), 1)
        self.assertEqual(notice.state, "sent")

    def test_bulk_approve_and_reject(self):
        self.company.followup_live = False
        for number in range(3):
            self.invoice(partner=self.consumer.copy({"name": f"K{number}", "email": f"k{number}@x.example"}))
        self.night()
        notices = self.env["followup.notice"].search([("state", "=", "review")], order="id")
        self.press(notices[:2], "action_approve")
        self.press(notices[2:], "action_reject")
        self.queue()
        self.assertEqual(self.sink.recipients(), ["k0@x.example", "k1@x.example"])
        self.assertEqual(notices.mapped("state"), ["sent", "sent", "cancelled"])

    # Evidence

    def test_what_was_sent_cannot_be_altered(self):
        notice = self.prepared()
        self.queue()
        notice = self.notices()
        self.assertTrue(notice.sha256)
        self.assertEqual(notice.sha256, notice._fingerprint())
        for vals in ({"body": "x"}, {"email_to": "x@y.z"}, {"sent_date": False}, {"line_ids": [Command.clear()]}):
            with self.assertRaisesRegex(UserError, "evidence"):
                notice.write(vals)
        with self.assertRaisesRegex(UserError, "evidence"):
            notice.line_ids.amount_residual = 1
        for record in notice, notice.line_ids:
            with self.assertRaisesRegex(UserError, "evidence"):
                record.unlink()
        with self.assertRaisesRegex(UserError, "evidence"):
            self.customer().sudo().unlink()
        for query in ("UPDATE followup_notice SET body = 'x'", "DELETE FROM followup_notice"):
            with (
                self.assertRaisesRegex(RaiseException, "evidence"),
                self.env.cr.savepoint(),
                mute_logger("odoo.sql_db"),
            ):
                self.env.cr.execute(query)

    def test_nobody_writes_to_a_notice_but_through_its_buttons(self):
        notice = self.prepared()
        user = new_test_user(
            self.env, "fu_forger", "l10n_be_followup.l10n_be_followup_group_manager", company_id=self.company.id
        )
        forged = notice.with_user(user).sudo(False).with_context(followup_engine=True)
        for vals in ({"state": "delivered"}, {"body": "x"}, {"delivered_on": TODAY}):
            with self.assertRaises(AccessError):
                forged.write(vals)
        with self.assertRaises(AccessError):
            self.customer().with_user(user).write({"amount_overdue": 0})

    def test_states_follow_the_table(self):
        notice = self.prepared()
        with self.assertRaisesRegex(UserError, "cannot become"):
            notice._go("bounced")
        self.queue()
        with self.assertRaisesRegex(UserError, "cannot become"):
            self.notices()._go("queued")

    def test_history_is_named_in_the_next_message(self):
        self.invoice(due=date(2026, 10, 1))
        self.night()
        self.queue()
        first = self.notices()
        first._deliver(TODAY)
        self.night(date(2026, 11, 25))
        self.deliver(self.notices(channel="call"), date(2026, 11, 25))
        self.night(date(2026, 12, 2))
        second = self.notices(state="queued")
        self.assertIn(first.name, second.body)
        self.assertIn("Earlier messages", second.body)

    def test_a_bounce_takes_the_item_back(self):
        self.prepared()
        self.queue()
        notice = self.notices()
        notice._deliver(TODAY)
        self.assertEqual(self.items().level_id, self.level(10))
        notice._bounce("550 mailbox gone")
        self.assertFalse(self.items().level_id)
        self.assertEqual(self.customer().state, "failed")
        self.night()
        self.assertEqual(len(self.notices()), 1, "a person is asked first")

    def merge(self, source, destination):
        """Odoo's own merge of two partners."""
        wizard = (
            self.env["base.partner.merge.automatic.wizard"]
            .sudo()
            .create(
                {
                    "partner_ids": [Command.set((source | destination).ids)],
                    "dst_partner_id": destination.id,
                    "state": "selection",
                }
            )
        )
        wizard.action_merge()
        self.env.invalidate_all()

    def test_merging_two_customers_keeps_the_evidence(self):
        self.prepared()
        self.queue()
        other = self.business.copy({"name": "Dubbel", "email": "dubbel@x.example"})
        self.merge(self.business, other)
        notice = self.env["followup.notice"].sudo().search([("state", "=", "sent")])
        self.assertEqual(notice.partner_id, other)
        self.assertEqual(notice.sha256, notice._fingerprint())
        self.night(date(2026, 11, 20))
        self.queue()
        self.assertEqual(len(self.sink.messages), 1)

    # Copies

    def test_a_neutralised_copy_never_writes(self):
        self.prepared()
        self.env["ir.config_parameter"].sudo().set_param("database.is_neutralized", True)
        self.queue()
        self.assertFalse(self.sink.messages)
        self.assertEqual(self.notices().state, "cancelled")
        self.night()
        with self.assertRaisesRegex(UserError, "never writes to customers"):
            self.press(self.customer(), "action_prepare_notice")
        self.company.followup_live = False
        with self.assertRaisesRegex(ValidationError, "never writes to customers"):
            self.company.followup_live = True

    def test_live_mode_needs_a_cutoff_date(self):
        with self.assertRaisesRegex(ValidationError, "due date"):
            self.company.followup_cutoff_date = False

    def test_ordinary_mails_are_not_touched(self):
        self.env["mail.mail"].sudo().create({"email_to": "x@y.example", "subject": "x", "body_html": "x"})
        self.queue()
        self.assertEqual(self.sink.recipients(), ["x@y.example"])

    def test_a_bounce_that_comes_in_by_mail_is_no_delivery(self):
        """A real delivery status notification, through Odoo's own incoming mail."""
        domain = self.company.alias_domain_id
        self.prepared(self.consumer, due=date(2026, 10, 30))
        self.queue()
        notice = self.notices(self.consumer)
        self.assertEqual(notice.state, "sent")
        report = (
            f"From: MAILER-DAEMON@peeters.example\nTo: {domain.bounce_email}\nSubject: Undelivered Mail\n"
            "Message-Id: <dsn-1@peeters.example>\nMIME-Version: 1.0\n"
            'Content-Type: multipart/report; report-type=delivery-status; boundary="x"\n\n'
            "--x\nContent-Type: text/plain\n\nThe mailbox does not exist.\n"
            "--x\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; peeters.example\n\n"
            "Final-Recipient: rfc822; jan@peeters.example\nAction: failed\nStatus: 5.1.1\n\n"
            f"--x\nContent-Type: text/rfc822-headers\n\nMessage-Id: {notice.message_id}\nSubject: x\n\n--x--\n"
        )
        self.env["mail.thread"].sudo().message_process(None, report)
        self.assertEqual(self.notices(self.consumer).state, "bounced")
        with freeze_time(NOW + timedelta(hours=72)):
            self.night(date(2026, 11, 23))
        item = self.items(self.consumer)
        self.assertFalse(item.waiting_until or item.level_id)

    def test_one_that_cannot_be_sent_does_not_stop_the_queue(self):
        self.invoice()
        self.invoice(partner=self.consumer)
        self.night()
        self.business.email = False
        self.queue()
        self.assertEqual(self.sink.recipients(), ["jan@peeters.example"])
        self.assertEqual(self.notices().state, "failed")
        self.assertIn("no valid e-mail", self.notices().failure)

    def test_a_level_put_under_review_since_waits(self):
        self.prepared()
        self.level(10).automatic = False
        self.queue()
        self.assertFalse(self.sink.messages)
        self.assertEqual(self.notices().state, "review")

    def test_a_pause_stops_what_was_approved_too(self):
        self.company.followup_live = False
        notice = self.prepared()
        self.press(notice.with_env(self.env), "action_approve")
        self.company.followup_pause_until = date(2026, 11, 20)
        self.queue()
        self.assertFalse(self.sink.messages)
        self.assertEqual(self.notices().mail_ids.scheduled_date, datetime(2026, 11, 23, 7, 0), "Monday, eight o'clock")
        with freeze_time(datetime(2026, 11, 23, 7, 30)):
            self.queue()
        self.assertEqual(len(self.sink.messages), 1)

    def test_the_reference_follows_the_items(self):
        self.company.followup_live = False
        notice = self.prepared(due=date(2026, 11, 1))
        self.assertEqual(notice.reference, notice.line_ids.move_id.payment_reference)
        self.invoice(due=date(2026, 11, 5))
        self.press(notice.with_env(self.env), "action_approve")
        self.queue()
        notice = self.notices()
        self.assertEqual((notice.state, len(notice.line_ids)), ("review", 2))
        self.assertTrue(notice.reference.startswith("+++9"))

    def test_somebody_who_left_gets_nothing(self):
        contact = self.env["res.partner"].create(
            {"name": "Piet", "email": "piet@elders.example", "parent_id": self.business.id}
        )
        self.business.followup_contact_id = contact
        contact.active = False
        self.assertEqual(self.business._followup_recipient(self.company), self.business)
        contact.write({"active": True, "parent_id": False})
        self.assertEqual(self.business._followup_recipient(self.company), self.business)

    def test_a_planned_call_goes_when_the_money_came(self):
        move = self.invoice(due=date(2026, 10, 1))
        self.night()
        self.deliver(self.notices(), date(2026, 11, 9))
        self.night()
        call = self.notices(channel="call")
        self.pay(move)
        self.refreshed()
        self.assertEqual(call.state, "cancelled")
        self.assertFalse(self.customer().activity_ids)

    def test_merging_two_customers_that_both_have_history(self):
        other = self.business.copy({"name": "Dubbel", "email": "dubbel@x.example"})
        self.invoice()
        self.invoice(partner=other)
        self.night()
        self.queue()
        self.merge(self.business, other)
        self.assertEqual(len(self.notices(other)), 2)
        self.assertEqual(len(self.customer(other).item_ids), 2)
        self.night(date(2026, 11, 20))
        self.queue()
        self.assertEqual(len(self.sink.messages), 2)
