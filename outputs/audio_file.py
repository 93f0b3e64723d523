"""The chapters that one published audio file holds, and when they are heard in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from outputs.finish import Part
from outputs.manifest import Track
from outputs.timeline import HeardSentence, shifted


@dataclass(frozen=True, slots=True)
class AudioFile:
    """A file of a book's folder: one chapter, or all of them one after the other.

    titles: of its chapters, as players list them.
    """

    name: str
    title: str
    tracks: tuple[Track, ...]
    titles: tuple[str, ...]
    parts: tuple[Part, ...]

    @property
    def samples(self) -> int:
        """Its length at 24 kHz."""
        return sum(part.samples for part in self.parts)

    @property
    def starts(self) -> Sequence[int]:
        """The sample that each chapter begins with."""
        return list(accumulate((part.samples for part in self.parts[:-1]), initial=0))

    @property
    def timeline(self) -> tuple[HeardSentence, ...]:
        """All that is heard in it, from its own beginning on."""
        return tuple(
            sentence
            for track, start in zip(self.tracks, self.starts, strict=True)
            for sentence in shifted(track.timeline, start)
        )

    def beside(self, suffix: str) -> str:
        """The name of a file that belongs to this one: "001 - The Lamp.vtt"."""
        return self.name.rpartition(".")[0] + suffix
