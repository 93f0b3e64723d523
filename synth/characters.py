"""Typographic characters into the plain ones that rules and phonemizers read."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from synth.rewriting import Left


@dataclass(frozen=True, slots=True)
class Plain:
    """Text in plain characters; `places[i]` is where `text[i]` comes from, None where nothing moved."""

    text: str
    places: Sequence[int] | None
    dropped: tuple[Left, ...]  # in the original text

    def place(self, index: int) -> int:
        """Where in the original text the character at `index` comes from."""
        return index if self.places is None else self.places[index]


def plain(text: str, language: str = "en") -> Plain:
    """Make characters plain: no invisible ones, straight apostrophes, one kind of space, no ligatures.

    Marks that rules read (fractions, superscripts, primes, currency and degree signs) stay as they are,
    and in Chinese and Japanese so does full-width punctuation.
    """
    if not _UNUSUAL.search(text):
        return Plain(text, None, ())
    groups = language.split("-", 1)[0].lower() == "en"
    keeps_wide = language.split("-", 1)[0].lower() in ("ja", "zh")
    out: list[str] = []
    places: list[int] = []
    dropped: list[Left] = []
    position = 0
    for match in _UNUSUAL.finditer(text):
        at = match.start()
        out.append(text[position:at])
        places.extend(range(position, at))
        for i, character in enumerate(match[0], at):
            instead, reason = _replacement(character, keeps_wide)
            if instead == " " and groups and _GROUPED.match(text, i - 1):  # 1 234, never broken over lines
                instead = ","
            out.append(instead)
            places.extend([i] * len(instead))
            if reason:
                _drop(dropped, i, reason)
        position = match.end()
    out.append(text[position:])
    places.extend(range(position, len(text) + 1))
    written = "".join(out)
    if language.split("-", 1)[0].lower() == "en":
        written = _with_quotes(written) if _SINGLE_QUOTE.search(written) else written
    else:
        written = _APOSTROPHE.sub("'", written)
    return Plain(written, places if len(written) != len(text) or dropped else None, tuple(dropped))


_UNUSUAL: Final = re.compile(
    r"(?:[^\x20-\x7e\n\u00c0-\u024f\u0370-\u1fff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|')+"
)
_GROUPED: Final = re.compile(r"(?<![\d.,]\d{3})\d[\u00a0\u2009\u202f\u2007]\d{3}(?!\d)")
_APOSTROPHE: Final = re.compile(r"(?<=\w)’(?=\w)")
_SINGLE_QUOTE: Final = re.compile(r"['‘’]")


def _drop(dropped: list[Left], i: int, reason: str) -> None:
    if dropped and dropped[-1].end == i and dropped[-1].reason == reason:
        dropped[-1] = dropped[-1]._replace(end=i + 1)
    else:
        dropped.append(Left(i, i + 1, reason))


# what rules read as it is; NFKC would turn 2½ into 21⁄2 and x² into x2
_KEPT: Final = frozenset("“”‘’…—–′″°№™®©¢£¤¥€₹₽₩₪฿§¶†‡•¬±×÷−≤≥≠≈≡∞√∑∏∫∂∇∈∉∩∪⊂⊃∀∃∅∴→←↔⇒⇔%‰‱℔℃℉℮µΩ&#@'·")
_DASHES: Final = {
    "‐": "-", "‑": "-", "⁃": "-", "‒": "–", "―": "—", "⸺": "——", "⸻": "———", "﹘": "—", "﹣": "-", "˗": "-",
}  # fmt: skip
_QUOTES: Final = {
    "„": "“", "‟": "“", "«": "“", "»": "”", "‹": "“", "›": "”", "‚": "‘", "‛": "‘", "`": "'", "´": "'",
    "ʼ": "’",
    "＇": "’", "＂": '"', "〝": "“", "〞": "”",
}  # fmt: skip


@cache
def _replacement(character: str, keeps_wide: bool) -> tuple[str, str]:
    """What a character becomes, and the reason if it is left out."""
    if character in _KEPT or (keeps_wide and not _IGNORABLE.match(unicodedata.category(character))):
        return character, ""
    if character in _DASHES:
        return _DASHES[character], ""
    if character in _QUOTES:
        return _QUOTES[character], ""
    category = unicodedata.category(character)
    if character in "\t\r\v\f\x85\u2028\u2029" or category == "Zs":
        return ("\n" if character in "\u2028\u2029" else " "), ""
    if category in ("Cf", "Cc") or "\ufe00" <= character <= "\ufe0f":
        return "", "invisible"
    if category in ("Cn", "Co", "Cs") or character == "\ufffd":
        return "", "unreadable"
    if unicodedata.decomposition(character).startswith(("<fraction>", "<super>", "<sub>")):
        return character, ""
    wide = unicodedata.normalize("NFKC", character)
    if wide != character and all(unicodedata.category(c)[0] in "LMNPS" for c in wide):
        return "".join(_replacement(c, keeps_wide)[0] if not c.isascii() else c for c in wide), ""
    if category in ("So", "Sk"):
        return "", "ornament"
    return character, ""


_IGNORABLE: Final = re.compile(r"C[fcnos]|S[ok]")


def _with_quotes(text: str) -> str:
    """Tell single quotation marks from apostrophes: “ and ” for the ones, ' for the others.

    misaki drops a word that has a curly apostrophe and reads 'tis in quotation marks letter by letter.
    """
    is_open = False

    def tell(match: re.Match[str]) -> str:
        nonlocal is_open
        at = match.start()
        before, after = text[at - 1 : at], text[at + 1 : at + 2]
        if before.isalnum() and after.isalnum():
            return "'"
        if before.isdigit() and match[0] == "'":
            return "'"  # feet
        opens = not before or before.isspace() or before in '([“"—–-‘'
        if opens and after and not after.isspace():
            closes_later = match[0] == "‘" and "’" in text[at + 1 : at + 400]
            if _SURE_ELISION.match(text, at + 1) or (_ELISION.match(text, at + 1) and not closes_later):
                return "'"
            if match[0] == "’" and not is_open:
                return "'"
            is_open = True
            return "“"
        if before and before in ",.!?…;:—–-”)" and (is_open or match[0] != "'"):
            is_open = False
            return "”"
        if is_open and match[0] != "‘" and before != "s" and not after.isalnum():
            is_open = False
            return "”"
        return "'"

    return _SINGLE_QUOTE.sub(tell, _ROCK_N_ROLL.sub("'n'", text))


_ROCK_N_ROLL: Final = re.compile(r"(?<=\s)['‘’]n['‘’](?=\s)")
_SURE_ELISION: Final = re.compile(
    r"(?:tisn.t|twasn.t|tis|twas|twere|twill|twould|twixt|tween|em|neath|gainst|mongst|\d0s|\d\d)\b",
    re.IGNORECASE,
)
_ELISION: Final = re.compile(
    r"(?:til|till|cause|cos|bout|round|pon|cept"
    r"|fraid|n|un|im|ere|ow|ome|nother|prentice|scuse|kay|ud|d|s|t|ll|re|ve)\b",
    re.IGNORECASE,
)
