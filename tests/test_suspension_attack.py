from contextlib import contextmanager
from datetime import date, datetime
from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged

from .suspension_common import ServiceCommon

TUESDAY = date(2026, 12, 8)


@tagged("post_install_l10n", "post_install", "-at_install")
class TestSuspensionAttack(ServiceCommon):
    """Ways around the conditions of a suspension, and what must not stop a restoration or a night."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        own = {"company_id": cls.company.id, "company_ids": [Command.set(cls.company.ids)]}
        cls.user = new_test_user(cls.env, "attack_user", "l10n_be_followup.l10n_be_followup_group_user", **own)
        cls.biller = new_test_user(cls.env, "attack_biller", "account.group_account_invoice", **own)
        cls.plain = new_test_user(cls.env, "attack_plain", "base.group_user", **own)
        cls.other = cls.env["product.product"].create({"name": "Domain", "type": "service"})

    def mixed(self, **lines):
        """An invoice with an amount for each product: `self.product`, `self.other`, none at all."""
        products = {"own": self.product, "other": self.other, "bare": self.env["product.product"]}
        return self.invoice(
            due=date(2026, 11, 10),
            invoice_line_ids=[
                Command.create(
                    {
                        "product_id": products[name].id,
                        "name": name,
                        "price_unit": amount,
                        "tax_ids": [Command.clear()],
                    }
                )
                for name, amount in lines.items()
            ],
        )

    def another(self, **values):
        return self.env["followup.service"].create(
            {
                "name": "Another",
                "partner_id": self.business.id,
                "company_id": self.company.id,
                "product_ids": [Command.set(self.other.ids)],
                "monthly_value": 100,
                "proportionate": True,
                **values,
            }
        )

    def overdue(self, service):
        self.refreshed()
        service.invalidate_recordset(["amount_overdue"])
        return service.amount_overdue

    @contextmanager
    def failing(self, moment):
        """A server action that fails at `moment`."""
        action = self.env["ir.actions.server"].create(
            {
                "name": "Fails",
                "model_id": self.env["ir.model"]._get_id("followup.suspension"),
                "state": "code",
                "code": "raise UserError('no')",
            }
        )
        self.company[f"followup_action_{moment}_id"] = action
        yield
        self.company[f"followup_action_{moment}_id"] = False

    # No way to `suspended` but the steps

    def test_nobody_types_in_that_a_service_is_suspended(self):
        service = self.service.with_user(self.user).sudo(False)
        for values in (
            {"state": "suspended"},
            {"customer_id": self.customer(self.consumer).id},
            {"event_sequence": 7},
            {"suspension_id": False},
            {"subscription_ref": False},
        ):
            with self.subTest(values=values), self.assertRaises(UserError):
                service.write(values)
        with self.assertRaises(UserError):
            service.create({"name": "X", "partner_id": self.business.id, "state": "suspended"})
        service.write({"name": "Hosting"})
        self.assertEqual(service.copy().state, "active")
        made = service.create({"name": "X", "partner_id": self.business.id, "company_id": self.company.id})
        self.assertEqual((made.state, made.customer_id.partner_id), ("active", self.business))

    def test_who_has_no_rights_suspends_nothing(self):
        suspension = self.announce(self.bill())
        for user in (self.biller, self.plain):
            with self.subTest(user=user.login):
                for method in ("action_approve", "action_restore", "action_cancel"):
                    with self.assertRaises(UserError):
                        getattr(suspension.with_user(user).sudo(False), method)()
                with self.assertRaises(UserError):
                    self.env["followup.suspend.wizard"].with_user(user).sudo(False).create(
                        {"service_id": self.service.id, "reason": "x"}
                    ).action_confirm()
        self.assertEqual(self.service.state, "announced")

    def test_what_is_added_after_the_announcement_was_not_announced(self):
        move = self.mixed(own=15, other=100)
        suspension = self.announce(move)
        self.assertEqual(suspension.amount_announced, 15)
        self.service.product_ids |= self.other
        conditions = self.approve(suspension, TUESDAY)
        self.assertEqual(suspension.state, "announced", conditions)

    def test_what_a_person_restored_an_older_announcement_does_not_suspend(self):
        move = self.bill()
        old = self.announce(move)
        self.approve(old, TUESDAY)
        with self.at(date(2026, 12, 9)):
            payment = self.pay(move, day=date(2026, 12, 9))
            self.refreshed()
            self.assertEqual(old.state, "restored")
            payment.line_ids.remove_move_reconcile()
            payment.button_draft()
            payment.button_cancel()
            self.refreshed()
            by_hand = self.env["followup.suspension"]._suspend_by_hand(self.service, "abuse")
            by_hand.action_restore()
        self.bank_line(date(2026, 12, 9))
        self.suspend(date(2026, 12, 9), 11)
        self.assertEqual((old.state, self.service.state), ("restored", "active"))

    def test_what_a_person_cancelled_an_older_announcement_does_not_suspend(self):
        move = self.bill()
        old = self.announce(move)
        self.approve(old, TUESDAY)
        with self.at(date(2026, 12, 9)):
            payment = self.pay(move, day=date(2026, 12, 9))
            self.refreshed()
            payment.line_ids.remove_move_reconcile()
            payment.button_draft()
            payment.button_cancel()
            self.refreshed()
            new = (
                self.env["followup.suspension"]
                .sudo()
                .create(
                    {
                        "service_id": self.service.id,
                        "user_id": self.user.id,
                        "notice_id": old.notice_id.id,
                        "announced_on": date(2026, 12, 9),
                        "deadline": date(2026, 12, 24),
                        "item_ids": [Command.set(old.item_ids.ids)],
                    }
                )
            )
            new.sudo(False).action_cancel()
        self.bank_line(date(2026, 12, 9))
        self.suspend(date(2026, 12, 9), 11)
        self.assertEqual((new.state, old.state, self.service.state), ("cancelled", "restored", "active"))

    # No other debt

    def test_a_credit_note_takes_its_own_service_off(self):
        another = self.another()
        move = self.mixed(own=100, other=100)
        wizard = (
            self.env["account.move.reversal"]
            .with_context(active_model="account.move", active_ids=move.ids)
            .create({"journal_id": move.journal_id.id, "date": date(2026, 11, 12)})
        )
        refund = self.env["account.move"].browse(wizard.refund_moves()["res_id"])
        refund.invoice_line_ids.filtered(lambda line: line.product_id == self.other).unlink()
        refund.action_post()
        lines = (move.line_ids + refund.line_ids).filtered(lambda line: line.account_type == "asset_receivable")
        lines.filtered(lambda line: not line.reconciled).reconcile()
        self.assertEqual(move.amount_residual, 100)
        self.assertEqual((self.overdue(self.service), self.overdue(another)), (0, 100))

    def test_a_discount_without_product_is_for_all_services(self):
        another = self.another()
        self.mixed(own=100, other=100, bare=-100)
        self.assertEqual((self.overdue(self.service), self.overdue(another)), (50, 50))

    def test_an_archived_service_leaves_its_debt_to_nobody(self):
        another = self.another(product_ids=[Command.set(self.product.ids)])
        self.bill()
        self.assertEqual(self.overdue(self.service), 0, "nobody knows of which of the two")
        another.active = False
        self.assertEqual(self.overdue(self.service), 0, "it may be what the other one owes")

    # Nothing stops the night, the bounce, the payment

    def test_a_failing_action_does_not_stop_the_night(self):
        move = self.bill()
        with self.failing("announced"):
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
            with self.at(date(2026, 11, 18)):
                self.night(date(2026, 11, 18))
                notice = self.notices(purpose="level")[-1:]
                if notice.state == "review":
                    notice._go("queued")
                moment = datetime(2026, 11, 18, 10)
                notice._go("sending", claim_date=moment, attempts=1)
                notice._go("sent", sent_date=moment)
                notice.mail_ids.write({"state": "sent"})
            with self.at(date(2026, 11, 25)):
                run = self.night(date(2026, 11, 25))
        self.env.invalidate_all()
        self.assertEqual(run.state, "done", run.message)
        self.assertEqual(notice.state, "sent")
        self.assertTrue(self.customer().failure)
        self.assertFalse(self.service.suspension_ids)
        with self.at(date(2026, 11, 26)):
            self.night(date(2026, 11, 26))
        self.assertEqual(notice.state, "delivered")
        self.assertEqual(self.service.suspension_ids.state, "announced")

    def test_a_failing_action_does_not_lose_the_bounce(self):
        suspension = self.announce(self.bill())
        self.approve(suspension, TUESDAY)
        self.assertEqual(suspension.state, "suspended")
        with self.at(date(2026, 12, 9)), self.failing("restored"):
            suspension.sudo().notice_id._bounce("550 no such user")
            self.assertEqual(suspension.notice_id.state, "bounced")
        self.suspend(date(2026, 12, 9), 11)
        self.assertEqual(suspension.state, "restored")

    def test_a_failing_action_does_not_stop_a_payment(self):
        move = self.bill()
        suspension = self.announce(move)
        self.approve(suspension, TUESDAY)
        with self.at(date(2026, 12, 9)):
            with self.failing("restored"):
                self.pay(move, day=date(2026, 12, 9))
                self.env.cr.flush()
            self.assertEqual(move.amount_residual, 0)
            self.suspend(date(2026, 12, 9), 20)
        self.assertEqual(suspension.state, "restored")

    def test_a_message_that_cannot_be_made_does_not_keep_it_suspended(self):
        move = self.bill()
        suspension = self.announce(move)
        self.approve(suspension, TUESDAY)

        def broken(notice, intro):
            raise ValueError("broken view")

        with self.at(date(2026, 12, 9)), patch.object(type(self.env["followup.notice"]), "_service_values", broken):
            self.pay(move, day=date(2026, 12, 9))
            self.refreshed()
        self.assertEqual(suspension.state, "restored")
