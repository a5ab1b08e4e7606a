from datetime import date
from unittest.mock import patch

from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from .common import TODAY, FollowupCommon, SendingCommon

MASS_LOGGER = "odoo.addons.l10n_be_followup.wizards.followup_mass_wizard"


class MassCommon(FollowupCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.followup_live = False
        cls.user = cls._user("collector", "l10n_be_followup.l10n_be_followup_group_user")
        cls.partners = cls.env["res.partner"]
        for name in ("Alfa", "Beta", "Gamma"):
            cls.partners |= cls.business.copy({"name": name, "email": f"{name.lower()}@x.example", "vat": False})

    @classmethod
    def _user(cls, login, group):
        return new_test_user(
            cls.env,
            login=login,
            groups=group,
            company_id=cls.company.id,
            company_ids=[(6, 0, cls.company.ids)],
        )

    def customers(self, *partners):
        ids = [self.refreshed(partner).id for partner in partners or self.partners]
        return self.env["followup.customer"].with_user(self.user).browse(ids)

    def wizard(self, kind, records, **values):
        action = getattr(records, f"action_mass_{kind}")()
        wizard = self.env[action["res_model"]].with_user(self.user).browse(action["res_id"])
        wizard.write(values)
        return wizard

    def outcome(self, wizard):
        return {line.partner_id.name: (line.success, line.note) for line in wizard.line_ids}


@tagged("post_install_l10n", "post_install", "-at_install")
class TestMass(MassCommon):
    """One step for several: a count first, each on its own, and taken back from the result."""

    def test_hold_and_take_back(self):
        for partner in self.partners:
            self.invoice(partner=partner, amount=100)
        customers = self.customers()
        self.env["followup.hold"].create(
            {"customer_id": customers[1].id, "until": date(2027, 1, 31), "reason": "Long holiday"}
        )
        wizard = self.wizard("hold", customers, until=date(2026, 12, 1), reason="Fair")
        self.assertEqual((wizard.count, wizard.able_count), (3, 3))
        self.assertIn("300.00", wizard.summary)
        wizard.action_confirm()
        self.assertEqual(wizard.result, "2 done, 1 not done.")
        success, note = self.outcome(wizard)["Beta"]
        self.assertFalse(success)
        self.assertIn("Long holiday", note)
        self.assertEqual(customers.mapped("state"), ["held"] * 3)
        self.assertEqual(customers[0].hold_ids.user_id, self.user)
        wizard.action_confirm()
        self.assertEqual(len(customers[0].hold_ids), 1, "pressed twice is done once")
        wizard.action_undo()
        self.assertEqual(customers.mapped("state"), ["action", "held", "action"], "his own hold stays")
        with self.assertRaises(UserError):
            wizard.action_undo()

    def test_hold_asks_for_day_and_reason(self):
        self.invoice(partner=self.partners[0])
        customers = self.customers(self.partners[0])
        with self.assertRaises(UserError):
            self.wizard("hold", customers, reason=" ").action_confirm()
        with self.assertRaises(UserError):
            self.wizard("hold", customers, reason="x", until=date(2026, 11, 17)).action_confirm()

    def test_release_and_take_back(self):
        move = self.invoice(partner=self.partners[0])
        self.invoice(partner=self.partners[1])
        customers = self.customers(*self.partners[:2])
        for values in ({}, {"move_id": move.id}):
            self.env["followup.hold"].create(
                {"customer_id": customers[0].id, "until": date(2026, 12, 24), "reason": "Holiday", **values}
            )
        wizard = self.wizard("release", customers)
        self.assertEqual(wizard.able_count, 1)
        self.assertIn("1 are left as they are", wizard.summary)
        wizard.action_confirm()
        self.assertEqual(customers.mapped("state"), ["action", "action"])
        wizard.action_undo()
        self.assertEqual(customers.mapped("state"), ["held", "action"])
        self.assertEqual(len(customers[0].hold_ids.filtered("active_now")), 2)

    def test_assign_and_take_back(self):
        self.partners[0].with_company(self.company).followup_responsible_id = self.env.user
        for partner in self.partners[:2]:
            self.invoice(partner=partner)
        customers = self.customers(*self.partners[:2])
        wizard = self.wizard("assign", customers, user_id=self.user.id)
        wizard.action_confirm()
        self.assertEqual(customers.responsible_id, self.user)
        self.assertEqual(self.partners[0].with_company(self.company).followup_responsible_id, self.user)
        wizard.action_undo()
        self.assertEqual([c.responsible_id for c in customers], [self.env.user, self.env["res.users"]])
        elsewhere = self.env["res.company"].create({"name": "Elsewhere"})
        foreign = new_test_user(
            self.env,
            login="foreign",
            groups="l10n_be_followup.l10n_be_followup_group_user",
            company_id=elsewhere.id,
            company_ids=[(6, 0, elsewhere.ids)],
        )
        wizard = self.wizard("assign", customers, user_id=foreign.id)
        wizard.action_confirm()
        self.assertEqual(set(wizard.line_ids.mapped("success")), {False})

    def test_prepare_names_who_cannot(self):
        self.invoice(partner=self.partners[0], amount=100)
        self.invoice(partner=self.partners[1], amount=100, due=date(2026, 12, 24))
        self.invoice(partner=self.partners[2], amount=100)
        customers = self.customers()
        wizard = self.wizard("prepare", customers)
        wizard.action_confirm()
        self.assertEqual(
            {name: good for name, (good, _note) in self.outcome(wizard).items()},
            {"Alfa": True, "Beta": False, "Gamma": True},
        )
        self.assertIn("Beta", self.outcome(wizard)["Beta"][1])
        self.assertEqual(self.notices(self.partners[0]).state, "review")
        wizard.action_undo()
        self.assertEqual([self.notices(partner).state for partner in self.partners[::2]], ["cancelled"] * 2)

    def test_one_bad_record_does_not_stop_the_others(self):
        for partner in self.partners:
            self.invoice(partner=partner)
        customers = self.customers()
        engine = self.registry["followup.engine"]
        prepare = engine._prepare_manual

        def broken(engine, customer):
            if customer.partner_id == self.partners[1]:
                engine.env.cr.execute("SELECT 1 / 0")
            return prepare(engine, customer)

        wizard = self.wizard("prepare", customers)
        with patch.object(engine, "_prepare_manual", broken), self.assertLogs(MASS_LOGGER, "WARNING"):
            wizard.action_confirm()
        self.assertEqual(wizard.result, "2 done, 1 not done.")
        self.assertIn("division by zero", self.outcome(wizard)["Beta"][1])

    def test_approve_reject_and_take_back(self):
        for partner in self.partners:
            self.invoice(partner=partner)
        self.night()
        notices = (
            self.env["followup.notice"]
            .with_user(self.user)
            .browse([self.notices(partner).id for partner in self.partners])
        )
        self.wizard("reject", notices[2]).action_confirm()
        self.assertEqual(notices[2].state, "cancelled")
        wizard = self.wizard("approve", notices)
        self.assertEqual((wizard.count, wizard.able_count), (3, 2))
        wizard.action_confirm()
        self.assertEqual(notices.mapped("state"), ["queued", "queued", "cancelled"])
        self.assertEqual(notices[0].approved_by, self.user)
        # One of them is being sent meanwhile.
        notices[1].sudo()._go("sending", attempts=1)
        wizard.action_undo()
        self.assertEqual(notices.mapped("state"), ["review", "sending", "cancelled"])
        self.assertFalse(notices[0].approved_by)
        self.assertEqual(notices[0].sudo().mail_ids.mapped("state"), ["cancel"])
        self.assertIn("on its way", wizard.line_ids.filtered(lambda line: line.notice_id == notices[1]).note)
        self.assertEqual(notices[0].customer_id.state, "review")
        notices[0].action_approve()
        self.assertEqual(sorted(notices[0].sudo().mail_ids.mapped("state")), ["cancel", "outgoing"])

    def test_only_for_follow_up_users_and_their_companies(self):
        self.invoice(partner=self.partners[0])
        customers = self.customers(self.partners[0])
        reader = self._user("reader", "account.group_account_readonly")
        with self.assertRaises(UserError):
            customers.with_user(reader).action_mass_hold()
        elsewhere = self.env["res.company"].create({"name": "Elsewhere"})
        stranger = new_test_user(
            self.env,
            login="stranger",
            groups="l10n_be_followup.l10n_be_followup_group_user",
            company_id=elsewhere.id,
            company_ids=[(6, 0, elsewhere.ids)],
        )
        with self.assertRaises(AccessError):
            customers.with_user(stranger).action_mass_hold()
        wizard = self.wizard("hold", customers, reason="Fair")
        self.env.invalidate_all()
        with self.assertRaises(AccessError):
            wizard.with_user(reader).action_confirm()


@tagged("post_install_l10n", "post_install", "-at_install")
class TestMassSending(MassCommon, SendingCommon):
    """Several messages at once to a real mail server."""

    def test_send_several_of_which_one_is_refused(self):
        for partner in self.partners:
            self.invoice(partner=partner)
        self.night()
        notices = self.env["followup.notice"].browse([self.notices(partner).id for partner in self.partners])
        self.sink.answers["beta@x.example"] = "550 5.1.1 no such user"
        with self.committing(su=False) as env:
            wizard = env["followup.mass.wizard"].browse(
                env["followup.notice"].browse(notices.ids).action_mass_send()["res_id"]
            )
            wizard.action_confirm()
            result = {line.partner_id.name: (line.success, line.note) for line in wizard.line_ids}
            self.assertFalse(wizard.can_undo, "what left cannot be taken back")
        self.assertEqual(
            {name: good for name, (good, _note) in result.items()}, {"Alfa": True, "Beta": False, "Gamma": True}
        )
        self.assertEqual(notices.mapped("state"), ["sent", "failed", "sent"])
        self.assertEqual(sorted(self.sink.recipients()), ["alfa@x.example", "gamma@x.example"])
        self.assertEqual({notice.sent_date.date() for notice in notices if notice.sent_date}, {TODAY})
