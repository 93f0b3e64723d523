"""A plain Prefect server with our prefect.yaml: the inbox by schedule, and what one sees of its runs."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import (
    ArtifactFilter,
    ArtifactFilterKey,
    DeploymentFilter,
    DeploymentFilterId,
)
from prefect.client.schemas.objects import FlowRun
from prefect.settings import (
    PREFECT_API_URL,
    PREFECT_FLOWS_HEARTBEAT_FREQUENCY,
    PREFECT_LOGGING_TO_API_ENABLED,
    temporary_settings,
)

from flows.api_process import free_port, wait_for_api
from flows.inbox import narrate_inbox
from flows.narrate import NarrationOptions, narrate_book
from flows.provision import provision
from flows.speakers import Engine

ROOT = Path(__file__).parents[2]
LIMIT_S = 120.0


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A machine of its own: nothing of this one's settings or caches."""
    port = free_port()
    home = tmp_path_factory.mktemp("server")
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "HOME": str(home),
        "PREFECT_HOME": str(home / "prefect"),
        "PREFECT_API_URL": f"http://127.0.0.1:{port}/api",
        "PREFECT_SERVER_API_PORT": str(port),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_SERVICES_SCHEDULER_LOOP_SECONDS": "1",
        "PREFECT_SERVER_UI_ENABLED": "false",
        "DO_NOT_TRACK": "1",
    }


@pytest.fixture(scope="module")
def client(environment: dict[str, str]) -> Iterator[SyncPrefectClient]:
    port = int(environment["PREFECT_SERVER_API_PORT"])
    server = subprocess.Popen(
        [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        wait_for_api(server, port)
        with (
            temporary_settings(
                {
                    PREFECT_API_URL: environment["PREFECT_API_URL"],
                    PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None,  # its thread adds a second to every run
                    PREFECT_LOGGING_TO_API_ENABLED: False,
                }
            ),
            get_client(sync_client=True) as client,
        ):
            yield client
    finally:
        os.killpg(server.pid, 9)
        server.wait()


def test_the_scheduler_creates_runs_of_the_inbox_every_five_minutes(
    client: SyncPrefectClient, environment: dict[str, str]
) -> None:
    provision(client, environment)
    deployment = client.read_deployment_by_name("narrate-inbox/inbox")
    assert deployment.concurrency_options is not None
    assert deployment.concurrency_options.collision_strategy.value == "CANCEL_NEW"
    assert deployment.global_concurrency_limit is not None
    assert deployment.global_concurrency_limit.limit == 1
    assert "options" in deployment.parameter_openapi_schema["properties"]
    ours = DeploymentFilter(id=DeploymentFilterId(any_=[deployment.id]))
    runs: list[FlowRun] = []
    deadline_s = time.monotonic() + LIMIT_S
    while not runs and time.monotonic() < deadline_s:
        time.sleep(0.5)
        runs = client.read_flow_runs(deployment_filter=ours)
    times = sorted(run.expected_start_time for run in runs if run.expected_start_time)
    assert times, "the scheduler created no run: SQLAlchemy 2.1 breaks Prefect 3.8's"
    assert times[0] > datetime.now(UTC)
    assert all((one.minute % 5, one.second) == (0, 0) for one in times)
    assert all(run.auto_scheduled for run in runs)


def test_a_run_of_the_inbox_leaves_a_page_of_the_book_and_names_that_read_like_the_shelf(
    client: SyncPrefectClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BINDERY_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("BINDERY_INBOX_SETTLE", "0s")
    monkeypatch.setenv("BINDERY_INBOX", str(tmp_path / "inbox"))
    (tmp_path / "inbox").mkdir()
    (tmp_path / "inbox/the sea.md").write_text("# One | Two\n\nThe sea is wide.\n")
    (tmp_path / "inbox/picture.epub").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    library = tmp_path / "library"
    options = NarrationOptions(engine=Engine.DRAFT, formats=["mp3"], library=str(library))
    told = "from os import environ as e; "
    told += f"print(e['BOOK_EVENT'], e['BOOK_DOCUMENT'], file=open('{tmp_path}/told', 'a'))"
    monkeypatch.setenv("BINDERY_ON_DONE", f'{sys.executable} -c "{told}"')
    monkeypatch.setenv("BINDERY_ON_FAILED", f'{sys.executable} -c "{told}"')
    state = narrate_inbox(options=options, return_state=True)
    assert (state.name, state.message) == ("Completed", "1 done, 1 failed")
    assert narrate_inbox(options=options, return_state=True).message == "nothing has arrived"

    heard = set((tmp_path / "told").read_text().splitlines())
    assert heard == {
        f"audiobindery.book.done {tmp_path}/inbox/done/the sea.md",
        f"audiobindery.book.failed {tmp_path}/inbox/failed/picture.epub",
    }, "each once, though each has a run of its own, and where it lies now"
    state = narrate_book(str(tmp_path / "inbox/failed/picture.epub"), options, return_state=True)
    assert state.is_failed()
    assert len((tmp_path / "told").read_text().splitlines()) == 3, "without an inbox, too"

    names = {run.name for run in client.read_flow_runs()}
    assert {"narrate the sea.md", "narrate picture.epub"} <= names
    key = ArtifactFilterKey(any_=["book-the-sea-draft-voice"])
    (page,) = client.read_artifacts(artifact_filter=ArtifactFilter(key=key))
    book = library / "mp3/Unknown author/the sea (draft voice)"
    assert isinstance(page.data, str)
    assert "# the sea (draft voice)" in page.data
    assert r"One \| Two" in page.data
    assert (book / "report.html").as_uri() in page.data
    assert next(book.glob("*.mp3")).as_uri() in page.data
    assert "## Warnings" in page.data

    monkeypatch.delenv("BINDERY_INBOX")
    assert "set BINDERY_INBOX" in str(narrate_inbox(return_state=True).message)
