"""Lines that a person can grep, and seconds by phase."""

import time

from engine import watch


def test_a_line_has_one_prefix_and_stays_one_line():
    text = watch.line("night", run=12, company="Het Zoete\nBrood", seconds=1.23456, why=None, note='a="b"', empty="")
    assert text == r'followup: event=night run=12 company="Het Zoete\nBrood" seconds=1.235 note="a=\"b\"" empty=""'
    assert "\n" not in text


def test_an_inner_phase_is_not_counted_twice():
    with watch.measure() as measured:
        with watch.phase("outer"):
            time.sleep(0.01)
            with watch.phase("inner"):
                time.sleep(0.02)
        with watch.phase("inner"):
            pass
    assert set(measured.seconds) == {"outer", "inner"}
    assert 0.01 <= measured.seconds["outer"] < 0.02
    assert measured.seconds["inner"] >= 0.02
    assert measured.total() >= sum(measured.seconds.values())


def test_without_a_measure_a_phase_costs_nothing_and_fails_nothing():
    with watch.phase("alone"):
        pass
    with watch.measure() as first, watch.measure() as second, watch.phase("one"):
        pass
    assert not first.seconds
    assert set(second.seconds) == {"one"}
