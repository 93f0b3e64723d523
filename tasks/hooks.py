"""News of a book that is done or failed, told to whoever wants it: a command, a webhook, a Prefect event."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
from prefect.events import emit_event
from slugify import slugify

WEBHOOK_TRIES: Final = 2
_WEBHOOK_TIMEOUT_S: Final = 10.0
_SAID_BYTES: Final = 2000  # of what a command that failed has said
_SERVER_ERRORS: Final = 500


@dataclass(frozen=True, slots=True)
class Hooks:
    """Who is told, as the settings say it.

    on_done, on_failed: a command and its arguments, as in a shell, but run without one. webhook: a URL.
    timeout_s: how long a command may take.
    """

    on_done: str | None = None
    on_failed: str | None = None
    webhook: str | None = None
    timeout_s: float = 60.0


@dataclass(frozen=True, slots=True)
class News:
    """What happened to one document.

    title: of its book, or its file's name. facts: the same for programs; JSON. What is text or a number in it
    reaches a command as a variable, too.
    """

    is_done: bool
    document: Path  # where it lies now
    title: str
    facts: Mapping[str, Any]

    @property
    def event(self) -> str:
        """What Prefect's automations know it by."""
        return f"audiobindery.book.{'done' if self.is_done else 'failed'}"

    def as_json(self) -> dict[str, Any]:
        """All of it, for programs."""
        return {**self.facts, "event": self.event, "document": str(self.document), "title": self.title}


def tell_of(news: News, hooks: Hooks) -> tuple[str, ...]:
    """Tell everyone; what went wrong in that is returned as warnings, and changes nothing for the book."""
    warnings: list[str] = []
    command = hooks.on_done if news.is_done else hooks.on_failed
    if command:
        warnings += _run(command, news, hooks.timeout_s)
    if hooks.webhook:
        warnings += _post(hooks.webhook, news)
    resource = f"audiobindery.book.{slugify(news.title) or 'untitled'}"
    emit_event(
        news.event,
        resource={"prefect.resource.id": resource, "prefect.resource.name": news.title},
        payload=news.as_json(),
    )
    return tuple(warnings)


def command_words(command: str) -> list[str]:
    """A command and its arguments.

    Raises:
        ValueError: a quotation mark is not closed.
    """
    return shlex.split(command)


def _run(command: str, news: News, timeout_s: float) -> Iterator[str]:
    """Run a command with the facts as variables and as JSON on its standard input."""
    words = command_words(command)
    with tempfile.TemporaryFile() as said:
        try:
            child = subprocess.Popen(
                words,
                stdin=subprocess.PIPE,
                stdout=said,
                stderr=subprocess.STDOUT,
                env=os.environ | _variables(news.as_json()),
                start_new_session=True,
            )
        except OSError as error:
            yield f"{words[0]} could not be run ({error.strerror})"
            return
        try:
            child.communicate(json.dumps(news.as_json(), ensure_ascii=False).encode(), timeout_s)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)  # it and all that it started
            child.wait()
            yield f"{words[0]} did not end within {timeout_s:g} s and was killed"
            return
        if child.returncode:
            said.seek(max(0, said.seek(0, os.SEEK_END) - _SAID_BYTES))
            last = said.read().decode(errors="replace").strip().rpartition("\n")[2]
            yield f"{words[0]} failed with status {child.returncode}" + (f": {last}" if last else "")


def _variables(facts: Mapping[str, Any]) -> dict[str, str]:
    """BOOK_TITLE, BOOK_DOCUMENT and so on; a variable cannot hold a zero byte."""
    return {
        f"BOOK_{name.upper()}": str(value).replace("\0", "")
        for name, value in facts.items()
        if isinstance(value, str | int | float)
    }


def _post(url: str, news: News) -> Iterator[str]:
    """Send the facts; a server that does not answer, or has trouble of its own, is asked once more."""
    problem = ""
    for _ in range(WEBHOOK_TRIES):
        try:
            answer = httpx.post(url, json=news.as_json(), timeout=_WEBHOOK_TIMEOUT_S)
        except (httpx.TransportError, httpx.InvalidURL) as error:
            problem = f"{type(error).__name__} {error}".strip()
            continue
        if answer.is_success:
            return
        problem = f"it answered {answer.status_code}"
        if answer.status_code < _SERVER_ERRORS:
            break
    yield f"the webhook was not told: {problem}"  # its URL may hold a secret
