"""Spoken segments into files that are found again by the hash of what is heard."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from synth.audio import AudioSegment, WordTime


@dataclass(frozen=True, slots=True)
class SegmentFacts:
    """What is known of a stored segment without reading its audio.

    Samples are those of the untrimmed segment at 24 kHz; the trimmed part is
    `[trim_start_sample, trim_end_sample)`.
    """

    key: str
    samples: int
    peak: float  # largest absolute sample, 1.0 is full scale
    offset: float  # a constant (DC) that is taken off when the segment is stitched; 0.0 for most
    trim_start_sample: int
    trim_end_sample: int
    true_peak: float  # of the trimmed, faded part: linear, 1.0 is full scale
    energies: tuple[float, ...]  # K-weighted sums of squares of the trimmed, faded part, one per 100 ms
    words: tuple[WordTime, ...]
    sha256: str  # of the audio file's bytes
    audio_bytes: int

    @property
    def lufs(self) -> float:
        """The gated loudness of the trimmed part by itself; -inf when it is silent."""
        raise NotImplementedError


class SegmentStore:
    """A folder of segments, each an audio file and a sidecar, complete or absent."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def missing(self, keys: Iterable[str]) -> list[str]:
        """The keys whose segments are not complete, each once, in order.

        Complete means that sidecar and audio are there and the audio has the stated size.
        """
        raise NotImplementedError

    def put(self, segment: AudioSegment) -> SegmentFacts:
        """Store a segment, audio first, and say what is known of it; putting it twice is harmless.

        Raises:
            DiskFull: there is no room left for it.
            OutputError: the folder cannot be written to.
        """
        raise NotImplementedError

    def facts(self, key: str) -> SegmentFacts:
        """What is known of a segment without reading its audio.

        Raises:
            SegmentMissing: it is not in the store.
            SegmentDamaged: its sidecar is not what was written; it is removed.
        """
        raise NotImplementedError

    def read(self, key: str) -> AudioSegment:
        """The segment as it was stored, the same samples every time.

        Raises:
            SegmentMissing: it is not in the store.
            SegmentDamaged: its bytes are not those that were written; it is removed, so that `missing`
                names it again.
        """
        raise NotImplementedError
