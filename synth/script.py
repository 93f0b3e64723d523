"""Written passages into a Script: spoken sentences, each with its way back to the source and its pause."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


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
class Dropped:
    """Characters `[start, end)` of a passage that the spoken text leaves out, and why."""

    start: int
    end: int
    reason: str


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
