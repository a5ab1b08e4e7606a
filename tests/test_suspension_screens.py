from ast import literal_eval
from datetime import date

from odoo import Command
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, new_test_user, tagged
from odoo.tools import file_open

from .suspension_common import ServiceCommon

#: A Tuesday after every deadline of a notice of 18 November.
DAY = date(2026, 12, 8)


@tagged("post_install_l10n", "post_install", "-at_install")
class TestSuspensionScreens(ServiceCommon):
    """What people see and press around services and suspensions, with the rights that they have."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        own = {"company_id": cls.company.id, "company_ids": [Command.set(cls.company.ids)]}
        cls.user = new_test_user(cls.env, "suspension_user", "l10n_be_followup.l10n_be_followup_group_user", **own)
        cls.reader = new_test_user(cls.env, "suspension_reader", "account.group_account_readonly", **own)
        cls.biller = new_test_user(cls.env, "suspension_biller", "account.group_account_invoice", **own)

    def as_user(self, record, user=None):
        return record.with_user(user or self.user).sudo(False)

    def to_approve(self):
        action = self.env["ir.actions.act_window"]._for_xml_id("l10n_be_followup.followup_suspension_action_approve")
        return self.env["followup.suspension"].with_user(self.user).search(literal_eval(action["domain"]))

    def ready(self, move=None):
        """An announced suspension that only waits for a person."""
        suspension = self.announce(move or self.bill())
        self.bank_line(DAY)
        self.suspend(DAY)
        self.assertTrue(suspension.ready, suspension.conditions_text)
        return suspension

    def suspended(self, move=None):
        suspension = self.ready(move)
        with self.at(DAY):
            self.as_user(suspension).action_approve()
        self.assertEqual(suspension.state, "suspended", suspension.conditions_text)
        return suspension

    def postpone(self, suspensions, until, reason="asked for time"):
        wizard = self.env["followup.postpone.wizard"].with_user(self.user)
        wizard = wizard.with_context(**self.as_user(suspensions).action_postpone()["context"])
        wizard.create({"until": until, "reason": reason}).action_confirm()

    # Approve, undo, postpone, cancel

    def test_several_are_approved_together(self):
        other = self.service.copy({"name": "Mail", "product_ids": False})
        product = self.env["product.product"].create({"name": "Mail", "type": "service"})
        other.product_ids = product
        move = self.invoice(
            due=date(2026, 11, 10),
            invoice_line_ids=[
                Command.create({"product_id": p.id, "name": p.name, "price_unit": 80.0, "tax_ids": [Command.clear()]})
                for p in (self.product, product)
            ],
        )
        self.announce(move)
        self.bank_line(DAY)
        self.suspend(DAY)
        waiting = self.to_approve()
        self.assertEqual(waiting.service_id, self.service + other)
        self.assertEqual(len(waiting.activity_ids.sudo()), 2)
        with self.at(DAY):
            waiting.action_approve()
        self.assertEqual(set(waiting.mapped("state")), {"suspended"}, waiting.mapped("conditions_text"))
        self.assertEqual(waiting.approved_by, self.user)
        self.assertFalse(waiting.sudo().activity_ids)
        self.assertFalse(self.to_approve())

    def test_what_was_approved_at_night_asks_nobody_any_more(self):
        suspension = self.ready()
        with self.at(DAY, 20):
            self.as_user(suspension).action_approve()
        self.assertEqual((suspension.state, suspension.ready), ("announced", False))
        self.assertFalse(suspension.activity_ids)
        self.assertIn("within the hours", suspension.open_text)

    def test_an_approval_is_taken_back(self):
        suspension = self.ready()
        with self.at(DAY, 20):
            self.as_user(suspension).action_approve()
            self.as_user(suspension).action_undo_approval()
        self.assertFalse(suspension.approved_by)
        self.assertTrue(suspension.ready, "it asks again")
        self.assertEqual(self.to_approve(), suspension)
        self.suspend(date(2026, 12, 9))
        self.assertEqual(suspension.state, "announced")

    def test_postponed_and_postponed_again(self):
        suspension = self.ready()
        with self.at(DAY):
            with self.assertRaisesRegex(UserError, "after today"):
                self.postpone(suspension, DAY)
            self.postpone(suspension, date(2026, 12, 10))
            self.assertEqual((suspension.state, suspension.postponed_until), ("postponed", date(2026, 12, 10)))
            self.assertFalse(suspension.activity_ids, "nobody is asked any more")
            self.assertFalse(self.to_approve())
            self.postpone(suspension, date(2026, 12, 14))
        self.suspend(date(2026, 12, 14))
        self.assertEqual(suspension.state, "postponed")
        self.bank_line(date(2026, 12, 15))
        self.suspend(date(2026, 12, 15))
        self.assertEqual((suspension.state, suspension.ready), ("announced", True), suspension.conditions_text)

    def test_postponing_a_mixed_selection_leaves_the_rest_alone(self):
        suspension = self.suspended()
        other = self.service.copy({"name": "Mail", "product_ids": False})
        announced = self.env["followup.suspension"].sudo().create({"service_id": other.id})
        with self.at(DAY):
            wizard = (
                self.env["followup.postpone.wizard"]
                .with_user(self.user)
                .create(
                    {
                        "suspension_ids": [Command.set((suspension + announced).ids)],
                        "reason": "x",
                        "until": "2026-12-20",
                    }
                )
            )
            self.assertEqual((wizard.count, wizard.left_out), (1, 1))
            wizard.action_confirm()
            self.assertEqual((suspension.state, announced.state), ("suspended", "postponed"))
            wizard.suspension_ids = suspension
            with self.assertRaises(UserError):
                wizard.action_confirm()

    def test_cancelled(self):
        suspension = self.ready()
        with self.at(DAY):
            self.as_user(suspension).action_cancel()
        self.assertEqual((suspension.state, self.service.state), ("cancelled", "active"))
        self.assertFalse(suspension.activity_ids)

    def test_restored_by_a_person_is_not_suspended_again_an_hour_later(self):
        suspension = self.suspended()
        with self.at(DAY, 10):
            self.as_user(suspension).action_restore()
        self.suspend(DAY, 11)
        self.assertEqual((suspension.state, suspension.lifted_by), ("restored", self.user))

    # Exempt

    def exempt(self, until, reason="hospital"):
        context = self.as_user(self.service).action_exempt()["context"]
        wizard = self.env["followup.exempt.wizard"].with_user(self.user).with_context(**context)
        wizard.create({"until": until, "reason": reason}).action_confirm()

    def test_an_exempt_service_stays(self):
        suspension = self.ready()
        with self.at(DAY):
            with self.assertRaisesRegex(UserError, "past"):
                self.exempt(date(2026, 12, 7))
            self.exempt(date(2026, 12, 31))
            self.assertTrue(self.service.exempt)
            self.assertFalse(suspension.ready, "judged again at once")
            self.assertFalse(suspension.activity_ids)
            self.assertIn("exempt", suspension.open_text)
            self.assertEqual(self.env["followup.service"].search([("exempt", "=", True)]), self.service)
            self.as_user(suspension).action_approve()
            self.assertEqual(suspension.state, "announced")
            self.as_user(self.service).action_end_exemption()
            self.assertFalse(self.env["followup.service"].search([("exempt", "=", True)]))
        self.suspend(DAY, 11)
        self.assertEqual(suspension.state, "suspended")

    # By hand

    def test_by_hand_warns_first(self):
        wizard = (
            self.env["followup.suspend.wizard"]
            .with_user(self.user)
            .create({"service_id": self.service.id, "reason": "abuse"})
        )
        for words in ("Nothing is overdue", "No notice"):
            self.assertIn(words, wizard.warning)
        self.assertNotIn("clause", wizard.warning, "a person confirmed that it is proportionate")
        action = wizard.action_confirm()
        suspension = self.env["followup.suspension"].browse(action["res_id"])
        self.assertEqual((suspension.state, suspension.by_hand), ("suspended", True))
        self.assertNotIn("We announced this on", self.notices(purpose="suspended").body)

    # Links

    def link(self, lines, user=None):
        wizard = self.env["followup.service.link.wizard"].with_user(user or self.user)
        wizard = wizard.create({"service_id": self.service.id})
        wizard.line_ids = lines
        wizard.action_confirm()

    def test_posted_lines_are_linked_and_stay_as_they_were(self):
        move = self.invoice(amount=300)
        self.env.flush_all()
        self.refreshed()
        self.assertEqual(self.service.amount_overdue, 0)
        line = move.invoice_line_ids
        before = (line.write_date, move.write_date, len(move.message_ids))
        self.link(line)
        self.assertEqual(self.service.line_ids, line)
        self.env.invalidate_all()
        self.assertEqual(self.service.amount_overdue, 300)
        self.assertEqual(before, (line.write_date, move.write_date, len(move.message_ids)))
        self.assertIn(move.name, self.service.message_ids[0].body)
        wizard = self.env["followup.service.link.wizard"].with_user(self.user).create({"service_id": self.service.id})
        self.assertEqual(wizard.line_ids, line, "it begins with what is linked")
        self.link(line.browse())
        self.assertFalse(self.service.line_ids)

    def test_a_line_of_somebody_else_is_not_linked(self):
        move = self.invoice(partner=self.consumer)
        with self.assertRaisesRegex(UserError, "posted invoice"):
            self.link(move.invoice_line_ids)
        draft = self.bill()
        draft.button_draft()
        with self.assertRaisesRegex(UserError, "posted invoice"):
            self.link(draft.invoice_line_ids)
        draft.invoice_line_ids.followup_service_id = self.service
        with self.assertRaises(ValidationError):
            move.invoice_line_ids.followup_service_id = self.service

    def test_a_draft_that_changes_hands_names_no_service_of_the_other(self):
        move = self.bill()
        move.button_draft()
        move.invoice_line_ids.followup_service_id = self.service
        move.partner_id = self.consumer
        self.assertFalse(move.invoice_line_ids.followup_service_id)

    def test_a_service_with_history_stays_with_its_customer(self):
        move = self.invoice(amount=300)
        self.link(move.invoice_line_ids)
        with self.assertRaisesRegex(ValidationError, "invoice lines"):
            self.service.partner_id = self.consumer
        self.link(move.invoice_line_ids.browse())
        self.service.partner_id = self.env["res.partner"].create({"name": "Els", "parent_id": self.business.id})
        self.service.partner_id = self.business
        self.announce(self.bill())
        with self.assertRaisesRegex(ValidationError, "suspensions"):
            self.service.partner_id = self.consumer

    def test_customers_that_become_one_keep_their_services(self):
        double = self.business.copy({"name": "Het Zoete Brood"})
        service = self.service.copy({"partner_id": double.id})
        suspension = self.env["followup.suspension"]._suspend_by_hand(service, "abuse")
        self.assertNotEqual(suspension.customer_id, self.customer())
        self.env["base.partner.merge.automatic.wizard"].sudo()._merge((self.business + double).ids, self.business)
        self.env.invalidate_all()
        self.assertEqual((service.customer_id, suspension.customer_id), (self.customer(), self.customer()))
        self.assertEqual((service.partner_id, suspension.partner_id), (self.business, self.business))

    # Who sees that it is suspended

    def test_the_customer_the_contact_and_a_new_invoice_say_so(self):
        draft = self.bill()
        draft.button_draft()
        customer = self.customer()
        self.assertFalse(draft.with_user(self.biller).followup_service_warning)
        contact = self.env["res.partner"].create({"name": "Els", "parent_id": self.business.id})
        self.env["followup.suspension"]._suspend_by_hand(self.service, "abuse")
        self.env.invalidate_all()
        for record in (draft, self.business, contact):
            self.assertIn(self.service.name, record.with_user(self.biller).followup_service_warning)
        self.assertTrue(customer.service_suspended)
        search = self.env["followup.customer"].with_user(self.reader).search
        self.assertEqual(search([("service_suspended", "=", True)]), customer)
        self.assertNotIn(customer, search([("service_suspended", "=", False)]))
        partners = self.env["res.partner"].with_user(self.biller)
        found = partners.search([("followup_service_suspended", "=", True)])
        self.assertEqual(found, self.business + contact)
        self.assertNotIn(found, partners.search([("followup_service_suspended", "=", False)]))
        draft.action_post()
        self.assertFalse(draft.followup_service_warning)

    def test_every_form_opens_with_the_rights_of_its_users(self):
        suspension = self.suspended()
        for user in (self.reader, self.user):
            for record in (suspension, self.service, self.customer(), suspension.notice_id):
                Form(self.as_user(record, user))
        self.assertIn("text-success", suspension.conditions_html)
        self.assertEqual(suspension.told_ids, self.notices())
        self.assertEqual(
            set(self.as_user(suspension, self.reader).event_ids.mapped("kind")), {"announced", "suspended"}
        )
        Form(self.as_user(self.bill(), self.biller))
        Form(self.as_user(self.business, self.biller))

    def test_the_report_counts_days_and_money(self):
        move = self.bill()
        suspension = self.suspended(move)
        row = (
            self.env["followup.suspension.report"]
            .with_user(self.reader)
            .search([("suspension_id", "=", suspension.id)])
        )
        self.assertEqual((row.amount_overdue, row.state, row.suspended_on), (100, "suspended", DAY))
        with self.at(date(2026, 12, 18)):
            self.pay(move, day=date(2026, 12, 18))
            self.refreshed()
        self.env.invalidate_all()
        self.assertEqual((row.days_suspended, row.amount_overdue, row.state), (10, 0, "restored"))
        self.assertEqual(row.action_open()["res_id"], suspension.id)

    def test_what_is_overdue_is_kept_up_while_it_is_suspended(self):
        move = self.bill()
        suspension = self.suspended(move)
        self.pay(move, 40, DAY)
        with self.at(DAY):
            self.refreshed()
        self.assertEqual((suspension.state, suspension.amount_overdue), ("suspended", 60))

    # Rights

    def test_a_reader_reads_and_does_nothing(self):
        suspension = self.ready()
        seen = self.as_user(suspension, self.reader)
        self.assertTrue(seen.conditions_text)
        for name in ("action_approve", "action_undo_approval", "action_restore", "action_cancel"):
            with self.assertRaises(UserError):
                getattr(seen, name)()
        with self.assertRaises(UserError):
            seen._postpone(date(2026, 12, 20), "x")
        with self.assertRaises(UserError):
            self.env["followup.suspension"].with_user(self.reader)._suspend_by_hand(
                self.as_user(self.service, self.reader), "x"
            )
        with self.assertRaises(UserError):
            self.as_user(self.service, self.reader)._link_lines(self.env["account.move.line"])
        for model in ("followup.suspend.wizard", "followup.postpone.wizard", "followup.exempt.wizard"):
            with self.assertRaises(AccessError):
                self.env[model].with_user(self.reader).create({"reason": "x"})
        with self.assertRaises(AccessError):
            self.as_user(self.service, self.reader).exempt_until = date(2026, 12, 31)

    def test_another_company_sees_and_does_nothing(self):
        suspension = self.ready()
        other = self.setup_other_company()["company"]
        outsider = new_test_user(
            self.env,
            "suspension_outsider",
            "l10n_be_followup.l10n_be_followup_group_manager",
            company_id=other.id,
            company_ids=[Command.set(other.ids)],
        )
        for model in ("followup.service", "followup.suspension", "followup.suspension.report"):
            self.assertFalse(self.env[model].with_user(outsider).search([]), model)
        seen = self.as_user(suspension, outsider)
        for name in ("action_approve", "action_undo_approval", "action_restore", "action_cancel"):
            with self.assertRaises(AccessError):
                getattr(seen, name)()
        service = self.as_user(self.service, outsider)
        with self.assertRaises(AccessError):
            self.env["followup.suspension"].with_user(outsider)._suspend_by_hand(service, "x")
        with self.assertRaises(AccessError):
            service._link_lines(self.env["account.move.line"])
        with self.assertRaises(AccessError):
            self.env["followup.exempt.wizard"].with_user(outsider).create(
                {"service_ids": [Command.set(self.service.ids)], "reason": "x"}
            ).action_confirm()
        with self.assertRaises(AccessError):
            self.env["followup.postpone.wizard"].with_user(outsider).create(
                {"suspension_ids": [Command.set(suspension.ids)], "reason": "x", "until": "2027-01-01"}
            ).action_confirm()

    # Reconnection fee

    def fees(self):
        return self.env["followup.charge"].sudo().search([("kind", "=", "reconnection")], order="id")

    def pay_and_look(self, move, day=date(2026, 12, 9), amount=None):
        with self.at(day):
            payment = self.pay(move, amount, day)
            self.refreshed()
        return payment

    def take_back(self, payment):
        with self.at(date(2026, 12, 9)):
            payment.line_ids.remove_move_reconcile()
            payment.button_draft()
            payment.button_cancel()
            self.refreshed()

    def test_a_business_pays_for_the_reconnection(self):
        self.company.followup_reconnection_fee = 25
        move = self.bill()
        suspension = self.suspended(move)
        self.assertFalse(self.fees())
        payment = self.pay_and_look(move)
        [fee] = self.fees()
        self.assertEqual((fee.amount, fee.state, fee.suspension_id), (25, "claimed", suspension))
        self.assertIn("25.00", self.notices(purpose="restored").body)
        self.take_back(payment)
        self.suspend(date(2026, 12, 9), 11)
        self.assertEqual((suspension.state, fee.state), ("suspended", "cancelled"))
        self.pay_and_look(move)
        self.assertEqual(self.fees().mapped("state"), ["cancelled", "claimed"])

    def test_a_waived_fee_is_not_claimed_again(self):
        self.company.followup_reconnection_fee = 25
        move = self.bill()
        suspension = self.suspended(move)
        payment = self.pay_and_look(move)
        self.fees()._waive("goodwill")
        self.take_back(payment)
        self.suspend(date(2026, 12, 9), 11)
        self.assertEqual(suspension.state, "suspended", suspension.conditions_text)
        self.pay_and_look(move)
        self.assertEqual((suspension.state, self.fees().mapped("state")), ("restored", ["waived"]))

    def test_a_consumer_never_pays_for_it(self):
        self.company.followup_reconnection_fee = 25
        move = self.bill()
        suspension = self.suspended(move)
        move.followup_regime = "b2c"
        self.pay_and_look(move)
        self.assertEqual(suspension.state, "restored")
        self.assertFalse(self.fees())

    def test_no_fee_for_what_was_disputed_or_lifted_by_hand(self):
        self.company.followup_reconnection_fee = 25
        suspension = self.suspended()
        with self.at(date(2026, 12, 9)):
            reason = self.env.ref("l10n_be_followup.followup_dispute_reason_quality")
            self.env["followup.dispute"]._dispute(self.customer(), [(self.items(), 100.0)], reason)
            self.refreshed()
        self.assertEqual(suspension.state, "restored")
        self.assertFalse(self.fees())
        by_hand = self.env["followup.suspension"]._suspend_by_hand(self.service, "abuse")
        by_hand.action_restore()
        self.assertFalse(self.fees())

    def test_no_fee_where_there_is_none(self):
        move = self.bill()
        self.suspended(move)
        self.pay_and_look(move)
        self.assertFalse(self.fees())

    # The clock

    def test_the_hourly_pass_is_on_and_a_copy_switches_it_off(self):
        cron = self.env.ref("l10n_be_followup.followup_cron_suspend")
        self.assertTrue(cron.active)
        self.assertEqual((cron.interval_number, cron.interval_type), (1, "hours"))
        with file_open("l10n_be_followup/data/neutralize.sql") as script:
            self.env.cr.execute(script.read())
        self.env.invalidate_all()
        self.assertFalse(cron.active)

    def test_the_settings_are_those_of_the_company(self):
        settings = self.env["res.config.settings"].create({"followup_reconnection_fee": 30, "followup_suspend_cap": 3})
        settings.execute()
        self.assertEqual((self.company.followup_reconnection_fee, self.company.followup_suspend_cap), (30, 3))
