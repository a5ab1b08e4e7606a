"""What a spreadsheet would run instead of show. No Odoo."""

#: Signs that begin a formula, in the width of East Asian keyboards as well; after a tab or a line break a new cell begins.
_SIGNS = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n")


def is_formula(text: str) -> bool:
    """Whether a spreadsheet may run a text; white space before it, of any kind, does not count."""
    return text.startswith(_SIGNS) or text.lstrip().startswith(_SIGNS)


def as_text(text: str) -> str:
    """The text, with an apostrophe in front when a spreadsheet would run it."""
    return f"'{text}" if is_formula(text) else text
