from datetime import date
from unittest.mock import patch

from odoo import Command
from odoo.exceptions import UserError, ValidationError
from odoo.tests import Form, new_test_user, tagged
from odoo.tools import mute_logger
from psycopg2.errors import RaiseException

from ..report.followup_statement import build
from .common import TODAY, FollowupCommon, SendingCommon

BOUNCE = """From: MAILER-DAEMON@mx.example
To: bounce@zilverberk.example
Subject: Undelivered Mail Returned to Sender
Message-Id: <bounce-{number}@mx.example>
References: {message_id}
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="edge"

--edge
Content-Type: text/plain

550 no such user

--edge
Content-Type: message/delivery-status

Final-Recipient: rfc822; {address}
Action: failed
Status: 5.1.1

--edge
Content-Type: message/rfc822

Message-Id: {message_id}
Subject: x

--edge--
"""


def contact(env, customer, name, **values):
    values = {"type": "contact", "email": f"{(name or 'adres').split()[0].lower()}@x.example", **values}
    return env["res.partner"].create({"name": name, "parent_id": customer.id, **values})


@tagged("post_install_l10n", "post_install", "-at_install")
class TestRecipients(FollowupCommon):
    """Who is written to, and who may hear of a consumer's debts."""

    def route(self, customer):
        return customer._followup_route(self.company).recipient

    # The address type

    def test_a_follow_up_address_comes_before_the_invoice_address(self):
        invoice = contact(self.env, self.business, "Facturatie", type="invoice")
        self.assertEqual(self.route(self.business), invoice)
        followup = contact(self.env, self.business, "Opvolging", type="followup")
        self.assertEqual(self.route(self.business), followup)
        self.assertEqual(self.business._followup_recipient(self.company), followup)
        self.business.followup_contact_id = invoice
        self.assertEqual(self.route(self.business), invoice, "a contact that was chosen by hand wins")

    def test_a_follow_up_address_behaves_as_other_address_types(self):
        form = Form(self.env["res.partner"].with_context(default_parent_id=self.business.id, default_type="followup"))
        form.email = "opvolging@zoetebrood.example"
        form.street = "Kerkstraat 1"
        address = form.save()
        self.assertEqual(address.type_address_label, "Follow-up Address")
        self.assertEqual(address.display_name, "Bakkerij Het Zoete Brood, Follow-up")
        self.business.street = "Markt 5"
        self.assertEqual(address.street, "Kerkstraat 1", "an address of its own, unlike that of a contact")

    def test_uninstalling_keeps_the_address(self):
        address = contact(self.env, self.business, "Opvolging", type="followup", street="Kerkstraat 1")
        option = self.env["ir.model.fields.selection"].search(
            [("field_id.model", "=", "res.partner"), ("field_id.name", "=", "type"), ("value", "=", "followup")]
        )
        option._process_ondelete()
        self.assertEqual((address.type, address.street), ("other", "Kerkstraat 1"))

    # Copies and escalation

    def test_copies_leave_out_the_recipient_doubles_and_who_has_no_address(self):
        first = contact(self.env, self.business, "An Claes", followup_copy=True)
        contact(self.env, self.business, "An again", email="AN@x.example", followup_copy=True)
        contact(self.env, self.business, "Zonder", email=False, followup_copy=True)
        contact(self.env, self.business, "Weg", followup_copy=True).active = False
        contact(self.env, self.business, "Zelfde", email=self.business.email, followup_copy=True)
        self.assertEqual(self.business._followup_copies(self.company, self.business), first)

    def test_copies_are_chosen_on_the_customer(self):
        one, two = contact(self.env, self.business, "Een"), contact(self.env, self.business, "Twee")
        self.business.followup_copy_ids = one | two
        self.assertTrue(one.followup_copy and two.followup_copy)
        self.business.followup_copy_ids = [Command.unlink(one.id)]
        self.assertFalse(one.followup_copy)
        self.assertEqual(self.business.followup_copy_ids, two)

    def test_copies_belong_to_a_company(self):
        one = contact(self.env, self.business, "Een", followup_copy=True)
        other = self.setup_other_company()["company"]
        self.assertFalse(one.with_company(other).followup_copy)

    def test_somebody_of_another_customer_is_refused(self):
        other = self.business.copy({"name": "Slagerij", "vat": "BE0428759497"})
        stranger = contact(self.env, other, "Vreemd")
        for name in ("followup_contact_id", "followup_escalation_id", "followup_copy_ids"):
            with self.assertRaisesRegex(ValidationError, "Vreemd.*Choose a contact of the customer"):
                self.business[name] = stranger

    def test_escalation_from_a_level_on(self):
        boss = contact(self.env, self.business, "Baas")
        self.business.followup_escalation_id = boss
        levels = self.business_policy.level_ids.sorted(lambda level: (level.sequence, level.id))
        levels.escalate = False
        levels[2].escalate = True
        heard = [bool(self.business._followup_copies(self.company, self.business, level)) for level in levels]
        self.assertEqual(heard, [False, False] + [True] * (len(levels) - 2))
        levels[2].active = False
        self.assertFalse(self.business._followup_copies(self.company, self.business, levels[3]))

    def test_the_shipped_policies_escalate_from_the_formal_notice_on(self):
        for policy in (self.business_policy, self.consumer_policy):
            first = policy.level_ids.filtered("escalate").sorted("sequence")[:1]
            self.assertEqual(first.kind, "formal_notice")

    # A consumer's debts

    def test_an_invoice_contact_in_another_name_hears_nothing_of_a_consumer(self):
        wife = contact(self.env, self.consumer, "Marie Janssens", type="invoice")
        self.assertEqual(self.route(self.consumer), self.consumer)
        self.assertIn("Marie Janssens", self.consumer.followup_recipient_warning)
        wife.followup_mandate_date = date(2026, 11, 1)
        self.assertEqual(self.route(self.consumer), wife)
        self.assertFalse(self.consumer.followup_recipient_warning)
        wife.followup_mandate_date = date(2026, 11, 19)
        self.assertEqual(self.route(self.consumer), self.consumer, "a mandate that begins tomorrow is none today")

    def test_without_an_address_of_his_own_nothing_is_sent_and_the_reason_says_what_to_do(self):
        contact(self.env, self.consumer, "Marie Janssens", type="invoice")
        self.consumer.email = False
        self.company.followup_letter_fallback = False
        with self.assertRaisesRegex(UserError, "Marie Janssens may not hear.*Record the mandate"):
            self.route(self.consumer)
        self.invoice(self.consumer)
        self.night()
        self.assertFalse(self.notices(self.consumer))
        self.assertIn("Record the mandate", self.customer(self.consumer).failure)

    def test_a_statement_of_account_is_drawn_up_in_his_own_name(self):
        wife = contact(self.env, self.consumer, "Marie Janssens", type="invoice")
        self.invoice(self.consumer)
        customer = self.refreshed(self.consumer)
        self.assertEqual(build(customer, TODAY)[0].recipient, self.consumer)
        wife.followup_mandate_date = date(2026, 11, 1)
        self.assertEqual(build(customer, TODAY)[0].recipient, wife)

    def test_own_addresses_need_no_mandate(self):
        unnamed = contact(self.env, self.consumer, False, type="invoice", email="thuis@peeters.example")
        self.assertEqual(self.route(self.consumer), unnamed)
        unnamed.name = " jan  PEETERS "
        self.assertEqual(self.route(self.consumer), unnamed)

    def test_choosing_somebody_else_for_a_consumer_is_refused_until_a_mandate_is_recorded(self):
        wife = contact(self.env, self.consumer, "Marie Janssens")
        for name in ("followup_contact_id", "followup_escalation_id", "followup_copy_ids"):
            with self.assertRaisesRegex(ValidationError, "Marie Janssens may not hear.*Record the mandate"):
                self.consumer[name] = wife
        with self.assertRaisesRegex(ValidationError, "Record the mandate"):
            wife.type = "followup"
        wife.write({"followup_mandate_date": date(2026, 11, 1), "followup_mandate_note": "Brief van 1 november"})
        self.consumer.followup_contact_id = self.consumer.followup_copy_ids = wife
        with self.assertRaisesRegex(ValidationError, "Record the mandate"):
            wife.followup_mandate_date = False

    def test_who_may_edit_contacts_only_is_refused_too(self):
        user = new_test_user(self.env, login="contacts", groups="base.group_user,base.group_partner_manager")
        with self.assertRaisesRegex(ValidationError, "Record the mandate"):
            contact(self.env(user=user), self.consumer, "Marie Janssens", type="followup")
        self.assertTrue(contact(self.env(user=user), self.business, "Opvolging", type="followup"))

    def test_who_became_a_consumer_loses_his_copies_with_a_warning(self):
        copy = contact(self.env, self.business, "An Claes", followup_copy=True)
        self.assertEqual(self.business._followup_copies(self.company, self.business), copy)
        self.business.followup_regime_manual = "b2c"
        self.assertFalse(self.business._followup_copies(self.company, self.business))
        self.assertIn("An Claes", self.customer().recipient_warning)

    def test_a_private_invoice_of_a_business_stays_with_him(self):
        contact(self.env, self.business, "Boekhouder", type="invoice", followup_copy=True)
        contact(self.env, self.business, "Kopie", followup_copy=True)
        self.invoice().followup_regime = "b2c"
        self.night()
        [notice] = self.notices()
        self.assertEqual((notice.regime, notice.recipient_id, notice.email_cc), ("b2c", self.business, False))

    def test_a_batch_asks_no_more_queries_for_contacts(self):
        def partners(count):
            made = self.business.browse()
            for number in range(count):
                vat = self.business.vat
                made |= self.business.copy({"name": f"Klant {number}", "vat": vat, "email": f"k{number}@x.example"})
            for partner in made:
                contact(self.env, partner, "Kopie", email=f"kopie{partner.id}@x.example", followup_copy=True)
                self.invoice(partner)
            return made

        counts = []
        for number in (2, 6):
            made = partners(number)
            ids = self.engine._synchronise(self.company, made.ids)
            decisions = self.engine._decide(
                self.company, self.engine._select(self.company, ids, date(2026, 11, 18)), date(2026, 11, 18)
            )
            self.env.invalidate_all()
            rows = self.env["followup.customer"].browse([taken.customer.id for taken in decisions])
            rows.partner_id.with_company(self.company).mapped("email_normalized")
            asked = []
            query = type(self.env.cr).execute

            def execute(cursor, query_text, *args, asked=asked, query=query, **kwargs):
                asked.append(str(query_text))
                return query(cursor, query_text, *args, **kwargs)

            with patch.object(type(self.env.cr), "execute", execute):
                self.engine._prepare(self.company, decisions, date(2026, 11, 18))
            counts.append(sum("followup_copy" in text for text in asked))
        self.assertEqual(counts[0], counts[1])


@tagged("post_install_l10n", "post_install", "-at_install")
class TestCopies(SendingCommon):
    """Copies on the wire: real SMTP."""

    def setUp(self):
        super().setUp()
        self.copy = contact(self.env, self.business, "An Claes", email="an@zoetebrood.example", followup_copy=True)
        self.main = "boekhouding@zoetebrood.example"

    def sent(self):
        self.invoice()
        self.night()
        self.queue()
        return self.notices()

    def test_a_copy_is_visible_and_leaves_once(self):
        notice = self.sent()
        self.queue()
        self.assertEqual(self.sink.recipients(), ["an@zoetebrood.example", self.main])
        for message in (*self.sink.to(self.main), *self.sink.to("an@zoetebrood.example")):
            self.assertIn(self.main, message["To"])
            self.assertIn("an@zoetebrood.example", message["Cc"])
            self.assertIn(notice.reference, message.get_body(("html",)).get_content())
        self.assertEqual([len(addresses) for addresses, _message in self.sink.messages], [1, 1])
        self.assertEqual(notice.state, "sent")
        self.assertIn("an@zoetebrood.example", notice.email_cc)

    def test_the_fingerprint_covers_the_copy(self):
        self.invoice()
        self.night()
        notice = self.notices()
        before = notice._fingerprint()
        notice.email_cc = "iemand@anders.example"
        self.assertNotEqual(notice._fingerprint(), before)

    def test_the_copy_is_evidence(self):
        notice = self.sent()
        with self.assertRaises(UserError):
            notice.email_cc = False
        with self.assertRaises(RaiseException), mute_logger("odoo.sql_db"), self.env.cr.savepoint():
            self.env.cr.execute("UPDATE followup_notice SET email_cc = 'x@y.example' WHERE id = %s", [notice.id])
        self.assertEqual(notice.sha256, notice._fingerprint())

    def test_a_refused_copy_leaves_the_notice_sent(self):
        self.sink.answers["an@zoetebrood.example"] = "550 unknown"
        notice = self.sent()
        self.assertEqual((notice.state, notice.failure), ("sent", False))
        self.assertIn("an@zoetebrood.example", notice.copy_failure)
        self.assertFalse(self.customer().failure)
        self.queue()
        self.assertEqual(self.sink.recipients(), [self.main])

    def test_a_refused_recipient_is_no_success_because_the_copy_was_taken(self):
        self.sink.answers[self.main] = "550 unknown"
        notice = self.sent()
        self.queue()
        self.assertEqual(notice.state, "failed")
        self.assertEqual(self.sink.recipients(), [], "nobody reads a copy of what was not sent")

    def test_a_copy_that_comes_back_is_no_bounce_of_the_notice(self):
        notice = self.sent()
        mail = notice.copy_mail_ids
        self.bounce(mail.message_id, "an@zoetebrood.example", 1)
        self.assertEqual(notice.state, "sent")
        self.assertIn("an@zoetebrood.example", notice.copy_failure)
        self.assertFalse(self.customer().failure)
        self.bounce(notice.message_id, self.main, 2)
        self.assertEqual(notice.state, "bounced")

    def bounce(self, message_id, address, number):
        text = BOUNCE.format(message_id=message_id, address=address, number=number)
        self.env["mail.thread"].sudo().message_process("followup.customer", text)

    def test_the_connection_breaks_at_the_copy(self):
        self.sink.on_data = self.break_for_copies
        with mute_logger("odoo.addons.mail.models.mail_mail"):
            notice = self.sent()
        self.sink.drop = None
        self.sink.on_data = None
        self.queue()
        self.assertEqual(notice.state, "sent")
        self.assertIn("an@zoetebrood.example", notice.copy_failure)
        self.assertEqual(self.sink.recipients().count("an@zoetebrood.example"), 1, "taken once, never sent again")

    def break_for_copies(self, envelope):
        self.sink.drop = "after" if "an@zoetebrood.example" in envelope.rcpt_tos else None

    def test_copies_and_escalation_of_a_later_level(self):
        boss = contact(self.env, self.business, "Baas", email="baas@zoetebrood.example")
        self.business.followup_escalation_id = boss
        self.level(10).escalate = True
        notice = self.sent()
        self.assertEqual(self.sink.recipients(), ["an@zoetebrood.example", "baas@zoetebrood.example", self.main])
        self.assertEqual(notice.recipient_id, self.business)

    def test_a_copy_chosen_after_preparing_is_taken_along(self):
        self.copy.followup_copy = False
        self.invoice()
        self.night()
        self.assertFalse(self.notices().email_cc)
        self.copy.followup_copy = True
        self.queue()
        self.assertIn("an@zoetebrood.example", self.notices().email_cc)
        self.assertIn("an@zoetebrood.example", self.sink.recipients())

    def test_a_message_about_an_agreement_has_its_copies(self):
        self.invoice()
        customer = self.refreshed()
        promise = self.env["followup.promise"]._promise(customer, customer.item_ids, 100.0, date(2026, 11, 25))
        self.env["followup.notice"]._send_for(promise, "promise", pay_before=promise.date)
        self.queue()
        self.assertEqual(self.sink.recipients(), ["an@zoetebrood.example", self.main])

    def test_an_answer_to_a_copy_lands_with_the_customer(self):
        notice = self.sent()
        reply = (
            f"From: an@zoetebrood.example\nTo: catchall@x.example\nSubject: Re: x\n"
            f"Message-Id: <copy-1@zoetebrood.example>\nIn-Reply-To: {notice.copy_mail_ids.message_id}\n\nIk bekijk het."
        )
        self.assertEqual(self.env["mail.thread"].sudo().message_process(None, reply), self.customer().id)
        self.assertIn("Ik bekijk het", self.customer().message_ids[0].body)
