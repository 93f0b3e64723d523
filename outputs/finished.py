"""A library into what its book.json files say of the finished books in it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from outputs.companions import Companion
from outputs.errors import CannotRerun, NoSuchBook
from outputs.manifest import MANIFEST_NAME, Manifest, read_manifest


@dataclass(frozen=True, slots=True)
class FinishedChapter:
    """A chapter as it was published, in one format."""

    number: int
    title: str
    voice: str
    file: str  # that it is heard in
    audio_s: float
    plan: str  # digest of its plan
    part: str  # digest of its part
    chunks: frozenset[str]  # `short_key` of each segment; empty: made before they were kept


@dataclass(frozen=True, slots=True)
class FinishedBook:
    """A book's folder in one format, as it was published."""

    folder: Path
    manifest: Manifest
    format: str
    title: str
    document: Path  # that it was made from
    sha256: str  # of that
    engine: str
    options: Mapping[str, Any] | None  # that it was made with; None: made before they were kept
    chapters: tuple[FinishedChapter, ...]

    @property
    def library(self) -> Path:
        """The library that it is in: `library/<format>/Author/Title`."""
        return self.folder.parents[2]

    @property
    def shelf(self) -> Path:
        """Where it stands in its tree; the same in all formats."""
        return self.folder.relative_to(self.folder.parents[1])


def finished_book(folder: Path) -> FinishedBook:
    """What is known of the book in a folder.

    Raises:
        NoSuchBook: there is none, or its book.json cannot be read.
    """
    book = _finished(folder.absolute())
    if book is None:
        raise NoSuchBook(
            f"{folder} is no finished book: it has no {MANIFEST_NAME} that can be read", _NAME_IT
        )
    return book


def books_in(library: Path) -> Iterator[FinishedBook]:
    """Every finished book of a library, once for each format; read-alongs are not among them."""
    for path in sorted(library.absolute().glob(f"*/*/*/{MANIFEST_NAME}")):
        book = _finished(path.parent)
        if book is not None and book.format != Companion.READALONG:
            yield book


def sole_edition(books: list[FinishedBook], wanted: str) -> FinishedBook:
    """The one book that several folders hold in several formats; of those, the first.

    Raises:
        NoSuchBook: there is none, or they are different books.
    """
    if not books:
        raise NoSuchBook(f"nothing in the library was made of {wanted}", "Use `bindery convert` first")
    shelves = dict.fromkeys(book.shelf for book in books)
    if len(shelves) > 1:
        names = ", ".join(str(shelf) for shelf in shelves)
        raise NoSuchBook(f"{len(shelves)} books were made of {wanted}: {names}", _NAME_IT)
    return books[0]


def options_of(book: FinishedBook) -> Mapping[str, Any]:
    """The options that a book was made with.

    Raises:
        CannotRerun: nobody wrote them down.
    """
    if book.options is None:
        raise CannotRerun(
            f"{book.folder / MANIFEST_NAME} does not say which options the book was made with",
            "Use `bindery convert` with those options once more: what is done is not done again",
        )
    return book.options


_NAME_IT = "Name the book's folder in the library, the one with book.json in it"


def _finished(folder: Path) -> FinishedBook | None:
    manifest = read_manifest(folder)
    if manifest is None:
        return None
    try:
        facts = json.loads(manifest.data)
        return FinishedBook(
            folder=folder,
            manifest=manifest,
            format=facts["format"],
            title=facts["title"],
            document=Path(manifest.origin.path),
            sha256=manifest.origin.sha256,
            engine=facts["settings"]["engine"],
            options=facts["settings"].get("options"),
            chapters=tuple(
                FinishedChapter(
                    chapter["number"],
                    chapter["title"],
                    chapter["voice"],
                    chapter["file"],
                    chapter["audio_s"],
                    chapter["plan"],
                    chapter["part"],
                    frozenset(chapter.get("chunks", "").split()),
                )
                for chapter in facts["chapters"]
            ),
        )
    except (KeyError, TypeError, AttributeError):
        return None
