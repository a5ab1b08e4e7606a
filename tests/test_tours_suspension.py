from contextlib import nullcontext
from datetime import date, datetime

from freezegun.api import freeze_time
from odoo import Command
from odoo.tests import HttpCase, new_test_user, tagged

from .suspension_common import ServiceCommon

DAY = date(2026, 12, 8)


@tagged("post_install_l10n", "post_install", "-at_install")
class TestSuspensionTour(ServiceCommon, HttpCase):
    """Approve in bulk and restore, in a real browser, as a follow-up user."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.user = new_test_user(
            cls.env,
            login="suspension_tour",
            groups="l10n_be_followup.l10n_be_followup_group_user",
            name="Suspension User",
            email="suspension@zilverberk.example",
            company_id=cls.company.id,
            company_ids=[Command.set(cls.company.ids)],
            lang="en_US",
            tz="Europe/Brussels",
        )

    def setUp(self):
        super().setUp()
        product = self.env["product.product"].create({"name": "Mail", "type": "service"})
        self.other = self.service.copy({"name": "Mailboxes zoetebrood.example", "product_ids": False})
        self.other.product_ids = product
        self.move = self.invoice(
            due=date(2026, 11, 10),
            invoice_line_ids=[
                Command.create({"product_id": p.id, "name": p.name, "price_unit": 80.0, "tax_ids": [Command.clear()]})
                for p in (self.product, product)
            ],
        )
        self.announce(self.move)
        self.bank_line(DAY)
        self.suspend(DAY)

    def enter_registry_test_mode(self):
        return nullcontext()  # a browser test is in it already

    def at_work(self, hour=10):
        # The clock runs: a browser waits, and must give up some day.
        return freeze_time(datetime(DAY.year, DAY.month, DAY.day, hour), tick=True, real_asyncio=True)

    def test_approve_in_bulk_and_restore(self):
        suspensions = self.env["followup.suspension"].search([("service_id", "in", (self.service + self.other).ids)])
        self.assertEqual(suspensions.mapped("ready"), [True, True], suspensions.mapped("conditions_text"))
        with self.at_work():
            self.start_tour(
                "/odoo/followup-suspensions-approve", "l10n_be_followup_suspension_approve", login="suspension_tour"
            )
            self.env.invalidate_all()
            self.assertEqual(set(suspensions.mapped("state")), {"suspended"})
            self.assertEqual(suspensions.approved_by, self.user)
            self.start_tour(
                f"/odoo/followup-services/{self.service.id}",
                "l10n_be_followup_suspension_restore",
                login="suspension_tour",
            )
        self.env.invalidate_all()
        self.assertEqual((self.service.state, self.other.state), ("active", "suspended"))
        self.assertEqual(self.service.suspension_ids.lifted_by, self.user)
