from datetime import date, timedelta
from unittest.mock import patch

from odoo import Command
from odoo.exceptions import AccessError, ValidationError
from odoo.tests import new_test_user, tagged

from ..engine import limitation
from .common import TODAY
from .test_handover import HandoverCommon


@tagged("post_install_l10n", "post_install", "-at_install")
class TestLimitation(HandoverCommon):
    """How long each invoice can be claimed, why, and who is warned of it."""

    def make_product(self, kind):
        return self.env["product.product"].create({"name": f"A {kind}", "type": kind})

    def sold(self, product, partner, due=date(2026, 6, 30)):
        line = {"product_id": product.id, "quantity": 1, "price_unit": 100, "tax_ids": [Command.clear()]}
        move = self.invoice(partner, due=due, invoice_line_ids=[Command.create(line)])
        self.refreshed(partner)
        return move

    def answer(self, move):
        item = self.item(move)
        item.invalidate_recordset()
        return item.limitation_kind, item.limitation_why, item.limitation_date

    def test_which_applies(self):
        goods, service = self.make_product("consu"), self.make_product("service")
        due = date(2026, 6, 30)
        self.assertEqual(self.answer(self.sold(goods, self.consumer)), ("goods", "goods", date(2027, 6, 30)))
        self.assertEqual(self.answer(self.sold(goods, self.business)), ("general", "default", date(2036, 6, 30)))
        self.assertEqual(self.answer(self.sold(service, self.consumer)), ("general", "default", date(2036, 6, 30)))
        self.env["followup.service"].create(
            {"name": "Alarm", "partner_id": self.business.id, "product_ids": [Command.set(service.ids)]}
        )
        self.assertEqual(self.answer(self.sold(service, self.business)), ("periodic", "periodic", date(2031, 6, 30)))
        self.company.followup_limitation_default = "periodic"
        plain = self.invoice(self.consumer, due=due)
        self.refreshed(self.consumer)
        self.assertEqual(self.answer(plain), ("periodic", "default", date(2031, 6, 30)))

    def test_regular_delivery(self):
        move = self.invoice(self.consumer, due=date(2026, 6, 30))
        terms = self.env["followup.terms"].create(
            {"name": "Energie", "regime": "b2c", "date": date(2024, 1, 1), "regular_delivery": True}
        )
        move.followup_terms_id = terms
        self.refreshed(self.consumer)
        self.assertEqual(self.answer(move)[:2], ("periodic", "periodic"))

    def test_the_invoice_says_otherwise(self):
        move = self.late(due=date(2026, 6, 30))
        move.followup_limitation = "goods"
        self.assertEqual(self.answer(move), ("goods", "chosen", date(2027, 6, 30)))
        self.assertEqual(move.followup_limitation_date, date(2027, 6, 30))
        self.assertEqual(self.item(move).limitation_text, "chosen on the invoice")
        move.followup_limitation = False
        self.assertEqual(self.answer(move)[0], "general")

    def interrupt(self, move, kind, day, user=None):
        return (
            self.env["followup.interruption"]
            .with_user(user or self.user)
            .create({"move_id": move.id, "kind": kind, "date": day, "note": "His letter"})
        )

    def test_what_interrupts(self):
        move = self.late(due=date(2026, 6, 30))
        move.followup_limitation = "goods"
        self.told(level="40")
        self.assertEqual(self.answer(move)[2], date(2027, 6, 30), "our own formal notice interrupts nothing")
        self.interrupt(move, "acknowledgement", date(2026, 10, 1))
        self.assertEqual(self.answer(move)[2], date(2027, 10, 1))
        self.interrupt(move, "formal_notice", date(2026, 11, 16))
        self.assertEqual(self.answer(move)[2], date(2027, 11, 16))
        summons = self.interrupt(move, "summons", TODAY)
        self.assertEqual(self.answer(move), ("goods", "lawsuit", False))
        self.assertIn("Limitation interrupted", move.message_ids[0].body)
        summons.with_user(self.manager).unlink()
        self.assertEqual(self.answer(move)[2], date(2027, 11, 16))

    def test_an_accepted_arrangement_acknowledges(self):
        move = self.late(due=date(2026, 6, 30))
        move.followup_limitation = "goods"
        arrangement = self.env["followup.arrangement"]._arrange(
            self.customer(), [(self.item(move), 600)], [(date(2026, 12, 18), 300), (date(2027, 1, 18), 300)]
        )
        arrangement._start()
        self.refreshed()
        self.assertEqual(self.answer(move)[2], date(2027, 6, 30), "said by us only")
        arrangement.sudo().accepted_date = "2026-11-18 08:00:00"
        self.refreshed()
        self.assertEqual(self.answer(move)[2], date(2027, 11, 18))

    def test_bad_interruption(self):
        move = self.late()
        with self.assertRaisesRegex(ValidationError, f"{move.name}.*future"):
            self.interrupt(move, "acknowledgement", TODAY + timedelta(days=1))
        with self.assertRaises(AccessError):
            self.interrupt(move, "acknowledgement", TODAY, self.reader)

    def test_list_and_filter(self):
        near = self.late(due=date(2026, 2, 27))
        near.followup_limitation = "goods"  # until 27 February 2027, in 101 days
        far = self.late()
        items = self.env["followup.item"].with_company(self.company)
        found = items.search([("limitation_near", "=", True), ("company_id", "=", self.company.id)])
        self.assertEqual(found, self.item(near))
        self.assertNotIn(self.item(far), found)
        self.assertTrue(self.item(near).limitation_near)
        self.company.followup_limitation_days = 100
        self.assertFalse(items.search([("limitation_near", "=", True), ("company_id", "=", self.company.id)]))

    def test_one_task(self):
        first, second = self.late(due=date(2026, 2, 27)), self.late(due=date(2026, 3, 31))
        (first | second).followup_limitation = "goods"
        self.night()
        self.night()
        [task] = self.tasks()
        self.assertIn(first.name, task.note)
        self.assertIn(second.name, task.note)
        task.action_feedback(feedback="Summons under way")
        self.night(TODAY + timedelta(days=1))
        self.assertFalse(self.tasks(), "warned of once")
        self.interrupt(first, "acknowledgement", TODAY)
        self.night(TODAY + timedelta(days=2))
        self.assertFalse(self.tasks())
        # Another last day is another warning.
        second.followup_limitation = "periodic"
        second.followup_limitation = "goods"
        third = self.late(due=date(2026, 1, 30))
        third.followup_limitation = "goods"
        self.night(TODAY + timedelta(days=3))
        self.assertIn(third.name, self.tasks().note)

    def tasks(self):
        kind = self.env.ref("l10n_be_followup.mail_activity_type_limitation")
        return self.customer().activity_ids.filtered(lambda activity: activity.activity_type_id == kind)

    def test_advice_of_a_hand_over(self):
        move = self.late(due=date(2026, 1, 30))
        self.told()
        item = self.item(move)
        move.followup_limitation = "goods"
        advice = self.engine._advise(self.company, self.customer(), item, date(2027, 2, 1))
        answer = next(row for row in advice.conditions if row.code == "not_barred")
        self.assertEqual((answer.ok, answer.detail), (False, "2027-01-30"))

    def test_same_number_of_queries(self):
        for _number in range(3):
            self.late()
        self.engine._note_limitations(self.company)
        self.env.flush_all()
        with self.assertQueryCount(2):
            self.engine._note_limitations(self.company)
        for _number in range(20):
            self.invoice(due=date(2026, 9, 1))
        self.refreshed()
        self.env.flush_all()
        with self.assertQueryCount(2):
            self.engine._note_limitations(self.company)

    def test_portions(self):
        """A large company's items are noted in portions: each of them, and the next night writes none."""
        items = self.env["followup.item"].union(*(self.item(self.late()) for _number in range(5)))
        self.env.cr.execute("UPDATE followup_item SET limitation_kind = NULL, limitation_date = NULL")
        self.env.invalidate_all()
        with patch.object(limitation, "PORTION", 2):
            self.engine._note_limitations(self.company)
        self.assertEqual(items.mapped("limitation_kind"), ["general"] * 5)
        self.assertTrue(all(items.mapped("limitation_date")))

    def test_companies(self):
        move = self.late()
        event = self.interrupt(move, "acknowledgement", TODAY)
        other = self.env["res.company"].create({"name": "Boisbleu"})
        stranger = new_test_user(
            self.env,
            "limitation_stranger",
            "l10n_be_followup.l10n_be_followup_group_user",
            company_id=other.id,
            company_ids=[Command.set(other.ids)],
        )
        self.assertFalse(self.env["followup.interruption"].with_user(stranger).search([("id", "=", event.id)]))
