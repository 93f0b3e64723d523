"""How the parts of `bindery serve` fare into a page that Prometheus reads, gathered when it is asked for."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import httpx
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import (
    FlowFilter,
    FlowFilterName,
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
    FlowRunFilterWorkQueueName,
)
from prefect.client.schemas.objects import StateType
from prefect.exceptions import PrefectException
from prefect.settings import PREFECT_API_URL, PREFECT_CLIENT_MAX_RETRIES, temporary_settings
from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from flows.errors import CannotStart
from flows.priorities import Priority
from flows.speaking_client import figures_at
from flows.supervise import Supervised
from outputs.disk import free_bytes_of

ANSWER_LIMIT_S: Final = 4.0  # for the whole page; Prometheus itself gives up after ten seconds
_REQUEST_LIMIT_S: Final = 3.0
DOCUMENT_FLOWS: Final = ("narrate-book", "rerun-chapters")  # whoever started them, an inbox too
ENDS: Final = {
    "done": StateType.COMPLETED,
    "failed": StateType.FAILED,
    "died": StateType.CRASHED,
    "cancelled": StateType.CANCELLED,
}

_SINCE: Final = "since the speaking service began"
_OF_SPEAKING: Final = (  # a figure's name in the service's health, and what it is here
    (
        "audio_s",
        CounterMetricFamily,
        "bindery_spoken_audio_seconds_total",
        f"Audio that was spoken, {_SINCE}.",
    ),
    ("chunks", CounterMetricFamily, "bindery_spoken_chunks_total", f"Chunks that were spoken, {_SINCE}."),
    (
        "speaking_s",
        CounterMetricFamily,
        "bindery_speaking_seconds_total",
        f"How long the speaker was busy, {_SINCE}.",
    ),
    ("rtfx", GaugeMetricFamily, "bindery_rtfx", f"Seconds of audio for a second of speaking, {_SINCE}."),
    (
        "batch_efficiency",
        GaugeMetricFamily,
        "bindery_batch_efficiency_ratio",
        f"Audio that is heard of all that was computed, padding included, {_SINCE}.",
    ),
    ("waiting", GaugeMetricFamily, "bindery_chunks_waiting", "Chunks that wait to be spoken."),
    ("under_way", GaugeMetricFamily, "bindery_chunks_under_way", "Chunks that are being spoken or stored."),
    (
        "faults_in_a_row",
        GaugeMetricFamily,
        "bindery_speaking_faults_in_a_row",
        "Batches that a fault ended, since the last one that went well.",
    ),
    (
        "used_bytes",
        GaugeMetricFamily,
        "bindery_gpu_memory_bytes",
        "Memory of the card that the speaker holds, without the driver's own part.",
    ),
    (
        "peak_bytes",
        GaugeMetricFamily,
        "bindery_gpu_memory_peak_bytes",
        f"The most of the card's memory that the speaker held, {_SINCE}.",
    ),
    (
        "limit_bytes",
        GaugeMetricFamily,
        "bindery_gpu_memory_limit_bytes",
        "The most of the card's memory that the speaker may hold.",
    ),
)

Metrics = Sequence[Metric]
Read = Callable[[], Metrics | None]  # None: it does not answer


@contextmanager
def metrics_at(
    host: str, port: int, parts: Mapping[str, Read], children: Mapping[str, Supervised]
) -> Iterator[None]:
    """Answer Prometheus at an address, by threads of their own, for as long as this lasts.

    parts: what is asked, by name. children: whose restarts are told of, by name.

    Raises:
        CannotStart: the address cannot be listened at.
    """
    registry = CollectorRegistry(support_collectors_without_names=True)
    registry.register(Page(parts, children))
    try:
        server, thread = start_http_server(port, host, registry)
    except OSError as error:
        raise CannotStart(
            f"BINDERY_METRICS: port {port} of {host} cannot be used ({error.strerror})", "Name another one"
        ) from error
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Page:
    """All metrics, as `prometheus_client` collects them."""

    def __init__(
        self,
        parts: Mapping[str, Read],
        children: Mapping[str, Supervised],
        limit_s: float = ANSWER_LIMIT_S,
    ) -> None:
        """limit_s: what has not answered by then is left out."""
        self._parts = {name: _Part(read) for name, read in parts.items()}
        self._children = children
        self._limit_s = limit_s

    def collect(self) -> Iterator[Metric]:
        """Ask all parts at once."""
        up = _gauge("bindery_up", "Whether a part of `bindery serve` answers (1) or does not (0).", "part")
        deadline_s = time.monotonic() + self._limit_s
        for name, asked in {name: part.ask() for name, part in self._parts.items()}.items():
            asked.join(max(0.0, deadline_s - time.monotonic()))
            up.add_metric([name], asked.answer is not None)
            yield from asked.answer or ()
        yield up
        restarts = _counter(
            "bindery_restarts_total",
            "How often a part was started again because its process had ended, since `bindery serve` began.",
            "part",
        )
        for name, child in self._children.items():
            restarts.add_metric([name], child.restarts)
        yield restarts


class _Part:
    def __init__(self, read: Read) -> None:
        self._read = read
        self._lock = threading.Lock()
        self._asked: _Asked | None = None

    def ask(self) -> _Asked:
        """Begin to ask; a part that still owes an answer is not asked a second time."""
        with self._lock:
            if self._asked is None or not self._asked.is_alive():
                self._asked = _Asked(self._read)
                self._asked.start()
            return self._asked


class _Asked(threading.Thread):
    """A part that was asked, in a thread that nobody has to wait for: a disk that went away hangs it."""

    def __init__(self, read: Read) -> None:
        super().__init__(name="asking for metrics", daemon=True)
        self._read = read
        self.answer: Metrics | None = None

    def run(self) -> None:
        self.answer = self._read()


def of_speaking(address: Path) -> Metrics | None:
    """How the speaking service at a socket fares, by engine."""
    try:
        engines = figures_at(address, _REQUEST_LIMIT_S)
    except httpx.HTTPError:
        return None
    families: list[CounterMetricFamily | GaugeMetricFamily] = []
    for name, make, metric, told in _OF_SPEAKING:
        family = make(metric, told, labels=["engine"])
        for engine, figures in engines.items():
            value = {**figures, **(figures["device_memory"] or {})}.get(name)
            if value is not None:
                family.add_metric([engine], value)
        if family.samples:  # without a card there is no memory of it
            families.append(family)
    return families


def of_documents(client: SyncPrefectClient) -> Metrics | None:
    """What waits, runs and has ended, as Prefect's server counts its runs; none of them is read."""
    waiting = _gauge("bindery_documents_waiting", "Documents that wait, by priority.", "priority")
    under_way = _gauge("bindery_documents_under_way", "Documents that are being made into books.")
    ended = _gauge(
        "bindery_documents_ended",
        "Documents that ended, by how, of those that Prefect still knows; one that is retried waits again.",
        "state",
    )
    try:
        with temporary_settings({PREFECT_CLIENT_MAX_RETRIES: 0}):  # they would take a minute
            for priority in Priority:
                queue = FlowRunFilterWorkQueueName(any_=[priority.value])
                count = _count(client, [StateType.SCHEDULED, StateType.PAUSED], queue)
                waiting.add_metric([priority.value], count)
            at_it = [StateType.PENDING, StateType.RUNNING, StateType.CANCELLING]
            under_way.add_metric([], _count(client, at_it))
            for end, state in ENDS.items():
                ended.add_metric([end], _count(client, [state]))
    except (httpx.HTTPError, PrefectException):
        return None
    return [waiting, under_way, ended]


@contextmanager
def impatient_client(api: str) -> Iterator[SyncPrefectClient]:
    """A client for `of_documents`; it asks nothing yet, so that the server need not be there."""
    patience: dict[str, Any] = {"timeout": _REQUEST_LIMIT_S}
    if api.startswith("http:"):  # Prefect's own transport tries four times, but knows its certificates
        patience["transport"] = httpx.HTTPTransport()
    with temporary_settings({PREFECT_API_URL: api}), get_client(patience, sync_client=True) as client:
        yield client


def of_disks(folders: Mapping[str, Path]) -> Metrics:
    """What is free on the disks of folders, by name."""
    free = _gauge("bindery_disk_free_bytes", "What is free on the disk of a folder.", "folder")
    for name, folder in folders.items():
        try:
            free.add_metric([name], free_bytes_of(folder))
        except OSError:
            continue
    return [free]


def of_process(child: Supervised) -> Metrics | None:
    """Nothing but whether a child runs."""
    return [] if child.is_running else None


def _count(
    client: SyncPrefectClient, states: Sequence[StateType], queue: FlowRunFilterWorkQueueName | None = None
) -> int:
    of_states = FlowRunFilterState(type=FlowRunFilterStateType(any_=list(states)))
    return client.count_flow_runs(
        flow_filter=FlowFilter(name=FlowFilterName(any_=list(DOCUMENT_FLOWS))),
        flow_run_filter=FlowRunFilter(state=of_states, work_queue_name=queue),
    )


def _counter(name: str, told: str, *labels: str) -> CounterMetricFamily:
    return CounterMetricFamily(name, told, labels=labels)


def _gauge(name: str, told: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, told, labels=labels)
