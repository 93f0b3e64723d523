"""A PDF file to a Book: read in child processes with limits, laid out here."""

from __future__ import annotations

import json
import logging
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from inputs import language as languages
from inputs.book import Book, ReadingWarning
from inputs.errors import (
    DamagedDocument,
    DocumentTooLarge,
    EmptyDocument,
    NoTextLayer,
    PasswordNeeded,
)
from inputs.pdf_chapters import OutlineEntry, chapters_of
from inputs.pdf_layout import laid_out
from inputs.pdf_pages import Page, page_of
from inputs.wording import one_line

log = logging.getLogger(__name__)

# PDFium needs 0.1 GB for every real file at hand; hostile ones of 5 KB take 22 GB if they may.
ADDRESS_SPACE_BYTES = 2 * 2**30
# Three readings of a hostile file stay within a minute; a page may take 50 ms, thrice the slowest
READING_S = 18.0
PAGE_S = 0.05
OUTPUT_LIMIT_BYTES = 2 * 2**30
_WORKER = Path(__file__).with_name("pdf_worker.py")
_EXIT_PASSWORD, _EXIT_DAMAGED = 3, 4
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


def read_pdf(path: Path, sha256: str) -> Book:
    """Read a PDF.

    sha256: of the file's bytes, hex.

    Raises:
        DocumentError: the file is damaged, locked, too large, or has no text that can be spoken.
    """
    warnings: list[ReadingWarning] = []
    facts = _facts(path)
    pages = _pages(path, facts, warnings)
    _refuse_without_text(path, pages)
    document = laid_out(pages, warnings)
    if any(_XFA_STUB in block.text for block in document.blocks[:20]):
        raise NoTextLayer(
            path, "this is an XFA form, without its text in the pages", "Print it to a PDF from Adobe Reader"
        )
    if not any(block.skip is None for block in document.blocks):
        unreadable = [page.number + 1 for page in pages if page.lines]
        raise NoTextLayer(
            path,
            f"the text layer of {_page_names(unreadable)} has no usable encoding",
            "Run it through OCR (for example: ocrmypdf --force-ocr in.pdf out.pdf)",
        )
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
    """What pypdf told about the file; nothing, where it could not read it."""

    pages: int | None
    metadata: dict[str, str]
    language: str
    outline: tuple[OutlineEntry, ...]
    status: int


def _facts(path: Path) -> _Facts:
    status, printed = _run("outline", path, limit_s=READING_S)
    found: dict[str, Any] = printed[0] if printed else {}
    if status == _EXIT_PASSWORD:
        log.debug("pypdf found no empty user password in %s", path)
    outline = tuple(
        OutlineEntry(one_line(str(entry["title"])), int(entry["level"]), entry["page"], entry["top"])
        for entry in found.get("outline", [])
    )
    return _Facts(found.get("pages"), found.get("metadata", {}), found.get("language", ""), outline, status)


def _pages(path: Path, facts: _Facts, warnings: list[ReadingWarning]) -> list[Page]:
    """The pages by PDFium; by pypdf from where PDFium gave up."""
    limit_s = READING_S + PAGE_S * (facts.pages or 0)
    status, printed = _run("text", path, limit_s=limit_s)
    if status == 0 and printed:
        return _with_broken_noted([page_of(page) for page in printed], warnings)
    if status == _EXIT_PASSWORD and facts.status != 0:
        raise PasswordNeeded(path, "the file is encrypted and asks for a password", _LOCKED_HINT)
    done = len(printed)
    again, more = _run("text-again", path, limit_s=limit_s, first_page=done)
    if again == 0 and (printed or more):
        warnings.append(
            ReadingWarning(
                "second-reader",
                f"PDFium stopped at page {done + 1}; pypdf read on, without the places of the text",
            )
        )
        return _with_broken_noted([page_of(page) for page in [*printed, *more]], warnings)
    if again == _EXIT_PASSWORD:
        raise PasswordNeeded(path, "the file is encrypted and asks for a password", _LOCKED_HINT)
    if again == _EXIT_DAMAGED or (status == _EXIT_DAMAGED and not printed):
        raise DamagedDocument(
            path, "this is not a readable PDF", "Get the file again, or print it to a new PDF"
        )
    if printed or more:
        warnings.append(ReadingWarning("cut-short", f"reading stopped after page {done + len(more)}"))
        return _with_broken_noted([page_of(page) for page in [*printed, *more]], warnings)
    raise DocumentTooLarge(
        path,
        f"reading it takes more than {ADDRESS_SPACE_BYTES / 2**30:.0f} GB or {limit_s:.0f} s",
        "It may be made to do harm; otherwise print it to a new PDF",
    )


_LOCKED_HINT = "Save a copy without a password, for example with qpdf --decrypt"


def _with_broken_noted(pages: list[Page], warnings: list[ReadingWarning]) -> list[Page]:
    broken = [page.number + 1 for page in pages if page.broken]
    if broken:
        warnings.append(ReadingWarning("broken-pages", f"{_page_names(broken)} could not be read"))
    empty = [page.number + 1 for page in pages if not page.lines and page.has_images and not page.broken]
    if empty and len(empty) < len(pages):
        warnings.append(ReadingWarning("pages-without-text", f"{_page_names(empty)}: pictures without text"))
    return pages


def _refuse_without_text(path: Path, pages: list[Page]) -> None:
    if any(page.lines for page in pages):
        return
    if not pages:
        raise DamagedDocument(path, "it has no pages", "Get the file again: this copy is broken")
    scanned = [page.number + 1 for page in pages if page.has_images]
    if scanned:
        raise NoTextLayer(
            path,
            f"{_page_names(scanned)} of {len(pages)}: pictures without text",
            "Run it through OCR (for example: ocrmypdf in.pdf out.pdf)",
        )
    raise EmptyDocument(path, f"there is no text on its {len(pages)} pages", "Look into it with a PDF viewer")


def _page_names(numbers: list[int]) -> str:
    """“page 3”, “pages 1-4, 7”."""
    spans: list[list[int]] = []
    for number in numbers:
        if spans and number == spans[-1][1] + 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    names = ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in spans)
    return f"page {names}" if len(numbers) == 1 else f"pages {names}"


def _run(job: str, path: Path, *, limit_s: float, first_page: int = 0) -> tuple[int, list[dict[str, Any]]]:
    """Run the worker; returns its exit status (negative: it was stopped) and the whole lines it printed."""
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
            status = worker.wait(limit_s)
        except subprocess.TimeoutExpired:
            status = -1
        finally:
            worker.kill()
            worker.wait()
        return status, _printed(output)


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
