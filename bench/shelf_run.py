"""One shelf of documents into books, by the flows or by the same calls made directly, and what that took.

`bench.pipeline` starts this in a process of its own for each measurement.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed, wait
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from prefect.logging import disable_run_logger

from bench.memory import held_bytes, peak_bytes
from bench.stand_ins import Card, stand_in
from flows.documents import narrate_each
from flows.embedded import embedded_prefect
from flows.lanes import Lanes, make_way
from flows.narrate import THREADS, NarrationOptions, order_of
from flows.report import Narrated, narrated
from flows.settings import Settings
from outputs.ffmpeg import Ffmpeg, find_ffmpeg
from outputs.manifest import Track
from tasks.bind import bind_book
from tasks.checking import compared
from tasks.finish import finish_track
from tasks.job import Job
from tasks.prepare import prepare_book
from tasks.speak import speak_shard
from tasks.speaking import Speaking
from tasks.upkeep import keep_within

DIRECTLY: Final = "directly"
BY_FLOWS: Final = "by flows"


@dataclass(frozen=True, slots=True)
class Took:
    """What a shelf took; seconds by the clock unless it says otherwise."""

    documents: int
    tasks: int | None  # known where they are called directly
    start_s: float  # until Prefect could be reported to
    run_s: float  # from the first document to the last book
    end_s: float  # until Prefect had recorded it all
    cpu_s: float  # of this process
    busy_s: float  # that the card worked
    speaking_s: float  # from its first batch to its last
    audio_s: float
    chunks: int
    peak_bytes: int
    held_bytes: tuple[tuple[int, int], ...]  # documents that were done; bytes that the process held then


def main() -> None:
    """Make the books; what they took goes to standard output as JSON."""
    options = _options()
    card = Card(options.rate, sounding=options.whole) if not options.draft else None
    documents = [str(path) for path in sorted(options.shelf.iterdir())]
    tasks: list[int] = []
    held: list[tuple[int, int]] = []
    with stand_in(card, for_cores=not options.whole) if card else nullcontext():
        chosen = NarrationOptions(engine="draft" if options.draft else "kokoro")
        started_s = time.perf_counter()
        with disable_run_logger() if options.how == DIRECTLY else embedded_prefect():
            ready_s = time.perf_counter()
            if options.how == DIRECTLY:
                books = _each_directly(documents, chosen, tasks)
            else:
                books = _each_by_flows(documents, chosen)
            for done, _ in enumerate(books, start=1):
                held.append((done, held_bytes()))
            done_s = time.perf_counter()
        ended_s = time.perf_counter()
    usage = resource.getrusage(resource.RUSAGE_SELF)
    took = Took(
        documents=len(documents),
        tasks=sum(tasks) or None,
        start_s=ready_s - started_s,
        run_s=done_s - ready_s,
        end_s=ended_s - done_s,
        cpu_s=usage.ru_utime + usage.ru_stime,
        busy_s=card.busy_s if card else 0.0,
        speaking_s=card.until_s - (card.from_s or 0.0) if card else 0.0,
        audio_s=card.audio_s if card else 0.0,
        chunks=card.chunks if card else 0,
        peak_bytes=peak_bytes(),
        held_bytes=tuple(held),
    )
    print(json.dumps(asdict(took)))


def _each_by_flows(documents: Sequence[str], options: NarrationOptions) -> Iterator[Narrated]:
    """As `bindery convert` does it."""
    for outcome in narrate_each(documents, options):
        assert outcome.narrated is not None, outcome.failure
        yield outcome.narrated


def _each_directly(
    documents: Sequence[str], options: NarrationOptions, tasks: list[int]
) -> Iterator[Narrated]:
    """The functions of the same tasks, on as many threads, with nothing between them and their caller."""
    with Lanes() as lanes:
        for book in as_completed([lanes.submit(_directly, name, options, tasks) for name in documents]):
            yield book.result()


def _directly(document: str, options: NarrationOptions, tasks: list[int]) -> Narrated:
    """`flows.narrate.narrate` without Prefect."""
    started_s = time.monotonic()
    settings = Settings.read()
    order = order_of(document, options, settings)
    ffmpeg = find_ffmpeg(settings.ffmpeg)
    service = options.service(settings)
    job = prepare_book.fn(order, service, settings.work)
    tracks = compared(job, _finished(job, service, settings, ffmpeg))
    published = bind_book.fn(job, tracks, service.speaker, ffmpeg)
    keep_within(settings.store_limit_bytes, service.store, settings.parts, settings.work)
    tasks.append(1 + job.shards + len(job.chapters) + 1)
    return narrated(job, tracks, published, time.monotonic() - started_s)


def _finished(job: Job, service: Speaking, settings: Settings, ffmpeg: Ffmpeg) -> list[Track]:
    spoken: dict[int, Future[float]] = {}

    def finish(number: int, shards: Sequence[Future[float]]) -> Track:
        wait(shards)
        return finish_track.fn(job, number, service, settings.parts, ffmpeg)

    with ThreadPoolExecutor(THREADS) as pool:
        finished = []
        for chapter in job.chapters:
            for shard in chapter.shards:
                if shard not in spoken:
                    spoken[shard] = pool.submit(speak_shard.fn, job, shard, service)
            finished.append(pool.submit(finish, chapter.number, [spoken[one] for one in chapter.shards]))
        for part in spoken.values():
            part.result()
        make_way()
        return [one.result() for one in finished]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("how", choices=(DIRECTLY, BY_FLOWS))
    parser.add_argument("shelf", type=Path, help="a folder of documents")
    parser.add_argument("--rate", type=float, help="of the card, × real time; none: it costs nothing")
    parser.add_argument("--whole", action="store_true", help="store, master, encode and bind, too")
    parser.add_argument("--draft", action="store_true", help="the draft voice speaks, and all is done")
    return parser.parse_args()


if __name__ == "__main__":
    main()
