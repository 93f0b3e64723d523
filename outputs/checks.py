"""Finished chapters and the segments in them into what somebody should listen to."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final

import numpy as np

from outputs.acx import acx_table
from outputs.durations import Said, duration_outliers
from outputs.findings import Finding, beginning
from outputs.finish import INAUDIBLE_LUFS, Part
from outputs.levels import level_db
from outputs.loudness import STEP_S, Floats
from outputs.master import Measurement
from outputs.plan import Cue, Mastering
from outputs.store import SegmentFacts
from synth.audio import SAMPLE_RATE_HZ, Samples
from synth.chunks import Chunk

REDUCTION_DB: Final = 6.0  # more than this off a peak can be heard
CODEC_TOLERANCE_LU: Final = 0.5  # the most that is promised of any file, once it is decoded
LOUDNESS_TOLERANCE_LU: Final = 0.3  # what listeners do not hear from chapter to chapter
UNLIKE_LU: Final = 4.0  # how far a segment may be from its chapter
LONG_ENOUGH_S: Final = 1.0  # for a loudness of its own: one word is as loud as its vowel
DEAD_DBFS: Final = -60.0
GAP_S: Final = 1.5  # of silence inside a segment; its pauses between sentences are shorter
GAP_DB: Final = -40.0  # below the segment's loudest 100 ms
CLIP_DBFS: Final = -0.5  # a clipped segment reaches full scale, and stays there
CLIP_SAMPLES: Final = 4  # in a row; a sound that is not clipped never has so many of one value at its top
CUT_DB: Final = -16.0  # of a segment's last 10 ms against all of it: espeak-ng's own ends are below -20
CUT_SAMPLES: Final = 10 * SAMPLE_RATE_HZ // 1000


def check_chapter(
    number: int, parts: Sequence[Part], mastering: Mastering, *, acx: bool
) -> Iterator[Finding]:
    """What is odd of a chapter as a whole. acx: it is made for ACX, and misses of its table count."""
    first = parts[0].measurement
    target_lufs = mastering.target_lufs
    if target_lufs is not None and abs(first.lufs - target_lufs) > LOUDNESS_TOLERANCE_LU:
        yield Finding(
            "loudness",
            number,
            f"it has {first.lufs:.1f} LUFS instead of {target_lufs:.1f}: raising it further would only have "
            "flattened it",
        )
    for part in parts:
        off_lu = part.lufs - first.lufs
        if abs(off_lu) > CODEC_TOLERANCE_LU and max(part.lufs, first.lufs) > INAUDIBLE_LUFS:
            yield Finding(
                "loudness",
                number,
                f"as {part.codec} it has {part.lufs:.1f} LUFS instead of {first.lufs:.1f}: "
                f"{'its peaks had to be kept down' if off_lu < 0 else 'the encoder adds to this sound'}",
            )
    if first.reduction_db > REDUCTION_DB:
        yield Finding(
            "limiter", number, f"the limiter takes {first.reduction_db:.1f} dB off its highest peak"
        )
    if acx:
        for part in parts:
            for one in acx_table(part):
                if not one.is_met:
                    yield Finding(
                        "acx", number, f"{part.codec}: ACX wants {one.name} {one.wanted}; it has {one.found}"
                    )


def check_segments(
    number: int,
    part: Part,
    chunks: Sequence[Chunk],
    facts: Mapping[str, SegmentFacts],
    read: Callable[[str], Samples],
) -> Iterator[Finding]:
    """What is odd of each segment of a chapter by itself.

    chunks: one per cue of the part. read: the samples of a segment, untrimmed; only for those few that could
    be clipped or cut off.
    """
    for cue, chunk in zip(part.cues, chunks, strict=True):
        known = facts[cue.key]
        # what is spoken among neighbours is cut out of them, and may begin and end loud
        may_be_cut = known.trim_end_sample == known.samples and not (chunk.before or chunk.after)
        odd = list(_odd_by_facts(known, part.measurement))
        if not odd and (may_be_cut or level_db(known.peak) > CLIP_DBFS):
            odd = list(_odd_by_samples(read(cue.key), cue.skipped_samples, may_be_cut=may_be_cut))
        for code, message, at_s in odd:
            yield Finding(
                code, number, message, cue.start_sample / SAMPLE_RATE_HZ + at_s, beginning(chunk.text)
            )


_Odd = tuple[str, str, float]  # code, message, seconds from the beginning of what is heard


def _odd_by_facts(facts: SegmentFacts, chapter: Measurement) -> Iterator[_Odd]:
    if facts.lufs == -math.inf or level_db(facts.peak) < DEAD_DBFS:
        yield "silent", "nothing is heard of it", 0.0
        return
    start, length = _longest_gap(np.array(facts.energies))
    if length * STEP_S > GAP_S:
        yield "gap", f"{length * STEP_S:.1f} s of silence inside", start * STEP_S
    heard_s = (facts.trim_end_sample - facts.trim_start_sample) / SAMPLE_RATE_HZ
    apart_lu = facts.lufs + chapter.gain_db - chapter.lufs
    if heard_s >= LONG_ENOUGH_S and abs(apart_lu) > UNLIKE_LU:
        louder = "louder" if apart_lu > 0 else "quieter"
        yield "level", f"{abs(apart_lu):.1f} LU {louder} than its chapter", 0.0


def _odd_by_samples(samples: Samples, skipped_samples: int, *, may_be_cut: bool) -> Iterator[_Odd]:
    """samples: (n,), untrimmed; the first `skipped_samples` are not heard."""
    start, length = _longest_flat(samples)
    if length >= CLIP_SAMPLES and level_db(float(np.abs(samples[start]))) > CLIP_DBFS:
        at_s = max(0, start - skipped_samples) / SAMPLE_RATE_HZ
        yield "clipping", f"{length} samples in a row are at its limit", at_s
    if may_be_cut and _end_db(samples) > CUT_DB:
        yield "cut", "it ends in the middle of a sound", (len(samples) - skipped_samples) / SAMPLE_RATE_HZ


def check_durations(chapters: Iterable[tuple[int, Sequence[Cue], Sequence[Chunk]]]) -> Iterator[Finding]:
    """Segments of a whole book that took another time than their text should take, in order.

    chapters: number, cues, and the chunk of each cue. Voices and speeds are judged apart.
    """
    spoken: dict[tuple[str, float], list[tuple[Said, int, Cue]]] = defaultdict(list)
    for number, cues, chunks in chapters:
        for cue, chunk in zip(cues, chunks, strict=True):
            seconds = (cue.end_sample - cue.start_sample) / SAMPLE_RATE_HZ
            said = Said(chunk.text, chunk.phonemes, seconds)
            spoken[chunk.voice, chunk.speed].append((said, number, cue))
    findings = []
    for group in spoken.values():
        for outlier in duration_outliers([said for said, _, _ in group]):
            said, number, cue = group[outlier.index]
            findings.append(
                Finding(
                    "duration",
                    number,
                    f"it takes {said.seconds:.1f} s, {outlier.times:.1f} times what such a text takes",
                    cue.start_sample / SAMPLE_RATE_HZ,
                    beginning(said.text),
                )
            )
    yield from sorted(findings, key=lambda one: (one.chapter, one.at_s or 0.0))


def _longest_gap(energies: Floats) -> tuple[int, int]:
    """The longest run of silent steps between louder ones: its start and length, in steps of 100 ms."""
    loud = np.flatnonzero(energies > energies.max(initial=0.0) * 10 ** (GAP_DB / 10))
    if len(loud) < 2:
        return 0, 0
    gaps = np.diff(loud) - 1
    longest = int(gaps.argmax())
    return int(loud[longest]) + 1, int(gaps[longest])


def _longest_flat(samples: Samples) -> tuple[int, int]:
    """Where the longest run of samples at the very top or bottom of all begins, and its length."""
    at_limit = (samples == samples.max()) | (samples == samples.min())
    edges = np.flatnonzero(np.diff(np.concatenate(([False], at_limit, [False])).astype(np.int8)))
    starts, lengths = edges[::2], edges[1::2] - edges[::2]
    longest = int(lengths.argmax())
    return int(starts[longest]), int(lengths[longest])


def _end_db(samples: Samples) -> float:
    """The level of the last 10 ms against that of all."""
    end, whole = (
        float(np.square(part, dtype=np.float64).mean()) for part in (samples[-CUT_SAMPLES:], samples)
    )
    return level_db(math.sqrt(end / whole)) if whole else 0.0
