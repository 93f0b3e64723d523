"""Written text into the words that are said, each with its way back to the characters it came from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from synth.characters import Plain, plain
from synth.dropped import Dropped
from synth.english import english
from synth.other_languages import other_language
from synth.reading import ReadingPreferences
from synth.rewriting import Left, Part, Rewritten, Situation, assemble

USUAL: Final = ReadingPreferences()


@dataclass(frozen=True, slots=True)
class Spoken:
    """What is said of a text.

    offsets: pairs (index into `text`, index into what was written), both rising, the first one at 0; a
    spoken character at i comes from the written character of the last pair whose first number is <= i.
    """

    text: str
    offsets: tuple[tuple[int, int], ...]
    dropped: tuple[Dropped, ...]


def spoken(
    text: str, language: str = "en", heading: bool = False, preferences: ReadingPreferences = USUAL
) -> Spoken:
    """Say a sentence: numbers, dates, signs and abbreviations in words, without markup and ornaments.

    Meant for one sentence; longer text works, but abbreviations are then told from sentence ends less well.

    Args:
        text: as written; any Unicode.
        language: BCP 47. English has all the rules; Spanish, French, Hindi, Italian, Portuguese, Japanese
            and Chinese have plain numbers (where number words are known) and no markup; others are cleaned.
        heading: a title: numerals alone are numbers, lines are read apart.
        preferences: what is heard of web addresses and citations.
    """
    simple = plain(text, language)
    primary, *subtags = language.lower().replace("_", "-").split("-")
    situation = Situation(
        heading=heading,
        british=not _DAY_FIRST.isdisjoint(subtags),
        language=primary,
        urls=preferences.urls,
        citations=preferences.citations,
    )
    rewrite = english if primary == "en" else other_language
    parts = rewrite(simple.text, situation)
    said = assemble(simple.text, parts)
    return Spoken(said.text, _offsets(said, simple), _dropped(parts, simple))


_DAY_FIRST: Final = frozenset(("gb", "au", "nz", "ie", "in", "za"))


def _offsets(said: Rewritten, simple: Plain) -> tuple[tuple[int, int], ...]:
    if simple.places is None:
        return said.offsets
    rising: list[tuple[int, int]] = []
    for index, source in said.offsets:
        place = simple.places[source]
        if not rising or place > rising[-1][1]:
            rising.append((index, place))
    return tuple(rising)


def _dropped(parts: Sequence[Part], simple: Plain) -> tuple[Dropped, ...]:
    left = [part for part in parts if isinstance(part, Left)]
    if not left and not simple.dropped:
        return ()
    found = [Dropped(one.start, one.end, one.reason) for one in simple.dropped]
    found += [Dropped(simple.place(one.start), simple.place(one.end - 1) + 1, one.reason) for one in left]
    found.sort(key=lambda one: (one.start, -one.end))
    apart: list[Dropped] = []
    for one in found:
        if not apart or one.start >= apart[-1].end:
            apart.append(one)
    return tuple(apart)


def uncovered(text: str, said: Spoken) -> list[tuple[int, int]]:
    """Stretches of the written text that are neither said nor dropped; empty for everything `spoken` returns.

    Between two offsets, what is written there (without white space and what was dropped) must be said:
    letters and digits by letters or digits, marks by anything at all.
    """
    dropped = bytearray(len(text))
    for one in said.dropped:
        dropped[one.start : one.end] = b"\1" * (one.end - one.start)
    missing = []
    for start, end, words in _stretches(text, said):
        rest = "".join(c for c, gone in zip(text[start:end], dropped[start:end], strict=True) if not gone)
        if not rest.split():
            continue
        is_said = any(map(str.isalnum, words)) if any(map(str.isalnum, rest)) else bool(words.strip())
        if not is_said:
            missing.append((start, end))
    return missing


def _stretches(text: str, said: Spoken) -> Iterator[tuple[int, int, str]]:
    """Each stretch of the written text between two offsets, with what is said of it."""
    first = said.offsets[0][1] if said.offsets else len(text)
    yield 0, first, ""
    ends = [*said.offsets[1:], (len(said.text), len(text))]
    for (index, source), (next_index, next_source) in zip(said.offsets, ends, strict=bool(said.offsets)):
        yield source, next_source, said.text[index:next_index]
