"""Prefect's API for the runs of one process: a child that ends when the process that started it does."""

from __future__ import annotations

import fcntl
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

import httpx
import uvicorn

from flows.child import GRACE_S, end_child, end_with_parent, start_child
from flows.errors import CannotStart
from flows.write_lock import wait_for_the_write_lock

START_LIMIT_S: Final = 90.0  # migrating a new database takes 12 to 20 s on a busy machine

# What Prefect itself sets for a server that only serves one process.
_SERVER: Final = {"PREFECT_UI_ENABLED": "0", "PREFECT__SERVER_EPHEMERAL": "1", "PREFECT__SERVER_FINAL": "1"}


@contextmanager
def prefect_api(meanwhile: Callable[[], None]) -> Iterator[str]:
    """Start an API on a free port and yield its address; its database is in PREFECT_HOME.

    meanwhile: what is done while it starts.

    Prefect's own way to do this leaves the child running when its parent is killed, and lets Ctrl-C end it
    under a flow that still needs it. Ours is in a session of its own and watches a pipe of its parent's.

    Raises:
        CannotStart: it does not answer in time.
    """
    grace_s = 0.0  # what goes wrong meanwhile is told at once; a new database is migrated step by step
    with ThreadPoolExecutor(1) as waiting, ExitStack() as stack, ExitStack() as starting:
        starting.enter_context(_alone_with_database())
        port = free_port()
        child = start_child("flows.api_process", [str(port)], {**os.environ, **_SERVER})
        stack.callback(lambda: end_child(child, grace_s))
        answers = waiting.submit(wait_for_api, child, port)
        answers.add_done_callback(lambda _: starting.close())  # others need not wait for `meanwhile`
        meanwhile()
        grace_s = GRACE_S
        answers.result()
        yield f"http://127.0.0.1:{port}/api"


@contextmanager
def _alone_with_database() -> Iterator[None]:
    """Wait for others that start: of two that make a new database at the same time, one fails."""
    home = Path(os.environ["PREFECT_HOME"])
    home.mkdir(parents=True, exist_ok=True)
    with (home / ".starting.lock").open("a") as lock:  # which ends with this process, however it ends
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def wait_for_api(child: subprocess.Popen[Any], port: int) -> None:
    """Wait until the API that a child is to be answers.

    Raises:
        CannotStart: it does not, or the child ended.
    """
    health = f"http://127.0.0.1:{port}/api/health"
    deadline_s = time.monotonic() + START_LIMIT_S
    while time.monotonic() < deadline_s:
        if child.poll() is not None:
            break
        try:
            if httpx.get(health, timeout=5, trust_env=False).status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise CannotStart(
        "Prefect's API did not start",
        "Run again with -v; if it stays so, name another folder in BINDERY_HOME",
    )


def free_port() -> int:
    """A port of this machine that nobody listens on just now."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def _serve(port: int) -> None:
    config = uvicorn.Config(
        "prefect.server.api.server:create_app",
        factory=True,
        host="127.0.0.1",
        port=port,
        log_level="error",
        lifespan="on",
    )
    server = uvicorn.Server(config)

    def end() -> None:
        server.should_exit = True

    end_with_parent(end)
    wait_for_the_write_lock()
    server.run()


if __name__ == "__main__":
    _serve(int(sys.argv[1]))
