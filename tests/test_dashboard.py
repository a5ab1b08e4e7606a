import json
from datetime import date, datetime

from odoo.exceptions import AccessError
from odoo.tests import new_test_user, tagged
from odoo.tools import convert_file

from .common import FollowupCommon


@tagged("post_install_l10n", "post_install", "-at_install")
class TestDashboard(FollowupCommon):
    """What Odoo's own start screens say of follow-up: the card of the sales journal, and the digest."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.user = cls._user("collector", "l10n_be_followup.l10n_be_followup_group_user")

    @classmethod
    def _user(cls, login, group):
        return new_test_user(
            cls.env,
            login=login,
            groups=group,
            company_id=cls.company.id,
            company_ids=[(6, 0, cls.company.ids)],
        )

    def cards(self, user=None):
        journals = self.env["account.journal"].search([("company_id", "=", self.company.id), ("type", "=", "sale")])
        journals.invalidate_recordset(["kanban_dashboard"])
        return {journal: json.loads(journal.kanban_dashboard) for journal in journals.with_user(user or self.user)}

    def test_the_first_sales_journal_tells_what_waits(self):
        first = self.company_data["default_journal_sale"]
        second = first.copy({"name": "Second", "code": "SEC2", "sequence": first.sequence + 10})
        self.assertEqual(self.cards()[first]["followup_customers"], 0)
        self.company.followup_live = False
        self.invoice()
        self.night()
        self.invoice(partner=self.consumer)
        self.refreshed(self.consumer)
        cards = self.cards()
        self.assertEqual((cards[first]["followup_customers"], cards[first]["followup_notices"]), (2, 1))
        self.assertNotIn("followup_customers", cards[second], "once a company")
        self.assertEqual(first.action_open_followup_notices()["res_model"], "followup.notice")
        found = self.env["followup.customer"].search_count([("state", "in", ("action", "review", "failed"))])
        self.assertEqual(found, 2)

    def test_who_may_not_read_follow_up_sees_no_hint(self):
        cards = self.cards(self._user("biller", "account.group_account_invoice"))
        self.assertFalse(any("followup_customers" in card for card in cards.values()))

    def digest(self, user=None, start=date(2026, 11, 1), end=date(2026, 11, 30)):
        digest = self.env["digest.digest"].create(
            {"name": "Follow-up", "kpi_followup_overdue": True, "kpi_followup_collected": True}
        )
        return (
            digest.with_user(user or self.user)
            .with_company(self.company)
            .with_context(
                start_datetime=datetime.combine(start, datetime.min.time()),
                end_datetime=datetime.combine(end, datetime.min.time()),
            )
        )

    def test_digest(self):
        chased, quiet = self.invoice(amount=1000, due=date(2026, 10, 1)), self.invoice(partner=self.consumer, amount=70)
        self.night(date(2026, 10, 15))
        self.deliver(self.notices(), date(2026, 10, 15))
        self.refreshed(self.consumer)
        self.pay(chased, 100, date(2026, 10, 10))  # before the reminder
        self.pay(chased, 250, date(2026, 11, 12))
        self.pay(quiet, 20, date(2026, 11, 12))  # nobody was reminded
        self.refreshed()
        self.refreshed(self.consumer)
        digest = self.digest()
        self.assertEqual(digest.kpi_followup_overdue_value, 1000 - 350 + 50)
        self.assertEqual(digest.kpi_followup_collected_value, 250)
        self.assertEqual(self.digest(start=date(2026, 11, 15)).kpi_followup_collected_value, 0)
        kpis = digest.sudo()._compute_kpis(self.company, self.user)
        names = [kpi["kpi_name"] for kpi in kpis]
        self.assertIn("kpi_followup_overdue", names)
        self.assertIn("followup_customer_action", kpis[names.index("kpi_followup_overdue")]["kpi_action"])

    def test_a_company_that_deleted_the_digest_can_install(self):
        self.assertTrue(self.env.ref("digest.digest_digest_default").kpi_followup_overdue)
        self.env.ref("digest.digest_digest_default").unlink()
        convert_file(self.env, "l10n_be_followup", "data/digest_data.xml", {}, mode="init", noupdate=True)
        self.assertFalse(self.env.ref("digest.digest_digest_default", raise_if_not_found=False))

    def test_digest_of_who_may_not_read_it(self):
        biller = self._user("biller", "account.group_account_invoice")
        with self.assertRaises(AccessError):
            self.digest(biller).kpi_followup_overdue_value  # noqa: B018
        kpis = self.digest().sudo()._compute_kpis(self.company, biller)
        self.assertNotIn("kpi_followup_overdue", [kpi["kpi_name"] for kpi in kpis])
