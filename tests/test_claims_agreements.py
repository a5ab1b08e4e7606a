from datetime import date, datetime, timedelta

from freezegun.api import freeze_time
from odoo.exceptions import UserError
from odoo.tests import tagged

from .common import SendingCommon

#: The statutory rate of the second half of 2026 is 10.5 %: 1,000 EUR bear 0.287671 a day.
DUE = date(2026, 9, 10)
START = date(2026, 10, 1)  # 21 days late
FIRST, SECOND = date(2026, 10, 15), date(2026, 11, 16)


@tagged("post_install_l10n", "post_install", "-at_install")
class TestClaimsAgreements(SendingCommon):
    """Interest and flat sums beside arrangements and disputes; every figure is computed by hand."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.write({"followup_min_gap": 0, "followup_max_contacts": 0})
        cls.consumer_terms = cls.env.ref("l10n_be_followup.followup_terms_consumer")

    def at(self, day):
        return freeze_time(datetime(day.year, day.month, day.day, 10), real_asyncio=True)

    def item(self, move):
        return self.env["followup.item"].sudo().search([("move_id", "=", move.id)])

    def arrange(self, *moves, day=START, partner=None, amounts=None, instalments=None, **options):
        with self.at(day):
            customer = self.refreshed(partner)
            amounts = amounts or [move.amount_residual for move in moves]
            total = sum(amounts) + options.get("admin", 0) + sum((options.get("charges") or self.none).mapped("amount"))
            arrangement = self.env["followup.arrangement"]._arrange(
                customer,
                [(self.item(move), amount) for move, amount in zip(moves, amounts, strict=True)],
                instalments or [(FIRST, total / 2), (SECOND, total / 2)],
                **({"acceleration": True} | options),
            )
            arrangement.action_confirm()
        return arrangement

    @property
    def none(self):
        return self.env["followup.charge"]

    def asked(self, move, day):
        """Interest and compensation that the law allows on an invoice as of a day."""
        with self.at(day):
            self.refreshed(move.partner_id)
            answer = self.engine._claims_as_of(self.company, self.item(move), day)[self.item(move).id]
        return float(answer.interest), float(answer.compensation)

    def let_break(self, arrangement, night=date(2026, 10, 21)):
        """The instalment of `FIRST` is not paid (grace until 20 October); the message gives until the 28th."""
        with self.at(night):
            self.night(night)
            missed = arrangement.sudo().notice_ids.filtered(lambda notice: notice.purpose == "missed")
            self.deliver(missed, night)
            self.env["followup.charge"].sudo()._claim_from(missed)
            self.assertEqual(missed.pay_before, date(2026, 10, 28))
        with self.at(date(2026, 10, 29)):
            self.night(date(2026, 10, 29))
        self.assertEqual((arrangement.state, arrangement.closed_on), ("broken", date(2026, 10, 29)))
        return missed

    def charges(self, partner=None, **criteria):
        domain = [("partner_id", "=", (partner or self.business).id)]
        domain += [(name, "=", value) for name, value in criteria.items()]
        return self.env["followup.charge"].sudo().search(domain, order="id")

    def climb(self, partner, until, start):
        day = start
        while day <= until:
            with self.at(day):
                self.night(day)
                for notice in self.notices(partner).filtered(lambda n: n.state in ("review", "queued")):
                    self.deliver(notice, day)
                    if notice.channel == "email":
                        self.env["followup.charge"].sudo()._claim_from(notice)
            day += timedelta(days=1)

    # Business

    def test_interest_stops_and_runs_on_missed_instalments_only(self):
        move = self.invoice(amount=1000, due=DUE)
        arrangement = self.arrange(move)
        # 21 days: 1000 x 10.5 x 21 / 36500 = 6.041...
        self.assertEqual(self.asked(move, START), (6.04, 40.0))
        self.assertEqual(self.asked(move, date(2026, 10, 14)), (6.04, 40.0))
        with self.at(date(2026, 10, 14)):
            self.assertEqual(arrangement.interest_missed, 0)
        with self.at(date(2026, 10, 26)):
            self.refreshed()
            # 11 days: 500 x 10.5 x 11 / 36500 = 1.582...
            self.assertEqual(arrangement.interest_missed, 1.58)
            self.assertEqual(self.asked(move, date(2026, 10, 26)), (6.04, 40.0))
            self.pay(move, 500, date(2026, 10, 26))
            self.refreshed()
            arrangement.invalidate_recordset()
            self.assertEqual(arrangement.interest_missed, 0)
        self.assertEqual(self.asked(move, date(2026, 11, 16)), (6.04, 40.0))

    def test_broken_it_runs_again_from_that_day(self):
        move = self.invoice(amount=1000, due=DUE)
        arrangement = self.arrange(move)
        missed = self.let_break(arrangement)
        # 6 days: 500 x 10.5 x 6 / 36500 = 0.863...
        self.assertEqual((missed.amount_missed_interest, self.charges(kind="missed_interest").amount), (0.86, 0.86))
        # 21 days before it and 10 after: 1000 x 10.5 x 31 / 36500 = 8.917...
        self.assertEqual(self.asked(move, date(2026, 11, 8)), (8.92, 40.0))
        self.assertEqual(self.charges(kind="missed_interest").state, "claimed")

    def test_broken_as_if_there_had_been_none(self):
        move = self.invoice(amount=1000, due=DUE)
        arrangement = self.arrange(move, full_interest=True)
        self.assertEqual(self.asked(move, date(2026, 10, 14)), (6.04, 40.0), "not while it is kept")
        self.let_break(arrangement)
        # 59 days: 1000 x 10.5 x 59 / 36500 = 16.972...
        self.assertEqual(self.asked(move, date(2026, 11, 8)), (16.97, 40.0))
        self.assertEqual(
            self.charges(kind="missed_interest").state, "cancelled", "the same days are in the interest of the invoice"
        )

    def test_reinstated_it_stops_again(self):
        move = self.invoice(amount=1000, due=DUE)
        arrangement = self.arrange(move, full_interest=True)
        self.let_break(arrangement)
        with self.at(date(2026, 11, 2)):
            arrangement.action_reinstate()
        self.assertEqual(self.asked(move, date(2026, 11, 8)), (6.04, 40.0))

    def test_the_part_outside_bears_interest(self):
        move = self.invoice(amount=1000, due=DUE)
        self.arrange(move, amounts=[400])
        # 21 days on 1000 and 20 on 600: 6.0411 + 3.4521
        self.assertEqual(self.asked(move, date(2026, 10, 21)), (9.49, 40.0))

    def test_arranged_before_the_due_date_and_kept(self):
        move = self.invoice(amount=1000, due=date(2026, 10, 12))
        arrangement = self.arrange(move)
        self.assertEqual(self.asked(move, date(2026, 10, 14)), (0, 0))
        with self.at(FIRST):
            self.pay(move, 500, FIRST)
        with self.at(SECOND):
            self.pay(move, 500, SECOND)
            self.refreshed()
        self.assertEqual(arrangement.state, "completed")
        self.assertEqual(self.asked(move, date(2026, 11, 20)), (0, 0))
        self.assertFalse(self.charges())

    def test_arranged_before_the_due_date_and_broken(self):
        move = self.invoice(amount=1000, due=date(2026, 10, 12))
        self.let_break(self.arrange(move))
        # From 30 October: 1000 x 10.5 x 10 / 36500 = 2.876...
        self.assertEqual(self.asked(move, date(2026, 11, 8)), (2.88, 40.0))

    def test_arranged_in_part_before_the_due_date(self):
        move = self.invoice(amount=1000, due=date(2026, 10, 12))
        self.arrange(move, amounts=[400])
        # The other 600 were not arranged: 600 x 10.5 x 8 / 36500 = 1.380...
        self.assertEqual(self.asked(move, date(2026, 10, 20)), (1.38, 40.0))
        with self.at(date(2026, 10, 12)):
            self.pay(move, 600, date(2026, 10, 12))
        self.assertEqual(self.asked(move, date(2026, 10, 14)), (0, 0), "what was not arranged came in time")

    def test_money_on_another_invoice_is_not_missed(self):
        """What stays payable of one invoice takes no money that came in on the other one."""
        first, second = self.invoice(amount=500, due=DUE), self.invoice(amount=1000, due=DUE)
        arrangement = self.arrange(first, second, amounts=[500, 500])
        with self.at(FIRST):
            self.pay(first, 500, FIRST)
        with self.at(date(2026, 11, 30)):
            self.refreshed()
            self.assertEqual(arrangement.instalment_ids.mapped("state"), ["paid", "missed"])
            # The second one alone, 14 days: 500 x 10.5 x 14 / 36500 = 2.013...
            self.assertEqual(arrangement.interest_missed, 2.01)

    def test_costs_in_an_instalment_bear_no_interest(self):
        move = self.invoice(amount=1000, due=DUE)
        arrangement = self.arrange(move, admin=50, instalments=[(FIRST, 500.0), (SECOND, 550.0)])
        with self.at(FIRST):
            self.pay(move, 1000, FIRST)
        with self.at(date(2026, 11, 30)):
            self.refreshed()
            self.assertEqual((arrangement.state, arrangement.amount_shortfall), ("active", 50))
            self.assertEqual(arrangement.interest_missed, 0, "never interest on costs")

    def test_an_invoice_that_turns_out_to_be_private_bears_no_interest_on_instalments(self):
        move = self.invoice(amount=1000, due=DUE)
        arrangement = self.arrange(move)
        move.followup_regime = "b2c"
        with self.at(date(2026, 10, 26)):
            self.refreshed()
            self.assertEqual(arrangement.interest_missed, 0)

    def test_an_overpayment_pays_the_charges(self):
        move = self.invoice(amount=1000, due=DUE)
        self.climb(self.business, date(2026, 9, 30), start=date(2026, 9, 14))
        charges = self.charges(state="claimed")
        self.assertEqual(set(charges.mapped("kind")), {"interest", "compensation"})
        extra = sum(charges.mapped("amount"))
        before = charges.read(["amount", "state"])
        arrangement = self.arrange(move, charges=charges)
        with self.at(FIRST):
            self.pay(move, 1000, FIRST)
            self.refreshed()
            self.assertEqual((arrangement.state, arrangement.amount_open), ("active", extra))
            paid_too_much = self.invoice(amount=extra)
            self.pay(paid_too_much, None, FIRST).line_ids.remove_move_reconcile()
            paid_too_much.button_cancel()
            self.refreshed()
        self.assertEqual(arrangement.state, "completed")
        self.assertTrue(arrangement.activity_ids, "a person books them")
        charges.invalidate_recordset()
        self.assertEqual(charges.read(["amount", "state"]), before, "what was agreed does not grow")

    def test_a_partial_dispute(self):
        move = self.invoice(amount=1000, due=DUE)
        reason = self.env.ref("l10n_be_followup.followup_dispute_reason_quality")
        with self.at(date(2026, 9, 20)):
            dispute = self.env["followup.dispute"]._dispute(
                self.refreshed(), [(self.item(move), 400.0)], reason, deadline=date(2026, 10, 30)
            )
        # 600 x 10.5 x 21 / 36500 = 3.624...
        self.assertEqual(self.asked(move, START), (3.62, 40.0))
        with self.at(START):
            dispute.action_withdraw()
        self.assertEqual(self.asked(move, START), (6.04, 40.0))

    # Consumers

    def consumer_invoice(self, amount=600, **values):
        return self.invoice(self.consumer, amount=amount, due=DUE, followup_terms_id=self.consumer_terms.id, **values)

    def remind(self):
        """The free first reminder leaves on Tuesday 15 September: the fourteen days end on the 29th."""
        day = date(2026, 9, 15)
        with self.at(day):
            self.night(day)
            self.deliver(self.notices(self.consumer), day)

    def test_a_consumer_pays_no_interest_over_his_arrangement(self):
        move = self.consumer_invoice()
        self.remind()
        # 30 September to 9 October: 600 x 10.5 x 10 / 36500 = 1.726...; 65 + 5 % of 100
        self.assertEqual(self.asked(move, date(2026, 10, 9)), (1.73, 70.0))
        arrangement = self.arrange(move, day=date(2026, 10, 9), partner=self.consumer)
        self.assertFalse(arrangement.full_interest)
        self.assertEqual(self.asked(move, date(2026, 10, 14)), (0, 0), "nothing while he keeps it")
        missed = self.let_break(arrangement)
        self.assertEqual(missed.amount_missed_interest, 0)
        # And 10 days after it: 600 x 10.5 x 20 / 36500 = 3.452...
        self.assertEqual(self.asked(move, date(2026, 11, 8)), (3.45, 70.0))
        self.assertFalse(self.charges(self.consumer))

    def test_a_consumer_never_pays_for_an_arrangement(self):
        move = self.consumer_invoice()
        for option in ("admin", "interest"):
            with self.assertRaisesRegex(UserError, "consumer"):
                self.arrange(move, partner=self.consumer, instalments=[(FIRST, 610.0)], **{option: 10.0})
        arrangement = self.arrange(move, partner=self.consumer, full_interest=True)
        self.assertFalse(arrangement.full_interest)

    def claimed(self, *moves):
        """Interest and flat sum are claimed in the reminder after the fourteen days."""
        self.climb(self.consumer, date(2026, 10, 5), start=date(2026, 9, 14))
        charges = self.charges(self.consumer)
        self.assertEqual(set(charges.mapped("state")), {"claimed"})
        self.assertEqual(set(charges.move_id), set(moves))
        return charges, charges.read(["amount", "state"])

    def test_what_was_claimed_before_a_dispute_stays(self):
        move = self.consumer_invoice()
        charges, before = self.claimed(move)
        with self.at(date(2026, 10, 6)):
            self.env["followup.dispute"]._dispute(
                self.refreshed(self.consumer),
                [(self.item(move), 100.0)],
                self.env.ref("l10n_be_followup.followup_dispute_reason_quality"),
                deadline=date(2026, 10, 30),
            )
        self.assertEqual(self.asked(move, date(2026, 10, 20)), (0, 0), "a part that he disputes stops every new charge")
        with self.at(date(2026, 10, 20)):
            self.night(date(2026, 10, 20))
            self.assertEqual(charges.read(["amount", "state"]), before)
            self.pay(move, 600, date(2026, 10, 20))
            self.night(date(2026, 10, 20))
            self.refreshed(self.consumer)
        self.assertEqual(charges.read(["amount", "state"]), before)

    def test_what_was_claimed_before_an_arrangement_stays(self):
        """Also when the first of its invoices is paid and the arrangement goes on."""
        first, second = self.consumer_invoice(), self.consumer_invoice(amount=400)
        charges, before = self.claimed(first, second)
        arrangement = self.arrange(first, second, day=date(2026, 10, 6), partner=self.consumer)
        with self.at(date(2026, 10, 13)):
            self.night(date(2026, 10, 13))
            self.assertEqual(charges.read(["amount", "state"]), before)
            self.pay(first, 600, date(2026, 10, 13))
            self.night(date(2026, 10, 13))
            self.refreshed(self.consumer)
            self.assertEqual(arrangement.state, "active")
        self.assertEqual(charges.read(["amount", "state"]), before)
