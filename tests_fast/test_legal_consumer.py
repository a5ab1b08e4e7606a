"""The consumer's fourteen days, counted on a printed calendar.

Holidays used below. 2025: Sat 1 November, Tue 11 November. 2026: Thu 1 January, Mon 6 April (Easter Monday),
Fri 1 May, Thu 14 May (Ascension), Mon 25 May (Whit Monday), Tue 21 July, Sat 15 August, Wed 11 November,
Fri 25 December. 2027: Fri 1 January.
"""

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from legal.calendar import is_working_day
from legal.consumer import waiting_period


def days(*texts):
    return tuple(date.fromisoformat(text) for text in texts)


def as_days(period):
    return (period.first_day, period.last_day, period.chargeable_from)


@pytest.mark.oracle("waiting_period_b2c.csv")
def test_oracle_waiting_period(row):
    period = waiting_period(date.fromisoformat(row["sent_on"]), row["medium"])
    assert as_days(period) == days(row["first_day"], row["last_day"], row["chargeable_from"])


@pytest.mark.parametrize(
    ("sent_on", "first_day", "last_day", "chargeable_from"),
    [
        # Sent on a Saturday: Sunday is day 1, day 14 Saturday the 21st, to Monday.
        ("2026-11-07", "2026-11-08", "2026-11-23", "2026-11-24"),
        # Sent on a Sunday: day 14 is Sunday the 22nd, to the same Monday.
        ("2026-11-08", "2026-11-09", "2026-11-23", "2026-11-24"),
        # Sent on a Monday: day 14 is that Monday itself.
        ("2026-11-09", "2026-11-10", "2026-11-23", "2026-11-24"),
        # Day 14 is the Saturday before Easter, Easter or Easter Monday: all three to Tuesday.
        ("2026-03-21", "2026-03-22", "2026-04-07", "2026-04-08"),
        ("2026-03-22", "2026-03-23", "2026-04-07", "2026-04-08"),
        ("2026-03-23", "2026-03-24", "2026-04-07", "2026-04-08"),
        # Day 1 is Labour Day and counts, day 14 is Ascension, to Friday; chargeable on the Saturday.
        ("2026-04-30", "2026-05-01", "2026-05-15", "2026-05-16"),
        # Day 14 is Whit Monday.
        ("2026-05-11", "2026-05-12", "2026-05-26", "2026-05-27"),
        # Day 14 is the national holiday.
        ("2026-07-07", "2026-07-08", "2026-07-22", "2026-07-23"),
        # Day 14 is All Saints on a Saturday, then Sunday, to Monday 3 November.
        ("2025-10-18", "2025-10-19", "2025-11-03", "2025-11-04"),
        # Day 14 is Armistice Day on a Tuesday.
        ("2025-10-28", "2025-10-29", "2025-11-12", "2025-11-13"),
        # Day 14 is Christmas on a Friday, then a weekend.
        ("2026-12-11", "2026-12-12", "2026-12-28", "2026-12-29"),
        # Day 14 is New Year's Day on a Thursday; the period runs over the end of the year.
        ("2025-12-18", "2025-12-19", "2026-01-02", "2026-01-03"),
        # 2024 has a 29 February: day 1 is 21 February, day 9 the 29th, day 14 Tuesday 5 March.
        ("2024-02-20", "2024-02-21", "2024-03-05", "2024-03-06"),
        # 2023 has none: day 14 is Monday 6 March.
        ("2023-02-20", "2023-02-21", "2023-03-06", "2023-03-07"),
    ],
)
def test_by_email(sent_on, first_day, last_day, chargeable_from):
    period = waiting_period(date.fromisoformat(sent_on), "email")
    assert as_days(period) == days(first_day, last_day, chargeable_from)


@pytest.mark.parametrize(
    ("sent_on", "first_day", "last_day", "chargeable_from"),
    [
        # Monday: Tuesday, Wednesday, Thursday 19; day 14 is Wednesday 2 December.
        ("2026-11-16", "2026-11-19", "2026-12-02", "2026-12-03"),
        # Good Friday: Easter Monday is skipped, so Tuesday 7, Wednesday 8, Thursday 9.
        ("2026-04-03", "2026-04-09", "2026-04-22", "2026-04-23"),
        # Thursday before it: Friday 3 counts, then Tuesday 7, Wednesday 8.
        ("2026-04-02", "2026-04-08", "2026-04-21", "2026-04-22"),
        # Before Ascension: Wednesday 13, Friday 15, Monday 18; day 14 is Sunday 31 May, to Monday.
        ("2026-05-12", "2026-05-18", "2026-06-01", "2026-06-02"),
        # Christmas Eve: Monday 28, Tuesday 29, Wednesday 30 December.
        ("2026-12-24", "2026-12-30", "2027-01-12", "2027-01-13"),
        # Before New Year: Thursday 31 December, Monday 4, Tuesday 5 January.
        ("2026-12-30", "2027-01-05", "2027-01-18", "2027-01-19"),
        # Posted on a Saturday: Monday 9, Tuesday 10, not the 11th, Thursday 12 November.
        ("2026-11-07", "2026-11-12", "2026-11-25", "2026-11-26"),
        # Posted on a holiday (Wednesday 11 November): Thursday 12, Friday 13, Monday 16.
        ("2026-11-11", "2026-11-16", "2026-11-30", "2026-12-01"),
    ],
)
def test_by_post(sent_on, first_day, last_day, chargeable_from):
    period = waiting_period(date.fromisoformat(sent_on), "post")
    assert as_days(period) == days(first_day, last_day, chargeable_from)


@pytest.mark.parametrize(
    ("sent_on", "counted", "not_counted"),
    [
        # Thursday: Friday 20, Saturday 21, Monday 23; without the Saturday it is Tuesday 24.
        ("2026-11-19", "2026-11-23", "2026-11-24"),
        # Friday: Saturday 21, Monday 23, Tuesday 24; without it Wednesday 25.
        ("2026-11-20", "2026-11-24", "2026-11-25"),
        # Wednesday: Saturday 21 would be the third and may not be, so Monday 23 either way.
        ("2026-11-18", "2026-11-23", "2026-11-23"),
        # Wednesday before Easter: Saturday 4 would be the third, Monday 6 is a holiday: Tuesday 7.
        ("2026-04-01", "2026-04-07", "2026-04-07"),
        # Saturday 15 August is a holiday and counts for nobody: Friday 14, Monday 17, Tuesday 18.
        ("2026-08-13", "2026-08-18", "2026-08-18"),
        # Posted on Saturday itself: the day of posting never counts. Monday, Tuesday, Wednesday 25.
        ("2026-11-21", "2026-11-25", "2026-11-25"),
    ],
)
def test_by_post_with_saturdays(sent_on, counted, not_counted):
    sent = date.fromisoformat(sent_on)
    assert waiting_period(sent, "post", saturday_counts=True).first_day == date.fromisoformat(counted)
    assert waiting_period(sent, "post").first_day == date.fromisoformat(not_counted)


def test_a_counted_saturday_is_still_no_last_day():
    # Day 14 is Saturday 21 November; the extension goes to Monday whatever counts for the post.
    period = waiting_period(date(2026, 11, 7), "email", saturday_counts=True)
    assert period.last_day == date(2026, 11, 23)


@pytest.mark.parametrize(
    ("sent_on", "medium", "last_day"),
    [
        ("2026-11-07", "email", "2026-11-21"),  # a Saturday
        ("2026-03-23", "email", "2026-04-06"),  # Easter Monday
        ("2026-11-18", "post", "2026-12-06"),  # a Sunday; the first day still needs working days
    ],
)
def test_without_extension_the_fourteenth_day_is_the_last(sent_on, medium, last_day):
    period = waiting_period(date.fromisoformat(sent_on), medium, extend=False)
    assert period.last_day == date.fromisoformat(last_day)
    assert period.chargeable_from == period.last_day + timedelta(days=1)


@given(
    sent_on=st.dates(date(2023, 9, 1), date(2090, 12, 31)),
    medium=st.sampled_from(["email", "post"]),
    saturday_counts=st.booleans(),
    extend=st.booleans(),
)
def test_never_shorter_than_fourteen_full_days(sent_on, medium, saturday_counts, extend):
    period = waiting_period(sent_on, medium, saturday_counts, extend)
    assert period.first_day > sent_on
    length = (period.chargeable_from - period.first_day).days
    assert period.chargeable_from == period.last_day + timedelta(days=1)
    if extend:
        # Holy Saturday to Easter Tuesday is the longest stretch: three days more.
        assert 14 <= length <= 17
        assert is_working_day(period.last_day)
    else:
        assert length == 14
    if medium == "post":
        day, counted = sent_on, 0
        while counted < 3 or not is_working_day(day):
            day += timedelta(days=1)
            counted += is_working_day(day, saturday_counts)
        assert period.first_day == day


@given(
    sent_on=st.dates(date(2023, 9, 1), date(2090, 12, 31)),
    medium=st.sampled_from(["email", "post"]),
    saturday_counts=st.booleans(),
)
def test_a_later_reminder_is_never_chargeable_earlier(sent_on, medium, saturday_counts):
    today = waiting_period(sent_on, medium, saturday_counts)
    tomorrow = waiting_period(sent_on + timedelta(days=1), medium, saturday_counts)
    assert today.chargeable_from <= tomorrow.chargeable_from
    assert waiting_period(sent_on, "email").chargeable_from <= today.chargeable_from


@pytest.mark.parametrize("wrong", ["sms", "letter", "EMAIL", "", None])
def test_an_unknown_medium_is_named(wrong):
    with pytest.raises(ValueError, match=f"not {wrong!r}"):
        waiting_period(date(2026, 11, 2), wrong)


@pytest.mark.parametrize("wrong", [datetime(2026, 11, 2, 23, 30), "2026-11-02", None])
def test_the_day_must_be_a_date(wrong):
    with pytest.raises(TypeError, match="sent_on must be a date"):
        waiting_period(wrong, "email")
