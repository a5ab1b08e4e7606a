"""How an arrangement stands: cases with the reasoning beside them, and what holds for every course of payments."""

import random
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.agreement import STATES, Agreement, Part, judge
from engine.schedule import Plan, plan
from legal.calendar import is_working_day

D = Decimal
ONE_DAY = timedelta(days=1)


def day(text):
    return date.fromisoformat(text)


#: Three parts of 100.00, on a Tuesday, a Thursday and a Monday (Sunday 1 November is a holiday besides).
#: Three days of grace end on Friday 4 September, Monday 5 October (from Sunday) and Thursday 5 November.
PARTS = (
    Part(day("2026-09-01"), D("100.00")),
    Part(day("2026-10-01"), D("100.00")),
    Part(day("2026-11-02"), D("100.00")),
)


def ask(today, paid="0", first=None, second=None, third=None, **values):
    """A verdict on the three parts; `first`, `second` and `third` are values of theirs."""
    parts = tuple(replace(part, **(given or {})) for part, given in zip(PARTS, (first, second, third), strict=True))
    return judge(Agreement(parts, D(paid), **values), day(today), is_working_day)


def states(verdict):
    return " ".join(state.state for state in verdict.parts)


def told(until):
    """A notice was delivered."""
    return {"missed_notified": True, "missed_notice_pay_before": day(until)}


# States

STATE_CASES = [
    ("2026-08-01", "0", "planned planned planned"),
    ("2026-08-01", "0.01", "partly planned planned"),
    ("2026-08-01", "100", "paid planned planned"),
    ("2026-08-01", "150.00", "paid partly planned"),
    ("2026-08-01", "300.00", "paid paid paid"),
    ("2026-08-01", "900.00", "paid paid paid"),
    ("2026-09-01", "0", "due planned planned"),
    ("2026-09-01", "99.99", "partly planned planned"),
    ("2026-09-01", "100.00", "paid planned planned"),
    ("2026-09-02", "0", "late planned planned"),
    ("2026-09-02", "99.99", "late planned planned"),
    ("2026-09-04", "0", "late planned planned"),
    ("2026-09-05", "0", "missed planned planned"),
    ("2026-09-05", "99.99", "missed planned planned"),
    ("2026-09-05", "100.00", "paid planned planned"),
    # Three days after Thursday 1 October is a Sunday: Monday is in time.
    ("2026-10-05", "100.00", "paid late planned"),
    ("2026-10-06", "100.00", "paid missed planned"),
    ("2026-10-06", "0", "missed missed planned"),
    ("2027-01-01", "250.00", "paid paid missed"),
]


@pytest.mark.parametrize(("today", "paid", "expected"), STATE_CASES)
def test_states(today, paid, expected):
    assert states(ask(today, paid)) == expected
    assert set(expected.split()) <= set(STATES)


def test_what_was_paid_of_each():
    verdict = ask("2026-08-01", "150.00")
    assert [state.paid for state in verdict.parts] == [D(100), D(50), D(0)]
    assert (verdict.next_index, verdict.completed, verdict.shortfall) == (1, False, 0)


def test_grace_ends_on_a_working_day():
    verdict = ask("2026-08-01")
    assert [str(state.grace_until) for state in verdict.parts] == ["2026-09-04", "2026-10-05", "2026-11-05"]


def test_no_grace_on_a_holiday_is_the_next_working_day():
    christmas = Agreement((Part(day("2026-12-25"), D(5)),), D(0), grace_days=0)
    for today, expected in (("2026-12-25", "due"), ("2026-12-28", "late"), ("2026-12-29", "missed")):
        verdict = judge(christmas, day(today), is_working_day)
        assert (states(verdict), verdict.parts[0].grace_until) == (expected, day("2026-12-28"))


def test_no_grace_at_all():
    assert states(ask("2026-09-02", grace_days=0)) == "missed planned planned"


@pytest.mark.parametrize("paid", ["300.00", "300", "300.01", "1000"])
def test_completed(paid):
    verdict = ask("2027-01-01", paid, told("2026-09-14"), told("2026-10-14"), told("2026-11-14"))
    assert (verdict.completed, verdict.broken, verdict.shortfall, verdict.released) == (True, False, 0, 0)
    assert (verdict.next_index, verdict.remind, verdict.notify_missed, verdict.held_until) == (None,) * 4


# Reminders

REMIND_CASES = {
    "four days before: not yet": ("2026-08-28", {}, None),
    "three days before": ("2026-08-29", {}, 0),
    "the day before": ("2026-08-31", {}, 0),
    "on the day itself it is too late": ("2026-09-01", {}, None),
    "once is enough": ("2026-08-31", {"first": {"reminded": True}}, None),
    "paid": ("2026-08-31", {"paid": "100.00"}, None),
    "partly paid": ("2026-08-31", {"paid": "99.99"}, 0),
    "the next one": ("2026-09-30", {"paid": "100.00"}, 1),
    "not while one before it is missed": ("2026-09-30", {"paid": "99.99"}, None),
    "one before it that is only late does no harm": ("2026-09-30", {"grace_days": 60}, 1),
    "no reminders wanted": ("2026-08-31", {"remind_days": 0}, None),
    "two in reach: the first": ("2026-08-28", {"remind_days": 60}, 0),
    "two in reach, the first reminded: the second": (
        "2026-08-28",
        {"remind_days": 60, "first": {"reminded": True}},
        1,
    ),
}


@pytest.mark.parametrize("case", REMIND_CASES.values(), ids=REMIND_CASES)
def test_remind(case):
    today, values, expected = case
    assert ask(today, **values).remind == expected


# Missed: the notice first, then time, then the break

MISSED_CASES = {
    # name: (today, values, notify, broken, shortfall, held until)
    "nothing missed": ("2026-09-04", {}, None, False, "0", "2026-09-04"),
    "before the first day": ("2026-08-01", {}, None, False, "0", "2026-09-04"),
    "the first one paid: the second one counts": ("2026-08-01", {"paid": "100"}, None, False, "0", "2026-10-05"),
    "missed today": ("2026-09-05", {}, 0, False, "100", "2026-09-05"),
    "partly paid": ("2026-09-05", {"paid": "60"}, 0, False, "40", "2026-09-05"),
    "a notice is on its way": (
        "2026-12-31",
        {"first": {"missed_notified": True}, "second": {"missed_notified": True}, "third": {"missed_notified": True}},
        None,
        False,
        "300",
        "2026-12-31",
    ),
    "the last day to catch up": ("2026-09-18", {"first": told("2026-09-18")}, None, False, "100", "2026-09-18"),
    "well before it": ("2026-09-08", {"first": told("2026-09-18")}, None, False, "100", "2026-09-18"),
    "that day has passed": ("2026-09-19", {"first": told("2026-09-18")}, None, True, "100", "2026-09-18"),
    "caught up": ("2026-09-19", {"first": told("2026-09-18"), "paid": "100"}, None, False, "0", "2026-10-05"),
    "a cent short": ("2026-09-19", {"first": told("2026-09-18"), "paid": "99.99"}, None, True, "0.01", "2026-09-18"),
    "money waits that covers it: look first": (
        "2026-09-19",
        {"first": told("2026-09-18"), "waiting_money": D(100)},
        None,
        False,
        "100",
        "2026-09-19",
    ),
    "money waits, not enough": (
        "2026-09-19",
        {"first": told("2026-09-18"), "waiting_money": D("99.99")},
        None,
        True,
        "100",
        "2026-09-18",
    ),
    "no notice while money waits that covers it": (
        "2026-09-05",
        {"waiting_money": D(100)},
        None,
        False,
        "100",
        "2026-09-05",
    ),
    "a notice while less waits": ("2026-09-05", {"waiting_money": D("99.99")}, 0, False, "100", "2026-09-05"),
    "it has to cover both": ("2026-10-06", {"waiting_money": D("199.99")}, 0, False, "200", "2026-10-06"),
    "the first one before the second": ("2026-10-06", {}, 0, False, "200", "2026-10-06"),
    "the second when the first has its notice": (
        "2026-10-06",
        {"first": {"missed_notified": True}},
        1,
        False,
        "200",
        "2026-10-06",
    ),
    "the second when the first is caught up": ("2026-10-06", {"paid": "100"}, 1, False, "100", "2026-10-06"),
    "what is broken gets no further notice": (
        "2026-10-06",
        {"first": told("2026-09-18")},
        None,
        True,
        "200",
        "2026-09-18",
    ),
    "a notice of the second alone breaks too": (
        "2026-10-20",
        {"second": told("2026-10-19")},
        None,
        True,
        "200",
        "2026-10-19",
    ),
    "the earlier of two last days counts": (
        "2026-10-10",
        {"first": told("2026-10-30"), "second": told("2026-10-19")},
        None,
        False,
        "200",
        "2026-10-19",
    ),
    "grace made longer after the notice": (
        "2026-09-20",
        {"first": told("2026-09-18"), "grace_days": 30},
        None,
        False,
        "0",
        "2026-10-01",
    ),
}


@pytest.mark.parametrize("case", MISSED_CASES.values(), ids=MISSED_CASES)
def test_missed(case):
    today, values, notify, broken, shortfall, held_until = case
    verdict = ask(today, **values)
    assert (verdict.notify_missed, verdict.broken) == (notify, broken)
    assert (verdict.shortfall, verdict.held_until) == (D(shortfall), day(held_until))
    assert verdict.released == 0


# Without acceleration a part goes back alone

ALONE_CASES = {
    # name: (today, values, notify, broken, released, held until)
    "missed": ("2026-09-05", {}, 0, False, "0", "2026-09-05"),
    "the last day to catch up": ("2026-09-18", {"first": told("2026-09-18")}, None, False, "0", "2026-09-18"),
    "that day has passed: released, and the next one counts": (
        "2026-09-19",
        {"first": told("2026-09-18")},
        None,
        False,
        "100",
        "2026-10-05",
    ),
    "only what is missing": (
        "2026-09-19",
        {"first": told("2026-09-18"), "paid": "60"},
        None,
        False,
        "40",
        "2026-10-05",
    ),
    "caught up later": ("2026-09-25", {"first": told("2026-09-18"), "paid": "100"}, None, False, "0", "2026-10-05"),
    "the second one missed gets its notice": (
        "2026-10-06",
        {"first": told("2026-09-18")},
        1,
        False,
        "100",
        "2026-10-06",
    ),
    "the last day of the last part": (
        "2026-11-20",
        {"first": told("2026-09-18"), "second": told("2026-10-19"), "third": told("2026-11-20")},
        None,
        False,
        "200",
        "2026-11-20",
    ),
    "the last part's day has passed: broken": (
        "2026-11-21",
        {"first": told("2026-09-18"), "second": told("2026-10-19"), "third": told("2026-11-20")},
        None,
        True,
        "300",
        "2026-11-20",
    ),
    "money waits for all of it": (
        "2026-11-21",
        {
            "first": told("2026-09-18"),
            "second": told("2026-10-19"),
            "third": told("2026-11-20"),
            "waiting_money": D(300),
        },
        None,
        False,
        "300",
        "2026-11-21",
    ),
}


@pytest.mark.parametrize("case", ALONE_CASES.values(), ids=ALONE_CASES)
def test_without_acceleration(case):
    today, values, notify, broken, released, held_until = case
    verdict = ask(today, acceleration=False, **values)
    assert (verdict.notify_missed, verdict.broken) == (notify, broken)
    assert (verdict.released, verdict.held_until) == (D(released), day(held_until))


# Guards


@pytest.mark.parametrize(
    ("values", "error", "sentence"),
    [
        ({"paid": D(-1)}, ValueError, r"What was paid must not be negative \(-1\)"),
        ({"paid": D("NaN")}, ValueError, "finite"),
        ({"paid": 1.0}, TypeError, "What was paid must be a Decimal"),
        ({"waiting_money": D(-1)}, ValueError, "The waiting money must not be negative"),
        ({"waiting_money": 0}, TypeError, "The waiting money must be a Decimal"),
        ({"grace_days": -1}, ValueError, "The days of grace must not be negative"),
        ({"grace_days": 3.0}, TypeError, "The days of grace must be an int"),
        ({"grace_days": 10**8}, ValueError, "beyond the calendar"),
        ({"remind_days": -1}, ValueError, "The days to remind must not be negative"),
        ({"remind_days": True}, TypeError, "The days to remind must be an int"),
        ({"parts": ()}, ValueError, "no instalments"),
        ({"parts": PARTS[::-1]}, ValueError, "2026-10-01 comes after that of 2026-11-02: put them in order"),
        ({"parts": (Part(day("2026-09-01"), D(0)),)}, ValueError, "2026-09-01 must be more than zero, not 0"),
        ({"parts": (Part(day("2026-09-01"), 1.0),)}, TypeError, "An instalment must be a Decimal"),
        ({"parts": (Part(datetime(2026, 9, 1), D(1)),)}, TypeError, "The day of an instalment must be a date"),
        ({"parts": (replace(PARTS[0], missed_notice_pay_before="x"),)}, TypeError, "The day to catch up"),
    ],
)
def test_guards(values, error, sentence):
    with pytest.raises(error, match=sentence):
        judge(Agreement(**{"parts": PARTS, "paid": D(0)} | values), day("2026-09-01"), is_working_day)


def test_today_is_a_day():
    with pytest.raises(TypeError, match="Today must be a date"):
        judge(Agreement(PARTS, D(0)), datetime(2026, 9, 1), is_working_day)


# What holds for every arrangement, against a model that deals out single cents

START = day("2026-11-02")
many = settings(max_examples=max(120, settings.default.max_examples))


def working(when):
    return when.weekday() < 5 and when.toordinal() % 11 != 0


def cents(number):
    return D(number) / 100


def agreement_of(count, seed):
    """(agreement, today), out of a seed: what is rare in a random draw, like a last day that passed, is common here.

    Notices are only about what is past its grace, as the night makes them.
    """
    draw = random.Random(seed)
    grace_days = draw.randint(0, 8)
    gaps = [draw.randint(1, 14) for _ in range(count)]
    today = START + draw.randint(-5, sum(gaps) + 25) * ONE_DAY
    parts, when = [], START
    for gap in gaps:
        part = Part(when, cents(draw.randint(1, 60)), reminded=draw.random() < 0.3)
        if today > grace_end(when, grace_days):
            notified = draw.choice(("no", "sent", "delivered", "delivered"))
            if notified == "delivered":
                part = replace(part, missed_notice_pay_before=today + draw.randint(-8, 8) * ONE_DAY)
            part = replace(part, missed_notified=notified != "no")
        parts.append(part)
        when += gap * ONE_DAY
    total = int(100 * sum(part.amount for part in parts))
    return Agreement(
        tuple(parts),
        paid=cents(
            draw.choice((0, draw.randint(0, total), draw.randint(0, total), draw.randint(total - 1, total + 1)))
        ),
        grace_days=grace_days,
        remind_days=draw.randint(0, 9),
        waiting_money=cents(draw.choice((0, 0, draw.randint(0, total)))),
        acceleration=draw.random() < 0.5,
    ), today


def agreements():
    # The number of parts first: that is what Hypothesis makes small when a property fails.
    return st.builds(agreement_of, st.integers(1, 5), st.integers(0, 10**9))


def grace_end(when, grace_days):
    when += grace_days * ONE_DAY
    while not working(when):
        when += ONE_DAY
    return when


def model(agreement, today):
    """The verdict once more: cents are dealt out one by one, and every rule is a sentence of its own."""
    got = [0] * len(agreement.parts)
    want = [int(part.amount * 100) for part in agreement.parts]
    for _ in range(int(agreement.paid * 100)):
        for place, amount in enumerate(want):
            if got[place] < amount:
                got[place] += 1
                break
    rows, missed, gone = [], [], []
    for place, part in enumerate(agreement.parts):
        end = grace_end(part.day, agreement.grace_days)
        past = today > part.day
        if got[place] == want[place]:
            state = "paid"
        elif past and today <= end:
            state = "late"
        elif past:
            state = "missed"
            missed.append(place)
            if part.missed_notice_pay_before and part.missed_notice_pay_before < today:
                gone.append(place)
        elif got[place]:
            state = "partly"
        else:
            state = "due" if part.day == today else "planned"
        rows.append((cents(got[place]), state, end))
    short = sum(want[place] - got[place] for place in missed)
    waiting = int(agreement.waiting_money * 100)
    last_is_gone = len(want) - 1 in gone
    broken = waiting < short and (bool(gone) if agreement.acceleration else last_is_gone)
    released = 0 if agreement.acceleration else sum(want[place] - got[place] for place in gone)
    remind = None
    for place, part in reversed(list(enumerate(agreement.parts))):
        begins = part.day - agreement.remind_days * ONE_DAY
        if begins <= today < part.day and rows[place][1] != "paid" and not part.reminded and not missed:
            remind = place
    notify = None
    if short > waiting and not broken:
        unwritten = [place for place in missed if not agreement.parts[place].missed_notified]
        notify = unwritten[0] if unwritten else None
    unpaid = [place for place, row in enumerate(rows) if row[1] != "paid"]
    return rows, not unpaid, broken, cents(short), cents(released), remind, notify, unpaid[0] if unpaid else None


def verdict_of(agreement, today):
    return judge(agreement, today, working)


@many
@given(agreements())
def test_every_verdict_is_that_of_the_model(situation):
    verdict = verdict_of(*situation)
    rows = [(state.paid, state.state, state.grace_until) for state in verdict.parts]
    assert (
        rows,
        verdict.completed,
        verdict.broken,
        verdict.shortfall,
        verdict.released,
        verdict.remind,
        verdict.notify_missed,
        verdict.next_index,
    ) == model(*situation)


@many
@given(agreements())
def test_held_until_is_true(situation):
    """Nothing changes and no day up to it breaks the arrangement; a broken one ended before today."""
    agreement, today = situation
    verdict = verdict_of(agreement, today)
    if verdict.completed:
        assert verdict.held_until is None
    elif verdict.broken:
        assert verdict.held_until < today
        assert not verdict_of(agreement, verdict.held_until).broken
    else:
        assert verdict.held_until >= today
        for days in range((verdict.held_until - today).days + 1):
            assert not verdict_of(agreement, today + days * ONE_DAY).broken


@many
@given(agreements())
def test_nothing_breaks_without_a_delivered_notice(situation):
    agreement, today = situation
    parts = tuple(replace(part, missed_notice_pay_before=None) for part in agreement.parts)
    verdict = verdict_of(replace(agreement, parts=parts), today)
    assert not verdict.broken
    assert verdict.released == 0


@many
@given(agreements(), st.integers(0, 100), st.integers(0, 100))
def test_more_money_never_breaks(situation, more_paid, more_waiting):
    agreement, today = situation
    richer = replace(
        agreement,
        paid=agreement.paid + cents(more_paid),
        waiting_money=agreement.waiting_money + cents(more_waiting),
    )
    poor, rich = verdict_of(agreement, today), verdict_of(richer, today)
    assert poor.broken or not rich.broken
    assert rich.shortfall <= poor.shortfall
    assert rich.released <= poor.released
    assert all(before.paid <= after.paid for before, after in zip(poor.parts, rich.parts, strict=True))


@many
@given(agreements(), st.data())
def test_a_verdict_does_not_depend_on_how_it_was_paid(situation, data):
    agreement, today = situation
    left, payments = int(agreement.paid * 100), []
    while left:
        payments.append(data.draw(st.integers(1, left)))
        left -= payments[-1]
    # A payment that bounced, before the rest: it comes and goes, and leaves more digits behind.
    bounced = D("17.000")
    paid = sum(map(cents, payments), bounced) - bounced
    assert verdict_of(replace(agreement, paid=paid), today) == verdict_of(agreement, today)


# The course of an arrangement, night after night


class Course:
    """Plays the nights: writes what the verdicts ask, delivers it or not, and notes what happened."""

    def __init__(self, agreement, delivery_days, respond_days=4):
        self.agreement = agreement
        self.delivery_days = delivery_days  # one or more; None: never delivered
        self.respond_days = respond_days
        self.posted = {}
        self.reminders, self.notices, self.broken_on = [], [], None

    def mark(self, index, **values):
        parts = list(self.agreement.parts)
        parts[index] = replace(parts[index], **values)
        self.agreement = replace(self.agreement, parts=tuple(parts))

    def night(self, today, paid):
        self.agreement = replace(self.agreement, paid=paid)
        for index, sent_on in self.posted.items():
            if self.delivery_days is not None and (today - sent_on).days == self.delivery_days:
                self.mark(index, missed_notice_pay_before=today + self.respond_days * ONE_DAY)
        verdict = verdict_of(self.agreement, today)
        if verdict.broken and self.broken_on is None:
            self.broken_on = today
        if verdict.remind is not None:
            self.reminders.append((verdict.remind, today))
            self.mark(verdict.remind, reminded=True)
        if verdict.notify_missed is not None:
            self.notices.append((verdict.notify_missed, today))
            self.posted[verdict.notify_missed] = today
            self.mark(verdict.notify_missed, missed_notified=True)
        return verdict


PLAYED = plan(D("3.00"), Plan(START, "weekly", number=3), working)
NIGHTS = [START + days * ONE_DAY for days in range(-4, 40)]
#: Payments and, negative, their reversals: (night, cents).
MOVES = st.lists(st.tuples(st.integers(0, len(NIGHTS) - 1), st.integers(-150, 200)), max_size=8)


def play(moves, delivery_days, acceleration=True):
    parts = tuple(Part(instalment.day, instalment.amount) for instalment in PLAYED)
    course = Course(Agreement(parts, D(0), acceleration=acceleration), delivery_days)
    paid = 0
    for place, today in enumerate(NIGHTS):
        paid = max(0, paid + sum(amount for night, amount in moves if night == place))
        yield course, course.night(today, cents(paid))


@given(MOVES, st.one_of(st.none(), st.integers(1, 6)), st.booleans())
def test_every_course(moves, delivery_days, acceleration):
    for course, verdict in play(moves, delivery_days, acceleration):
        rows, *rest = model(course.agreement, NIGHTS[0])  # its money; the day does not matter for that
        assert [state.paid for state in verdict.parts] == [row[0] for row in rows]
        assert rest[0] == verdict.completed
    for written in (course.reminders, course.notices):
        places = [index for index, _ in written]
        assert len(places) == len(set(places))
        assert len({when for _, when in written}) == len(written)
    for index, when in course.notices:
        assert when > grace_end(course.agreement.parts[index].day, 3)
    for index, when in course.reminders:
        assert 1 <= (course.agreement.parts[index].day - when).days <= 3
    if delivery_days is None:
        assert course.broken_on is None
    elif course.broken_on:
        # Written, delivered, and the days to catch up were over.
        earliest = min(when for _, when in course.notices) + (delivery_days + course.respond_days) * ONE_DAY
        assert course.broken_on > earliest


def test_who_never_pays_breaks_once_his_days_are_over():
    *_, (course, verdict) = play([], 2)
    end = grace_end(PLAYED[0].day, 3)
    assert course.notices[0] == (0, end + ONE_DAY)
    assert course.broken_on == end + ONE_DAY + (2 + 4 + 1) * ONE_DAY
    assert verdict.broken


@given(st.lists(st.integers(0, 3), min_size=3, max_size=3), st.integers(1, 6), st.booleans())
def test_who_pays_within_grace_never_hears_of_it(delays, delivery_days, acceleration):
    moves = [
        (NIGHTS.index(instalment.day) + delay, int(instalment.amount * 100))
        for instalment, delay in zip(PLAYED, delays, strict=True)
    ]
    *_, (course, verdict) = play(moves, delivery_days, acceleration)
    assert (course.notices, course.broken_on, verdict.completed) == ([], None, True)


@given(st.integers(1, 6), st.integers(0, 4))
def test_who_catches_up_in_time_never_breaks(delivery_days, spare):
    """Every part is paid on its last day to catch up, or `spare` days before."""
    parts = tuple(Part(instalment.day, instalment.amount) for instalment in PLAYED)
    course = Course(Agreement(parts, D(0)), delivery_days)
    paid = D(0)
    for today in NIGHTS + [NIGHTS[-1] + days * ONE_DAY for days in range(1, 30)]:
        for index, part in enumerate(course.agreement.parts):
            told_until = part.missed_notice_pay_before
            if told_until and today >= told_until - spare * ONE_DAY:
                paid = max(paid, sum(earlier.amount for earlier in parts[: index + 1]))
        course.night(today, paid)
    assert course.broken_on is None
    assert paid == D("3.00")
