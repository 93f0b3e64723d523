"""What was made of a document into the page that Prefect shows of it: an artifact for each book."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import httpx
from prefect import get_run_logger
from prefect.artifacts import create_markdown_artifact
from slugify import slugify

from flows.display import clock
from flows.report import Narrated, folders_of
from outputs.report import REPORT_NAME

_SLUG_CHARACTERS: Final = 80


def show_book_page(book: Narrated) -> None:
    """Put the book's page among the artifacts of this run; Prefect keeps what it was before, too.

    A server that cannot take it changes nothing for the book.
    """
    name = Path(book.book_dir).name
    try:
        create_markdown_artifact(book_page(book), key=page_key(name), description=name)
    except httpx.HTTPError as error:
        get_run_logger().warning("Prefect did not take the page of %s: %s", name, error)


def page_key(name: str, kind: str = "book") -> str:
    """An artifact's key: small letters, digits and dashes, the same for each narration of a book."""
    return f"{kind}-{slugify(name, max_length=_SLUG_CHARACTERS) or 'untitled'}"


def book_page(book: Narrated) -> str:
    """The page as Markdown: chapters with length and loudness, warnings, and where the files are."""
    return "\n".join(_lines(book))


def _lines(book: Narrated) -> Iterator[str]:
    yield f"# {plain(Path(book.book_dir).name)}"
    yield ""
    yield (
        f"{clock(book.audio_s)} of audio, read by {book.engine} {book.voice}, "
        f"made in {clock(book.compute_s)} ({book.rtfx:.0f}× real time)"
    )
    yield ""
    yield "| | chapter | length | LUFS | dBTP |"
    yield "|--:|:--|--:|--:|--:|"
    for chapter in book.chapters:
        title = plain(chapter.title)
        if chapter.files:
            title = f"[{title}]({_link(chapter.files[0])})"
        yield (
            f"| {chapter.number} | {title} | {clock(chapter.audio_s)} | {chapter.lufs:.1f} "
            f"| {chapter.true_peak_dbtp:.1f} |"
        )
    if book.warnings:
        yield from ("", "## Warnings", "")
        yield from (f"- {plain(warning)}" for warning in book.warnings)
    yield from ("", "## Files", "")
    for place in folders_of(book):
        yield f"- [{plain(place)}]({_link(place)})"
        report = Path(place, REPORT_NAME)
        if report.is_file():
            yield f"- [{REPORT_NAME}]({_link(str(report))}): listen, follow the text, see what was left out"
    yield f"- read from {plain(book.file)}"


def plain(text: str) -> str:
    """Text that Markdown leaves as it is, in a table too."""
    return re.sub(r"([\\`*_{}\[\]<>#|~])", r"\\\1", " ".join(text.split()))


def _link(path: str) -> str:
    return Path(path).absolute().as_uri()
