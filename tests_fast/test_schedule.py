"""Instalments of an arrangement: cases that can be checked on a calendar, and what holds for every plan."""

import ast
import sys
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal, localcontext
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.schedule import FREQUENCIES, Instalment, Plan, interest_on_plan, next_working_day, plan
from legal.calendar import is_working_day

D = Decimal
ONE_DAY = timedelta(days=1)


def day(text):
    return date.fromisoformat(text)


def always(_day):
    return True


def ask(total, first="2026-09-01", calendar=is_working_day, **values):
    return plan(D(total), Plan(day(first), **values), calendar)


def days(instalments):
    return [str(instalment.day) for instalment in instalments]


def amounts(instalments):
    return [str(instalment.amount) for instalment in instalments]


@pytest.mark.parametrize("name", ["schedule", "agreement"])
def test_imports_nothing_but_the_standard_library(name):
    path = Path(__file__).resolve().parent.parent / "engine" / f"{name}.py"
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            # Of its own package, nothing but the other pure module.
            assert (node.level, node.module) == (1, "schedule") or node.level == 0
            names = [] if node.level else [node.module]
        assert all(name.partition(".")[0] in sys.stdlib_module_names for name in names), names
        assert not (isinstance(node, ast.Attribute) and node.attr in ("today", "now")), node.lineno
        assert not (isinstance(node, ast.Constant) and isinstance(node.value, float)), node.lineno


# Amounts


AMOUNT_CASES = {
    "an even share": ("300.00", {"number": 3}, ["100.00", "100.00", "100.00"]),
    "rounded down, the cent in the last one": ("100.00", {"number": 3}, ["33.33", "33.33", "33.34"]),
    "two cents over": ("0.05", {"number": 3}, ["0.01", "0.01", "0.03"]),
    "one": ("12.34", {"number": 1}, ["12.34"]),
    "a cent each": ("0.03", {"number": 3}, ["0.01", "0.01", "0.01"]),
    "whole euros": ("1000.50", {"number": 3, "whole": True}, ["333.00", "333.00", "334.50"]),
    "whole euros, where each has less than one": ("2.50", {"number": 3, "whole": True}, ["0.83", "0.83", "0.84"]),
    "whole euros, where each has just one": ("3.99", {"number": 3, "whole": True}, ["1.00", "1.00", "1.99"]),
    "a fixed amount, the rest last": ("250.00", {"amount": D("100.00")}, ["100.00", "100.00", "50.00"]),
    "a fixed amount that fits": ("200.00", {"amount": D("100.00")}, ["100.00", "100.00"]),
    "a cent more than fits": ("200.01", {"amount": D("100.00")}, ["100.00", "100.00", "0.01"]),
    "a fixed amount over the total": ("40.00", {"amount": D("100.00")}, ["40.00"]),
    "whole leaves an amount that was asked alone": (
        "60.50",
        {"amount": D("30.25"), "whole": True},
        ["30.25", "30.25"],
    ),
    "yen": ("1000", {"number": 3, "unit": D(1)}, ["333", "333", "334"]),
    "yen are whole": ("1000", {"number": 3, "unit": D(1), "whole": True}, ["333", "333", "334"]),
    "francs by five centimes": ("10.00", {"number": 3, "unit": D("0.05")}, ["3.30", "3.30", "3.40"]),
    "dinars of three decimals": ("1.000", {"number": 3, "unit": D("0.001")}, ["0.333", "0.333", "0.334"]),
    "dollars by fives have no whole ones": ("100", {"number": 3, "unit": D(5), "whole": True}, ["30", "30", "40"]),
    "a total written shorter than cents": ("100", {"number": 3}, ["33.33", "33.33", "33.34"]),
    "a down payment, and the rest in parts": (
        "350.00",
        {"number": 3, "down_payment": D("50.00"), "down_payment_day": day("2026-08-03")},
        ["50.00", "100.00", "100.00", "100.00"],
    ),
    "a down payment keeps its cents": (
        "350.55",
        {"number": 3, "down_payment": D("50.50"), "down_payment_day": day("2026-08-03"), "whole": True},
        ["50.50", "100.00", "100.00", "100.05"],
    ),
    "a down payment before fixed amounts": (
        "250.00",
        {"amount": D("100.00"), "down_payment": D("30.00"), "down_payment_day": day("2026-08-03")},
        ["30.00", "100.00", "100.00", "20.00"],
    ),
    "one part for each free date, whatever else is said": (
        "100.00",
        {"dates": (day("2026-09-01"), day("2026-10-01"), day("2026-12-01")), "number": 7, "frequency": "?"},
        ["33.33", "33.33", "33.34"],
    ),
}


@pytest.mark.parametrize("case", AMOUNT_CASES.values(), ids=AMOUNT_CASES)
def test_amounts(case):
    total, values, expected = case
    assert amounts(ask(total, **values)) == expected


def test_a_narrow_decimal_context_costs_no_cent():
    with localcontext() as context:
        context.prec = 3
        assert amounts(ask("123456.79", number=2)) == ["61728.39", "61728.40"]


# Days. 2026: 1 January is a Thursday; Easter is 5 April 2026 and 28 March 2027.

DAY_CASES = {
    "the end of every month, of 28 to 31 days, never drifting": (
        {"first": "2026-01-31", "number": 6},
        # Saturday, Saturday, Tuesday, Thursday, Sunday, Tuesday.
        ["2026-02-02", "2026-03-02", "2026-03-31", "2026-04-30", "2026-06-01", "2026-06-30"],
    ),
    "29 February in a leap year": (
        {"first": "2028-01-31", "number": 3},
        ["2028-01-31", "2028-02-29", "2028-03-31"],
    ),
    "a leap day itself": ({"first": "2028-02-29", "number": 2}, ["2028-02-29", "2028-03-29"]),
    "the day of the month, later in the same month": (
        {"first": "2026-09-02", "number": 2, "month_day": 15},
        ["2026-09-15", "2026-10-15"],
    ),
    "the day of the month, on the first day": (
        {"first": "2026-09-15", "number": 2, "month_day": 15},
        ["2026-09-15", "2026-10-15"],
    ),
    "the day of the month, over already": (
        {"first": "2026-09-16", "number": 2, "month_day": 15},
        ["2026-10-15", "2026-11-16"],
    ),
    "the 31st in a month of thirty": (
        {"first": "2026-09-30", "number": 2, "month_day": 31},
        ["2026-09-30", "2026-11-02"],
    ),
    "over the new year": (
        {"first": "2026-12-16", "number": 2, "month_day": 15},
        ["2027-01-15", "2027-02-15"],
    ),
    "every week, over Christmas and New Year, both Fridays": (
        {"first": "2026-12-18", "number": 4, "frequency": "weekly"},
        ["2026-12-18", "2026-12-28", "2027-01-04", "2027-01-08"],
    ),
    "every week, over Easter Monday": (
        {"first": "2027-03-22", "number": 3, "frequency": "weekly"},
        ["2027-03-22", "2027-03-30", "2027-04-05"],
    ),
    "every two weeks": (
        {"first": "2026-09-01", "number": 3, "frequency": "biweekly"},
        ["2026-09-01", "2026-09-15", "2026-09-29"],
    ),
    "weeks know no day of the month": (
        {"first": "2026-09-01", "number": 2, "frequency": "weekly", "month_day": 15},
        ["2026-09-01", "2026-09-08"],
    ),
    "free dates, sorted": (
        {"dates": (day("2026-12-01"), day("2026-09-01"), day("2026-10-01"))},
        ["2026-09-01", "2026-10-01", "2026-12-01"],
    ),
    "three free dates in one long weekend": (
        {"dates": (day("2026-12-25"), day("2026-12-26"), day("2026-12-27"))},
        ["2026-12-28", "2026-12-29", "2026-12-30"],
    ),
    "a date pushed from Friday goes on after the weekend": (
        {"dates": (day("2026-11-11"), day("2026-11-12"), day("2026-11-13"))},
        # Armistice Day is a Wednesday: Thursday, Friday, Monday.
        ["2026-11-12", "2026-11-13", "2026-11-16"],
    ),
    "a down payment first, on a Sunday": (
        {"first": "2026-09-01", "number": 2, "down_payment": D(10), "down_payment_day": day("2026-08-09")},
        ["2026-08-10", "2026-09-01", "2026-10-01"],
    ),
    "a down payment on the day of the first one: that one waits a day, the others do not": (
        {"first": "2026-09-01", "number": 2, "down_payment": D(10), "down_payment_day": day("2026-09-01")},
        ["2026-09-01", "2026-09-02", "2026-10-01"],
    ),
    "a down payment after the first day, before the first instalment": (
        {
            "first": "2026-09-01",
            "number": 1,
            "month_day": 15,
            "down_payment": D(10),
            "down_payment_day": day("2026-09-10"),
        },
        ["2026-09-10", "2026-09-15"],
    ),
    "a down payment before free dates": (
        {"dates": (day("2026-09-01"),), "down_payment": D(10), "down_payment_day": day("2026-08-03")},
        ["2026-08-03", "2026-09-01"],
    ),
}


@pytest.mark.parametrize("case", DAY_CASES.values(), ids=DAY_CASES)
def test_days(case):
    values, expected = case
    assert days(ask("1000.00", **values)) == expected


def test_no_down_payment_needs_no_day():
    assert days(ask("100.00", number=1, down_payment_day=day("2026-12-01"))) == ["2026-09-01"]


# Refusals: the sentence names the value and says what to do

DOWN = {"number": 2, "down_payment_day": day("2026-08-03")}
REFUSALS = {
    "no total": ("0.00", {"number": 2}, "The total must be more than zero, not 0.00"),
    "a negative total": ("-5.00", {"number": 2}, "not -5.00: choose items that are still open"),
    "half a cent": ("10.005", {"number": 2}, "10.005 is not a multiple of 0.01: round it"),
    "NaN": ("NaN", {"number": 2}, "must be a finite number, not NaN"),
    "no unit": ("10.00", {"number": 2, "unit": D(0)}, "smallest amount of the currency must be more than zero"),
    "no instalments": ("10.00", {"number": 0}, "from 1 to 600, not 0"),
    "too many": ("10000.00", {"number": 601}, "from 1 to 600, not 601"),
    "too many of so little": ("601.00", {"amount": D(1)}, "would be 601 in number, more than 600: raise the amount"),
    "too many free dates": ("9000.00", {"dates": tuple(day("2026-01-01") + i * ONE_DAY for i in range(601))}, "601"),
    "no amount": ("10.00", {"amount": D(0)}, "must be more than zero, not 0"),
    "a negative amount": ("10.00", {"amount": D(-1)}, "must be more than zero, not -1"),
    "an amount of half a cent": ("10.00", {"amount": D("0.005")}, "0.005 is not a multiple of 0.01"),
    "neither": ("10.00", {}, "either the number of instalments or the amount of each, not neither"),
    "both": ("10.00", {"number": 2, "amount": D(5)}, "not both 2 and 5"),
    "a negative down payment": ("10.00", {**DOWN, "down_payment": D(-1)}, "must not be negative (-1)"),
    "a down payment of everything": ("10.00", {**DOWN, "down_payment": D(10)}, "10 must be less than the total 10.00"),
    "a down payment of half a cent": ("10.00", {**DOWN, "down_payment": D("0.005")}, "The down payment 0.005"),
    "a down payment without a day": ("10.00", {"number": 1, "down_payment": D(1)}, "has no day: enter the day"),
    "a down payment that is late": (
        "10.00",
        {"number": 1, "down_payment": D(1), "down_payment_day": day("2026-09-02")},
        "on 2026-09-02 comes after the first instalment on 2026-09-01: make it earlier",
    ),
    "too little": ("0.02", {"number": 3}, "0.02 is too little for 3 instalments of at least 0.01: ask for fewer"),
    "too little after the down payment": ("5.02", {**DOWN, "number": 3, "down_payment": D(5)}, "0.02 is too little"),
    "too little for the free dates": (
        "0.01",
        {"dates": (day("2026-09-01"), day("2026-10-01"))},
        "too little for 2 instalments",
    ),
    "an unknown frequency": ("10.00", {"number": 2, "frequency": "daily"}, "'daily' is unknown: use one of weekly"),
    "the day 0": ("10.00", {"number": 2, "month_day": 0}, "from 1 to 31, not 0"),
    "the day 32": ("10.00", {"number": 2, "month_day": 32}, "from 1 to 31, not 32"),
    "a date twice": ("10.00", {"dates": (day("2026-09-01"),) * 2}, "2026-09-01 is given twice: keep one"),
    "beyond the calendar, monthly": ("99.00", {"first": "9999-11-01", "number": 3, "calendar": always}, "year 10000"),
    "beyond the calendar, weekly": (
        "99.00",
        {"first": "9999-12-30", "number": 2, "frequency": "weekly", "calendar": always},
        "beyond the calendar",
    ),
    "no working day at all": (
        "10.00",
        {"number": 1, "calendar": lambda _day: False},
        "no working day within 60 days from 2026-09-01: correct the working days",
    ),
}


@pytest.mark.parametrize("case", REFUSALS.values(), ids=REFUSALS)
def test_refusals(case):
    total, values, sentence = case
    with pytest.raises(ValueError) as raised:
        ask(total, **values)
    assert sentence in str(raised.value)


@pytest.mark.parametrize(
    "values",
    [
        {"number": 2.0},
        {"number": True},
        {"amount": 5.0},
        {"amount": 5},
        {"number": 2, "unit": 0.01},
        {"number": 2, "down_payment": 1.0},
        {"number": 2, "down_payment": D(1), "down_payment_day": datetime(2026, 8, 3)},
        {"number": 2, "month_day": 1.0},
        {"number": 2, "first_day": datetime(2026, 9, 1)},
        {"dates": ("2026-09-01",)},
    ],
    ids=repr,
)
def test_wrong_types(values):
    with pytest.raises(TypeError):
        plan(D("10.00"), replace(Plan(day("2026-09-01")), **values), always)


@pytest.mark.parametrize("total", [10.0, 10, "10.00"], ids=repr)
def test_a_total_that_is_no_decimal(total):
    with pytest.raises(TypeError, match="The total must be a Decimal"):
        plan(total, Plan(day("2026-09-01"), number=2), always)


def test_sixty_days_are_waited_for_and_no_more():
    start = day("2026-09-01")
    assert next_working_day(start, lambda d: d >= start + 60 * ONE_DAY) == start + 60 * ONE_DAY
    with pytest.raises(ValueError, match="within 60 days"):
        next_working_day(start, lambda d: d >= start + 61 * ONE_DAY)


# Interest

INTEREST_CASES = {
    "3,650.00 for ten days at 10 %": ([("2026-01-11", "3650.00")], "10", {}, "10.00"),
    "the start bears none": ([("2026-01-01", "3650.00")], "10", {}, "0.00"),
    "an instalment before the start bears none": ([("2025-12-01", "3650.00")], "10", {}, "0.00"),
    "the day itself counts": ([("2026-01-02", "3650.00")], "10", {}, "1.00"),
    # 7,300.00 for ten days, then 3,650.00 for ten.
    "a declining balance": ([("2026-01-11", "3650.00"), ("2026-01-21", "3650.00")], "10", {}, "30.00"),
    "nothing asked": ([("2026-01-11", "3650.00")], "0", {}, "0.00"),
    "no instalments": ([], "10", {}, "0.00"),
    # 18.25 for a day: half a cent.
    "half a cent goes up": ([("2026-01-02", "18.25")], "10", {}, "0.01"),
    "less goes down": ([("2026-01-02", "18.24")], "10", {}, "0.00"),
    # Twice half a cent is one cent: each alone would be rounded up.
    "rounded once": ([("2026-01-02", "18.25"), ("2026-01-02", "18.25")], "10", {}, "0.01"),
    "a year of 360 days": ([("2026-01-11", "3600.00")], "10", {"year_days": 360}, "10.00"),
    "yen": ([("2026-01-11", "3700")], "10", {"unit": D(1)}, "10"),
}


@pytest.mark.parametrize("case", INTEREST_CASES.values(), ids=INTEREST_CASES)
def test_interest(case):
    rows, percent, values, expected = case
    instalments = [Instalment(day(when), D(amount)) for when, amount in rows]
    assert str(interest_on_plan(instalments, day("2026-01-01"), D(percent), **values)) == expected


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({"yearly_percent": D(-1)}, ValueError),
        ({"yearly_percent": 8.0}, TypeError),
        ({"year_days": 0}, ValueError),
        ({"year_days": "actual"}, TypeError),
        ({"unit": D(0)}, ValueError),
        ({"start": datetime(2026, 1, 1)}, TypeError),
        ({"instalments": [Instalment(day("2026-02-01"), D(-1))]}, ValueError),
        ({"instalments": [Instalment(day("2026-02-01"), 1.0)]}, TypeError),
        ({"instalments": [Instalment(datetime(2026, 2, 1), D(1))]}, TypeError),
    ],
)
def test_interest_refusals(values, error):
    usual = {"instalments": [], "start": day("2026-01-01"), "yearly_percent": D(8)}
    with pytest.raises(error):
        interest_on_plan(**usual | values)


# What holds for every plan

UNITS = st.sampled_from([D("0.01"), D("0.001"), D("0.05"), D(1)])
FIRST_DAYS = st.dates(day("2023-01-01"), day("2032-12-31"))


@st.composite
def calendars(draw):
    """Belgium's, or one with weekends and closures of its own."""
    if draw(st.booleans()):
        return is_working_day
    closed_weekdays = draw(st.frozensets(st.integers(0, 6), max_size=4))
    closures = draw(st.frozensets(st.integers(0, 30), max_size=12))
    return lambda d: d.weekday() not in closed_weekdays and d.toordinal() % 31 not in closures


@st.composite
def orders(draw):
    """(total, plan): always one that can be carried out."""
    unit = draw(UNITS)
    first = draw(FIRST_DAYS)
    number = draw(st.integers(1, 30))
    down = draw(st.one_of(st.just(0), st.integers(1, 10_000)))
    rest = draw(st.integers(number, 100_000))
    values = {"number": number}
    way = draw(st.integers(0, 3))
    if way == 1:
        values = {"amount": unit * draw(st.integers(-(-rest // 40), rest + 5))}
    elif way == 2:
        gaps = draw(st.lists(st.integers(1, 40), min_size=number, max_size=number))
        dates = [first + sum(gaps[:place]) * ONE_DAY for place in range(number)]
        values = {"dates": tuple(draw(st.permutations(dates)))}
    asked = Plan(
        first,
        frequency=draw(st.sampled_from(FREQUENCIES)),
        month_day=draw(st.one_of(st.none(), st.integers(1, 31))),
        unit=unit,
        whole=draw(st.booleans()),
        down_payment=unit * down,
        down_payment_day=first - draw(st.integers(0, 40)) * ONE_DAY if down else None,
        **values,
    )
    return unit * (rest + down), asked


def wanted_days(asked, number):
    """The wanted days once more, by walking through the calendar day by day."""
    if asked.dates:
        return sorted(asked.dates)
    current, found, walked = asked.first_day, [], 0
    month_day = asked.month_day or asked.first_day.day
    while len(found) < number:
        if asked.frequency == "monthly":
            last = (current + ONE_DAY).day == 1
            hit = current.day == month_day or (last and current.day < month_day)
        else:
            hit = walked % (7 if asked.frequency == "weekly" else 14) == 0
        if hit:
            found.append(current)
        current, walked = current + ONE_DAY, walked + 1
    return found


@given(orders(), calendars())
def test_every_plan(order, calendar):
    total, asked = order
    instalments = plan(total, asked, calendar)
    # Amounts: exact, more than zero, payable.
    assert sum(instalment.amount for instalment in instalments) == total
    assert all(instalment.amount > 0 and instalment.amount % asked.unit == 0 for instalment in instalments)
    # Days: working, one after the other.
    assert all(calendar(instalment.day) for instalment in instalments)
    assert all(a.day < b.day for a, b in pairwise(instalments))
    regular = instalments[1:] if asked.down_payment else instalments
    if asked.down_payment:
        assert instalments[0].amount == asked.down_payment
    # Each is at the first working day from the wanted one that the one before leaves free.
    taken = instalments[0].day if asked.down_payment else None
    for instalment, wanted in zip(regular, wanted_days(asked, len(regular)), strict=True):
        expected = wanted
        while not calendar(expected) or (taken and expected <= taken):
            expected += ONE_DAY
        assert instalment.day == expected
        taken = expected
    *equal, last = [instalment.amount for instalment in regular]
    if asked.amount is not None:
        assert all(amount == asked.amount for amount in equal)
        assert last <= asked.amount
    else:
        assert len(regular) == (len(asked.dates) or asked.number)
        assert len(set(equal)) <= 1
        if equal:
            # Nothing more could have been shared out.
            step = max(asked.unit, D(1)) if asked.whole and equal[0] >= 1 else asked.unit
            assert equal[0] % step == 0
            assert 0 <= last - equal[0] < len(regular) * step


@given(orders(), calendars(), st.decimals(0, 20, places=2), st.integers(-40, 40))
def test_interest_of_every_plan_against_a_count_day_by_day(order, calendar, percent, offset):
    total, asked = order
    instalments = plan(total, asked, calendar)
    start = instalments[0].day + offset * ONE_DAY
    balance = {}
    for instalment in instalments:
        balance[instalment.day] = balance.get(instalment.day, D(0)) + instalment.amount
    owed = sum((amount for when, amount in balance.items() if when > start), D(0))
    sums, current = D(0), start + ONE_DAY
    while owed:
        sums += owed
        owed -= balance.get(current, D(0))
        current += ONE_DAY
    exact = sums * percent / 36500
    interest = interest_on_plan(instalments, start, percent, asked.unit)
    assert interest % asked.unit == 0
    assert abs(interest - exact) <= asked.unit / 2
