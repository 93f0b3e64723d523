"""`bindery rerun` and `bindery changes`: a finished book corrected, or what that would do."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.markup import escape

from flows.changes import tell_changes
from flows.converting import ending_at_once, problem_with_options, refuse, tell_book
from flows.display import ProgressBoard
from flows.embedded import embedded_prefect
from flows.endings import ending_of
from flows.errors import CannotStart
from flows.exits import Exit
from flows.ready import check_ready
from flows.report import Narrated, failure_json
from flows.rerun import order_again, rerun_chapters
from flows.settings import Settings
from inputs.errors import DocumentError
from outputs.errors import BadCompanion, CannotRerun, NoSuchBook, OutputError, UnknownFormat
from synth.errors import BadCompute, BadLexicon, SpeechError, UnknownPreference, UnknownVoice
from tasks.failures import failure_of
from tasks.progress import listening

Given = Mapping[str, Any]  # options that were given, by the names that `NarrationOptions` has for them


def show_changes(
    book: Path, given: Given, chapters: str | None, document: Path | None, *, as_json: bool
) -> Exit:
    """Say what would change of a book; nothing is spoken or written."""

    def show(_: Console) -> Exit:
        tell_changes(book, given, chapters, document, as_json=as_json)
        return Exit.DONE

    return _told(show, str(book), as_json=as_json)


def rerun_book(
    book: Path, given: Given, chapters: str | None, document: Path | None, *, as_json: bool
) -> Exit:
    """Make a finished book again, with what has changed since."""

    def rerun(console: Console) -> Exit:
        settings = Settings.read()
        again = order_again(book, given, settings, chapters, document)
        check_ready(again.options, settings)
        name = again.order.document.name
        with ending_at_once(), embedded_prefect(), ProgressBoard(console) as board:
            with board.line(name) as listener, listening(listener):
                state = rerun_chapters(
                    str(book),
                    chapters,
                    dict(given),
                    str(document) if document else None,
                    return_state=True,
                )
            result = ending_of(state)
            if isinstance(result, Narrated):
                if as_json:
                    typer.echo(json.dumps(result.as_json(), ensure_ascii=False))
                else:
                    tell_book(result, console)
                return Exit.DONE
        failure = failure_of(result)
        if as_json:
            typer.echo(json.dumps(failure_json(str(book), failure), ensure_ascii=False))
        refuse(console, Exit.SOME_FAILED, f"{name}: {failure.line}")
        return Exit.FAULT if failure.code == "unexpected" else Exit.SOME_FAILED

    return _told(rerun, str(book), as_json=as_json)


def _told(work: Callable[[Console], Exit], book: str, *, as_json: bool) -> Exit:
    """Do the work; what keeps it from being done is told in one line."""
    console = Console(stderr=True)
    try:
        return work(console)
    except ValidationError as error:
        return refuse(console, Exit.USAGE, problem_with_options(error))
    except (UnknownFormat, BadCompanion, UnknownVoice, UnknownPreference, BadCompute, BadLexicon) as error:
        return refuse(console, Exit.USAGE, str(error))
    except (DocumentError, NoSuchBook, CannotRerun) as error:
        if as_json:
            typer.echo(json.dumps(failure_json(book, failure_of(error)), ensure_ascii=False))
        console.print(f"[red]✗[/] {escape(str(error))}", soft_wrap=True, highlight=False)
        return Exit.SOME_FAILED
    except (SpeechError, OutputError, CannotStart) as error:
        return refuse(console, Exit.CANNOT_START, str(error))
