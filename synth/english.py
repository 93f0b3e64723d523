"""Written English into what a reader would say."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Final

from synth import abbreviations, amounts, dates, references, romans, symbols
from synth.rewriting import Left, Part, Rulebook, Situation


def english(text: str, situation: Situation) -> Sequence[Part]:
    """What changes in a text of plain characters, in order; nothing if there is nothing to do."""
    if not _WORK.search(text):
        return ()
    letters = _CAPITALS.sub("", text)
    shouted = not any(c.islower() for c in letters) and sum(c.isupper() for c in text) > 1
    if shouted and (situation.heading or " " in text.strip()):
        situation = replace(situation, shouted=True)
    parts = tuple(_rulebook().parts(text, situation))
    return tuple(map(_britishly, parts)) if situation.british else parts


def _britishly(part: Part) -> Part:
    """One hundred and five, two thousand and three."""
    if isinstance(part, Left) or not _LARGE.search(part.text):
        return part
    return part._replace(text=_LARGE.sub(r"\1 and ", part.text))


_UPTO_99: Final = (
    "one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|(?:thir|four|fif|six|seven|eigh|nine)teen"
    "|(?:twen|thir|for|fif|six|seven|eigh|nine)t(?:y|ieth)(?:-[a-z]+)?"
    "|first|third|(?:four|fif|six|seven|eigh|nin|ten|eleven|twelf|(?:thir|four|fif|six|seven|eigh|nine)teen)th"
)
_LARGE: Final = re.compile(
    rf"\b(hundred|(?:thousand|[mb]illion)(?=\s(?:{_UPTO_99})\b(?!\s(?:hundred|thousand))))"
    rf" (?=(?:{_UPTO_99})\b)"
)


_WORK: Final = re.compile(
    r"[^A-Za-z\s.,;:!?\"'“”()—…-]|[A-Z]{2}|\.\s?\.|--|\s-|[.,;!?\"'”)]-|[A-Z]-|—\s?—|[A-Z]—|\s…|…\s?[.…]|\)\(|\n"
    r"|\b(?:[A-Z][a-z]{1,6}|[a-z]{1,6}|[A-Z]|Messrs|approx)\.\s?(?=[a-z,;:)—A-Z]|$)|\([ivx]+\)|[A-Z]\.[A-Z]|\b[aeip]\.[a-z]\."
    r"|\b[CVIXLM]\b|PhD|\b(?:[Pp]ages?|[Cc]hapter|[Cc]anto|[Aa]ct|[Ss]cene)\s[ivxlc]+\b|\A\s*[IVX]\b|\bvs\b|\b(?:St|Dr|Mrs|Prof|Capt|Rev|Col|Gen|Lt|Sgt|Maj|Messrs|Mt|Ft|Sts)\s[A-Z]"
)
_CAPITALS: Final = re.compile(r"(?<=\d)(?:st|nd|rd|th)\b")


@cache
def _rulebook() -> Rulebook:
    # the order matters: what is more particular comes first
    return Rulebook(
        (
            *references.RULES,
            *dates.RULES,
            *romans.RULES,
            *abbreviations.RULES,
            *amounts.RULES,
            *symbols.RULES,
        )
    )
