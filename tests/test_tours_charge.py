from datetime import date, timedelta

from odoo import Command
from odoo.tests import HttpCase, tagged

from .browser import InBrowser
from .charge_common import ChargeCommon
from .common import TODAY


@tagged("post_install_l10n", "post_install", "-at_install")
class TestChargeTours(InBrowser, ChargeCommon, HttpCase):
    """Post, waive, reverse, take back and allocate in a real browser, as a follow-up user."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.user = cls.new_user("charge_user")

    def run_tour(self, name, path):
        self.start_tour(path, f"l10n_be_followup_charge_{name}", login="charge_user")
        self.env.invalidate_all()

    def screen(self, charge):
        action = self.env.ref("l10n_be_followup.followup_charge_action")
        return f"/odoo/action-{action.id}/{charge.id}"

    def test_post(self):
        charges = self.claims()
        action = self.env.ref("l10n_be_followup.followup_charge_action")
        self.run_tour("post", f"/odoo/action-{action.id}")
        self.assertEqual(set(charges.mapped("state")), {"posted"})
        self.assertEqual(charges.debit_note_id.amount_total, 52.34)

    def test_waive(self):
        charge = self.claim()
        self.run_tour("waive", self.screen(charge))
        self.assertEqual((charge.state, charge.waived_by), ("waived", self.user))

    def test_reverse(self):
        charge = self.claim()
        charge._post_to_books()
        self.run_tour("reverse", self.screen(charge))
        self.assertEqual((charge.state, charge.reverse_reason), ("reversed", "Delivered late"))

    def test_take_back_what_has_no_ground(self):
        self.company.write({"followup_min_gap": 0, "followup_max_contacts": 0})
        self.company.followup_terms_b2c_id = self.env.ref("l10n_be_followup.followup_terms_consumer")
        self.invoice(partner=self.consumer, amount=600, due=date(2026, 10, 30))
        day = date(2026, 11, 2)
        while day <= TODAY:
            self.night(day)
            for notice in self.notices(self.consumer).filtered(lambda n: n.state in ("review", "queued")):
                self.deliver(notice, day)
                if notice.channel == "email":
                    self.env["followup.charge"].sudo()._claim_from(notice)
            day += timedelta(days=1)
        charges = self.env["followup.charge"].search([("partner_id", "=", self.consumer.id)])
        self.pay(charges._post_to_books())
        self.notices(self.consumer)[0]._bounce("mailbox does not exist")
        self.run_tour("repay", f"/odoo/followup/{self.customer(self.consumer).id}")
        self.assertEqual(set(charges.mapped("state")), {"reversed"})
        self.assertEqual(charges[0].reverse_reason, "The first reminder came back")

    def test_allocate(self):
        charges = self.claims()
        note = charges._post_to_books()
        self.env["account.move"].create(
            {
                "journal_id": self.journal_bank.id,
                "date": TODAY,
                "line_ids": [
                    Command.create({"account_id": self.journal_bank.default_account_id.id, "debit": 100.0}),
                    Command.create(
                        {
                            "account_id": self.company_data["default_account_receivable"].id,
                            "partner_id": self.business.id,
                            "credit": 100.0,
                        }
                    ),
                ],
            }
        ).action_post()
        self.run_tour("allocate", f"/odoo/followup/{self.refreshed().id}")
        self.assertEqual((note.amount_residual, charges.move_id.amount_residual), (0.0, 1162.34))

    def test_check_with_the_ledger(self):
        self.claims()._post_to_books()
        action = self.env.ref("l10n_be_followup.followup_charge_check_action")
        self.run_tour("check", f"/odoo/action-{action.id}")
