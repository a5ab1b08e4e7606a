from datetime import date, datetime

from freezegun.api import freeze_time
from odoo import fields
from odoo.tests import tagged

from .common import FollowupCommon


class SuspensionCommon(FollowupCommon):
    """Take a service from its announcement to its suspension, on the days that a story needs. `self.service` is it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["res.partner.bank"].create({"acc_number": "BE68539007547034", "partner_id": cls.company.partner_id.id})

    def at(self, day, hour=10):
        return freeze_time(datetime(day.year, day.month, day.day, hour), real_asyncio=True)

    def bank_line(self, day):
        """Fresh bank data."""
        self.env["account.bank.statement.line"].create(
            {
                "journal_id": self.company_data["default_journal_bank"].id,
                "date": day,
                "payment_ref": "charges",
                "amount": -1.0,
            }
        )

    def items_of(self, moves):
        return self.items().filtered(lambda item: item.move_id in moves)

    def announce(self, move, delivered=date(2026, 11, 18)):
        """The night takes the customer to the level that announces; its notice is delivered on `delivered`."""
        levels = self.business_policy.level_ids
        level = levels.filtered("announce_suspension")[:1]
        before = levels.filtered(lambda other: other.sequence < level.sequence).sorted("sequence")[-1:]
        self.refreshed()
        self.env.cr.execute(
            "UPDATE followup_item SET level_id = %s, level_kind = %s, level_date = %s WHERE id IN %s",
            [before.id, before.kind, date(2026, 10, 20), tuple(self.items_of(move).ids)],
        )
        self.env.invalidate_all()
        with self.at(delivered):
            self.night(delivered)
            notice = self.notices(purpose="level")[-1:]
            self.assertTrue(notice.services, "the notice names the service")
            self.assertIn(self.service.name, notice.body)
            self.deliver(notice, delivered)
        suspension = self.service.suspension_ids.sorted("id")[-1:]
        self.assertEqual((suspension.state, suspension.item_ids), ("announced", self.items_of(move)))
        return suspension

    def approve(self, suspension, day):
        """A person approves, with fresh bank data, in the hours of suspension.

        :return: the conditions with their answers, in words
        """
        self.bank_line(day)
        with self.at(day):
            suspension.action_approve()
        return suspension.conditions_text

    def suspend(self, day, hour=10):
        """The cron that suspends what was approved."""
        with self.at(day, hour), self.committing() as env:
            env["followup.engine"]._cron_suspend()


@tagged("post_install_l10n", "post_install", "-at_install")
class ServiceCommon(SuspensionCommon):
    """A service made by hand in plain Community, found by its product."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.product = cls.env["product.product"].create({"name": "Hosting", "type": "service", "list_price": 100})
        cls.service = cls.env["followup.service"].create(
            {
                "name": "Hosting zoetebrood.example",
                "partner_id": cls.business.id,
                "company_id": cls.company.id,
                "product_ids": [fields.Command.set(cls.product.ids)],
                "monthly_value": 100,
                "proportionate": True,
            }
        )

    def bill(self, amount=100.0, due=date(2026, 11, 10), product=None, partner=None):
        return self.invoice(
            partner=partner,
            due=due,
            invoice_line_ids=[
                fields.Command.create(
                    {
                        "product_id": (product or self.product).id,
                        "name": "Hosting",
                        "price_unit": amount,
                        "tax_ids": [fields.Command.clear()],
                    }
                )
            ],
        )


class BridgeCommon(SuspensionCommon):
    """A service that a bridge makes; the bridge bills it with the product `hosting`."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        none = cls.env["account.tax"].create({"name": "No VAT on hosting", "amount": 0, "company_id": cls.company.id})
        cls.hosting = cls.env["product.product"].create(
            {"name": "Hosting", "type": "service", "list_price": 100, "taxes_id": [fields.Command.set(none.ids)]}
        )

    def approve(self, suspension, day):
        conditions = super().approve(suspension, day)
        self.assertEqual(suspension.state, "suspended", conditions)
        return conditions

    def arrange(self, moves, day, first=50.0):
        """An arrangement over `moves`, made and confirmed on `day`."""
        items = self.items_of(moves)
        rest = sum(moves.mapped("amount_residual")) - first
        with self.at(day):
            arrangement = self.env["followup.arrangement"]._arrange(
                self.customer(),
                [(item, item.move_id.amount_residual) for item in items],
                [(date(day.year, day.month, 28), first), (date(day.year, day.month + 1, 28), rest)],
            )
            arrangement.action_confirm()
        return arrangement

    def pay_at(self, move, day, amount=None):
        with self.at(day):
            self.pay(move, amount, day)
            self.refreshed()
