"""An order into what carrying it out would change: what is spoken, mastered, bound and tagged again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from outputs.errors import NoSuchBook
from outputs.ffmpeg import Ffmpeg
from outputs.finished import FinishedBook, finished_book
from outputs.foresight import ForeseenFolder, PlannedTrack, foresee, parts_are_there
from outputs.manifest import short_key
from outputs.store import SegmentStore
from synth.chunks import Chunk
from synth.speaker import Diction
from tasks.bind import label_of, narration_of
from tasks.job import Order, PlannedChapter
from tasks.planning import SHARD_PHONEMES, Planning

_USUAL_S_PER_PHONEME: Final = 300 / SHARD_PHONEMES  # at speed 1, pauses included


@dataclass(frozen=True, slots=True)
class ChangedChapter:
    """What becomes of one chapter; seconds are of audio, and estimated.

    sentences: those that will be heard otherwise than before, in the order of the chapter.
    """

    number: int
    title: str
    audio_s: float
    sentences: tuple[str, ...]
    keys: tuple[str, ...]  # of the chunks that have to be spoken, each once in a book
    spoken_s: float  # of those
    lost_s: float  # of those again, what sounds as before but is no longer kept
    sounds_otherwise: bool
    to_master: bool  # and to encode
    files: tuple[str, ...]  # its own files that are written anew, below the library

    @property
    def stays(self) -> bool:
        """Whether nothing is done for it at all."""
        return not (self.keys or self.sounds_otherwise or self.to_master or self.files)


@dataclass(frozen=True, slots=True)
class Changes:
    """What an order would change."""

    title: str
    folders: tuple[Path, ...]  # of the book, one for each format
    is_new: bool  # nothing was made of the document yet in any of the formats
    chapters: tuple[ChangedChapter, ...]
    bound: tuple[str, ...]  # files of the whole book that are written anew, below the library
    removed: tuple[str, ...]  # audio files that go, below the library
    warnings: tuple[str, ...]

    @property
    def keys(self) -> frozenset[str]:
        """The segments that have to be spoken."""
        return frozenset(key for chapter in self.chapters for key in chapter.keys)

    @property
    def files(self) -> frozenset[str]:
        """The audio files that are written anew, below the library."""
        return frozenset((*self.bound, *(name for chapter in self.chapters for name in chapter.files)))

    @property
    def spoken_s(self) -> float:
        """Seconds of audio that have to be spoken."""
        return sum(chapter.spoken_s for chapter in self.chapters)

    @property
    def audio_s(self) -> float:
        """Seconds of audio of the whole book."""
        return sum(chapter.audio_s for chapter in self.chapters)

    @property
    def mastered_s(self) -> float:
        """Seconds of audio that have to be mastered and encoded."""
        return sum(chapter.audio_s for chapter in self.chapters if chapter.to_master)


def changes_of(order: Order, speaker: Diction, store: SegmentStore, parts: Path, ffmpeg: Ffmpeg) -> Changes:
    """Plan an order and compare it with what is there; nothing is spoken or written.

    parts: the folder of encoded chapters.

    Raises:
        DocumentError: the document or its book.toml cannot be read or followed.
        SpeechError: something is wanted that does not exist.
        CannotRerun: a chapter is to stay as it was, and cannot.
        OutputError: the store cannot be read.
    """
    planning = Planning(order, speaker)
    chapters = tuple(planning.chapters())
    missing = frozenset(store.lacking(key for chapter in chapters for key in chapter.keys))
    job = planning.job(chapters, parts, missing)
    foreseen = foresee(
        planning.book,
        narration_of(job, planning.book, speaker),
        [PlannedTrack(one.script.number, one.script.title, one.script.parents, one.plan) for one in chapters],
        order.wanted,
        order.library,
        ffmpeg,
        label_of(order, speaker),
        in_volumes=order.volumes,
    )
    before = {one.format: book for one in foreseen if (book := _book_at(one.folder)) is not None}
    compare = _Comparison(order, tuple(before.values()), foreseen, chapters, missing)
    codecs = [wanted.codec for wanted in order.wanted]
    codecs += order.companions.codecs_beside(order.wanted)
    return Changes(
        title=planning.book.title,
        folders=tuple(one.folder for one in foreseen),
        is_new=not before,
        chapters=tuple(
            compare.chapter(place, to_master=not parts_are_there(one.plan, codecs, parts, ffmpeg))
            for place, one in enumerate(chapters)
        ),
        bound=tuple(compare.bound()),
        removed=tuple(compare.removed()),
        warnings=job.warnings,
    )


class _Comparison:
    """A book as it was published and as it is planned."""

    def __init__(
        self,
        order: Order,
        before: Sequence[FinishedBook],
        foreseen: Sequence[ForeseenFolder],
        chapters: Sequence[PlannedChapter],
        missing: AbstractSet[str],
    ) -> None:
        self._library = order.library.absolute()
        self._whole_book = {wanted.name for wanted in order.wanted if wanted.whole_book}
        self._before = {book.format: book for book in before}
        self._foreseen = foreseen
        self._chapters = chapters
        self._missing = missing
        self._known = frozenset(key for book in before for one in book.chapters for key in one.chunks)
        self._audio_s = {one.plan: one.audio_s for book in before for one in book.chapters}
        self._s_per_phoneme = self._pace()
        self._first = {  # where a segment is heard that several chapters share
            key: place for place in reversed(range(len(chapters))) for key in chapters[place].keys
        }

    def chapter(self, place: int, *, to_master: bool) -> ChangedChapter:
        """What becomes of the chapter at this place."""
        chapter = self._chapters[place]
        chunks = dict(zip(chapter.keys, chapter.chunks, strict=True))
        sounds_otherwise = chapter.plan.digest not in self._audio_s
        new = {key for key in chunks if sounds_otherwise and self._is_new(key)}
        spoken = [key for key in chunks if key in self._missing and self._first[key] == place]
        return ChangedChapter(
            number=chapter.script.number,
            title=chapter.script.title,
            audio_s=self._audio_s.get(chapter.plan.digest) or self._seconds(chapter.chunks),
            sentences=_sentences(chapter, [chunk for key, chunk in chunks.items() if key in new]),
            keys=tuple(spoken),
            spoken_s=self._seconds(chunks[key] for key in spoken),
            lost_s=self._seconds(chunks[key] for key in spoken if key not in new),
            sounds_otherwise=sounds_otherwise,
            to_master=to_master,
            files=tuple(
                self._name(folder, folder.files[place])
                for folder in self._foreseen
                if folder.format not in self._whole_book and self._is_written(folder, folder.files[place])
            ),
        )

    def bound(self) -> Iterator[str]:
        """The files of the whole book that are written anew, below the library."""
        for folder in self._foreseen:
            for name in dict.fromkeys(folder.files) if folder.format in self._whole_book else ():
                if self._is_written(folder, name):
                    yield self._name(folder, name)

    def removed(self) -> Iterator[str]:
        """The audio files that go, below the library."""
        for folder in self._foreseen:
            book = self._before.get(folder.format)
            for name in dict.fromkeys(one.file for one in book.chapters) if book else ():
                if name not in folder.digests:
                    yield self._name(folder, name)

    def _is_new(self, key: str) -> bool:
        """Whether a segment was not in the book before; where book.json does not say, if it is missing."""
        if self._before and not self._known:
            return key in self._missing
        return short_key(key) not in self._known

    def _is_written(self, folder: ForeseenFolder, name: str) -> bool:
        book = self._before.get(folder.format)
        written = book.manifest.files.get(name) if book else None
        return not (written and written.digest == folder.digests[name] and (folder.folder / name).is_file())

    def _name(self, folder: ForeseenFolder, name: str) -> str:
        return str((folder.folder.absolute() / name).relative_to(self._library))

    def _pace(self) -> float:
        """Seconds of audio for a phoneme at speed 1: those of the chapters that stay, else the usual."""
        known = [one for one in self._chapters if one.plan.digest in self._audio_s]
        phonemes = sum(len(chunk.phonemes) / chunk.speed for one in known for chunk in one.chunks)
        if not phonemes:
            return _USUAL_S_PER_PHONEME
        return sum(self._audio_s[one.plan.digest] for one in known) / phonemes

    def _seconds(self, chunks: Iterable[Chunk]) -> float:
        return sum(len(chunk.phonemes) / chunk.speed for chunk in chunks) * self._s_per_phoneme


def _sentences(chapter: PlannedChapter, chunks: Iterable[Chunk]) -> tuple[str, ...]:
    numbers = dict.fromkeys(part.sentence for chunk in chunks for part in chunk.parts)
    return tuple(chapter.script.sentences[number].spoken for number in numbers)


def _book_at(folder: Path) -> FinishedBook | None:
    try:
        return finished_book(folder)
    except NoSuchBook:
        return None
