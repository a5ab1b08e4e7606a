from datetime import date

from odoo import Command
from odoo.addons.l10n_be_followup_contract.hooks import post_init_hook, uninstall_hook
from odoo.exceptions import UserError
from odoo.tests import new_test_user, tagged

from .common import ContractCommon


@tagged("post_install_l10n", "post_install", "-at_install")
class TestContract(ContractCommon):
    """A contract of the real OCA add-on: billed, unpaid, announced, suspended, arranged, restored, billed again."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.contract = cls.make_contract()
        cls.service = cls.contract.followup_service_id
        cls.service.write({"proportionate": True, "stop_billing": True})

    def suspended(self, day=date(2026, 12, 8)):
        """November is billed and not paid; the service is suspended on `day`."""
        move = self.cron(date(2026, 11, 1))
        suspension = self.announce(move)
        self.cron(date(2026, 12, 1))
        self.approve(suspension, day)
        return move, suspension

    def periods(self, moves):
        return moves.invoice_line_ids.mapped("name")

    def test_installed_with_the_real_add_on(self):
        module = self.env["ir.module.module"].search([("name", "=", "contract")])
        self.assertEqual((module.state, module.author.count("OCA")), ("installed", 1))

    def test_one_service_for_each_contract(self):
        self.assertEqual(self.service.name, "Hosting zoetebrood.example")
        self.assertEqual(self.service.subscription_ref, self.contract)
        self.assertEqual((self.service.partner_id, self.service.company_id), (self.business, self.company))
        self.assertEqual((self.service.monthly_value, self.service.period_months), (100, 1))
        self.contract.write({"name": "Webhosting", "contract_line_ids": [Command.create(self.contract_line())]})
        self.contract._followup_sync()
        self.assertEqual(self.contract.followup_service_id, self.service)
        self.assertEqual((self.service.name, self.service.monthly_value), ("Webhosting", 200))
        self.contract.copy()
        services = self.env["followup.service"].search([("partner_id", "=", self.business.id)])
        self.assertEqual(len(services), 2, "the copy has one of its own")

    def test_value_a_month_with_vat(self):
        tax = self.env["account.tax"].create({"name": "Hosting 21%", "amount": 21, "company_id": self.company.id})
        product = self.hosting.copy({"taxes_id": [Command.set(tax.ids)]})
        contract = self.make_contract(
            "Domain",
            [{"product_id": product.id, "specific_price": 120, "discount": 50}],
            recurring_rule_type="yearly",
        )
        self.assertAlmostEqual(contract.followup_service_id.monthly_value, 6.05)
        self.assertEqual(contract.followup_service_id.period_months, 12)

    def test_no_service_for_suppliers_or_without_lines(self):
        supplier = self.make_contract("Rent", contract_type="purchase")
        self.assertFalse(supplier.followup_service_id)
        self.contract.contract_line_ids.unlink()
        self.assertFalse(self.service.active)
        self.contract.write({"contract_line_ids": [Command.create(self.contract_line())]})
        self.assertTrue(self.service.active)
        self.assertEqual(self.contract.followup_service_id, self.service)

    def test_an_archived_contract_announces_nothing(self):
        suspension = self.announce(self.cron(date(2026, 11, 1)))
        self.contract.active = False
        self.assertEqual((suspension.state, self.service.active), ("cancelled", False))

    def test_another_customer_begins_afresh(self):
        suspension = self.announce(self.cron(date(2026, 11, 1)))
        self.contract.write({"partner_id": self.consumer.id, "invoice_partner_id": self.consumer.id})
        service = self.contract.followup_service_id
        self.assertNotEqual(service, self.service)
        self.assertEqual((service.partner_id, service.state), (self.consumer, "active"))
        self.assertEqual((suspension.state, self.service.active), ("cancelled", False))

    def test_invoices_lead_to_it(self):
        move = self.cron(date(2026, 11, 1))
        line = move.invoice_line_ids
        self.assertEqual((line.followup_service_id, line.followup_period_end), (self.service, date(2026, 11, 30)))
        self.refreshed()
        self.assertEqual(self.service.amount_overdue, 100)
        self.assertFalse(self.service.paid_through)
        self.pay(move)
        self.service.invalidate_recordset()
        self.assertEqual(self.service.paid_through, date(2026, 11, 30))

    def test_not_for_another_contracts_debt(self):
        other = self.make_contract("Domain", [{"name": "Domain"}])
        moves = self.cron(date(2026, 11, 1))
        self.assertEqual(len(moves), 2)
        self.pay(moves.filtered(lambda move: move.invoice_line_ids.contract_line_id.contract_id == self.contract))
        self.refreshed()
        self.assertEqual((self.service.amount_overdue, other.followup_service_id.amount_overdue), (0, 100))

    def test_paid_ahead_is_never_suspended(self):
        yearly = {"recurring_rule_type": "yearly", "recurring_next_date": date(2026, 11, 1)}
        contract = self.make_contract("Mixed", [yearly], line_recurrence=True)
        self.pay(self.cron(date(2026, 11, 1)).filtered(lambda move: move.invoice_origin == "Mixed"))
        self.assertEqual(contract.followup_service_id.paid_through, date(2027, 10, 31))

    def test_a_customer_who_became_part_of_another(self):
        group = self.env["res.partner"].create({"name": "Groep", "is_company": True})
        self.business.write({"parent_id": group.id, "is_company": False})
        line = self.cron(date(2026, 11, 1)).invoice_line_ids
        self.assertEqual(line.followup_service_id, self.contract.followup_service_id)
        self.assertEqual(line.followup_service_id.customer_id.partner_id, group)

    def test_a_whole_story(self):
        november, suspension = self.suspended()
        self.assertEqual(self.contract.followup_state, "suspended")
        self.assertIn(self.contract, self.env["contract.contract"].search([("followup_state", "=", "suspended")]))
        self.assertEqual(self.contract.followup_stopped_since, date(2026, 12, 8))
        self.assertFalse(self.cron(date(2027, 1, 1)), "billing stopped")
        self.assertFalse(self.cron(date(2027, 1, 4)))
        self.arrange(november, date(2027, 1, 5))
        self.assertEqual(suspension.state, "suspended", "a promise alone restores nothing")
        self.pay_at(november, date(2027, 1, 6), 50)
        self.assertEqual((suspension.state, self.contract.followup_state), ("restored", "active"))
        self.assertFalse(self.contract.followup_stopped_since)
        self.assertEqual(self.contract.recurring_next_date, date(2027, 2, 1))
        self.assertFalse(self.cron(date(2027, 1, 31)), "January had suspended days")
        february = self.cron(date(2027, 2, 1))
        self.assertEqual(self.periods(february), ["Hosting 02/01/2027 - 02/28/2027"])
        self.assertEqual(february.amount_total, 100)
        self.assertEqual(self.periods(self.cron(date(2027, 3, 1))), ["Hosting 03/01/2027 - 03/31/2027"])

    def test_restored_before_the_next_period(self):
        november, suspension = self.suspended()
        self.pay_at(november, date(2027, 1, 1))
        self.assertEqual(suspension.state, "restored")
        january = self.cron(date(2027, 1, 1))
        self.assertEqual(self.periods(january), ["Hosting 01/01/2027 - 01/31/2027"], "no day of it was suspended")

    def test_billing_goes_on_where_it_is_not_stopped(self):
        self.service.stop_billing = False
        self.suspended()
        self.assertEqual(self.contract.followup_state, "suspended")
        self.assertFalse(self.contract.followup_stopped_since)
        self.assertEqual(self.cron(date(2027, 1, 1)).amount_total, 100)

    def test_a_change_of_mind_during_the_suspension(self):
        self.suspended()
        with self.at(date(2027, 1, 10)):
            self.service.stop_billing = False
        self.assertEqual(self.contract.recurring_next_date, date(2027, 2, 1))
        with self.at(date(2027, 1, 20)):
            self.service.stop_billing = True
        self.assertEqual(self.contract.followup_stopped_since, date(2027, 1, 20))
        self.assertFalse(self.cron(date(2027, 2, 1)))

    def test_by_hand_says_why(self):
        self.suspended()
        with self.at(date(2027, 1, 2)):
            with self.assertRaisesRegex(UserError, "suspended since"):
                self.contract.recurring_create_invoice()
            wizard = self.env["contract.manually.create.invoice"].create({"invoice_date": date(2027, 1, 2)})
            self.assertNotIn(self.contract, wizard.contract_to_invoice_ids)

    def test_afterwards_what_was_delivered_is_billed(self):
        """Invoiced afterwards: November was delivered whole and is billed, whatever happens in December."""
        contract = self.make_contract("Support", [{"name": "Support #START#"}], recurring_invoicing_type="post-paid")
        self.service = contract.followup_service_id
        self.service.write({"stop_billing": True})
        self.assertEqual(self.service.period_months, 0)
        with self.at(date(2026, 12, 1)):
            suspension = self.env["followup.suspension"]._suspend_by_hand(self.service, "abuse")
        bills = self.cron(date(2026, 12, 2)).filtered(
            lambda move: move.invoice_line_ids.followup_service_id == self.service
        )
        self.assertEqual(self.periods(bills), ["Support 11/01/2026"])
        self.assertEqual(bills.invoice_line_ids.followup_period_end, date(2026, 11, 30))
        self.cron(date(2027, 1, 4))
        with self.at(date(2027, 1, 5)):
            suspension.action_restore()
        self.assertEqual(contract.recurring_next_date, date(2027, 3, 1), "of February, afterwards")

    def test_lines_with_their_own_recurrence(self):
        contract = self.make_contract(
            "Mixed",
            [
                {
                    "recurring_rule_type": "monthly",
                    "date_start": date(2026, 11, 1),
                    "recurring_next_date": date(2026, 11, 1),
                },
                {
                    "recurring_rule_type": "yearly",
                    "date_start": date(2026, 11, 1),
                    "recurring_next_date": date(2026, 11, 1),
                },
                {
                    "recurring_rule_type": "weekly",
                    "date_start": date(2027, 3, 1),
                    "recurring_next_date": date(2027, 3, 1),
                },
            ],
            line_recurrence=True,
        )
        self.service = contract.followup_service_id
        self.service.write({"stop_billing": True})
        self.cron(date(2026, 11, 1))
        with self.at(date(2026, 11, 20)):
            suspension = self.env["followup.suspension"]._suspend_by_hand(self.service, "abuse")
        with self.at(date(2027, 2, 10)):
            suspension.action_restore()
        self.assertEqual(
            contract.contract_line_ids.mapped("recurring_next_date"),
            [date(2027, 3, 1), date(2027, 11, 1), date(2027, 3, 1)],
        )

    def test_a_period_that_nobody_invoiced_is_for_a_person(self):
        contract = self.make_contract("Support", recurring_invoicing_type="post-paid")
        service = contract.followup_service_id
        service.stop_billing = True
        with self.at(date(2026, 12, 3)):
            suspension = self.env["followup.suspension"]._suspend_by_hand(service, "abuse")
        with self.at(date(2026, 12, 10)):
            suspension.action_restore()
        self.assertEqual(contract.recurring_next_date, date(2026, 12, 1))
        self.assertIn("before the suspension", contract.activity_ids.note)

    def test_a_deleted_contract_leaves_its_history(self):
        _november, suspension = self.suspended()
        self.contract.unlink()
        self.assertEqual((suspension.exists().state, self.service.active), ("suspended", False))
        self.assertFalse(self.service.subscription_ref)
        with self.at(date(2027, 1, 5)):
            suspension.action_restore()

    def test_each_company_its_own(self):
        other = self.setup_other_company()["company"]
        contract = (
            self.env["contract.contract"]
            .with_company(other)
            .create(
                {
                    "name": "Elsewhere",
                    "partner_id": self.business.id,
                    "company_id": other.id,
                    "date_start": date(2026, 11, 1),
                    "recurring_next_date": date(2026, 11, 1),
                    "contract_line_ids": [Command.create(self.contract_line(recurring_next_date=date(2026, 11, 1)))],
                }
            )
        )
        service = contract.followup_service_id
        self.assertEqual(service.company_id, other)
        self.assertNotEqual(service.customer_id, self.service.customer_id)
        self.suspended()
        self.assertEqual((service.state, contract.followup_stopped_since), ("active", False))
        january = self.cron(date(2027, 1, 1))
        self.assertEqual(january.company_id, other, "the other company bills on")
        self.assertEqual(january.invoice_line_ids.followup_service_id, service)

    def test_a_branch_bills_for_its_main_company(self):
        branch = self.env["res.company"].create({"name": "Branch", "parent_id": self.company.id})
        self.cr.precommit.run()
        contract = self.make_contract("Branch", company_id=branch.id)
        self.assertEqual(contract.followup_service_id.company_id, self.company)

    def test_with_the_rights_of_an_invoicing_user(self):
        clerk = new_test_user(
            self.env, "contract_clerk", "account.group_account_manager", company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)],
        )  # fmt: skip
        contract = self.contract.with_user(clerk)
        contract.write({"name": "Renamed"})
        self.assertEqual(self.service.name, "Renamed")
        self.assertEqual(contract.search([("followup_state", "=", "active")]), contract)
        self.assertTrue(contract.recurring_create_invoice().invoice_line_ids.followup_service_id)

    def before(self):
        """As a database is before the installation: contracts and invoices, nothing of ours."""
        contracts = self.contract | self.make_contract("Support", recurring_invoicing_type="post-paid")
        moves = self.cron(date(2026, 11, 1)) | self.cron(date(2026, 12, 1))
        self.env.flush_all()
        self.env.cr.execute("UPDATE contract_contract SET followup_service_id = NULL")
        self.env.cr.execute("UPDATE account_move_line SET followup_service_id = NULL, followup_period_end = NULL")
        self.env.cr.execute("DELETE FROM followup_service")
        self.env.invalidate_all()
        return contracts, moves

    def test_installation(self):
        contracts, moves = self.before()
        written = moves.line_ids.mapped("write_date")
        post_init_hook(self.env)
        first, second = contracts
        self.assertEqual(contracts.followup_service_id.mapped("name"), ["Hosting zoetebrood.example", "Support"])
        self.assertEqual(moves.line_ids.mapped("write_date"), written, "entries keep their date of change")
        ends = {(line.followup_service_id, line.followup_period_end) for line in moves.invoice_line_ids}
        self.assertEqual(
            ends,
            {
                (first.followup_service_id, date(2026, 11, 30)),
                (first.followup_service_id, date(2026, 12, 31)),
                (second.followup_service_id, date(2026, 11, 30)),
            },
        )
        services = self.env["followup.service"].search_count([])
        post_init_hook(self.env)
        self.assertEqual(self.env["followup.service"].search_count([]), services, "twice is once")

    def test_uninstallation(self):
        contract, service = self.contract, self.service
        other = self.make_contract("Other")
        service.stop_billing = True
        self.cron(date(2026, 11, 1))
        with self.at(date(2026, 11, 20)):
            self.env["followup.suspension"]._suspend_by_hand(service, "abuse")
        with self.at(date(2026, 12, 10)):
            uninstall_hook(self.env)
        self.assertTrue(contract.exists())
        self.assertEqual(contract.recurring_next_date, date(2027, 1, 1), "the suspended days are not invoiced later")
        self.assertEqual(other.recurring_next_date, date(2026, 12, 1))
        self.assertEqual((service.state, service.subscription_ref), ("suspended", None))
