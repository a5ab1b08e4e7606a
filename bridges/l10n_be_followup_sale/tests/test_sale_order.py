from odoo import Command
from odoo.addons.l10n_be_followup.tests.common import FollowupCommon
from odoo.tests import Form, new_test_user, tagged


@tagged("post_install_l10n", "post_install", "-at_install")
class TestSaleOrder(FollowupCommon):
    """Whoever sells, with no rights in accounting, sees on a quotation that a service is suspended."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.service = cls.env["followup.service"].create(
            {"name": "Hosting zoetebrood.example", "partner_id": cls.business.id, "company_id": cls.company.id}
        )
        cls.seller = new_test_user(
            cls.env,
            "followup_seller",
            "sales_team.group_sale_salesman_all_leads",
            company_id=cls.company.id,
            company_ids=[Command.set(cls.company.ids)],
        )
        cls.contact = cls.env["res.partner"].create({"name": "Els", "parent_id": cls.business.id})

    def quotation(self, partner):
        with Form(self.env["sale.order"].with_user(self.seller)) as form:
            form.partner_id = partner
            shown = form.followup_service_warning
        order = form.save()
        self.assertEqual(shown, order.followup_service_warning)
        return order

    def test_a_quotation_warns_while_it_is_one(self):
        self.assertFalse(self.quotation(self.business).followup_service_warning)
        suspension = self.env["followup.suspension"]._suspend_by_hand(self.service, "abuse")
        order = self.quotation(self.contact)
        self.assertIn(self.service.name, order.followup_service_warning)
        self.assertFalse(self.quotation(self.consumer).followup_service_warning)
        order.order_line = [Command.create({"name": "Mail", "product_id": self.product_a.id})]
        order.action_confirm()
        self.assertFalse(order.followup_service_warning, "confirmed: it was said before")
        suspension.action_restore()
        self.assertFalse(self.quotation(self.business).followup_service_warning)

    def test_only_in_the_company_that_suspended(self):
        other = self.setup_other_company()["company"]
        self.env["followup.suspension"]._suspend_by_hand(self.service, "abuse")
        self.seller.write({"company_ids": [Command.link(other.id)]})
        order = (
            self.env["sale.order"].with_user(self.seller).with_company(other).create({"partner_id": self.business.id})
        )
        self.assertEqual(order.company_id, other)
        self.assertFalse(order.followup_service_warning)
