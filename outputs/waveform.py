"""What is known of a chapter's segments into the bars of its waveform, without decoding anything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from outputs.loudness import STEP_SAMPLES
from outputs.plan import Cue
from outputs.store import SegmentFacts

BARS: Final = 800  # as many as a wide screen shows apart
TALLEST: Final = 100  # a bar's height
_LOUD: Final = 0.28  # the level of a loud syllable at -19 LUFS: a bar of full height
_BEND: Final = 0.7  # raises quiet speech, so that it can be told from silence


def waveform(
    cues: Sequence[Cue], facts: Mapping[str, SegmentFacts], samples: int, gain_db: float
) -> tuple[int, ...]:
    """Heights of 0 to 100 from the chapter's beginning to its end: 800, or one per 100 ms of a short one.

    facts: of every segment that a cue names. samples: of the chapter. gain_db: what it was raised by. The
    same height is the same level in every chapter.
    """
    steps = np.zeros(-(-samples // STEP_SAMPLES))
    for cue in cues:
        first = cue.start_sample // STEP_SAMPLES
        energies = np.array(facts[cue.key].energies)
        room = steps[first : first + len(energies)]
        room += energies[: len(room)]
    bars = min(BARS, len(steps))
    edges = np.arange(bars) * len(steps) // bars
    widths = np.diff(np.append(edges, len(steps)))
    squares = np.add.reduceat(steps, edges) / (widths * STEP_SAMPLES) * 10 ** (gain_db / 10)
    heights = np.minimum(1.0, np.sqrt(squares) / _LOUD) ** _BEND * TALLEST
    return tuple(int(height) for height in np.rint(heights))
