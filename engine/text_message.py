"""The characters of a text message, and how many messages the operator counts. Pure.

An SMS of the GSM 7-bit alphabet (3GPP TS 23.038) holds 160 characters, 153 in each part of a longer one. One character
outside it, even the narrow space in a French amount, makes the whole message twice as dear: 70 characters, 67 a part.
"""

import unicodedata

_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
#: Characters that take two places.
_EXTENDED = "^{}\\[~]|€"
_ALPHABET = frozenset(_BASIC + _EXTENDED)
_LIKE = {
    "\u00a0": " ", "\u202f": " ", "\u2009": " ", "\t": " ",
    "\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u00ab": '"', "\u00bb": '"',
    "\u2013": "-", "\u2014": "-", "\u2026": "...", "\u0153": "oe", "\u0152": "OE", "\u00b0": "o",
}  # fmt: skip


def plain(text):
    """The text in the alphabet of the operators: typographic signs and rare accents become what looks like them.

    What has no likeness (Greek small letters, Cyrillic) stays as it is.
    """
    return "".join(char if char in _ALPHABET else _plain_char(char) for char in " ".join(text.split(" ")))


def _plain_char(char):
    if char in _LIKE:
        return _LIKE[char]
    base = unicodedata.normalize("NFD", char)[0]
    return base if base in _ALPHABET else char


def segments(text):
    """How many messages the operator counts for this text.

    :rtype: int; 0 for an empty text
    """
    if not text:
        return 0
    if _ALPHABET.issuperset(text):
        size = sum(2 if char in _EXTENDED else 1 for char in text)
        single, part = 160, 153
    else:
        size = len(text.encode("utf-16-be")) // 2
        single, part = 70, 67
    return 1 if size <= single else -(-size // part)


def is_mobile(number):
    """Whether a number in international form (`+32470123456`) can receive a text message.

    Belgian numbers are mobile when they begin with 45 to 49; about other countries nothing is known, so they may.
    """
    digits = number[1:]
    if not number.startswith("+") or not digits.isdigit() or not 8 <= len(digits) <= 15:
        return False
    if digits.startswith("32"):
        return len(digits) == 11 and digits[2] == "4" and digits[3] in "56789"
    return True


def international(number, prefix="32"):
    """A number as people write it, in international form.

    :param prefix: calling code of the country for numbers written the national way
    :return: `+` and digits, or "" when there are none
    """
    number = number.replace("(0)", "").strip()
    digits = "".join(char for char in number if char.isdigit())
    if not digits:
        return ""
    if number.startswith("+"):
        return f"+{digits}"
    if digits.startswith("00"):
        return f"+{digits[2:]}"
    if digits.startswith("0"):
        return f"+{prefix}{digits[1:]}"
    return f"+{prefix}{digits}" if not digits.startswith(prefix) else f"+{digits}"
