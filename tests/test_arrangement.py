from datetime import date, datetime

from freezegun.api import freeze_time
from odoo.exceptions import UserError
from odoo.tests import tagged

from .common import FollowupCommon


@tagged("post_install_l10n", "post_install", "-at_install")
class TestArrangement(FollowupCommon):
    """Arrangements on the real models, from the first to the last instalment."""

    def arrange(self, *moves, instalments, partner=None, amounts=None, confirm=True, **options):
        customer = self.refreshed(partner)
        parts = []
        for place, move in enumerate(moves):
            item = customer.item_ids.filtered(lambda item, move=move: item.move_id == move)
            parts.append((item, amounts[place] if amounts else move.amount_residual))
        arrangement = self.env["followup.arrangement"]._arrange(customer, parts, instalments, **options)
        if confirm:
            arrangement.action_confirm()
        return arrangement

    def at(self, day):
        return freeze_time(datetime(day.year, day.month, day.day, 10), real_asyncio=True)

    def test_on_track_is_left_in_peace(self):
        move = self.invoice(amount=300)
        arrangement = self.arrange(
            move, instalments=[(date(2026, 12, 1), 100.0), (date(2027, 1, 4), 100.0), (date(2027, 2, 1), 100.0)]
        )
        self.assertEqual(arrangement.state, "active")
        self.night()
        self.assertFalse(self.notices(purpose="level"))
        self.assertEqual(self.codes(self.items()), {"arrangement"})
        with self.at(date(2026, 11, 30)):
            self.pay(move, 100, date(2026, 11, 30))
            self.refreshed()
            self.assertEqual(arrangement.instalment_ids.mapped("state"), ["paid", "planned", "planned"])
            self.assertEqual(arrangement.amount_paid, 100)

    def test_missed_reminded_broken_and_back_to_the_ladder(self):
        move = self.invoice(amount=300)
        self.night()
        self.deliver(self.notices())
        arrangement = self.arrange(
            move, instalments=[(date(2026, 12, 1), 100.0), (date(2027, 1, 4), 200.0)], acceleration=True
        )
        with self.at(date(2026, 12, 8)):
            self.night(date(2026, 12, 8))
            missed = self.notices(purpose="missed")
            self.assertEqual(len(missed), 1)
            self.assertEqual(arrangement.state, "active")
            self.deliver(missed, date(2026, 12, 8))
        with self.at(date(2026, 12, 17)):
            self.night(date(2026, 12, 17))
            self.assertEqual(arrangement.state, "broken")
            item = self.items()
            self.assertEqual(item.level_kind, "first_reminder")
            following = self.notices(purpose="level", state="queued")
            self.assertEqual(following.level_kind, "reminder", "the ladder goes on where it was")
            self.assertEqual(following.line_ids.amount_residual, 300)

    def test_one_item_is_in_one_arrangement(self):
        move = self.invoice(amount=300)
        plan = [(date(2026, 12, 1), 300.0)]
        first = self.arrange(move, instalments=plan)
        with self.assertRaisesRegex(UserError, first.name):
            self.arrange(move, instalments=plan)

    def test_a_planned_call_takes_no_level_while_it_is_arranged(self):
        move = self.invoice(amount=300)
        self.night()
        self.deliver(self.notices())
        day = date(2026, 11, 26)
        with self.at(day):
            self.night(day)
            call = self.notices(channel="call")
            self.assertEqual(call.state, "queued")
            self.arrange(move, instalments=[(date(2026, 12, 21), 300.0)])
        with self.at(date(2026, 12, 7)):
            self.night(date(2026, 12, 7))
        self.assertEqual(call.state, "cancelled", "five working days later nobody had called")
        self.assertEqual(self.items().level_kind, "first_reminder")
