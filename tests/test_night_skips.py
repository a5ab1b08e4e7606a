import contextlib
import random
from datetime import date, datetime, timedelta
from unittest.mock import patch

from freezegun.api import freeze_time
from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import tagged

from ..models.followup_engine import FollowupEngine
from .common import TODAY, FollowupCommon

DAY = timedelta(days=1)
FIGURES = (
    "state", "regime", "data_issue", "policy_id", "responsible_id", "amount_overdue", "amount_due", "amount_1_30",
    "amount_31_60", "amount_61_90", "amount_over_90", "amount_credit", "amount_held", "oldest_date", "level_id",
    "next_level_id", "next_date", "decided_on", "reasons",
)  # fmt: skip


@tagged("post_install_l10n", "post_install", "-at_install")
class TestNightSkips(FollowupCommon):
    """A night leaves alone who would be decided exactly as before, and nobody else."""

    def decided(self, day=TODAY):
        """Ids of the customers whom the night of this day decides."""
        seen = []
        original = FollowupEngine._decide

        def decide(engine, company, customers, *args, **kwargs):
            seen.extend(customer.id for customer in customers)
            return original(engine, company, customers, *args, **kwargs)

        with patch.object(FollowupEngine, "_decide", decide):
            run = self.night(day)
        self.assertEqual(run.customer_count, len(self.env["followup.customer"].search([("item_ids", "!=", False)])))
        return set(seen)

    def test_nothing_to_do(self):
        self.invoice()
        self.invoice(partner=self.consumer, due=date(2026, 12, 20))
        both = {self.customer().id, self.customer(self.consumer).id}
        self.assertEqual(self.decided(), both)
        self.assertEqual(self.decided(), set(), "the same night again")
        self.assertEqual(self.decided(TODAY + DAY), set(), "nothing changes tomorrow")
        self.assertEqual(set(self.env["followup.customer"].browse(both).mapped("decided_on")), {TODAY + DAY})

    def test_a_day_that_comes(self):
        self.invoice(due=date(2026, 11, 16))
        self.decided()
        self.assertEqual(self.decided(date(2026, 11, 19)), {self.customer().id})
        self.assertTrue(self.notices())

    def test_what_is_written_is_seen(self):
        move = self.invoice(due=date(2026, 12, 20))
        mine = {self.customer().id}
        hold = self.env["followup.hold"]
        level = self.level(10)

        def write(record, **values):
            return lambda: record.sudo().write(values)

        changes = {
            "a payment": lambda: self.pay(move, 10),
            "a credit note": lambda: self.credit_note(self.business, 5),
            "a new invoice": lambda: self.invoice(due=date(2026, 12, 21)),
            "another due date": write(move, invoice_date_due=date(2026, 12, 27)),
            "a hold": lambda: hold.create(
                {"customer_id": self.customer().id, "until": date(2026, 11, 25), "reason": "x"}
            ),
            "the customer": write(self.business, user_id=self.env.uid),
            "a setting": write(self.company, followup_min_gap=9),
            "the segment of live mode": write(self.company, followup_live_domain="[('ref', '=', 'x')]"),
            "the ladder": write(level, delay=4),
            "a raw statement": lambda: self.env.cr.execute(
                "UPDATE account_move_line SET no_followup = TRUE WHERE id = %s", [self.items()[0].move_line_id.id]
            ),
        }
        self.decided()
        for what, change in changes.items():
            with self.subTest(what):
                self.assertEqual(self.decided(), set())
                with patch.object(type(self.engine), "_refresh_touched", lambda engine: None):
                    change()
                    self.env.flush_all()
                    self.assertEqual(self.decided(), mine)

    def test_old_bank_data(self):
        self.company.followup_freshness_days = 5
        self.env["account.bank.statement.line"].create(
            {
                "journal_id": self.company_data["default_journal_bank"].id,
                "date": TODAY,
                "payment_ref": "x",
                "amount": -1,
            }
        )
        self.invoice(due=date(2026, 12, 20))
        self.decided()
        self.assertFalse(self.decided(date(2026, 11, 23)))
        self.assertTrue(self.decided(date(2026, 11, 24)), "the bank data are old from now on")

    def test_days_off(self):
        self.invoice(due=date(2026, 12, 20))
        self.decided(date(2026, 11, 20))
        self.assertTrue(self.decided(date(2026, 11, 21)), "Saturday")
        self.assertTrue(self.decided(date(2026, 11, 22)), "Sunday: it says until when nothing happens")
        self.assertTrue(self.decided(date(2026, 11, 23)))
        self.assertFalse(self.decided(date(2026, 11, 24)))

    def test_a_failure_is_tried_again(self):
        self.business.email = False
        self.invoice()
        self.decided()
        self.assertEqual(self.customer().state, "failed")
        self.assertTrue(self.decided())

    def test_a_forgotten_item_gets_its_task_again(self):
        self.invoice(due=date(2026, 11, 10))
        self.credit_note(self.business, 100)
        self.decided()
        customer = self.customer()
        self.assertEqual(self.codes(customer), {"credits"})
        self.assertEqual(len(customer.activity_ids), 1)
        self.assertFalse(self.decided())
        customer.activity_ids.unlink()
        self.assertTrue(self.decided())
        self.assertEqual(len(customer.activity_ids), 1)

    def test_another_add_on_decides_otherwise(self):
        self.invoice(due=date(2026, 12, 20))
        self.decided()
        self.assertFalse(self.decided())
        model = type(self.engine)
        original = model._settings

        class Other:
            _module = "other"

            def _settings(self, company, today):
                return original(self, company, today)

        with patch.object(model, "_may_skip", lambda engine: False):
            self.assertTrue(self.decided())
        with patch.object(model, "mro", lambda: [Other, *type.mro(model)], create=True):
            self.assertFalse(self.engine._may_skip(), "an add-on that is not vouched for")

    def test_as_if_everybody_was_decided(self):
        """Any order of events over weeks: after each night the figures are those of a fresh decision."""
        chance = random.Random(20261118)
        self.company.followup_freshness_days = 0
        half = self.env["account.payment.term"].create(
            {
                "name": "half",
                "line_ids": [
                    Command.create({"value": "percent", "value_amount": 50, "nb_days": days}) for days in (10, 40)
                ],
            }
        )
        partners = self.env["res.partner"].create(
            [
                {"name": f"Klant {n}", "email": f"k{n}@x.example", **({"vat": "BE0477472701", "is_company": True} if n % 2 else {})}
                for n in range(16)
            ]
        )  # fmt: skip
        skipped, day = 0, date(2026, 10, 1)
        for partner in partners:
            self.invoice(partner=partner, amount=chance.choice((3, 50, 400)), due=day + DAY * chance.randrange(-70, 30))

        def some_move():
            return self.env["account.move"].search(
                [("partner_id", "in", partners.ids), ("move_type", "=", "out_invoice"), ("amount_residual", ">", 0)]
            )

        def event(day):
            partner, kind = chance.choice(partners), chance.randrange(9)
            moves = some_move()
            if kind <= 1:
                self.invoice(
                    partner=partner, amount=chance.choice((3, 50, 400)), due=day + DAY * chance.randrange(-40, 20)
                )
            elif kind == 2:
                self.invoice(
                    partner=partner, amount=200, invoice_date=day - 30 * DAY, invoice_payment_term_id=half.id,
                    invoice_date_due=False,
                )  # fmt: skip
            elif kind == 3 and moves:
                move = chance.choice(moves)
                self.pay(move, chance.choice((1, move.amount_residual)), day=day)
            elif kind == 4:
                self.credit_note(partner, chance.choice((5, 500)), day=day)
            elif kind == 5:
                self.env["followup.hold"].create(
                    {"customer_id": self.customer(partner).id, "until": day + DAY * chance.randrange(10), "reason": "x"}
                )
            elif kind == 6 and chance.random() < 0.2:
                self.company.followup_min_gap = chance.choice((3, 7))
            elif kind == 7:
                partner.write({"vat": "BE0477472701" if not partner.vat else False, "is_company": not partner.vat})
            elif moves:
                move = chance.choice(moves)
                items = self.env["followup.item"].search([("move_line_id.move_id", "=", move.id)])
                customer = items.customer_id
                if items:
                    with contextlib.suppress(UserError):  # too many of them: that is another story
                        self.env["followup.promise"].sudo()._promise(customer, items[:1], 1.0, day + 3 * DAY)

        for _night in range(30):
            day += DAY
            with freeze_time(datetime.combine(day, datetime.min.time()).replace(hour=10), real_asyncio=True):
                for _number in range(chance.choice((0, 0, 1, 2))):
                    event(day)
                for notice in self.env["followup.notice"].sudo().search([("partner_id", "in", partners.ids)]):
                    if notice.state == "queued" and chance.random() < 0.7:
                        self.deliver(notice, day)
                self.env.flush_all()
                before = self.env["followup.customer"].search([("partner_id", "in", partners.ids)])
                idle = self.engine._idle_customers(self.company, before.ids, day) & set(before.ids)
                skipped += len(idle)
                self.night(day)
                customers = self.env["followup.customer"].search([("partner_id", "in", partners.ids)], order="id")
                mine = self.figures(customers)
                with self.env.cr.savepoint() as savepoint:
                    self.engine._refresh(self.company, partners.ids, day)
                    fresh = self.figures(customers)
                    savepoint.rollback()
                self.env.invalidate_all()
                self.assertEqual(mine, fresh, day)
        self.assertGreater(skipped, 40)
        self.assertGreater(len(self.env["followup.notice"].sudo().search([("partner_id", "in", partners.ids)])), 8)

    def figures(self, customers):
        self.env.flush_all()
        self.env.invalidate_all()
        names = ("next_level_id", "next_date", "reasons")
        return {
            customer.partner_id.name: (
                [customer[name] for name in FIGURES],
                [[item[name] for name in names] for item in customer.item_ids],
            )
            for customer in customers.sudo()
        }
