from datetime import date

from odoo.exceptions import AccessError
from odoo.tests import new_test_user, tagged

from .common import TODAY, FollowupCommon, SendingCommon


def reply_to(notice, number=1):
    return (
        f"From: boekhouding@zoetebrood.example\nTo: catchall@x.example\nSubject: Re: x\n"
        f"Message-Id: <reply-{number}@zoetebrood.example>\nIn-Reply-To: {notice.message_id}\n\nWij betalen morgen."
    )


class WishesMixin:
    def clerk(self, login="sofie", **values):
        user = new_test_user(
            self.env,
            login=login,
            groups="l10n_be_followup.l10n_be_followup_group_user",
            name=login.title(),
            email=f"{login}@zilverberk.example",
            company_id=self.company.id,
            company_ids=[(6, 0, self.company.ids)],
        )
        user.partner_id.write({"function": "Debiteurenbeheer", "phone": "02 555 12 12", **values})
        return user


@tagged("post_install_l10n", "post_install", "-at_install")
class TestVip(FollowupCommon):
    def setUp(self):
        super().setUp()
        self.business.followup_vip = True

    def test_every_message_is_read_first(self):
        self.invoice()
        self.night()
        [notice] = self.notices()
        self.assertEqual((notice.state, notice.review_reasons), ("review", ["vip"]))
        self.assertIn("VIP", notice.review_text)

    def test_others_leave_by_themselves(self):
        self.invoice(self.consumer)
        self.night()
        self.assertEqual(self.notices(self.consumer).state, "queued")

    def test_it_is_seen_and_found(self):
        customer = self.refreshed()
        self.refreshed(self.consumer)
        self.assertTrue(customer.vip)
        found = self.env["followup.customer"].search([("vip", "=", True)])
        self.assertEqual(found, customer)
        self.assertNotIn(customer, self.env["followup.customer"].search([("vip", "=", False)]))
        self.assertIn(self.customer(self.consumer), self.env["followup.customer"].search([("vip", "=", False)]))

    def test_it_belongs_to_a_company(self):
        other = self.setup_other_company()["company"]
        self.invoice()
        self.assertFalse(self.business.with_company(other).followup_vip)

    def test_messages_about_agreements_are_read_too(self):
        self.company.followup_plan_automatic = True
        self.invoice()
        customer = self.refreshed()
        promise = self.env["followup.promise"]._promise(customer, customer.item_ids, 100.0, date(2026, 11, 25))
        notice = self.env["followup.notice"].sudo()._prepare_for(promise, "promise", pay_before=promise.date)
        self.assertEqual((notice.state, notice.review_reasons), ("review", ["vip"]))
        sent = self.env["followup.notice"]._send_for(promise, "promise", pay_before=promise.date)
        self.assertEqual(sent.state, "queued", "who sends it has read it")


@tagged("post_install_l10n", "post_install", "-at_install")
class TestVipSending(SendingCommon):
    def test_who_became_a_vip_since_is_read_first(self):
        self.invoice()
        self.night()
        self.assertEqual(self.notices().state, "queued")
        self.business.followup_vip = True
        self.queue()
        self.assertEqual((self.notices().state, self.notices().review_reasons), ("review", ["vip"]))
        self.assertFalse(self.sink.messages)
        self.press(self.notices(), "action_send_now")
        self.assertEqual(self.sink.recipients(), ["boekhouding@zoetebrood.example"])

    def test_also_about_an_agreement(self):
        self.invoice()
        customer = self.refreshed()
        promise = self.env["followup.promise"]._promise(customer, customer.item_ids, 100.0, date(2026, 11, 25))
        notice = self.env["followup.notice"].sudo()._prepare_for(promise, "promise", pay_before=promise.date)
        self.assertEqual(notice.state, "queued")
        self.business.followup_vip = True
        self.queue()
        self.assertEqual((notice.state, notice.review_reasons), ("review", ["vip"]))
        self.assertFalse(self.sink.messages)


@tagged("post_install_l10n", "post_install", "-at_install")
class TestResponsible(WishesMixin, SendingCommon):
    """Who signs, and who reads the answers."""

    def setUp(self):
        super().setUp()
        self.sofie = self.clerk()
        self.business.followup_responsible_id = self.sofie

    def sent(self):
        self.invoice()
        self.night()
        self.queue()
        return self.notices()

    def html(self, address="boekhouding@zoetebrood.example"):
        return self.sink.to(address)[-1].get_body(("html",)).get_content()

    def test_name_function_and_phone_stand_under_the_message(self):
        notice = self.sent()
        for words in ("Sofie", "Debiteurenbeheer", "02 555 12 12"):
            self.assertIn(words, self.html())
        self.assertIn("sofie@zilverberk.example", notice.email_from)

    def test_an_answer_is_on_the_desk_of_who_is_responsible(self):
        notice = self.sent()
        self.env["mail.thread"].sudo().message_process(None, reply_to(notice))
        message = self.customer().message_ids[0]
        self.assertIn("Wij betalen morgen", message.body)
        self.assertEqual(message.notified_partner_ids, self.sofie.partner_id)
        [task] = self.customer().activity_ids
        self.assertEqual((task.user_id, task.date_deadline), (self.sofie, TODAY))
        self.env["mail.thread"].sudo().message_process(None, reply_to(notice, 2))
        self.assertEqual(len(self.customer().activity_ids), 1)

    def test_what_a_colleague_answers_by_mail_is_no_task(self):
        notice = self.sent()
        answer = reply_to(notice).replace("boekhouding@zoetebrood.example", "sofie@zilverberk.example")
        self.env["mail.thread"].sudo().message_process(None, answer)
        self.assertIn("Wij betalen morgen", self.customer().message_ids[0].body)
        self.assertFalse(self.customer().activity_ids)

    def test_an_answer_goes_to_who_is_responsible_now(self):
        notice = self.sent()
        jan = self.clerk("jan")
        self.business.followup_responsible_id = jan
        self.env["mail.thread"].sudo().message_process(None, reply_to(notice))
        self.assertEqual(self.customer().message_ids[0].notified_partner_ids, jan.partner_id)
        self.assertEqual(self.customer().activity_ids.user_id, jan)

    def test_an_answer_to_somebody_who_left_reaches_somebody_who_is_here(self):
        notice = self.sent()
        sales = self.clerk("karel")
        self.business.user_id = sales
        self.sofie.active = False
        self.env["mail.thread"].sudo().message_process(None, reply_to(notice))
        self.assertEqual(self.customer().message_ids[0].notified_partner_ids, sales.partner_id)
        self.assertEqual(self.customer().activity_ids.user_id, sales)

    def test_without_a_catchall_address_answers_go_to_the_responsible_person_himself(self):
        self.company.sudo().alias_domain_id = False
        self.env["mail.alias.domain"].sudo().search([]).company_ids = False
        self.sent()
        self.assertIn(
            "sofie@zilverberk.example", self.sink.messages[-1][1]["Reply-To"] or self.sink.messages[-1][1]["From"]
        )

    def test_who_left_signs_nothing_more(self):
        self.sofie.active = False
        notice = self.sent()
        self.assertNotIn("Sofie", self.html())
        self.assertNotIn("sofie@", self.sink.messages[-1][1].as_string())
        self.assertFalse(notice.responsible_id)
        self.assertIn("facturen@zilverberk.example", notice.email_from)
        self.assertIn("Sofie left", self.customer().responsible_warning)
        self.assertFalse(self.customer().responsible_id)

    def test_who_left_after_it_was_prepared(self):
        self.invoice()
        self.night()
        self.assertIn("sofie@", self.notices().email_from)
        self.sofie.active = False
        self.queue()
        self.assertNotIn("sofie@", self.sink.messages[-1][1].as_string())

    def test_no_access_to_the_company_is_as_good_as_gone(self):
        other = self.setup_other_company()["company"]
        self.sofie.write({"company_ids": [(6, 0, other.ids)], "company_id": other.id})
        self.assertIn("facturen@zilverberk.example", self.sent().email_from)
        self.assertIn("Sofie left", self.business.followup_responsible_warning)

    def test_a_promise_of_who_left_is_signed_by_the_company(self):
        self.invoice()
        customer = self.refreshed()
        promises = self.env["followup.promise"].with_user(self.sofie)
        customer = customer.with_user(self.sofie)
        promise = promises._promise(customer, customer.item_ids, 100.0, date(2026, 11, 25)).with_env(self.env)
        self.assertEqual(promise.user_id, self.sofie)
        self.sofie.active = False
        notice = self.env["followup.notice"]._send_for(promise, "promise", pay_before=promise.date)
        self.assertFalse(notice.responsible_id)
        self.assertIn("facturen@zilverberk.example", notice.email_from)


@tagged("post_install_l10n", "post_install", "-at_install")
class TestRights(WishesMixin, FollowupCommon):
    def test_wishes_are_for_the_accounting(self):
        user = new_test_user(self.env, login="shop", groups="base.group_user,base.group_partner_manager")
        for name in (
            "followup_vip",
            "followup_tone",
            "followup_copy",
            "followup_mandate_date",
            "followup_escalation_id",
        ):
            with self.assertRaises(AccessError):
                self.business.with_user(user)[name]
        self.assertFalse(self.business.with_user(self.clerk()).followup_vip)
