"""Numbers into English words."""

from __future__ import annotations

import re
from functools import cache
from typing import Final

_SMALL: Final = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
_TENS: Final = ["_", "ten", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_SCALES: Final = ("", " thousand", " million", " billion", " trillion", " quadrillion")
_IRREGULAR: Final = {
    "one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth", "nine": "ninth",
    "twelve": "twelfth",
}  # fmt: skip
LONGEST_DIGITS: Final = 3 * len(_SCALES)  # above, digits are read one by one


@cache
def cardinal(n: int) -> str:
    """105 -> one hundred five; American, without "and"."""
    if n < 20:
        return _SMALL[n]
    if n < 100:
        return _TENS[n // 10] + (f"-{_SMALL[n % 10]}" if n % 10 else "")
    if n < 1000:
        return f"{_SMALL[n // 100]} hundred" + (f" {cardinal(n % 100)}" if n % 100 else "")
    groups = []
    for scale in _SCALES:
        n, group = divmod(n, 1000)
        if group:
            groups.append(cardinal(group) + scale)
    assert n == 0, "more digits than there are names for"
    return " ".join(reversed(groups))


@cache
def ordinal(n: int) -> str:
    """21 -> twenty-first."""
    words = cardinal(n)
    cut = max(words.rfind(" "), words.rfind("-")) + 1
    head, last = words[:cut], words[cut:]
    if last in _IRREGULAR:
        return head + _IRREGULAR[last]
    return head + (last[:-1] + "ieth" if last.endswith("y") else last + "th")


@cache
def year(n: int) -> str:
    """1805 -> eighteen oh five, 1900 -> nineteen hundred, 2003 -> two thousand three, 44 -> forty-four."""
    if not 1000 <= n <= 9999 or n % 1000 < 10:
        return cardinal(n)
    century, rest = divmod(n, 100)
    if rest == 0:
        return f"{cardinal(century)} hundred"
    return f"{cardinal(century)} {two_digits(rest)}"


def two_digits(n: int) -> str:
    """5 -> oh five, 45 -> forty-five: the last part of a year or a time."""
    return f"oh {_SMALL[n]}" if n < 10 else cardinal(n)


def digits(text: str) -> str:
    """One by one: 007 -> zero zero seven; what is no digit is left out."""
    return " ".join(_SMALL[int(c)] for c in text if c.isdecimal())


@cache
def number(text: str) -> str:
    """What a written quantity says: 1,234.50 -> one thousand two hundred thirty-four point five zero."""
    whole, point, decimals = _GROUPING.sub("", text).partition(".")
    if len(whole) > LONGEST_DIGITS or (len(whole) > 1 and whole[0] == "0" and not point):
        words = digits(whole)
    else:
        words = cardinal(int(whole)) if whole else ""
    return f"{words} point {digits(decimals)}".strip() if point and decimals else words


_GROUPING: Final = re.compile(r"[,\s]")


def plural(words: str) -> str:
    """Twenty -> twenties, six -> sixes: the last word takes the ending."""
    if words.endswith("y"):
        return words[:-1] + "ies"
    return words + ("es" if words.endswith(("s", "x")) else "s")


_ROMAN: Final = re.compile(r"M{0,3}(CM|CD|D?C{0,4})(XC|XL|L?X{0,4})(IX|IV|V?I{0,4})")
_ROMAN_VALUES: Final = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}


def roman(text: str) -> int | None:
    """The value of a Roman numeral in either case, None if it is not one."""
    upper = text.upper()
    if not upper or not _ROMAN.fullmatch(upper):
        return None
    values = [_ROMAN_VALUES[c] for c in upper]
    return sum(-v if v < after else v for v, after in zip(values, [*values[1:], 0], strict=True))


def spelled(letters: str) -> str:
    """Letters read by name: AM -> A.M., the one spelling that misaki reads so whatever the word class."""
    return ".".join(letters.upper()) + "."
