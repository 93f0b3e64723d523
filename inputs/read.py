"""A file to a Book, by what the file contains, whatever it is called."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from pathlib import Path

from inputs.archive import Archive
from inputs.book import Book
from inputs.encoding import decoded
from inputs.epub import read_epub
from inputs.errors import (
    DamagedDocument,
    DocumentTooLarge,
    EmptyDocument,
    NoSuchDocument,
    NotADocument,
    PasswordNeeded,
)
from inputs.markdown import is_markdown, read_markdown
from inputs.pdf import read_pdf
from inputs.plain_text import read_plain_text
from inputs.web_page import is_web_page, read_web_page
from inputs.word_document import read_word_document

# ISO 32000-1 Annex H.3.4.1: readers accept a PDF header anywhere in the first 1024 bytes.
_PDF_HEADER_WITHIN_BYTES = 1024
_PDF_OBJECT = re.compile(rb"\b\d+ \d+ obj\s*<<")  # what a PDF begins with that has lost its header
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # [MS-CFB] section 2.2
_MARKDOWN_SUFFIXES = (".md", ".markdown", ".mkd", ".mdown")
# The King James Bible has 4 MB.
TEXT_LIMIT_BYTES = 64 * 2**20
OLE_LIMIT_BYTES = 64 * 2**20


def read(path: Path, ocr: Path | None = None) -> Book:
    """Read an EPUB, PDF, Word document, web page, Markdown or plain text into chapters of blocks.

    ocr: the folder that keeps what is recognised of a PDF's pages without text; None: nothing is.

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
    if b"%PDF-" in head or _PDF_OBJECT.search(head[:64]):
        return read_pdf(path, sha256, ocr)
    if head.startswith(b"PK\x03\x04"):
        return _read_archive(path, sha256)
    if head.startswith(_OLE):
        raise _office_file(path)
    _refuse_other_kinds(path, head)
    return _read_text(path, sha256, head)


def _read_archive(path: Path, sha256: str) -> Book:
    with Archive(path) as archive:
        names = archive.names
        if "[Content_Types].xml" in names and not archive.find("META-INF/container.xml"):
            folders = {name.partition("/")[0] for name in names}
            if "word" in folders:
                return read_word_document(path, sha256, archive)
            what = "a spreadsheet" if "xl" in folders else "a presentation" if "ppt" in folders else "no book"
            raise NotADocument(path, f"this is an Office file, but {what}", _HINT)
        if (archive.read("mimetype") or b"").startswith(b"application/vnd.oasis.opendocument"):
            raise NotADocument(path, "this is an OpenDocument file", "Save it as a Word document (.docx)")
    return read_epub(path, sha256)


def _read_text(path: Path, sha256: str, head: bytes) -> Book:
    """A web page, Markdown or a plain text; Markdown's suffix counts, as its marks are plain text too."""
    if path.stat().st_size > TEXT_LIMIT_BYTES:
        size = path.stat().st_size / 2**20
        raise DocumentTooLarge(path, f"it has {size:.0f} MB of text", "No book looks like this; split it")
    data = path.read_bytes()
    found = decoded(data)
    if found is None:
        raise _damaged_or_unknown(path, head)
    text = found.text
    if is_web_page(head) and path.suffix.lower() not in _MARKDOWN_SUFFIXES:
        return read_web_page(path, sha256, data)
    if not any(map(str.isalnum, text)):
        raise EmptyDocument(path, "there is no letter and no digit in it", "Get it again")
    if path.suffix.lower() in _MARKDOWN_SUFFIXES or is_markdown(text):
        book = read_markdown(path, sha256, text)
    else:
        book = read_plain_text(path, sha256, text)
    return replace(book, warnings=(*found.warnings, *book.warnings))


def refuse_odd_name(path: Path) -> None:
    """Nothing can be written down of a file whose path is no Unicode, as old archives have them.

    Raises:
        NoSuchDocument: this is one.
    """
    try:
        str(path).encode()
    except UnicodeEncodeError:
        raise NoSuchDocument(path, "its path is no Unicode", "Rename the file, or its folder") from None


def _refuse_what_is_no_file(path: Path) -> None:
    refuse_odd_name(path)
    if not path.exists():
        raise NoSuchDocument(path, "there is no such file", "Check the path")
    if path.is_dir():
        raise NoSuchDocument(path, "this is a folder, not a file", "Name the files in it")
    if not path.is_file():
        raise NoSuchDocument(path, "this is not a regular file", "Name a file")


def _refuse_other_kinds(path: Path, head: bytes) -> None:
    """Say what the file is instead, where its first bytes tell."""
    if head.startswith(b"PK"):
        raise DamagedDocument(path, "the archive is cut off or empty", _GET_AGAIN)
    kinds = (
        (b"{\\rtf", "an RTF text"),
        (b"Rar!", "a RAR archive"),
        (b"7z\xbc\xaf", "a 7z archive"),
        (b"\x1f\x8b", "a gzip archive"),
        (b"\xff\xd8\xff", "a JPEG picture"),
        (b"\x89PNG", "a PNG picture"),
        (b"ITSF", "a Windows help file"),
        (b"AT&TFORM", "a DjVu scan"),
    )
    what = next((label for mark, label in kinds if head.startswith(mark)), None)
    if head[60:68] in (b"BOOKMOBI", b"TEXtREAd"):
        what = "a Kindle book"
    elif b"<FictionBook" in head:
        what = "a FictionBook"
    elif head.lstrip(b"\xef\xbb\xbf\r\n ").startswith(b"<?xml") and not is_web_page(head):
        what = "an XML file"
    if what is not None:
        raise NotADocument(path, f"this is {what}, which is not read here", _HINT)


def _damaged_or_unknown(path: Path, head: bytes) -> DamagedDocument | NotADocument:
    """A file of bytes that mean nothing here; zeros are what a failed download leaves."""
    if not head.strip(b"\0"):
        return DamagedDocument(path, "the file is filled with zeros", _GET_AGAIN)
    return NotADocument(path, "this is an unknown kind of file", _HINT)


def _office_file(path: Path) -> PasswordNeeded | NotADocument:
    """Old Office files, and new ones behind a password, are OLE files; their directory names streams."""
    with path.open("rb") as stream:
        data = stream.read(OLE_LIMIT_BYTES)
    if "EncryptedPackage".encode("utf-16-le") in data:
        return PasswordNeeded(path, "this Office document asks for a password", "Save a copy without it")
    if "WordDocument".encode("utf-16-le") in data:
        return NotADocument(path, "this is an old Word document (.doc)", "Save it as .docx")
    return NotADocument(path, "this is an old Office file", _HINT)


_HINT = "Give it an EPUB, PDF, Word, HTML, Markdown or plain text document"
_GET_AGAIN = "Get the file again: this copy is broken"
