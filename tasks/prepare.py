"""A document into a job: read, scripted, pronounced, cut into chunks and planned."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE

from tasks.failures import READ_LIMIT_S, RETRIES, RETRY_DELAYS_S, worth_another_try
from tasks.job import Job, Order, PlannedChapter
from tasks.planning import Planning, shards_of
from tasks.progress import Planned, tell
from tasks.speaking import Speaking


@task(
    task_run_name="read {order.document.name}",
    timeout_seconds=READ_LIMIT_S,
    retries=RETRIES,
    retry_delay_seconds=RETRY_DELAYS_S,
    retry_condition_fn=worth_another_try,
    cache_policy=NO_CACHE,
    persist_result=False,
)
def prepare_book(order: Order, service: Speaking, work: Path, priority: int = 0) -> Job:
    """Read the document and write its job into a folder below `work`; what is ready is spoken meanwhile.

    priority: of its chunks among those of other documents; the lowest number goes first.
    """
    planning, store = Planning(order, service.speaker), service.store
    chapters: list[PlannedChapter] = []
    missing: set[str] = set()  # before anything is spoken
    with service.ahead(priority) as speak_ahead:
        for chapter in planning.chapters():
            chapters.append(chapter)
            missing.update(store.missing(set(chapter.keys) - missing))
            speak_ahead(chapter.chunks)
    job = replace(planning.job(chapters, work, frozenset(missing)), priority=priority)
    job.write_book(planning.book)
    for chapter in chapters:
        job.write_chapter(chapter)
    for number, shard in enumerate(shards_of(chapters)):
        job.write_shard(number, shard)
    log = get_run_logger()
    for warning in job.warnings:
        log.warning("%s: %s", order.document.name, warning)
    log.info(
        "%s: %d chapters, %d chunks, of which %d need to be spoken",
        planning.book.title,
        len(chapters),
        job.chunks,
        len(missing),
    )
    lengths = {
        key: len(chunk.phonemes)
        for chapter in chapters
        for chunk, key in zip(chapter.chunks, chapter.keys, strict=True)
    }
    left = sum(lengths[key] for key in store.missing(lengths))  # less what was spoken meanwhile
    tell(Planned(planning.book.title, len(chapters), sum(lengths.values()), left))
    return job
