import itertools

from engine.template_fault import cause_of, left_over


class Located(Exception):
    class qweb:
        element = "<t t-out='object.x'/>"


def chain(*errors):
    """The last one, raised while the others were handled, the first of them first."""
    for inner, outer in itertools.pairwise(errors):
        outer.__context__ = inner
    return errors[-1]


def test_the_first_cause_with_its_element():
    error = chain(AttributeError("no x\nmore"), Located("rendering"), ValueError("Failed to render\nTraceback"))
    assert cause_of(error) == "AttributeError: no x (<t t-out='object.x'/>)"


def test_without_a_cause():
    assert cause_of(ValueError("bad")) == "ValueError: bad"


def test_a_loop_of_causes_ends():
    one, two = ValueError("one"), ValueError("two")
    one.__context__, two.__context__ = two, one
    assert "ValueError" in cause_of(one)


def test_placeholders_that_nobody_fills_in():
    assert left_over("<p>{{ object.name }}</p>", "<p>{{ object.name }}</p>") == "{{ object.name }}"
    assert left_over("<p>${object.name}</p>", "<p>${object.name}</p>") == "${object.name}"
    assert left_over("<p>&lt;t t-out='x'/&gt;</p>", "<p>&lt;t t-out='x'/&gt;</p>") == "&lt;t t-out='x'/&gt;"
    assert left_over("Reminder {{ object.name", "Reminder {{ object.name") == "{{ object.name"


def test_what_a_customer_calls_himself_is_shown():
    assert left_over("<p><t t-out='object.name'/></p>", "<p>{{ 7 * 7 }}</p>") is None
    assert left_over(None, None) is None
    assert left_over("<a t-attf-href='/x/{{ object.id }}'>y</a>", "<a href='/x/7'>y</a>") is None
