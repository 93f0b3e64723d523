"""What every speaker does: chunks in, segments out, in the same order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol

from synth.audio import AudioSegment
from synth.chunks import Chunk


class Speaker(Protocol):
    """Something that can say chunks. `engine` is its name in settings, tags and manifests."""

    engine: str

    def key(self, chunk: Chunk) -> str:
        """The sha256, hex, of all that is heard: equal keys sound the same, sample for sample."""
        ...

    def speak(self, chunks: Iterable[Chunk]) -> Iterator[AudioSegment]:
        """One segment per chunk, in order; streams, so that a long book needs little memory."""
        ...
