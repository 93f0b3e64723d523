"""A sound that is too high in places into one whose true peak stays below a ceiling."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.ndimage import minimum_filter1d

from outputs.true_peak import REACH_SAMPLES, peaks_above, true_peak
from synth.audio import SAMPLE_RATE_HZ, Samples

Floats = npt.NDArray[np.float64]

LOOK_SAMPLES: Final = 10 * SAMPLE_RATE_HZ // 1000  # a peak is seen 10 ms ahead, and held for 10 ms

# Three running means in a row are a bump much like Hann's, at a cost that does not depend on its width.
_MEAN_SAMPLES: Final = 2 * (LOOK_SAMPLES // 3) + 1
_SPREAD_SAMPLES: Final = 3 * (_MEAN_SAMPLES // 2)  # how far the three of them reach to either side
_HOLD_SAMPLES: Final = _SPREAD_SAMPLES + REACH_SAMPLES  # the gain is low wherever the interpolator looks
_AROUND_SAMPLES: Final = _HOLD_SAMPLES + _SPREAD_SAMPLES  # a peak changes nothing farther away

_SAFETY: Final = 1 - 1e-4  # 0.001 dB: room for rounding to float32
_EXACT: Final = 0.98  # of the ceiling: lower peaks are not worth measuring, for none of them is the highest
_MAX_ROUNDS: Final = 6


@dataclass(frozen=True, slots=True, eq=False)
class Limited:
    """A limited sound: samples (n,) float32, its true peak, and the lowest gain; both linear."""

    samples: Samples
    true_peak: float
    lowest_gain: float


def limit(sound: Floats, ceiling: float) -> Limited:
    """Turn a sound down around its peaks, so that its true peak is not above `ceiling` (linear).

    sound: (n,) with silence before and after. The gain is 1 but within 21 ms of a peak, falls and rises
    over 20 ms, and has no corner. It depends on the sound alone: the same in any chapter, in any order.
    """
    gains = np.ones(len(sound))
    samples = sound.astype(np.float32)
    exact_above = ceiling * _EXACT
    peaks = peaks_above(samples, exact_above)
    # A gain that changes within the interpolator's reach can leave a peak a little high; the next round
    # takes that off.
    for _ in range(_MAX_ROUNDS):
        hot = np.flatnonzero(peaks > ceiling)
        if not len(hot):
            break
        changed = np.zeros(len(samples), dtype=bool)
        for start, end in _stretches(hot, len(samples)):
            gains[start:end] *= _gain(peaks[start:end], ceiling * _SAFETY)
            samples[start:end] = sound[start:end] * gains[start:end]
            changed[max(0, start - REACH_SAMPLES) : end + REACH_SAMPLES] = True
        peaks[changed] = peaks_above(samples, exact_above, changed)[changed]
    else:  # has not been seen; the promise is kept all the same
        gains *= ceiling * _SAFETY / true_peak(samples)
        samples = (sound * gains).astype(np.float32)
        peaks = peaks_above(samples, exact_above)
    highest = float(peaks.max(initial=0.0))
    peak = highest if highest > exact_above else true_peak(samples)
    return Limited(samples, peak, float(gains.min(initial=1.0)))


def _stretches(hot: npt.NDArray[np.intp], length: int) -> Iterator[tuple[int, int]]:
    """The stretches `[start, end)` whose gain the hot samples change, apart from one another."""
    breaks = np.flatnonzero(np.diff(hot) > 2 * _AROUND_SAMPLES)
    starts = hot[np.concatenate(([0], breaks + 1))] - _AROUND_SAMPLES
    ends = hot[np.concatenate((breaks, [len(hot) - 1]))] + _AROUND_SAMPLES + 1
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        yield max(0, start), min(length, end)


def _gain(peaks: Samples, ceiling: float) -> Floats:
    """The gain for each sample, (n,), that brings peaks (n,) down to `ceiling`; 1 far from all of them."""
    wanted = np.ones(len(peaks) + 2 * _SPREAD_SAMPLES)
    inner = wanted[_SPREAD_SAMPLES : _SPREAD_SAMPLES + len(peaks)]
    np.divide(ceiling, peaks, out=inner, where=peaks > ceiling)
    smooth = minimum_filter1d(wanted, 2 * _HOLD_SAMPLES + 1, mode="constant", cval=1.0)
    for _ in range(3):
        smooth = _running_mean(smooth, _MEAN_SAMPLES)
    return smooth


def _running_mean(values: Floats, width: int) -> Floats:
    """The means of each `width` values in a row: (n,) -> (n - width + 1,)."""
    # of what is missing from 1, so that where nothing is missing the mean is exactly 1
    sums = np.concatenate(([0.0], np.cumsum(1.0 - values)))
    return np.asarray(1.0 - (sums[width:] - sums[:-width]) / width)
