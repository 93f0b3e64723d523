"""Samples into their plain levels: mean, noise floor and highest sample, as shops ask for them."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from outputs.loudness import STEP_SAMPLES, Floats
from synth.audio import Samples

SILENCE_DB: Final = -120.0  # stands for digital silence, so that levels can be written as JSON
FLOOR_STEPS: Final = 5  # the noise floor is that of the quietest half second


class LevelMeter:
    """RMS, noise floor and sample peak of mono samples that come in blocks of any size."""

    def __init__(self) -> None:
        self._squares = np.zeros(0)  # of the 100 ms that are not yet full
        self._energies: list[Floats] = []
        self._peak = 0.0
        self._samples = 0

    def push(self, samples: Samples) -> None:
        """Take the next (n,) samples; 1.0 is full scale."""
        if not len(samples):
            return
        self._samples += len(samples)
        self._peak = max(self._peak, float(samples.max()), -float(samples.min()))
        squares = np.concatenate((self._squares, np.square(samples, dtype=np.float64)))
        full = len(squares) - len(squares) % STEP_SAMPLES
        self._energies.append(squares[:full].reshape(-1, STEP_SAMPLES).sum(axis=1))
        self._squares = squares[full:]

    @property
    def rms_dbfs(self) -> float:
        """RMS of all that came in, silences included."""
        energy = float(np.concatenate([*self._energies, self._squares]).sum())
        return level_db(math.sqrt(energy / self._samples)) if self._samples else SILENCE_DB

    @property
    def noise_floor_dbfs(self) -> float:
        """RMS of the quietest half second: what ACX calls the noise floor. Of all, if it is shorter."""
        energies = np.concatenate([*self._energies, np.zeros(0)])
        if len(energies) < FLOOR_STEPS:
            return self.rms_dbfs
        halves = np.lib.stride_tricks.sliding_window_view(energies, FLOOR_STEPS).mean(axis=1)
        return level_db(math.sqrt(float(halves.min()) / STEP_SAMPLES))

    @property
    def peak_dbfs(self) -> float:
        """The largest absolute sample."""
        return level_db(self._peak)


def level_db(level: float) -> float:
    """A linear level in dB, not below SILENCE_DB."""
    return max(SILENCE_DB, 20 * math.log10(level)) if level > 0 else SILENCE_DB
