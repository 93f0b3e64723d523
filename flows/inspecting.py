"""`bindery inspect`: what would be spoken of a document and what not, and why; nothing is made."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import typer
from rich.console import Console
from rich.markup import escape

from flows.display import chapter_table, clock
from flows.exits import Exit
from flows.report import failure_json
from inputs.book import Block, Book, Chapter
from inputs.book_toml import MatterChoice
from inputs.errors import DocumentError
from tasks.edition import Edition, edition_of
from tasks.failures import failure_of
from tasks.scripts import ChapterScript, Skipped, book_skipped, chapter_script
from tasks.write_toml import write_book_toml

_SHOWN_SKIPS: Final = 12


def inspect_all(
    files: Sequence[Path],
    *,
    as_json: bool,
    with_text: bool,
    matter: MatterChoice | None,
    reading: Mapping[str, str],
    write: bool,
    ocr: Path | None,
) -> Exit:
    """Say of each document what would be heard of it, as its book.toml has it and with these choices.

    write: give each document a book.toml first. ocr: as `inputs.read.read` has it.
    """
    console = Console(stderr=True)
    failed = False
    for file in files:
        try:
            if write:
                written = write_book_toml(file, matter, reading, ocr)
                console.print(f"[green]✓[/] {escape(str(written))}", soft_wrap=True, highlight=False)
            edition = edition_of(file, matter, reading, ocr)
        except DocumentError as error:
            failed = True
            failure = failure_of(error)
            if as_json:
                typer.echo(json.dumps(failure_json(str(file), failure), ensure_ascii=False))
            console.print(
                f"[red]✗[/] {escape(str(file))}: {escape(failure.line)}", soft_wrap=True, highlight=False
            )
            continue
        book = edition.book
        scripts = [
            chapter_script(number, chapter, book.language, edition.preferences)
            for number, chapter in enumerate(book.spoken_chapters, start=1)
        ]
        if as_json:
            typer.echo(json.dumps(_facts(file, edition, scripts), ensure_ascii=False))
        else:
            _tell(edition, scripts, with_text=with_text)
    return Exit.SOME_FAILED if failed else Exit.DONE


def _facts(file: Path, edition: Edition, scripts: Sequence[ChapterScript]) -> dict[str, Any]:
    book = edition.book
    return {
        "file": str(file),
        "book_toml": str(edition.toml.path) if edition.toml else None,
        "title": book.title,
        "authors": book.authors,
        "language": book.language,
        "chapters": [
            {
                "number": script.number,
                "title": script.title,
                "parents": script.parents,
                "matter": chapter.matter.value,
                "voice": chapter.voice,
                "speed": chapter.speed,
                "words": chapter.spoken_words,
                "estimated_audio_s": round(script.estimated_audio_s, 1),
                "text": heard_text(chapter),
            }
            for chapter, script in zip(book.spoken_chapters, scripts, strict=True)
        ],
        "skipped": [asdict(skipped) for skipped in _all_skipped(book, scripts)],
        "warnings": [warning.message for warning in book.warnings],
    }


def heard_text(chapter: Chapter) -> str:
    """The source's wording of what is heard: a block a line, without what is skipped."""
    return "\n".join(filter(None, (_heard(block) for block in chapter.blocks if block.skip is None)))


def _heard(block: Block) -> str:
    text, at = "", 0
    for skip in block.skips:
        text, at = text + block.text[at : skip.start], skip.end
    return (text + block.text[at:]).strip()


def _all_skipped(book: Book, scripts: Sequence[ChapterScript]) -> tuple[Skipped, ...]:
    return (*book_skipped(book), *(skipped for script in scripts for skipped in script.skipped))


def _tell(edition: Edition, scripts: Sequence[ChapterScript], *, with_text: bool) -> None:
    console = Console()
    book = edition.book
    by = f" by {', '.join(book.authors)}" if book.authors else ""
    total_s = sum(script.estimated_audio_s for script in scripts)
    console.print(
        f"[bold]{escape(book.title)}[/]{escape(by)} ({book.format}, {book.language}): "
        f"{len(scripts)} chapters, about {clock(total_s)} of audio",
        highlight=False,
    )
    if edition.toml:
        console.print(f"as {escape(str(edition.toml.path))} has it", soft_wrap=True, highlight=False)
    table = chapter_table("words", "length")
    for chapter, script in zip(book.spoken_chapters, scripts, strict=True):
        title = " / ".join((*script.parents, script.title))
        own = [chapter.voice or "", f"speed {chapter.speed:g}" if chapter.speed else ""]
        title += "".join(f" · {one}" for one in own if one)
        table.add_row(
            str(script.number), escape(title), f"{chapter.spoken_words:,}", clock(script.estimated_audio_s)
        )
    console.print(table)
    skipped = _all_skipped(book, scripts)
    if skipped:
        console.print(f"\nNot spoken ({len(skipped)} pieces):", highlight=False)
    for one in skipped[: None if with_text else _SHOWN_SKIPS]:
        text = one.text if with_text else one.text[:60] + ("…" if len(one.text) > 60 else "")
        console.print(
            f"  [dim]{escape(one.reason)}, {escape(one.where)}:[/] {escape(' '.join(text.split()))}",
            soft_wrap=True,
            highlight=False,
        )
    if len(skipped) > _SHOWN_SKIPS and not with_text:
        console.print(f"  … and {len(skipped) - _SHOWN_SKIPS} more; --text shows all", highlight=False)
    for warning in book.warnings:
        console.print(f"[yellow]![/] {escape(warning.message)}", soft_wrap=True, highlight=False)
    if with_text:
        for script in scripts:
            console.print(f"\n[bold]{script.number}. {escape(script.title)}[/]", highlight=False)
            for sentence in script.sentences:
                console.print(escape(sentence.spoken), soft_wrap=True, highlight=False)
