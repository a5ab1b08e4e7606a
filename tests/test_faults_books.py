from datetime import date, datetime
from unittest.mock import patch

from freezegun.api import freeze_time
from odoo.exceptions import UserError
from odoo.tests import tagged

from .common import TODAY, SendingCommon

LATER = date(2026, 11, 30)


@tagged("post_install_l10n", "post_install", "-at_install")
class TestFaultsBooks(SendingCommon):
    """Invoices, payments and policies that change while a message waits, or after it left. See `docs/faults.md`."""

    def at(self, day):
        return freeze_time(datetime(day.year, day.month, day.day, 10), real_asyncio=True)

    def go(self, day=TODAY):
        with self.at(day):
            run = self.night(day)
            self.queue()
        return run

    def delivered(self, **values):
        """An invoice of which the first reminder was delivered today."""
        move = self.invoice(**values)
        self.go()
        self.notices(state="sent")._deliver(TODAY)
        return move

    def states(self, partner=None):
        return [(notice.level_id.sequence, notice.state) for notice in self.notices(partner)]

    def html(self, place=-1):
        return self.sink.messages[place][1].get_body(("html",)).get_content()

    def sent(self):
        return len(self.sink.messages)

    # Due dates

    def test_due_date_changed_while_the_message_waits(self):
        """Earlier: it says the new day. Not due any more: it does not go."""
        move, other = self.invoice(), self.invoice(self.consumer)
        self.night()
        move.invoice_date_due = date(2026, 11, 2)
        other.invoice_date_due = date(2026, 12, 14)
        self.queue()
        self.assertEqual(self.sink.recipients(), ["boekhouding@zoetebrood.example"])
        self.assertIn("2 Nov 2026", self.html())
        self.assertEqual(self.notices(self.consumer).state, "cancelled")
        self.assertIn("not overdue yet", self.notices(self.consumer).cancel_reason)
        self.go()
        self.assertEqual(self.sent(), 1)
        self.go(date(2026, 12, 17))
        self.assertEqual(len(self.sink.to("jan@peeters.example")), 1)

    def test_due_date_changed_after_the_message(self):
        """Every due date has its own first reminder, and the minimum gap keeps it apart from the one before."""
        earlier, later = self.invoice(), self.invoice(self.consumer)
        self.go()
        earlier.invoice_date_due = date(2026, 11, 2)
        later.invoice_date_due = date(2026, 11, 14)
        self.go()
        self.go(date(2026, 11, 20))
        self.assertEqual(self.sent(), 2)
        self.go(date(2026, 11, 26))
        self.assertEqual(self.sent(), 4)
        for partner in (self.business, self.consumer):
            self.assertEqual(self.notices(partner).mapped("level_kind"), ["first_reminder"] * 2)
            self.assertEqual(self.notices(partner)[0].line_ids.date_maturity, date(2026, 11, 10), "history stays")

    # Payments

    def test_a_payment_that_bounces_after_a_delivered_reminder(self):
        """Owed again: a new episode, from the first step, after the minimum gap; the history stays."""
        move = self.delivered()
        entry = self.pay(move)
        self.go()
        self.assertEqual((self.customer().state, self.sent()), ("clear", 1))
        entry.button_draft()
        entry.button_cancel()
        self.go()
        item = self.items()
        self.assertEqual((item.episode, item.level_id, self.codes(item)), (2, item.level_id.browse(), {"min_gap"}))
        self.assertEqual(self.sent(), 1)
        self.go(LATER)
        self.assertEqual((self.states(), self.sent()), ([(10, "delivered"), (10, "sent")], 2))

    def test_a_direct_debit_that_is_refused(self):
        """Without an entry of its own it holds the invoice until it is refused."""
        move = self.invoice()
        # As in a company without accounts for payments under way.
        self.company_data["default_journal_bank"].inbound_payment_method_line_ids.payment_account_id = False
        moves = type(self.env["account.move"])
        self.enterContext(patch.object(moves, "_get_invoice_in_payment_state", lambda self: "in_payment"))
        payment = (
            self.env["account.payment.register"]
            .with_context(active_model="account.move", active_ids=move.ids)
            .create({"journal_id": self.company_data["default_journal_bank"].id})
            ._create_payments()
        )
        self.assertFalse(payment.move_id)
        self.go()
        self.assertEqual((self.codes(self.items()), self.sent()), ({"payment_in_progress"}, 0))
        payment.action_reject()
        self.go()
        self.assertEqual(self.sent(), 1)

    # Invoices

    def test_back_to_draft_and_posted_with_another_amount(self):
        move = self.invoice()
        self.night()
        move.button_draft()
        self.queue()
        self.assertEqual((self.states(), self.sent()), ([(10, "cancelled")], 0), "a draft is not asked for")
        move.invoice_line_ids.price_unit = 250
        move.action_post()
        self.go()
        self.go()
        self.assertEqual(self.sent(), 1)
        self.assertIn("250.00", self.html())
        self.assertNotIn("100.00", self.html())

    def test_posted_with_another_amount_while_the_message_waits(self):
        move = self.invoice()
        self.night()
        move.button_draft()
        move.invoice_line_ids.price_unit = 250
        move.action_post()
        self.queue()
        self.assertEqual((self.states(), self.sent()), ([(10, "sent")], 1))
        self.assertIn("250.00", self.html())

    def test_reset_after_a_delivered_reminder(self):
        move = self.delivered()
        move.button_draft()
        self.go()
        self.assertEqual(self.customer().state, "clear")
        move.invoice_line_ids.price_unit = 250
        move.action_post()
        self.go()
        self.assertEqual((self.items().level_id.id, self.codes(self.items()), self.sent()), (False, {"min_gap"}, 1))
        self.go(LATER)
        self.assertEqual((self.states(), self.sent()), ([(10, "delivered"), (10, "sent")], 2))

    def test_cancelled_and_deleted(self):
        """Before it leaves nothing is sent; after it left the notice stays, and says what it said."""
        waiting = self.invoice()
        self.night()
        waiting.button_draft()
        waiting.button_cancel()
        self.queue()
        self.assertEqual((self.states(), self.sent()), ([(10, "cancelled")], 0))
        move = self.delivered(invoice_date=date(2026, 10, 12))
        notice = self.notices(state="delivered")
        self.assertFalse(notice._verify())
        name = move.name
        move.button_draft()
        move.with_context(force_delete=True).unlink()
        self.go(LATER)
        self.assertEqual((self.sent(), self.customer().state), (1, "clear"))
        self.assertEqual((notice.line_ids.name, notice.line_ids.amount_residual), (name, 100.0))
        self.assertIn("was deleted", notice._verify()[0])

    def test_deleted_while_the_message_waits_without_words(self):
        """Messages whose words are rendered when they leave: one of them is about an invoice that is gone."""
        other = self.business.copy({"name": "Twee", "email": "twee@x.example"})
        self.invoice()
        gone = self.invoice(other)
        self.night()
        gone.button_draft()
        gone.with_context(force_delete=True).unlink()
        self.notices(other)._ensure_rendered()
        self.queue()
        self.assertEqual(self.sink.recipients(), ["boekhouding@zoetebrood.example"])
        self.assertEqual(self.notices(other).state, "cancelled")

    def test_credit_note_while_the_message_waits(self):
        self.invoice()
        other = self.invoice(self.consumer)
        self.night()
        self.credit_note(self.business, 40)
        self.env["account.move.reversal"].with_context(active_model="account.move", active_ids=other.ids).create(
            {"journal_id": other.journal_id.id}
        ).refund_moves()
        self.env["account.move"].search([("reversed_entry_id", "=", other.id)]).action_post()
        self.queue()
        self.assertEqual(self.sink.recipients(), ["boekhouding@zoetebrood.example"])
        self.assertIn("60.00", self.html())
        self.assertEqual(self.notices(self.consumer).state, "cancelled")

    def test_another_debtor_while_the_message_waits(self):
        """All in one transaction, so that no refresh came in between."""
        move = self.invoice()
        self.night()
        move.button_draft()
        move.partner_id = self.consumer
        move.action_post()
        self.queue()
        self.assertEqual((self.states(), self.sent()), ([(10, "cancelled")], 0), "his debt is nobody else's business")
        self.go()
        self.assertEqual(self.sink.recipients(), ["jan@peeters.example"])

    def test_another_debtor_after_a_delivered_reminder(self):
        """The reminders of one are none of the other: he begins at the first step."""
        move = self.delivered()
        move.button_draft()
        move.partner_id = self.consumer
        move.action_post()
        self.go()
        item = self.items(self.consumer)
        self.assertEqual((item.episode, item.level_id.id), (2, False))
        self.assertEqual(self.sink.recipients(), ["boekhouding@zoetebrood.example", "jan@peeters.example"])
        self.assertFalse(self.items())

    def test_a_contact_that_becomes_part_of_a_company_is_the_same_debtor(self):
        contact = self.env["res.partner"].create({"name": "Els", "email": "els@x.example", "vat": self.business.vat})
        self.invoice(contact)
        self.go()
        contact.parent_id = self.business
        self.go()
        self.assertEqual(self.sent(), 1)
        item = self.items()
        self.assertEqual((item.episode, self.codes(item)), (1, {"notice_under_way"}))

    # Policies

    def test_levels_and_policies_in_use_are_not_deleted(self):
        self.delivered()
        for record in (self.level(10), self.business_policy):
            with self.assertRaisesRegex(UserError, r"1 notices were made with it.*Archive it instead"):
                record.unlink()
        spare = self.business_policy.copy()
        spare.unlink()
        self.assertFalse(spare.exists())

    def test_level_archived_while_its_message_waits(self):
        self.invoice(due=date(2026, 10, 1))
        self.night()
        self.level(10).active = False
        self.queue()
        self.assertEqual((self.states(), self.sent()), ([(10, "cancelled")], 0))
        self.go()
        self.assertEqual(self.states()[-1], (20, "queued"), "what comes first now: a call")

    def test_level_archived_after_it_was_delivered(self):
        self.delivered(due=date(2026, 10, 1))
        self.level(10).active = False
        self.go(LATER)
        self.assertEqual(self.states(), [(10, "delivered"), (20, "queued")], "on from where he is, nothing twice")

    def test_level_added_and_moved_after_a_delivered_reminder(self):
        """A new level after the one he reached comes next; one before it is never sent to him."""
        self.delivered(due=date(2026, 10, 1))
        extra = {"kind": "reminder", "delay": 0, "delay_from": "previous"}
        self.level(10).copy({"name": "After", "sequence": 12, **extra})
        self.go(LATER)
        self.assertEqual(self.states()[-1], (12, "sent"))
        self.notices(state="sent")._deliver(LATER)
        self.business_policy.level_ids.filtered(lambda level: level.name == "After").sequence = 25
        self.go(date(2026, 12, 21))
        self.assertEqual(self.states()[-1], (30, "sent"), "the place of the level that he reached counts, not its past")
        self.assertEqual(self.sent(), 3)

    def test_policy_archived_while_in_use(self):
        self.invoice()
        self.night()
        self.business_policy.active = False
        self.queue()
        self.assertEqual(self.sent(), 0)
        self.assertIn("choose one", self.notices().cancel_reason)
        self.go()
        self.assertEqual((self.customer().state, self.codes(self.items())), ("held", {"no_policy"}))
        self.assertTrue(self.customer().activity_ids, "somebody is asked")
        self.business_policy.active = True
        self.go()
        self.assertEqual(self.sent(), 1)

    def test_another_policy_in_the_middle(self):
        """He goes on after what he had: a level of the same firmness is not sent again."""
        self.delivered(due=date(2026, 10, 1))
        own = self.business_policy.copy({"name": "Own"})
        self.business.followup_policy_id = own
        self.go(LATER)
        call = self.notices()[-1:]
        self.assertEqual((call.channel, call.level_id.policy_id), ("call", own))
        own.active = False
        self.go(date(2026, 12, 1))
        self.assertEqual((self.sent(), len(self.notices())), (1, 2))
        call._deliver(date(2026, 12, 1))
        self.go(date(2026, 12, 15))
        self.assertEqual((self.notices()[-1:].level_id, self.states()[-1]), (self.level(40), (40, "review")))
        self.assertEqual(self.notices()[-1:].level_id.policy_id, self.business_policy)

    def test_policy_deleted_before_anything_was_sent_with_it(self):
        own = self.business_policy.copy({"name": "Own", "sequence": 1})
        self.business.followup_policy_id = own
        self.invoice()
        self.refreshed()
        own.unlink()
        self.env.invalidate_all()
        self.go()
        self.assertEqual(self.states(), [(10, "sent")])
        self.assertEqual(self.notices().level_id.policy_id, self.business_policy)

    def test_a_level_with_another_template_while_its_message_waits(self):
        other = self.level(10).template_id.copy({"body_html": "<p>Quite other words</p>"})
        double = self.business.copy({"name": "Twee", "email": "twee@x.example"})
        for partner in (self.business, double):
            self.invoice(partner)
        self.night()
        self.level(10).template_id = other
        with self.at(date(2026, 11, 19)):
            self.queue()
        for place in (0, 1):
            self.assertIn("Quite other words", self.html(place), "rendered the day before: the words of today")
