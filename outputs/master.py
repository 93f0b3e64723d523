"""A chapter's plan into its finished samples: one gain to the target loudness, peaks below the ceiling."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from outputs.errors import SegmentDamaged
from outputs.levels import SILENCE_DB, level_db
from outputs.limiter import Limited, limit
from outputs.loudness import STEP_SAMPLES, Floats, gated_lufs, step_energies
from outputs.plan import ChapterPlan, Cue
from outputs.stitch import Timeline, stitch
from outputs.store import SegmentFacts, SegmentStore
from synth.audio import SAMPLE_RATE_HZ, Samples

TOLERANCE_LU: Final = 0.03  # a chapter this near its target is done
MAX_GAIN_DB: Final = 24.0  # either way: what is below -43 LUFS is not speech but its absence

# Where the limiter takes more than three quarters of what is added, loudness is bought with distortion.
WORTHWHILE_LU_PER_DB: Final = 0.25

_GAIN_STEPS_PER_DB: Final = 100  # a coarse gain is the same on every machine, whatever its last bits are
_MAX_PASSES: Final = 5


@dataclass(frozen=True, slots=True)
class Measurement:
    """What was measured of a chapter's samples before encoding.

    Levels are never below -120, which stands for silence (loudness: for what no gate of BS.1770 lets
    through), so that they can be written as JSON.
    """

    samples: int  # a multiple of FRAME_SAMPLES
    lufs: float  # integrated loudness, BS.1770-4
    true_peak_dbtp: float  # 4x oversampled
    rms_dbfs: float  # of the whole chapter, silences included (what ACX asks for)
    gain_db: float  # what every utterance was raised by
    reduction_db: float  # the most that the limiter took off at any sample, >= 0
    gain_bounded: bool  # the gain stopped short of the target: too quiet, too loud, too spiky, or silent


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
            SegmentDamaged: a segment's bytes are not those that were written, or it was spoken anew with
                another length since the chapter was measured.
        """
        mastering = self.plan.mastering
        gain = _linear(self.measurement.gain_db)
        ceiling = _linear(mastering.ceiling_dbtp)
        room = _Room(mastering.room_tone_dbfs)
        at_sample = 0
        for cue in self.cues:
            yield from room.blocks(cue.start_sample - at_sample)
            facts = self.store.facts(cue.key)
            samples = _raised(_heard(self.store, facts), facts, gain, ceiling).samples
            if len(samples) != cue.end_sample - cue.start_sample:
                raise SegmentDamaged(
                    f"segment {cue.key[:12]} is not the one that its chapter was measured with",
                    "Run the same command again: the chapter is measured anew",
                )
            samples.setflags(write=False)
            yield samples
            at_sample = cue.end_sample
        yield from room.blocks(self.measurement.samples - at_sample)


def master(plan: ChapterPlan, store: SegmentStore) -> Mastered:
    """Find where each utterance lies and the gain that brings the chapter to its target loudness.

    All of a chapter gets one gain, so its dynamics stay the voice's own. The limiter takes loudness
    away, so the gain is solved with the limiter in place. A chapter that would need more than 24 dB
    gets 24, a silent one gets none, one of nothing but spikes what does not crush them;
    `Measurement.gain_bounded` says so. A plan without a target gets a gain below 0 dB where its peaks are
    above the ceiling, else none, and never a limiter.

    Raises:
        SegmentMissing: an utterance's segment is not in the store.
        SegmentDamaged: a segment's bytes are not those that were written.
    """
    facts = {key: store.facts(key) for key in dict.fromkeys(each.key for each in plan.utterances)}
    timeline = stitch(plan, facts)
    chapter = _Chapter(plan, store, facts, timeline)
    return Mastered(plan, store, _solve(chapter), timeline.cues)


def _solve(chapter: _Chapter) -> Measurement:
    """Measure the chapter at one gain after another until it is at its target; return the nearest."""
    if chapter.target_lufs is None:
        return chapter.measure(chapter.gain_below_ceiling_db())
    target_lufs = chapter.target_lufs
    estimate_lufs = chapter.estimate_lufs()
    if estimate_lufs == -math.inf:
        return chapter.measure(0.0)
    gain_db = _bounded(target_lufs - estimate_lufs)
    tried: list[Measurement] = []
    for _ in range(_MAX_PASSES):
        tried.append(chapter.measure(gain_db))
        missing_lu = target_lufs - tried[-1].lufs
        if abs(missing_lu) <= TOLERANCE_LU:
            break
        slope = _slope(tried, missing_lu)
        if missing_lu > 0 and slope < WORTHWHILE_LU_PER_DB:
            tried.pop()
            break
        gain_db = _bounded(gain_db + missing_lu / slope)
        if any(each.gain_db == gain_db for each in tried):
            break
    return min(tried, key=lambda each: abs(each.lufs - target_lufs))


def _slope(tried: list[Measurement], missing_lu: float) -> float:
    """How many LU the next dB of gain will bring: 1 without a limiter, less the more it has to do."""
    if len(tried) == 1:
        # how much of a dB it took says how much of the next it will take: after 0.5 LU, about a third
        return max(0.5, 1.0 - 0.7 * max(0.0, missing_lu))
    earlier, later = tried[-2:]
    # the gates can make a step bring nothing at all, or less than that
    return min(1.0, max(0.1, (later.lufs - earlier.lufs) / (later.gain_db - earlier.gain_db)))


class _Chapter:
    """A chapter's segments in their places, to be measured at different gains.

    Loudness is made up of each segment's K-weighted energies in the chapter's own 100 ms steps. A
    segment that the limiter leaves alone is read once: its energies go with the square of the gain.
    """

    def __init__(
        self, plan: ChapterPlan, store: SegmentStore, facts: dict[str, SegmentFacts], timeline: Timeline
    ) -> None:
        self.target_lufs = plan.mastering.target_lufs
        self._store = store
        self._facts = facts
        self._timeline = timeline
        self._ceiling = _linear(plan.mastering.ceiling_dbtp)
        self._room_power = _power(plan.mastering.room_tone_dbfs)
        self._steps = timeline.samples // STEP_SAMPLES
        self._unraised: dict[int, tuple[Floats, float]] = {}  # per cue: energies, sum of squares, at gain 1

    def estimate_lufs(self) -> float:
        """The loudness at gain 1 from what the store knows, without reading audio; -inf when silent."""
        steps = np.zeros(self._steps + 2)
        for cue in self._timeline.cues:
            energies = np.array(self._facts[cue.key].energies)
            first, into = divmod(cue.start_sample, STEP_SAMPLES)
            # a segment's own steps lie across two of the chapter's
            _add(steps, first, energies * (1 - into / STEP_SAMPLES))
            _add(steps, first + 1, energies * (into / STEP_SAMPLES))
        return gated_lufs(steps[: self._steps] / STEP_SAMPLES)

    def gain_below_ceiling_db(self) -> float:
        """The largest gain, at most 0, at which no peak is above the ceiling."""
        peak = max(facts.true_peak for facts in self._facts.values())
        if peak <= self._ceiling:
            return 0.0
        return math.floor(20 * math.log10(self._ceiling / peak) * _GAIN_STEPS_PER_DB) / _GAIN_STEPS_PER_DB

    def measure(self, gain_db: float) -> Measurement:
        """Measure the chapter as it is rendered at a gain."""
        gain = _linear(gain_db)
        steps = np.zeros(self._steps)
        squares = peak = 0.0
        lowest_gain = 1.0
        for index, cue in enumerate(self._timeline.cues):
            facts = self._facts[cue.key]
            if gain * facts.true_peak > self._ceiling:
                limited = _raised(_heard(self._store, facts), facts, gain, self._ceiling)
                energies, own_squares = _energies(cue, limited.samples)
                lowest_gain = min(lowest_gain, limited.lowest_gain)
                peak = max(peak, limited.true_peak)
            else:
                if index not in self._unraised:
                    self._unraised[index] = _energies(cue, _heard(self._store, facts))
                energies, own_squares = self._unraised[index]
                energies, own_squares = energies * gain**2, own_squares * gain**2
                peak = max(peak, gain * facts.true_peak)
            _add(steps, cue.start_sample // STEP_SAMPLES, energies)
            squares += own_squares
        spoken_samples = sum(cue.end_sample - cue.start_sample for cue in self._timeline.cues)
        squares += self._room_power * (self._timeline.samples - spoken_samples)
        lufs = max(SILENCE_DB, gated_lufs(steps / STEP_SAMPLES))
        return Measurement(
            samples=self._timeline.samples,
            lufs=lufs,
            true_peak_dbtp=level_db(peak),
            rms_dbfs=level_db(math.sqrt(squares / self._timeline.samples)),
            gain_db=gain_db,
            reduction_db=0.0 - level_db(lowest_gain),
            gain_bounded=self.target_lufs is not None and abs(lufs - self.target_lufs) > TOLERANCE_LU,
        )


def _heard(store: SegmentStore, facts: SegmentFacts) -> Samples:
    """The part of a stored segment that is heard, (n,)."""
    return facts.cut.of(store.read(facts.key).samples)


def _raised(heard: Samples, facts: SegmentFacts, gain: float, ceiling: float) -> Limited:
    """A segment's heard part (n,) at a gain, below the ceiling; gain and ceiling are linear."""
    sound = heard.astype(np.float64) * gain
    if gain * facts.true_peak > ceiling:
        return limit(sound, ceiling)
    return Limited(sound.astype(np.float32), gain * facts.true_peak, 1.0)


def _energies(cue: Cue, samples: Samples) -> tuple[Floats, float]:
    """K-weighted energies of a cue's samples (n,) in the chapter's steps, and their plain sum of squares."""
    # not a dot product: BLAS would wake a thread per core for it, and all of them would spin
    squares = float(np.square(samples, dtype=np.float64).sum())
    return step_energies(samples, cue.start_sample % STEP_SAMPLES), squares


def _add(steps: Floats, first: int, energies: Floats) -> None:
    """Add energies to the steps from `first` on; a partial step at the end is not measured."""
    room = steps[first : first + len(energies)]
    room += energies[: len(room)]


class _Room:
    """What is heard where nobody speaks: digital silence, or a faint noise that is the same every time."""

    def __init__(self, tone_dbfs: float | None) -> None:
        self._highest = math.sqrt(3) * _linear(tone_dbfs) if tone_dbfs is not None else 0.0  # of even noise
        self._random = np.random.RandomState(0)  # the one generator whose stream numpy promises to keep

    def blocks(self, samples: int) -> Iterator[Samples]:
        """The room for so long, in blocks of at most a second."""
        for start in range(0, samples, SAMPLE_RATE_HZ):
            length = min(SAMPLE_RATE_HZ, samples - start)
            block = np.zeros(length, dtype=np.float32)
            if self._highest:
                block += (self._random.random_sample(length) * 2 - 1) * self._highest
            block.setflags(write=False)
            yield block


def _bounded(gain_db: float) -> float:
    """A gain as a whole number of hundredths of a dB, at most MAX_GAIN_DB either way."""
    return round(max(-MAX_GAIN_DB, min(MAX_GAIN_DB, gain_db)) * _GAIN_STEPS_PER_DB) / _GAIN_STEPS_PER_DB


def _linear(level_db: float) -> float:
    return float(10 ** (level_db / 20))


def _power(level_dbfs: float | None) -> float:
    """The mean square of a level in dB; None is silence."""
    return _linear(level_dbfs) ** 2 if level_dbfs is not None else 0.0
