"""The end of a document's run into news for those who want to be told of books."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prefect.logging.loggers import flow_run_logger

from flows.endings import ending_of
from flows.errors import CannotStart
from flows.report import Narrated, folders_of
from flows.settings import Settings
from tasks.failures import Failure, failure_of
from tasks.hooks import Hooks, News, command_words, tell_of

if TYPE_CHECKING:
    from prefect import Flow
    from prefect.client.schemas.objects import FlowRun, State


def tell_of_run(flow: Flow[..., Any], flow_run: FlowRun, state: State[Any]) -> None:
    """Tell of a run of a document when it has ended; Prefect calls this.

    A document from an inbox is told of by the inbox's run, once it lies where it is kept.
    """
    if flow_run.parameters.get("kept_at"):
        return
    named = flow_run.parameters.get("document") or flow_run.parameters["book"]  # which is made again
    result = ending_of(state)
    document = Path(result.file if isinstance(result, Narrated) else named).absolute()
    if isinstance(result, Narrated):
        news = news_of_book(result, document)
    else:
        news = news_of_failure(failure_of(result), document)
    for warning in tell_of(news, hooks_of(Settings.read())):
        flow_run_logger(flow_run, flow).warning("%s: %s", document.name, warning)


def news_of_book(book: Narrated, document: Path) -> News:
    """The news that a book is done. document: where its document lies now."""
    facts = {**book.as_json(), "folder": book.book_dir, "folders": folders_of(book)}
    return News(True, document, Path(book.book_dir).name, facts)


def news_of_failure(failure: Failure, document: Path) -> News:
    """The news that no book can be made of a document, which lies there now."""
    facts = {"code": failure.code, "message": failure.message, "hint": failure.hint}
    return News(False, document, document.name, facts)


def hooks_of(settings: Settings) -> Hooks:
    """Who is to be told.

    Raises:
        CannotStart: a command or a web address cannot be understood.
    """
    for name, command in (("DONE", settings.on_done), ("FAILED", settings.on_failed)):
        try:
            words = command_words(command) if command is not None else ["none"]
        except ValueError as error:
            words, why = [], str(error).lower()
        else:
            why = "it is empty"
        if not words:
            raise CannotStart(f"BINDERY_ON_{name} is no command: {why}", "Write it as in a shell")
    if settings.webhook is not None and not re.match(r"https?://[^/\s]", settings.webhook):
        raise CannotStart(
            "BINDERY_WEBHOOK is no web address", "Write one that begins with https:// or http://"
        )
    return Hooks(settings.on_done, settings.on_failed, settings.webhook, settings.hook_limit_s)
