"""A spoken chapter into its finished parts: mastered, encoded, decoded again and measured."""

from __future__ import annotations

import atexit
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from time import monotonic
from typing import Final

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE

from outputs.checks import check_chapter, check_segments
from outputs.errors import SegmentDamaged, SegmentMissing
from outputs.ffmpeg import Ffmpeg
from outputs.findings import Finding
from outputs.finish import Part, finish_chapter
from outputs.finishers import Finishers
from outputs.foresight import parts_are_there
from outputs.manifest import Track
from outputs.presets import Preset
from outputs.store import SegmentFacts
from outputs.timeline import chapter_timeline
from outputs.verify import verify_chapter
from outputs.waveform import waveform
from synth.audio import SAMPLE_RATE_HZ, Samples
from tasks.failures import FINISH_LIMIT_S, RETRIES, RETRY_DELAYS_S, worth_another_try
from tasks.job import Job, PlannedChapter
from tasks.progress import ChapterFinished, tell
from tasks.speak import tell_spoken
from tasks.speaking import Speaking

HEALINGS: Final = 2  # how often a chapter's damaged segments are spoken again before it fails


@task(
    task_run_name="finish chapter {number}",
    timeout_seconds=FINISH_LIMIT_S,
    retries=RETRIES,
    retry_delay_seconds=RETRY_DELAYS_S,
    retry_condition_fn=worth_another_try,
    cache_policy=NO_CACHE,
    persist_result=False,
)
def finish_track(job: Job, number: int, service: Speaking, parts: Path, ffmpeg: Ffmpeg) -> Track:
    """Make a chapter's parts in every codec that the wanted formats need."""
    job.show_life()
    job.check_room()
    chapter = job.chapter(number)
    finished = _finished(job, chapter, service, parts, ffmpeg)
    first = finished.parts[0]
    timeline = chapter_timeline(
        first.cues,
        chapter.chunks,
        {key: facts.words for key, facts in finished.facts.items()},
        chapter.script.sentences,
        chapter.script.written,
        chapter.script.places,
    )
    track = Track(
        number,
        chapter.script.title,
        chapter.script.parents,
        chapter.plan,
        finished.parts,
        chapter.voice,
        chapter.speed,
        timeline,
        waveform(first.cues, finished.facts, first.samples, first.measurement.gain_db),
        finished.spoken_again,
        finished.findings,
        finished.took_s,
    )
    get_run_logger().info(
        "chapter %d %r: %.0f s, %.1f LUFS",
        number,
        track.title,
        first.samples / SAMPLE_RATE_HZ,
        first.lufs,
    )
    tell(ChapterFinished(number, track.title, first.samples / SAMPLE_RATE_HZ))
    return track


def _findings(
    job: Job,
    chapter: PlannedChapter,
    finished: tuple[Part, ...],
    facts: Mapping[str, SegmentFacts],
    service: Speaking,
    parts: Path,
) -> Iterator[Finding]:
    def read(key: str) -> Samples:
        return service.store.read(key).samples

    number = chapter.script.number
    preset = job.order.preset
    yield from check_chapter(number, finished, preset.mastering, acx=preset is Preset.ACX)
    yield from check_segments(number, finished[0], chapter.chunks, facts, read)
    if job.order.verify:
        yield from verify_chapter(number, finished[0].cues, chapter.chunks, read, parts)


@dataclass(frozen=True, slots=True)
class _Finished:
    """A chapter's parts, what is known of its segments, and how many of those were spoken again."""

    parts: tuple[Part, ...]
    facts: Mapping[str, SegmentFacts]
    findings: tuple[Finding, ...]
    spoken_again: int
    took_s: float  # 0.0: the parts were there


def _finished(job: Job, chapter: PlannedChapter, service: Speaking, parts: Path, ffmpeg: Ffmpeg) -> _Finished:
    """Finish a chapter; segments that turn out to be damaged or gone meanwhile are spoken again.

    Raises:
        SegmentDamaged: they keep being damaged: the disk is failing.
        SegmentMissing: they keep being removed.
    """
    codecs = [wanted.codec for wanted in job.order.wanted]
    codecs += job.order.companions.codecs_beside(job.order.wanted)
    spoken_again = 0
    there = parts_are_there(chapter.plan, codecs, parts, ffmpeg)
    started_s = monotonic()
    for healings_left in range(HEALINGS, -1, -1):
        try:
            finish = finish_chapter if there else _finishers().finish  # what is there is only looked at
            finished = finish(chapter.plan, codecs, service.store, parts, ffmpeg)
            facts = {key: service.store.facts(key) for key in chapter.keys}
            # these read segments that an encoded chapter from an earlier run was not read for
            findings = tuple(_findings(job, chapter, finished, facts, service, parts))
            break
        except (SegmentDamaged, SegmentMissing) as error:
            if not healings_left:
                raise
            get_run_logger().warning("%s; speaking it again", error.message)
            spoken_again += _heal(chapter, service, job.priority)
    return _Finished(finished, facts, findings, spoken_again, 0.0 if there else monotonic() - started_s)


@cache
def _finishers() -> Finishers:
    """Those of this process, for all documents that it narrates."""
    finishers = Finishers()
    atexit.register(finishers.close)
    return finishers


def _heal(chapter: PlannedChapter, service: Speaking, priority: int) -> int:
    """Speak again what is not whole, and return how many; damage shows only when a segment is read."""
    for key in chapter.keys:
        with suppress(SegmentDamaged, SegmentMissing):
            service.store.read(key)  # which lets go of a damaged one
    gone = len(service.store.missing(chapter.keys))
    service.speak(chapter.chunks, tell_spoken, priority)
    return gone
