"""`bindery convert`: documents into audiobooks, each told of in its own words as soon as it is done."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.markup import escape

from flows.display import ProgressBoard, chapter_table, clock
from flows.documents import narrate_each
from flows.embedded import embedded_prefect
from flows.errors import CannotStart
from flows.exits import Exit
from flows.narrate import NarrationOptions
from flows.ready import get_ready
from flows.report import Narrated
from flows.settings import Settings
from outputs.errors import BadCompanion, OutputError, UnknownFormat
from synth.errors import BadCompute, BadLexicon, SpeechError, UnknownPreference, UnknownVoice
from tasks.failures import Failure

_PROBLEMS: Final = {
    "string_pattern_mismatch": "write numbers and ranges, such as 2-4,7",
    "too_short": "name at least one",
}


def convert_all(files: Sequence[Path], chosen: Mapping[str, object], *, as_json: bool) -> Exit:
    """Convert each document; one that fails never keeps the others from being finished."""
    console = Console(stderr=True)
    try:
        options = NarrationOptions.model_validate(chosen)
        with ending_at_once(), embedded_prefect(lambda: get_ready(options, Settings.read())):
            failures = list(_convert(files, options, console, as_json=as_json))
    except ValidationError as error:
        return refuse(console, Exit.USAGE, problem_with_options(error))
    except (UnknownFormat, BadCompanion, UnknownVoice, UnknownPreference, BadCompute, BadLexicon) as error:
        return refuse(console, Exit.USAGE, str(error))
    except (SpeechError, OutputError, CannotStart) as error:
        return refuse(console, Exit.CANNOT_START, str(error))
    if failures and len(files) > 1:
        console.print(f"[red]{len(failures)} of {len(files)} documents failed[/]; the others are done.")
    if any(failure.code == "unexpected" for failure in failures):
        return Exit.FAULT
    return Exit.SOME_FAILED if failures else Exit.DONE


@contextmanager
def ending_at_once(before_that: Callable[[], None] = lambda: None) -> Iterator[None]:
    """End within a moment when interrupted, whatever is being spoken: nothing is lost by it.

    What is done lies in the stores, complete; Prefect's API and the encoders end when this process does.
    """

    def end(number: int, _frame: object) -> None:
        before_that()
        # no console: it has locks, and the thread that holds one of them may never run again
        os.write(2, b"\nInterrupted. Run the same command again to go on where it was.\n")
        os._exit(128 + number)

    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _convert(
    files: Sequence[Path], options: NarrationOptions, console: Console, *, as_json: bool
) -> Iterator[Failure]:
    with ProgressBoard(console) as board:
        for outcome in narrate_each(map(str, files), options, board.line):
            if as_json:
                typer.echo(json.dumps(outcome.as_json(), ensure_ascii=False))
            if outcome.failure is not None:
                line = f"[red]✗[/] {escape(outcome.document)}: {escape(outcome.failure.line)}"
                console.print(line, soft_wrap=True, highlight=False)
                yield outcome.failure
            elif outcome.narrated is not None and not as_json:
                tell_book(outcome.narrated, console)


def tell_book(book: Narrated, console: Console) -> None:
    """What was made, where it is and how long it took."""
    table = chapter_table("length", "LUFS", "dBTP")
    for chapter in book.chapters:
        table.add_row(
            str(chapter.number),
            escape(chapter.title),
            clock(chapter.audio_s),
            f"{chapter.lufs:.1f}",
            f"{chapter.true_peak_dbtp:.1f}",
        )
    console.print(f"[green]✓[/] [bold]{escape(Path(book.file).name)}[/]: {_summary(book)}", highlight=False)
    console.print(table)
    if book.book_toml:
        console.print(f"  as {escape(book.book_toml)} has it", soft_wrap=True, highlight=False)
    for warning in book.warnings:
        console.print(f"[yellow]![/] {escape(warning)}", highlight=False)
    folders = dict.fromkeys(str(Path(file).parent) for chapter in book.chapters for file in chapter.files)
    for place in filter(None, [book.m4b, *folders, book.readalong]):
        console.print(f"  {escape(place)}", soft_wrap=True, highlight=False)


def _summary(book: Narrated) -> str:
    new = book.chunks - book.spoken_from_cache
    spoken = "nothing had to be spoken" if not new else f"{new} of {book.chunks} chunks spoken"
    return (
        f"{clock(book.audio_s)} of audio in {clock(book.compute_s)} ({book.rtfx:.0f}× real time), "
        f"{spoken}, {book.engine} {book.voice}"
    )


def problem_with_options(error: ValidationError) -> str:
    """What is wrong with the options of a command, in a line."""
    first = error.errors()[0]
    problem = _PROBLEMS.get(first["type"], first["msg"])
    return f"--{first['loc'][0]} {first['input'] or 'is empty'}: {problem}"


def refuse(console: Console, status: Exit, problem: str) -> Exit:
    """Say in one line why nothing is done."""
    console.print(f"[red]✗[/] {escape(problem)}", soft_wrap=True, highlight=False)
    return status
