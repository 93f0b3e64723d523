"""What every speaker does: chunks in, segments out, in the same order; and what it knows without speaking."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from synth.audio import AudioSegment
from synth.chunks import Chunk
from synth.lexicon import Given
from synth.phonemes import Pronounced


@dataclass(frozen=True, slots=True)
class DeviceMemory:
    """What a speaker has of a card's memory."""

    used_bytes: int  # held just now, what is kept for the next batch too; without the driver's own part
    peak_bytes: int  # the most that was held so far
    limit_bytes: int  # what it may take


class Diction(Protocol):
    """How a speaker says things: all that is needed to prepare chunks for it, wherever it runs.

    engine: its name in settings and manifests. narrator: the name that listeners see.
    """

    engine: str
    narrator: str

    def default_voice(self, language: str) -> str:
        """The best voice for a book's language.

        Raises:
            MissingLanguage: it has none.
        """
        ...

    def language_of(self, voice: str) -> str:
        """The language that a voice speaks, as a BCP 47 tag in lower case.

        Raises:
            UnknownVoice: it has no such voice.
        """
        ...

    def warnings(self, voice: str, language: str) -> tuple[str, ...]:
        """What a listener should know before this voice speaks a book of this language."""
        ...

    def takes_phonemes(self, language: str) -> bool:
        """Whether phonemes that are given for words are heard; else those are read as they are written."""
        ...

    def pronounce(self, text: str, language: str, given: Sequence[Given] = ()) -> Pronounced:
        """The phonemes of spoken text in a voice's language; `given` are for parts of it, in order, apart."""
        ...

    def key(self, chunk: Chunk) -> str:
        """The sha256, hex, of all that is heard: equal keys sound the same, sample for sample."""
        ...


class Speaker(Diction, Protocol):
    """Something that can say chunks."""

    def speak(self, chunks: Iterable[Chunk]) -> Iterator[AudioSegment]:
        """One segment per chunk, in order; streams, so that a long book needs little memory."""
        ...

    def batch_efficiency(self) -> float:
        """Of all that was computed so far, the share that is heard; 1.0 wastes nothing on padding."""
        ...

    def device_memory(self) -> DeviceMemory | None:
        """What it has of its card's memory; None where it speaks on no CUDA device."""
        ...
