"""Lines of pages to those that a broken encoding turned into nonsense, whatever the language."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter

from inputs.book import SkipReason
from inputs.pdf_pages import LINE_HYPHEN, Line, Page

# What stands for glyphs without a meaning: control, private-use, replacement characters, glyph numbers
_JUNK = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffd\ue000-\uf8ff]|\\(cid:\\d+\\)|(?:/[gGC]\\d+)+")
_SPACE_OF_A_CIPHER = re.compile("\\w[\x01-\x1f]\\w")
_LEADERS = frozenset(".·…_-–—*•|")
_WORD = re.compile(r"[^\W\d_]{3,}")
JUNK_OF_LINE = 0.25  # prose with unknown quotation marks has 0.14, formulas have more
JUNK_OF_PAGE = 0.1
# Of the characters other than leaders; sums and price lists at hand have 0.6 and more, barcodes 0.
MEANT_OF_PAGE = 0.35
# Shares of the Latin letters in words of three and more. A substitution makes the common letters as rare as
# all others: 8 of 26. Pages at hand in eight languages have at least 0.45 common letters and 0.32 vowels, and
# at most 0.06 with accents; Vietnamese has up to 0.4 of these.
LETTERS_TO_JUDGE = 120
COMMON_LETTERS, COMMON_LEAST = frozenset("aeinorst"), 0.4
VOWELS, VOWELS_LEAST = frozenset("aeiouy"), 0.22
ACCENTED_MOST = 0.6


def mark_unreadable(pages: list[Page]) -> list[int]:
    """Mark lines of a text layer without a usable encoding, and all lines of a page that is garbled.

    returns: the numbers of the garbled pages; 0 is the first.
    """
    garbled: list[int] = []
    for page in pages:
        for line in page.lines:
            if _junk_share([line]) > JUNK_OF_LINE or _spaces_are_ciphered(line):
                line.skip = SkipReason.UNREADABLE
        if page.lines and _is_garbled(page.lines):
            garbled.append(page.number)
            for line in page.lines:
                line.skip = SkipReason.UNREADABLE
    return garbled


def _is_garbled(lines: list[Line]) -> bool:
    good = [line for line in lines if line.skip is None]
    return (
        sum(len(line.text) for line in good) < 0.5 * sum(len(line.text) for line in lines)
        or _junk_share(good) > JUNK_OF_PAGE
        or _means_nothing(lines)
        or _is_ciphered(lines)
    )


def _junk_share(lines: list[Line]) -> float:
    text = "".join(line.text for line in lines).replace(" ", "").replace(LINE_HYPHEN, "")
    return sum(len(match.group()) for match in _JUNK.finditer(text)) / max(1, len(text))


def _spaces_are_ciphered(line: Line) -> bool:
    """A font whose codes are shifted shifts the space too: words with a control character between them."""
    return " " not in line.text and len(line.text) >= 10 and bool(_SPACE_OF_A_CIPHER.search(line.text))


def _means_nothing(lines: list[Line]) -> bool:
    """Hardly a letter or a digit, and signs of several kinds."""
    counts = Counter(character for line in lines for character in line.text if not character.isspace())
    meant, others = 0, 0
    for character, count in counts.items():
        if unicodedata.category(character)[0] in "LNM":
            meant += count
        elif character not in _LEADERS:
            others += count
    kinds = sum(unicodedata.category(character)[0] not in "LNM" for character in counts)
    return kinds >= 3 and meant < MEANT_OF_PAGE * (meant + others)


def _is_ciphered(lines: list[Line]) -> bool:
    """Latin letters in proportions that no language has."""
    letters, accented, common, vowels = 0, 0, 0, 0
    counts = Counter(c for line in lines for found in _WORD.findall(line.text) for c in found)
    for character, count in counts.items():
        if not unicodedata.name(character, "").startswith("LATIN"):
            continue
        plain = unicodedata.normalize("NFKD", character)[0].lower()
        letters += count
        accented += count if character > "\x7f" else 0
        common += count if plain in COMMON_LETTERS else 0
        vowels += count if plain in VOWELS else 0
    if letters < LETTERS_TO_JUDGE:
        return False
    return (
        common < COMMON_LEAST * letters
        or vowels < VOWELS_LEAST * letters
        or accented > ACCENTED_MOST * letters
    )
