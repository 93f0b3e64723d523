"""Prefect's API for the runs of one process: a child that ends when the process that started it does."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import httpx
import uvicorn

from flows.errors import CannotStart

START_LIMIT_S: Final = 90.0  # migrating a new database takes 12 to 20 s on a busy machine
_GRACE_S: Final = 5.0

# What Prefect itself sets for a server that only serves one process.
_SERVER: Final = {"PREFECT_UI_ENABLED": "0", "PREFECT__SERVER_EPHEMERAL": "1", "PREFECT__SERVER_FINAL": "1"}


@contextmanager
def prefect_api() -> Iterator[str]:
    """Start an API on a free port and yield its address.

    Prefect's own way to do this leaves the child running when its parent is killed, and lets Ctrl-C end it
    under a flow that still needs it. Ours is in a session of its own and watches a pipe of its parent's.

    Raises:
        CannotStart: it does not answer in time.
    """
    port = _free_port()
    child = subprocess.Popen(
        [sys.executable, "-m", "flows.api_process", str(port)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        env={**os.environ, **_SERVER},
    )
    try:
        _wait_for(child, f"http://127.0.0.1:{port}/api/health")
        yield f"http://127.0.0.1:{port}/api"
    finally:
        child.terminate()
        try:
            child.wait(_GRACE_S)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
        assert child.stdin is not None
        child.stdin.close()


def _wait_for(child: subprocess.Popen[bytes], health: str) -> None:
    deadline_s = time.monotonic() + START_LIMIT_S
    while time.monotonic() < deadline_s:
        if child.poll() is not None:
            break
        try:
            if httpx.get(health, timeout=5).status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise CannotStart(
        "Prefect's API did not start",
        "Run again with -v; if it stays so, name another folder in BINDERY_HOME",
    )


def _free_port() -> int:
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
    threading.Thread(target=_end_with_parent, args=(server,), daemon=True).start()
    server.run()


def _end_with_parent(server: uvicorn.Server) -> None:
    sys.stdin.buffer.read()  # ends when the parent does, however it ended
    server.should_exit = True
    time.sleep(_GRACE_S)
    os._exit(0)


if __name__ == "__main__":
    _serve(int(sys.argv[1]))
