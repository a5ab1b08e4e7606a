"""What a person can grep, and how long each step of a run took. Plain Python; the clock is monotonic.

A line is `followup: event=night run=12 company=3 prepared=40 seconds=1.7`: one prefix, then `name=value` with the values
quoted where they hold a space, so that `grep 'followup: event=night'` and `awk` are enough.
"""

import contextlib
import contextvars
import json
import time

PREFIX = "followup:"

_measure = contextvars.ContextVar("l10n_be_followup_measure", default=None)


def line(event, **facts):
    """:return: one line for the log; facts that are None are left out"""
    parts = [f"event={event}"]
    for name, value in facts.items():
        if value is None:
            continue
        if isinstance(value, float):
            value = f"{value:.3f}"
        value = str(value)
        # Never more than one line, never a value that could be read as another fact.
        if not value or any(char.isspace() or char in '="' for char in value):
            value = json.dumps(value, ensure_ascii=False)
        parts.append(f"{name}={value}")
    return f"{PREFIX} {' '.join(parts)}"


class Measure:
    """Seconds by phase of what runs inside; a phase within a phase counts for the inner one only."""

    def __init__(self):
        self.began = time.monotonic()
        self.seconds = {}
        self._open = []

    def total(self):
        return time.monotonic() - self.began

    @contextlib.contextmanager
    def phase(self, name):
        began = time.monotonic()
        self._open.append(0.0)
        try:
            yield
        finally:
            spent = time.monotonic() - began
            inner = self._open.pop()
            self.seconds[name] = self.seconds.get(name, 0.0) + spent - inner
            if self._open:
                self._open[-1] += spent


@contextlib.contextmanager
def measure():
    """Measure what runs inside: `phase` adds to it from anywhere below."""
    own = Measure()
    token = _measure.set(own)
    try:
        yield own
    finally:
        _measure.reset(token)


@contextlib.contextmanager
def phase(name):
    """Count the seconds inside for this phase, when somebody measures."""
    own = _measure.get()
    if own is None:
        yield
        return
    with own.phase(name):
        yield
