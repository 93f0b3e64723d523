"""One command into a whole machine: Prefect's server, the speaking service and a worker, kept going.

Where PREFECT_API_URL names a server, the machine joins those that work for that one.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import socket
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Final

import httpx
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.exceptions import ObjectNotFound, PrefectHTTPStatusError
from prefect.settings import PREFECT_API_URL, temporary_settings
from rich.console import Console
from rich.markup import escape

from flows.api_process import START_LIMIT_S, wait_for_api
from flows.errors import CannotStart
from flows.metrics import Read, impatient_client, metrics_at, of_disks, of_documents, of_process, of_speaking
from flows.priorities import POOL
from flows.provision import (
    HEARTBEAT_S,
    JOINED_HEARTBEAT_S,
    JOINED_SILENCE_S,
    SILENCE_S,
    finish_cancelling,
    give_another_try,
    provision,
    resume_interrupted,
    schedule_inbox,
)
from flows.served import Addresses, forget_runs, only_one, runs_noted, server_faults_told, told
from flows.settings import Settings
from flows.speakers import Hardware
from flows.supervise import Supervised, supervise

TRY_AGAIN_S: Final = 10.0
_GRACE_S: Final = 5.0


def serve(
    settings: Settings, weights: Path | None, hardware: Hardware, at_once: int, console: Console
) -> None:
    """Run until SIGINT or SIGTERM; then nothing is left behind. After SIGKILL all children end by themselves.

    at_once: documents that are under way at a time.

    Raises:
        CannotStart: another one runs with this home, the port is taken, the server that is to be joined does
            not answer, or a part of it keeps ending.
    """
    joined = PREFECT_API_URL.value() or None
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    home = settings.home.absolute()
    with ExitStack() as stack:
        lock = stack.enter_context(only_one(home))
        runtime = stack.enter_context(_short_folder())
        own = f"http://127.0.0.1:{settings.port}/api"
        addresses = Addresses(joined or own, str(runtime / "speaking.sock"))
        environment = _environment(settings, home, lock, addresses, joined=joined is not None)
        logs = home / "logs"
        speaking = _speaking(weights, hardware, environment, logs, runtime)
        worker = _worker(home, at_once, environment, logs)
        server = None if joined else _server(settings.port, environment, logs)
        parts = {"speaking": speaking, "worker": worker, **({"server": server} if server else {})}

        stack.enter_context(_metrics(settings, home, addresses, parts))
        client = stack.enter_context(_client(addresses.api))
        # a server elsewhere that does not answer must not keep this machine from looking after its parts
        asking = client if server else stack.enter_context(impatient_client(addresses.api))
        if server is None:
            stack.callback(_hand_back, asking, home)
        # the server first, so that what the others were at is under way still when the next one starts
        for part in parts.values():
            stack.callback(part.end)

        console.print("Starting …", highlight=False)
        if server is None:
            _wait_for_server(asking, addresses.api, ended)
        else:
            _check_port(settings.port)
            process = server.start()
        speaking.start()
        if server is not None:
            wait_for_api(process, settings.port)
        with server_faults_told(addresses.api):
            provision(client, environment, SILENCE_S if server else JOINED_SILENCE_S)
            if server is not None or settings.inbox is not None:  # it may be another machine's
                schedule_inbox(client, wanted=settings.inbox is not None)
            died = runs_noted(home)
            resumed = resume_interrupted(client, None if server else died)
        forget_runs(home, died)
        worker.start()
        stack.enter_context(told(home, addresses))
        _say_where(console, settings, addresses, home, resumed)
        supervise(parts.values(), ended, lambda: _look_after(asking), TRY_AGAIN_S)
        console.print("Ending …", highlight=False)


def _hand_back(client: SyncPrefectClient, home: Path) -> None:
    """Let other machines go on with what this one was at, without waiting for its silence to be noticed."""
    with suppress(PrefectHTTPStatusError, ObjectNotFound, httpx.TransportError):
        died = runs_noted(home)
        resume_interrupted(client, died)
        forget_runs(home, died)


def _server(port: int, environment: Mapping[str, str], logs: Path) -> Supervised:
    command = ["prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)]
    return Supervised(
        "Prefect's server", "flows.write_lock", command, environment, logs / "server.log", _GRACE_S
    )


def _speaking(
    weights: Path | None, hardware: Hardware, environment: Mapping[str, str], logs: Path, runtime: Path
) -> Supervised:
    arguments = [
        str(runtime / "speaking.sock"),
        str(weights.absolute()) if weights else "",
        hardware.device or "",
        hardware.precision or "",
        hardware.memory or "",
    ]
    log = logs / "speaking.log"
    return Supervised("the speaking service", "flows.speaking_server", arguments, environment, log, _GRACE_S)


def _worker(home: Path, at_once: int, environment: Mapping[str, str], logs: Path) -> Supervised:
    """The worker; its name is its machine's and, since there is one for each card, its home's."""
    name = f"{socket.gethostname()}-{hashlib.sha256(os.fsencode(home)).hexdigest()[:6]}"
    how = ["--pool", POOL, "--type", "process", "--limit", str(at_once), "--name", name]
    command = ["prefect", "worker", "start", *how]
    return Supervised("the worker", "flows.child", command, environment, logs / "worker.log", grace_s=0)


@contextmanager
def _metrics(
    settings: Settings, home: Path, addresses: Addresses, supervised: Mapping[str, Supervised]
) -> Iterator[None]:
    """Answer Prometheus where that is wanted, from before the first part begins."""
    if settings.metrics_address is None:
        yield
        return
    folders = {"home": home, "library": settings.library.absolute()}
    if isinstance(settings.segments, Path):
        folders["segments"] = settings.segments.absolute()
    with impatient_client(addresses.api) as client:
        parts: dict[str, Read] = {
            "server": lambda: of_documents(client),
            "speaking": lambda: of_speaking(Path(addresses.speaking)),
            "worker": lambda: of_process(supervised["worker"]),
            "disks": lambda: of_disks(folders),
        }
        with metrics_at(*settings.metrics_address, parts, supervised):
            yield


def _environment(
    settings: Settings, home: Path, lock: Path, addresses: Addresses, *, joined: bool
) -> dict[str, str]:
    """What all children see; paths are absolute, since runs have working folders of their own."""
    segments = settings.segments
    server = {
        "PREFECT_API_DATABASE_CONNECTION_URL": f"sqlite+aiosqlite:///{home / 'prefect' / 'serve.db'}",
        "PREFECT_SERVER_API_HOST": "127.0.0.1",
        "PREFECT_SERVER_API_PORT": str(settings.port),
        "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
        # a queue waits: calling each document late is a write for each, and they lock the database
        "PREFECT_SERVER_SERVICES_LATE_RUNS_ENABLED": "false",
        "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs",  # of 90 days ago
    }
    return {
        **os.environ,
        **({} if joined else server),
        **({"BINDERY_WORKDIR": "/"} if joined else {}),  # which every machine has
        "BINDERY_HOME": str(home),
        "BINDERY_LIBRARY": str(settings.library.absolute()),
        "BINDERY_SEGMENTS": segments if isinstance(segments, str) else str(segments.absolute()),
        **({"BINDERY_INBOX": str(Path(settings.inbox).absolute())} if settings.inbox else {}),
        "BINDERY_SPEAKING": addresses.speaking,
        "BINDERY_SERVED_BY": str(lock),
        "PREFECT_API_URL": addresses.api,
        "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": str(JOINED_HEARTBEAT_S if joined else HEARTBEAT_S),
        "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "INFO",
        "PREFECT_RUNNER_POLL_FREQUENCY": "2",  # a cancelled run is noticed within that
        "PREFECT_WORKER_QUERY_SECONDS": "2",
    }


@contextmanager
def _short_folder() -> Iterator[Path]:
    """A folder of ours alone whose path is short: that of a socket has a hundred letters at most."""
    folder = Path(tempfile.mkdtemp(prefix="bindery-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@contextmanager
def _client(api: str) -> Iterator[SyncPrefectClient]:
    with temporary_settings({PREFECT_API_URL: api}), get_client(sync_client=True) as client:
        yield client


def _wait_for_server(client: SyncPrefectClient, api: str, ended: threading.Event) -> None:
    deadline_s = time.monotonic() + START_LIMIT_S
    while client.api_healthcheck() is not None:
        if ended.wait(1) or time.monotonic() > deadline_s:
            raise CannotStart(
                f"the server at {api} does not answer",
                "Look whether it runs, and at PREFECT_API_URL; without that, a server is started here",
            )


def _check_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise CannotStart(
                f"port {port} of this machine cannot be used ({error.strerror})",
                "Name another one in BINDERY_PORT",
            ) from error


def _look_after(client: SyncPrefectClient) -> None:
    # the server is being started again, or somebody has just deleted a run
    with suppress(PrefectHTTPStatusError, ObjectNotFound, httpx.TransportError):
        give_another_try(client)
        finish_cancelling(client)


def _say_where(console: Console, settings: Settings, addresses: Addresses, home: Path, resumed: int) -> None:
    console.print(f"[green]✓[/] pages: {addresses.api.removesuffix('/api')}", highlight=False)
    places = {"finished books": settings.library.absolute(), "inbox": settings.inbox, "logs": home / "logs"}
    for name, place in places.items():
        if place is None:
            continue
        console.print(f"[green]✓[/] {name}: {place}", soft_wrap=True, highlight=False)
    if settings.metrics_address is not None:
        host, port = settings.metrics_address
        at = f"http://{f'[{host}]' if ':' in host else host}:{port}/metrics"
        console.print(f"[green]✓[/] metrics: {escape(at)}", soft_wrap=True, highlight=False)
    if resumed:
        console.print(f"[green]✓[/] {resumed} documents go on where they were", highlight=False)
    console.print("Add documents with `bindery queue add`; end this with Ctrl-C.", highlight=False)
