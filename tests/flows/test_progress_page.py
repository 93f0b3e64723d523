"""The bar on a run's page: how far its book is, and never in the book's way."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Self
from uuid import UUID, uuid4

import httpx
import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import ArtifactCreate, ArtifactUpdate
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterFlowRunId, ArtifactFilterType
from prefect.client.schemas.objects import Artifact, State
from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings
from prefect.testing.utilities import prefect_test_harness

from flows import narrate, progress_page
from flows.narrate import NarrationOptions, narrate_book
from flows.progress_page import MOST_PERCENT
from flows.speakers import Engine
from tasks.progress import ChapterFinished, Event, Planned, Spoken, listening, tell

LONG_S = 3600.0  # in which nothing happens by itself
PLANNED = Planned("Salt | Pans", chapters=2, phonemes=1000, phonemes_to_speak=800)


class Server:
    """Stands in for Prefect's client: what it was told to show, and whether it is there."""

    def __init__(self) -> None:
        self.shown: list[tuple[float, str]] = []
        self.keys: list[str | None] = []
        self.there: list[UUID] = []  # artifacts of this run
        self.is_away = False
        self.warnings: list[str] = []
        self.calls = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return

    def read_artifacts(self, **_: object) -> list[Any]:
        self._answer()
        return [SimpleNamespace(id=artifact) for artifact in self.there]

    def create_artifact(self, artifact: ArtifactCreate) -> Any:
        self._answer()
        assert artifact.type == "progress"
        self.keys.append(artifact.key)
        self._show(artifact)
        self.there.append(uuid4())
        return SimpleNamespace(id=self.there[-1])

    def update_artifact(self, artifact_id: UUID, artifact: ArtifactUpdate) -> None:
        self._answer()
        assert artifact_id in self.there
        self._show(artifact)

    def warning(self, words: str, *about: object) -> None:
        self.warnings.append(words % about)

    def _answer(self) -> None:
        self.calls += 1
        if self.is_away:
            raise httpx.ConnectError("connection refused")

    def _show(self, artifact: ArtifactCreate | ArtifactUpdate) -> None:
        assert isinstance(artifact.data, float)
        self.shown.append((artifact.data, artifact.description or ""))


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    server = Server()
    monkeypatch.setattr(progress_page, "get_client", lambda *_, **__: server)
    monkeypatch.setattr(progress_page, "get_run_logger", lambda: server)
    return server


@pytest.fixture
def inside_a_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress_page, "flow_run", SimpleNamespace(id=str(uuid4())))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("bindery")
    with pytest.MonkeyPatch.context() as patch, prefect_test_harness(server_startup_timeout=120):
        patch.setenv("BINDERY_HOME", str(folder))
        with temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}):
            yield folder


def run_of(document: Path, home: Path) -> State[Any]:
    options = NarrationOptions(engine=Engine.DRAFT, library=str(home / "library"), formats=["mp3"])
    return narrate_book(str(document), options, return_state=True)


def bars_of(state: State[Any]) -> list[Artifact]:
    """The progress artifacts of a run."""
    run = state.state_details.flow_run_id
    assert run is not None
    wanted = ArtifactFilter(
        flow_run_id=ArtifactFilterFlowRunId(any_=[run]), type=ArtifactFilterType(any_=["progress"])
    )
    with get_client(sync_client=True) as client:
        return client.read_artifacts(artifact_filter=wanted)


def until(condition: Callable[[], bool]) -> None:
    for _ in range(3000):
        if condition():
            return
        time.sleep(0.01)
    raise AssertionError("it did not happen")


def test_the_run_of_a_book_has_a_bar_that_is_full_at_its_end(home: Path, small_book: Path) -> None:
    for _ in range(2):  # the second time everything is in the store already
        state = run_of(small_book, home)
        assert state.is_completed()
        (bar,) = bars_of(state)
        assert (bar.key, bar.data) == ("progress-small", 100)
        assert bar.description is not None
        assert "Small: 2 of 2 chapters finished" in bar.description


def test_who_listens_from_outside_still_hears_everything(home: Path, small_book: Path) -> None:
    small_book.with_suffix(".toml").write_text("[book]\nspeed = 1.3\n")  # or nothing would be spoken
    heard: list[Event] = []
    with listening(heard.append):
        state = run_of(small_book, home)
    assert [bar.data for bar in bars_of(state)] == [100]
    (planned,) = (event for event in heard if isinstance(event, Planned))
    assert 0 < sum(event.phonemes for event in heard if isinstance(event, Spoken)) <= planned.phonemes
    assert sorted(event.number for event in heard if isinstance(event, ChapterFinished)) == [1, 2]


def test_a_book_that_fails_shows_how_far_it_came_and_not_a_full_bar(
    home: Path, small_book: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(narrate, "bind_book", fail)
    state = run_of(small_book, home)
    assert state.is_failed()
    (bar,) = bars_of(state)
    assert bar.data == MOST_PERCENT
    assert bar.description is not None
    assert "2 of 2 chapters finished" in bar.description
    assert "it was not finished" in bar.description


def test_a_document_that_cannot_be_read_has_no_bar(home: Path, tmp_path: Path) -> None:
    state = run_of(tmp_path / "gone.epub", home)
    assert state.is_failed()
    assert bars_of(state) == []


def test_a_server_that_refuses_the_bar_changes_nothing_for_the_book(
    home: Path, small_book: Path, server: Server
) -> None:
    server.is_away = True
    state = run_of(small_book, home)
    assert state.is_completed()
    assert server.calls > 0
    assert server.warnings == ["Prefect did not take the progress of Small: connection refused"]


@pytest.mark.usefixtures("inside_a_run")
def test_a_server_that_never_answers_keeps_no_book_waiting(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    answering, asked = threading.Event(), threading.Event()

    create = server.create_artifact

    def hang(artifact: ArtifactCreate) -> Any:
        asked.set()
        assert answering.wait(60)
        return create(artifact)

    monkeypatch.setattr(server, "create_artifact", hang)
    monkeypatch.setattr(progress_page, "_LAST_LIMIT_S", 0.01)
    with progress_page.progress_page():
        tell(PLANNED)
        assert asked.wait(20)
    assert server.shown == [], "it ended all the same"
    answering.set()
    until(lambda: [percent for percent, _ in server.shown] == [20.0, 100.0])


class Clock(threading.Event):
    """Has the same happen in every span that is waited for, and ends after a few of them."""

    def __init__(self, meanwhile: Callable[[], None], spans: int) -> None:
        super().__init__()
        self.waited_s: list[float | None] = []
        self._meanwhile = meanwhile
        self._spans = spans

    def wait(self, timeout: float | None = None) -> bool:
        self.waited_s.append(timeout)
        self._meanwhile()
        return len(self.waited_s) == self._spans


def test_however_much_happens_there_is_one_update_in_a_span_and_one_at_the_end(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = progress_page._Page(uuid4(), every_s=5.0)

    def burst() -> None:
        for _ in range(100):
            page.hear(Spoken(1, 0.1))

    clock = Clock(burst, spans=4)
    monkeypatch.setattr(page, "_has_ended", clock)
    page.hear(PLANNED)
    page.show()
    assert clock.waited_s == [5.0] * 4
    assert [percent for percent, _ in server.shown] == [20.0, 30.0, 40.0, 50.0, 60.0]
    assert server.keys == ["progress-salt-pans"]


@pytest.mark.usefixtures("inside_a_run")
def test_meanwhile_it_shows_what_is_spoken_and_finished(server: Server) -> None:
    with progress_page.progress_page(every_s=0.001):
        tell(PLANNED)
        until(lambda: len(server.shown) == 1)
        tell(Spoken(300, 61.0))
        until(lambda: server.shown[-1][0] == 50.0)
        assert server.shown[-1][1] == (
            r"Salt \| Pans: 0 of 2 chapters finished, 0:00 of audio; 1:01 spoken since it was read"
        )
        tell(ChapterFinished(1, "Salt", 60.0))
        until(lambda: "1 of 2 chapters finished, 1:00 of audio" in server.shown[-1][1])
        tell(Spoken(5000, 1.0))
        until(lambda: server.shown[-1][0] == MOST_PERCENT)
    assert server.shown[-1][0] == 100.0


def test_outside_of_a_run_nothing_is_shown(server: Server) -> None:
    with progress_page.progress_page():
        tell(PLANNED)
    assert server.calls == 0


def test_nothing_is_shown_twice(server: Server) -> None:
    page = progress_page._Page(uuid4(), LONG_S)
    page.hear(PLANNED)
    page.end(is_done=True)
    page.show()
    assert [percent for percent, _ in server.shown] == [100.0]


def test_a_run_that_goes_on_after_an_interruption_goes_on_with_its_bar(server: Server) -> None:
    server.there.append(uuid4())
    page = progress_page._Page(uuid4(), LONG_S)
    page.hear(PLANNED)
    page.end(is_done=True)
    page.show()
    assert len(server.there) == 1
    assert [percent for percent, _ in server.shown] == [100.0]


@pytest.mark.usefixtures("inside_a_run")
def test_a_server_that_comes_back_shows_the_bar_and_was_complained_of_once(server: Server) -> None:
    server.is_away = True
    with progress_page.progress_page(every_s=0.001):
        tell(PLANNED)
        until(lambda: server.calls > 3)
        server.is_away = False
        until(lambda: len(server.shown) == 1)
    assert len(server.warnings) == 1
    assert server.shown[-1][0] == 100.0
