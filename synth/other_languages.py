"""Written text of languages other than English into what a reader would say: numbers, marks, markup."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache
from typing import Final

from num2words import num2words

from synth.references import RULES as REFERENCE_RULES
from synth.rewriting import Part, Rule, Rulebook, Saying, Situation, left_out, said_as

_NUMBER_WORDS: Final = frozenset(("es", "fr", "it", "pt", "ja"))  # num2words has no Hindi and no Chinese
_DECIMAL_COMMA: Final = frozenset(("es", "fr", "it", "pt"))
_SIGNS: Final = {

    "es": {"%": "por ciento", "&": "y", "+": "más", "=": "igual a", "€": "euros", "$": "dólares",
    "£": "libras", "°": "grados"},
    "fr": {"%": "pour cent", "&": "et", "+": "plus", "=": "égale", "€": "euros", "$": "dollars",
    "£": "livres", "°": "degrés"},
    "it": {"%": "per cento", "&": "e", "+": "più", "=": "uguale", "€": "euro", "$": "dollari",
    "£": "sterline", "°": "gradi"},
    "pt": {"%": "por cento", "&": "e", "+": "mais", "=": "igual a", "€": "euros", "$": "dólares",
    "£": "libras", "°": "graus"},
}  # fmt: skip
_MOST_DIGITS: Final = 15


def other_language(text: str, situation: Situation) -> Sequence[Part]:
    """What changes in a text of plain characters, in order; digits stay where number words are unknown."""
    if not _WORK.search(text):
        return ()
    return tuple(_rulebook(situation.language).parts(text, situation))


_WORK: Final = re.compile(r"[\d*_=#~|\\^<>\[\]{}@&%+€$£°†‡•¹²³]|\.\s?\.|--|www|—\s?—|\s[-–]\s|\)\(")


@cache
def _rulebook(primary: str) -> Rulebook:
    rules: list[Rule] = list(REFERENCE_RULES)
    if primary in _NUMBER_WORDS:
        point = "," if primary in _DECIMAL_COMMA else r"\."
        group = r"[.\s]" if primary in _DECIMAL_COMMA else ","
        whole = rf"\d{{1,3}}(?:{group}\d{{3}})+(?!\d)|\d+"
        pattern = rf"(?<![\w.,])(?P<whole>{whole})(?:{point}(?P<decimals>\d+))?(?!\w|[.,]\d)"
        rules.append(Rule(pattern, _number_in(primary)))
    for sign, words in _SIGNS.get(primary, {}).items():
        rules.append(Rule(re.escape(sign), said_as(f" {words} ")))
    rules += [
        Rule(r"\s?\.(?:\s?\.){2,}|…(?:\s?[.…])+", said_as("…")),
        Rule(r"—+(?:\s?—)+|-{2,}(?!-)|(?<=\s)[–-](?=\s)", said_as("—")),
        Rule(r"\)(?=\()", said_as(") ")),
        Rule(r"[\\|^<>\#•~¬]", left_out("symbol", space=True)),
    ]
    return Rulebook(rules)


def _number_in(primary: str) -> Callable[[re.Match[str], Situation], Saying]:
    def say(match: re.Match[str], _: Situation) -> Saying:
        whole = re.sub(r"\D", "", match["whole"])
        if len(whole) > _MOST_DIGITS or (len(whole) > 1 and whole[0] == "0"):
            return None
        return _words(primary, f"{whole}.{match['decimals']}" if match["decimals"] else whole)

    return say


@cache
def _words(primary: str, number: str) -> str:
    return str(num2words(number, lang=primary))
