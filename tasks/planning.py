"""An order into the plan of a book: read, scripted, pronounced, cut into chunks; nothing is spoken."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Final

from inputs.book import Book
from inputs.choosing import chosen_chapters
from inputs.errors import EmptyDocument
from outputs.companions import Companion
from outputs.errors import CannotRerun
from outputs.plan import ChapterPlan, Mastering, Pauses, Utterance, samples_of
from outputs.verify import is_verifiable
from synth.chunks import Chunk, Line, pack
from synth.speaker import Diction
from tasks.edition import Edition, edition_of
from tasks.job import ChapterEntry, Job, Order, PlannedChapter
from tasks.kept_plans import kept_plan
from tasks.pronouncing import Pronouncer
from tasks.scripts import ChapterScript, Skipped, chapter_script

USUAL_SPEED: Final = 1.0  # the voice's own pace
SHARD_PHONEMES: Final = 4500  # about five minutes of speech: 20 to 250 tasks for a book


class Planning:
    """An order whose document is read; its chapters are planned one by one, as they are asked for."""

    def __init__(self, order: Order, speaker: Diction) -> None:
        """Read the document.

        Raises:
            DocumentError: the document or its book.toml cannot be read or followed.
            SpeechError: something is wanted that does not exist.
        """
        self._order = order
        self._speaker = speaker
        self._edition = edition = edition_of(order.document, order.matter, order.reading, order.ocr)
        edition.check_voices(speaker)
        self.book: Final = replace(edition.book, kept_at=order.kept_at)
        self._voice = order.voice or edition.voice or speaker.default_voice(self.book.language)
        self._speed = order.speed or edition.speed or USUAL_SPEED
        self._stay: list[int] = []  # that would have changed
        self._pronouncer = Pronouncer(
            speaker, (*order.lexicons, edition.lexicon), self.book.lexemes, order.standing_lexicon
        )

    def chapters(self) -> Iterator[PlannedChapter]:
        """Those that were ordered and have something to say.

        Raises:
            NoSuchChapter: one was ordered that is not there.
            SpeechError: a sentence cannot be pronounced.
        """
        chosen = chosen_chapters(self.book, self._order.chapters)
        for number, chapter in chosen:
            planned = _planned(
                chapter_script(number, chapter, self.book.language, self._edition.preferences),
                self._speaker,
                self._pronouncer,
                chapter.voice or self._voice,
                chapter.speed or self._speed,
                self._edition.pauses,
                self._order.preset.mastering,
            )
            if self._order.staying:
                planned = self._as_it_was(number, planned)
            if planned is not None:
                yield planned
        gone = self._order.staying.keys() - {number for number, _ in chosen}
        if gone:
            raise CannotRerun(
                f"{self._order.document.name} no longer has a chapter {min(gone)}", _WITHOUT_CHAPTERS
            )

    def _as_it_was(self, number: int, planned: PlannedChapter | None) -> PlannedChapter | None:
        """A chapter of a book that was published, if it has to stay as it was; else as it is planned now."""
        staying = self._order.staying.get(number)
        if staying is None:
            if number in self._order.changing:
                return planned
            raise CannotRerun(
                f"{self._order.document.name} has a chapter {number} now that it had not: all that follow are"
                " others",
                _WITHOUT_CHAPTERS,
            )
        kept = kept_plan(staying.kept)
        if planned is not None and planned.plan.digest == staying.plan:
            return kept or planned
        self._stay.append(number)
        if kept is None:
            raise CannotRerun(
                f"chapter {number} would change too, and what it was made from is no longer kept",
                _WITHOUT_CHAPTERS,
            )
        if any(self._speaker.key(chunk) != key for chunk, key in zip(kept.chunks, kept.keys, strict=True)):
            raise CannotRerun(
                f"chapter {number} was spoken by another engine, with other weights or in another precision",
                _WITHOUT_CHAPTERS,
            )
        return kept

    def _staying(self) -> Iterator[str]:
        if self._stay:
            them = ", ".join(map(str, self._stay))
            if len(self._stay) == 1:
                yield f"chapter {them} would change too, and stays as it is"
            else:
                yield f"chapters {them} would change too, and stay as they are"

    def job(self, chapters: Sequence[PlannedChapter], work: Path, missing: frozenset[str]) -> Job:
        """The job that all these chapters are, in a folder below `work`; nothing is written yet.

        missing: the keys of the chunks that have to be spoken.

        Raises:
            EmptyDocument: there are none.
        """
        order, edition = self._order, self._edition
        if not chapters:
            raise EmptyDocument(
                order.document, "there is nothing to speak in those chapters", "`bindery inspect` shows why"
            )
        shards = shards_of(chapters)
        return Job(
            folder=work / _folder_name(order, edition),
            order=order,
            voice=self._voice,
            speed=self._speed,
            chapters=_entries(chapters, shards),
            shards=len(shards),
            chunks=sum(len(chapter.chunks) for chapter in chapters),
            chunks_in_store=sum(key not in missing for chapter in chapters for key in chapter.keys),
            warnings=(
                *_warnings(chapters, edition, self._speaker),
                *self._pronouncer.warnings(),
                *_left_out(order, self.book),
                *_unverified(order, chapters),
                *self._staying(),
            ),
            book_toml=edition.toml.path if edition.toml else None,
        )


_WITHOUT_CHAPTERS: Final = "Run again without --chapters; `bindery changes` shows what that does"


def shards_of(chapters: Sequence[PlannedChapter]) -> tuple[tuple[Chunk, ...], ...]:
    """The chunks of all chapters in order, in runs of about five minutes; never empty."""
    return tuple(_shards(chapters))


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


def _unverified(order: Order, chapters: Sequence[PlannedChapter]) -> Iterator[str]:
    """The languages that the listening check was asked for and does not know."""
    spoken = dict.fromkeys(chapter.chunks[0].language for chapter in chapters)
    foreign = [language for language in spoken if not is_verifiable(language)]
    if order.verify and foreign:
        yield f"what is spoken in {', '.join(foreign)} was not listened to: --verify knows English alone"


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
