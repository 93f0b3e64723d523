"""Chapters into finished parts by processes of their own, so that they are mastered on all cores at once.

Mastering is many short steps in numpy. In threads they wait for one another at the interpreter's lock, and
keep a speaker in the same process waiting, too.
"""

from __future__ import annotations

import os
import pickle
import select
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path
from queue import SimpleQueue
from types import TracebackType
from typing import Any, Final, Self

from outputs.encode import Codec
from outputs.errors import FinisherLost
from outputs.ffmpeg import Ffmpeg
from outputs.finish import Part, finish_chapter
from outputs.plan import ChapterPlan
from outputs.store import SegmentStore

LIMIT_S: Final = 6 * 3600.0  # a chapter of ten hours takes a slow core a quarter of one; ffmpeg has its own


class Finishers:
    """Processes that finish chapters, one for each core at the most; they are started when they are needed.

    They end with the process that started them, however it ends.
    """

    def __init__(self, at_once: int | None = None) -> None:
        """at_once: None: as many as there are cores for this process."""
        self._room = threading.BoundedSemaphore(at_once or _cores())
        self._idle: deque[_Finisher] = deque()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def finish(
        self, plan: ChapterPlan, codecs: Sequence[Codec], store: SegmentStore, parts: Path, ffmpeg: Ffmpeg
    ) -> tuple[Part, ...]:
        """What `finish_chapter` does; waits for a process to be free.

        Raises:
            FinisherLost: the process ended in the middle, as one that is killed does, or it hangs.
            OutputError: what `finish_chapter` raises; so does what is a fault of ours.
        """
        with self._room:
            finisher = self._idle_one() or _Finisher()
            with ExitStack() as undo:
                undo.callback(finisher.kill)  # or the next one to ask would get this answer
                answer = finisher.ask((plan, tuple(codecs), store.where, parts, ffmpeg))
                undo.pop_all()
            self._idle.append(finisher)
        if isinstance(answer, BaseException):
            raise answer
        finished: tuple[Part, ...] = answer
        return finished

    def close(self) -> None:
        """End the processes that are idle."""
        while finisher := self._idle_one():
            finisher.end()

    def _idle_one(self) -> _Finisher | None:
        """A process that waits for work; those that were killed meanwhile are let go of."""
        with suppress(IndexError):
            while True:
                finisher = self._idle.pop()
                if finisher.is_alive:
                    return finisher
                finisher.end()
        return None


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class _Finisher:
    """One such process: a pickled job goes in, pickled parts or an error come out."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "outputs.finishers"],  # nothing from the folder that one stands in
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is for the process that started it
        )

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def ask(self, job: object) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            pickle.dump(job, self._process.stdin)
            self._process.stdin.flush()
            if not select.select([self._process.stdout], [], [], LIMIT_S)[0]:
                raise FinisherLost(
                    f"a chapter was not finished within {LIMIT_S / 3600:.0f} hours", "Run again"
                )
            return pickle.load(self._process.stdout)  # noqa: S301  # from a process of our own
        except (BrokenPipeError, EOFError, pickle.UnpicklingError):
            raise FinisherLost(
                f"the process that finished a chapter {self._how()}", "Run again; the machine may lack memory"
            ) from None

    def end(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()

    def kill(self) -> None:
        self._process.kill()
        self.end()

    def _how(self) -> str:
        status = self._process.wait()
        return f"was killed by signal {-status}" if status < 0 else f"ended with status {status}"


def _work() -> None:
    """Finish what comes in until nothing more can come; then end at once, also in the middle of a chapter."""
    jobs: SimpleQueue[Any] = SimpleQueue()
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # whatever is printed must not get among the answers

    def take() -> None:
        try:
            while True:
                jobs.put(pickle.load(sys.stdin.buffer))  # noqa: S301  # from the process that started this one
        except (EOFError, pickle.UnpicklingError):  # that process has ended, perhaps in the middle of a job
            pass
        finally:
            os._exit(0)

    threading.Thread(target=take, daemon=True).start()
    with ThreadPoolExecutor(1) as thread:
        while True:
            plan, codecs, where, parts, ffmpeg = jobs.get()
            done = thread.submit(finish_chapter, plan, codecs, SegmentStore(where), parts, ffmpeg)
            error = done.exception()  # whatever it is, whoever asked is to be told
            answers.write(_pickled(error) if error else pickle.dumps(done.result()))
            answers.flush()


def _pickled(error: BaseException) -> bytes:
    """An error, or, of one that cannot be pickled, what it says."""
    try:
        data = pickle.dumps(error)
        pickle.loads(data)  # noqa: S301  # it was made here
    except (pickle.PicklingError, TypeError, AttributeError):
        return pickle.dumps(RuntimeError(f"{type(error).__name__}: {error}"))
    return data


if __name__ == "__main__":
    _work()
