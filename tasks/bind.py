"""A book's finished chapters into its place in the library."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from importlib.metadata import version

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE

from inputs.book import Book
from outputs.ffmpeg import Ffmpeg
from outputs.manifest import Narration, Track
from outputs.publish import Published, publish
from outputs.remarks import Remark, remarks_on
from outputs.report import Account, Unheard
from synth.speaker import Diction
from tasks.failures import BIND_LIMIT_S, RETRIES, RETRY_DELAYS_S, worth_another_try
from tasks.job import Job, Order
from tasks.kept_plans import keep_plans
from tasks.scripts import book_skipped


@task(
    task_run_name="bind {job.order.document.name}",
    timeout_seconds=BIND_LIMIT_S,
    retries=RETRIES,
    retry_delay_seconds=RETRY_DELAYS_S,
    retry_condition_fn=worth_another_try,
    cache_policy=NO_CACHE,
    persist_result=False,
)
def bind_book(job: Job, tracks: Sequence[Track], speaker: Diction, ffmpeg: Ffmpeg) -> tuple[Published, ...]:
    """Publish the book in each format, then clear its work folder away."""
    book = job.book()
    keep_plans(job, tracks, book.sha256)
    published = publish(
        book,
        narration_of(job, book, speaker),
        tracks,
        job.order.wanted,
        job.order.library,
        ffmpeg,
        label_of(job.order, speaker),
        job.order.companions,
        account=_account(job, book, tracks),
        in_volumes=job.order.volumes,
    )
    for one in published:
        get_run_logger().info("%s is in %s", one.format, one.folder)
    shutil.rmtree(job.folder, ignore_errors=True)
    return published


def narration_of(job: Job, book: Book, speaker: Diction) -> Narration:
    """How a job's book is spoken, as its tags and manifests say it."""
    return Narration(
        engine=speaker.narrator,
        voice=job.voice,
        speed=job.speed,
        tool=f"audiobindery {version('audiobindery')}",
        settings={
            "engine": speaker.engine,
            "preset": job.order.preset,
            "chapters": job.order.chapters,
            "book_toml": job.book_toml.name if job.book_toml else None,
            "options": job.order.options,
        },
        voices=job.voices,
        name=book.narrator if speaker.engine != "draft" else None,  # a draft is never another's work
    )


def _account(job: Job, book: Book, tracks: Sequence[Track]) -> Account:
    """What the report says besides: where the book came from, what was odd, what is not heard."""
    chapters = (job.chapter(track.number).script for track in tracks)
    skipped = (*book_skipped(book), *(one for chapter in chapters for one in chapter.skipped))
    return Account(
        job.order.document.name,
        (*(Remark(warning) for warning in job.warnings), *remarks_on(tracks)),
        tuple(Unheard(one.reason, one.where, one.text) for one in skipped),
    )


def label_of(order: Order, speaker: Diction) -> str | None:
    """What sets this narration apart from the whole book in the best voice, which it must never replace."""
    marks = []
    if speaker.engine == "draft":
        marks.append("draft voice")
    if order.chapters is not None:
        marks.append(f"chapters {order.chapters}")
    return ", ".join(marks) or None
