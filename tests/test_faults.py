from datetime import date

from odoo import Command
from odoo.exceptions import UserError, ValidationError
from odoo.tests import new_test_user, tagged

from .common import TODAY, SendingCommon

WORDS = {"en_US": "<p>Dear</p>", "nl_BE": "<p>Dag</p>"}


@tagged("post_install_l10n", "post_install", "-at_install")
class TestFaults(SendingCommon):
    """Broken templates, people who left, customers that become one: each on the real night and the real mail queue.

    The list with what the user sees is `docs/faults.md`.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["res.lang"]._activate_lang("nl_BE")
        cls.first = cls.env.ref("l10n_be_followup.followup_level_business_10")
        # A template of its own: the shipped one stays as it is.
        cls.template = cls.first.template_id.copy({"name": "Own words", "body_html": "<p>Dear</p>"})
        cls.first.template_id = cls.template

    def another(self, name, **values):
        return self.business.copy({"name": name, "email": f"{name.lower()}@x.example", **values})

    def merge(self, *partners, into):
        """Odoo's own merge of contacts."""
        ids = [partner.id for partner in (*partners, into)]
        self.env["base.partner.merge.automatic.wizard"].sudo()._merge(ids, into, extra_checks=False)
        self.env.invalidate_all()

    def staff(self, login):
        return new_test_user(
            self.env,
            login,
            groups="l10n_be_followup.l10n_be_followup_group_user,account.group_account_invoice",
            company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)],
            email=f"{login}@zilverberk.example",
        )

    def go(self, day=TODAY):
        run = self.night(day)
        self.queue()
        return run

    # Templates

    def test_a_template_broken_in_one_language(self):
        dutch = self.another("Dutch", lang="nl_BE")
        self.template.with_context(lang="nl_BE").body_html = "<p><t t-out='object.no_such_field'/></p>"
        self.invoice()
        self.invoice(dutch)
        run = self.go()
        self.assertEqual((run.notice_count, run.failure_count), (1, 1))
        self.assertEqual(self.sink.recipients(), ["boekhouding@zoetebrood.example"], "the others go")
        customer = self.customer(dutch)
        self.assertEqual((customer.state, len(customer.activity_ids)), ("failed", 1))
        for words in ("Own words", "Dutch", "no attribute 'no_such_field'", "Correct it"):
            self.assertIn(words, customer.failure)
        self.assertNotIn("Traceback", customer.failure)
        self.template.with_context(lang="nl_BE").body_html = "<p>Dag</p>"
        for _again in range(2):
            self.go()
        self.assertEqual(len(self.sink.to("dutch@x.example")), 1)
        self.assertFalse(customer.failure, "mended: the run that went well is the end of it")
        self.assertFalse(customer.activity_ids)

    def test_faults_of_a_template_are_named_and_nothing_is_sent(self):
        self.invoice()
        stored = "UPDATE mail_template SET {} = jsonb_build_object('en_US', %s) WHERE id = %s"
        for field, value, problem in (
            ("subject", "{{ object.nothing_such }}", "no attribute 'nothing_such'"),
            ("subject", "{{ object.name", "{{ object.name"),
            ("body_html", '<p><t t-if="object.">x</t></p>', "SyntaxError"),
            ("body_html", "<p>Dear {{ object.partner_id.name }}<p>", "{{ object.partner_id.name }}"),
            ("body_html", "<p>Dear ${object.partner_id.name}<p>", "${object.partner_id.name}"),
            ("body_html", "<p><br></p>", "it has no words"),
            ("body_html", "", "it has no words"),
            ("subject", " ", "it has no subject"),
        ):
            with self.subTest(field=field, value=value):
                good = {"subject": "Reminder", "body_html": "<p>Dear</p>"}
                self.template.write(good)
                self.env.flush_all()
                # Past the editor and its checks, as an import or another add-on writes.
                self.env.cr.execute(stored.format(field), [value, self.template.id])
                self.env.invalidate_all()
                run = self.go()
                self.assertEqual((run.notice_count, run.failure_count, self.sink.messages), (0, 1, []))
                self.assertIn(problem, self.customer().failure)
                self.assertIn("Own words", self.customer().failure)
        self.template.write({"subject": "Reminder", "body_html": "<p>Dear</p>"})
        self.go()
        self.assertEqual(len(self.sink.messages), 1)
        self.assertFalse(self.customer().failure)

    def test_a_customer_may_be_called_like_a_placeholder(self):
        self.business.name = "{{ 7 * 7 }} <b>BV</b>"
        self.template.body_html = "<p>Dear <t t-out='object.partner_id.name'/></p>"
        self.invoice()
        self.go()
        [message] = self.sink.messages
        html = message[1].get_body(("html",)).get_content()
        self.assertIn("{{ 7 * 7 }}", html)
        self.assertNotIn("<b>BV</b>", html)

    def test_a_template_in_use_is_not_deleted(self):
        with self.assertRaisesRegex(UserError, "Own words cannot be deleted: the level .* of the policy"):
            self.template.unlink()
        with self.assertRaisesRegex(UserError, "cannot be deleted: messages about arrangements"):
            self.env.ref("l10n_be_followup.mail_template_promise").unlink()
        spare = self.template.copy({"name": "Spare"})
        spare.unlink()
        self.assertFalse(spare.exists())

    def test_a_template_for_other_records_is_refused(self):
        other = self.env["mail.template"].create(
            {"name": "For contacts", "model_id": self.env["ir.model"]._get_id("res.partner")}
        )
        with self.assertRaisesRegex(ValidationError, "For contacts, is made for other records"):
            self.first.template_id = other

    def test_a_failure_of_sending_does_not_heal_by_itself(self):
        self.invoice()
        self.night()
        self.sink.answers["boekhouding@zoetebrood.example"] = "550 no such user"
        self.queue()
        self.assertIn("no such user", self.customer().failure)
        self.invoice(due=date(2026, 11, 9))
        self.business.email = False
        self.go()
        self.business.email = "nieuw@zoetebrood.example"
        self.go()
        self.assertTrue(self.customer().failure, "a message was lost: a person says when it is solved")

    # Languages

    def test_a_language_that_went_away(self):
        dutch, second = self.another("Dutch", lang="nl_BE"), self.another("Second", lang="nl_BE")
        self.invoice(dutch)
        self.invoice(second)
        self.night()
        language = self.env["res.lang"].search([("code", "=", "nl_BE")])
        with self.assertRaisesRegex(UserError, "currently used by contacts"):
            language.active = False
        # As a module, a script or a merge of databases does it.
        self.env.cr.execute("UPDATE res_lang SET active = FALSE WHERE id = %s", [language.id])
        self.env.registry.clear_cache("stable")
        self.addCleanup(self.env.registry.clear_cache, "stable")
        self.env.invalidate_all()
        self.queue()
        self.assertEqual(len(self.sink.messages), 2, "what was prepared leaves, also what was not rendered yet")
        third = self.another("Third")
        self.env.cr.execute("UPDATE res_partner SET lang = 'nl_BE' WHERE id = %s", [third.id])
        self.env.invalidate_all()
        self.invoice(third)
        self.go()
        self.assertEqual(self.notices(third).lang, "en_US")
        self.assertEqual(len(self.sink.messages), 3)

    # People who left

    def test_an_archived_customer_is_left_to_a_person(self):
        self.invoice()
        self.night()
        self.business.active = False
        self.queue()
        self.assertFalse(self.sink.messages)
        self.assertEqual(self.notices().state, "cancelled")
        self.assertIn("archived: unarchive him", self.notices().cancel_reason)
        self.go()
        customer = self.customer()
        self.assertEqual((customer.state, self.codes(customer)), ("held", {"archived"}))
        self.assertIn("without a next step", customer.activity_ids.summary)
        with self.assertRaisesRegex(UserError, "archived"):
            self.press(customer, "action_prepare_notice")
        self.business.active = True
        self.go()
        self.assertEqual(len(self.sink.messages), 1)

    def test_who_signs_left_since(self):
        user = self.staff("signer")
        self.business.write({"followup_responsible_id": user.id, "user_id": user.id})
        self.invoice(due=date(2026, 10, 1))
        self.night()
        self.assertEqual(self.notices().responsible_id, user)
        user.active = False
        self.queue()
        notice = self.notices()
        self.assertEqual((notice.state, notice.responsible_id), ("sent", self.env["res.users"]))
        [(_to, message)] = self.sink.messages
        self.assertNotIn("signer", str(message["From"]) + str(message["Reply-To"]) + notice.body)
        notice._deliver(TODAY)
        for _again in range(2):
            self.night(date(2026, 11, 27))
        call = self.notices(channel="call")
        self.assertTrue(call.activity_id.user_id.active)
        self.assertNotEqual(call.activity_id.user_id, user)

    def test_who_approved_left_since(self):
        self.company.followup_live = False
        self.invoice()
        self.night()
        user = self.staff("approver")
        self.notices().with_user(user).action_approve()
        user.active = False
        self.queue()
        self.assertEqual(self.notices().state, "sent", "what he approved stays approved")
        self.assertEqual(self.notices().approved_by, user)

    # Customers that become one

    def test_everything_of_three_customers_ends_with_one(self):
        partners = [self.business, self.another("Double", vat=False), self.another("Third", vat=False)]
        for partner in partners:
            self.invoice(partner, due=date(2026, 10, 1), amount=300)
        self.go()
        for partner in partners:
            self.notices(partner)._deliver(TODAY)
        customers = [self.refreshed(partner) for partner in partners]
        for customer in customers[:2]:
            item = customer.item_ids
            arrangement = self.env["followup.arrangement"]._arrange(
                customer, [(item, 100.0)], [(date(2026, 12, 1), 100.0)]
            )
            arrangement.action_confirm()
            common = {"customer_id": customer.id, "company_id": self.company.id}
            self.env["followup.charge"].sudo().create(
                common
                | {
                    "move_id": item.move_id.id,
                    "item_id": item.id,
                    "name": "x",
                    "kind": "compensation",
                    "currency_id": self.company.currency_id.id,
                    "amount": 40,
                }
            )
            self.env["followup.hold"].create(
                {"customer_id": customer.id, "until": date(2026, 12, 1), "reason": customer.partner_id.name}
            )
            earlier = self.env["followup.reminder.import"].create({"company_id": self.company.id})
            self.env["followup.reminder.import.line"].sudo().create(
                {"import_id": earlier.id, "status": "ok", "customer_id": customer.id, "item_id": item.id}
            )
        known = len(self.sink.messages)
        self.merge(*partners[1:], into=self.business)
        customer = self.customer()
        self.assertEqual(len(customer.item_ids), 3)
        self.assertEqual(
            len(customer.notice_ids.filtered(lambda n: n.purpose == "level" and n.state == "delivered")), 3
        )
        self.assertEqual(sorted(customer.hold_ids.mapped("reason")), ["Bakkerij Het Zoete Brood", "Double"])
        for model in ("followup.arrangement", "followup.charge", "followup.reminder.import.line"):
            self.assertEqual(self.env[model].sudo().search_count([("customer_id", "=", customer.id)]), 2, model)
        self.assertEqual(
            self.env["followup.customer"]
            .with_context(active_test=False)
            .search([("company_id", "=", self.company.id)]),
            customer,
        )
        self.go()
        self.assertLessEqual({"hold"}, self.codes(customer))
        self.assertFalse(self.env["followup.notice"].search([("state", "=", "queued"), ("purpose", "=", "level")]))
        self.assertFalse([m for _to, m in self.sink.messages[known:] if "reminder" in m["Subject"].lower()])

    def test_two_that_wait_become_one_message(self):
        double = self.another("Double", vat=False)
        self.invoice(amount=300)
        self.invoice(double, amount=400)
        self.night()
        self.merge(double, into=self.business)
        for _again in range(2):
            self.queue()
            self.night()
        self.assertEqual(self.sink.recipients(), ["boekhouding@zoetebrood.example"])
        self.assertEqual(sorted(self.notices().mapped("state")), ["cancelled", "sent"])
        self.assertEqual(len(self.notices(state="sent").line_ids), 2)

    def test_merged_into_a_contact_of_another_company(self):
        other = self.env["res.company"].create({"name": "Ander BV"})
        elsewhere = self.another("Elsewhere", company_id=other.id, vat=False)
        self.invoice()
        self.night()
        self.merge(self.business, into=elsewhere)
        self.go()
        notice = self.notices(elsewhere)
        self.assertEqual((notice.state, notice.company_id), ("sent", self.company))
        self.assertEqual(self.sink.recipients(), ["elsewhere@x.example"])
        self.assertEqual(self.customer(elsewhere).company_id, self.company, "the debt stays where it was invoiced")
