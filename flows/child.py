"""Commands into child processes that end when the process that started them does, however it ends."""

from __future__ import annotations

import os
import runpy
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import IO, Final

GRACE_S: Final = 5.0


def start_child(
    module: str,
    arguments: Sequence[str],
    environment: Mapping[str, str],
    log: IO[bytes] | int = subprocess.DEVNULL,
) -> subprocess.Popen[bytes]:
    """Run one of our modules in a session of its own, where Ctrl-C does not reach it.

    It watches a pipe of ours, by `end_with_parent`.
    """
    return subprocess.Popen(
        [sys.executable, "-P", "-m", module, *arguments],
        stdin=subprocess.PIPE,
        stdout=log,
        stderr=log,
        start_new_session=True,
        env=dict(environment),
    )


def end_child(child: subprocess.Popen[bytes], grace_s: float = GRACE_S) -> None:
    """Ask a child to end; after `grace_s` it is killed with its whole session."""
    child.terminate()
    try:
        child.wait(grace_s)
    except subprocess.TimeoutExpired:
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
    assert child.stdin is not None
    child.stdin.close()


def end_with_parent(end: Callable[[], None], grace_s: float = GRACE_S) -> None:
    """Call `end` in this child once its parent is gone, and end it for certain `grace_s` later."""

    def watch() -> None:
        while os.read(0, 4096):  # ends when the parent does; unbuffered: no lock is held when Python ends
            pass
        end()
        time.sleep(grace_s)
        os.killpg(0, signal.SIGKILL)  # `start_child` gave us a session of our own

    threading.Thread(target=watch, name="watching the parent", daemon=True).start()


if __name__ == "__main__":  # python -m flows.child MODULE ARGUMENT...: any module as such a child
    end_with_parent(lambda: None, grace_s=0)  # at once: Prefect keeps its state where SIGKILL does no harm
    sys.argv = sys.argv[1:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
