"""A spoken segment into the part that is heard, without its silent edges, beginning and ending at zero."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from synth.audio import SAMPLE_RATE_HZ, Samples

# A consonant may be 45 dB below the loudest vowel, whatever the voice's own level, so the threshold goes
# by the segment's peak; a fixed gate at -40 dBFS loses all of a quiet voice.
THRESHOLD_DB: Final = -50.0  # below the segment's peak
FLOOR_DBFS: Final = -60.0  # but never lower than this, where noise begins

HEAD_SAMPLES: Final = 30 * SAMPLE_RATE_HZ // 1000  # kept before the first sound
TAIL_SAMPLES: Final = 100 * SAMPLE_RATE_HZ // 1000  # kept after the last, which dies away more slowly
FADE_SAMPLES: Final = 5 * SAMPLE_RATE_HZ // 1000  # long enough not to click, too short to be heard as a fade

OFFSET_LIMIT: Final = 1e-3  # a smaller constant is below the floor, so not worth touching the samples for

_FRAME_SAMPLES: Final = 5 * SAMPLE_RATE_HZ // 1000
_SWING_SAMPLES: Final = 50 * SAMPLE_RATE_HZ // 1000  # several swings of the deepest voice
_FEWEST_SWINGS: Final = 5  # fewer say nothing about a constant

# math.cos, not numpy's: numpy picks its cosine by the processor, and the last bit with it
_FADE_IN: Final = np.array(
    [0.5 - 0.5 * math.cos(math.pi * n / FADE_SAMPLES) for n in range(FADE_SAMPLES)], dtype=np.float64
)


@dataclass(frozen=True, slots=True)
class Cut:
    """What of a segment is heard: samples `[start_sample, end_sample)`, less a constant."""

    start_sample: int
    end_sample: int
    offset: float  # 1.0 is full scale

    def of(self, samples: Samples) -> Samples:
        """The part of (n,) samples that is heard, faded over 5 ms; its first and last sample are 0."""
        part = samples[self.start_sample : self.end_sample].astype(np.float64)
        part -= self.offset
        fade = _FADE_IN if len(part) >= 2 * FADE_SAMPLES else _short_fade(len(part) // 2)
        part[: len(fade)] *= fade
        part[len(part) - len(fade) :] *= fade[::-1]
        if len(part) == 1:
            part[0] = 0.0
        return part.astype(np.float32)


def find_cut(samples: Samples) -> Cut:
    """Find what is heard of (n,) samples; where nothing rises above the floor, all of them are kept."""
    if not len(samples):
        return Cut(0, 0, 0.0)
    offset = _offset(samples)
    peaks = _frame_peaks(samples, offset)
    threshold = max(float(peaks.max()) * 10 ** (THRESHOLD_DB / 20), 10 ** (FLOOR_DBFS / 20))
    loud = np.flatnonzero(peaks > threshold)
    if not len(loud):
        return Cut(0, len(samples), offset)
    first = int(loud[0]) * _FRAME_SAMPLES
    last = (int(loud[-1]) + 1) * _FRAME_SAMPLES
    return Cut(max(0, first - HEAD_SAMPLES), min(len(samples), last + TAIL_SAMPLES), offset)


def _offset(samples: Samples) -> float:
    """The constant that (n,) samples lie around, 0.0 where it is negligible.

    The median of means over 50 ms: the mean of them all is led astray by a few loud ones in a short word,
    and taking off a constant that is not there would fill the silence with it.
    """
    swings = len(samples) // _SWING_SAMPLES
    if swings < _FEWEST_SWINGS:
        return 0.0
    means = samples[: swings * _SWING_SAMPLES].reshape(swings, _SWING_SAMPLES).mean(axis=1, dtype=np.float64)
    offset = float(np.median(means))
    return offset if abs(offset) > OFFSET_LIMIT else 0.0


def _frame_peaks(samples: Samples, offset: float) -> Samples:
    """The largest absolute sample of each 5 ms, (frames,); the last frame may be shorter."""
    padded = np.full(-len(samples) % _FRAME_SAMPLES + len(samples), offset, dtype=np.float32)
    padded[: len(samples)] = samples
    frames = np.abs(padded - np.float32(offset)).reshape(-1, _FRAME_SAMPLES)
    return np.asarray(frames.max(axis=1), dtype=np.float32)


def _short_fade(length: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """A rise over `length` samples, for a part too short for two whole fades."""
    return np.array([0.5 - 0.5 * math.cos(math.pi * n / length) for n in range(length)], dtype=np.float64)
