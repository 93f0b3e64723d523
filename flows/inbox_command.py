"""`bindery inbox`: documents that are put into a folder into audiobooks, until it is interrupted."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.markup import escape

from flows.converting import ending_at_once, problem_with_options, refuse, tell_book
from flows.display import ProgressBoard
from flows.embedded import embedded_prefect
from flows.errors import CannotStart
from flows.exits import Exit
from flows.inbox import attend, inbox_at
from flows.inbox_round import Became, Handled
from flows.narrate import NarrationOptions
from flows.news import hooks_of
from flows.ready import check_ready
from flows.settings import Settings
from outputs.errors import BadCompanion, OutputError, UnknownFormat
from synth.errors import BadCompute, BadLexicon, SpeechError, UnknownPreference, UnknownVoice
from tasks.attempts import Attempts
from tasks.claims import is_touched
from tasks.errors import InboxUnusable
from tasks.failures import Fault
from tasks.inbox import Inbox, waiting

LOOK_EVERY_S: Final = 10.0
_WAIT_S: Final = 60.0  # after what would have kept every document from being finished


def watch_inbox(folder: Path | None, chosen: Mapping[str, object], *, once: bool, as_json: bool) -> Exit:
    """Work through an inbox, once or again and again."""
    console = Console(stderr=True)
    settings = Settings.read()
    try:
        options = NarrationOptions.model_validate(chosen)
        inbox = inbox_at(folder, settings)
        hooks_of(settings)
        if once and not _anything(inbox):
            console.print(
                f"{escape(str(inbox.folder))}: nothing has arrived", soft_wrap=True, highlight=False
            )
            return Exit.DONE
        check_ready(options, settings)
        attempts = Attempts(inbox.attempts)
        with ending_at_once(attempts.forgive), embedded_prefect():
            if once:
                return _work(inbox, attempts, options, settings, console, as_json=as_json)
            console.print(
                f"Waiting for documents in {escape(str(inbox.folder))}; Ctrl-C ends it.",
                soft_wrap=True,
                highlight=False,
            )
            while True:
                time.sleep(_watch(inbox, attempts, options, settings, console, as_json=as_json))
    except ValidationError as error:
        return refuse(console, Exit.USAGE, problem_with_options(error))
    except (UnknownFormat, BadCompanion, UnknownVoice, UnknownPreference, BadCompute, BadLexicon) as error:
        return refuse(console, Exit.USAGE, str(error))
    except (SpeechError, OutputError, CannotStart, InboxUnusable) as error:
        return refuse(console, Exit.CANNOT_START, str(error))


def _anything(inbox: Inbox) -> bool:
    """Whether there is anything in the inbox, arrived or not, or that a run which died had taken."""
    return bool(waiting(inbox)) or is_touched(inbox)


def _watch(
    inbox: Inbox,
    attempts: Attempts,
    options: NarrationOptions,
    settings: Settings,
    console: Console,
    *,
    as_json: bool,
) -> float:
    """Look once; what goes wrong is told and may be right the next time. Returned is when that is, in s."""
    try:
        if not _anything(inbox):
            return LOOK_EVERY_S
        status = _work(inbox, attempts, options, settings, console, as_json=as_json)
    except (SpeechError, OutputError, InboxUnusable) as error:
        refuse(console, Exit.CANNOT_START, str(error))
        return _WAIT_S
    return _WAIT_S if status is Exit.CANNOT_START else LOOK_EVERY_S


def _work(
    inbox: Inbox,
    attempts: Attempts,
    options: NarrationOptions,
    settings: Settings,
    console: Console,
    *,
    as_json: bool,
) -> Exit:
    """Work through what has arrived, and tell of each document as soon as it is known."""
    status = Exit.DONE
    with ProgressBoard(console) as board:
        for one in attend(inbox, attempts, options, settings, board.line):
            _tell(one, console, as_json=as_json)
            if one.became is Became.FAILED and status is Exit.DONE:
                status = Exit.SOME_FAILED
            if one.became is Became.WAITS and one.failure and one.failure.fault is Fault.MACHINE:
                status = Exit.CANNOT_START
    return status


def _tell(one: Handled, console: Console, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(one.as_json(), ensure_ascii=False))
    elif one.narrated is not None:
        tell_book(one.narrated, console)
    marks = {Became.FAILED: "[red]✗[/]", Became.KNOWN: "[green]✓[/]", Became.WAITS: "[yellow]–[/]"}
    if one.became in marks:
        console.print(f"{marks[one.became]} {escape(one.line)}", soft_wrap=True, highlight=False)
    for warning in one.warnings:
        console.print(f"[yellow]![/] {escape(f'{one.name}: {warning}')}", soft_wrap=True, highlight=False)
