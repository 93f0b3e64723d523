"""Many documents into audiobooks, a few at a time: their chunks share batches, the speaker never waits."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import as_completed
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from prefect import flow, get_run_logger
from prefect.states import Completed, Failed

from flows.endings import ending_of, forget_ending
from flows.lanes import Lanes
from flows.narrate import NarrationOptions, narrate_book
from flows.report import Narrated, failure_json
from inputs.errors import DocumentError
from inputs.read import refuse_odd_name
from tasks.failures import Failure, failure_of
from tasks.progress import Listener, listening

Watching = Callable[[str], AbstractContextManager[Listener]]  # who is told of a document's progress


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one document."""

    document: str
    narrated: Narrated | None
    failure: Failure | None  # exactly one of the two is there

    def as_json(self) -> dict[str, Any]:
        """The facts as JSON knows them."""
        if self.narrated is not None:
            return self.narrated.as_json()
        assert self.failure is not None
        return failure_json(self.document, self.failure)


@flow(name="narrate-documents", flow_run_name="narrate {documents}", persist_result=False)
def narrate_documents(documents: list[str], options: NarrationOptions | None = None) -> Any:
    """Turn several documents into audiobooks; one that fails never keeps the others from being finished."""
    outcomes = list(narrate_each(documents, options or NarrationOptions()))
    failed = [outcome for outcome in outcomes if outcome.failure is not None]
    for outcome in failed:
        get_run_logger().error("%s: %s", outcome.document, outcome.failure and outcome.failure.line)
    told = [outcome.as_json() for outcome in outcomes]
    if failed:
        return Failed(message=f"{len(failed)} of {len(outcomes)} documents failed", data=told)
    return Completed(message=f"{len(outcomes)} documents are done", data=told)


def narrate_each(
    documents: Iterable[str], options: NarrationOptions, watching: Watching | None = None
) -> Iterator[Outcome]:
    """Narrate each document once, in a flow run of its own; the outcomes come as they are known."""
    with Lanes() as lanes:
        running = [
            lanes.submit(narrate_one, document, options, watching) for document in dict.fromkeys(documents)
        ]
        for outcome in as_completed(running):
            yield outcome.result()


def narrate_one(
    document: str, options: NarrationOptions, watching: Watching | None = None, kept_at: str | None = None
) -> Outcome:
    """Narrate a document in a flow run of its own. kept_at: as `narrate_book` has it."""
    try:
        refuse_odd_name(Path(document))
    except DocumentError as error:
        return Outcome(os.fsencode(document).decode(errors="replace"), None, failure_of(error))
    with watching(document) if watching else nullcontext(_hear_nothing) as listener, listening(listener):
        try:
            state = narrate_book(document, options, kept_at, return_state=True)
        except (httpx.HTTPError, OSError) as error:  # Prefect's server went away
            return Outcome(document, None, failure_of(error))
    result = ending_of(state)
    forget_ending(state)
    if isinstance(result, Narrated):
        return Outcome(document, result, None)
    return Outcome(document, None, failure_of(result))


def _hear_nothing(_event: object) -> None:
    """Where nobody watches."""
