from datetime import date, datetime

from freezegun.api import freeze_time
from odoo.exceptions import AccessError, RedirectWarning, UserError, ValidationError
from odoo.tests import Form, new_test_user, tagged

from .common import TODAY, FollowupCommon, SendingCommon

MONDAY = date(2026, 11, 23)


class CallCommon(FollowupCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.caller = new_test_user(
            cls.env,
            "caller",
            "l10n_be_followup.l10n_be_followup_group_user",
            name="An Beller",
            email="an@zilverberk.example",
            company_id=cls.company.id,
            company_ids=[(6, 0, cls.company.ids)],
        )
        cls.business.write({"phone": "+32 2 555 12 34", "followup_responsible_id": cls.caller.id})

    def planned(self, partner=None, amount=100.0):
        """A customer whose next step is a call that the night planned."""
        self.invoice(partner, amount=amount, due=date(2026, 10, 1))
        self.night()
        self.deliver(self.notices(partner), date(2026, 11, 9))
        self.night()
        return self.notices(partner, channel="call")

    def wizard(self, user=None, customer=None, **values):
        customer = customer or self.customer()
        values = {"note": "Betaalt vrijdag", **values}
        return (
            self.env["followup.call.wizard"]
            .with_user(user or self.caller)
            .create({"customer_id": customer.id, **values})
        )


@tagged("post_install_l10n", "post_install", "-at_install")
class TestPlannedCalls(CallCommon):
    def test_it_lands_in_the_coming_golden_hours(self):
        call = self.planned()
        self.assertEqual((call.call_date, call.call_from, call.call_until), (MONDAY, 9.5, 11.5))
        self.assertEqual(call.call_user_id, self.caller)
        activity = call.activity_id
        self.assertEqual((activity.date_deadline, activity.user_id), (MONDAY, self.caller))
        self.assertEqual(activity.summary, "Call: Mon 23 Nov, 9.30-11.30")
        self.assertEqual(self.customer().call_when, "Mon 23 Nov, 9.30-11.30")

    def test_a_second_night_does_not_move_it(self):
        call = self.planned()
        with freeze_time(datetime(2026, 11, 19, 1, 30), real_asyncio=True):
            self.night(date(2026, 11, 19))
        self.assertEqual(call.call_date, MONDAY)
        self.assertEqual(len(self.notices(channel="call")), 1)
        self.assertEqual(len(self.customer().activity_ids), 1)

    def test_the_highest_amounts_first_and_half_an_hour_a_week(self):
        partners = [
            self.business.copy({"name": f"Klant {number}", "followup_responsible_id": self.caller.id})
            for number in range(7)
        ]
        for number, partner in enumerate(partners):
            self.invoice(partner, amount=100.0 + number, due=date(2026, 10, 1))
        self.night()
        for partner in partners:
            self.deliver(self.notices(partner), date(2026, 11, 9))
        self.night()
        days = [self.notices(partner, channel="call").call_date for partner in partners]
        self.assertEqual(days, [date(2026, 11, 30)] * 2 + [MONDAY] * 5)

    def test_planning_asks_no_query_for_each_call(self):
        def night_of(count, name):
            partners = [self.business.copy({"name": f"{name} {number}"}) for number in range(count)]
            for partner in partners:
                self.invoice(partner, due=date(2026, 10, 1))
            self.night()
            for partner in partners:
                self.deliver(self.notices(partner), date(2026, 11, 9))
            night = self.engine.with_context(lang=None)
            taken = night._decide(
                self.company, night._select(self.company, [self.customer(p).id for p in partners], TODAY), TODAY
            )
            values = [dict(night._call_values(self.company, one, TODAY)) for one in taken]
            calls = self.env["followup.notice"].sudo().create(values)
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            calls._plan_call()
            self.env.flush_all()
            return self.env.cr.sql_log_count - before

        few, many = night_of(2, "Few"), night_of(12, "Many")
        self.assertLessEqual(many, few + 6, (few, many))

    def test_hours_of_the_company(self):
        self.company.write(
            {
                "followup_call_monday": False,
                "followup_call_tuesday": False,
                "followup_call_thursday": True,
                "followup_call_morning_from": 0,
                "followup_call_morning_until": 0,
                "followup_call_afternoon_from": 14,
                "followup_call_afternoon_until": 16.25,
            }
        )
        call = self.planned()
        self.assertEqual(call.activity_id.summary, "Call: Thu 19 Nov, 14.00-16.15")

    def test_hours_that_cannot_be_are_refused(self):
        with self.assertRaisesRegex(ValidationError, "follow each other"):
            self.company.followup_call_morning_until = 14.0
        with self.assertRaisesRegex(ValidationError, "follow each other"):
            self.company.write(
                {
                    "followup_call_morning_from": 9,
                    "followup_call_morning_until": 9,
                    "followup_call_afternoon_from": 14,
                    "followup_call_afternoon_until": 14,
                }
            )

    def test_who_is_away_calls_later(self):
        if "resource.calendar.leaves" not in self.env:
            self.skipTest("resource is not installed")
        resource = self.env["resource.resource"].sudo().create({"name": "An", "user_id": self.caller.id})
        self.env["resource.calendar.leaves"].sudo().create(
            {
                "name": "Verlof",
                "resource_id": resource.id,
                "date_from": datetime(2026, 11, 23, 6, 0),
                "date_to": datetime(2026, 11, 23, 18, 0),
            }
        )
        self.assertEqual(self.planned().call_date, date(2026, 11, 24))

    def test_five_working_days_after_its_day_the_ladder_goes_on(self):
        call = self.planned()
        with freeze_time(datetime(2026, 11, 27, 10)):
            self.env["followup.notice"].sudo()._confirm(self.company)
            self.assertEqual(call.state, "queued")
        with freeze_time(datetime(2026, 11, 30, 10)):
            self.env["followup.notice"].sudo()._confirm(self.company)
            self.assertEqual(call.state, "delivered")

    def test_marking_it_done_asks_for_the_outcome(self):
        call = self.planned()
        with self.assertRaises(RedirectWarning) as caught:
            call.activity_id.with_user(self.caller).action_feedback(feedback="gedaan")
        message, action, button, context = caught.exception.args
        self.assertIn(self.business.name, message)
        self.assertEqual(self.env["ir.actions.act_window"].browse(action).res_model, "followup.call.wizard")
        self.assertEqual((button, context), ("Log the call", {"default_customer_id": self.customer().id}))
        self.assertEqual(call.state, "queued")
        with self.assertRaises(RedirectWarning):
            call.activity_id.with_user(self.caller).action_done()
        other = self.customer().activity_schedule("mail.mail_activity_data_todo", user_id=self.caller.id)
        other.action_feedback(feedback="other tasks are closed as ever")


@tagged("post_install_l10n", "post_install", "-at_install")
class TestCallOutcome(CallCommon):
    def test_reached_closes_it(self):
        call = self.planned(amount=250)
        self.wizard(reason="mistake", agreed="none", next_date=date(2026, 11, 27), wait=True).action_confirm()
        self.assertEqual((call.state, call.delivered_on), ("delivered", TODAY))
        self.assertEqual(self.items().level_id, self.level("20"))
        made = self.env["followup.call"].search([("customer_id", "=", self.customer().id)])
        self.assertEqual(
            (made.reached, made.reason, made.agreed, made.note, made.next_date, made.amount, made.days_late),
            ("yes", "mistake", "none", "Betaalt vrijdag", date(2026, 11, 27), 250.0, 48),
        )
        self.assertEqual((made.user_id, made.notice_id, made.level_id), (self.caller, call, self.level("20")))
        self.assertEqual(self.customer().hold_ids.until, date(2026, 11, 27))
        self.assertFalse(self.customer().activity_ids)
        self.assertIn("Betaalt vrijdag", self.customer().message_ids[0].body)

    def test_without_waiting_somebody_looks_on_the_next_date(self):
        self.planned()
        self.wizard(next_date=date(2026, 11, 27)).action_confirm()
        [task] = self.customer().activity_ids
        self.assertEqual((task.date_deadline, task.user_id), (date(2026, 11, 27), self.caller))
        self.assertFalse(self.customer().hold_ids)
        task.action_feedback()  # no planned call: it closes as any other

    def test_outcome_and_next_date_are_required(self):
        self.planned()
        with self.assertRaisesRegex(UserError, "what was said"):
            self.wizard(note=False).action_confirm()
        with self.assertRaisesRegex(UserError, "past"):
            self.wizard(next_date=date(2026, 11, 17)).action_confirm()
        form = Form(
            self.env["followup.call.wizard"].with_user(self.caller).with_context(default_customer_id=self.customer().id)
        )
        form.note = "x"
        form.next_date = False
        with self.assertRaises(AssertionError):
            form.save()

    def test_next_dates_that_are_proposed(self):
        self.planned()
        form = Form(
            self.env["followup.call.wizard"].with_user(self.caller).with_context(default_customer_id=self.customer().id)
        )
        form.reached = "no"
        self.assertEqual(form.next_date, date(2026, 11, 19))
        form.reached = "yes"
        form.agreed = "promise"
        self.assertEqual(form.next_date, date(2026, 11, 20), "Friday")
        form.reason = "not_received"
        self.assertEqual((form.agreed, form.next_date), ("dispute", date(2026, 11, 25)))
        self.assertIn("send the invoice again", form.advice)

    def test_not_reached_moves_it_and_the_third_time_the_ladder_goes_on(self):
        call = self.planned()
        for number, day in enumerate((date(2026, 11, 24), date(2026, 11, 25)), start=1):
            self.wizard(reached="no", note=False, next_date=day).action_confirm()
            self.assertEqual((call.state, call.call_tries, call.call_date), ("queued", number, day))
            self.assertEqual(call.activity_id.date_deadline, day)
        self.assertEqual(call.activity_id.summary, "Call: Wed 25 Nov, 9.30-11.30")
        self.wizard(reached="no", note=False, next_date=date(2026, 11, 26)).action_confirm()
        self.assertEqual((call.state, call.call_tries), ("delivered", 3))
        self.assertEqual(self.items().level_id, self.level("20"))
        self.assertIn("after 3 tries", self.customer().message_ids[0].body)

    def test_a_call_that_nobody_planned(self):
        self.invoice()
        customer = self.refreshed()
        self.wizard(reached="no", note=False, next_date=date(2026, 11, 20)).action_confirm()
        self.assertEqual(customer.activity_ids.date_deadline, date(2026, 11, 20))
        self.assertFalse(self.items().level_id)

    def test_what_was_agreed_goes_on_with_its_date(self):
        self.planned()
        action = self.wizard(agreed="promise", next_date=date(2026, 11, 26)).action_confirm_and_send()
        wizard = Form(self.env[action["res_model"]].with_user(self.caller).with_context(**action["context"])).save()
        self.assertEqual((wizard.date, wizard.send_confirmation, wizard.channel), (date(2026, 11, 26), True, "phone"))
        wizard.action_confirm()
        self.assertTrue(self.notices(purpose="promise"))
        action = self.wizard(reason="not_satisfied", agreed="dispute", next_date=date(2026, 12, 1)).action_confirm()
        self.assertEqual(action["context"]["default_deadline"], date(2026, 12, 1))

    def test_only_follow_up_users_log_calls(self):
        self.planned()
        invoicing = new_test_user(self.env, "invoicing", "account.group_account_invoice", company_id=self.company.id)
        with self.assertRaises(AccessError):
            self.wizard(user=invoicing)
        call = self.wizard().action_confirm() and self.env["followup.call"].search([], limit=1)
        with self.assertRaises(AccessError):
            call.with_user(self.caller).note = "forged"
        with self.assertRaises(AccessError):
            call.with_user(self.caller).unlink()

    def test_another_companys_calls_are_not_seen(self):
        self.planned()
        self.wizard().action_confirm()
        other = self.env["res.company"].create({"name": "Andere"})
        stranger = new_test_user(
            self.env,
            "stranger",
            "l10n_be_followup.l10n_be_followup_group_user",
            company_id=other.id,
            company_ids=[(6, 0, other.ids)],
        )
        self.assertFalse(
            self.env["followup.call"].with_user(stranger).search([("customer_id", "=", self.customer().id)])
        )

    def test_why_customers_pay_late(self):
        self.planned(amount=250)
        self.wizard(reason="cannot_pay", agreed="none").action_confirm()
        groups = (
            self.env["followup.call"]
            .with_user(self.caller)
            ._read_group([("company_id", "=", self.company.id)], ["reason"], ["amount:sum", "days_late:avg"])
        )
        self.assertEqual(groups, [("cannot_pay", 250.0, 48.0)])

    def test_two_customers_that_become_one_keep_their_calls(self):
        other = self.business.copy({"name": "Dubbel"})
        self.planned()
        self.wizard().action_confirm()
        made = self.env["followup.call"].search([("customer_id", "=", self.customer().id)])
        self.customer(other)
        self.env["base.partner.merge.automatic.wizard"]._merge([self.business.id, other.id], other)
        self.assertEqual((made.customer_id, made.partner_id), (self.customer(other), other))

    def test_it_stands_in_the_timeline(self):
        self.planned()
        self.wizard(reached="no", note="Voicemail").action_confirm()
        self.env.flush_all()
        row = self.env["followup.timeline"].search([("res_model", "=", "followup.call")])
        self.assertEqual((row.kind, row.state_text, row.detail, row.date), ("call", "Not reached", "Voicemail", TODAY))


@tagged("post_install_l10n", "post_install", "-at_install")
class TestCallConfirmation(CallCommon, SendingCommon):
    def test_one_click_confirms_in_writing(self):
        call = self.planned()
        self.queue()
        self.sink.messages.clear()
        self.wizard(
            note="Intern: klinkt nerveus",
            agreed="none",
            next_date=date(2026, 11, 27),
            confirmation="You pay on Friday.",
        ).action_confirm_and_send()
        made = call.call_ids
        [notice] = made.confirmation_ids
        self.assertEqual((notice.purpose, notice.state, notice.channel), ("call", "queued", "email"))
        self.queue()
        [mail] = self.sink.to("boekhouding@zoetebrood.example")
        body = mail.get_body(("html",)).get_content()
        self.assertIn("You pay on Friday.", body)
        self.assertIn(self.items().move_id.name, body)
        self.assertNotIn("nerveus", body)
        self.assertIn("boekhouding@zoetebrood.example", mail["To"])
        self.assertEqual((notice.state, made.confirmation), ("sent", "You pay on Friday."))
        self.assertEqual(self.items().level_id, self.level("20"), "no step of the ladder")
        with self.assertRaisesRegex(UserError, "evidence"):
            notice.sudo().call_id = False

    def test_without_an_email_address_it_is_a_letter(self):
        self.planned()
        self.business.write({"email": False, "street": "Nieuwstraat 1", "zip": "1000", "city": "Brussel"})
        self.wizard(agreed="none", confirmation="You pay on Friday.").action_confirm_and_send()
        letter = self.notices(purpose="call")
        self.assertEqual((letter.channel, letter.state), ("letter", "queued"))
        for part in ("You pay on Friday.", self.items().move_id.name, "o_followup_letter"):
            self.assertIn(part, letter.body)
        self.assertNotIn("<a ", letter.body)

    def test_the_words_are_proposed_in_his_language(self):
        self.planned()
        form = Form(
            self.env["followup.call.wizard"].with_user(self.caller).with_context(default_customer_id=self.customer().id)
        )
        self.assertIn("contact you again on", form.confirmation)
        form.reason = "not_received"
        self.assertIn("do not agree", form.confirmation)
        form.agreed = "none"
        self.assertIn("send it to you again", form.confirmation)
        form.agreed = "promise"
        self.assertFalse(form.confirmation)

    def test_nothing_to_confirm_is_refused(self):
        self.planned()
        with self.assertRaisesRegex(UserError, "Write what we confirm"):
            self.wizard(agreed="none", confirmation=False).action_confirm_and_send()

    def test_without_an_address_it_says_so_and_logs_nothing(self):
        self.planned()
        self.business.email = False
        with self.assertRaisesRegex(UserError, "postal address"), self.env.cr.savepoint():
            self.wizard(agreed="none", confirmation="x").action_confirm_and_send()
        self.assertFalse(self.env["followup.call"].search([("customer_id", "=", self.customer().id)]))


@tagged("post_install_l10n", "post_install", "-at_install")
class TestCallSheet(CallCommon):
    def sheet(self):
        action = self.customer().with_user(self.caller).action_call_sheet()
        return self.env[action["res_model"]].with_user(self.caller).browse(action["res_id"])

    def test_goal_first_then_script_and_four_blocks(self):
        self.planned(amount=250)
        self.wizard(reached="no", note="Voicemail ingesproken").action_confirm()
        sheet = self.sheet()
        self.assertEqual(sheet.goal, "promise")
        for part in ("An Beller", self.company.name, "250.00", "11/20/2026"):
            self.assertIn(part, sheet.script)
        self.assertNotIn("{", sheet.script)
        self.assertIn('href="tel:+3225551234"', sheet.head)
        for part in ("Amounts", "Agreements", "Contacts", "Deliveries", "250.00", "Voicemail ingesproken"):
            self.assertIn(part, sheet.facts)

    def test_the_script_follows_the_goal(self):
        self.planned()
        form = Form(self.sheet())
        before = form.script
        form.goal = "arrangement"
        self.assertNotEqual(form.script, before)
        self.assertIn("instalments", form.script)

    def test_who_cannot_pay_is_offered_a_plan(self):
        self.planned()
        self.wizard(reason="cannot_pay", agreed="none").action_confirm()
        self.assertEqual(self.sheet().goal, "arrangement")
        self.assertEqual(self.customer(self.consumer)._call_goal(), "service", "nothing is overdue")

    def test_a_script_of_ones_own(self):
        own = self.env["followup.call.script"].create(
            {
                "name": "Eigen",
                "goal": "promise",
                "sequence": 1,
                "company_id": self.company.id,
                "body": "<p>Dag {contact}</p>",
            }
        )
        self.planned()
        self.assertEqual(str(self.sheet().script), f"<p>Dag {self.business.name}</p>")
        own.kind = "final_notice"
        self.assertNotIn("Dag ", self.sheet().script)
        other = self.env["res.company"].create({"name": "Andere"})
        own.write({"kind": False, "company_id": other.id})
        self.assertNotIn("Dag ", self.sheet().script)

    def test_names_cannot_smuggle_markup(self):
        self.business.name = "<b onclick=alert(1)>Slim</b>"
        self.planned()
        self.assertNotIn("<b onclick", self.sheet().script)

    def test_what_other_modules_know_with_the_rights_of_the_user(self):
        self.planned()
        customer = self.customer().with_user(self.caller)
        self.env["res.partner"].create({"name": "Werf Zuid", "parent_id": self.business.id, "type": "other"})
        own = [("res.partner", [("parent_id", "child_of", self.business.id), ("type", "=", "other")], "Sites")]
        secret = [("ir.config_parameter", [("id", ">", 0)], "Secrets"), ("no.such.model", [], "Nothing")]
        fieldless = [("res.partner", [("no_such_field", "=", 1)], "Other version")]
        self.patch(type(customer), "_call_sheet_sources", lambda self: own + secret + fieldless)
        self.assertEqual([title for title, _records in customer._call_sheet_related()], ["Sites"])
        self.assertIn("Werf Zuid", self.sheet().facts)

    def test_no_number(self):
        self.business.phone = False
        self.planned()
        self.assertIn("No phone number", self.sheet().head)

    def test_on_paper(self):
        self.planned(amount=250)
        report = self.env["ir.actions.report"].with_user(self.caller).with_context(force_report_rendering=True)
        html, _kind = report._render_qweb_html(
            "l10n_be_followup.action_report_followup_call_sheet", (self.customer() | self.customer(self.consumer)).ids
        )
        text = html.decode()
        for part in (self.business.name, self.consumer.name, "Goal of this call", "250.00", "What was said"):
            self.assertIn(part, text)
        pdf, _kind = report._render_qweb_pdf("l10n_be_followup.action_report_followup_call_sheet", self.customer().ids)
        self.assertTrue(pdf.startswith(b"%PDF"))

    def test_printed_with_the_goal_and_script_of_the_screen(self):
        self.planned()
        sheet = self.sheet()
        sheet.write({"goal": "arrangement", "script": "<p>Mijn woorden</p>"})
        action = sheet.action_print()
        values = self.env["report.l10n_be_followup.followup_call_sheet_document"]._get_report_values([], action["data"])
        self.assertEqual(
            (values["sheets"][0]["goal"], str(values["sheets"][0]["script"])), ("arrangement", "<p>Mijn woorden</p>")
        )


@tagged("post_install_l10n", "post_install", "-at_install")
class TestAllChannels(CallCommon, SendingCommon):
    """Every combination of channels in one level, from the night to delivered."""

    def test_all_together(self):
        self.business.write({"street": "Nieuwstraat 1", "zip": "1000", "city": "Brussel", "phone": "0470 12 34 56"})
        level = self.level("10")
        for number in range(1, 16):
            email, letter, sms, call = (bool(number & bit) for bit in (1, 2, 4, 8))
            if not (email or letter):
                continue
            with self.subTest(email=email, letter=letter, sms=sms, call=call):
                level.write(
                    {"channel_email": email, "channel_letter": letter, "channel_sms": sms, "channel_call": call}
                )
                partner = self.business.copy({"name": f"Klant {number}", "email": f"klant{number}@x.example"})
                self.invoice(partner)
                self.night()
                notices = self.notices(partner)
                wanted = {
                    name
                    for name, ticked in (("email", email), ("letter", letter), ("sms", sms), ("call", call))
                    if ticked
                }
                self.assertEqual(set(notices.mapped("channel")), wanted)
                self.assertEqual(len(notices), len(wanted))
                [lead] = notices.filtered(lambda notice: not notice.standby)
                self.assertEqual(lead.channel, "email" if email else "letter")
                self.assertEqual(set(notices.mapped("state")), {"queued"})
                planned = notices.filtered(lambda notice: notice.channel == "call")
                self.assertEqual(
                    planned.mapped("call_date"), [MONDAY] * call if number == 9 else planned.mapped("call_date")
                )
                self.assertEqual(bool(self.customer(partner).activity_ids), call)
                self.night()
                self.assertEqual(len(self.notices(partner)), len(wanted), "a second night adds nothing")
                if email:
                    self.queue()
                    self.assertEqual(lead.state, "sent")
                    lead._deliver(TODAY)
                else:
                    lead._go("printed")
                    lead._post(TODAY)
                item = self.items(partner)
                self.assertEqual((item.level_id, item.level_date), (level, TODAY))
                for beside in notices.filtered(lambda notice: notice.standby and notice.channel == "letter"):
                    beside._go("printed")
                    beside._post(TODAY)
                if call:
                    self.wizard(customer=self.customer(partner), agreed="none").action_confirm()
                    self.assertEqual(planned.state, "delivered")
                self.assertEqual((item.level_id, item.level_date), (level, TODAY), "nothing counts twice")

    def test_waits_with_its_message_and_goes_with_it(self):
        self.company.followup_live = False
        self.level("10").channel_call = True
        self.invoice()
        self.night()
        email, call = self.notices().sorted("standby")
        self.assertEqual((call.state, call.activity_id.id), ("review", False))
        self.assertEqual(self.customer().review_notice_id, email)
        self.press(email, "action_approve")
        self.assertEqual((call.state, call.call_date), ("queued", MONDAY))
        self.assertEqual(call.activity_id.date_deadline, MONDAY)
        email._cancel("paid")
        self.assertEqual(call.state, "cancelled")
        self.assertFalse(self.customer().activity_ids)
