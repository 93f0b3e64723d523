"""The queue of documents, as Prefect's runs have it: what waits, what runs, when each will be done."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterDeploymentId,
    FlowRunFilterState,
    FlowRunFilterStateType,
    FlowRunFilterTags,
)
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.client.schemas.responses import DeploymentResponse
from prefect.client.schemas.sorting import FlowRunSort
from prefect.exceptions import ObjectNotFound
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect.states import Cancelled, Cancelling, Scheduled

from flows.errors import CannotStart
from flows.narrate import NarrationOptions
from flows.priorities import Priority
from flows.provision import CANCEL_LIMIT_S
from flows.rates import Rates, rates_of
from flows.served import addresses_in, server_faults_told
from flows.settings import Settings
from inputs.choosing import chosen_chapters
from outputs.files import sha256_of
from tasks.edition import edition_of
from tasks.scripts import chapter_script

DEPLOYMENT: Final = "narrate-book/book"
_PAGE: Final = 200  # runs that Prefect's API gives at once
_AUDIO_LABEL: Final = "bindery.audio_s"
_DUE_LABEL: Final = "bindery.due"
_KEY_TAG: Final = "document:"
_BY_TAG: Final = "by:"
_ID_LETTERS: Final = 8
_RETRIED: Final = (StateType.FAILED, StateType.CRASHED, StateType.CANCELLED)


class Stage(StrEnum):
    """What a document in the queue is at."""

    RUNNING = "running"
    WAITING = "waiting"
    CANCELLING = "being cancelled"
    DONE = "done"
    FAILED = "failed"
    DIED = "died"  # its process, that is
    CANCELLED = "cancelled"


_STAGES: Final = {
    StateType.SCHEDULED: Stage.WAITING,
    StateType.PENDING: Stage.RUNNING,
    StateType.RUNNING: Stage.RUNNING,
    StateType.PAUSED: Stage.WAITING,
    StateType.CANCELLING: Stage.CANCELLING,
    StateType.COMPLETED: Stage.DONE,
    StateType.FAILED: Stage.FAILED,
    StateType.CRASHED: Stage.DIED,
    StateType.CANCELLED: Stage.CANCELLED,
}
ENDED: Final = (Stage.DONE, Stage.FAILED, Stage.DIED, Stage.CANCELLED)


@dataclass(frozen=True, slots=True)
class Entry:
    """One document in the queue."""

    id: str  # by which commands name it; the same after a retry or a move
    run: str  # Prefect's own
    document: str
    stage: Stage
    priority: str
    by: str | None  # who added it
    engine: str
    voice: str | None
    audio_s: float | None  # estimated from its words
    added: datetime
    started: datetime | None
    ended: datetime | None
    due: datetime | None
    attempts: int
    told: str | None  # what Prefect says of its state
    position: int | None = None  # 1 is next; None: it does not wait
    ready: datetime | None = None  # when it will be done; None: nobody knows

    @property
    def is_late(self) -> bool:
        """Whether it will not be done, or was not, by when it is due."""
        done = self.ended if self.stage is Stage.DONE else self.ready
        return self.due is not None and done is not None and done > self.due


@dataclass(frozen=True, slots=True)
class Added:
    """What became of a document that was to be added."""

    entry: Entry
    is_new: bool  # False: the same was waiting or running already


class NotInQueue(Exception):
    """What was asked of a document in the queue cannot be done; `str()` is a line for a person."""


@contextmanager
def open_queue(settings: Settings) -> Iterator[Queue]:
    """The queue of the server that PREFECT_API_URL names, else of this machine's `bindery serve`.

    Raises:
        CannotStart: there is none, or it does not have our deployment.
    """
    addresses = addresses_in(settings.home)
    api = PREFECT_API_URL.value() or (addresses.api if addresses else None)
    if api is None:
        raise CannotStart(
            "no server runs here", "Start one with `bindery serve`, or name one in PREFECT_API_URL"
        )
    with (
        server_faults_told(api),
        temporary_settings({PREFECT_API_URL: api}),
        get_client(sync_client=True) as client,
    ):
        try:
            deployment = client.read_deployment_by_name(DEPLOYMENT)
        except ObjectNotFound as error:
            hint = "Run `prefect deploy --all` against it, or use `bindery serve`"
            raise CannotStart(f"the server at {api} does not know our deployments", hint) from error
        try:
            yield Queue(client, deployment, settings.home)
        except ObjectNotFound as error:
            raise NotInQueue("it was deleted from Prefect's server meanwhile") from error


class Queue:
    """What can be done with documents that wait or run."""

    def __init__(self, client: SyncPrefectClient, deployment: DeploymentResponse, home: Path) -> None:
        self._client = client
        self._deployment = deployment
        self._home = home

    def add(
        self,
        document: Path,
        options: NarrationOptions,
        priority: Priority = Priority.NORMAL,
        by: str | None = None,
        due: datetime | None = None,
    ) -> Added:
        """Add a document; one that waits or runs already, to be spoken in the same way, is not doubled.

        Raises:
            DocumentError: it cannot be read, so that it is not even queued.
        """
        (added,) = self.placed([self.put(document, options, priority, by, due)])
        return added

    def put(
        self,
        document: Path,
        options: NarrationOptions,
        priority: Priority = Priority.NORMAL,
        by: str | None = None,
        due: datetime | None = None,
    ) -> Added:
        """The same without looking at the rest of the queue: nobody knows its position yet, and its time."""
        audio_s = _estimated_audio_s(document, options)
        key = _key(document, options)
        before = self._runs(tags=[_KEY_TAG + key])
        for run in before:
            if _stage(run) not in ENDED:
                return Added(_entry(run), is_new=False)
        run = self._client.create_flow_run_from_deployment(
            self._deployment.id,
            name=document.name,
            parameters={
                "document": str(document.absolute()),
                "options": options.model_dump(mode="json", exclude_defaults=True),
            },
            tags=[*self._deployment.tags, _KEY_TAG + key, *([_BY_TAG + by] if by else [])],
            labels={
                **({_AUDIO_LABEL: audio_s} if audio_s is not None else {}),
                **({_DUE_LABEL: due.isoformat()} if due else {}),
            },
            work_queue_name=priority.value,
            idempotency_key=_next_key(key, before),
        )
        return Added(_entry(run), is_new=True)

    def placed(self, added: Sequence[Added]) -> list[Added]:
        """What was put, each with its position and when it will be done; reads the queue once."""
        entries = {entry.run: entry for entry in self.entries()} if added else {}
        return [replace(one, entry=entries.get(one.entry.run, one.entry)) for one in added]

    def entries(self) -> list[Entry]:
        """All that runs or waits, in the order in which it will be done, with when that will be."""
        states = [state for state, stage in _STAGES.items() if stage not in ENDED]
        entries = [_entry(run) for run in sorted(self._runs(states=states), key=_turn)]
        now = datetime.now(UTC)
        ready, position = now, 0
        timed: list[Entry] = []
        known = True
        for entry in entries:
            work_s = _work_s(entry.audio_s, rates_of(self._home, entry.engine))
            if entry.stage is Stage.WAITING:
                position += 1
            elif work_s is not None and entry.started:
                work_s = max(0.0, work_s - (now - entry.started).total_seconds())
            known = known and work_s is not None
            ready += timedelta(seconds=work_s or 0.0)
            timed.append(
                replace(
                    entry,
                    position=position if entry.stage is Stage.WAITING else None,
                    ready=ready if known else None,
                )
            )
        return timed

    def ended(self, most: int) -> list[Entry]:
        """What ended last, the newest first."""
        states = [state for state, stage in _STAGES.items() if stage in ENDED]
        return [_entry(run) for run in self._runs(states=states, sort=FlowRunSort.END_TIME_DESC, most=most)]

    def entry(self, name: str) -> Entry:
        """The document of an id, or of the beginning of one; of a document's several runs the newest.

        Raises:
            NotInQueue: there is none, or several.
        """
        run = self._run(name)
        return next((entry for entry in self.entries() if entry.run == str(run.id)), _entry(run))

    def cancel(self, name: str) -> Entry:
        """Take a document out, or end it if it runs; waits until its process has ended.

        Raises:
            NotInQueue: there is none, or it has ended.
        """
        run = self._run(name)
        if _stage(run) in ENDED:
            raise NotInQueue(f"{_id(run)} is {_stage(run).value} already")
        if _stage(run) is Stage.RUNNING:
            run = self._wait(
                run, lambda now: now.state_type is not StateType.PENDING
            )  # Prefect overlooks those
        state: State = Cancelled() if _stage(run) is Stage.WAITING else Cancelling()
        self._client.set_flow_run_state(run.id, state)
        return _entry(self._wait(run, lambda now: _stage(now) in ENDED))

    def retry(self, name: str) -> Entry:
        """Have a document that failed, died or was cancelled done after all.

        Raises:
            NotInQueue: there is none, or it waits, runs or is done.
        """
        run = self._run(name)
        if run.state_type not in _RETRIED:
            raise NotInQueue(f"{_id(run)} is {_stage(run).value}: there is nothing to retry")
        self._client.set_flow_run_state(run.id, Scheduled(message="retried"), force=True)
        return self.entry(_id(run))

    def move(self, name: str, priority: Priority | None, *, first: bool) -> Entry:
        """Give a document that waits another priority, or let it go before all others of its priority.

        Prefect does not let a run change its work queue: another run takes its place.

        Raises:
            NotInQueue: there is none, or it does not wait.
        """
        run = self._run(name)
        if _stage(run) is not Stage.WAITING:
            raise NotInQueue(f"{_id(run)} is {_stage(run).value}; only what waits can be moved")
        to = priority.value if priority else run.work_queue_name
        others = [one for one in self._runs(states=[StateType.SCHEDULED]) if one.work_queue_name == to]
        turns = [_may_begin(one) for one in others if one.id != run.id]
        turn = min(turns, default=datetime.now(UTC)) - timedelta(seconds=1) if first else datetime.now(UTC)
        if to == run.work_queue_name:
            if self._client.read_flow_run(run.id).state_id != run.state_id:
                raise NotInQueue(f"{_id(run)} has just begun")
            self._client.set_flow_run_state(run.id, Scheduled(scheduled_time=turn), force=True)
            return self.entry(_id(run))
        self._client.set_flow_run_state(run.id, Cancelled(message="moved"))
        if _stage(self._client.read_flow_run(run.id)) is not Stage.CANCELLED:
            raise NotInQueue(f"{_id(run)} has just begun")
        moved = self._client.create_flow_run_from_deployment(
            self._deployment.id,
            name=run.name,
            parameters=run.parameters,
            tags=run.tags,
            labels=run.labels,
            work_queue_name=to,
            state=Scheduled(scheduled_time=turn),
        )
        self._client.delete_flow_run(run.id)
        return self.entry(_id(moved))

    def _wait(self, run: FlowRun, condition: Callable[[FlowRun], bool]) -> FlowRun:
        """The run once it is so, or when that takes too long."""
        deadline_s = time.monotonic() + CANCEL_LIMIT_S
        now = self._client.read_flow_run(run.id)
        while not condition(now) and time.monotonic() < deadline_s:
            time.sleep(0.2)
            now = self._client.read_flow_run(run.id)
        return now

    def _run(self, name: str) -> FlowRun:
        found: dict[str, FlowRun] = {}
        for run in self._runs(sort=FlowRunSort.EXPECTED_START_TIME_DESC):
            if _id(run).startswith(name.lower()) or str(run.id) == name:
                found.setdefault(_id(run), run)
        if len(found) == 1:
            return next(iter(found.values()))
        if not found:
            raise NotInQueue(f"nothing in the queue is called {name!r}; `bindery queue list --all` shows it")
        raise NotInQueue(f"{name!r} may be {' or '.join(found)}: write more of it")

    def _runs(
        self,
        states: Sequence[StateType] = (),
        tags: Sequence[str] = (),
        sort: FlowRunSort = FlowRunSort.EXPECTED_START_TIME_ASC,
        most: int | None = None,
    ) -> list[FlowRun]:
        wanted = FlowRunFilter(
            deployment_id=FlowRunFilterDeploymentId(any_=[self._deployment.id]),
            state=FlowRunFilterState(type=FlowRunFilterStateType(any_=list(states))) if states else None,
            tags=FlowRunFilterTags(all_=list(tags)) if tags else None,
        )
        found: list[FlowRun] = []
        while True:
            limit = min(_PAGE, most - len(found)) if most else _PAGE
            page = self._client.read_flow_runs(
                flow_run_filter=wanted, sort=sort, limit=limit, offset=len(found)
            )
            found += page
            if len(page) < limit or len(found) == most:
                return found


def _key(document: Path, options: NarrationOptions) -> str:
    """The sha256, hex, of a document's content and of how it is to be spoken."""
    wanted = options.model_dump(mode="json", exclude_defaults=True)
    return hashlib.sha256(json.dumps([sha256_of(document), wanted], sort_keys=True).encode()).hexdigest()


def _estimated_audio_s(document: Path, options: NarrationOptions) -> float | None:
    """How long it will take to say; None where the pages must be recognised first.

    Raises:
        DocumentError: it cannot be read.
    """
    if options.ocr:
        return None
    edition = edition_of(document, options.matter, options.read)
    scripts = (
        chapter_script(number, chapter, edition.book.language, edition.preferences)
        for number, chapter in chosen_chapters(edition.book, options.chapters)
    )
    return round(sum(script.estimated_audio_s for script in scripts), 1)


def _work_s(audio_s: float | None, rates: Rates) -> float | None:
    """How long a document keeps this machine busy: speaking and finishing go on side by side."""
    if audio_s is None or rates.speaking is None:
        return None
    finishing = rates.finishing * (os.cpu_count() or 1) if rates.finishing else rates.speaking
    return audio_s / min(rates.speaking, finishing)


def _next_key(key: str, before: Sequence[FlowRun]) -> str:
    """The same for two who add a document at the same moment, and for nobody after them.

    It names the runs and does not count them, since old ones are deleted.
    """
    return hashlib.sha256(" ".join([key, *sorted(str(run.id) for run in before)]).encode()).hexdigest()


def _turn(run: FlowRun) -> tuple[bool, int, datetime]:
    """What runs, then what waits: by priority, then by when it may begin."""
    ranks = {priority.value: priority.rank for priority in Priority}
    rank = ranks.get(run.work_queue_name or "", len(ranks))
    return _stage(run) is Stage.WAITING, rank, _may_begin(run)


def _may_begin(run: FlowRun) -> datetime:
    """What workers go by within a priority; Prefect forgets it when a run has begun."""
    return run.next_scheduled_start_time or run.expected_start_time or datetime.now(UTC)


def _entry(run: FlowRun) -> Entry:
    options: dict[str, Any] = run.parameters.get("options") or {}
    due = run.labels.get(_DUE_LABEL)
    audio_s = run.labels.get(_AUDIO_LABEL)
    by = next((tag.removeprefix(_BY_TAG) for tag in run.tags if tag.startswith(_BY_TAG)), None)
    return Entry(
        id=_id(run),
        run=str(run.id),
        document=str(run.parameters.get("document", run.name)),
        stage=_stage(run),
        priority=run.work_queue_name or Priority.NORMAL.value,
        by=by,
        engine=options.get("engine", NarrationOptions().engine.value),
        voice=options.get("voice"),
        audio_s=float(audio_s) if audio_s is not None else None,
        added=run.created or datetime.now(UTC),
        started=run.start_time,
        ended=run.end_time,
        due=datetime.fromisoformat(str(due)) if due else None,
        attempts=run.run_count,
        told=run.state.message if run.state else None,
    )


def _stage(run: FlowRun) -> Stage:
    return _STAGES[run.state_type or StateType.SCHEDULED]


def _id(run: FlowRun) -> str:
    """Of what it is to make, so that it stays; of the run, where Prefect's own pages made it."""
    key = next((tag.removeprefix(_KEY_TAG) for tag in run.tags if tag.startswith(_KEY_TAG)), run.id.hex)
    return key[:_ID_LETTERS]
