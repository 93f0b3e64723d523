"""Many documents through a few lanes: one whose speech is all there makes way while it is being finished."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from contextvars import ContextVar, copy_context
from functools import partial
from types import TracebackType
from typing import Final, ParamSpec, Self, TypeVar

T = TypeVar("T")
P = ParamSpec("P")

# One is spoken, one waits to be, the others begin: a run and the reading of a document take up to a second,
# in which a large card speaks three of five minutes.
AT_ONCE: Final = 5
# Documents of a few minutes take a core each to be finished. Two more are ending their runs, which takes
# up to a second and no core.
FINISHING: Final = (os.cpu_count() or 1) + 2


class Lanes:
    """Threads that documents are worked through by, in the order that they come."""

    def __init__(self) -> None:
        self._room = threading.Semaphore(AT_ONCE)
        self._pool = ThreadPoolExecutor(AT_ONCE + FINISHING, thread_name_prefix="document")
        self._closed = False

    def submit(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Have `work` done in a lane, in a copy of this context: it holds Prefect's settings and the run."""
        return self._pool.submit(copy_context().run, self._in_a_lane, partial(work, *args, **kwargs))

    def close(self, *, wait: bool) -> None:
        """Begin nothing more; what is under way goes on. wait: until all of it is done."""
        self._closed = True
        self._pool.shutdown(wait=wait, cancel_futures=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown()

    def _in_a_lane(self, work: Callable[[], T]) -> T:
        self._room.acquire()
        lane = _Lane(self._room)
        try:
            if self._closed:
                raise CancelledError
            _LANE.set(lane)  # for this context alone
            return work()
        finally:
            lane.leave()


class _Lane:
    """One document's place; it is left once."""

    def __init__(self, room: threading.Semaphore) -> None:
        self._room = room
        self._is_left = False

    def leave(self) -> None:
        if not self._is_left:
            self._is_left = True
            self._room.release()


_LANE: ContextVar[_Lane | None] = ContextVar("lane", default=None)


def make_way() -> None:
    """Let the next document begin: of the one that this context works on, all is spoken."""
    lane = _LANE.get()
    if lane is not None:
        lane.leave()
