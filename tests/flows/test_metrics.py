"""What Prometheus reads of a machine, from services that are real or stand in for them."""

from __future__ import annotations

import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
import uvicorn
from prefect.client.schemas.filters import FlowFilter, FlowRunFilter
from prefect.client.schemas.objects import StateType
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from flows.api_process import free_port
from flows.errors import CannotStart
from flows.metrics import (
    DOCUMENT_FLOWS,
    ENDS,
    Page,
    Read,
    impatient_client,
    metrics_at,
    of_disks,
    of_documents,
    of_process,
    of_speaking,
)
from flows.narrate import narrate_book
from flows.queueing import ENDED
from flows.rerun import rerun_chapters
from flows.settings import Settings
from flows.speaking_server import speaking_app
from flows.supervise import Supervised
from outputs.store import SegmentStore
from synth.chunks import Chunk
from synth.draft import DraftSpeaker
from synth.script import Pause
from synth.speaker import DeviceMemory
from tasks.speaking import SpeakingService

Samples = dict[tuple[str, str], float]  # by name and the value of the only label
CHUNK: Final = Chunk("The lamp was lit.", "a", "af_heart", 1.0, "en-us", Pause.SENTENCE)


class OnACard(DraftSpeaker):
    memory: DeviceMemory | None = DeviceMemory(used_bytes=3, peak_bytes=4, limit_bytes=5)

    def device_memory(self) -> DeviceMemory | None:  # type: ignore[override]  # the draft voice's is always None
        return self.memory


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as short:  # the path of a socket may have a hundred letters
        yield Path(short)


@pytest.fixture
def service(folder: Path) -> Iterator[SpeakingService]:
    """A speaking service at `folder / "speaking.sock"`."""
    with SpeakingService(OnACard(), SegmentStore(folder / "segments")) as service:
        app = speaking_app(lambda _: service)
        config = uvicorn.Config(app, uds=str(folder / "speaking.sock"), log_level="error", lifespan="off")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        until(lambda: server.started)
        yield service
        server.should_exit = True
        thread.join(20)


def until(condition: Callable[[], bool]) -> None:
    for _ in range(3000):
        if condition():
            return
        time.sleep(0.01)
    raise AssertionError("it did not happen")


def open_draft(folder: Path) -> None:
    """Have the service open its speaker, as the first run that needs it does."""
    with httpx.Client(transport=httpx.HTTPTransport(uds=str(folder / "speaking.sock"))) as http:
        assert http.get("http://speaking/draft").status_code == httpx.codes.OK


class Counting:
    """Stands in for Prefect's client; knows how many runs are in which state."""

    def __init__(self, runs: Mapping[tuple[StateType, str], int]) -> None:
        self._runs = runs
        self.asked = 0

    def count_flow_runs(self, *, flow_filter: FlowFilter, flow_run_filter: FlowRunFilter) -> int:
        self.asked += 1
        assert flow_filter.name is not None
        assert flow_filter.name.any_ == list(DOCUMENT_FLOWS)
        wanted: Any = flow_run_filter
        queues = wanted.work_queue_name.any_ if wanted.work_queue_name else None
        return sum(
            count
            for (state, queue), count in self._runs.items()
            if state in wanted.state.type.any_ and (queues is None or queue in queues)
        )


def samples_of(text: str) -> Samples:
    return {
        (sample.name, next(iter(sample.labels.values()), "")): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def page_of(page: Page) -> Samples:
    registry = CollectorRegistry()
    registry.register(page)
    return samples_of(generate_latest(registry).decode())


def child(restarts: int = 0) -> Supervised:
    return Supervised("the worker", "module", [], {}, Path("worker.log"), 0.0, restarts=restarts)


def names(samples: Samples) -> set[str]:
    return {name for name, _ in samples}


def test_prometheus_is_told_of_every_part_by_name_and_unit(folder: Path, service: SpeakingService) -> None:
    open_draft(folder)
    audio_s = service.speak([CHUNK])
    client: Any = Counting(
        {
            (StateType.SCHEDULED, "high"): 1,
            (StateType.SCHEDULED, "low"): 3,
            (StateType.RUNNING, "normal"): 2,
            (StateType.CANCELLING, "high"): 1,
            (StateType.COMPLETED, "normal"): 40,
            (StateType.CRASHED, "normal"): 5,
        }
    )
    parts: dict[str, Read] = {
        "server": lambda: of_documents(client),
        "speaking": lambda: of_speaking(folder / "speaking.sock"),
        "worker": lambda: of_process(child()),
        "disks": lambda: of_disks({"library": folder / "not" / "there" / "yet"}),
    }
    port = free_port()
    with metrics_at("127.0.0.1", port, parts, {"worker": child(restarts=2)}):
        answer = httpx.get(f"http://127.0.0.1:{port}/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    found = samples_of(answer.text)
    free_bytes = found.pop(("bindery_disk_free_bytes", "library"))
    assert free_bytes > 0
    speaking_s = found.pop(("bindery_speaking_seconds_total", "draft"))
    assert found.pop(("bindery_rtfx", "draft")) == pytest.approx(audio_s / speaking_s)
    assert found.pop(("bindery_spoken_audio_seconds_total", "draft")) == pytest.approx(audio_s)
    assert found == {
        ("bindery_up", "server"): 1,
        ("bindery_up", "speaking"): 1,
        ("bindery_up", "worker"): 0,
        ("bindery_up", "disks"): 1,
        ("bindery_restarts_total", "worker"): 2,
        ("bindery_spoken_chunks_total", "draft"): 1,
        ("bindery_batch_efficiency_ratio", "draft"): 1,
        ("bindery_chunks_waiting", "draft"): 0,
        ("bindery_chunks_under_way", "draft"): 0,
        ("bindery_speaking_faults_in_a_row", "draft"): 0,
        ("bindery_gpu_memory_bytes", "draft"): 3,
        ("bindery_gpu_memory_peak_bytes", "draft"): 4,
        ("bindery_gpu_memory_limit_bytes", "draft"): 5,
        ("bindery_documents_waiting", "high"): 1,
        ("bindery_documents_waiting", "normal"): 0,
        ("bindery_documents_waiting", "low"): 3,
        ("bindery_documents_under_way", ""): 3,
        ("bindery_documents_ended", "done"): 40,
        ("bindery_documents_ended", "failed"): 0,
        ("bindery_documents_ended", "died"): 5,
        ("bindery_documents_ended", "cancelled"): 0,
    }
    assert client.asked <= 8, "runs are counted, and in few questions"
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"http://127.0.0.1:{port}/metrics")


def test_every_metric_is_explained_and_only_what_never_falls_is_a_counter(
    folder: Path, service: SpeakingService
) -> None:
    open_draft(folder)
    service.speak([CHUNK])
    registry = CollectorRegistry()
    registry.register(Page({"speaking": lambda: of_speaking(folder / "speaking.sock")}, {"worker": child()}))
    families = list(text_string_to_metric_families(generate_latest(registry).decode()))
    assert all(family.documentation.endswith(".") for family in families)
    assert {family.name for family in families if family.type == "counter"} == {
        "bindery_spoken_audio_seconds",
        "bindery_spoken_chunks",
        "bindery_speaking_seconds",
        "bindery_restarts",
    }


def test_where_there_is_no_card_and_nothing_was_spoken_no_figure_is_made_up(
    folder: Path, service: SpeakingService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(OnACard, "memory", None)
    page = Page({"speaking": lambda: of_speaking(folder / "speaking.sock")}, {})
    assert page_of(page) == {("bindery_up", "speaking"): 1}, "no speaker is open yet"
    open_draft(folder)
    found = page_of(page)
    assert found["bindery_spoken_chunks_total", "draft"] == 0
    assert "bindery_rtfx" not in names(found)
    assert not [name for name in names(found) if "gpu" in name]


def test_parts_that_are_dead_are_down_and_the_others_are_told(folder: Path) -> None:
    with impatient_client(f"http://127.0.0.1:{free_port()}/api") as client:
        parts: dict[str, Read] = {
            "server": lambda: of_documents(client),
            "speaking": lambda: of_speaking(folder / "speaking.sock"),
            "disks": lambda: of_disks({"home": folder}),
        }
        found = page_of(Page(parts, {"worker": child(restarts=4)}))
    assert {part: found.pop(("bindery_up", part)) for part in parts} == {
        "server": 0,
        "speaking": 0,
        "disks": 1,
    }
    assert found.pop(("bindery_disk_free_bytes", "home")) > 0
    assert found == {("bindery_restarts_total", "worker"): 4}


def test_a_part_that_hangs_keeps_no_scrape_and_is_asked_once(folder: Path) -> None:
    hanging = threading.Event()
    asked: list[int] = []

    def hang() -> Sequence[Any]:
        asked.append(1)
        assert hanging.wait(60)
        return []

    page = Page({"hanging": hang, "disks": lambda: of_disks({"home": folder})}, {}, limit_s=1.0)
    for _ in range(2):
        found = page_of(page)
        assert (found["bindery_up", "hanging"], found["bindery_up", "disks"]) == (0, 1)
    assert len(asked) == 1
    hanging.set()
    until(lambda: page_of(page)["bindery_up", "hanging"] == 1)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_fault_of_ours_in_one_part_is_that_part_down(folder: Path) -> None:
    def fail() -> Sequence[Any]:
        raise ZeroDivisionError

    found = page_of(Page({"faulty": fail, "disks": lambda: of_disks({"home": folder})}, {}))
    assert (found["bindery_up", "faulty"], found["bindery_up", "disks"]) == (0, 1)


def test_a_folder_whose_disk_does_not_answer_is_left_out(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def free(asked: Path) -> int:
        if asked == folder:
            raise OSError(116, "stale file handle")
        return 7

    monkeypatch.setattr("flows.metrics.free_bytes_of", free)
    found = page_of(Page({"disks": lambda: of_disks({"home": folder, "library": Path("/")})}, {}))
    assert found == {("bindery_up", "disks"): 1, ("bindery_disk_free_bytes", "library"): 7}


def test_the_flows_and_ends_that_are_counted_are_those_of_documents() -> None:
    assert {narrate_book.name, rerun_chapters.name} == set(DOCUMENT_FLOWS)
    assert list(ENDS) == [stage.value for stage in ENDED]


@pytest.mark.parametrize(
    ("setting", "address"),
    [
        ("9464", ("127.0.0.1", 9464)),
        ("0.0.0.0:9464", ("0.0.0.0", 9464)),  # noqa: S104
        ("localhost:65535", ("localhost", 65535)),
        ("[::1]:9464", ("::1", 9464)),
    ],
)
def test_metrics_are_where_the_setting_says(setting: str, address: tuple[str, int]) -> None:
    assert Settings.read({"BINDERY_METRICS": setting}).metrics_address == address


def test_there_are_no_metrics_unless_they_are_asked_for() -> None:
    assert Settings.read({}).metrics_address is None
    assert Settings.read({"BINDERY_METRICS": ""}).metrics_address is None


@pytest.mark.parametrize(
    "setting", ["on", "0", "65536", "localhost:", ":9464", "a b:9464", "::1:9464", "9464.5", "http://h:9464"]
)
def test_a_setting_that_is_no_address_is_an_error_that_says_what_to_write(setting: str) -> None:
    with pytest.raises(CannotStart, match=r"BINDERY_METRICS is .* Write a port"):
        _ = Settings.read({"BINDERY_METRICS": setting}).metrics_address


def test_prefects_port_is_not_for_metrics() -> None:
    with pytest.raises(CannotStart, match="Prefect's pages"):
        _ = Settings.read({"BINDERY_METRICS": "4711", "BINDERY_PORT": "4711"}).metrics_address


def test_an_address_that_cannot_be_listened_at_is_an_error_that_names_the_setting() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        for host, port in (taken.getsockname(), ("192.0.2.1", 9464)):  # the second is nobody's
            wrong = pytest.raises(CannotStart, match=f"BINDERY_METRICS: port {port} of {host}")
            with wrong, metrics_at(host, port, {}, {}):
                pass
