"""What is wrong with a template, in one line that a person can act on. Pure: no Odoo."""

import re

#: Placeholders that somebody typed where they are not filled in: those of a subject in a body, and of older versions.
#: One that was never closed is known by its first signs.
_PLACEHOLDER = re.compile(r"\{\{[^<>]*?\}\}|\$\{[^<>]*?\}|&lt;t\b[^<>]*?&gt;|(?:\{\{|\$\{)[^<>]{1,12}")


def cause_of(error):
    """The first cause of an exception, with the element of the template where there is one.

    :param error: what the renderer raised; its traceback is for developers and stays in the log
    :rtype: str
    """
    element = None
    seen = set()
    while error.__cause__ or error.__context__:
        seen.add(id(error))
        element = element or getattr(getattr(error, "qweb", None), "element", None)
        inner = error.__cause__ or error.__context__
        if id(inner) in seen:
            break
        error = inner
    element = element or getattr(getattr(error, "qweb", None), "element", None)
    text = f"{type(error).__name__}: {error}".strip().splitlines()[0]
    return f"{text} ({element})" if element else text


def left_over(source, rendered):
    """A placeholder that stands in what was rendered as it stands in the template; None when all were filled in.

    What came in with a name or a reference is no mistake of the template and is shown as it is.
    """
    source = str(source or "")
    for found in _PLACEHOLDER.findall(str(rendered or "")):
        if found in source:
            return found
    return None
