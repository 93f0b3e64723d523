"""A document into a job: read, scripted, pronounced, cut into chunks and planned."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Final

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE

from inputs.book import Book
from inputs.choosing import chosen_chapters
from inputs.errors import EmptyDocument
from outputs.companions import Companion
from outputs.plan import ChapterPlan, Mastering, Pauses, Utterance, samples_of
from synth.chunks import Chunk, Line, pack
from synth.speaker import Diction
from tasks.edition import Edition, edition_of
from tasks.failures import RETRIES, RETRY_DELAYS_S, worth_another_try
from tasks.job import ChapterEntry, Job, Order, PlannedChapter
from tasks.progress import Planned, tell
from tasks.pronouncing import Pronouncer
from tasks.scripts import ChapterScript, Skipped, chapter_script
from tasks.speaking import Speaking

USUAL_SPEED: Final = 1.0  # the voice's own pace
SHARD_PHONEMES: Final = 4500  # about five minutes of speech: 20 to 250 tasks for a book


@task(
    task_run_name="read {order.document.name}",
    retries=RETRIES,
    retry_delay_seconds=RETRY_DELAYS_S,
    retry_condition_fn=worth_another_try,
    cache_policy=NO_CACHE,
    persist_result=False,
)
def prepare_book(order: Order, service: Speaking, work: Path) -> Job:
    """Read the document and write its job into a folder below `work`; what is ready is spoken meanwhile."""
    speaker, store = service.speaker, service.store
    edition = edition_of(order.document, order.matter, order.reading, order.ocr)
    edition.check_voices(speaker)
    book = replace(edition.book, kept_at=order.kept_at)
    voice = order.voice or edition.voice or speaker.default_voice(book.language)
    speed = order.speed or edition.speed or USUAL_SPEED
    pronouncer = Pronouncer(speaker, (*order.lexicons, edition.lexicon), book.lexemes, order.standing_lexicon)
    chapters: list[PlannedChapter] = []
    missing: set[str] = set()  # before anything is spoken
    planned = (
        _planned(
            chapter_script(number, chapter, book.language, edition.preferences),
            speaker,
            pronouncer,
            chapter.voice or voice,
            chapter.speed or speed,
            edition.pauses,
            order.preset.mastering,
        )
        for number, chapter in chosen_chapters(book, order.chapters)
    )
    with service.ahead() as speak_ahead:
        for chapter in filter(None, planned):
            chapters.append(chapter)
            missing.update(store.missing(set(chapter.keys) - missing))
            speak_ahead(chapter.chunks)
    if not chapters:
        raise EmptyDocument(
            order.document, "there is nothing to speak in those chapters", "`bindery inspect` shows why"
        )
    shards = list(_shards(chapters))
    job = Job(
        folder=work / _folder_name(order, edition),
        order=order,
        voice=voice,
        speed=speed,
        chapters=_entries(chapters, shards),
        shards=len(shards),
        chunks=sum(len(chapter.chunks) for chapter in chapters),
        chunks_in_store=sum(key not in missing for chapter in chapters for key in chapter.keys),
        warnings=(*_warnings(chapters, edition, speaker), *pronouncer.warnings(), *_left_out(order, book)),
        book_toml=edition.toml.path if edition.toml else None,
    )
    job.write_book(book)
    for chapter in chapters:
        job.write_chapter(chapter)
    for number, shard in enumerate(shards):
        job.write_shard(number, shard)
    log = get_run_logger()
    for warning in job.warnings:
        log.warning("%s: %s", order.document.name, warning)
    log.info(
        "%s: %d chapters, %d chunks, of which %d need to be spoken",
        book.title,
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
    tell(Planned(book.title, len(chapters), sum(lengths.values()), left))
    return job


def _planned(
    script: ChapterScript,
    speaker: Diction,
    pronouncer: Pronouncer,
    voice: str,
    speed: float,
    pauses: Pauses,
    mastering: Mastering,
) -> PlannedChapter | None:
    """Pronounce and pack a chapter; what has no pronunciation is skipped. None: nothing is left."""
    language = speaker.language_of(voice)
    lines: list[Line] = []
    skipped = list(script.skipped)
    for number, (sentence, wanted) in enumerate(zip(script.sentences, script.pronunciations, strict=True)):
        said = pronouncer(sentence, wanted, language)
        where = str(script.places[sentence.passage] or "title")
        skipped += [Skipped("no pronunciation", where, word) for word in said.unknown]
        if said.phonemes:
            lines.append(Line(number, sentence.passage, said, sentence.pause))
    chunks = tuple(pack(lines, voice, speed, language))
    if not chunks:
        return None
    keys = tuple(speaker.key(chunk) for chunk in chunks)
    plan = ChapterPlan(
        tuple(
            Utterance(key, pauses.samples_after(chunk.pause)) for key, chunk in zip(keys, chunks, strict=True)
        ),
        samples_of(pauses.head_s),
        samples_of(pauses.tail_s),
        mastering,
    )
    return PlannedChapter(replace(script, skipped=tuple(skipped)), chunks, keys, plan)


def _shards(chapters: Sequence[PlannedChapter]) -> Iterator[tuple[Chunk, ...]]:
    """The chunks of all chapters in order, in runs of about five minutes; never empty."""
    run: list[Chunk] = []
    phonemes = 0
    for chunk in (chunk for chapter in chapters for chunk in chapter.chunks):
        run.append(chunk)
        phonemes += len(chunk.phonemes)
        if phonemes >= SHARD_PHONEMES:
            yield tuple(run)
            run, phonemes = [], 0
    if run:
        yield tuple(run)


def _entries(
    chapters: Sequence[PlannedChapter], shards: Sequence[tuple[Chunk, ...]]
) -> tuple[ChapterEntry, ...]:
    """Which shards each chapter's chunks are in."""
    homes = [number for number, shard in enumerate(shards) for _ in shard]
    entries = []
    first = 0
    for chapter in chapters:
        last = first + len(chapter.chunks)
        entries.append(
            ChapterEntry(
                chapter.script.number,
                chapter.script.title,
                tuple(sorted(set(homes[first:last]))),
                chapter.voice,
            )
        )
        first = last
    return tuple(entries)


def _warnings(chapters: Sequence[PlannedChapter], edition: Edition, speaker: Diction) -> tuple[str, ...]:
    """What was odd in the document, and what a listener should know of each voice that is heard."""
    voices = dict.fromkeys(chapter.voice for chapter in chapters)
    of_voices = (warning for voice in voices for warning in speaker.warnings(voice, edition.book.language))
    return tuple(dict.fromkeys((*(warning.message for warning in edition.book.warnings), *of_voices)))


def _left_out(order: Order, book: Book) -> Iterator[str]:
    """What was asked for and cannot be made of a document of this kind."""
    if Companion.READALONG in order.companions and book.format != "epub":
        kind = book.format if book.format in ("html", "text") else book.format.upper()
        yield f"no read-along was made: it lights up the pages of an EPUB, and this is {kind}"


def _folder_name(order: Order, edition: Edition) -> str:
    """The same order of the same bytes has the same folder, so that a run that died leaves nothing behind."""
    order_json = json.dumps(asdict(order), default=str, sort_keys=True)
    toml = edition.toml.sha256 if edition.toml else ""
    return hashlib.sha256(f"{edition.book.sha256} {toml} {order_json}".encode()).hexdigest()[:32]
