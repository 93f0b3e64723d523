"""Written text of languages other than English into what a reader would say: numbers, marks, markup."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import Final

from synth import romance
from synth.references import RULES as REFERENCE_RULES
from synth.rewriting import Part, Rule, Rulebook, Saying, Situation, left_out, said_as

_SIGNS: Final = {
    "es": {"%": "por ciento", "&": "y", "+": "más", "=": "igual a"},
    "fr": {"%": "pour cent", "&": "et", "+": "plus", "=": "égale"},
    "it": {"%": "per cento", "&": "e", "+": "più", "=": "uguale"},
    "pt": {"%": "por cento", "&": "e", "+": "mais", "=": "igual a"},
    "hi": {"%": "प्रतिशत", "&": "और"},
}
# these are written before the number and said after it
_MONEY: Final = {
    "es": {"€": "euros", "$": "dólares", "£": "libras"},
    "fr": {"€": "euros", "$": "dollars", "£": "livres"},
    "it": {"€": "euro", "$": "dollari", "£": "sterline"},
    "pt": {"€": "euros", "$": "dólares", "£": "libras"},
    "hi": {"₹": "रुपये", "$": "डॉलर", "€": "यूरो", "£": "पाउंड"},
    "ja": {"¥": "円", "$": "ドル", "€": "ユーロ", "£": "ポンド"},
    "zh": {"¥": "元", "$": "美元", "€": "欧元", "£": "英镑"},
}


def other_language(text: str, situation: Situation) -> Sequence[Part]:
    """What changes in a text of plain characters, in order.

    Figures stay in Hindi, Japanese and Chinese: what pronounces these reads them.
    """
    if not _WORK.search(text):
        return ()
    return tuple(_rulebook(situation.language).parts(text, situation))


_WORK: Final = re.compile(
    r"[\d*_=#~|\\^<>\[\]{}@&%+€$£¥₹°†‡•½¹²³]|\.\s?\.|--|www|—\s?—|\s[-–]\s|\)\(|\b[IVX]+|\w\.(?:com|org|net)\b"
)


@cache
def _rulebook(primary: str) -> Rulebook:
    rules: list[Rule] = list(REFERENCE_RULES)
    if primary in romance.LANGUAGES:
        rules += romance.rules(primary)
    money = _MONEY.get(primary, {})
    if money:
        signs = re.escape("".join(money))
        rules.append(Rule(rf"(?<!\w)(?P<sign>[{signs}])\s?(?P<number>\d[\d.,]*\d|\d)(?!\w)", _say_money))
        rules += [Rule(re.escape(sign), said_as(f" {words} ")) for sign, words in money.items()]
    rules += [Rule(re.escape(sign), said_as(f" {words} ")) for sign, words in _SIGNS.get(primary, {}).items()]
    rules += [
        Rule(r"\s?\.(?:\s?\.){2,}|…(?:\s?[.…])+", said_as("…")),
        Rule(r"—+(?:\s?—)+|-{2,}(?!-)|(?<=\s)[–-](?=\s)", said_as("—")),
        Rule(r"\)(?=\()", said_as(") ")),
        Rule(r"[\\|^<>\#•~¬]", left_out("symbol", space=True)),
    ]
    return Rulebook(rules)


def _say_money(match: re.Match[str], situation: Situation) -> Saying:
    """¥500: 500円."""
    words = _MONEY[situation.language][match["sign"]]
    return f"{match['number']}{'' if situation.language in ('ja', 'zh') else ' '}{words}"
