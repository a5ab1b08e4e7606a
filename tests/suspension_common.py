from datetime import date, datetime

from freezegun.api import freeze_time
from odoo import fields
from odoo.tests import tagged

from .common import FollowupCommon


@tagged("post_install_l10n", "post_install", "-at_install")
class SuspensionCommon(FollowupCommon):
    """A service made by hand in plain Community, and helpers that take it from the announcement to the restoration."""

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
        cls.env["res.partner.bank"].create({"acc_number": "BE68539007547034", "partner_id": cls.company.partner_id.id})

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

    def bill(self, amount=100.0, due=date(2026, 11, 10), product=None, partner=None):
        move = self.invoice(
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
        return move

    def at(self, day, hour=10):
        return freeze_time(datetime(day.year, day.month, day.day, hour), real_asyncio=True)

    def announce(self, move, delivered=date(2026, 11, 18)):
        """Take the customer to the level that announces a suspension, delivered on `delivered`."""
        policy = self.business_policy
        level = policy.level_ids.filtered("announce_suspension")[:1]
        self.refreshed()
        before = policy.level_ids.filtered(lambda other: other.sequence < level.sequence).sorted("sequence")[-1:]
        item = self.items().filtered(lambda item: item.move_id == move)
        self.env.cr.execute(
            "UPDATE followup_item SET level_id = %s, level_kind = %s, level_date = %s WHERE id = %s",
            [before.id, before.kind, date(2026, 10, 20), item.id],
        )
        self.env.invalidate_all()
        with self.at(delivered):
            self.night(delivered)
            notice = self.notices(purpose="level")[-1:]
            self.assertTrue(notice.services, "the notice names the service")
            self.assertIn(self.service.name, notice.body)
            self.deliver(notice, delivered)
        return self.service.suspension_ids.sorted("id")[-1:]

    def suspend(self, day, hour=10):
        with self.at(day, hour), self.committing() as env:
            env["followup.engine"]._cron_suspend()

    def approve(self, suspension, day):
        self.bank_line(day)
        with self.at(day):
            suspension.action_approve()
        return suspension.conditions_text
