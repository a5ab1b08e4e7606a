from datetime import date, timedelta

from odoo import Command
from odoo.addons.l10n_be_followup.tests.suspension_common import BridgeCommon
from odoo.addons.l10n_be_followup_subscription.hooks import post_init_hook, uninstall_hook
from odoo.exceptions import UserError
from odoo.tests import new_test_user, tagged


@tagged("post_install_l10n", "post_install", "-at_install")
class TestSubscription(BridgeCommon):
    """A subscription of the real OCA add-on: billed, unpaid, announced, suspended, arranged, restored, billed again."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env.user.group_ids |= cls.env.ref("sales_team.group_sale_salesman_all_leads")
        # The add-on asks that the product or its category has one.
        cls.hosting.property_account_income_id = cls.company_data["default_account_revenue"]
        cls.pricelist = cls.env["product.pricelist"].create(
            {"name": "Subscriptions", "currency_id": cls.company.currency_id.id, "company_id": False}
        )
        cls.template = cls.env["sale.subscription.template"].create(
            {"name": "Monthly", "code": "MON", "recurring_rule_type": "months", "invoicing_mode": "draft"}
        )
        cls.closed = cls.env["sale.subscription.stage"].search([("type", "=", "post")], limit=1)
        cls.subscription = cls.make_subscription()
        cls.service = cls.subscription.followup_service_id
        cls.service.write({"proportionate": True, "stop_billing": True})

    @classmethod
    def make_subscription(cls, **values):
        """In progress from 1 November 2026."""
        subscription = cls.env["sale.subscription"].create(
            {
                "partner_id": cls.business.id,
                "company_id": cls.company.id,
                "template_id": cls.template.id,
                "pricelist_id": cls.pricelist.id,
                "sale_subscription_line_ids": [
                    Command.create(
                        {
                            "product_id": cls.hosting.id,
                            "name": "Hosting",
                            "price_unit": 100,
                            "tax_ids": [Command.set(cls.hosting.taxes_id.ids)],
                        }
                    )
                ],
                **values,
            }
        )
        subscription.action_start_subscription()
        subscription.write({"date_start": date(2026, 11, 1), "recurring_next_date": date(2026, 11, 1)})
        return subscription

    def cron(self, day):
        """A night of the add-on's own cron: the invoices it made, posted."""
        before = self.env["account.move"].search([])
        with self.at(day):
            self.env["sale.subscription"].cron_subscription_management()
            moves = self.env["account.move"].search([]) - before
            moves.filtered(lambda move: move.state == "draft").action_post()
        return moves.sorted("id")

    def suspended(self, day=date(2026, 12, 8)):
        """November is billed and not paid; the service is suspended on `day`."""
        move = self.cron(date(2026, 11, 1))
        suspension = self.announce(move)
        self.cron(date(2026, 12, 1))
        self.approve(suspension, day)
        return move, suspension

    def dates(self, moves):
        return [(move.invoice_date, move.invoice_line_ids.followup_period_end) for move in moves]

    def by_hand(self, day):
        with self.at(day):
            return self.env["followup.suspension"]._suspend_by_hand(self.service, "abuse")

    def restore(self, suspension, day):
        with self.at(day):
            suspension.action_restore()

    def test_installed_with_the_real_add_on(self):
        module = self.env["ir.module.module"].search([("name", "=", "subscription_oca")])
        self.assertEqual((module.state, module.author.count("OCA")), ("installed", 1))

    def test_one_service_for_each_subscription(self):
        self.assertEqual(self.service.name, f"Hosting ({self.subscription.name})")
        self.assertEqual(self.service.subscription_ref, self.subscription)
        self.assertEqual((self.service.partner_id, self.service.company_id), (self.business, self.company))
        self.assertEqual((self.service.monthly_value, self.service.period_months), (100, 1))
        self.subscription.sale_subscription_line_ids.write({"product_uom_qty": 2})
        self.subscription._followup_sync()
        self.assertEqual((self.subscription.followup_service_id, self.service.monthly_value), (self.service, 200))
        self.template.recurring_rule_type = "years"
        self.assertEqual((self.service.monthly_value, self.service.period_months), (16.67, 12))
        self.assertEqual(self.env["followup.service"].search_count([("partner_id", "=", self.business.id)]), 1)

    def test_closed_is_the_end(self):
        suspension = self.announce(self.cron(date(2026, 11, 1)))
        self.subscription.close_subscription()
        self.assertEqual((suspension.state, self.service.active), ("cancelled", False))

    def test_another_customer_begins_afresh(self):
        suspension = self.announce(self.cron(date(2026, 11, 1)))
        self.subscription.partner_id = self.consumer
        service = self.subscription.followup_service_id
        self.assertEqual((service.partner_id, service.state), (self.consumer, "active"))
        self.assertEqual((suspension.state, self.service.active), ("cancelled", False))

    def test_a_whole_story(self):
        november, suspension = self.suspended()
        self.assertEqual(self.dates(november), [(date(2026, 11, 1), date(2026, 11, 30))])
        self.assertEqual(november.invoice_line_ids.followup_service_id, self.service)
        self.assertEqual((self.subscription.followup_state, self.subscription.is_paused), ("suspended", True))
        self.assertIn(self.subscription, self.subscription.search([("followup_state", "=", "suspended")]))
        self.assertFalse(self.cron(date(2027, 1, 1)), "billing stopped")
        self.arrange(november, date(2027, 1, 5))
        self.assertEqual(suspension.state, "suspended", "a promise alone restores nothing")
        self.pay_at(november, date(2027, 1, 6), 50)
        self.assertEqual((suspension.state, self.subscription.followup_state), ("restored", "active"))
        self.assertFalse(self.subscription.is_paused or self.subscription.followup_paused)
        self.assertEqual(self.subscription.recurring_next_date, date(2027, 2, 1), "resumed, and not in the past")
        self.assertFalse(self.cron(date(2027, 1, 31)), "January had suspended days")
        february = self.cron(date(2027, 2, 1))
        self.assertEqual(self.dates(february), [(date(2027, 2, 1), date(2027, 2, 28))])
        self.assertEqual(february.amount_total, 100)
        self.assertFalse(self.cron(date(2027, 2, 2)))

    def test_through_a_sale_order(self):
        """The mode that makes a sale order each time: the order and its invoice lead to the service."""
        self.template.invoicing_mode = "sale_and_invoice"
        november, suspension = self.suspended(date(2026, 12, 8))
        order = self.subscription.sale_order_ids[:1]
        self.assertEqual(self.subscription.sale_order_ids.order_line.followup_service_id, self.service)
        self.assertEqual(order.state, "sale")
        self.assertEqual(self.dates(november), [(date(2026, 11, 1), date(2026, 11, 30))])
        self.assertEqual(november.invoice_line_ids.followup_service_id, self.service)
        self.assertFalse(self.cron(date(2027, 1, 1)))
        self.pay_at(november, date(2027, 1, 6))
        self.assertEqual(suspension.state, "restored")
        self.assertFalse(self.cron(date(2027, 1, 7)))
        self.assertEqual(self.dates(self.cron(date(2027, 2, 1))), [(date(2027, 2, 1), date(2027, 2, 28))])
        self.assertEqual(len(self.subscription.sale_order_ids), 3)

    def test_the_order_that_began_it(self):
        product, other = self.env["product.product"].create(
            [
                {
                    "name": "Shop",
                    "type": "service",
                    "invoice_policy": "order",
                    "subscribable": True,
                    "subscription_template_id": self.template.id,
                },
                {"name": "Set-up", "type": "service", "invoice_policy": "order"},
            ]
        )
        with self.at(date(2026, 11, 1)):
            order = self.env["sale.order"].create(
                {
                    "partner_id": self.business.id,
                    "order_line": [Command.create({"product_id": each.id}) for each in (product, other)],
                }
            )
            order.action_confirm()
            move = order._create_invoices()
            move.action_post()
        service = order.subscription_ids.followup_service_id
        self.assertTrue(service)
        self.assertEqual(
            [(line.followup_service_id, line.followup_period_end) for line in move.invoice_line_ids],
            [(service, date(2026, 11, 30)), (service.browse(), False)],
        )

    def test_known_of_the_add_on_an_order_begins_another_subscription(self):
        """Said in README.md; when this fails, the add-on does better and the sentence can go."""
        self.template.invoicing_mode = "sale_and_invoice"
        self.hosting.write({"subscribable": True, "subscription_template_id": self.template.id})
        self.cron(date(2026, 11, 1))
        self.assertEqual(len(self.subscription.sale_order_ids.subscription_ids), 1)

    def test_not_for_another_subscriptions_debt(self):
        other = self.make_subscription()
        moves = self.cron(date(2026, 11, 1))
        self.pay(moves.filtered(lambda move: move.subscription_id == self.subscription))
        self.refreshed()
        self.assertEqual((self.service.amount_overdue, other.followup_service_id.amount_overdue), (0, 100))
        self.assertEqual(self.service.paid_through, date(2026, 11, 30))

    def test_restored_before_the_next_period(self):
        november, suspension = self.suspended()
        self.pay_at(november, date(2027, 1, 1))
        self.assertEqual(suspension.state, "restored")
        self.assertEqual(self.dates(self.cron(date(2027, 1, 1))), [(date(2027, 1, 1), date(2027, 1, 31))])

    def test_billing_goes_on_where_it_is_not_stopped(self):
        self.service.stop_billing = False
        self.suspended()
        self.assertEqual((self.subscription.followup_state, self.subscription.is_paused), ("suspended", False))
        self.assertEqual(self.cron(date(2027, 1, 1)).amount_total, 100)
        with self.at(date(2027, 1, 10)):
            self.service.stop_billing = True
        self.assertTrue(self.subscription.followup_paused)
        with self.at(date(2027, 1, 20)):
            self.service.stop_billing = False
        self.assertFalse(self.subscription.is_paused)

    def test_a_persons_pause_is_his_to_end(self):
        self.cron(date(2026, 11, 1))
        self.subscription.action_pause()
        suspension = self.by_hand(date(2026, 12, 8))
        self.assertFalse(self.subscription.followup_paused)
        self.restore(suspension, date(2026, 12, 20))
        self.assertTrue(self.subscription.is_paused)
        self.assertEqual(self.subscription.recurring_next_date, date(2027, 1, 1), "December had suspended days")

    def test_a_pause_that_ends_during_the_suspension_goes_on(self):
        self.cron(date(2026, 11, 1))
        self.subscription.action_pause(date(2026, 12, 15))
        suspension = self.by_hand(date(2026, 12, 8))
        self.assertFalse(self.cron(date(2026, 12, 15)))
        self.assertEqual((self.subscription.is_paused, self.subscription.followup_paused), (True, True))
        self.restore(suspension, date(2027, 1, 3))
        self.assertFalse(self.subscription.is_paused)
        self.assertEqual(self.subscription.recurring_next_date, date(2027, 2, 1))

    def test_by_hand_says_why(self):
        self.cron(date(2026, 11, 1))
        suspension = self.by_hand(date(2026, 12, 8))
        for method in ("manual_invoice", "generate_invoice", "action_resume"):
            with self.assertRaisesRegex(UserError, "suspended since"):
                getattr(self.subscription, method)()
        self.restore(suspension, date(2026, 12, 8))
        self.subscription.manual_invoice()

    def test_a_closed_one_is_not_paused(self):
        self.cron(date(2026, 11, 1))
        self.subscription.close_subscription()
        suspension = self.by_hand(date(2026, 12, 8))
        self.assertFalse(self.subscription.is_paused or self.subscription.followup_stopped_since)
        self.restore(suspension, date(2026, 12, 20))
        self.assertFalse(self.subscription.recurring_next_date)

    def test_a_period_that_nobody_invoiced_is_for_a_person(self):
        suspension = self.by_hand(date(2026, 12, 8))
        self.restore(suspension, date(2026, 12, 20))
        self.assertEqual(self.subscription.recurring_next_date, date(2026, 11, 1))
        self.assertIn("before the suspension", self.subscription.activity_ids.note)

    def test_a_deleted_subscription_leaves_its_history(self):
        suspension = self.by_hand(date(2026, 12, 8))
        self.subscription.unlink()
        self.assertEqual((suspension.exists().state, self.service.active), ("suspended", False))
        self.restore(suspension, date(2026, 12, 20))

    def test_installation_and_uninstallation(self):
        moves = self.cron(date(2026, 11, 1))
        self.template.invoicing_mode = "sale_and_invoice"
        moves |= self.cron(date(2026, 12, 1))
        self.env.flush_all()
        self.env.cr.execute("UPDATE sale_subscription SET followup_service_id = NULL")
        self.env.cr.execute("UPDATE account_move_line SET followup_service_id = NULL, followup_period_end = NULL")
        self.env.cr.execute("DELETE FROM followup_service")
        self.env.invalidate_all()
        written = moves.line_ids.mapped("write_date")
        post_init_hook(self.env)
        self.service = self.subscription.followup_service_id
        self.assertEqual(
            [(line.followup_service_id, line.followup_period_end) for line in moves.invoice_line_ids],
            [(self.service, date(2026, 11, 30)), (self.service, date(2026, 12, 31))],
        )
        self.assertEqual(moves.line_ids.mapped("write_date"), written, "entries keep their date of change")
        count = self.env["followup.service"].search_count([])
        post_init_hook(self.env)
        self.assertEqual(self.env["followup.service"].search_count([]), count, "twice is once")
        self.service.stop_billing = True
        self.by_hand(date(2026, 12, 8))
        uninstall_hook(self.env)
        self.assertTrue(self.subscription.is_paused)
        self.assertIn("Resume it yourself", self.subscription.message_ids[:1].body)
        self.assertFalse(self.service.subscription_ref)

    def test_each_company_its_own(self):
        other = self.env["res.company"].create({"name": "Elsewhere"})
        self.cr.precommit.run()
        subscription = self.make_subscription(company_id=other.id)
        service = subscription.followup_service_id
        self.assertEqual(service.company_id, other)
        self.assertNotEqual(service.customer_id, self.service.customer_id)
        self.service.stop_billing = service.stop_billing = True
        self.by_hand(date(2026, 11, 20))
        self.assertEqual((self.service.state, self.subscription.is_paused), ("suspended", True))
        self.assertEqual((service.state, subscription.is_paused), ("active", False), "the other company bills on")
        branch = self.env["res.company"].create({"name": "Branch", "parent_id": self.company.id})
        self.cr.precommit.run()
        self.assertEqual(self.make_subscription(company_id=branch.id).followup_service_id.company_id, self.company)

    def test_with_the_rights_of_a_follow_up_user(self):
        """He may not read subscriptions; suspending and restoring do what they must all the same."""
        user = new_test_user(
            self.env, "followup_clerk", "l10n_be_followup.l10n_be_followup_group_user", company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)],
        )  # fmt: skip
        self.cron(date(2026, 11, 1))
        service = self.service.with_user(user)
        [shown] = service.web_read({"name": {}, "state": {}, "subscription_ref": {"fields": {"display_name": {}}}})
        self.assertEqual(shown["name"], self.service.name)
        with self.at(date(2026, 12, 8)):
            suspension = self.env["followup.suspension"].with_user(user)._suspend_by_hand(service, "abuse")
        self.assertTrue(self.subscription.is_paused)
        self.restore(suspension, date(2026, 12, 20))
        self.assertFalse(self.subscription.is_paused)

    def test_with_the_rights_of_a_salesman(self):
        clerk = new_test_user(
            self.env, "subscription_clerk", "sales_team.group_sale_salesman", company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)],
        )  # fmt: skip
        subscription = self.subscription.with_user(clerk)
        subscription.sale_subscription_line_ids.write({"price_unit": 50})
        self.assertEqual(self.service.monthly_value, 50)
        self.assertEqual(subscription.search([("followup_state", "=", "active")]), subscription)
        self.assertEqual(subscription.followup_state, "active")
        with self.at(date(2026, 11, 1)):
            subscription.manual_invoice()
        self.assertEqual(self.subscription.invoice_ids.invoice_line_ids.followup_service_id, self.service)
        views = subscription.get_views([(False, "form"), (False, "list"), (False, "search")])["views"]
        self.assertIn("followup_suspended", views["search"]["arch"])
        self.assertIn("web_ribbon", views["form"]["arch"])

    def test_weeks_and_days(self):
        self.template.write({"recurring_rule_type": "weeks", "recurring_interval": 2})
        self.assertEqual(self.service.period_months, 0)
        self.assertAlmostEqual(self.service.monthly_value, 214.29)
        self.cron(date(2026, 11, 1))
        suspension = self.by_hand(date(2026, 11, 20))
        self.restore(suspension, date(2026, 12, 20))
        first = date(2026, 11, 1) + timedelta(weeks=8)
        self.assertEqual(self.subscription.recurring_next_date, first)
