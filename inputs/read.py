"""A file to a Book, by what the file contains, whatever it is called."""

from __future__ import annotations

import hashlib
from pathlib import Path

from inputs.book import Book
from inputs.epub import read_epub
from inputs.errors import DamagedDocument, EmptyDocument, NoSuchDocument, NotADocument
from inputs.pdf import read_pdf

# ISO 32000-1 Annex H.3.4.1: readers accept a PDF header anywhere in the first 1024 bytes.
_PDF_HEADER_WITHIN_BYTES = 1024


def read(path: Path) -> Book:
    """Read an EPUB or a PDF into chapters of blocks.

    Raises:
        DocumentError: the file cannot be read; the subclass says why, its text what to do.
    """
    _refuse_what_is_no_file(path)
    try:
        with path.open("rb") as stream:
            head = stream.read(_PDF_HEADER_WITHIN_BYTES)
            stream.seek(0)
            sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise NoSuchDocument(
            path, f"the file cannot be opened ({error.strerror})", "Check its permissions"
        ) from error
    if not head:
        raise EmptyDocument(path, "the file has 0 bytes", "Get it again: the download may have failed")
    if b"%PDF-" in head:
        return read_pdf(path, sha256)
    if head.startswith(b"PK\x03\x04"):
        return read_epub(path, sha256)
    raise _other_kind(path, head)


def _refuse_what_is_no_file(path: Path) -> None:
    if not path.exists():
        raise NoSuchDocument(path, "there is no such file", "Check the path")
    if path.is_dir():
        raise NoSuchDocument(path, "this is a folder, not a file", "Name the EPUB or PDF files in it")
    if not path.is_file():
        raise NoSuchDocument(path, "this is not a regular file", "Name an EPUB or PDF file")


def _other_kind(path: Path, head: bytes) -> DamagedDocument | NotADocument:
    """Say what the file is instead, as far as its first bytes tell."""
    if head.startswith(b"PK") or (path.suffix.lower() in (".epub", ".pdf") and head[:4] == b"\0\0\0\0"):
        return DamagedDocument(
            path, "the archive is cut off or empty", "Get the file again: this copy is broken"
        )
    kinds = (
        (b"{\\rtf", "an RTF text"),
        (b"\xd0\xcf\x11\xe0", "an old Word or Office file"),
        (b"BOOKMOBI", "a Kindle book"),
        (b"Rar!", "a RAR archive"),
        (b"\x1f\x8b", "a gzip archive"),
        (b"\xff\xd8\xff", "a JPEG picture"),
        (b"\x89PNG", "a PNG picture"),
        (b"<!DOCTYPE html", "a web page"),
        (b"<html", "a web page"),
        (b"<?xml", "an XML file"),
    )
    what = next((label for mark, label in kinds if mark.lower() in head[:128].lower()), None)
    if what is None:
        what = "a plain text" if _is_text(head) else "an unknown kind of file"
    return NotADocument(
        path, f"this is {what}, not an EPUB or a PDF", "Convert it to EPUB, or get the book as one"
    )


def _is_text(head: bytes) -> bool:
    return not any(byte < 9 or 13 < byte < 27 for byte in head)
