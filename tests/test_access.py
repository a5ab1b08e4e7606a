from lxml import etree
from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from ..hooks import _fill_regimes
from .common import FollowupCommon


@tagged("post_install_l10n", "post_install", "-at_install")
class TestAccess(FollowupCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        company = {"company_id": cls.company.id, "company_ids": [Command.set(cls.company.ids)]}
        cls.reader = new_test_user(cls.env, "followup_reader", "account.group_account_readonly", **company)
        cls.biller = new_test_user(cls.env, "followup_biller", "account.group_account_invoice", **company)
        cls.user = new_test_user(cls.env, "followup_user", "l10n_be_followup.l10n_be_followup_group_user", **company)
        cls.manager = new_test_user(
            cls.env, "followup_manager", "l10n_be_followup.l10n_be_followup_group_manager", **company
        )
        cls.stranger = new_test_user(cls.env, "followup_stranger", "base.group_user", **company)

    def test_a_user_does_the_daily_work(self):
        move = self.invoice()
        customer = self.business.with_user(self.user).action_open_followup()["res_id"]
        customer = self.env["followup.customer"].with_user(self.user).browse(customer)
        self.assertEqual(customer.amount_overdue, 100.0)
        notice = self.env["followup.notice"].with_user(self.user).browse(customer.action_prepare_notice()["res_id"])
        self.assertEqual(notice.line_ids.move_id, move)
        notice.action_approve()
        self.assertEqual(notice.state, "queued")
        self.env["followup.hold.wizard"].with_user(self.user).create(
            {"customer_id": customer.id, "until": "2026-12-01", "reason": "wacht"}
        ).action_confirm()
        self.assertEqual(customer.hold_ids.user_id, self.user)
        customer.hold_ids.action_release()
        self.assertFalse(customer.hold_ids.active_now)

    def test_a_user_cannot_change_policies_or_leave_safe_mode(self):
        with self.assertRaises(AccessError):
            self.business_policy.with_user(self.user).name = "x"
        with self.assertRaises(AccessError):
            self.level(10).with_user(self.user).delay = 1
        with self.assertRaises(AccessError):
            self.env["followup.assistant"]._for_company(self.company).with_user(self.user).action_safe_mode()

    def test_a_manager_does(self):
        self.level(10).with_user(self.manager).delay = 4
        self.company.followup_live = False
        assistant = self.env["followup.assistant"]._for_company(self.company).with_user(self.manager)
        assistant.write({"cutoff_date": "2026-02-01", "confirmed": True})
        assistant.confirmed = True
        assistant.action_go_live()
        self.assertTrue(self.company.followup_live)

    def test_live_mode_needs_the_confirmation(self):
        self.company.followup_live = False
        assistant = self.env["followup.assistant"]._for_company(self.company).with_user(self.manager)
        assistant.confirmed = False
        with self.assertRaises(UserError):
            assistant.action_go_live()
        self.assertFalse(self.company.followup_live)

    def test_a_reader_reads_and_writes_nothing(self):
        self.invoice()
        self.night()
        reader = self.reader
        customer = self.customer().with_user(reader)
        self.assertEqual(customer.amount_overdue, 100.0)
        notice = self.notices().with_user(reader).sudo(False)
        self.assertTrue(notice.subject)
        self.assertTrue(customer.item_ids.why)
        for action in (customer.action_prepare_notice, notice.action_send_now, notice.action_reject):
            with self.assertRaises(UserError):  # an AccessError is one too
                action()
        with self.assertRaises(AccessError):
            self.env["followup.hold"].with_user(reader).create(
                {"customer_id": customer.id, "until": "2026-12-01", "reason": "x"}
            )

    def test_billing_sees_the_state_on_invoices_and_the_button(self):
        move = self.invoice()
        self.night()
        self.deliver(self.notices())
        self.refreshed()
        self.env.invalidate_all()
        shown = move.with_user(self.biller)
        self.assertEqual(shown.followup_level_reached_id.name, "Friendly reminder")
        self.assertTrue(shown.followup_tracked)
        self.assertEqual(self.business.with_user(self.biller).followup_overdue, 100.0)
        found = (
            self.env["account.move"]
            .with_user(self.biller)
            .search([("followup_level_reached_id", "=", self.level(10).id)])
        )
        self.assertEqual(found, move)
        lines = self.env["account.move.line"].search([("followup_level_reached_id", "=", self.level(10).id)])
        self.assertEqual(lines.move_id, move)
        self.assertIn(move, self.env["account.move"].search([("followup_next_date", ">", "2026-11-01")]))

    def test_a_stranger_sees_nothing(self):
        self.invoice()
        customer = self.refreshed().with_user(self.stranger)
        with self.assertRaises(AccessError):
            customer.amount_overdue  # noqa: B018
        with self.assertRaises(AccessError):
            self.env["followup.notice"].with_user(self.stranger).search([])

    def test_companies_do_not_see_each_other(self):
        self.invoice()
        self.night()
        other = self.setup_other_company()["company"]
        outsider = new_test_user(
            self.env,
            "followup_outsider",
            "l10n_be_followup.l10n_be_followup_group_manager",
            company_id=other.id,
            company_ids=[Command.set(other.ids)],
        )
        for model in ("followup.customer", "followup.notice", "followup.notice.line", "followup.item", "followup.run"):
            self.assertFalse(self.env[model].with_user(outsider).search([]), model)
        self.assertIn(self.business_policy, self.env["followup.policy"].with_user(outsider).search([]))

    def test_the_button_adds_one_query_to_the_customer(self):
        self.invoice()
        self.refreshed()
        self.env.invalidate_all()
        partner = self.business.with_user(self.user)
        partner.read(["name", "commercial_partner_id"])
        self.env.company.root_id.parent_path  # noqa: B018 - read by every form already
        self.env.user.has_group("base.group_user")
        with self.assertQueryCount(1):
            partner.read(["followup_overdue"])

    def test_the_button_adds_at_most_one_query_to_the_customer_form(self):
        """As the web client reads the form, with and without what the button shows."""
        self.invoice()
        self.refreshed()
        partners = self.env["res.partner"].with_user(self.user)
        view = partners.get_views([(False, "form")])["views"]["form"]
        names = {node.get("name") for node in etree.fromstring(view["arch"]).xpath("//field[not(ancestor::field)]")}
        shown = {"followup_overdue", "followup_state"}
        self.assertLess(shown, names | {"followup_state"})

        def queries(fields):
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            [read] = partners.browse(self.business.id).web_read({name: {} for name in fields})
            self.assertEqual(read.keys() - {"id"}, fields)
            return self.env.cr.sql_log_count - before

        queries(names)  # what is read once for all forms
        with_button, without = queries(names), queries(names - shown)
        self.assertEqual(with_button, queries(names))
        self.assertLessEqual(with_button, without + 1)

    def test_regime_of_customers(self):
        create = self.env["res.partner"].create
        belgium = self.env.ref("base.be").id
        for values, regime in (
            ({"is_company": True, "vat": "BE0477472701"}, "b2b"),
            ({"is_company": True, "company_registry": "0477.472.701"}, "b2b"),
            ({"is_company": False, "vat": "BE0477472701"}, "b2b"),
            ({"is_company": True}, "b2c"),
            ({}, "b2c"),
            ({"followup_authority": True}, "b2g"),
        ):
            partner = create({"name": "x", "country_id": belgium, **values})
            self.assertEqual(partner.followup_regime, regime, values)

    def test_the_regime_is_kept_on_the_invoice(self):
        move = self.invoice()
        self.assertEqual(move.followup_regime, "b2b")
        self.business.vat = False
        self.business.company_registry = False
        self.assertEqual(self.business.followup_regime, "b2c")
        self.assertEqual(move.followup_regime, "b2b")

    def test_buttons_called_from_outside_respect_companies_and_rights(self):
        other = self.setup_other_company()["company"]
        outsider = new_test_user(
            self.env,
            "followup_other",
            "l10n_be_followup.l10n_be_followup_group_manager",
            company_id=other.id,
            company_ids=[Command.set(other.ids)],
        )
        self.company.followup_live = False
        assistant = self.env["followup.assistant"]._for_company(self.company).with_user(outsider)
        with self.assertRaises(AccessError):
            assistant.action_go_live()
        self.assertFalse(self.company.followup_live)
        self.invoice()
        customer = self.refreshed()
        customer.sudo().failure = "x"
        with self.assertRaises(AccessError):
            customer.with_user(self.reader).action_clear_failure()
        terms = self.env.ref("l10n_be_followup.followup_terms_business")
        self.company.followup_terms_b2b_id = terms
        self.invoice()
        with self.assertRaisesRegex(UserError, "cannot be changed"):
            terms.with_user(outsider).rate = 15

    def test_internal_words_stay_internal(self):
        move = self.invoice()
        self.refreshed()
        for record, name in ((move, "followup_why"), (self.business, "followup_overdue")):
            with self.assertRaises(AccessError):
                record.with_user(self.stranger).read([name])

    def test_a_draft_that_changes_hands_changes_law(self):
        move = self.invoice()
        self.assertEqual(move.followup_regime, "b2b")
        move.button_draft()
        consumer = self.env["res.partner"].create({"name": "Particulier"})
        move.partner_id = consumer
        move.action_post()
        self.assertEqual(move.followup_regime, "b2c")

    def test_an_entry_of_many_customers_tells_each_his_own(self):
        receivable = self.company_data["default_account_receivable"]
        others = self.consumer | self.business
        entry = self.env["account.move"].create(
            {
                "journal_id": self.company_data["default_journal_misc"].id,
                "date": "2026-10-01",
                "line_ids": [
                    Command.create(
                        {
                            "account_id": receivable.id,
                            "partner_id": partner.id,
                            "name": f"opening {partner.name}",
                            "debit": 100,
                            "date_maturity": "2026-10-01",
                        }
                    )
                    for partner in others
                ]
                + [Command.create({"account_id": self.company_data["default_account_revenue"].id, "credit": 200})],
            }
        )
        entry.action_post()
        entry.line_ids.no_followup = False
        self.night()
        line = self.notices(self.consumer).line_ids
        self.assertEqual((line.description, line.item_id.regime), ("opening Jan Peeters", "b2c"))
        self.assertEqual(self.notices().line_ids.item_id.regime, "b2b")

    def test_installation_gives_old_invoices_their_regime(self):
        authority = self.business.copy({"name": "Gemeente", "followup_authority": True})
        moves = self.invoice() | self.invoice(partner=self.consumer) | self.invoice(partner=authority)
        self.env.flush_all()
        self.env.cr.execute("UPDATE account_move SET followup_regime = NULL WHERE id = ANY(%s)", [moves.ids])
        self.env.invalidate_all()
        queries = self.env.cr.sql_log_count
        _fill_regimes(self.env)
        self.assertLess(self.env.cr.sql_log_count - queries, 20, "set-based")
        self.assertEqual(moves.mapped("followup_regime"), ["b2b", "b2c", "b2g"])
