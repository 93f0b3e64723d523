"""A chapter's plan into its finished samples: one gain to the target loudness, peaks held below the ceiling."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from outputs.plan import ChapterPlan, Cue
from outputs.store import SegmentStore
from synth.audio import Samples


@dataclass(frozen=True, slots=True)
class Measurement:
    """What was measured of a chapter's samples before encoding.

    Levels are never below -120, which stands for digital silence, so that they can be written as JSON.
    """

    samples: int  # a multiple of FRAME_SAMPLES
    lufs: float  # integrated loudness, BS.1770-4
    true_peak_dbtp: float  # 4x oversampled
    rms_dbfs: float  # of the whole chapter, silences included (what ACX asks for)
    gain_db: float  # what every utterance was raised by
    reduction_db: float  # the most that the limiter took off at any sample, >= 0
    gain_bounded: bool  # so quiet, or loud, or silent, that the gain stopped short of the target


@dataclass(frozen=True, slots=True)
class Mastered:
    """A chapter that is ready to be encoded; its samples are rendered when asked for."""

    plan: ChapterPlan
    store: SegmentStore
    measurement: Measurement
    cues: tuple[Cue, ...]  # one per utterance, in order

    def blocks(self) -> Iterator[Samples]:
        """The chapter's samples, float32 mono at 24 kHz, in read-only blocks of different lengths.

        Each call reads the store again and gives the same samples. The lengths add up to
        `measurement.samples`. In memory at any time: one utterance.

        Raises:
            SegmentMissing: a segment is no longer in the store.
            SegmentDamaged: a segment's bytes are not those that were written.
        """
        raise NotImplementedError


def master(plan: ChapterPlan, store: SegmentStore) -> Mastered:
    """Find where each utterance lies and the gain that brings the chapter to its target loudness.

    Raises:
        SegmentMissing: an utterance's segment is not in the store.
        SegmentDamaged: a segment's bytes are not those that were written.
    """
    raise NotImplementedError
