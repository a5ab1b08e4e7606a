import smtplib
from datetime import date, datetime, timedelta
from email import message_from_string, policy
from email.message import EmailMessage, Message
from email.mime.multipart import MIMEMultipart
from email.mime.nonmultipart import MIMENonMultipart
from email.mime.text import MIMEText

from freezegun.api import freeze_time
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import NOW, TODAY, SendingCommon
from .pop3 import Mailbox
from .smtp import MailSink

BAKERY = "boekhouding@zoetebrood.example"
#: Odoo's own logs of what goes wrong on purpose here.
LOGS = ("odoo.addons.mail.models.mail_mail", "odoo.addons.l10n_be_followup.models.mail_mail")


def status_report(to, original_id, recipient, action="failed", status="5.1.1", words="550 5.1.1 no such user", more=""):
    """A delivery status notification as mail servers write it (RFC 3464).

    :rtype: bytes
    """
    report = MIMEMultipart("report", **{"report-type": "delivery-status"})
    report["From"] = "Mail Delivery System <MAILER-DAEMON@mx.zoetebrood.example>"
    report["To"] = to
    report["Subject"] = "Undelivered Mail Returned to Sender"
    report["Message-Id"] = f"<dsn-{action}-{abs(hash((original_id, recipient, status)))}@mx.zoetebrood.example>"
    report["Auto-Submitted"] = "auto-replied"
    report.attach(MIMEText("I'm sorry to have to inform you that your message could not be delivered."))
    blocks = MIMENonMultipart("message", "delivery-status")
    for lines in (
        "Reporting-MTA: dns; mx.zoetebrood.example\n",
        f"Final-Recipient: rfc822; {recipient}\nAction: {action}\nStatus: {status}\n"
        f"Diagnostic-Code: smtp; {words}\n{more}",
    ):
        # A part without a type of its own, as RFC 3464 has them.
        Message.attach(blocks, message_from_string(lines))
    report.attach(blocks)
    headers = MIMEText(f"Message-Id: {original_id}\nSubject: Herinnering\n", "rfc822-headers")
    report.attach(headers)
    return report.as_bytes(policy=policy.SMTP)


@tagged("post_install_l10n", "post_install", "-at_install")
class TestDelivery(SendingCommon):
    """Out by a real SMTP server, back by a real one and a real POP3 mailbox: what did it do to notice and item?"""

    def setUp(self):
        super().setUp()
        # The company's own mail host: what arrives for the bounce address waits in its mailbox.
        self.mailbox = Mailbox().start()
        self.addCleanup(self.mailbox.stop)
        self.mx = MailSink().start()
        self.addCleanup(self.mx.stop)
        self.env["fetchmail.server"].sudo().search([]).active = False
        self.fetcher = (
            self.env["fetchmail.server"]
            .sudo()
            .create(
                {
                    "name": "bounces",
                    "server_type": "pop",
                    "server": "127.0.0.1",
                    "port": self.mailbox.port,
                    "user": "bounce",
                    "password": "x",
                }
            )
        )
        self.fetcher.button_confirm_login()
        self.company.followup_bounce_gateway = False

    def sent(self, partner=None, **values):
        partner = partner or self.business
        self.invoice(partner=partner, **values)
        self.night()
        self.queue()
        return self.notices(partner)[-1:]

    def comes_back(self, notice, **values):
        """The customer's mail server reports by SMTP to the envelope sender; Odoo fetches it by POP3."""
        [(_recipients, message)] = [row for row in self.sink.messages if row[1]["Message-Id"] == notice.message_id]
        sender = message["Return-Path"] or self.company.bounce_email
        self.assertEqual(sender.strip("<>"), self.company.bounce_email)
        values = {"recipient": message["To"].addresses[0].addr_spec} | values
        self.arrives(status_report(self.company.bounce_email, notice.message_id, **values))

    def arrives(self, raw):
        with smtplib.SMTP("127.0.0.1", self.mx.port, timeout=10) as client:
            client.sendmail("", [self.company.bounce_email], raw)
        self.mailbox.box += [message.as_bytes(policy=policy.SMTP) for _to, message in self.mx.messages]
        self.mx.messages.clear()
        self.fetch()

    @mute_logger("odoo.addons.mail.models.mail_thread")
    def fetch(self):
        with self.committing() as env:
            env["fetchmail.server"].browse(self.fetcher.id)._fetch_mail()
        self.assertFalse(self.mailbox.box, "fetched and removed")

    def later(self, days, day=None):
        """The night of some days later."""
        moment = NOW + timedelta(days=days)
        with freeze_time(moment, real_asyncio=True):
            self.night(day or moment.date())

    # It comes back

    def test_accepted_then_bounced_and_nobody_else_to_ask(self):
        notice = self.sent()
        self.assertEqual(notice.state, "sent")
        self.comes_back(notice)
        self.assertEqual(notice.state, "bounced")
        self.assertIn("550 5.1.1 no such user", notice.failure)
        self.assertEqual(notice.report_ids.mapped("action"), ["failed"])
        self.assertEqual(self.customer().state, "failed")
        self.assertIn(BAKERY, self.customer().failure)
        self.assertEqual(len(self.customer().activity_ids), 1)
        self.later(5)
        self.assertFalse(self.items().level_id, "it is no level reached")
        self.assertEqual(len(self.notices()), 1, "a person looks first")

    def test_then_the_next_contact_then_a_letter_then_a_task(self):
        clerk = self.env["res.partner"].create(
            {"name": "An", "parent_id": self.business.id, "type": "invoice", "email": "an@zoetebrood.example"}
        )
        self.business.write({"street": "Nieuwstraat 1", "zip": "1000", "city": "Brussel"})
        first = self.sent()
        self.assertEqual(first.recipient_id, clerk)
        self.comes_back(first)
        self.assertEqual(first.state, "bounced")
        self.assertFalse(self.customer().failure)
        self.assertFalse(self.customer().last_message_date, "the gap does not count from what came back")
        self.assertIn(BAKERY, self.customer().message_ids[0].body)

        self.later(1)
        with freeze_time(NOW + timedelta(days=1), real_asyncio=True):
            self.queue()
        second = self.notices()[-1:]
        self.assertEqual((second.state, second.recipient_id, second.level_id), ("sent", self.business, first.level_id))
        self.comes_back(second)
        self.assertEqual(second.state, "bounced")

        self.later(2)
        third = self.notices()[-1:]
        self.assertEqual((third.channel, third.state, third.level_id), ("letter", "queued", first.level_id))
        third._go("printed")
        third._post(date(2026, 11, 20))
        self.assertEqual(self.items().level_date, date(2026, 11, 20))
        third._bounce("not at this address")
        self.assertFalse(self.items().level_id)
        self.assertIn("Nieuwstraat 1", self.customer().failure)
        self.assertEqual(len(self.customer().activity_ids), 1)
        self.later(9)
        self.assertEqual(len(self.notices()), 3)

    def test_the_same_address_on_another_contact_is_no_other_way(self):
        self.env["res.partner"].create(
            {"name": "An", "parent_id": self.business.id, "type": "invoice", "email": BAKERY.upper()}
        )
        self.comes_back(self.sent())
        self.assertTrue(self.customer().failure)

    def test_a_new_address_is_used_by_itself_and_the_old_one_when_a_person_says_so(self):
        self.comes_back(self.sent())
        self.assertTrue(self.business.followup_email_bounced)
        self.assertIn(self.business, self.env["res.partner"].search([("followup_email_bounced", "=", True)]))
        self.business.email = "nieuw@zoetebrood.example"
        self.assertFalse(self.business.followup_email_bounced)
        self.business.email = BAKERY
        self.assertTrue(self.business.followup_email_bounced)
        self.customer().action_clear_failure()
        self.assertFalse(self.business.followup_email_bounced)
        self.later(1)
        self.assertEqual(self.notices()[-1:].email_to.split("<")[-1].strip(">"), BAKERY)

    def test_refused_as_spam_would_be_refused_elsewhere(self):
        self.business.write({"street": "Nieuwstraat 1", "zip": "1000", "city": "Brussel"})
        self.comes_back(self.sent(), status="5.7.1", words="550 5.7.1 looks like spam")
        self.assertIn("spam", self.customer().failure)
        self.assertFalse(self.business.followup_email_bounced)
        self.later(1)
        self.assertEqual(len(self.notices()), 1)

    def test_late_bounce_takes_back_the_level_and_the_consumers_days(self):
        notice = self.sent(self.consumer, due=date(2026, 10, 30))
        self.later(3)
        item = self.items(self.consumer)
        self.assertTrue(item.level_id and item.waiting_until)
        self.comes_back(notice)
        item.invalidate_recordset()
        self.assertFalse(item.level_id or item.waiting_until)

    # It does not come back

    def test_a_report_of_delay_makes_it_wait(self):
        notice = self.sent(self.consumer, due=date(2026, 10, 30))
        self.comes_back(notice, action="delayed", status="4.4.1", words="450 4.4.1 no answer from host")
        self.assertEqual((notice.state, notice.delayed_date), ("sent", NOW))
        self.later(6)
        self.assertEqual(notice.state, "sent", "the mail server may still be trying")
        self.later(7, date(2026, 11, 25))
        self.assertEqual((notice.state, notice.delivered_on), ("delivered", TODAY))
        self.assertFalse(self.customer(self.consumer).failure)

    def test_the_server_says_how_long_it_tries(self):
        notice = self.sent()
        self.comes_back(
            notice, action="delayed", status="4.4.1", more="Will-Retry-Until: Wed, 18 Nov 2026 20:00:00 +0100\n"
        )
        self.assertEqual(notice.delayed_until, datetime(2026, 11, 18, 19, 0))
        self.later(3)
        self.assertEqual(notice.state, "delivered")

    def test_a_receipt_and_an_answer_of_a_machine_are_no_bounce(self):
        notice = self.sent()
        self.comes_back(notice, action="delivered", status="2.0.0", words="250 ok")
        self.assertEqual(notice.state, "sent")
        away = EmailMessage()
        away["From"] = BAKERY
        away["To"] = self.company.bounce_email
        away["Subject"] = "Afwezig"
        away["Auto-Submitted"] = "auto-replied"
        away["In-Reply-To"] = notice.message_id
        away.set_content("Ik ben met vakantie.")
        self.arrives(away.as_bytes(policy=policy.SMTP))
        self.assertEqual(notice.state, "sent")
        self.later(3)
        self.assertEqual(notice.state, "delivered")

    def test_the_same_report_twice_is_one_bounce(self):
        notice = self.sent()
        self.comes_back(notice)
        self.comes_back(notice)
        self.assertEqual(len(self.customer().activity_ids), 1)

    def test_a_report_about_a_mail_of_somebody_else(self):
        notice = self.sent()
        self.arrives(status_report(self.company.bounce_email, "<strange@elsewhere.example>", BAKERY))
        self.assertEqual(notice.state, "sent")

    # Not taken at all

    def test_refused_at_the_door_goes_the_other_way(self):
        self.business.write({"street": "Nieuwstraat 1", "zip": "1000", "city": "Brussel"})
        self.sink.answers[BAKERY] = "550 5.1.1 no such user"
        with mute_logger(*LOGS):
            notice = self.sent()
        self.assertEqual(notice.state, "failed")
        self.assertFalse(self.customer().failure)
        self.night()
        letter = self.notices()[-1:]
        self.assertEqual((letter.channel, letter.level_id), ("letter", notice.level_id))

    def test_refused_for_what_it_says_asks_a_person(self):
        self.business.write({"street": "Nieuwstraat 1", "zip": "1000", "city": "Brussel"})
        self.sink.on_data = lambda envelope: "554 5.7.1 message rejected"
        with mute_logger(*LOGS):
            notice = self.sent()
        self.sink.on_data = None
        self.assertEqual(notice.state, "failed")
        self.assertIn("5.7.1", self.customer().failure)
        self.night()
        self.assertEqual(len(self.notices()), 1)

    def test_deferred_for_ever_goes_the_other_way(self):
        self.business.write({"street": "Nieuwstraat 1", "zip": "1000", "city": "Brussel"})
        self.sink.answers[BAKERY] = "450 4.2.1 try later"
        with mute_logger(*LOGS):
            notice = self.sent()
            moment = NOW
            for _again in range(8):
                moment += timedelta(days=1)
                if moment.weekday() < 5:
                    with freeze_time(moment, real_asyncio=True):
                        self.queue()
        self.assertEqual(notice.state, "failed")
        self.assertEqual(self.sink.messages, [])
        self.assertFalse(self.customer().failure)
        self.later(9)
        self.assertEqual(self.notices()[-1:].channel, "letter")

    # The way in

    def test_somebody_writes_the_customer_while_the_report_arrives(self):
        """The report is kept in a row of its own and applied once the other is done."""
        notice = self.sent()
        report_model = type(self.env["followup.notice.report"])
        real = report_model._apply

        def busy(report):
            report.env.cr.execute("DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = 'serialization_failure'; END $$")

        self.patch(report_model, "_apply", busy)
        self.comes_back(notice)
        self.assertEqual((notice.state, notice.report_ids.applied), ("sent", False))
        self.later(3)
        self.assertEqual(notice.state, "sent", "not delivered while its report waits")
        self.patch(report_model, "_apply", real)
        with self.committing() as env:
            env["followup.notice.report"]._cron_apply()
        self.assertEqual((notice.state, notice.report_ids.applied), ("bounced", True))

    def test_before_a_delivery_is_noted_the_reports_are_read(self):
        notice = self.sent()
        self.env["followup.notice.report"].sudo().create({"notice_id": notice.id, "action": "failed", "address": True})
        self.later(3)
        self.assertEqual(notice.state, "bounced")

    def test_bounces_that_nobody_fetches_are_not_seen(self):
        self.assertTrue(self.company._followup_bounces_seen())
        self.assertFalse(self.company.followup_bounce_warning)
        self.fetcher.set_draft()
        self.assertFalse(self.company._followup_bounces_seen())
        self.company.invalidate_recordset()
        self.assertIn("nothing fetches", self.company.followup_bounce_warning)
        self.company.followup_bounce_gateway = True
        self.assertTrue(self.company._followup_bounces_seen())
        self.company.sudo().alias_domain_id = False
        self.company.invalidate_recordset()
        self.assertIn("no bounce address", self.company.followup_bounce_warning)

    def test_a_letter_needs_no_bounces_to_be_proof(self):
        """After a posted first reminder the consumer's next message needs no person, whatever comes in by mail."""
        self.fetcher.set_draft()
        self.consumer.write({"email": False, "street": "Kerkstraat 2", "zip": "9000", "city": "Gent"})
        self.invoice(self.consumer, due=date(2026, 10, 1))
        self.night()
        letter = self.notices(self.consumer)
        letter._go("printed")
        letter._post(TODAY)
        self.later(30)
        self.assertEqual(len(self.notices(self.consumer)), 2)
        self.assertFalse(self.notices(self.consumer)[-1:].review_reasons)
