"""What happens while a book is made into a bar on the page that Prefect has of its run."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import copy_context
from typing import Final
from uuid import UUID

import httpx
from prefect import get_run_logger
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import ArtifactCreate, ArtifactUpdate
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterFlowRunId, ArtifactFilterKey
from prefect.exceptions import PrefectException
from prefect.runtime import flow_run
from prefect.settings import PREFECT_CLIENT_MAX_RETRIES, temporary_settings

from flows.book_page import page_key, plain
from flows.display import clock
from tasks.progress import ChapterFinished, Event, Planned, Spoken, listening

EVERY_S: Final = 5.0  # each update is an event that the server keeps
MOST_PERCENT: Final = 99.0  # until the book is in the library
_REQUEST_LIMIT_S: Final = 5.0
_LAST_LIMIT_S: Final = 2.0  # how long a book waits for its last update


@contextmanager
def progress_page(every_s: float = EVERY_S) -> Iterator[None]:
    """Show how far the book of this flow run is, by a progress artifact, from when it is planned.

    A thread of its own speaks with the server, once in `every_s` at the most and once at the end; a server
    that is away changes nothing for the book. What ends well shows 100 %, what fails shows how far it came.
    """
    run = flow_run.id
    if run is None:  # outside of any, there is no page
        yield
        return
    page = _Page(UUID(run), every_s)
    # the context holds Prefect's settings and the log of the run
    thread = threading.Thread(
        target=copy_context().run, args=(page.show,), name="showing progress", daemon=True
    )
    thread.start()
    is_done = False
    try:
        with listening(page.hear):
            yield
        is_done = True
    finally:
        page.end(is_done=is_done)
        thread.join(_LAST_LIMIT_S)


class _Page:
    """How far a book is, and the artifact that shows it."""

    def __init__(self, run: UUID, every_s: float) -> None:
        self._run = run
        self._every_s = every_s
        self._lock = threading.Lock()
        self._is_planned, self._has_ended = threading.Event(), threading.Event()
        self._plan: Planned | None = None
        self._phonemes = self._chapters = 0
        self._spoken_s = self._finished_s = 0.0  # what is spoken while it is still being read is not told of
        self._is_done = False
        self._artifact: UUID | None = None
        self._has_warned = False

    def hear(self, event: Event) -> None:
        """Take in one more event; called from the threads that tasks run in, and over at once."""
        with self._lock:
            match event:
                case Planned():
                    self._plan = event
                    self._phonemes = event.phonemes - event.phonemes_to_speak
                    self._is_planned.set()
                case Spoken():
                    self._phonemes += event.phonemes
                    self._spoken_s += event.audio_s
                case ChapterFinished():
                    self._chapters += 1
                    self._finished_s += event.audio_s

    def end(self, *, is_done: bool) -> None:
        """Nothing more will be heard."""
        with self._lock:
            self._is_done = is_done
            self._has_ended.set()
            self._is_planned.set()  # or it was not even read, and there is nothing to show

    def show(self) -> None:
        """Show it until the end, in a thread of its own."""
        self._is_planned.wait()
        plan = self._plan
        if plan is None:
            return
        patience = {"timeout": _REQUEST_LIMIT_S}
        with (
            temporary_settings({PREFECT_CLIENT_MAX_RETRIES: 0}),  # the next update is another try
            get_client(patience, sync_client=True) as client,
        ):
            shown = self._put(client, plan, None)
            while not self._has_ended.wait(self._every_s):
                shown = self._put(client, plan, shown)
            self._put(client, plan, shown)

    def _put(
        self, client: SyncPrefectClient, plan: Planned, shown: tuple[float, str] | None
    ) -> tuple[float, str] | None:
        """Have the server show how far it is, if that is not what is shown; returned is what then is."""
        percent, told = now = self._now(plan)
        if now == shown:
            return shown
        key = page_key(plan.title, "progress")
        try:
            self._artifact = self._artifact or self._of_an_earlier_try(client, key)
            if self._artifact is not None:
                client.update_artifact(self._artifact, ArtifactUpdate(data=percent, description=told))
            else:
                # `create_progress_artifact` does this with a client that waits for a minute
                bar = ArtifactCreate(
                    key=key, type="progress", data=percent, description=told, flow_run_id=self._run
                )
                self._artifact = client.create_artifact(bar).id
        except (httpx.HTTPError, PrefectException, ValueError) as error:  # ValueError: no answer of Prefect's
            if not self._has_warned:
                get_run_logger().warning("Prefect did not take the progress of %s: %s", plan.title, error)
                self._has_warned = True
            return shown
        return now

    def _of_an_earlier_try(self, client: SyncPrefectClient, key: str) -> UUID | None:
        """The artifact that this run had before it was interrupted."""
        wanted = ArtifactFilter(
            key=ArtifactFilterKey(any_=[key]), flow_run_id=ArtifactFilterFlowRunId(any_=[self._run])
        )
        return next((one.id for one in client.read_artifacts(artifact_filter=wanted, limit=1)), None)

    def _now(self, plan: Planned) -> tuple[float, str]:
        """How far it is: percent of the phonemes, and in words, as Markdown."""
        with self._lock:
            percent = min(100 * self._phonemes / max(plan.phonemes, 1), MOST_PERCENT)
            told = (
                f"{plain(plan.title)}: {self._chapters} of {plan.chapters} chapters finished,"
                f" {clock(self._finished_s)} of audio; {clock(self._spoken_s)} spoken since it was read"
            )
            if self._is_done:
                return 100.0, told
            return round(percent, 1), f"{told}; it was not finished" if self._has_ended.is_set() else told
