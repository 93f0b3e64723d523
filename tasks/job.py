"""A document's work folder: the book, the chunks of each chapter and of each shard, as files of JSON.

Tasks hand each other the folder's path, never the text or the sound.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic import TypeAdapter

from inputs.book import Book, Cover
from inputs.book_toml import MatterChoice
from outputs.companions import Companions, companions_named
from outputs.disk import check_room
from outputs.encode import Format
from outputs.files import complete_or_absent
from outputs.plan import ChapterPlan
from outputs.presets import Preset
from synth.chunks import Chunk
from synth.lexicon import Lexicon
from tasks.scripts import ChapterScript

T = TypeVar("T")

_COVERS: Final = {"image/jpeg": ".jpg", "image/png": ".png"}


@dataclass(frozen=True, slots=True)
class Staying:
    """A chapter that stays as it was published, whatever has changed since."""

    plan: str  # its digest
    kept: Path  # where the plan is, unless it was let go of


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked for: one document, how it is to be spoken, and where the book goes."""

    document: Path
    engine: str
    voice: str | None  # None: the best of the document's language
    speed: float | None  # None: the voice's own pace
    chapters: str | None  # "2-4,7"; None: all
    formats: tuple[str, ...]
    library: Path
    reading: Mapping[str, str] = field(default_factory=dict)  # as `ReadingPreferences.but` has it
    matter: MatterChoice | None = None  # None: as book.toml says, else the body
    lexicons: tuple[Lexicon, ...] = ()  # for this book, the best first; they go before its book.toml's
    ocr: Path | None = None  # where recognised pages are kept; None: nothing is recognised
    standing_lexicon: Lexicon = field(default_factory=Lexicon)  # for all books
    kept_at: Path | None = None  # where the document is put when all is done; None: it stays where it is
    least_free_bytes: int = 0  # what is to stay free on the disks
    preset: Preset = Preset.AUDIOBOOK  # what the files are for
    volumes: bool = False  # a book that is too long or too large for one file becomes several
    verify: bool = False  # listen to every segment whether it says its text
    beside: tuple[str, ...] = ()  # what is to stand beside the audio
    base_url: str | None = None  # where the library will be found on the web
    options: Mapping[str, Any] = field(default_factory=dict)  # as they were given, for book.json; JSON
    changing: tuple[int, ...] = ()  # the chapters that may change, of a book that was published; none: all
    staying: Mapping[int, Staying] = field(default_factory=dict)  # the others of it

    @property
    def wanted(self) -> tuple[Format, ...]:
        """The formats, encoded as the preset has them."""
        return self.preset.formats(self.formats)

    @property
    def companions(self) -> Companions:
        """What is to stand beside the audio in these formats."""
        return companions_named(self.beside, self.wanted, self.base_url)


@dataclass(frozen=True, slots=True)
class PlannedChapter:
    """One chapter, ready to be spoken and mastered; `keys[i]` is the store key of `chunks[i]`."""

    script: ChapterScript
    chunks: tuple[Chunk, ...]
    keys: tuple[str, ...]
    plan: ChapterPlan

    @property
    def voice(self) -> str:
        """The voice that all of it is spoken in."""
        return self.chunks[0].voice

    @property
    def speed(self) -> float:
        """How fast, as a multiple of the voice's own pace."""
        return self.chunks[0].speed

    @staticmethod
    def from_json(data: bytes) -> PlannedChapter:
        """A chapter as `Job.write_chapter` wrote it.

        Raises:
            ValueError: it was not, or by another version.
        """
        return _CHAPTER.validate_json(data)


_BOOK: Final = TypeAdapter(Book)
_CHAPTER: Final = TypeAdapter(PlannedChapter)
_SHARD: Final = TypeAdapter(tuple[Chunk, ...])


@dataclass(frozen=True, slots=True)
class ChapterEntry:
    """A line of the job's table of contents."""

    number: int
    title: str
    shards: tuple[int, ...]  # those that hold its chunks
    voice: str


@dataclass(frozen=True, slots=True)
class Job:
    """A document that has been read and planned; everything else of it lies in `folder`."""

    folder: Path
    order: Order
    voice: str  # the book's; some chapters may have one of their own
    speed: float  # the same
    chapters: tuple[ChapterEntry, ...]
    shards: int
    chunks: int
    chunks_in_store: int  # before anything was spoken
    warnings: tuple[str, ...]
    book_toml: Path | None = None  # that was applied
    priority: int = 0  # of its chunks among those that wait; the lowest number goes first

    @property
    def voices(self) -> tuple[str, ...]:
        """The voices that are heard, each once, in order."""
        return tuple(dict.fromkeys(chapter.voice for chapter in self.chapters))

    def show_life(self) -> None:
        """Say that this job is under way, so that nobody clears away what it needs."""
        with suppress(FileNotFoundError):  # another run of the same order has just finished it
            os.utime(self.folder)

    def check_room(self) -> None:
        """Make sure that there still is room for what is to come.

        Raises:
            DiskFull: less is free on a disk than is to stay free.
        """
        check_room((self.folder, self.order.library), self.order.least_free_bytes)

    def book(self) -> Book:
        """The document as it was read."""
        book = _read(self.folder / "book.json", _BOOK)
        covers = {path.suffix: path.read_bytes() for path in self.folder.glob("cover.*")}
        for media_type, suffix in _COVERS.items():
            if suffix in covers:
                book = replace(book, cover=Cover(covers[suffix], media_type))
        return book

    def chapter(self, number: int) -> PlannedChapter:
        """A chapter by its number."""
        return _read(self._chapter_path(number), _CHAPTER)

    def chapter_json(self, number: int) -> bytes:
        """The same as it lies in the folder, for `PlannedChapter.from_json`."""
        return self._chapter_path(number).read_bytes()

    def shard(self, number: int) -> tuple[Chunk, ...]:
        """The chunks of a shard, 0-based."""
        return _read(self._shard_path(number), _SHARD)

    def write_book(self, book: Book) -> None:
        """Put the document in."""
        if book.cover is not None:
            with complete_or_absent(self.folder / f"cover{_COVERS[book.cover.media_type]}") as part:
                part.write_bytes(book.cover.data)
        _write(self.folder / "book.json", _BOOK, replace(book, cover=None))  # JSON knows no bytes

    def write_chapter(self, chapter: PlannedChapter) -> None:
        """Put a chapter in."""
        _write(self._chapter_path(chapter.script.number), _CHAPTER, chapter)

    def write_shard(self, number: int, chunks: tuple[Chunk, ...]) -> None:
        """Put a shard in."""
        _write(self._shard_path(number), _SHARD, chunks)

    def _chapter_path(self, number: int) -> Path:
        return self.folder / f"chapter-{number:04d}.json"

    def _shard_path(self, number: int) -> Path:
        return self.folder / f"shard-{number:04d}.json"


def _read(path: Path, adapter: TypeAdapter[T]) -> T:
    return adapter.validate_json(path.read_bytes())


def _write(path: Path, adapter: TypeAdapter[T], value: T) -> None:
    with complete_or_absent(path) as part:
        part.write_bytes(adapter.dump_json(value))
