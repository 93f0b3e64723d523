"""A whole machine under one command, as an operator has it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import prefect.settings
import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey

from flows.api_process import free_port
from flows.narrate import NarrationOptions
from flows.provision import JOINED_SILENCE_S
from flows.queueing import Queue, Stage, open_queue
from flows.serve import _environment
from flows.served import Addresses, addresses_in
from flows.settings import Settings
from flows.speakers import Engine
from flows.speaking_client import health_of

START_LIMIT_S = 150.0
DRAFT = NarrationOptions(engine=Engine.DRAFT)


@pytest.fixture
def machine(environment: dict[str, str], tmp_path: Path) -> dict[str, str]:
    return environment | {
        "BINDERY_PORT": str(free_port()),
        "BINDERY_METRICS": str(free_port()),
        "BINDERY_LIBRARY": str(tmp_path / "library"),
    }


@pytest.fixture
def serve(machine: dict[str, str], tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "flows.cli", "serve"],
        cwd=tmp_path,
        env=machine,
        stderr=subprocess.PIPE,
        text=True,
    )
    yield process
    process.kill()
    process.communicate()


def until(condition: Callable[[], bool], limit_s: float) -> None:
    deadline_s = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline_s, "it did not happen"
        time.sleep(0.2)


def processes_of(home: str) -> list[str]:
    """The commands of all processes that have this home in their environment."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if f"BINDERY_HOME={home}".encode() in (process / "environ").read_bytes().split(b"\0"):
                found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:  # it has just ended, or is not ours
            continue
    return [command for command in found if command]


def test_a_document_that_waits_long_is_not_called_late(
    machine: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    addresses = Addresses("http://127.0.0.1:1/api", str(tmp_path / "socket"))
    settings = Settings.read(machine)
    own = _environment(settings, tmp_path, tmp_path / "lock", addresses, joined=False)
    for name, value in own.items():
        monkeypatch.setenv(name, value)
    assert not prefect.settings.Settings().server.services.late_runs.enabled


def test_a_machine_that_joins_others_brings_no_server_of_its_own(
    machine: dict[str, str], tmp_path: Path
) -> None:
    addresses = Addresses("http://elsewhere:4200/api", "speaking.sock")
    joined = _environment(Settings.read(machine), tmp_path, tmp_path / "lock", addresses, joined=True)
    assert joined["PREFECT_API_URL"] == "http://elsewhere:4200/api"
    added = joined.keys() - os.environ.keys()
    assert not any(name.startswith("PREFECT_SERVER") or "DATABASE" in name for name in added)
    own = _environment(Settings.read(machine), tmp_path, tmp_path / "lock", addresses, joined=False)
    assert {"PREFECT_SERVER_API_PORT", "PREFECT_API_DATABASE_CONNECTION_URL"} <= own.keys()
    assert 3 * int(joined["PREFECT_FLOWS_HEARTBEAT_FREQUENCY"]) <= JOINED_SILENCE_S


@pytest.mark.slow
def test_documents_that_are_queued_are_made_and_cancelled_and_nothing_is_left_behind(
    serve: subprocess.Popen[str],
    machine: dict[str, str],
    small_book: Path,
    long_book: Path,
    tmp_path: Path,
) -> None:
    settings = Settings.read(machine)
    until(lambda: addresses_in(settings.home) is not None or serve.poll() is not None, START_LIMIT_S)
    assert serve.poll() is None
    second = subprocess.run(
        [sys.executable, "-m", "flows.cli", "serve"],
        cwd=tmp_path, env=machine, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert second.returncode == 4
    assert second.stderr.splitlines()[-1].startswith("✗ `bindery serve` runs already with")

    with open_queue(settings) as queue:
        small = queue.add(small_book, DRAFT).entry.id
        long = queue.add(long_book, NarrationOptions(engine=Engine.DRAFT, formats=["wav", "flac"])).entry.id
        until(lambda: queue.entry(long).stage is Stage.RUNNING, 60)
        assert queue.cancel(long).stage is Stage.CANCELLED
        until(lambda: queue.entry(small).stage in (Stage.DONE, Stage.FAILED), 120)
        assert queue.entry(small).stage is Stage.DONE, queue.entry(small).told
        _nothing_half_done(queue, tmp_path / "library")
        bars = ArtifactFilter(key=ArtifactFilterKey(any_=["progress-small"]))
        with get_client(sync_client=True) as client:
            assert [bar.data for bar in client.read_artifacts(artifact_filter=bars)] == [100]
    metrics = httpx.get(f"http://127.0.0.1:{machine['BINDERY_METRICS']}/metrics").text.splitlines()
    for part in ("server", "speaking", "worker", "disks"):
        assert f'bindery_up{{part="{part}"}} 1.0' in metrics
    for end in ("done", "cancelled"):
        assert f'bindery_documents_ended{{state="{end}"}} 1.0' in metrics
    addresses = addresses_in(settings.home)
    assert addresses is not None
    assert health_of(Path(addresses.speaking))["draft"]["chunks"] > 0

    serve.terminate()
    _, said = serve.communicate(timeout=60)
    assert serve.returncode == 0, said
    assert "Traceback" not in said
    until(lambda: not processes_of(machine["BINDERY_HOME"]), 10)
    assert addresses_in(settings.home) is None
    assert not Path(addresses.speaking).exists()


def _nothing_half_done(queue: Queue, library: Path) -> None:
    assert queue.entries() == []
    names = {path.name for path in library.rglob("*") if path.name != ".bindery.lock"}
    assert any("Small" in name for name in names)
    assert not any("Long" in name or name.startswith(".") for name in names)
