"""Samples into how high the sound between them rises: true peak by 4x oversampling, after ITU-R BS.1770-4."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import numpy.typing as npt

from synth.audio import Samples

OVERSAMPLING: Final = 4  # what the standard asks for; at most 0.17 dB too low up to a quarter of the rate
REACH_SAMPLES: Final = 12  # how far the interpolator looks to either side; the standard's own looks 6 far

_FRAME_SAMPLES: Final = 256
_WIDTH_SAMPLES: Final = _FRAME_SAMPLES + 2 * REACH_SAMPLES  # a frame and what its peaks depend on
_FRAMES_AT_ONCE: Final = 256  # few enough to stay in the processor's cache


def _tap(position: int) -> float:
    """The interpolator, a Hann-windowed sinc, at quarters of a sample from its middle; flat to 10 kHz."""
    x = math.pi * position / OVERSAMPLING
    return math.sin(x) / x * (0.5 + 0.5 * math.cos(x / REACH_SAMPLES)) if position else 1.0


# Samples that stay within +-1 are not interpolated beyond this: it is worst half way between two of them.
_OVERSHOOT: Final = 2 * sum(abs(_tap(OVERSAMPLING * away + 2)) for away in range(REACH_SAMPLES))


class TruePeakMeter:
    """True peak of mono samples that come in blocks of any size."""

    def __init__(self) -> None:
        self._highest = 0.0
        self._waiting = np.zeros(
            REACH_SAMPLES, dtype=np.float32
        )  # for what follows, and what that looks back to

    def push(self, samples: Samples) -> None:
        """Take the next (n,) samples."""
        joined = np.concatenate((self._waiting, samples))
        # whole frames only: one that is filled up with silence would see a cliff that is not in the sound
        measured = max(len(joined) - 2 * REACH_SAMPLES, 0) // _FRAME_SAMPLES * _FRAME_SAMPLES
        if measured:
            self._highest = _highest(joined[: measured + 2 * REACH_SAMPLES], self._highest)
        self._waiting = joined[measured:]

    @property
    def peak(self) -> float:
        """The true peak so far as if silence followed; linear, 1.0 is full scale."""
        return _highest(np.concatenate((self._waiting, np.zeros(REACH_SAMPLES, np.float32))), self._highest)

    @property
    def dbtp(self) -> float:
        """The true peak so far, dBTP; -inf for digital silence."""
        return 20 * math.log10(self.peak) if self.peak else -math.inf


def true_peak(samples: Samples) -> float:
    """The true peak of (n,) samples with silence around them; linear, 1.0 is full scale."""
    return _highest(_surrounded(samples), 0.0)


def peaks_above(samples: Samples, level: float, where: npt.NDArray[np.bool_] | None = None) -> Samples:
    """How high the sound rises from each of (n,) samples up to the next, silence around them.

    where: (n,), the samples that matter; None: all. returns: (n,), exact wherever it matters and is above
    `level`; elsewhere it may be 0.
    """
    frames, bounds = _frames(_surrounded(samples))
    peaks = np.zeros((len(frames), _FRAME_SAMPLES), dtype=np.float32)
    if where is not None:
        filled = np.concatenate((where, np.zeros(-len(where) % _FRAME_SAMPLES, dtype=bool)))
        bounds = np.where(filled.reshape(-1, _FRAME_SAMPLES).any(axis=1), bounds, np.float32(0.0))
    hot = np.flatnonzero(bounds > level)
    for start in range(0, len(hot), _FRAMES_AT_ONCE):
        some = hot[start : start + _FRAMES_AT_ONCE]
        peaks[some] = _interpolated(frames[some])
    return peaks.reshape(-1)[: len(samples)]


def _highest(surrounded: Samples, known: float) -> float:
    """The highest peak of all but the outer samples, where it is above `known`; else `known`."""
    frames, bounds = _frames(surrounded)
    # the loudest frames first: they mostly show that few others can be higher
    order = np.argsort(-bounds, kind="stable")
    at, count = 0, 1
    while at < len(order) and bounds[order[at]] > known:
        some = order[at : at + count]
        known = max(known, float(_interpolated(frames[some]).max()))
        at, count = at + count, _FRAMES_AT_ONCE
    return known


def _surrounded(samples: Samples) -> Samples:
    """The samples between the silence that the interpolator sees on either side."""
    silence = np.zeros(REACH_SAMPLES, dtype=np.float32)
    return np.concatenate((silence, samples, silence))


def _frames(surrounded: Samples) -> tuple[Samples, Samples]:
    """Overlapping frames (f, 280) of all that is to be measured, and what each cannot rise above, (f,)."""
    measured = len(surrounded) - 2 * REACH_SAMPLES
    filled = np.concatenate((surrounded, np.zeros(-measured % _FRAME_SAMPLES, dtype=np.float32)))
    if not measured:
        return np.zeros((0, _WIDTH_SAMPLES), dtype=np.float32), np.zeros(0, dtype=np.float32)
    frames = np.lib.stride_tricks.sliding_window_view(filled, _WIDTH_SAMPLES)[::_FRAME_SAMPLES]
    return frames, np.maximum(frames.max(axis=1), -frames.min(axis=1)) * np.float32(_OVERSHOOT)


def _interpolated(frames: Samples) -> Samples:
    """The largest absolute value from each sample up to the next: (f, 280) -> (f, 256).

    The frames are laid end to end and whole rows of taps applied at once, with nothing but additions
    and multiplications, which are the same to the last bit on every machine. Half way between two samples
    all taps are symmetric. A quarter and three quarters of the way they mirror each other: one is
    `even + odd`, the other `even - odd`, and the larger of the two is `|even| + |odd|`.
    """
    line = np.ascontiguousarray(frames).reshape(-1)
    count = len(line) - 2 * REACH_SAMPLES
    half = np.zeros(count, dtype=np.float32)
    even = np.zeros(count, dtype=np.float32)
    odd = np.zeros(count, dtype=np.float32)
    total = np.empty(count, dtype=np.float32)
    scaled = np.empty(count, dtype=np.float32)
    for away in range(REACH_SAMPLES):
        before = line[REACH_SAMPLES - away :][:count]
        after = line[REACH_SAMPLES + 1 + away :][:count]
        near, middle, far = (_tap(OVERSAMPLING * away + quarter) for quarter in (1, 2, 3))
        np.add(before, after, out=total)
        half += np.multiply(total, np.float32(middle), out=scaled)
        even += np.multiply(total, np.float32((near + far) / 2), out=scaled)
        np.subtract(before, after, out=total)
        odd += np.multiply(total, np.float32((near - far) / 2), out=scaled)
    highest = np.abs(even) + np.abs(odd)
    np.maximum(highest, np.abs(half), out=highest)
    np.maximum(highest, np.abs(line[REACH_SAMPLES:][:count]), out=highest)
    # what lies between two frames mixes both of them, and is cut off
    highest = np.concatenate((highest, np.zeros(2 * REACH_SAMPLES, dtype=np.float32)))
    return highest.reshape(frames.shape)[:, :_FRAME_SAMPLES]
