"""How long texts took to say into those that took much too long or too short for what they say."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from outputs.loudness import Floats

FEWEST: Final = 30  # texts: fewer do not say what is usual
OUTLIER: Final = 4.0  # standard deviations
USUAL_PHONEMES: Final = 120  # the spread is that of such a text; it falls with the root of the length
LEAST_SPREAD: Final = 0.03  # of the log of the seconds: no voice is blamed for being more regular
_ROUNDS: Final = 15
_TUKEY: Final = 4.685  # deviations beyond so many do not count: as exact as least squares to 95 %
_MAD_OF_NORMAL: Final = 1.4826  # standard deviation over median absolute deviation


@dataclass(frozen=True, slots=True)
class Said:
    """A text, its phonemes and the seconds that it is heard for."""

    text: str
    phonemes: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Outlier:
    """Number `index` of the texts took so much longer (above 1) or shorter than such a text takes."""

    index: int
    times: float
    deviations: float


def duration_outliers(said: Sequence[Said]) -> Iterator[Outlier]:
    """The texts of one voice at one speed that took another time than the others let expect.

    The log of the duration is explained by the logs of phonemes, letters, words, punctuation and digits, by
    robust regression (Tukey's biweight), so that what is wrong does not decide what is usual.
    """
    if len(said) < FEWEST:
        return
    known = np.array([_known_of(one) for one in said])
    log_seconds = np.log([max(one.seconds, 1e-3) for one in said])
    lengths = np.array([len(one.phonemes) for one in said], dtype=np.float64)
    certainty = np.sqrt(np.minimum(lengths, 4 * USUAL_PHONEMES) / USUAL_PHONEMES)
    # to begin with, all phonemes take the same time: texts that are far from that do not count at first
    per_phoneme = log_seconds - np.log(lengths)
    rest = (per_phoneme - np.median(per_phoneme)) * certainty
    for _ in range(_ROUNDS):
        spread = max(LEAST_SPREAD, _MAD_OF_NORMAL * float(np.median(np.abs(rest))))
        root = np.maximum(0.0, 1.0 - np.square(rest / (_TUKEY * spread))) * certainty
        explained, *_ = np.linalg.lstsq(known * root[:, None], log_seconds * root, rcond=None)
        rest = (log_seconds - known @ explained) * certainty
    for index in np.flatnonzero(np.abs(rest) > OUTLIER * spread).tolist():
        times = float(np.exp(rest[index] / certainty[index]))
        yield Outlier(index, times, float(rest[index] / spread))


def _known_of(said: Said) -> Floats:
    """What is known of a text, (6,)."""
    letters = sum(character.isalpha() for character in said.text)
    digits = sum(character.isdigit() for character in said.text)
    marks = len(re.findall(r"[^\w\s]", said.text))
    counts = (len(said.phonemes), letters, len(said.text.split()), marks, digits)
    return np.array([1.0, *np.log1p(counts)])
