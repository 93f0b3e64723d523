"""The sound of one chunk: samples, and when each word of it is heard."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

SAMPLE_RATE_HZ: Final = 24_000  # Kokoro's own rate; the draft voice is resampled to it

Samples = npt.NDArray[np.float32]  # mono, full scale is 1.0


@dataclass(frozen=True, slots=True)
class WordTime:
    """Characters `[start, end)` of the chunk's text are heard in samples `[start_sample, end_sample)`."""

    start: int
    end: int
    start_sample: int
    end_sample: int


@dataclass(frozen=True, slots=True, eq=False)
class AudioSegment:
    """One chunk, spoken. samples: (n,) float32 mono at 24 kHz, untrimmed. words: in order of time."""

    key: str
    samples: Samples
    words: tuple[WordTime, ...] = ()

    def __post_init__(self) -> None:
        assert self.samples.ndim == 1, f"samples have shape {self.samples.shape}"
        assert self.samples.dtype == np.float32, f"samples are {self.samples.dtype}"

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return len(self.samples) / SAMPLE_RATE_HZ
