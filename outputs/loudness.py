"""Samples into how loud they are heard, after ITU-R BS.1770-4 and, for their range, EBU Tech 3342."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.signal import sosfilt

from synth.audio import SAMPLE_RATE_HZ, Samples

Floats = npt.NDArray[np.float64]

STEP_S: Final = 0.1  # gating blocks begin every 100 ms ...
STEPS_PER_BLOCK: Final = 4  # ... and are 400 ms long: they overlap by 75 %
STEP_SAMPLES: Final = round(STEP_S * SAMPLE_RATE_HZ)

ABSOLUTE_GATE_LUFS: Final = -70.0
RELATIVE_GATE_LU: Final = -10.0
SHORT_TERM_STEPS: Final = 30  # the range is taken from spans of 3 s ...
SHORT_TERM_HOP_STEPS: Final = 10  # ... that begin every second: the least overlap that Tech 3342 allows
RANGE_GATE_LU: Final = -20.0
RANGE_PERCENT: Final = (10, 95)
OFFSET_LU: Final = -0.691  # makes a 997 Hz sine at 0 dBFS read -3.01 LUFS


class LoudnessMeter:
    """Integrated loudness of mono samples that come in blocks of any size.

    It keeps 8 bytes for each 100 ms, so that gating is exact however long the stream is.
    """

    def __init__(self, rate_hz: int = SAMPLE_RATE_HZ) -> None:
        assert rate_hz % 10 == 0, f"{rate_hz} Hz has no whole number of samples in 100 ms"
        self._step_samples = rate_hz // 10
        self._filter = k_weighting(rate_hz)
        self._state = np.zeros((len(self._filter), 2))
        self._squares = np.zeros(0)  # of the step that is not yet full
        self._energies: list[Floats] = []

    def push(self, samples: Samples | Floats) -> None:
        """Take the next (n,) samples; 1.0 is full scale."""
        if not len(samples):
            return
        weighted, self._state = sosfilt(self._filter, samples.astype(np.float64), zi=self._state)
        squares = np.concatenate((self._squares, weighted * weighted))
        full = len(squares) - len(squares) % self._step_samples
        # whole steps are summed in one go, so the result does not depend on how the stream was cut
        self._energies.append(squares[:full].reshape(-1, self._step_samples).sum(axis=1))
        self._squares = squares[full:]

    @property
    def lufs(self) -> float:
        """Loudness of what came in so far, LUFS; -inf when nothing of it passes the absolute gate."""
        return gated_lufs(self._powers)

    @property
    def range_lu(self) -> float:
        """Loudness range of what came in so far, LU; 0 where less than two spans of 3 s pass the gates."""
        return loudness_range_lu(self._powers)

    @property
    def _powers(self) -> Floats:
        return np.concatenate([*self._energies, np.zeros(0)]) / self._step_samples


def gated_lufs(powers: Floats) -> float:
    """Integrated loudness of K-weighted mean squares, (steps,), one per 100 ms; -inf when silent.

    Both gates of BS.1770-4 are applied. Less than 400 ms count as one block of their own length.
    """
    if not len(powers):
        return -math.inf
    width = min(STEPS_PER_BLOCK, len(powers))
    blocks = np.lib.stride_tricks.sliding_window_view(powers, width).mean(axis=1)
    loud = blocks[blocks >= _power_of(ABSOLUTE_GATE_LUFS)]
    if not len(loud):
        return -math.inf
    gate = float(loud.mean()) * 10 ** (RELATIVE_GATE_LU / 10)
    return OFFSET_LU + 10 * math.log10(float(loud[loud >= gate].mean()))


def loudness_range_lu(powers: Floats) -> float:
    """Loudness range (LRA) of K-weighted mean squares, (steps,), one per 100 ms; 0 where there is too little.

    EBU Tech 3342: between the quiet and the loud tenth and twentieth of all spans of 3 s that pass the gates.
    """
    if len(powers) < SHORT_TERM_STEPS:
        return 0.0
    spans = np.lib.stride_tricks.sliding_window_view(powers, SHORT_TERM_STEPS)[::SHORT_TERM_HOP_STEPS]
    loud = spans.mean(axis=1)
    loud = loud[loud >= _power_of(ABSOLUTE_GATE_LUFS)]
    if not len(loud):
        return 0.0
    gate = float(loud.mean()) * 10 ** (RANGE_GATE_LU / 10)
    kept = np.sort(loud[loud >= gate])
    # the nearest of the spans, as libebur128 has it, not a value between two of them
    low, high = (float(kept[math.floor((len(kept) - 1) * percent / 100 + 0.5)]) for percent in RANGE_PERCENT)
    return 10 * math.log10(high / low)


def step_energies(samples: Samples, start_sample: int = 0) -> Floats:
    """K-weighted sums of squares of a sound that lies alone between silences, one per 100 ms of its stream.

    samples: (n,) at 24 kHz, the sound; it begins `start_sample` samples after a step of the stream begins
    (less than one step). returns: (steps,), from that step to the one in which the filter has rung out.
    """
    assert 0 <= start_sample < STEP_SAMPLES
    length = start_sample + len(samples) + _RINGING_SAMPLES
    placed = np.zeros(length + -length % STEP_SAMPLES)
    placed[start_sample : start_sample + len(samples)] = samples
    weighted = sosfilt(k_weighting(SAMPLE_RATE_HZ), placed)
    weighted *= weighted
    return np.asarray(weighted.reshape(-1, STEP_SAMPLES).sum(axis=1))


# The slower of the two filters, 38 Hz with Q 0.5, has fallen by more than 180 dB after 100 ms.
_RINGING_SAMPLES: Final = STEP_SAMPLES


@lru_cache
def k_weighting(rate_hz: int) -> Floats:
    """The K-weighting filter of BS.1770-4 at a sample rate: two sections, (2, 6), for scipy's sosfilt.

    The standard gives coefficients at 48 kHz only. Taking its bilinear transform back gives the analog
    prototypes below (a high shelf for the head, a high-pass of second order), whose transform at 48 kHz
    is the standard's table again, to its last digit; at other rates it is what libebur128 uses too.
    """
    frequency_hz, q, shelf_db = 1681.974450955533, 0.7071752369554196, 3.999843853973347
    k = math.tan(math.pi * frequency_hz / rate_hz)
    high = 10 ** (shelf_db / 20)
    middle = high**0.4996667741545416
    norm = 1 + k / q + k * k
    shelf = [
        (high + middle * k / q + k * k) / norm,
        2 * (k * k - high) / norm,
        (high - middle * k / q + k * k) / norm,
        1.0,
        2 * (k * k - 1) / norm,
        (1 - k / q + k * k) / norm,
    ]
    frequency_hz, q = 38.13547087602444, 0.5003270373238773
    k = math.tan(math.pi * frequency_hz / rate_hz)
    norm = 1 + k / q + k * k
    high_pass = [1.0, -2.0, 1.0, 1.0, 2 * (k * k - 1) / norm, (1 - k / q + k * k) / norm]
    return np.array([shelf, high_pass])


def _power_of(lufs: float) -> float:
    """The mean square that reads `lufs`."""
    return float(10 ** ((lufs - OFFSET_LU) / 10))
