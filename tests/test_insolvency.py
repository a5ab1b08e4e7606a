from datetime import date, timedelta

from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged

from .common import TODAY
from .test_handover import HandoverCommon


@tagged("post_install_l10n", "post_install", "-at_install")
class TestInsolvency(HandoverCommon):
    """A customer becomes insolvent: the claim goes to the curator, nothing to the customer, until it is over."""

    def note(self, kind="bankruptcy", day=date(2026, 11, 2), user=None, **values):
        customer = self.customer()
        record = self.env["followup.insolvency.wizard"].with_user(user or self.user)
        wizard = record.create({"customer_id": customer.id, "kind": kind, "date": day, **values})
        return wizard.action_confirm()

    def curator(self):
        return self.env["res.partner"].create({"name": "Mr Curator", "email": "curator@balie.example"})

    def test_by_a_follow_up_user(self):
        self.late()
        self.note(contact_id=self.curator().id, reference="G/26/0042")
        partner = self.business.with_company(self.company)
        self.assertEqual(
            (partner.followup_insolvency, partner.followup_insolvency_date, partner.followup_insolvency_reference),
            ("bankruptcy", date(2026, 11, 2), "G/26/0042"),
        )
        customer = self.customer()
        self.assertEqual((customer.insolvency, customer.state), ("bankruptcy", "held"))
        self.assertIn("Mr Curator", customer.message_ids[0].body)
        self.assertFalse(self.night().notice_count)
        found = self.env["followup.customer"].with_company(self.company).search([("insolvency", "!=", False)])
        self.assertIn(customer, found)

    def test_bad_input(self):
        self.late()
        with self.assertRaisesRegex(UserError, "future"):
            self.note(day=TODAY + timedelta(days=1))
        with self.assertRaises(AccessError):
            self.note(user=self.reader)

    def test_tasks_by_kind(self):
        self.late()
        for kind, words in (
            ("bankruptcy", "curator"),
            ("collective", "mediator"),
            ("reorganisation", "list of creditors"),
        ):
            self.note(kind)
            [task] = self.customer().activity_ids
            self.assertIn(words, task.note)
            self.assertIn(words, task.summary)
        # Collective debt settlement: within a month.
        self.note("collective")
        self.assertEqual(self.customer().activity_ids.date_deadline, date(2026, 12, 2))

    def test_statement_at_the_judgment(self):
        move = self.late(due=date(2026, 9, 30))
        self.note(day=date(2026, 11, 2))
        self.pay(move, 100, day=date(2026, 11, 10))
        context = self.customer().action_insolvency_statement()["context"]
        with Form(self.env["followup.statement.wizard"].with_context(**context)) as form:
            self.assertEqual((form.date, form.interest), (date(2026, 11, 2), True))
        report = self.env["report.l10n_be_followup.followup_statement"]
        [statement] = report._statements(self.customer(), form.record.date, True)
        [line] = statement.sections[0].lines
        # What came in later does not count, and no interest runs from the judgment on.
        self.assertEqual(float(line.open), 600)
        self.assertEqual(float(line.interest), 5.52)  # 32 days at 10.5 %, until 1 November

    def test_write_to_the_curator_only(self):
        move = self.late()
        curator = self.curator()
        self.note(contact_id=curator.id, reference="G/26/0042")
        action = self.customer().with_user(self.user).sudo(False).action_insolvency_write()
        composer = self.env["mail.compose.message"].with_user(self.user).with_context(**action["context"]).create({})
        self.assertEqual(composer.partner_ids, curator)
        self.assertIn("G/26/0042", composer.subject)
        names = composer.attachment_ids.mapped("name")
        self.assertEqual(len(names), 2)
        self.assertTrue(any(move.name.replace("/", "_") in name for name in names), names)
        composer.action_send_mail()
        message = self.customer().message_ids[0]
        self.assertEqual(message.partner_ids, curator)
        self.assertEqual(len(message.attachment_ids), 2)
        self.assertNotIn(self.business, message.notified_partner_ids)
        self.assertNotIn(curator, self.customer().message_partner_ids)

    def test_no_address_says_what_to_do(self):
        self.late()
        self.note()
        with self.assertRaisesRegex(UserError, "add him"):
            self.customer().action_insolvency_write()

    def test_the_end(self):
        self.late()
        before = self.codes(self.customer())
        self.note(contact_id=self.curator().id)
        context = self.customer().with_user(self.user).action_insolvency()["context"]
        with Form(self.env["followup.insolvency.wizard"].with_user(self.user).with_context(**context)) as form:
            self.assertTrue(form.running)
            self.assertEqual(form.kind, "bankruptcy")
        with self.assertRaisesRegex(UserError, "how it ended"):
            form.record.action_end()
        form.record.reason = "Withdrawn on appeal"
        form.record.action_end()
        customer = self.customer()
        self.assertFalse(customer.insolvency)
        self.assertFalse(customer.activity_ids)
        self.assertEqual(self.codes(customer), before)
        self.assertIn("Withdrawn on appeal", customer.message_ids[0].body)

    def test_of_one_company_only(self):
        self.late()
        self.note()
        other = self.env["res.company"].create({"name": "Boisbleu"})
        self.assertFalse(self.business.with_company(other).followup_insolvency)
