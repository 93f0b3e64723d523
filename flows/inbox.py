"""An inbox's documents into audiobooks, whenever something has arrived whole: the scheduled run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from prefect import flow, get_run_logger
from prefect.states import Completed, Failed

from flows.documents import Watching
from flows.errors import CannotStart
from flows.inbox_round import Became, Handled, Round
from flows.narrate import NarrationOptions
from flows.news import hooks_of
from flows.ready import check_ready
from flows.settings import Settings
from tasks.attempts import Attempts
from tasks.claims import Claims, Machine, take_back
from tasks.failures import Failure, Fault
from tasks.inbox import Inbox, arrived


@flow(name="narrate-inbox", persist_result=False)
def narrate_inbox(folder: str | None = None, options: NarrationOptions | None = None) -> Any:
    """Turn every document that has arrived whole in the inbox into an audiobook, and put it away.

    folder: empty: what BINDERY_INBOX says. A document that fails never keeps the others from being finished.
    """
    settings = Settings.read()
    if folder is None and settings.inbox is None:
        return Completed(message="no inbox is named: set BINDERY_INBOX where the worker runs")
    log = get_run_logger()
    counts: Counter[Became] = Counter()
    stopped: Failure | None = None
    inbox = inbox_at(folder, settings)
    for one in attend(inbox, Attempts(inbox.attempts), options or NarrationOptions(), settings):
        counts[one.became] += 1
        (log.warning if one.failure else log.info)("%s", one.line)
        for warning in one.warnings:
            log.warning("%s: %s", one.name, warning)
        if one.became is Became.WAITS and one.failure and one.failure.fault is Fault.MACHINE:
            stopped = one.failure
    told = ", ".join(f"{number} {became.value}" for became, number in sorted(counts.items()))
    if stopped:
        return Failed(message=f"{stopped.line} ({told})")
    return Completed(message=told or "nothing has arrived")


def inbox_at(folder: str | Path | None, settings: Settings) -> Inbox:
    """The inbox that is meant, if it can be worked in.

    Raises:
        CannotStart: none is named, or it is at a URL.
        InboxUnusable: it is not there, or cannot be written to.
    """
    where = str(folder or settings.inbox or "")
    if not where:
        raise CannotStart("no inbox is named", "Name a folder, or set BINDERY_INBOX")
    if "://" in where:
        raise CannotStart(
            f"the inbox cannot be at {where}: a document is taken by renaming it, and only folders know that",
            "Mount it as a folder, or copy its documents to one",
        )
    inbox = Inbox(Path(where).expanduser().absolute())
    inbox.check()
    return inbox


def attend(
    inbox: Inbox,
    attempts: Attempts,
    options: NarrationOptions,
    settings: Settings,
    watching: Watching | None = None,
) -> Iterator[Handled]:
    """Work through what has arrived, once; what became of each document comes as it is known.

    Raises:
        CannotStart, SpeechError, OutputError: what would fail for every document; nothing is taken then.
        InboxUnusable: the inbox's disk cannot be worked on.
    """
    machine = Machine.this()
    take_back(inbox, settings.lease_s, machine)
    waiting = arrived(inbox, settings.settle_s)
    if not waiting:
        return
    hooks = hooks_of(settings)
    check_ready(options, settings)
    with Claims(inbox, machine) as claims:
        yield from Round(claims, attempts, options, settings, hooks, watching).work_through(waiting)
