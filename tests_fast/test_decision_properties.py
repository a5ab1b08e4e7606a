"""What must hold for every customer, whatever his items, policies and settings: found by trying many."""

import random
from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.decision import SOFT_REASONS, Credit, Customer, Item, Level, Policy, Reason, Settings, decide

TODAY = date(2026, 11, 18)
HOLIDAYS = frozenset(TODAY + timedelta(days=days) for days in (-7, 2, 5, 6))
KINDS = ("courtesy", "first_reminder", "reminder", "formal_notice", "final_notice", "hand_over")
#: Reasons that no person can waive and that come with the item itself.
HELD = ("hold", "blocked", "no_followup", "payment_in_progress", "failed")


def working(day):
    return day.weekday() < 5 and day not in HOLIDAYS


class Maker:
    """Builds a situation out of a seed: a thousand of them cost less than ten that Hypothesis draws piece by piece.

    Rare things are rare here too, so that they do not all happen at once and stop everything.
    """

    def __init__(self, seed):
        self.random = random.Random(seed)

    def rarely(self, value, usual=None, chance=0.2):
        return value() if self.random.random() < chance else usual

    def day(self, first, last):
        return TODAY + timedelta(days=self.random.randint(first, last))

    def money(self, last=400):
        return Decimal(self.random.randint(1, last * 100)) / 100

    def policy(self, number):
        """A ladder as the add-on accepts it: never milder than before, one first reminder, a channel on each level."""
        kinds = [kind for kind in KINDS if self.random.random() < 0.6] or ["reminder"]
        if "reminder" in kinds and self.random.random() < 0.5:
            kinds.insert(kinds.index("reminder"), "reminder")
        levels = []
        for place, kind in enumerate(kinds):
            written = kind in ("courtesy", "first_reminder") or self.random.random() < 0.7
            start = "due_date"
            if place and kind not in ("courtesy", "first_reminder"):
                start = self.random.choice(("due_date", "previous", "previous", "waiting_period"))
            levels.append(
                Level(
                    id=number * 100 + place,
                    sequence=place * 10,
                    kind=kind,
                    delay=self.random.randint(-9, -1) if kind == "courtesy" else self.random.randint(0, 15),
                    delay_from=start,
                    written=written,
                    call=not written or self.random.random() < 0.2,
                    automatic=self.random.random() < 0.8,
                    minimum_amount=self.rarely(self.money, Decimal(0)),
                )
            )
        return Policy(number, tuple(levels))

    def reason(self):
        return Reason(self.random.choice(HELD), self.rarely(lambda: self.day(-3, 9), None, 0.7), "for a reason")

    def item(self, number, policies):
        policy = self.random.choice(policies)
        reached = self.random.choice([None, None, *policy.levels]) if policy else None
        kind = reached.kind if reached else self.rarely(lambda: self.random.choice(KINDS))
        amount = self.money()
        return Item(
            id=number,
            due_date=self.day(-60, 12),
            currency=self.random.choice((1, 1, 1, 2)),
            residual=amount,
            residual_company=amount,
            policy=policy,
            level_id=reached.id if reached else 999 if kind else None,
            level_kind=kind,
            delivered_on=self.day(-40, 0) if kind else None,
            waiting_until=self.rarely(lambda: self.day(-30, 14), None, 0.7) if kind else None,
            pending=self.rarely(lambda: True, False, 0.1),
            holds=self.rarely(lambda: (self.reason(),), ()),
        )

    def customer(self, count):
        policies = [usual := self.policy(1), usual, self.policy(2)]
        policies += self.rarely(lambda: [None, Policy(3, ())], [])
        items = tuple(self.item(number, policies) for number in range(1, count + 1))
        credits = self.rarely(lambda: [(self.random.choice((1, 2)), self.money(800))], [], 0.3)
        return Customer(
            id=1,
            items=items,
            credits=tuple(Credit(currency, amount, amount) for currency, amount in credits),
            last_message_on=self.rarely(lambda: self.day(-10, 0), None, 0.4),
            holds=self.rarely(lambda: (self.reason(),), (), 0.1),
            notice_open=self.rarely(lambda: True, False, 0.1),
            contacts=self.random.randint(0, 4),
            messages=self.rarely(lambda: (self.day(-8, -1), TODAY, self.day(-8, 0)), (), 0.35),
        )

    def settings(self):
        return Settings(
            minimum_gap=self.random.choice((0, 7)),
            max_contacts=self.rarely(lambda: 3, 0),
            minimum_amount=self.rarely(self.money, Decimal(0)),
            minimums=self.rarely(lambda: {2: self.money()}, {}),
            cutoff=self.rarely(lambda: self.day(-60, 0)),
            paused_until=self.rarely(lambda: self.day(-2, 5), None, 0.1),
            newest_bank_data=self.rarely(lambda: self.day(-10, 0), None, 0.5),
            freshness_days=self.rarely(lambda: 7, 0),
            live=self.random.random() < 0.5,
            day_cap=self.rarely(lambda: 1, 0, 0.5),
            week_cap=self.rarely(lambda: 2, 0, 0.5),
            stopped=self.rarely(lambda: True, False, 0.03),
        )

    def situation(self, count):
        """(customer, settings, today, manual, approved)"""
        customer = self.customer(count)
        if self.random.random() < 0.1:
            # Nothing is overdue: the customers to whom a courtesy message may go.
            early = (replace(item, due_date=self.day(7, 12), level_id=None, level_kind=None) for item in customer.items)
            customer = replace(customer, items=tuple(early))
        approved = frozenset(item.id for item in customer.items if self.random.random() < 0.2)
        today = self.rarely(lambda: self.day(0, 6), TODAY, 0.3)
        return customer, self.settings(), today, self.random.random() < 0.2, approved


def situations(least=0):
    # The number of items first: that is what Hypothesis makes small when a property fails.
    return st.tuples(st.integers(least, 4), st.integers(0, 10**9)).map(
        lambda drawn: Maker(drawn[1]).situation(drawn[0])
    )


many = settings(max_examples=max(120, settings.default.max_examples))


def ask(situation):
    customer, chosen, today, manual, approved = situation
    return decide(customer, chosen, today, working, manual, approved)


def lines(decision):
    return (*decision.message, *decision.calls)


def advanced(decision):
    return {line.item.id: line.level for line in lines(decision) if line.advances}


def holds_now(customer, item, today):
    return [hold for hold in (*customer.holds, *item.holds) if hold.until is None or hold.until >= today]


def expected_next(item, today):
    """The next level of an item, written down a second time from the design: the one after the level delivered."""
    levels = item.policy.levels
    if item.level_id in [level.id for level in levels]:
        place = [level.id for level in levels].index(item.level_id) + 1
    elif item.level_kind:
        place = sum(KINDS.index(level.kind) <= KINDS.index(item.level_kind) for level in levels)
    else:
        place = 0
    rest = [level for level in levels[place:] if level.kind != "courtesy" or item.due_date >= today]
    if rest and rest[0].delay_from == "waiting_period" and item.waiting_until is None:
        # The consumer's free reminder is not proved: the ladder begins with it, or stops.
        return [level for level in levels if level.kind == "first_reminder"][:1]
    # A courtesy day that passed may be made good until the due date, then the next level counts.
    return rest[:2] if rest and rest[0].kind == "courtesy" else rest[:1]


# The properties


@many
@given(situations())
def test_no_level_is_skipped(situation):
    today = situation[2]
    decision = ask(situation)
    by_id = {item.id: item for item in situation[0].items}
    for number, level in advanced(decision).items():
        assert level in expected_next(by_id[number], today)


@many
@given(situations())
def test_an_item_is_in_one_message_once(situation):
    decision = ask(situation)
    numbers = [line.item.id for line in decision.message]
    assert len(numbers) == len(set(numbers))
    # A level is written or a call, and an item takes one level: it never advances in both.
    written = {line.item.id for line in decision.message if line.advances}
    assert not written & {line.item.id for line in decision.calls}
    assert bool(decision.message) == bool(decision.message_level) == bool(written)
    if decision.message:
        assert decision.message_level is max(
            (line.level for line in decision.message if line.advances), key=lambda level: level.rank
        )


@many
@given(situations())
def test_a_second_run_sends_nothing(situation):
    """After the first run its items are under way; whether its message left already or not, nothing follows.

    Without a minimum gap, so that the guards alone must do.
    """
    customer, chosen, today, manual, approved = situation
    chosen = replace(chosen, minimum_gap=0, day_cap=0, week_cap=0)
    first = decide(customer, chosen, today, working, manual, approved)
    if not first.acts:
        return
    taken = advanced(first)
    under_way = tuple(replace(item, pending=True) if item.id in taken else item for item in customer.items)
    prepared = replace(customer, items=under_way, notice_open=bool(first.message) or customer.notice_open)
    left = replace(customer, items=under_way, last_message_on=today if first.message else customer.last_message_on)
    for state in (prepared, left):
        assert not decide(state, chosen, today, working, manual, approved).acts


@many
@given(situations())
def test_held_pending_and_without_policy(situation):
    customer, _settings, today, _manual, _approved = situation
    decision = ask(situation)
    rows = {row.item.id: row for row in decision.items}
    mentioned = {line.item.id for line in lines(decision)}
    for item in customer.items:
        if holds := holds_now(customer, item, today):
            assert item.id not in mentioned
            assert {hold.code for hold in holds} <= {reason.code for reason in rows[item.id].reasons}
        if item.pending or item.policy is None or not item.policy.levels:
            assert item.id not in advanced(decision)
            assert rows[item.id].reasons
        if item.policy is None and not item.pending:
            assert item.id not in mentioned


@many
@given(situations())
def test_an_open_notice_stops_everything(situation):
    customer, *rest = situation
    assert not ask((replace(customer, notice_open=True), *rest)).acts


@many
@given(situations(), st.booleans())
def test_credits_that_cover_stop_everything_overdue(situation, together):
    customer, chosen, today, manual, approved = situation
    free = [item for item in customer.items if item.due_date < today and not holds_now(customer, item, today)]
    if not free:
        return
    owed = {}
    for item in free:
        owed[item.currency] = owed.get(item.currency, Decimal(0)) + item.residual
    if together:
        credits = (Credit(3, Decimal(1), sum(owed.values())),)
        covered = set(owed)
    else:
        currency = min(owed)
        credits = (Credit(currency, owed[currency], owed[currency]),)
        covered = {currency}
    decision = decide(replace(customer, credits=credits), chosen, today, working, manual, approved)
    for line in lines(decision):
        assert not (line.advances and line.item.currency in covered and line.item.due_date < today)


@many
@given(situations())
def test_only_a_courtesy_message_comes_before_the_due_date(situation):
    decision = ask(situation)
    today = situation[2]
    for line in lines(decision):
        if line.item.due_date >= today:
            assert line.advances and line.level.kind == "courtesy"
            assert decision.message_level.kind == "courtesy"
            assert all(other.item.due_date >= today for other in decision.message)


@many
@given(situations())
def test_only_on_working_days_and_days_due(situation):
    """Without a person, nothing happens on a day off, in a pause, before the day, or twice within the gap."""
    customer, chosen, today, _manual, _approved = situation
    decision = decide(customer, chosen, today, working)
    if decision.acts:
        assert working(today)
        assert chosen.paused_until is None or chosen.paused_until < today
        for line in lines(decision):
            if line.advances:
                assert chosen.cutoff is None or line.item.due_date >= chosen.cutoff
    if decision.message and customer.last_message_on and chosen.minimum_gap:
        assert (today - customer.last_message_on).days >= chosen.minimum_gap
    for row in decision.items:
        if row.due:
            assert row.on <= today


@many
@given(situations())
def test_never_over_a_cap_nor_through_a_stop(situation):
    customer, chosen, today, _manual, _approved = situation
    decision = ask((customer, chosen, today, False, frozenset()))
    week = [day for day in customer.messages if day > today - timedelta(days=7)]
    if decision.message:
        assert not chosen.day_cap or week.count(today) < chosen.day_cap
        assert not chosen.week_cap or len(week) < chosen.week_cap
    if chosen.stopped:
        assert not ask(situation).acts


@many
@given(situations())
def test_a_person_waives_no_hard_reason(situation):
    customer, chosen, today, _manual, approved = situation
    alone = decide(customer, chosen, today, working)
    hard = {row.item.id: {reason.code for reason in row.reasons} - SOFT_REASONS for row in alone.items}
    for decision in (
        decide(customer, chosen, today, working, manual=True),
        decide(customer, chosen, today, working, approved=approved),
    ):
        for row in decision.items:
            codes = {reason.code for reason in row.reasons}
            assert hard[row.item.id] <= codes
            if hard[row.item.id]:
                assert row.item.id not in advanced(decision)
        # Who was not asked about is decided as without a person.
    for number in advanced(decide(customer, chosen, today, working, approved=approved)):
        assert number in approved or number in {row.item.id for row in alone.items if not hard[row.item.id]}


@many
@given(situations())
def test_nobody_shortens_the_fourteen_days(situation):
    """Articles XIX.2 and 4: not by hand either. Written down without `SOFT_REASONS`."""
    today = situation[2]
    for line in lines(ask(situation)):
        if line.advances and line.level.delay_from == "waiting_period":
            assert line.item.waiting_until is not None
            assert line.item.waiting_until + timedelta(days=line.level.delay) <= today


@many
@given(situations())
def test_a_person_never_makes_less_happen(situation):
    customer, chosen, today, _manual, approved = situation
    alone = set(advanced(decide(customer, chosen, today, working)))
    assert alone <= set(advanced(decide(customer, chosen, today, working, manual=True)))
    assert alone <= set(advanced(decide(customer, chosen, today, working, approved=approved)))


@many
@given(situations())
def test_every_overdue_item_advances_or_says_why_not(situation):
    today = situation[2]
    decision = ask(situation)
    taken = advanced(decision)
    for row in decision.items:
        assert (row.item.id in taken) == row.due
        if row.item.due_date < today and row.item.id not in taken:
            assert row.reasons, row
        dated = [reason for reason in row.reasons if reason.until is not None]
        assert all(reason.until >= today for reason in dated), "a reason that is over is none"


@many
@given(situations())
def test_the_next_date_lies_ahead_unless_it_is_now(situation):
    customer, chosen, today, _manual, _approved = situation
    decision = decide(customer, chosen, today, working)
    for row in decision.items:
        if row.on is not None and not row.due:
            assert row.on > today
            assert working(row.on)
            # On that day none of the reasons known today holds any more.
            later = decide(customer, chosen, row.on, working)
            [then] = [other for other in later.items if other.item.id == row.item.id]
            assert not {(r.code, r.until) for r in then.reasons} & {(r.code, r.until) for r in row.reasons}
    if decision.next_date is not None and decision.next_date < today:
        assert decision.acts
    if decision.acts:
        assert decision.next_date is not None and decision.next_date <= today


@many
@given(situations(), st.integers(0, 10**6))
def test_the_order_of_the_items_means_nothing(situation, seed):
    customer, *rest = situation
    shuffled = list(customer.items)
    random.Random(seed).shuffle(shuffled)
    one, other = ask(situation), ask((replace(customer, items=tuple(shuffled)), *rest))

    def answer(decision):
        return (
            {line.item.id: (line.level, line.advances) for line in decision.message},
            {line.item.id: line.level for line in decision.calls},
            (decision.message_level, decision.call_level, decision.review, decision.next_level, decision.next_date),
            {row.item.id: (row.level, row.on, row.reasons) for row in decision.items},
            set(decision.reasons),
        )

    assert answer(one) == answer(other)
    assert ask(situation) == one, "asked again: the same"


@many
@given(situations())
def test_a_whole_ladder_is_climbed_step_by_step(situation):
    """Four months: each item takes each level at most once, in order, none left out."""
    customer, chosen, _today, _manual, _approved = situation
    chosen = replace(
        chosen, minimum_gap=0, paused_until=None, cutoff=None, freshness_days=0, day_cap=0, week_cap=0, stopped=False
    )
    fresh = [replace(item, level_id=None, level_kind=None, delivered_on=None) for item in customer.items]
    customer = replace(customer, items=tuple(replace(item, waiting_until=None) for item in fresh))
    climbed = {item.id: [] for item in customer.items}
    for number in range(0, 120, 4):
        today = TODAY + timedelta(days=number)
        taken = advanced(decide(customer, chosen, today, working))
        for item_id, level in taken.items():
            climbed[item_id].append(level)
        customer = replace(customer, items=tuple(delivered(item, taken.get(item.id), today) for item in customer.items))
    for item in customer.items:
        if levels := climbed[item.id]:
            ladder = [level for level in item.policy.levels if level.kind != "courtesy" or level in levels]
            assert levels == ladder[: len(levels)]


def delivered(item, level, today):
    if level is None:
        return item
    item = replace(item, level_id=level.id, level_kind=level.kind, delivered_on=today)
    return replace(item, waiting_until=today + timedelta(days=15)) if level.kind == "first_reminder" else item


def test_the_situations_are_worth_something():
    """Properties of situations in which nothing ever happens would hold for nothing."""
    seen = Counter()
    for seed in range(1000):
        decision = ask(Maker(seed).situation(1 + seed % 4))
        seen.update({reason.code for row in decision.items for reason in row.reasons})
        seen["message"] += bool(decision.message)
        seen["calls"] += bool(decision.calls)
        seen["named"] += any(not line.advances for line in decision.message)
        seen["courtesy"] += bool(decision.message_level) and decision.message_level.kind == "courtesy"
        seen["two levels"] += len(set(advanced(decision).values())) > 1
        seen["two currencies"] += len({line.item.currency for line in decision.message}) > 1
    wanted = {"message", "calls", "named", "courtesy", "two levels", "two currencies", *SOFT_REASONS, *HELD}
    wanted |= {"credits", "waiting_period", "notice_open", "notice_under_way", "not_overdue", "overdue_elsewhere"}
    rare = {name: seen[name] for name in wanted if seen[name] < 10}
    assert not rare
