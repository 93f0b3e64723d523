"""Written English into what a reader would say."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Final

from synth import abbreviations, amounts, dates, references, romans, symbols
from synth.rewriting import Part, Rulebook, Situation


def english(text: str, situation: Situation) -> Sequence[Part]:
    """What changes in a text of plain characters, in order; nothing if there is nothing to do."""
    if not _WORK.search(text):
        return ()
    letters = _CAPITALS.sub("", text)
    shouted = not any(c.islower() for c in letters) and sum(c.isupper() for c in text) > 1
    if shouted and (situation.heading or " " in text.strip()):
        situation = replace(situation, shouted=True)
    return tuple(_rulebook().parts(text, situation))


_WORK: Final = re.compile(
    r"[^A-Za-z\s.,;:!?\"'“”()—…-]|[A-Z]{2}|\.\s?\.|--|\s-|[.,;!?\"'”)]-|[A-Z]-|—\s?—|[A-Z]—|\s…|…\s?[.…]|\)\(|\n"
    r"|\b(?:[A-Z][a-z]{1,6}|[a-z]{1,6}|[A-Z]|Messrs|approx)\.\s?(?=[a-z,;:)—A-Z]|$)|\([ivx]+\)|[A-Z]\.[A-Z]|\b[aeip]\.[a-z]\."
    r"|\b[CVIXLM]\b|\A\s*[IVX]\b|\bvs\b|\b(?:St|Dr|Mrs|Prof|Capt|Rev|Col|Gen|Lt|Sgt|Maj|Messrs|Mt|Ft|Sts)\s[A-Z]"
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
