"""When a service may be suspended and must be restored: cases with the reasoning beside them, and what always holds."""

import random
from collections import Counter
from dataclasses import FrozenInstanceError, replace
from datetime import date, datetime, timedelta
from decimal import Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.suspension import (
    CODES,
    LASTING,
    NOT_RESTORING,
    PASSING,
    Announcement,
    Debt,
    Rules,
    Service,
    judge,
    restore,
)
from legal.calendar import is_working_day

D = Decimal
ONE_DAY = timedelta(days=1)


def day(text):
    return date.fromisoformat(text)


#: A Wednesday; Thursday 19 November is a working day too. Wednesday 11 November was a holiday.
TODAY = day("2026-11-18")
DEBT = Debt(day("2026-09-30"), D("100.00"), announced=True)
#: Delivered on Monday 2 November: fifteen days end on Tuesday 17 November, so today is the first day.
NOTICE = Announcement(day("2026-11-02"), day("2026-11-17"))
SERVICE = Service(id=7, debts=(DEBT,), monthly_value=D("50.00"), clause=True, announcement=NOTICE, approved=True)
RULES = Rules(newest_bank_data=day("2026-11-17"), live=True)


def ask(today=TODAY, hour=10, rules=None, debts=None, **values):
    """A verdict on the service that may be suspended, but for `values`; `debts` are values of debts."""
    if debts is not None:
        values["debts"] = tuple(replace(DEBT, **values) for values in debts)
    return judge(replace(SERVICE, **values), replace(RULES, **(rules or {})), today, hour, is_working_day)


def failed(verdict):
    return {condition.code for condition in verdict.conditions if not condition.ok}


def detail(verdict, code):
    return next(condition.detail for condition in verdict.conditions if condition.code == code)


def test_all_hold():
    verdict = ask()
    assert (verdict.may_suspend, verdict.ready, failed(verdict)) == (True, True, set())
    assert (verdict.overdue, verdict.earliest) == (D(100), TODAY)
    assert tuple(condition.code for condition in verdict.conditions) == CODES
    with pytest.raises(FrozenInstanceError):
        verdict.may_suspend = False


# name: (what differs, the conditions that fail, the earliest day)
CASES = {
    "no notice": ({"announcement": None}, "announced deadline", None),
    "the last day to pay": ({"today": day("2026-11-17")}, "deadline", "2026-11-18"),
    "the notice named a later day": (
        {"announcement": Announcement(day("2026-11-02"), day("2026-11-18"))},
        "deadline",
        "2026-11-19",
    ),
    "the notice named too early a day": (
        {"announcement": Announcement(day("2026-11-03"), day("2026-11-05"))},
        "deadline",
        "2026-11-19",
    ),
    "a business has eight days": (
        {"announcement": Announcement(day("2026-11-09"), day("2026-11-17")), "consumer": False},
        "",
        "2026-11-18",
    ),
    "no fewer": (
        {"announcement": Announcement(day("2026-11-10"), day("2026-11-17")), "consumer": False},
        "deadline",
        "2026-11-19",
    ),
    "a consumer has fifteen": (
        {"announcement": Announcement(day("2026-11-09"), day("2026-11-17"))},
        "deadline",
        "2026-11-25",  # the 24th is the last day
    ),
    "longer by setting": ({"rules": {"days_consumer": 16}}, "deadline", "2026-11-19"),
    "its own grace": ({"grace_days": 1}, "deadline", "2026-11-19"),
    "its own grace ends before the weekend": ({"grace_days": 2}, "deadline", "2026-11-23"),
    "a notice of tomorrow is none": (
        {"announcement": Announcement(day("2026-11-19"), day("2026-12-10"))},
        "announced deadline",
        None,
    ),
    "a notice of today": ({"announcement": Announcement(TODAY, day("2026-11-19"))}, "deadline", "2026-12-07"),
    "no clause": ({"clause": False}, "clause", None),
    "a person found it proportionate": ({"clause": False, "proportionate": True}, "", "2026-11-18"),
    # What is owed
    "nothing": ({"debts": []}, "owed amount", None),
    "not announced": ({"debts": [{"announced": False}]}, "owed amount", None),
    "the announced one is paid, a newer one is overdue": (
        {"debts": [{"amount": D(0)}, {"amount": D(500), "announced": False}]},
        "owed amount",
        None,
    ),
    "what no notice named does not fill up": (
        {"debts": [{"amount": D(24)}, {"amount": D(500), "announced": False}]},
        "amount",
        None,
    ),
    "due today is not overdue": ({"debts": [{"due_date": TODAY}]}, "owed amount", "2026-11-19"),
    "enough when the second one is due": (
        {"debts": [{"amount": D(20)}, {"amount": D(20), "due_date": day("2026-11-23")}]},
        "amount",
        "2026-11-24",
    ),
    "half a month": ({"debts": [{"amount": D("25.00")}]}, "", "2026-11-18"),
    "a cent less": ({"debts": [{"amount": D("24.99")}]}, "amount", None),
    "value unknown: the minimum": ({"debts": [{"amount": D("10.00")}], "monthly_value": D(0)}, "", "2026-11-18"),
    "under the minimum": ({"debts": [{"amount": D("9.99")}], "monthly_value": D(0)}, "amount", None),
    "a small service: the minimum": ({"debts": [{"amount": D("9.99")}], "monthly_value": D(5)}, "amount", None),
    # Held
    "disputed in part": ({"debts": [{"held": D(75), "held_codes": ("dispute",)}]}, "", "2026-11-18"),
    "too little is undisputed": ({"debts": [{"held": D("75.01"), "held_codes": ("dispute",)}]}, "not_held", None),
    "all disputed": ({"debts": [{"held": D(100), "held_codes": ("dispute",)}]}, "owed not_held", None),
    "one promised, one not": (
        {"debts": [{"held": D(100), "held_codes": ("promise",)}, {"amount": D(25)}]},
        "",
        "2026-11-18",
    ),
    "the first instalment is paid": ({"rewarded": True}, "not_held", None),
    # Unallocated money
    "money that covers it": ({"credits": D(100)}, "credits", None),
    "money that leaves too little": ({"credits": D("75.01")}, "credits", None),
    "money that leaves enough": ({"credits": D(75)}, "", "2026-11-18"),
    "money for what is free": (
        {"credits": D(50), "debts": [{"held": D(50), "held_codes": ("dispute",)}]},
        "credits",
        None,
    ),
    # Bank data
    "no bank data": ({"rules": {"newest_bank_data": None}}, "bank_data", None),
    "none, though their age does not matter": (
        {"rules": {"newest_bank_data": None, "freshness_days": 0}},
        "bank_data",
        None,
    ),
    "three days old": ({"rules": {"newest_bank_data": day("2026-11-15")}}, "", "2026-11-18"),
    "four days old": ({"rules": {"newest_bank_data": day("2026-11-14")}}, "bank_data", "2026-11-18"),
    "old, and their age does not matter": (
        {"rules": {"newest_bank_data": day("2026-01-01"), "freshness_days": 0}},
        "",
        "2026-11-18",
    ),
    # The service
    "paid ahead": ({"paid_through": TODAY}, "not_paid_ahead", "2026-11-19"),
    "paid until yesterday": ({"paid_through": day("2026-11-17")}, "", "2026-11-18"),
    "paid to the end of the month": ({"paid_through": day("2026-11-30")}, "not_paid_ahead", "2026-12-01"),
    "essential": ({"essential": True}, "not_essential", None),
    "exempt": ({"exempt_until": TODAY}, "not_exempt", "2026-11-19"),
    "exempt until yesterday": ({"exempt_until": day("2026-11-17")}, "", "2026-11-18"),
    "exempt for ever": ({"exempt_until": date.max}, "not_exempt", None),
    "postponed to a Thursday": ({"postponed_until": day("2026-11-26")}, "not_postponed", "2026-11-30"),
    "insolvent": ({"insolvent": True}, "not_insolvent", None),
    # The moment
    "the eve of the weekend": ({"today": day("2026-11-20")}, "working_day", "2026-11-23"),
    "a Saturday": ({"today": day("2026-11-21")}, "bank_data working_day", "2026-11-23"),
    "a Sunday": ({"today": day("2026-11-22")}, "bank_data working_day", "2026-11-23"),
    "Christmas Eve": ({"today": day("2026-12-24")}, "bank_data working_day", "2026-12-28"),
    "too early": ({"hour": 8.99}, "hour", "2026-11-18"),
    "the first hour": ({"hour": 9}, "", "2026-11-18"),
    "just in time": ({"hour": 14.99}, "", "2026-11-18"),
    "too late": ({"hour": 15}, "hour", "2026-11-19"),
    "too late before the weekend": ({"hour": 15, "today": day("2026-11-19")}, "hour", "2026-11-23"),
    "the last of today": ({"rules": {"done_today": 49}}, "", "2026-11-18"),
    "enough for today": ({"rules": {"done_today": 50}}, "cap", "2026-11-19"),
    "none a day": ({"rules": {"daily_cap": 0}}, "cap", None),
    "safe mode": ({"rules": {"live": False}}, "live", None),
    "paused": ({"rules": {"paused": True}}, "live", None),
    "nobody said yes": ({"approved": False}, "approved", "2026-11-18"),
    "nobody has to": ({"approved": False, "rules": {"approval": False}}, "", "2026-11-18"),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_conditions(case):
    values, codes, earliest = case
    verdict = ask(**values)
    assert failed(verdict) == set(codes.split())
    assert verdict.may_suspend == (not codes)
    assert verdict.ready == (set(codes.split()) <= PASSING)
    assert verdict.earliest == (day(earliest) if earliest else None)


def test_every_condition_can_fail_alone():
    """Those that go together aside, each code is the only one that fails in some case."""
    alone = {codes for _values, codes, _earliest in CASES.values()}
    assert set(CODES) - alone == {"announced", "owed"}
    assert set(CODES) > PASSING | LASTING


def test_the_moment_is_all_that_misses():
    verdict = ask(day("2026-11-20"), 18.5, {"done_today": 50}, approved=False)
    assert failed(verdict) == PASSING
    assert (verdict.ready, verdict.may_suspend, verdict.earliest) == (True, False, day("2026-11-23"))


def test_overdue_counts_what_no_notice_named():
    debts = [
        {"held": D(40), "held_codes": ("dispute",)},
        {"announced": False, "amount": D("30.00")},
        {"announced": False, "due_date": TODAY},
    ]
    assert ask(debts=debts).overdue == D("90.00")


def test_a_company_without_two_working_days_in_a_row():
    verdict = judge(SERVICE, RULES, TODAY, 10, lambda day: day.weekday() in (0, 2, 4))
    assert failed(verdict) == {"working_day"}
    assert verdict.earliest is None
    assert judge(SERVICE, RULES, TODAY, 10, lambda day: True).earliest == TODAY


def test_payments_that_move_the_oldest_due_date():
    """The announced invoice is paid, a newer one is weeks overdue: it needs a notice of its own (Kill Bill 2297)."""
    newer = {"due_date": day("2026-10-15"), "announced": False}
    assert ask(debts=[{}, newer]).may_suspend
    paid = ask(debts=[newer])
    assert failed(paid) == {"owed", "amount"}
    assert paid.overdue == D(100)


DETAILS = {
    "announced": ({}, "2026-11-02"),
    "deadline": ({"grace_days": 3}, "2026-11-20"),
    "clause": ({"clause": False, "proportionate": True}, "proportionate"),
    "owed": ({"debts": [{"held": D("60.5"), "held_codes": ("dispute",)}]}, "39.50"),
    "amount": ({"monthly_value": D("66.67")}, "33.34"),
    "not_held": (
        {
            "debts": [
                {"held": D(90), "held_codes": ("promise", "dispute")},
                {"held": D(1), "held_codes": ("hold",), "announced": False},
                {"held_codes": ("blocked",)},
            ],
            "rewarded": True,
        },
        "arrangement, dispute, promise",
    ),
    "credits": ({"credits": D(12)}, "12.00"),
    "bank_data": ({}, "2026-11-17"),
    "not_paid_ahead": ({"paid_through": day("2026-12-31")}, "2026-12-31"),
    "not_essential": ({"essential": True}, ""),
    "not_exempt": ({"exempt_until": day("2026-12-31")}, "2026-12-31"),
    "not_postponed": ({"postponed_until": day("2026-12-31")}, "2026-12-31"),
    "not_insolvent": ({"insolvent": True}, ""),
    "working_day": ({"today": day("2026-11-20")}, "2026-11-21"),
    "hour": ({"rules": {"first_hour": 8.5}}, "08:30-15:00"),
    "cap": ({"rules": {"done_today": 12}}, "12/50"),
    "live": ({"rules": {"paused": True}}, "paused"),
    "approved": ({"approved": False}, ""),
}


@pytest.mark.parametrize("code", CODES)
def test_details(code):
    values, expected = DETAILS[code]
    assert detail(ask(**values), code) == expected


def test_details_of_nothing():
    empty = Service(7, (), D(0))
    verdict = judge(empty, Rules(), TODAY, 10, is_working_day)
    filled = {condition.code: condition.detail for condition in verdict.conditions if condition.detail}
    assert filled == {"owed": "0.00", "amount": "10.00", "hour": "09:00-15:00", "cap": "0/50", "live": "safe_mode"}
    assert not verdict.may_suspend


# Restored


# name: (debts, other values, why)
RESTORE_CASES = {
    "nothing changed": ([{}], {}, None),
    "paid": ([], {}, "paid"),
    "paid to the cent": ([{"amount": D("0.00")}], {}, "paid"),
    "more time was given": ([{"due_date": TODAY}], {}, "paid"),
    "what no notice named does not keep it": ([{"announced": False}], {}, "paid"),
    "one of two paid": ([{"amount": D(0)}, {}], {}, None),
    "a small remainder": ([{"amount": D("9.99")}], {}, "below_threshold"),
    "small remainders together": ([{"amount": D(6)}, {"amount": D(4)}], {}, None),
    "too little to suspend for, too much to restore": ([{"amount": D(10)}], {"monthly_value": D(500)}, None),
    "the first instalment": ([{}], {"rewarded": True}, "arranged"),
    "no instalment yet": ([{"held": D(100), "held_codes": ("arrangement",)}], {}, None),
    "the first instalment of all that is held": (
        [{"held": D(100), "held_codes": ("arrangement",)}],
        {"rewarded": True},
        "arranged",
    ),
    "all disputed": ([{"held": D(100), "held_codes": ("dispute",)}], {}, "disputed"),
    "on hold": ([{"held": D(100), "held_codes": ("hold",)}], {}, "disputed"),
    "held, nobody says why": ([{"held": D(100)}], {}, "disputed"),
    "disputed in part": ([{"held": D(90), "held_codes": ("dispute",)}], {}, None),
    "a small part is undisputed": ([{"held": D("90.01"), "held_codes": ("dispute",)}], {}, "disputed"),
    "promised": ([{"held": D(100), "held_codes": ("promise",)}], {}, None),
    "a payment is under way": ([{"held": D(100), "held_codes": ("payment_in_progress",)}], {}, None),
    "insolvent": ([{"held": D(100), "held_codes": ("insolvency",)}], {"insolvent": True}, None),
    "follow-up failed": ([{"held": D(100), "held_codes": ("failed",)}], {}, None),
    "on hold and insolvent": ([{"held": D(100), "held_codes": ("hold", "insolvency")}], {}, "disputed"),
    "one disputed, one promised": (
        [{"held": D(100), "held_codes": ("dispute",)}, {"held": D(100), "held_codes": ("promise",)}],
        {},
        None,
    ),
    "money without an aim": ([{}], {"credits": D(1000)}, None),
    "paid, and an instalment": ([], {"rewarded": True}, "paid"),
    "essential, exempt or paid ahead is no cause": (
        [{}],
        {"essential": True, "exempt_until": date.max, "paid_through": date.max},
        None,
    ),
    "by hand, paid": ([], {"suspended_by_hand": True}, None),
    "by hand, arranged": ([{}], {"suspended_by_hand": True, "rewarded": True}, None),
}


@pytest.mark.parametrize("case", RESTORE_CASES.values(), ids=RESTORE_CASES)
def test_restore(case):
    debts, values, why = case
    service = replace(SERVICE, debts=tuple(replace(DEBT, **debt) for debt in debts), **values)
    assert restore(service, RULES, TODAY) == why


def test_without_thresholds():
    """Then the last cent keeps it, and only nothing restores."""
    rules = replace(RULES, minimum=D(0), share=D(0), restore_below=D(0))
    cent = replace(SERVICE, debts=(replace(DEBT, amount=D("0.01")),))
    assert judge(cent, rules, TODAY, 10, is_working_day).may_suspend
    assert restore(cent, rules, TODAY) is None
    for amount, held, why in (("0.01", "0.01", "disputed"), ("0", "0", "paid")):
        service = replace(SERVICE, debts=(replace(DEBT, amount=D(amount), held=D(held)),))
        assert not judge(service, rules, TODAY, 10, is_working_day).may_suspend
        assert restore(service, rules, TODAY) == why


# Guards


@pytest.mark.parametrize(
    ("what", "values", "error", "sentence"),
    [
        (DEBT, {"amount": 100.0}, TypeError, "The amount must be a Decimal, not float"),
        (DEBT, {"amount": 100}, TypeError, "The amount must be a Decimal, not int"),
        (DEBT, {"amount": D(-1)}, ValueError, r"The amount must not be negative \(-1\)"),
        (DEBT, {"amount": D("NaN")}, ValueError, "finite"),
        (DEBT, {"held": 0}, TypeError, "The held part must be a Decimal"),
        (DEBT, {"held": D("100.01")}, ValueError, "100.01 is more than the amount 100.00"),
        (DEBT, {"held_codes": "dispute"}, TypeError, "tuple of codes"),
        (DEBT, {"held_codes": (None,)}, TypeError, "tuple of codes"),
        (DEBT, {"due_date": datetime(2026, 11, 1)}, TypeError, "The due date must be a date, not datetime"),
        (DEBT, {"due_date": False}, TypeError, "The due date must be a date, not bool"),
        (DEBT, {"announced": 1}, TypeError, "announced must be True or False, not int"),
        (NOTICE, {"delivered_on": "2026-11-02"}, TypeError, "The day of delivery must be a date"),
        (NOTICE, {"deadline": None}, TypeError, "The deadline must be a date"),
        (SERVICE, {"debts": [DEBT]}, TypeError, "tuple of debts"),
        (SERVICE, {"debts": (D(5),)}, TypeError, "tuple of debts"),
        (SERVICE, {"monthly_value": 50.0}, TypeError, "The monthly value must be a Decimal"),
        (SERVICE, {"monthly_value": D(-50)}, ValueError, "The monthly value must not be negative"),
        (SERVICE, {"credits": 5.0}, TypeError, "The unallocated money must be a Decimal"),
        (SERVICE, {"credits": D(-5)}, ValueError, "The unallocated money must not be negative"),
        (SERVICE, {"grace_days": -1}, ValueError, "The days of grace must not be negative"),
        (SERVICE, {"grace_days": 1.0}, TypeError, "The days of grace must be an int"),
        (SERVICE, {"exempt_until": False}, TypeError, "must be a date, not bool"),
        (SERVICE, {"paid_through": datetime(2026, 11, 1)}, TypeError, "must be a date, not datetime"),
        (SERVICE, {"postponed_until": "2026-12-01"}, TypeError, "must be a date, not str"),
        (SERVICE, {"announcement": NOTICE.deadline}, TypeError, "The announcement must be one or None"),
        (SERVICE, {"essential": "no"}, TypeError, "essential must be True or False, not str"),
        (SERVICE, {"approved": None}, TypeError, "approved must be True or False"),
        (SERVICE, {"suspended_by_hand": 0}, TypeError, "suspended_by_hand must be True or False"),
        (RULES, {"days_consumer": 14}, ValueError, "The days for a consumer must be 15 or more, not 14"),
        (RULES, {"days_business": 7}, ValueError, "The days for a business must be 8 or more, not 7"),
        (RULES, {"days_business": 8.0}, TypeError, "The days for a business must be an int"),
        (RULES, {"minimum": 10}, TypeError, "The minimum must be a Decimal"),
        (RULES, {"share": D("-0.5")}, ValueError, "The share of the monthly value must not be negative"),
        (RULES, {"restore_below": D("10.01")}, ValueError, "restored below 10.01 cannot be suspended from 10"),
        (RULES, {"restore_below": D(-1)}, ValueError, "below which to restore must not be negative"),
        (RULES, {"newest_bank_data": False}, TypeError, "newest bank data must be a date"),
        (RULES, {"freshness_days": -1}, ValueError, "The age of bank data must not be negative"),
        (RULES, {"daily_cap": True}, TypeError, "The most suspensions a day must be an int"),
        (RULES, {"done_today": -1}, ValueError, "The suspensions of today must not be negative"),
        (RULES, {"first_hour": 15}, ValueError, "The hours from 15 to 15 are none"),
        (RULES, {"last_hour": 25}, ValueError, "An hour must be from 0 to 24, not 25"),
        (RULES, {"first_hour": "9"}, TypeError, "An hour must be a number, not str"),
        (RULES, {"live": 1}, TypeError, "live must be True or False"),
    ],
)
def test_guards(what, values, error, sentence):
    with pytest.raises(error, match=sentence):
        replace(what, **values)


@pytest.mark.parametrize(
    ("today", "hour", "error"),
    [
        (datetime(2026, 11, 18, 10), 10, TypeError),
        ("2026-11-18", 10, TypeError),
        (TODAY, None, TypeError),
        (TODAY, True, TypeError),
        (TODAY, 24.5, ValueError),
        (TODAY, float("nan"), ValueError),
        (TODAY, -1, ValueError),
    ],
)
def test_guards_of_the_moment(today, hour, error):
    with pytest.raises(error):
        judge(SERVICE, RULES, today, hour, is_working_day)


def test_guards_of_days():
    with pytest.raises(TypeError, match="Today"):
        restore(SERVICE, RULES, datetime(2026, 11, 18))
    with pytest.raises(ValueError, match="beyond the calendar"):
        ask(grace_days=10**8)


def test_the_decimal_context_of_the_caller_costs_no_cent():
    debts = [{"amount": D("1234567.89"), "held": D("1234567.88"), "held_codes": ("dispute",)}, {"amount": D("24.99")}]
    with localcontext() as context:
        context.prec = 3
        verdict = ask(debts=debts)
        assert verdict.may_suspend
        assert (str(verdict.overdue), detail(verdict, "owed"), detail(verdict, "amount")) == ("25.00",) * 3
        assert failed(ask(debts=debts, monthly_value=D("50.02"))) == {"not_held"}


# What always holds

HOLIDAYS = frozenset(TODAY + timedelta(days=days) for days in (-7, 2, 5, 6, 37))
HELD_CODES = ("dispute", "hold", *sorted(NOT_RESTORING))


def working(day):
    return day.weekday() < 5 and day not in HOLIDAYS


class Maker:
    """Builds a situation out of a seed, faster than Hypothesis draws one piece by piece.

    What forbids a suspension is rare, so that about one service in eight may be suspended.
    """

    def __init__(self, seed):
        self.random = random.Random(seed)

    def rarely(self, value, usual=None, chance=0.04):
        return value() if self.random.random() < chance else usual

    def day(self, first, last):
        return TODAY + timedelta(days=self.random.randint(first, last))

    def money(self, last):
        return D(self.random.randint(0, last * 100)) / 100

    def debt(self):
        amount = self.money(120)
        held = self.rarely(lambda: self.random.choice((amount, min(amount, self.money(120)))), D(0), 0.3)
        codes = tuple(self.random.sample(HELD_CODES, self.random.choice((0, 1, 1, 2)))) if held else ()
        return Debt(self.day(-60, 4), amount, held, codes, self.random.random() < 0.8)

    def service(self):
        delivered = self.day(-40, -9)
        deadline = delivered + timedelta(days=self.random.randint(0, 20))
        return Service(
            id=1,
            debts=tuple(self.debt() for _count in range(self.random.randint(0, 4))),
            monthly_value=self.rarely(lambda: self.money(150), D(0), 0.7),
            essential=self.rarely(lambda: True, False),
            exempt_until=self.rarely(lambda: self.day(-5, 20), None, 0.1),
            grace_days=self.rarely(lambda: self.random.randint(1, 9), 0, 0.1),
            paid_through=self.rarely(lambda: self.day(-40, 10), None, 0.3),
            consumer=self.random.random() < 0.5,
            clause=self.random.random() < 0.9,
            proportionate=self.random.random() < 0.5,
            credits=self.rarely(lambda: self.money(100), D(0), 0.2),
            insolvent=self.rarely(lambda: True, False),
            announcement=None if self.random.random() < 0.05 else Announcement(delivered, deadline),
            postponed_until=self.rarely(lambda: self.day(-5, 20), None, 0.1),
            approved=self.random.random() < 0.8,
            rewarded=self.rarely(lambda: True, False),
            suspended_by_hand=self.rarely(lambda: True, False),
        )

    def rules(self):
        minimum = self.money(30)
        return Rules(
            days_consumer=15 + self.rarely(lambda: self.random.randint(1, 9), 0),
            days_business=8 + self.rarely(lambda: self.random.randint(1, 9), 0),
            minimum=minimum,
            share=D(self.random.randint(0, 10)) / 10,
            restore_below=minimum * self.random.choice((0, 1, 1, D("0.5"))),
            approval=self.random.random() < 0.5,
            newest_bank_data=self.rarely(lambda: None, self.day(-4, 0)),
            freshness_days=self.random.choice((0, 3, 7)),
            daily_cap=self.rarely(lambda: 0, 5),
            done_today=self.rarely(lambda: 5, self.random.randint(0, 4)),
            paused=self.rarely(lambda: True, False),
            live=self.rarely(lambda: False, True),
        )

    def facts(self):
        return self.service(), self.rules(), self.rarely(lambda: self.random.random() * 24, 10, 0.1)

    def today(self):
        return self.rarely(lambda: self.day(-9, 9), TODAY, 0.3)


def situations(seed, count=4):
    for number in range(count):
        maker = Maker(hash((seed, number)))
        yield maker, *maker.facts(), maker.today()


SEEDS = st.integers(0, 2**32)


def test_the_situations_are_worth_asking():
    """Some of everything: without it the properties below would say nothing."""
    seen, why, total = Counter(), Counter(), 0
    for _maker, service, rules, hour, today in situations(0, 600):
        verdict = judge(service, rules, today, hour, working)
        seen.update(failed(verdict) or ["may"])
        seen["earliest"] += verdict.earliest is not None
        seen["later"] += verdict.earliest is not None and verdict.earliest > today
        seen["ready"] += verdict.ready and not verdict.may_suspend
        why[restore(service, rules, today)] += 1
        total += 1
    assert seen["may"] > total / 20, seen
    assert min(seen[code] for code in (*CODES, "earliest", "later", "ready")) > total / 100, seen
    assert set(why) == {None, "paid", "below_threshold", "arranged", "disputed"} and min(why.values()) > 5, why


@given(SEEDS)
def test_never_without_what_the_law_asks(seed):
    for _maker, service, rules, hour, today in situations(seed):
        verdict = judge(service, rules, today, hour, working)
        assert tuple(condition.code for condition in verdict.conditions) == CODES
        assert verdict.may_suspend == (not failed(verdict))
        assert verdict.ready or not verdict.may_suspend
        if not verdict.ready:
            continue
        days = 15 if service.consumer else 8
        assert service.announcement is not None
        assert today > service.announcement.deadline
        assert today > service.announcement.delivered_on + timedelta(days=days)
        assert service.clause or service.proportionate
        assert not (service.essential or service.insolvent or service.rewarded)
        for until in (service.exempt_until, service.paid_through, service.postponed_until):
            assert until is None or until < today
        announced = [debt for debt in service.debts if debt.announced and debt.due_date < today]
        owed = sum((debt.amount - debt.held for debt in announced), D(0))
        assert owed > service.credits
        assert owed >= rules.minimum and owed >= rules.share * service.monthly_value
        assert verdict.overdue >= owed
        assert rules.newest_bank_data is not None and rules.live and not rules.paused
        if verdict.may_suspend:
            assert working(today) and working(today + ONE_DAY)
            assert 9 <= hour < 15 and rules.done_today < rules.daily_cap
            assert service.approved or not rules.approval


def paid_or_held(maker, service):
    """The same service after some payments, unallocated money, and more that is held."""
    debts = []
    for debt in service.debts:
        amount = max(debt.amount - maker.rarely(lambda: maker.money(120), D(0), 0.5), D(0))
        held = min(debt.held + maker.rarely(lambda: maker.money(120), D(0), 0.3), amount)
        debts.append(replace(debt, amount=amount, held=held))
    debts = [debt for debt in debts if debt.amount or maker.random.random() < 0.5]
    more = {
        "credits": service.credits + maker.rarely(lambda: maker.money(50), D(0), 0.3),
        "rewarded": service.rewarded or maker.random.random() < 0.1,
        "announcement": service.announcement if maker.random.random() < 0.9 else None,
    }
    return replace(service, debts=tuple(debts), **more)


@given(SEEDS)
def test_who_pays_or_is_heard_is_never_worse_off(seed):
    for maker, service, rules, hour, today in situations(seed):
        before = judge(service, rules, today, hour, working)
        changed = paid_or_held(maker, service)
        after = judge(changed, rules, today, hour, working)
        assert before.may_suspend or not after.may_suspend
        assert before.ready or not after.ready
        assert after.overdue <= before.overdue
        if after.earliest is not None:
            assert before.earliest is not None and before.earliest <= after.earliest


@given(SEEDS)
def test_what_no_notice_named_changes_nothing(seed):
    """Neither does an order of the debts: nothing hangs on which is the oldest."""
    for maker, service, rules, hour, today in situations(seed):
        named = [debt for debt in service.debts if debt.announced]
        others = [replace(maker.debt(), announced=False) for _count in range(3)]
        mixed = [*named, *others]
        maker.random.shuffle(mixed)
        one = judge(replace(service, debts=tuple(named)), rules, today, hour, working)
        two = judge(replace(service, debts=tuple(mixed)), rules, today, hour, working)
        assert one.conditions == two.conditions
        assert one.earliest == two.earliest
        answers = {restore(replace(service, debts=tuple(debts)), rules, today) for debts in (named, mixed)}
        assert len(answers) == 1
        three = judge(replace(service, debts=tuple(others)), rules, today, hour, working)
        assert not three.may_suspend and three.earliest is None


@given(SEEDS)
def test_no_flip_flop(seed):
    """What must be restored is not suspended, at no hour of the day, and what is suspended is not restored at once."""
    for maker, service, rules, hour, today in situations(seed):
        why = restore(service, rules, today)
        if why is not None:
            for asked in (hour, 10):
                verdict = judge(replace(service, approved=True), rules, today, asked, working)
                assert not verdict.may_suspend and not verdict.ready
        elif service.suspended_by_hand:
            assert restore(replace(service, debts=()), rules, today) is None
        if judge(service, rules, today, hour, working).may_suspend:
            for later in range(5):
                assert restore(service, rules, today + timedelta(days=later)) is None
            assert restore(replace(service, debts=(), suspended_by_hand=False), rules, today) == "paid"
        # What was paid or held since never takes back a reason to restore, nor gives one to suspend.
        if why is not None:
            changed = replace(paid_or_held(maker, service), announcement=service.announcement)
            assert not judge(changed, rules, today, hour, working).may_suspend


@given(SEEDS)
def test_earliest(seed):
    for _maker, service, rules, hour, today in situations(seed):
        verdict = judge(service, rules, today, hour, working)
        first = verdict.earliest
        if verdict.may_suspend:
            assert first == today
        if first is None:
            assert not verdict.may_suspend
            continue
        assert first >= today and first > service.announcement.deadline
        assert first > service.announcement.delivered_on + timedelta(days=15 if service.consumer else 8)
        assert working(first) and working(first + ONE_DAY)
        yes = replace(service, approved=True)

        def later(day, rules=rules, today=today):
            fresh = {"newest_bank_data": max(day, rules.newest_bank_data)}
            return replace(rules, **fresh) if day == today else replace(rules, **fresh, done_today=0)

        moment = hour if first == today and hour >= rules.first_hour else rules.first_hour
        assert judge(yes, later(first), first, moment, working).may_suspend
        # Not on a day before it either, nor in what is left of today.
        for count in range((first - today).days):
            before = today + timedelta(days=count)
            moment = max(hour, rules.first_hour) if before == today else rules.first_hour
            assert not judge(yes, later(before), before, moment, working).may_suspend


@given(SEEDS)
def test_never_when_it_must_not(seed):
    """Whatever else is so: one of these alone is enough."""
    for _maker, service, rules, hour, today in situations(seed, 3):
        for values in (
            {"announcement": None},
            {"essential": True},
            {"insolvent": True},
            {"rewarded": True},
            {"exempt_until": today},
            {"paid_through": today},
            {"postponed_until": today},
            {"clause": False, "proportionate": False},
            {"announcement": Announcement(today - timedelta(days=60), today)},
            {"announcement": Announcement(today - timedelta(days=8), today - timedelta(days=8))},
        ):
            verdict = judge(replace(service, **values), rules, today, hour, working)
            assert not verdict.may_suspend and not verdict.ready


def test_an_email_that_may_have_come_back_unseen_needs_a_person():
    unproven = replace(NOTICE, proven=False)
    verdict = ask(rules={"approval": False}, announcement=unproven, approved=False)
    assert (verdict.may_suspend, verdict.ready, failed(verdict)) == (False, True, {"approved"})
    assert ask(rules={"approval": False}, approved=False).may_suspend
    assert ask(rules={"approval": False}, announcement=unproven).may_suspend
