"""Promises, disputes and arrangements on the real models, in any order of events, with a simple book beside them.

The book (`Book`) knows nothing of `engine/`: it has the invoices, the money that came in on each, and what was agreed.
From these alone it says what is held, what an instalment is worth, and when an arrangement ends. After each event both
must agree, and what left must be what the book allowed.

`FOLLOWUP_EXAMPLES=300` looks further than the usual run, `FOLLOWUP_SHRINK=1` looks for the shortest story that fails.
"""

from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import ROUND_DOWN, Decimal
from unittest.mock import patch

from freezegun.api import freeze_time
from hypothesis import example, given, settings
from hypothesis import strategies as st
from odoo.exceptions import UserError
from odoo.fields import Datetime
from odoo.tests import tagged, test_cursor
from odoo.tools import mute_logger

from .common import SendingCommon
from .test_law_stateful import CENT, DAY, EXAMPLES, START, profile, working

ZERO = Decimal(0)
GRACE, CATCH_UP = 5, 7


def money(value):
    return Decimal(str(value)).quantize(CENT)


@dataclass(eq=False)
class Bill:
    """An invoice and the money on it."""

    move: object
    amount: Decimal
    due: date
    consumer: bool
    entries: dict = field(default_factory=dict)  # entry -> (amount, number of the event)
    credited: dict = field(default_factory=dict)  # the same, of credit notes

    @property
    def residual(self):
        return self.amount - sum(amount for amount, _when in (*self.entries.values(), *self.credited.values()))


@dataclass(eq=False)
class Part:
    """What an agreement holds of a bill. Money goes first to what it left outside, unless it names an instalment."""

    bill: Bill
    amount: Decimal
    residual: Decimal
    outside: Decimal
    credited: Decimal = ZERO  # disputes: what a credit note took off it
    released: Decimal = ZERO  # arrangements without acceleration
    named: list = field(default_factory=list)  # entries with the reference of an instalment

    @property
    def paid(self):
        came_in = max(self.residual - self.bill.residual - self.credited, ZERO)
        named = sum((self.bill.entries.get(entry, (ZERO, 0))[0] for entry in self.named), ZERO)
        named = min(named, came_in)
        return min(named + max(came_in - named - self.outside, ZERO), self.amount)

    @property
    def rest(self):
        return max(self.amount - self.paid - self.credited - self.released, ZERO)


@dataclass(eq=False)
class Deal:
    """A promise, a dispute or an arrangement."""

    kind: str
    record: object
    parts: list
    state: str
    until: date | None = None
    live: bool = True
    holds: bool = True
    since: int = 0
    amount: Decimal = ZERO
    schedule: list = field(default_factory=list)  # (day, amount)
    acceleration: bool = True
    beyond: Decimal = ZERO
    catch_up_until: date | None = None
    seen: dict = field(default_factory=dict)  # place -> notices about it up to this one are over
    history: list | None = None

    @property
    def on_items(self):
        return sum((part.paid for part in self.parts), ZERO)

    def states(self, paid, today):
        """State and missing amount of each instalment: all money against all that was to be paid."""
        result, before = [], ZERO
        for day, amount in self.schedule:
            own = min(max(paid - before, ZERO), amount)
            before += amount
            grace = day + GRACE * DAY
            while not working(grace):
                grace += DAY
            if own >= amount:
                state = "paid"
            elif today > grace:
                state = "missed"
            elif today > day:
                state = "late"
            else:
                state = "partly" if own else "due" if today == day else "planned"
            result.append((state, amount - own))
        return result


class Book:
    def __init__(self):
        self.bills, self.deals, self.floating = [], [], {}

    def held(self, bill, today, without=()):
        """What live agreements keep out of follow-up."""
        rests = [
            part.rest
            for deal in self.deals
            for part in deal.parts
            if deal.live and deal.holds and part.bill is bill and deal not in without
            if deal.kind == "arrangement" or deal.until >= today
        ]
        return min(sum(rests, ZERO), bill.residual)

    def live(self, kind, bill=None):
        return [
            deal
            for deal in self.deals
            if deal.kind == kind and deal.live and (bill is None or any(part.bill is bill for part in deal.parts))
        ]

    @property
    def unallocated(self):
        return sum(self.floating.values(), ZERO)

    def paid(self, deal):
        """On the items, and what is unallocated for the charges once these are paid."""
        paid = deal.on_items
        if paid >= sum(part.amount for part in deal.parts):
            paid += min(deal.beyond, self.unallocated)
        return paid

    def settle(self, today, notices_of):
        """What time and money made of the agreements.

        :param notices_of: function (deal, place, after id) -> list of (id, last day to pay of a delivered notice)
        """
        for deal in list(self.deals):
            getattr(self, f"_settle_{deal.kind}")(deal, today, notices_of)

    def _settle_promise(self, deal, today, _notices):
        kept = deal.on_items >= deal.amount
        if deal.state == "active" and kept:
            deal.state, deal.live = "kept", False
        elif deal.state == "active" and deal.until < today and self.unallocated < deal.amount - deal.on_items:
            deal.state, deal.live = "broken", False
        elif deal.state == "kept" and not kept and deal.until >= today:
            deal.state, deal.live = "active", True

    def _settle_dispute(self, deal, today, _notices):
        if not deal.live and deal.state not in ("open", "expired"):
            return
        credited = []
        for part in deal.parts:
            amounts = [amount for amount, when in part.bill.credited.values() if when > deal.since]
            part.credited = min(sum(amounts, ZERO), part.amount)
            credited.append(part.credited == part.amount)
        closed = not any(part.bill.residual for part in deal.parts)
        if deal.state in ("open", "expired"):
            if all(credited) or closed:
                deal.state, deal.live = "accepted" if all(credited) else "withdrawn", False
            elif deal.until < today:
                deal.state, deal.live = "expired", False
        elif all(credited) or closed:
            deal.live = False
        elif deal.until < today:
            # Nobody made the credit note in time: a person looks.
            deal.state, deal.live = "expired" if deal.state == "accepted" else deal.state, False

    def _settle_arrangement(self, deal, today, notices_of):
        if deal.state == "proposed" and deal.until < today:
            deal.state, deal.live = "cancelled", False
        if deal.state == "completed":
            back = [part for part in deal.parts if part.bill.residual and part.paid < part.amount]
            taken = any(self.live("arrangement", part.bill) for part in deal.parts if part.bill.residual)
            if not back or taken:
                return
        elif deal.state != "active":
            return
        states = deal.states(self.paid(deal), today)
        lapsed = []
        for place, (state, _missing) in enumerate(states):
            if state == "paid":
                deal.seen[place] = max((number for number, _day in notices_of(deal, place, 0)), default=0)
            days = [day for _number, day in notices_of(deal, place, deal.seen.get(place, 0)) if day]
            if state == "missed" and days and max(*days, deal.catch_up_until or date.min) < today:
                lapsed.append(place)
        if all(state == "paid" for state, _missing in states):
            deal.state, deal.live = "completed", False
            return
        came_back = deal.state == "completed"
        deal.state, deal.live = "active", True
        shortfall = sum((missing for state, missing in states if state == "missed"), ZERO)
        fatal = lapsed if deal.acceleration else [place for place in lapsed if place == len(states) - 1]
        if fatal and self.unallocated < shortfall and not came_back:
            deal.state, deal.live = "broken", False
            return
        released = ZERO if deal.acceleration else sum((states[place][1] for place in lapsed), ZERO)
        for part in sorted(deal.parts, key=lambda part: (part.bill.due, part.bill.move.id)):
            part.released = min(released, part.amount - part.paid)
            released -= part.released


WHICH = st.integers(0, 2)
SHARE = st.sampled_from(["all", "all", "half", "third", "instalment", "cent"])
PAY = st.tuples(st.just("pay"), WHICH, SHARE, st.sampled_from([1, 1, 2]), st.booleans())
DAYS = st.tuples(st.just("days"), st.sampled_from([1, 2, 3, 6, 8, 14]))
ARRANGE = st.tuples(
    st.just("arrange"),
    st.sampled_from([(0,), (0,), (1,), (0, 1), (0, 1, 2)]),
    st.sampled_from(["all", "all", "half"]),
    st.integers(1, 3),
    st.sampled_from([0, 3, 10]),
    st.sampled_from([7, 14]),
    st.fixed_dictionaries(
        {
            "acceptance": st.sampled_from([False, False, True]),
            "acceleration": st.sampled_from([True, True, False]),
            "admin": st.sampled_from([0.0, 0.0, 25.0]),
            "full_interest": st.booleans(),
        }
    ),
)
EVENTS = st.one_of(
    st.tuples(st.just("invoice"), st.sampled_from([100, 149.99, 301, 700]), st.integers(-20, 4)),
    DAYS,
    DAYS,
    PAY,
    PAY,
    ARRANGE,
    ARRANGE,
    st.just(("miss",)),
    st.just(("miss",)),
    st.just(("send",)),
    st.tuples(st.just("float"), st.sampled_from([20, 100, 400])),
    st.tuples(st.just("allocate"), WHICH),
    st.tuples(st.just("back"), WHICH, st.sampled_from(["cancel", "unreconcile"])),
    st.tuples(st.just("credit"), WHICH, SHARE),
    st.tuples(st.just("end"), st.sampled_from(["action_cancel", "accept", "accept"])),
    st.tuples(st.just("amend"), st.integers(1, 3), st.sampled_from([2, 9])),
    st.tuples(st.just("reinstate"), st.sampled_from([None, 3])),
    st.tuples(st.just("bounce"), WHICH),
    st.just(("forgive",)),
    st.tuples(st.just("promise"), WHICH, SHARE, st.sampled_from([0, 5, 12])),
    st.tuples(st.just("dispute"), WHICH, SHARE, st.booleans(), st.sampled_from([0, 4, 15])),
    st.tuples(st.just("solve"), st.sampled_from(["action_accept", "reject", "action_withdraw"])),
    st.just(("call",)),
)
_REMINDED = (("days", 0), ("send",), ("days", 3))
OPENINGS = {
    "overdue": (),
    "reminded": _REMINDED,
    "charged": (*_REMINDED, ("days", 7), ("call",), ("days", 7), ("send",)),
}
PLAN = ("arrange", (0,), "all", 3, 3, 14, {})


@tagged("post_install_l10n", "post_install", "-at_install")
class TestAgreementsStateful(SendingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.write(
            {
                "followup_cutoff_date": date(2025, 1, 1),
                "followup_min_gap": 0,
                "followup_max_contacts": 0,
                "followup_plan_grace_days": GRACE,
                "followup_plan_catchup_days": CATCH_UP,
                "followup_promise_max_row": 0,
            }
        )
        cls.reasons = {
            freeze: cls.env["followup.dispute.reason"].create(
                {"name": f"reason {freeze}", "code": f"test_{freeze}", "freeze": freeze, "days": 9}
            )
            for freeze in (True, False)
        }

    @settings(profile(EXAMPLES // 2))
    @given(
        who=st.sampled_from(["business", "consumer"]),
        opening=st.sampled_from([*OPENINGS, "charged"]),
        first=st.one_of(ARRANGE, EVENTS),
        events=st.lists(EVENTS, min_size=3, max_size=8),
    )
    @example("business", "charged", PLAN, [("miss",), ("reinstate", 3), ("days", 6), ("pay", 0, "all", 2)])
    @example("consumer", "charged", PLAN, [("pay", 0, "all", 2), ("back", 0, "cancel"), ("miss",), ("days", 8)])
    @example("consumer", "reminded", PLAN, [("miss",), ("float", 400), ("days", 14), ("allocate", 0)])
    @example(
        "business", "overdue", (*PLAN[:2], "half", *PLAN[3:]), [("pay", 0, "third", 2, True), ("miss",), ("days", 8)]
    )
    @example("business", "reminded", ("dispute", 0, "all", True, 15), [("credit", 0, "third"), ("days", 3)])
    def _stories(self, who, opening, first, events):
        self.play(getattr(self, who), (*OPENINGS[opening], first, *events))

    def test_agreements_in_any_order(self):
        self.proven = {}
        with (
            freeze_time(START, real_asyncio=True) as self.clock,
            mute_logger("mail.log"),
            patch.object(test_cursor.TestCursor, "now", lambda _cursor: Datetime.now()),
        ):
            self._stories()
        for what in ("active", "broken", "completed", "missed", "level"):
            self.assertTrue(self.proven.get(what), f"no story had {what}: the test proves nothing")

    # Play

    def play(self, partner, events):
        savepoint = self.env.cr.savepoint()
        try:
            self.now, self.partner, self.number = START, partner, 0
            self.clock.move_to(self.now)
            self.book = Book()
            self.left, self.before = set(), None
            self.sink.messages.clear()
            self.event = ("start",)
            self.event_invoice(300, -5)
            self.look()
            for event in events:
                if event[0] == "invoice" and len(self.book.bills) > 2:
                    continue
                self.number += 1
                self.event = event
                self.move_on(minutes=1)
                getattr(self, f"event_{event[0]}")(*event[1:])
                self.look()
        finally:
            savepoint.close(rollback=True)
            self.env.cr.precommit.clear()

    @property
    def today(self):
        return self.now.date()

    @property
    def follow_up(self):
        return self.customer(self.partner)

    def move_on(self, **time):
        self.now += timedelta(**time)
        self.clock.move_to(self.now)

    def fail_with(self, text, *details):
        raise AssertionError(f"{self.today} after {self.number} {self.event}: {text}: {details}")

    def refresh(self):
        self.env.flush_all()
        self.follow_up._refresh()

    def bill(self, which):
        return self.book.bills[which % len(self.book.bills)]

    def item(self, bill):
        return self.env["followup.item"].sudo().search([("move_id", "=", bill.move.id)])

    def share(self, share, whole):
        amount = {
            "all": whole,
            "half": whole / 2,
            "third": whole / 3,
            "instalment": min(Decimal(100), whole),
            "cent": min(CENT, whole),
        }[share]
        return amount.quantize(CENT, ROUND_DOWN)

    # Events: the books

    def event_invoice(self, amount, due_in):
        due = self.today + timedelta(days=due_in)
        move = self.invoice(self.partner, amount=amount, due=due)
        self.book.bills.append(Bill(move, money(amount), due, move.followup_regime == "b2c"))

    def event_days(self, days):
        self.move_on(days=days)
        self.night(self.today)
        once = self.picture()
        self.night(self.today)
        if self.picture() != once:
            self.fail_with("a second night on the same day changed something", *self.difference(once, self.picture()))

    def event_send(self):
        reviews = self.notices(self.partner, state="review", channel="email")
        if reviews:
            self.press(reviews.with_env(self.env), "action_approve")
        with mute_logger("odoo.addons.mail.models.mail_mail", "odoo.addons.l10n_be_followup.models.mail_mail"):
            self.queue()

    def event_pay(self, which, share, pieces, named=False):
        bill = self.bill(which)
        deals = self.book.live("arrangement", bill) if named else ()
        for piece in range(pieces):
            amount = self.share(share, bill.residual) if piece == pieces - 1 else (bill.residual / 5).quantize(CENT)
            if amount > 0:
                entry = self.pay(bill.move, float(amount), self.today)
                bill.entries[entry] = (amount, self.number)
                for deal in deals:
                    entry.ref = deal.record.instalment_ids[:1].reference
                    for part in deal.parts:
                        part.named += [entry] if part.bill is bill else []
                self.refresh()
                self.settle()

    def event_float(self, amount):
        bank = self.company_data["default_journal_bank"]
        receivable = self.company_data["default_account_receivable"]
        lines = [
            {"account_id": bank.default_account_id.id, "debit": amount},
            {"account_id": receivable.id, "partner_id": self.partner.id, "credit": amount},
        ]
        entry = self.env["account.move"].create(
            {"journal_id": bank.id, "date": self.today, "line_ids": [(0, 0, line) for line in lines]}
        )
        entry.action_post()
        self.book.floating[entry] = money(amount)

    def event_allocate(self, which):
        bill = self.bill(which)
        if not self.book.floating or not bill.residual:
            return
        entry, amount = next(iter(self.book.floating.items()))
        part = min(amount, bill.residual)
        self.receivable(entry, bill.move).reconcile()
        (bill.credited if entry.move_type == "out_refund" else bill.entries)[entry] = (
            part + bill.entries.pop(entry, (ZERO, 0))[0] + bill.credited.pop(entry, (ZERO, 0))[0],
            self.number,
        )
        self.book.floating[entry] -= part
        if not self.book.floating[entry]:
            del self.book.floating[entry]

    def receivable(self, *moves):
        lines = self.env["account.move.line"].union(*(move.line_ids for move in moves))
        return lines.filtered(lambda line: line.account_type == "asset_receivable" and not line.reconciled)

    def event_back(self, which, how):
        """A payment is taken back: returned by the bank, or matched with the wrong invoice."""
        bill = self.bill(which)
        if not bill.entries:
            return
        entry = list(bill.entries)[-1]
        amount = sum(other.entries.pop(entry, (ZERO, 0))[0] for other in self.book.bills)
        if how == "cancel":
            entry.button_draft()
            entry.button_cancel()
            self.book.floating.pop(entry, None)
        else:
            entry.line_ids.remove_move_reconcile()
            self.book.floating[entry] = self.book.floating.get(entry, ZERO) + amount

    def event_credit(self, which, share):
        bill = self.bill(which)
        amount = self.share(share, bill.residual)
        if amount > 0:
            refund = self.credit_note(self.partner, float(amount), self.today)
            self.receivable(refund, bill.move).reconcile()
            bill.credited[refund] = (amount, self.number)

    # Events: what is agreed

    def record(self, kind, record, parts, state, until=None, **values):
        deal = Deal(kind, record.sudo(), parts, state, until, since=self.number, **values)
        deal.amount = sum((part.amount for part in parts), ZERO)
        self.book.deals.append(deal)
        return deal

    def event_arrange(self, which, share, number, first, step, options, previous=None):
        options = {"acceptance": False, "acceleration": True, "admin": 0.0, "full_interest": False} | options
        bills = list(dict.fromkeys(self.bill(place) for place in which))
        without = [previous] if previous else []
        for bill in bills:  # what was promised is arranged now
            without += self.book.live("promise", bill)
        parts = []
        for bill in bills:
            free = bill.residual - self.book.held(bill, self.today, without)
            amount = self.share(share, free)
            taken = [deal for deal in self.book.live("arrangement", bill) if deal is not previous]
            if amount > 0 and not taken:
                parts.append(Part(bill, amount, bill.residual, free - amount))
        if not parts:
            return
        consumer = any(part.bill.consumer for part in parts)
        beyond = ZERO if consumer else money(options["admin"])
        total = sum(part.amount for part in parts) + beyond
        number = min(number, int(total / CENT))
        share = (total / number).quantize(CENT, ROUND_DOWN)
        amounts = [share] * (number - 1) + [total - share * (number - 1)]
        schedule = [(self.today + timedelta(days=first + step * place), amount) for place, amount in enumerate(amounts)]
        arrangement = self.env["followup.arrangement"]._arrange(
            self.follow_up,
            [(self.item(part.bill), float(part.amount)) for part in parts],
            [(day, float(amount)) for day, amount in schedule],
            previous=previous.record.sudo(False) if previous else None,
            **(options | {"admin": float(beyond)}),
        )
        for deal in self.book.deals:
            replaced = deal.kind == "promise" and deal.live and {p.bill for p in deal.parts} & {p.bill for p in parts}
            if deal is previous or replaced:
                deal.state, deal.live = "cancelled", False
        arrangement.action_confirm()
        self.record(
            "arrangement",
            arrangement,
            parts,
            "proposed" if options["acceptance"] else "active",
            self.today + timedelta(days=self.company.followup_plan_offer_days),
            schedule=schedule,
            acceleration=options["acceleration"],
            beyond=beyond,
        )

    def event_amend(self, number, first):
        for deal in self.book.live("arrangement")[:1]:
            which = [place for place, bill in enumerate(self.book.bills) if any(p.bill is bill for p in deal.parts)]
            self.event_arrange(which, "all", number, first, 7, {}, previous=deal)

    def event_end(self, method):
        for deal in self.book.live("arrangement")[:1]:
            if method == "accept" and deal.state == "proposed":
                deal.record._accept("Jan Peeters", "198.51.100.7")
                deal.record._accept("Jan Peeters", "198.51.100.7")
                deal.state = "active"
            elif method == "action_cancel":
                deal.record.sudo(False).action_cancel()
                deal.state, deal.live = "cancelled", False

    def event_reinstate(self, days):
        for deal in self.book.deals:
            if deal.kind != "arrangement" or deal.state != "broken":
                continue
            if any(self.book.live("arrangement", part.bill) for part in deal.parts if part.bill.residual):
                with self.assertRaises(UserError), self.env.cr.savepoint():
                    deal.record.sudo(False).action_reinstate(days)
                continue
            deal.record.sudo(False).action_reinstate(days)
            deal.state, deal.live, deal.history = "active", True, None
            deal.catch_up_until = self.today + timedelta(days=days or CATCH_UP)

    def event_miss(self):
        """The next instalment is not paid, and the message about it arrives; the days to catch up begin."""
        for deal in self.book.live("arrangement"):
            states = deal.states(self.book.paid(deal), self.today)
            days = [
                day for (state, _left), (day, _amount) in zip(states, deal.schedule, strict=True) if state != "paid"
            ]
            if deal.state == "active" and days:
                wait = max((days[0] - self.today).days, 0) + GRACE + 3
                for pause in (wait, 0, 3, CATCH_UP + 1):
                    self.event_days(pause)
                    self.look()
                    self.event_send()
                    self.look()
                return

    def event_promise(self, which, share, days):
        bill = self.bill(which)
        earlier = self.book.live("promise", bill)
        free = bill.residual - self.book.held(bill, self.today, earlier)
        amount = self.share(share, free)
        if amount <= 0:
            return
        day = self.today + timedelta(days=days)
        promise = self.env["followup.promise"]._promise(self.follow_up, self.item(bill), float(amount), day)
        for deal in earlier:
            deal.state, deal.live = "cancelled", False
        until = day + timedelta(days=self.company.followup_promise_grace_days)
        self.record("promise", promise, [Part(bill, amount, bill.residual, ZERO)], "active", until)

    def event_dispute(self, which, share, freeze, days):
        bill = self.bill(which)
        promises = self.book.live("promise", bill)
        amount = self.share(share, bill.residual - self.book.held(bill, self.today, promises))
        if amount <= 0:
            return
        deadline = self.today + timedelta(days=days)
        dispute = self.env["followup.dispute"]._dispute(
            self.follow_up, [(self.item(bill), float(amount))], self.reasons[freeze], deadline=deadline
        )
        for deal in promises:
            deal.state, deal.live = "cancelled", False
        part = Part(bill, amount, bill.residual, bill.residual - amount)
        self.record("dispute", dispute, [part], "open", deadline, holds=freeze or bill.consumer)

    def event_solve(self, method):
        for deal in [deal for deal in self.book.live("dispute") if deal.state == "open"][:1]:
            dispute = deal.record.sudo(False)
            if method == "reject":
                dispute._reject("<p>No.</p>")
                deal.state, deal.holds = "rejected", True
                deal.until = self.today + timedelta(days=self.company.followup_dispute_answer_days)
            else:
                getattr(dispute, method)()
                deal.state, deal.live = ("accepted", True) if method == "action_accept" else ("withdrawn", False)
                deal.until = self.today + timedelta(days=30)
                deal.holds |= method == "action_accept"

    # Events: messages

    def event_bounce(self, which):
        notices = self.notices(self.partner, channel="email").filtered(lambda n: n.state in ("sent", "delivered"))
        if notices:
            notices[-1 - which % len(notices)]._bounce("550 gone")

    def event_forgive(self):
        self.follow_up.with_env(self.env).action_clear_failure()

    def event_call(self):
        with self.committing(su=False) as env:
            env["followup.engine"]._complete_call(env["followup.customer"].browse(self.follow_up.ids), "x")

    # Look

    def notices_of(self, deal, place, after):
        instalment = deal.record.instalment_ids.sorted("date")[place]
        return [
            (notice.id, notice.pay_before if notice.state == "delivered" else None)
            for notice in deal.record.notice_ids
            if notice.purpose == "missed" and notice.instalment_id == instalment and notice.id > after
        ]

    def settle(self):
        self.env.invalidate_all()
        self.book.settle(self.today, self.notices_of)

    def look(self):
        self.refresh()
        self.settle()
        self.look_at_departures()
        for deal in self.book.deals:
            self.look_at_deal(deal)
        self.look_at_holds()
        now = self.picture()
        if self.before:
            self.look_at_levels(self.before, now)
            self.look_at_charges(self.before, now)
        self.before = now

    def picture(self):
        """Everything that must stay when nothing happened."""
        self.env.invalidate_all()
        env, mine = self.env, [("customer_id", "=", self.follow_up.id)]

        def rows(model, *names, domain=mine):
            return {
                record.id: tuple(str(record[name]) for name in names) for record in env[model].sudo().search(domain)
            }

        return {
            "items": rows(
                "followup.item", "is_open", "episode", "level_id", "level_date", "waiting_until", "next_date"
            ),
            "notices": rows("followup.notice", "state", "purpose", "pay_before", "occupies", "channel"),
            "charges": rows("followup.charge", "kind", "amount", "state", "move_id"),
            "covers": rows("followup.cover", "live", "holds", "until", "released", "rest"),
            "deals": [(str(deal.record), deal.record.state) for deal in self.book.deals],
            "instalments": rows("followup.instalment", "date", "amount", "amount_paid", "state"),
        }

    @staticmethod
    def difference(old, new):
        for name in old:
            if old[name] != new[name]:
                before, after = old[name], new[name]
                if isinstance(before, dict):
                    keys = [key for key in before.keys() | after.keys() if before.get(key) != after.get(key)]
                    before, after = [before.get(key) for key in keys], [after.get(key) for key in keys]
                yield name, before, after

    def look_at_deal(self, deal):
        record = deal.record
        if record.state != deal.state:
            self.fail_with(f"{record.name} should be {deal.state}", record.state, record.close_reason, deal)
        self.proven[deal.state] = True
        if not record.user_id:
            self.fail_with("nobody owns it", record.name)
        for part in deal.parts:
            [cover] = record.cover_ids.filtered(lambda cover, part=part: cover.move_id == part.bill.move)
            if cover.live != deal.live:
                self.fail_with(f"{record.name} is {deal.state} and its cover is {cover.live}", deal)
            if not cover.until:
                self.fail_with("a hold without an end", record.name)
            if deal.live and max(money(cover.rest), ZERO) != part.rest:
                self.fail_with(f"{record.name} holds {cover.rest}, not {part.rest}", part)
        if deal.kind != "arrangement":
            return
        instalments = record.instalment_ids.sorted("date")
        if sum((money(i.amount) for i in instalments), ZERO) != money(record.amount_total):
            self.fail_with("the instalments are not the total", record.name)
        seen = [(instalment.state, money(instalment.amount_paid)) for instalment in instalments]
        if deal.state == "active":
            paid = self.book.paid(deal)
            expected = [
                (state, amount - left)
                for (state, left), (_day, amount) in zip(deal.states(paid, self.today), deal.schedule, strict=True)
            ]
            if seen != expected:
                self.fail_with(f"instalments of {record.name}", seen, expected)
            self.proven["missed"] = self.proven.get("missed") or any(state == "missed" for state, _paid in seen)
            if record.next_date != next(
                day for (day, _a), (state, _p) in zip(deal.schedule, expected, strict=True) if state != "paid"
            ):
                self.fail_with("another next instalment", record.next_date)
        if deal.state == "completed" and any(state != "paid" for state, _paid in seen):
            self.fail_with("completed with something unpaid", seen)
        if deal.state == "broken":
            if deal.history and deal.history != seen:
                self.fail_with("the history of a broken arrangement changed", deal.history, seen)
            deal.history = seen

    def look_at_holds(self):
        company = self.company
        [customer] = self.engine._select(company, self.follow_up.ids, self.today)
        held = {item.id: item.held(self.today) for item in customer.items}
        for bill in self.book.bills:
            item = self.item(bill)
            if money(item.amount_residual_currency) != bill.residual or item.is_open != bool(bill.residual):
                self.fail_with("another residual", bill, item.amount_residual_currency)
            if item.is_open and held[item.id] != self.book.held(bill, self.today):
                self.fail_with(f"{bill.move.name}: held", held[item.id], self.book.held(bill, self.today))
            if len(self.book.live("arrangement", bill)) > 1:
                self.fail_with("two arrangements over one invoice", bill.move.name)

    def look_at_departures(self):
        """What left since the last look, or is prepared, asks for no more than the book allows."""
        notices = self.notices(self.partner)
        for notice in notices.filtered(lambda n: n.state in ("sent", "sending", "delivered") and n.id not in self.left):
            self.left.add(notice.id)
            self.proven[notice.purpose] = True
            for line in notice.line_ids if notice.channel == "email" else ():
                [bill] = [bill for bill in self.book.bills if bill.move == line.move_id]
                payable = bill.residual - self.book.held(bill, self.today)
                if money(line.amount_residual) > payable or not payable:
                    self.fail_with("it asks for what is held", notice.name, line.amount_residual, payable, bill)
            if notice.purpose in ("missed", "instalment"):
                [deal] = [deal for deal in self.book.deals if deal.record == notice.arrangement_id]
                place = deal.record.instalment_ids.sorted("date").ids.index(notice.instalment_id.id)
                state, _left = deal.states(self.book.paid(deal), self.today)[place]
                wrong = state != "missed" if notice.purpose == "missed" else state not in ("planned", "partly", "due")
                if deal.state != "active" or wrong:
                    self.fail_with(f"a message about an instalment that is {state}", notice.name, notice.purpose, deal)

    def look_at_levels(self, before, now):
        """A level changes by a message that arrived or came back, or by a payment that was taken back: by nothing else."""
        moved = set()
        for number, row in now["notices"].items():
            old = before["notices"].get(number)
            if old is None or (old != row and "delivered" in (old[0], row[0])):
                moved.add(number)
        lines = self.env["followup.notice"].sudo().browse(moved).line_ids.filtered("advances")
        for number, row in now["items"].items():
            old = before["items"].get(number)
            if old is None or old[2:5] == row[2:5] or old[1] != row[1]:
                continue
            own = lines.filtered(lambda line, number=number: line.item_id.id == number)
            if not own:
                self.fail_with("a level changed by itself", old, row)
            called = own.notice_id.filtered(lambda notice: notice.channel == "call")
            [bill] = [bill for bill in self.book.bills if bill.move == own.move_id[:1]]
            held = self.book.held(bill, self.today)
            if own.notice_id == called and self.event[0] in ("days", "miss") and held == bill.residual:
                self.fail_with("a level was reached by a call that nobody made about what is held", called.name)

    def look_at_charges(self, before, now):
        """Nothing new is claimed on what is arranged, ever less for a consumer; what was claimed before stays."""
        consumer = self.partner == self.consumer
        for number, (kind, amount, state, move) in now["charges"].items():
            if consumer and kind not in ("interest", "compensation", "reminder"):
                self.fail_with("a consumer pays for his arrangement", kind, amount)
            old = before["charges"].get(number)
            grown = money(amount) - (money(old[1]) if old else ZERO)
            bills = [bill for bill in self.book.bills if str(bill.move) == move]
            for bill in bills:
                running = [d for d in self.book.live("arrangement", bill) if d.state == "active"]
                whole = running and self.book.held(bill, self.today) == bill.residual
                if grown > 0 and state == "claimed" and bill.residual and (whole or (running and consumer)):
                    self.fail_with("a charge on what is arranged", kind, amount, old, bill)
            fell = old and (grown < 0 or (old[2] == "claimed" and state == "cancelled"))
            allowed = self.event[0] in ("bounce", "credit") or kind in (
                "agreed_interest",
                "administration",
                "missed_interest",
            )
            if fell and not allowed:
                self.fail_with("a claim was lost", old, (kind, amount, state))
