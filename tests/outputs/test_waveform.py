from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from outputs.plan import Cue
from outputs.store import SegmentFacts, SegmentStore
from outputs.waveform import BARS, TALLEST, waveform
from synth.audio import SAMPLE_RATE_HZ, AudioSegment

KEY = "0" * 64


@pytest.fixture
def facts(tmp_path: Path) -> dict[str, SegmentFacts]:
    """Ten seconds of a tone."""
    tone = 0.1 * np.sin(2 * np.pi * 997 * np.arange(10 * SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ)
    return {KEY: SegmentStore(tmp_path).put(AudioSegment(KEY, tone.astype(np.float32)))}


def cue(start_s: int) -> Cue:
    return Cue(KEY, start_s * SAMPLE_RATE_HZ, (start_s + 10) * SAMPLE_RATE_HZ, 0)


def test_bars_stand_where_something_is_heard(facts: dict[str, SegmentFacts]) -> None:
    bars = waveform([cue(100), cue(300)], facts, 400 * SAMPLE_RATE_HZ, 0.0)
    assert len(bars) == BARS
    assert {place // 2 for place, height in enumerate(bars) if height} == {
        *range(100, 110),
        *range(300, 310),
    }
    assert all(0 <= height <= TALLEST for height in bars)


def test_a_short_chapter_has_a_bar_for_each_tenth_of_a_second(facts: dict[str, SegmentFacts]) -> None:
    bars = waveform([cue(1)], facts, 12 * SAMPLE_RATE_HZ, 0.0)
    assert len(bars) == 120
    assert [bool(height) for height in bars] == [False] * 10 + [True] * 100 + [False] * 10


def test_gain_makes_bars_taller_and_never_too_tall(facts: dict[str, SegmentFacts]) -> None:
    tallest = [max(waveform([cue(0)], facts, 10 * SAMPLE_RATE_HZ, gain)) for gain in (-20, 0, 6, 60)]
    assert tallest == sorted(set(tallest))
    assert tallest[-1] == TALLEST


def test_a_segment_that_is_heard_twice_is_drawn_twice_and_one_at_the_end_is_cut(
    facts: dict[str, SegmentFacts],
) -> None:
    bars = waveform([cue(0), cue(15)], facts, 20 * SAMPLE_RATE_HZ, 0.0)
    assert len(bars) == 200
    assert bars[:50] == bars[150:]
