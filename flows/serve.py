"""One command into a whole machine: Prefect's server, the speaking service and a worker, kept going."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Final

import httpx
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.exceptions import PrefectHTTPStatusError
from prefect.settings import PREFECT_API_URL, temporary_settings
from rich.console import Console

from flows.api_process import wait_for_api
from flows.errors import CannotStart
from flows.priorities import POOL
from flows.provision import (
    HEARTBEAT_S,
    finish_cancelling,
    give_another_try,
    provision,
    resume_interrupted,
    schedule_inbox,
)
from flows.served import Addresses, only_one, told
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
        CannotStart: another one runs with this home, the port is taken, or a part of it keeps ending.
    """
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    home = settings.home.absolute()
    with ExitStack() as stack:
        lock = stack.enter_context(only_one(home))
        runtime = stack.enter_context(_short_folder())
        addresses = Addresses(f"http://127.0.0.1:{settings.port}/api", str(runtime / "speaking.sock"))
        environment = _environment(settings, home, lock, addresses)
        children = _children(settings, weights, hardware, at_once, environment, home / "logs", runtime)
        server, speaking, worker = children
        # the server first, so that what the others were at is under way still when the next one starts
        for child in (speaking, worker, server):
            stack.callback(child.end)

        _check_port(settings.port)
        console.print("Starting …", highlight=False)
        process = server.start()
        speaking.start()
        wait_for_api(process, settings.port)
        client = stack.enter_context(_client(addresses.api))
        provision(client, environment)
        schedule_inbox(client, wanted=settings.inbox is not None)
        resumed = resume_interrupted(client)
        worker.start()
        stack.enter_context(told(home, addresses))
        _say_where(console, settings, addresses, home, resumed)
        supervise(children, ended, lambda: _look_after(client), TRY_AGAIN_S)
        console.print("Ending …", highlight=False)


def _children(
    settings: Settings,
    weights: Path | None,
    hardware: Hardware,
    at_once: int,
    environment: Mapping[str, str],
    logs: Path,
    runtime: Path,
) -> tuple[Supervised, Supervised, Supervised]:
    """Server, speaking service and worker, in the order that they are needed."""
    server = ["prefect", "server", "start", "--host", "127.0.0.1", "--port", str(settings.port)]
    speaking = [
        str(runtime / "speaking.sock"),
        str(weights.absolute()) if weights else "",
        hardware.device or "",
        hardware.precision or "",
        hardware.memory or "",
    ]
    worker = [
        "prefect",
        "worker",
        "start",
        "--pool",
        POOL,
        "--limit",
        str(at_once),
        "--name",
        socket.gethostname(),
    ]
    return (
        Supervised(
            "Prefect's server", "flows.write_lock", server, environment, logs / "server.log", _GRACE_S
        ),
        Supervised(
            "the speaking service",
            "flows.speaking_server",
            speaking,
            environment,
            logs / "speaking.log",
            _GRACE_S,
        ),
        Supervised("the worker", "flows.child", worker, environment, logs / "worker.log", grace_s=0),
    )


def _environment(settings: Settings, home: Path, lock: Path, addresses: Addresses) -> dict[str, str]:
    """What all children see; paths are absolute, since runs have working folders of their own."""
    segments = settings.segments
    return {
        **os.environ,
        "BINDERY_HOME": str(home),
        "BINDERY_LIBRARY": str(settings.library.absolute()),
        "BINDERY_SEGMENTS": segments if isinstance(segments, str) else str(segments.absolute()),
        **({"BINDERY_INBOX": str(Path(settings.inbox).absolute())} if settings.inbox else {}),
        "BINDERY_SPEAKING": addresses.speaking,
        "BINDERY_SERVED_BY": str(lock),
        "PREFECT_API_URL": addresses.api,
        "PREFECT_API_DATABASE_CONNECTION_URL": f"sqlite+aiosqlite:///{home / 'prefect' / 'serve.db'}",
        "PREFECT_SERVER_API_HOST": "127.0.0.1",
        "PREFECT_SERVER_API_PORT": str(settings.port),
        "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
        "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": str(HEARTBEAT_S),
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
    with suppress(PrefectHTTPStatusError, httpx.TransportError):  # the server is being started again
        give_another_try(client)
        finish_cancelling(client)


def _say_where(console: Console, settings: Settings, addresses: Addresses, home: Path, resumed: int) -> None:
    console.print(f"[green]✓[/] pages: {addresses.api.removesuffix('/api')}", highlight=False)
    places = {"finished books": settings.library.absolute(), "inbox": settings.inbox, "logs": home / "logs"}
    for name, place in places.items():
        if place is None:
            continue
        console.print(f"[green]✓[/] {name}: {place}", soft_wrap=True, highlight=False)
    if resumed:
        console.print(f"[green]✓[/] {resumed} documents go on where they were", highlight=False)
    console.print("Add documents with `bindery queue add`; end this with Ctrl-C.", highlight=False)
