"""The queue, by Prefect's own API on a server of its own; nothing runs, since no worker is there."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.objects import StateType
from prefect.exceptions import PrefectHTTPStatusError
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect.states import Cancelling, Completed, Crashed, Failed, Pending, Running
from prefect.utilities.callables import parameter_schema
from typer.testing import CliRunner

import flows.provision
from flows.api_process import prefect_api
from flows.cli import app
from flows.errors import CannotStart
from flows.metrics import impatient_client, of_documents
from flows.narrate import NarrationOptions, narrate_book
from flows.priorities import POOL, Priority
from flows.provision import (
    DEAD_RUNS,
    SILENCE_S,
    finish_cancelling,
    give_another_try,
    provision,
    resume_interrupted,
)
from flows.queueing import Entry, NotInQueue, Queue, Stage, open_queue
from flows.rates import note_speaking
from flows.settings import Settings
from flows.speakers import Engine
from inputs.errors import NotADocument

DRAFT = NarrationOptions(engine=Engine.DRAFT)
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PREFECT_HOME", str(tmp_path_factory.mktemp("prefect")))
        patch.setenv("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
        patch.setenv("DO_NOT_TRACK", "1")
        patch.chdir(ROOT)
        with prefect_api(lambda: None) as api, temporary_settings({PREFECT_API_URL: api}):
            with get_client(sync_client=True) as client:
                provision(client, {**os.environ, "PREFECT_API_URL": api})
            yield api


@pytest.fixture
def client(api: str) -> Iterator[SyncPrefectClient]:
    with get_client(sync_client=True) as client:
        yield client


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.read({"BINDERY_HOME": str(tmp_path / "home")})


@pytest.fixture
def queue(client: SyncPrefectClient, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Queue]:
    monkeypatch.setattr(flows.provision, "SETTLE_S", -1.0)
    settings.home.mkdir()
    for run in client.read_flow_runs():
        client.delete_flow_run(run.id)
    with open_queue(settings) as queue:
        yield queue


@pytest.fixture
def books(tmp_path: Path) -> list[Path]:
    files = [tmp_path / f"{name}.txt" for name in ("one", "two", "three")]
    for file in files:
        file.write_text(f"This is book {file.stem}. " + "It has a hundred words or so. " * 20)
    return files


def names(entries: list[Entry]) -> list[str]:
    return [Path(entry.document).stem for entry in entries]


def test_documents_are_done_by_priority_and_then_in_the_order_that_they_came(
    queue: Queue, books: list[Path]
) -> None:
    for book, priority in zip(books, (Priority.LOW, Priority.NORMAL, Priority.HIGH), strict=True):
        added = queue.add(book, DRAFT, priority, by="anna")
        assert added.is_new
        assert (added.entry.position, added.entry.by, added.entry.priority) == (1, "anna", priority.value)
    assert names(queue.entries()) == ["three", "two", "one"]
    assert [entry.position for entry in queue.entries()] == [1, 2, 3]


def test_a_server_that_knows_our_work_is_left_as_it_is(
    client: SyncPrefectClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flows.provision._deploy", lambda environment: None)
    provision(client, {})
    assert len(client.read_automations_by_name(DEAD_RUNS.format(silence_s=SILENCE_S))) == 1
    ranks = {queue.name: queue.priority for queue in client.read_work_queues(work_pool_name=POOL)}
    assert ranks.items() >= {"high": 1, "normal": 2, "low": 3}.items()
    assert len(set(ranks.values())) == len(ranks), "the pool's own queue comes after ours"


def test_the_same_document_twice_is_told_and_not_doubled(queue: Queue, books: list[Path]) -> None:
    first = queue.add(books[0], DRAFT)
    copy = books[0].with_name("copy.txt")
    copy.write_bytes(books[0].read_bytes())
    again = queue.add(copy, DRAFT, Priority.HIGH)
    assert (again.is_new, again.entry.id) == (False, first.entry.id)
    assert queue.add(books[0], NarrationOptions(engine=Engine.DRAFT, speed=1.5)).is_new, "another audiobook"
    assert len(queue.entries()) == 2


def test_what_is_done_can_be_added_again_to_see_whether_something_changed(
    queue: Queue, client: SyncPrefectClient, books: list[Path]
) -> None:
    first = queue.add(books[0], DRAFT).entry
    client.set_flow_run_state(_run(first), Completed(), force=True)
    assert queue.entries() == []
    assert [entry.stage for entry in queue.ended(5)] == [Stage.DONE]
    with pytest.raises(NotInQueue, match="is done"):
        queue.retry(first.id)
    again = queue.add(books[0], DRAFT)
    assert again.is_new
    assert again.entry.id == first.id
    assert queue.entry(first.id).stage is Stage.WAITING, "of several runs the newest counts"


def test_a_document_that_cannot_be_read_is_not_even_queued(queue: Queue, tmp_path: Path) -> None:
    picture = tmp_path / "picture.epub"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)))
    with pytest.raises(NotADocument):
        queue.add(picture, DRAFT)
    assert queue.entries() == []


def test_when_each_will_be_done_follows_from_the_measured_speed(
    queue: Queue, settings: Settings, books: list[Path]
) -> None:
    due = datetime.now(UTC) + timedelta(seconds=40)
    assert queue.add(books[0], DRAFT, due=due).entry.ready is None, "nothing was measured yet"
    note_speaking(settings.home, "draft", 100.0, 50.0)
    now = datetime.now(UTC)
    for book in books[1:]:
        queue.add(book, DRAFT, due=due)
    entries = queue.entries()
    expected_s = 0.0
    for entry in entries:
        assert entry.audio_s
        expected_s += entry.audio_s / 2
        assert entry.ready
        assert (entry.ready - now).total_seconds() == pytest.approx(expected_s, abs=5)
    assert [entry.is_late for entry in entries] == [False, True, True]


def test_what_waits_can_be_moved_and_keeps_its_name(queue: Queue, books: list[Path]) -> None:
    one, two, three = (queue.add(book, DRAFT, by="ben").entry for book in books)
    assert queue.move(three.id, None, first=True).position == 1
    moved = queue.move(two.id, Priority.HIGH, first=False)
    assert (moved.id, moved.position, moved.priority, moved.by) == (two.id, 1, "high", "ben")
    assert names(queue.entries()) == ["two", "three", "one"]
    assert queue.move(one.id, Priority.HIGH, first=True).position == 1
    assert names(queue.entries()) == ["one", "two", "three"]


def test_what_waits_is_cancelled_at_once_and_can_be_had_back(queue: Queue, books: list[Path]) -> None:
    entry = queue.add(books[0], DRAFT).entry
    assert queue.cancel(entry.id).stage is Stage.CANCELLED
    assert queue.entries() == []
    with pytest.raises(NotInQueue, match="cancelled already"):
        queue.cancel(entry.id)
    assert queue.retry(entry.id[:4]).stage is Stage.WAITING
    with pytest.raises(NotInQueue, match="nothing in the queue is called 'zzz'"):
        queue.cancel("zzz")


def test_a_run_whose_process_died_begins_again_once(
    queue: Queue, client: SyncPrefectClient, books: list[Path]
) -> None:
    entry = queue.add(books[0], DRAFT).entry
    for _ in range(2):
        client.set_flow_run_state(_run(entry), Running(), force=True)
        client.set_flow_run_state(_run(entry), Crashed(), force=True)
        tried = give_another_try(client)
    assert tried == 0
    assert queue.entry(entry.id).stage is Stage.DIED
    assert queue.retry(entry.id).stage is Stage.WAITING, "unless a person wants it"


def test_a_run_whose_process_dies_before_it_has_begun_begins_again_once_too(
    queue: Queue, client: SyncPrefectClient, books: list[Path]
) -> None:
    entry = queue.add(books[0], DRAFT).entry
    for tried in (1, 0):
        client.set_flow_run_state(_run(entry), Pending(), force=True)
        client.set_flow_run_state(_run(entry), Crashed(), force=True)
        assert give_another_try(client) == tried
    assert queue.entry(entry.id).stage is Stage.DIED


def test_a_document_is_queued_again_although_an_earlier_run_of_it_was_deleted(
    queue: Queue, client: SyncPrefectClient, books: list[Path]
) -> None:
    runs: list[str] = []
    for _ in range(2):
        added = queue.add(books[0], DRAFT)
        assert added.is_new
        runs.append(_run(added.entry))
        client.set_flow_run_state(runs[-1], Failed(), force=True)
    client.delete_flow_run(UUID(runs[0]))
    added = queue.add(books[0], DRAFT)
    assert added.is_new
    assert added.entry.stage is Stage.WAITING
    assert _run(added.entry) not in runs


def test_what_has_just_begun_is_not_moved(
    queue: Queue, client: SyncPrefectClient, books: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = queue.add(books[0], DRAFT).entry
    real = queue._runs

    def slowly(**what: Any) -> list[Any]:
        found: list[Any] = real(**what)
        if "states" in what:
            client.set_flow_run_state(_run(entry), Running(), force=True)
        return found

    monkeypatch.setattr(queue, "_runs", slowly)
    with pytest.raises(NotInQueue, match="has just begun"):
        queue.move(entry.id, None, first=True)
    assert client.read_flow_run(UUID(_run(entry))).state_type is StateType.RUNNING


def test_a_server_that_refuses_is_told_in_a_line(queue: Queue, settings: Settings, api: str) -> None:
    asked = httpx.Request("GET", api)
    refused = httpx.HTTPStatusError("no", request=asked, response=httpx.Response(401, request=asked))
    with pytest.raises(CannotStart, match="refuses: 401"), open_queue(settings):
        raise PrefectHTTPStatusError.from_httpx_error(refused)
    with pytest.raises(CannotStart, match="does not answer"), open_queue(settings):
        raise httpx.ConnectError("connection refused")


def test_a_death_that_is_told_twice_counts_once(
    queue: Queue, client: SyncPrefectClient, books: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = queue.add(books[0], DRAFT).entry
    client.set_flow_run_state(_run(entry), Running(), force=True)
    client.set_flow_run_state(_run(entry), Crashed(), force=True)
    monkeypatch.setattr(flows.provision, "SETTLE_S", 60.0)
    assert give_another_try(client) == 0, "its worker may say it once more"
    monkeypatch.setattr(flows.provision, "SETTLE_S", -1.0)
    assert give_another_try(client) == 1
    client.set_flow_run_state(_run(entry), Crashed(), force=True)
    assert give_another_try(client) == 1, "and no process had begun since"


def test_a_run_that_was_cancelled_never_begins_again_by_itself(
    queue: Queue, client: SyncPrefectClient, books: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = (queue.add(book, DRAFT).entry for book in books[:2])
    for state in (Running(), Cancelling(), Crashed()):
        client.set_flow_run_state(_run(first), state, force=True)
    assert give_another_try(client) == 0
    for state in (Running(), Cancelling()):
        client.set_flow_run_state(_run(second), state, force=True)
    finish_cancelling(client)
    assert queue.entry(second.id).stage is Stage.CANCELLING
    monkeypatch.setattr("flows.provision.CANCEL_LIMIT_S", -60.0)
    finish_cancelling(client)
    assert queue.entry(second.id).stage is Stage.CANCELLED


def test_what_was_under_way_when_the_machine_stopped_goes_on(
    queue: Queue, client: SyncPrefectClient, books: list[Path]
) -> None:
    first, second = (queue.add(book, DRAFT).entry for book in books[:2])
    client.set_flow_run_state(_run(first), Running(), force=True)
    assert queue.entries()[0].stage is Stage.RUNNING
    assert resume_interrupted(client) == 1
    assert [(entry.id, entry.stage) for entry in queue.entries()] == [
        (first.id, Stage.WAITING),
        (second.id, Stage.WAITING),
    ]


def test_a_machine_that_is_one_of_several_goes_on_with_its_own_runs_alone(
    queue: Queue, client: SyncPrefectClient, books: list[Path]
) -> None:
    mine, anothers = (queue.add(book, DRAFT).entry for book in books[:2])
    for entry in (mine, anothers):
        client.set_flow_run_state(_run(entry), Running(), force=True)
    assert resume_interrupted(client, {UUID(_run(mine)): 1, UUID(_run(anothers)): 0}) == 1
    assert queue.entry(mine.id).stage is Stage.WAITING
    assert queue.entry(anothers.id).stage is Stage.RUNNING


def test_a_run_whose_worker_died_before_it_began_is_not_forgotten(
    queue: Queue, client: SyncPrefectClient, books: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = queue.add(books[0], DRAFT).entry
    client.set_flow_run_state(_run(entry), Pending(), force=True)
    assert give_another_try(client) == 0, "it has only just been taken"
    monkeypatch.setattr(flows.provision, "PENDING_LIMIT_S", -1.0)
    assert give_another_try(client) == 1
    assert queue.entry(entry.id).stage is Stage.WAITING


def test_of_two_machines_only_one_gives_a_run_another_try(
    queue: Queue, client: SyncPrefectClient, books: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = queue.add(books[0], DRAFT).entry
    client.set_flow_run_state(_run(entry), Running(), force=True)
    client.set_flow_run_state(_run(entry), Crashed(), force=True)
    seen = flows.provision._runs(client, StateType.CRASHED)
    assert give_another_try(client) == 1
    monkeypatch.setattr(
        flows.provision, "_runs", lambda _client, state: seen if state is StateType.CRASHED else []
    )
    assert give_another_try(client) == 0, "what the other saw is not so any more"


def test_prometheus_is_told_how_many_documents_wait_run_and_have_ended(
    queue: Queue, client: SyncPrefectClient, api: str, books: list[Path]
) -> None:
    first, second, _ = (
        queue.add(book, DRAFT, priority).entry
        for book, priority in zip(books, (Priority.LOW, Priority.NORMAL, Priority.HIGH), strict=True)
    )
    client.set_flow_run_state(_run(first), Running(), force=True)
    client.set_flow_run_state(_run(second), Failed(), force=True)
    with impatient_client(api) as asking:
        metrics = of_documents(asking)
    assert metrics is not None
    counts = {
        (metric.name, *sample.labels.values()): sample.value
        for metric in metrics
        for sample in metric.samples
    }
    assert {key: count for key, count in counts.items() if count} == {
        ("bindery_documents_waiting", "high"): 1,
        ("bindery_documents_under_way",): 1,
        ("bindery_documents_ended", "failed"): 1,
    }


def test_prefects_own_pages_and_programs_can_add_documents_and_mistakes_are_refused(
    queue: Queue, client: SyncPrefectClient, books: list[Path]
) -> None:
    deployment = client.read_deployment_by_name("narrate-book/book")
    parameters = {"document": str(books[0]), "options": {"engine": "draft", "formats": ["mp3"]}}
    client.create_flow_run_from_deployment(deployment.id, parameters=parameters)
    (entry,) = queue.entries()
    assert (entry.engine, entry.priority, entry.by) == ("draft", "normal", None)
    for wrong in ({"engine": "loud"}, {"speed": 9}, {"formats": ["vinyl"]}, {"chapters": "all of them"}):
        with pytest.raises(PrefectHTTPStatusError, match="Validation failed"):
            client.create_flow_run_from_deployment(deployment.id, parameters={**parameters, "options": wrong})


def test_the_commands_say_what_they_did_in_lines_and_in_json(
    queue: Queue, books: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(*arguments: str | Path) -> tuple[int, str]:
        result = CliRunner().invoke(app, [str(argument) for argument in arguments])
        return result.exit_code, result.output

    monkeypatch.setenv("BINDERY_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "150")
    status, told = run("queue", "add", books[0], tmp_path / "gone.epub", "--engine", "draft", "--by", "carla")
    assert status == 3
    assert "one.txt: number 1" in told
    assert "gone.epub: there is no such file" in told
    status, told = run("queue", "list", "--json")
    facts = json.loads(told)
    assert (status, facts["by"], facts["stage"], facts["position"]) == (0, "carla", "waiting", 1)
    assert "one.txt" in run("queue", "list")[1]
    assert facts["run"] in run("queue", "show", facts["id"])[1]
    assert "number 1, low" in run("queue", "move", facts["id"], "--priority", "low")[1]
    assert "0 under way, 1 waiting" in run("status")[1]
    assert "is cancelled" in run("queue", "cancel", facts["id"])[1]
    assert "waits again" in run("queue", "retry", facts["id"])[1]
    status, told = run("queue", "add", books[1], "--engine", "draft", "--due", "soon")
    assert status == 2
    assert "--due soon: write 17:00" in told


def test_many_documents_are_added_without_the_queue_being_read_for_each(
    queue: Queue, books: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BINDERY_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "150")
    entries, reads = Queue.entries, []

    def counted(self: Queue) -> list[Entry]:
        reads.append(self)
        return entries(self)

    monkeypatch.setattr(Queue, "entries", counted)
    result = CliRunner().invoke(app, ["queue", "add", *map(str, books), "--engine", "draft"])
    assert [line.split(" ", 2)[2] for line in result.output.splitlines()] == [
        f"{book.name}: number {position}" for position, book in enumerate(books, start=1)
    ]
    assert len(reads) == 1


def test_without_a_server_one_line_names_the_command_that_starts_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BINDERY_HOME", str(tmp_path))
    with temporary_settings(restore_defaults={PREFECT_API_URL}):
        for command in (["queue", "list"], ["status"]):
            result = CliRunner().invoke(app, command)
            assert result.exit_code == 4
            assert result.output.splitlines() == [
                "✗ no server runs here. Start one with `bindery serve`, or name one in PREFECT_API_URL"
            ]


def test_every_field_of_the_form_has_a_title_and_says_what_it_is_for() -> None:
    schema = parameter_schema(narrate_book.fn).model_dump()
    options = schema["definitions"]["NarrationOptions"]["properties"]
    for name, field in {**schema["properties"], **options}.items():
        assert field.get("description"), name
        assert field.get("title") or "$ref" in field or any("$ref" in one for one in field["anyOf"]), name
    assert schema["definitions"]["Engine"]["enum"] == ["kokoro", "draft"]
    assert "m4b" in options["formats"]["items"]["enum"]


def _run(entry: Entry) -> str:
    return entry.run
