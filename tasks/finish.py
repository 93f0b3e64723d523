"""A spoken chapter into its finished parts: mastered, encoded, decoded again and measured."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE

from outputs.encode import formats_named
from outputs.errors import SegmentDamaged, SegmentMissing
from outputs.ffmpeg import Ffmpeg
from outputs.finish import Part, finish_chapter
from outputs.manifest import Track
from outputs.timeline import chapter_timeline
from synth.audio import SAMPLE_RATE_HZ
from tasks.failures import RETRIES, RETRY_DELAYS_S, worth_another_try
from tasks.job import Job, PlannedChapter
from tasks.progress import ChapterFinished, tell
from tasks.speak import tell_spoken
from tasks.speaking import SpeakingService


@task(
    task_run_name="finish chapter {number}",
    retries=RETRIES,
    retry_delay_seconds=RETRY_DELAYS_S,
    retry_condition_fn=worth_another_try,
    cache_policy=NO_CACHE,
    persist_result=False,
)
def finish_track(job: Job, number: int, service: SpeakingService, parts: Path, ffmpeg: Ffmpeg) -> Track:
    """Make a chapter's parts in every codec that the wanted formats need."""
    job.show_life()
    chapter = job.chapter(number)
    finished = _parts(job, chapter, service, parts, ffmpeg)
    timeline = chapter_timeline(
        finished[0].cues,
        chapter.chunks,
        {key: service.store.facts(key).words for key in chapter.keys},
        chapter.script.sentences,
        chapter.script.written,
        chapter.script.places,
    )
    track = Track(
        number,
        chapter.script.title,
        chapter.script.parents,
        chapter.plan,
        finished,
        chapter.voice,
        chapter.speed,
        timeline,
    )
    get_run_logger().info(
        "chapter %d %r: %.0f s, %.1f LUFS",
        number,
        track.title,
        finished[0].samples / SAMPLE_RATE_HZ,
        finished[0].lufs,
    )
    tell(ChapterFinished(number, track.title, finished[0].samples / SAMPLE_RATE_HZ))
    return track


def _parts(
    job: Job, chapter: PlannedChapter, service: SpeakingService, parts: Path, ffmpeg: Ffmpeg
) -> tuple[Part, ...]:
    """A damaged segment shows only when it is read: where one does, all are read, and spoken again."""
    codecs = [wanted.codec for wanted in formats_named(job.order.formats)]
    try:
        return finish_chapter(chapter.plan, codecs, service.store, parts, ffmpeg)
    except (SegmentDamaged, SegmentMissing) as error:
        get_run_logger().warning("%s; speaking it again", error.message)
    for key in chapter.keys:
        with suppress(SegmentDamaged, SegmentMissing):
            service.store.read(key)  # which lets go of a damaged one
    service.speak(chapter.chunks, tell_spoken)
    return finish_chapter(chapter.plan, codecs, service.store, parts, ffmpeg)
