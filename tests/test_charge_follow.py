from datetime import date, datetime, timedelta

from freezegun.api import freeze_time
from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import Form, tagged

from .charge_common import ChargeCommon
from .common import TODAY


@tagged("post_install_l10n", "post_install", "-at_install")
class TestChargeFollow(ChargeCommon):
    """What happens to charges after the claim: waived, asked about, allocated, written off."""

    def outstanding(self, paid_on=date(2026, 11, 1), **amounts):
        move = self.invoice(amount=1210.0, due=date(2026, 10, 1))
        charges = self.claims(move, **amounts)
        self.pay(move, day=paid_on)
        charges.sudo().principal_paid_on = paid_on
        return charges

    def asked(self, partner=None):
        kind = self.env.ref("l10n_be_followup.mail_activity_type_charges")
        return self.customer(partner).activity_ids.filtered(lambda activity: activity.activity_type_id == kind)

    # Outstanding

    def test_the_responsible_is_asked_once_after_fifteen_days(self):
        charges = self.outstanding()
        self.night(date(2026, 11, 15))
        self.assertFalse(self.asked())
        self.night(date(2026, 11, 16))
        [activity] = self.asked()
        self.assertIn("52.34", activity.note)
        self.assertIn(charges.move_id.name, activity.note)
        self.night(date(2026, 11, 17))
        self.assertEqual(len(self.asked()), 1, "once")
        charges[0]._waive("klein")
        self.assertTrue(self.asked(), "one charge is left")
        charges[1]._post_to_books()
        self.assertFalse(self.asked(), "answered")
        self.night(date(2026, 12, 16))
        self.assertFalse(self.asked())

    def test_never_when_switched_off(self):
        self.company.followup_charge_ask_days = 0
        self.outstanding()
        self.night(date(2026, 12, 16))
        self.assertFalse(self.asked())

    # Small ones

    def test_small_charges_are_waived_when_the_invoice_is_paid_soon(self):
        self.company.write({"followup_waive_amount": 60, "followup_waive_days": 10})
        self.env.cr.execute("SELECT 1")
        small = self.outstanding(paid_on=TODAY + timedelta(days=10))
        late = self.outstanding(paid_on=TODAY + timedelta(days=11))
        large = self.outstanding(paid_on=TODAY, interest=20.01)
        # A claim without a notice counts from the day it was made: give it the day of the story.
        self.env.cr.execute(
            "UPDATE followup_charge SET create_date = %s WHERE id = ANY(%s)",
            [datetime(2026, 11, 18, 9, 0), (small + late + large).ids],
        )
        self.env.invalidate_all()
        self.night(TODAY + timedelta(days=12))
        self.assertEqual(set(small.mapped("state")), {"waived"})
        self.assertIn("within 10 days", small[0].waive_reason)
        self.assertEqual(set((late + large).mapped("state")), {"claimed"})

    # A level that posts

    def test_a_level_posts_after_delivery_when_a_person_approved(self):
        level = self.level(30)
        level.post_charges = True
        self.company.write({"followup_min_gap": 0, "followup_max_contacts": 0})
        partners = [self.business, self.business.copy({"name": "Tweede", "email": "t@x.example"})]
        for partner in partners:
            self.invoice(partner=partner, amount=1210, due=date(2026, 11, 13))
        day = date(2026, 11, 16)
        while day <= date(2026, 12, 1):
            with freeze_time(datetime(day.year, day.month, day.day, 10), real_asyncio=True):
                self.night(day)
                for partner in partners:
                    for notice in self.notices(partner).filtered(lambda n: n.state in ("review", "queued")):
                        if notice.level_id == level and partner == partners[0]:
                            notice.approved_by = self.env.user
                        if notice.channel == "email":
                            notice._go("queued") if notice.state == "review" else None
                            self.env["followup.charge"].sudo()._claim_from(notice)
                        self.deliver(notice, day)
            day += timedelta(days=1)
        states = {
            partner.name: set(self.env["followup.charge"].search([("partner_id", "=", partner.id)]).mapped("state"))
            for partner in partners
        }
        self.assertEqual(states, {self.business.name: {"posted"}, "Tweede": {"claimed"}})

    # Imputation

    def allocate(self, partner=None, **values):
        self.refreshed(partner)
        action = self.customer(partner).action_allocate()
        form = Form(self.env[action["res_model"]].with_context(**action["context"]))
        for name, value in values.items():
            form[name] = value
        return form

    def money(self, amount, partner=None, day=TODAY):
        partner = partner or self.business
        entry = self.env["account.move"].create(
            {
                "journal_id": self.journal_bank.id,
                "date": day,
                "line_ids": [
                    Command.create({"account_id": self.journal_bank.default_account_id.id, "debit": amount}),
                    Command.create(
                        {
                            "account_id": self.company_data["default_account_receivable"].id,
                            "partner_id": partner.id,
                            "credit": amount,
                        }
                    ),
                ],
            }
        )
        entry.action_post()
        return entry

    def test_a_business_pays_costs_and_interest_first(self):
        charges = self.claims()
        invoice, note = charges.move_id, charges._post_to_books()
        self.money(100.0)
        form = self.allocate()
        self.assertEqual(
            (form.order, form.amount_money, form.amount_allocated, form.amount_left),
            ("charges_first", 100.0, 100.0, 0.0),
        )
        rows = {row.move_line_id.move_id: row for row in form.save().line_ids}
        self.assertEqual(
            (rows[note].amount_before, rows[note].amount_allocated, rows[note].amount_after), (52.34, 52.34, 0.0)
        )
        self.assertIn("40.00", rows[note].split)
        self.assertEqual((rows[invoice].amount_allocated, rows[invoice].amount_after), (47.66, 1162.34))
        rows[note].wizard_id.action_confirm()
        self.assertEqual((note.amount_residual, invoice.amount_residual), (0.0, 1162.34))
        self.assertEqual(set(charges.mapped("state")), {"settled"})

    def test_a_consumer_pays_the_principal_first(self):
        charges = self.claims(partner=self.consumer)
        invoice, note = charges.move_id, charges._post_to_books()
        self.money(1220.0, self.consumer)
        form = self.allocate(self.consumer)
        self.assertEqual(form.order, "principal_first")
        form.save().action_confirm()
        self.assertEqual((invoice.amount_residual, note.amount_residual), (0.0, 42.34))

    def test_what_is_matched_already_stays_and_changes_meanwhile_are_seen(self):
        charges = self.claims()
        note = charges._post_to_books()
        self.money(100.0)
        wizard = self.allocate().save()
        self.pay(note)
        with self.assertRaisesRegex(UserError, "meanwhile"):
            wizard.action_confirm()
        self.assertEqual(note.amount_residual, 0.0)
        wizard = self.allocate().save()
        self.assertNotIn(note, wizard.line_ids.move_line_id.move_id)

    def test_disputed_items_are_not_ticked(self):
        invoice = self.invoice(amount=500, due=date(2026, 10, 1))
        self.refreshed()
        reason = self.env["followup.dispute.reason"].search([], limit=1)
        self.env["followup.dispute"]._dispute(self.customer(), [(self.items(), 500.0)], reason)
        other = self.invoice(amount=50, due=date(2026, 10, 20))
        self.money(40.0)
        wizard = self.allocate().save()
        rows = {row.move_line_id.move_id: row for row in wizard.line_ids}
        self.assertEqual((rows[invoice].selected, rows[other].amount_allocated), (False, 40.0))

    def test_no_money_is_a_clear_error(self):
        self.invoice()
        with self.assertRaisesRegex(UserError, "no money to allocate"):
            self.allocate()

    # Remainders

    def test_write_off_a_remainder(self):
        charges = self.claims()
        invoice, note = charges.move_id, charges._post_to_books()
        self.pay(invoice, 1209.2)
        self.pay(note, 52.0)
        action = (invoice + note).action_followup_write_off()
        wizard = Form(self.env[action["res_model"]].with_context(**action["context"]))
        wizard.reason = "bankkosten"
        self.assertEqual(wizard.account_id.code, "657100")
        wizard.save().action_confirm()
        self.assertEqual((invoice.amount_residual, note.amount_residual), (0.0, 0.0))
        self.assertEqual(set(charges.mapped("state")), {"settled"})
        self.assertAlmostEqual(sum(charges.mapped("amount_written_off")), 0.34)
        self.assertAlmostEqual(sum(charges.mapped("amount_collected")), 52.0)
        self.assertIn("bankkosten", "".join(invoice.message_ids.mapped("body")))
        with self.assertRaisesRegex(UserError, "no remainder"):
            (invoice + note).line_ids.browse()._followup_write_off("nog eens")

    def test_more_than_the_limit_is_refused(self):
        invoice = self.invoice(amount=100)
        self.pay(invoice, 98.5)
        with self.assertRaisesRegex(UserError, "more than"):
            self.receivable(invoice)._followup_write_off("klein")
        self.company.followup_write_off_amount = 2
        self.receivable(invoice)._followup_write_off("klein")
        self.assertEqual(invoice.amount_residual, 0.0)

    def test_a_remainder_in_another_currency(self):
        dollar = self.setup_other_currency("USD", rates=[("2020-01-01", 2.0)])
        invoice = self.invoice(amount=1.5, due=date(2026, 10, 1), currency_id=dollar.id)
        self.receivable(invoice)._followup_write_off("klein")
        self.assertEqual(invoice.amount_residual, 0.0)

    # Arrangements

    def test_charges_posted_while_an_arrangement_runs_are_paid_by_it(self):
        invoice = self.invoice(amount=1000, due=date(2026, 10, 1))
        charges = self.claims(invoice, interest=10.0, compensation=40.0)
        arrangement = self.env["followup.arrangement"]._arrange(
            self.customer(),
            [(self.items(), 1000.0)],
            [(date(2026, 12, 1), 525.0), (date(2027, 1, 4), 525.0)],
            charges=charges,
        )
        with self.assertRaisesRegex(UserError, "not in force"):
            charges._post_to_books()
        arrangement.action_confirm()
        note = charges._post_to_books()
        cover = arrangement.cover_ids.filtered(lambda cover: cover.move_id == note)
        self.assertEqual((cover.amount, cover.live), (50.0, True))
        self.pay(invoice)
        self.refreshed()
        self.assertEqual((arrangement.amount_paid, arrangement.state), (1000.0, "active"))
        self.pay(note, 20.0)
        self.refreshed()
        self.assertEqual(arrangement.amount_paid, 1020.0)
        self.pay(note)
        self.refreshed()
        self.assertEqual((arrangement.amount_paid, arrangement.state), (1050.0, "completed"))
        kind = self.env.ref("l10n_be_followup.mail_activity_type_dispute")
        self.assertNotIn(kind, arrangement.activity_ids.activity_type_id, "nothing is left to book")

    def test_an_arrangement_with_claims_asks_and_the_money_is_reconciled_after_posting(self):
        invoice = self.invoice(amount=1000, due=date(2026, 10, 1))
        charges = self.claims(invoice, interest=10.0, compensation=40.0)
        arrangement = self.env["followup.arrangement"]._arrange(
            self.customer(), [(self.items(), 1000.0)], [(date(2026, 12, 1), 1050.0)], charges=charges
        )
        arrangement.action_confirm()
        self.pay(invoice)
        self.money(50.0)
        self.refreshed()
        self.assertEqual(arrangement.state, "completed")
        [activity] = arrangement.activity_ids
        self.assertIn("50.00", activity.note)
        note = charges._post_to_books()
        self.allocate().save().action_confirm()
        self.assertEqual(note.amount_residual, 0.0)
        self.refreshed()
        self.assertEqual((arrangement.state, set(charges.mapped("state"))), ("completed", {"settled"}))
