"""Written passages into a Script: spoken sentences, each with its way back to the source and its pause."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from synth.dropped import Dropped
from synth.sentences import split
from synth.spoken import spoken

__all__ = ["Dropped", "Passage", "PassageKind", "Pause", "Script", "Sentence", "Unspoken", "script"]


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


@dataclass(frozen=True, slots=True)
class Passage:
    """Written text as the source has it; `skips` are `[start, end)` stretches that are not to be spoken."""

    text: str
    kind: PassageKind = PassageKind.PROSE
    skips: tuple[tuple[int, int], ...] = ()
    section_ends: bool = False  # a scene break follows


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

    Every character of every passage that is not white space lies in a skip, in a sentence (said, or in its
    `dropped`), or in `unspoken`.
    """

    sentences: tuple[Sentence, ...]
    unspoken: tuple[Unspoken, ...] = ()


def script(passages: Sequence[Passage], language: str) -> Script:
    """Turn passages into the sentences that are said, each with the pause after it.

    Skips are cut out before anything else, so that a note mark neither breaks a sentence nor glues words.
    A heading is one sentence and gets the full stop that it lacks; a line of verse is a sentence. A passage
    of ornaments alone is a scene break, as `section_ends` is: the pause before it becomes that of a section.

    Args:
        passages: in reading order.
        language: BCP 47, of all passages.
    """
    sentences: list[Sentence] = []
    unspoken: list[Unspoken] = []
    for number, passage in enumerate(passages):
        cut = _cut(passage)
        said: list[Sentence] = []
        for start, end in _spans(cut.text, passage.kind, language):
            one = _sentence(number, passage, cut, start, end, language)
            if isinstance(one, Sentence):
                said.append(one)
            else:
                unspoken.append(one)
        if said:
            last = Pause.SECTION if passage.section_ends else _LAST_PAUSE[passage.kind]
            sentences += [*said[:-1], replace(said[-1], pause=last)]
        elif sentences and (passage.section_ends or _is_scene_break(cut.text)):
            sentences[-1] = replace(sentences[-1], pause=Pause.SECTION)
    return Script(tuple(sentences), tuple(unspoken))


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
    """A passage's text without its skips; character i comes from `places[i]` of the passage."""

    text: str
    places: Sequence[int]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Characters `[start, end)` of the cut text, as characters of the passage."""
        return self.places[start], self.places[end - 1] + 1


def _cut(passage: Passage) -> _Cut:
    if not passage.skips:
        return _Cut(passage.text, range(len(passage.text)))
    out: list[str] = []
    places: list[int] = []
    position = 0
    for start, end in (*passage.skips, (len(passage.text), len(passage.text))):
        piece = passage.text[position:start]
        if position and piece and out and out[-1]:
            before = out[-1][-1]
            if before.isalnum() and piece[0].isalnum():  # "word[3]next": two words
                out.append(" ")
                places.append(position)
            elif before.isspace() and piece[0] in _HUGGING:  # "word [3], next"
                out[-1] = out[-1].rstrip()
                del places[sum(map(len, out)) :]
        if piece:
            out.append(piece)
            places.extend(range(position, start))
        position = end
    return _Cut("".join(out), places)


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
    number: int, passage: Passage, cut: _Cut, start: int, end: int, language: str
) -> Sentence | Unspoken:
    """Characters `[start, end)` of the cut text as a sentence, or as one with nothing to say."""
    said = spoken(cut.text[start:end], language, heading=passage.kind is PassageKind.HEADING)
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
        offsets=tuple((index, cut.places[start + place]) for index, place in said.offsets),
        pause=_INNER_PAUSE[passage.kind],
        dropped=tuple(
            Dropped(*cut.span(start + one.start, start + one.end), one.reason) for one in said.dropped
        ),
    )


_TERMINAL: Final = frozenset(".!?…:。！？।؟")
