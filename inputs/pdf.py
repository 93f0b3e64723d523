"""A PDF file to a Book: read in child processes with limits, laid out here."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from inputs import language as languages
from inputs.book import Book, ReadingWarning, SkipReason
from inputs.errors import (
    DamagedDocument,
    DocumentTooLarge,
    EmptyDocument,
    NoTextLayer,
    PasswordNeeded,
)
from inputs.pdf_chapters import OutlineEntry, chapters_of
from inputs.pdf_columns import put_in_columns
from inputs.pdf_garbled import mark_unreadable
from inputs.pdf_layout import laid_out
from inputs.pdf_ocr import recognised
from inputs.pdf_pages import Page, even_out, page_of
from inputs.wording import one_line

# PDFium needs 0.1 GB for every real file at hand; hostile ones of 5 KB take 22 GB if they may.
ADDRESS_SPACE_BYTES = 2 * 2**30
# Two readings of a hostile file stay within a minute; a page more may take 50 ms, thrice the slowest
READING_S = 20.0
PAGE_S = 0.05
LEAST_PAGE_BYTES = 100
DRAWING_RUNS = 5_000  # the densest table at hand has 1 400; a plan or a map has more, and no lines to read
OUTPUT_LIMIT_BYTES = 2**28  # 20 KB a page
_WORKER = Path(__file__).with_name("pdf_worker.py")
_EXIT_PASSWORD, _EXIT_DAMAGED, _STOPPED = 3, 4, -1
_PAGE_COUNT = re.compile(rb'\{"pages":(\d+),')
_GUTENBERG = re.compile(r"^The Project Gutenberg e-?book (?:#\d+:|of) ", re.I)
# the page that stands in for an XFA form in every viewer but Adobe's
_XFA_STUB = "If this message is not eventually replaced by the proper contents of the document"
_JUNK_TITLES = (
    "untitled",
    "microsoft word",
    "microsoft powerpoint",
    "powerpoint presentation",
    "document1",
    "title",
)
_JUNK_SUFFIXES = (
    ".doc",
    ".docx",
    ".pdf",
    ".indd",
    ".qxd",
    ".tex",
    ".dvi",
    ".ps",
    ".fm",
    ".odt",
    ".rtf",
    ".txt",
    ".ppt",
)


def read_pdf(path: Path, sha256: str, ocr: Path | None = None) -> Book:
    """Read a PDF.

    sha256: of the file's bytes, hex. ocr: pages that are pictures, or garbled, are recognised, and what comes
    of it is kept in this folder; None: they are reported.

    Raises:
        DocumentError: the file is damaged, locked, too large, or has no text that can be spoken.
    """
    warnings: list[ReadingWarning] = []
    facts, pages = _read(path, warnings)
    garbled = mark_unreadable(pages)
    unread = sorted({*garbled, *_pictures(pages)})
    if ocr is not None and unread:
        pages = _with_recognised(path, sha256, pages, unread, facts.language, ocr, warnings)
        garbled = mark_unreadable(pages)
    _refuse_without_text(path, pages)
    _note_unread(pages, garbled, warnings)
    _set_drawings_apart(pages, warnings)
    for page in pages:
        put_in_columns(page)
    document = laid_out(pages, warnings)
    if any(_XFA_STUB in block.text for block in document.blocks[:20]):
        raise NoTextLayer(
            path, "this is an XFA form, without its text in the pages", "Print it to a PDF from Adobe Reader"
        )
    if garbled and not any(block.skip is None for block in document.blocks):
        raise NoTextLayer(path, f"the text layer of {_page_names(garbled)} has no usable encoding", _OCR)
    language = languages.declared(facts.language)
    if language is None:
        guessed = languages.guess(" ".join(block.text for block in document.blocks if block.skip is None))
        language = guessed or "en"
        verb = "recognised" if guessed else "assumed"
        warnings.append(
            ReadingWarning("language-guessed", f"the file does not state its language; {language} was {verb}")
        )
    stated = _GUTENBERG.sub("", one_line(facts.metadata.get("/Title", "")))
    title = document.title if _is_junk(stated) else stated
    chapters = chapters_of(document, facts.outline, title or path.stem, warnings)
    if not any(chapter.is_spoken for chapter in chapters):
        raise EmptyDocument(
            path, "there is nothing to speak in it but tables and page furniture", "Look into it"
        )
    author = one_line(facts.metadata.get("/Author", ""))
    return Book(
        source=path,
        sha256=sha256,
        format="pdf",
        title=title or path.stem,
        authors=tuple(filter(None, (one_line(name) for name in author.replace(" and ", ";").split(";")))),
        language=language,
        chapters=chapters,
        published=_date(facts.metadata.get("/CreationDate", "")),
        description=one_line(facts.metadata.get("/Subject", "")) or None,
        warnings=tuple(dict.fromkeys(warnings)),
    )


@dataclass(frozen=True, slots=True)
class _Facts:
    """What the file says of itself; nothing, where that could not be read."""

    metadata: dict[str, str]
    language: str
    outline: tuple[OutlineEntry, ...]


@dataclass(frozen=True, slots=True)
class _Told:
    """What a worker told before it ended."""

    status: int  # negative: it was stopped
    facts: dict[str, Any]
    pages: list[dict[str, Any]]


def _facts(found: dict[str, Any], pages: list[Page]) -> _Facts:
    foot = {page.number: page.foot for page in pages}
    outline = tuple(
        OutlineEntry(
            one_line(str(entry["title"])),
            int(entry["level"]),
            entry["page"],
            None if entry["top"] is None else entry["top"] - foot.get(entry["page"], 0.0),
        )
        for entry in found.get("outline", [])
    )
    return _Facts(found.get("metadata", {}), found.get("language", ""), outline)


def _read(path: Path, warnings: list[ReadingWarning]) -> tuple[_Facts, list[Page]]:
    """What is in the file by PDFium; by pypdf from where PDFium gave up."""
    first = _run("text", path)
    if first.status == 0:
        pages = [page_of(page) for page in first.pages]
        return _facts(first.facts, pages), pages
    done = len(first.pages)
    second = _run("text-again", path, first_page=done)
    if second.status == _EXIT_PASSWORD:
        raise PasswordNeeded(
            path,
            "the file is encrypted and asks for a password",
            "Save a copy without a password, for example with qpdf --decrypt",
        )
    pages = [page_of(page) for page in (*first.pages, *second.pages)]
    if second.status == 0 and pages:
        message = f"PDFium stopped at page {done + 1}; pypdf read on, without the places of the text"
        warnings.append(ReadingWarning("second-reader", message))
    elif second.status == _EXIT_DAMAGED or (first.status == _EXIT_DAMAGED and not first.pages):
        raise DamagedDocument(
            path, "this is not a readable PDF", "Get the file again, or print it to a new PDF"
        )
    elif pages:
        warnings.append(ReadingWarning("cut-short", f"reading stopped after page {len(pages)}"))
    else:
        raise DocumentTooLarge(
            path,
            f"reading it takes more than {ADDRESS_SPACE_BYTES / 2**30:.0f} GB or {READING_S:.0f} s",
            "It may be made to do harm; otherwise print it to a new PDF",
        )
    return _facts(first.facts or second.facts, pages), pages


def _with_recognised(
    path: Path,
    sha256: str,
    pages: list[Page],
    unread: list[int],
    language: str,
    kept: Path,
    warnings: list[ReadingWarning],
) -> list[Page]:
    """The pages with those that could not be read as OCR has them."""
    text = " ".join(line.text for page in pages if page.number not in unread for line in page.lines)
    spoken = languages.declared(language) or languages.guess(text) or "en"
    told = _run("text", recognised(path, sha256, unread, spoken, kept))
    found = {page["page"]: page_of(page) for page in told.pages if page["page"] in unread}
    for page in found.values():
        even_out(page)
    message = f"{_page_names(unread)} recognised by OCR; words may be wrong"
    warnings.append(ReadingWarning("recognised", message))
    return [found.get(page.number, page) for page in pages]


def _pictures(pages: list[Page]) -> list[int]:
    return [page.number for page in pages if not page.lines and page.has_images and not page.broken]


def _note_unread(pages: list[Page], garbled: list[int], warnings: list[ReadingWarning]) -> None:
    broken = [page.number for page in pages if page.broken]
    if broken:
        warnings.append(ReadingWarning("broken-pages", f"{_page_names(broken)} could not be read"))
    if empty := _pictures(pages):
        message = f"{_page_names(empty)}: pictures without text; --ocr recognises them"
        warnings.append(ReadingWarning("pages-without-text", message))
    if garbled:
        message = f"{_page_names(garbled)}: the text layer is garbled; --ocr recognises it"
        warnings.append(ReadingWarning("garbled-text", message))


def _set_drawings_apart(pages: list[Page], warnings: list[ReadingWarning]) -> None:
    """Leave out what would take long to lay out and make no sense to hear."""
    drawings = [page for page in pages if sum(len(line.runs) for line in page.lines) > DRAWING_RUNS]
    for page in drawings:
        for line in page.lines:
            line.skip = SkipReason.IMAGE
    if drawings:
        message = f"{_page_names([page.number for page in drawings])}: drawings full of lettering, not spoken"
        warnings.append(ReadingWarning("drawings", message))


def _refuse_without_text(path: Path, pages: list[Page]) -> None:
    if any(page.lines for page in pages):
        return
    if not pages:
        raise DamagedDocument(path, "it has no pages", "Get the file again: this copy is broken")
    if scanned := [page.number for page in pages if page.has_images]:
        raise NoTextLayer(path, f"{_page_names(scanned)} of {len(pages)}: pictures without text", _OCR)
    raise EmptyDocument(path, f"there is no text on its {len(pages)} pages", "Look into it with a PDF viewer")


_OCR = "Read it with --ocr, or run it through OCR yourself (ocrmypdf --force-ocr in.pdf out.pdf)"


def _page_names(numbers: list[int]) -> str:
    """“page 3”, “pages 1-4, 7”; numbers: 0 is the first page."""
    spans: list[list[int]] = []
    for number in (number + 1 for number in numbers):
        if spans and number == spans[-1][1] + 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    names = ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in spans)
    return f"page {names}" if len(numbers) == 1 else f"pages {names}"


def _run(job: str, path: Path, *, first_page: int = 0) -> _Told:
    # -I: neither the caller's folder nor PYTHON* variables decide what the worker imports
    command = [
        sys.executable,
        "-I",
        str(_WORKER),
        job,
        str(path.resolve()),
        str(ADDRESS_SPACE_BYTES),
        str(first_page),
    ]
    with tempfile.TemporaryFile() as output:
        worker = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.DEVNULL)
        try:
            status = worker.wait(READING_S)
        except subprocess.TimeoutExpired:
            status = _waited_on(worker, output, path)
        finally:
            worker.kill()
            worker.wait()
        lines = _printed(output)
        return _Told(status, lines[0] if lines else {}, lines[1:])


def _waited_on(worker: subprocess.Popen[bytes], output: BinaryIO, path: Path) -> int:
    """A long document is given more time, by the pages that it has; returns the exit status."""
    # not by seek: the worker writes at the same place of the file that it would move
    told = _PAGE_COUNT.match(os.pread(output.fileno(), 64, 0))
    # a file that claims more pages than it has room for is not waited on
    pages = min(int(told[1]), path.stat().st_size // LEAST_PAGE_BYTES) if told else 0
    try:
        return worker.wait(PAGE_S * pages)
    except subprocess.TimeoutExpired:
        return _STOPPED


def _printed(output: BinaryIO) -> list[dict[str, Any]]:
    """The complete lines; the last one of a worker that died may be cut off."""
    size = output.seek(0, 2)
    output.seek(0)
    if size > OUTPUT_LIMIT_BYTES:
        return []
    return [json.loads(line) for line in output if line.endswith(b"\n")]


def _is_junk(title: str) -> bool:
    folded = title.casefold()
    return (
        not any(c.isalpha() for c in title)
        or folded.startswith(_JUNK_TITLES)
        or folded.endswith(_JUNK_SUFFIXES)
    )


def _date(stamp: str) -> str | None:
    """“D:20261120090615Z” is 2026-11-20."""
    digits = stamp.removeprefix("D:")[:8]
    if len(digits) < 4 or not digits.isdigit():
        return None
    return "-".join(filter(None, (digits[:4], digits[4:6], digits[6:8])))
