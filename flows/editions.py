"""What a user calls a finished book into its folders in the library."""

from __future__ import annotations

from pathlib import Path

from outputs.errors import NoSuchBook
from outputs.files import sha256_of
from outputs.finished import FinishedBook, books_in, finished_book
from outputs.manifest import MANIFEST_NAME


def editions_of(named: Path, library: Path, engine: str | None = None) -> list[FinishedBook]:
    """The finished books that a folder, a file in it or a document stands for, once for each format.

    library: where those of a document are looked for. engine: that they were spoken by; None: any.

    Raises:
        NoSuchBook: a folder is named that is none of a finished book.
    """
    if named.is_dir():
        return [finished_book(named)]
    if named.is_file() and not is_document(named):
        return [finished_book(named.parent)]
    sha256 = sha256_of(named) if named.is_file() else None
    return [
        book
        for book in books_in(library)
        if (book.document == named.absolute() or book.sha256 == sha256) and engine in (None, book.engine)
    ]


def is_document(named: Path) -> bool:
    """Whether this is a file that is no part of a finished book."""
    if not named.is_file():
        return False
    try:
        return named.name != MANIFEST_NAME and named.name not in finished_book(named.parent).manifest.files
    except NoSuchBook:
        return True
