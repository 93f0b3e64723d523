"""Written passages into a Script: spoken sentences, each with its way back to the source and its pause."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, NamedTuple

from synth.dropped import Dropped
from synth.reading import ReadingPreferences
from synth.sentences import split
from synth.spoken import USUAL, spoken

__all__ = ["Dropped", "Gap", "Passage", "PassageKind", "Pause", "Script", "Sentence", "Unspoken", "script"]


class Pause(StrEnum):
    """The kind of silence that follows a sentence; its length is a setting of the output."""

    CLAUSE = "clause"  # a sentence that is too long for one utterance goes on
    SENTENCE = "sentence"
    LINE = "line"  # a line of verse, an item of a list
    PARAGRAPH = "paragraph"
    HEADING = "heading"
    SECTION = "section"  # a scene break


class PassageKind(StrEnum):
    """How a passage is read; it decides sentence splitting and the pause after it."""

    PROSE = "prose"
    HEADING = "heading"
    VERSE = "verse"  # one spoken line per line of text
    LIST_ITEM = "list item"


class Gap(NamedTuple):
    """Characters `[start, end)` of a passage are not to be spoken; `instead` is said where they stood."""

    start: int
    end: int
    instead: str = ""


@dataclass(frozen=True, slots=True)
class Passage:
    """Written text as the source has it, without the `gaps`."""

    text: str
    kind: PassageKind = PassageKind.PROSE
    gaps: tuple[Gap, ...] = ()
    section_ends: bool = False  # a scene break follows
    announcement: str = ""  # said before it ("Table:"), or alone where nothing of it is to be spoken


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence as it will be said.

    offsets: pairs (index into `spoken`, index into the passage's text), both rising, the first one at 0;
    a spoken character at i comes from the source character of the last pair whose first number is <= i.
    """

    passage: int  # which passage, 0-based
    start: int  # characters of the passage's text
    end: int
    spoken: str
    offsets: tuple[tuple[int, int], ...]
    pause: Pause
    dropped: tuple[Dropped, ...] = ()

    def source_of(self, spoken_index: int) -> int:
        """The place in the passage's text that a character of `spoken` comes from."""
        place = self.start
        for spoken_start, source_start in self.offsets:
            if spoken_start > spoken_index:
                break
            place = source_start
        return place


@dataclass(frozen=True, slots=True)
class Unspoken:
    """A stretch of a passage with nothing to say in it: ornaments, a web address, marks alone."""

    passage: int  # which passage, 0-based
    start: int  # characters of the passage's text
    end: int
    reason: str


@dataclass(frozen=True, slots=True)
class Script:
    """All that is said of some passages, in order.

    Every character of every passage that is not white space lies in a gap, in a sentence (said, or in its
    `dropped`), or in `unspoken`.
    """

    sentences: tuple[Sentence, ...]
    unspoken: tuple[Unspoken, ...] = ()


def script(passages: Sequence[Passage], language: str, preferences: ReadingPreferences = USUAL) -> Script:
    """Turn passages into the sentences that are said, each with the pause after it.

    Gaps are cut out before anything else, so that a note mark neither breaks a sentence nor glues words.
    A heading is one sentence and gets the full stop that it lacks; a line of verse is a sentence. A passage
    of ornaments alone is a scene break, as `section_ends` is: the pause before it becomes that of a section.

    Args:
        passages: in reading order.
        language: BCP 47, of all passages.
        preferences: what is heard of web addresses and citations.
    """
    sentences: list[Sentence] = []
    unspoken: list[Unspoken] = []
    for number, passage in enumerate(passages):
        cut = _cut(passage)
        said: list[Sentence] = []
        for start, end in _spans(cut.text, passage.kind, language):
            one = _sentence(number, passage, cut, (start, end), language, preferences)
            if isinstance(one, Sentence):
                said.append(one)
            else:
                unspoken.append(one)
        if passage.announcement and passage.text.strip():
            said = _announced(number, passage, said, language)
        if said:
            last = Pause.SECTION if passage.section_ends else _LAST_PAUSE[passage.kind]
            sentences += [*said[:-1], replace(said[-1], pause=last)]
        elif sentences and (passage.section_ends or _is_scene_break(cut.text)):
            sentences[-1] = replace(sentences[-1], pause=Pause.SECTION)
    return Script(tuple(sentences), tuple(unspoken))


def _announced(number: int, passage: Passage, said: list[Sentence], language: str) -> list[Sentence]:
    """The announcement as the first words of the first sentence, or as a sentence for the whole passage."""
    words = spoken(passage.announcement, language).text
    if not said:
        return [Sentence(number, 0, len(passage.text), words + ".", ((0, 0),), Pause.SENTENCE)]
    first, *rest = said
    lead = words + ": "
    offsets = ((0, first.offsets[0][1]), *((at + len(lead), place) for at, place in first.offsets[1:]))
    return [replace(first, spoken=lead + first.spoken, offsets=offsets), *rest]


def _is_scene_break(text: str) -> bool:
    return bool(text.strip()) and not any(map(str.isalnum, text))


_INNER_PAUSE: Final = {
    PassageKind.PROSE: Pause.SENTENCE,
    PassageKind.HEADING: Pause.HEADING,
    PassageKind.VERSE: Pause.LINE,
    PassageKind.LIST_ITEM: Pause.SENTENCE,
}
_LAST_PAUSE: Final = {
    PassageKind.PROSE: Pause.PARAGRAPH,
    PassageKind.HEADING: Pause.HEADING,
    PassageKind.VERSE: Pause.PARAGRAPH,
    PassageKind.LIST_ITEM: Pause.LINE,
}


@dataclass(frozen=True, slots=True)
class _Cut:
    """A passage's text without its gaps; character i comes from `places[i]` of the passage."""

    text: str
    places: Sequence[int]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Characters `[start, end)` of the cut text, as characters of the passage."""
        return self.places[start], self.places[end - 1] + 1


def _cut(passage: Passage) -> _Cut:
    if not passage.gaps:
        return _Cut(passage.text, range(len(passage.text)))
    out: list[str] = []
    places: list[int] = []
    position = 0
    for start, end, instead in (*passage.gaps, Gap(len(passage.text), len(passage.text))):
        piece = passage.text[position:start]
        if position and piece and out and out[-1]:
            before = out[-1][-1]
            if _are_two_words(before, piece[0]):  # "word[3]next"
                out.append(" ")
                places.append(position)
            elif before.isspace() and piece[0] in _HUGGING:  # "word [3], next"
                out[-1] = out[-1].rstrip()
                del places[sum(map(len, out)) :]
        if piece:
            out.append(piece)
            places.extend(range(position, start))
        if instead:
            out.append(instead)
            places.extend([start] * len(instead))
        position = end
    return _Cut("".join(out), places)


def _are_two_words(before: str, after: str) -> bool:
    """Whether there must be a space between two characters; Chinese and Japanese put none between words."""
    return before.isalnum() and after.isalnum() and not (before > _KANGXI or after > _KANGXI)


_KANGXI: Final = "\u2e80"  # where the East Asian scripts begin; Hangul words are not cut by gaps either

_HUGGING: Final = frozenset(".,;:!?…)”’")


def _spans(text: str, kind: PassageKind, language: str) -> Iterator[tuple[int, int]]:
    """The sentences of a passage, as its kind has them."""
    if kind is PassageKind.VERSE:
        start = 0
        for line in text.splitlines(keepends=True):
            if line.strip():
                yield start + len(line) - len(line.lstrip()), start + len(line.rstrip())
            start += len(line)
    elif kind is PassageKind.HEADING:
        if text.strip():
            yield len(text) - len(text.lstrip()), len(text.rstrip())
    else:
        yield from split(text, language)


def _sentence(
    number: int,
    passage: Passage,
    cut: _Cut,
    span: tuple[int, int],
    language: str,
    preferences: ReadingPreferences,
) -> Sentence | Unspoken:
    """A span of the cut text as a sentence, or as one with nothing to say."""
    start, end = span
    said = spoken(cut.text[start:end], language, passage.kind is PassageKind.HEADING, preferences)
    first, last = cut.span(start, end)
    if not any(map(str.isalnum, said.text)):
        reasons = dict.fromkeys(one.reason for one in said.dropped)
        return Unspoken(number, first, last, ", ".join(reasons) or "marks alone")
    words = said.text
    if passage.kind is PassageKind.HEADING and words.rstrip("\"”)'")[-1:] not in _TERMINAL:
        words += "."
    return Sentence(
        passage=number,
        start=first,
        end=last,
        spoken=words,
        offsets=_in_passage(said.offsets, cut, start),
        pause=_INNER_PAUSE[passage.kind],
        dropped=tuple(
            Dropped(*cut.span(start + one.start, start + one.end), one.reason) for one in said.dropped
        ),
    )


def _in_passage(offsets: Sequence[tuple[int, int]], cut: _Cut, start: int) -> tuple[tuple[int, int], ...]:
    """Offsets into the cut text as offsets into the passage; words said instead of a gap share one place."""
    rising: list[tuple[int, int]] = []
    for index, source in offsets:
        place = cut.places[start + source]
        if not rising or place > rising[-1][1]:
            rising.append((index, place))
    return tuple(rising)


_TERMINAL: Final = frozenset(".!?…:。！？।؟")
