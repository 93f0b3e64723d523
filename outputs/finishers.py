"""Chapters into finished parts by processes of their own, so that they are mastered on all cores at once.

Mastering is many short steps in numpy. In threads they wait for one another at the interpreter's lock, and
keep a speaker in the same process waiting, too.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from queue import SimpleQueue
from types import TracebackType
from typing import Any, Self

from outputs.encode import Codec
from outputs.errors import FinisherLost, OutputError
from outputs.ffmpeg import Ffmpeg
from outputs.finish import Part, finish_chapter
from outputs.plan import ChapterPlan
from outputs.store import SegmentStore


class Finishers:
    """Processes that finish chapters, one for each core at the most; they are started when they are needed.

    They end with the process that started them, however it ends.
    """

    def __init__(self, at_once: int | None = None) -> None:
        """at_once: None: as many as there are cores."""
        self._room = threading.BoundedSemaphore(at_once or os.cpu_count() or 1)
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
            FinisherLost: the process ended in the middle, as one that is killed does.
            OutputError: what `finish_chapter` raises.
        """
        with self._room:
            finisher = self._idle.pop() if self._idle else _Finisher()
            with ExitStack() as undo:
                undo.callback(finisher.kill)  # or the next one to ask would get this answer
                answer = finisher.ask((plan, tuple(codecs), store.where, parts, ffmpeg))
                undo.pop_all()
            self._idle.append(finisher)
        if isinstance(answer, Exception):
            raise answer
        finished: tuple[Part, ...] = answer
        return finished

    def close(self) -> None:
        """End the processes that are idle."""
        while self._idle:
            self._idle.pop().end()


class _Finisher:
    """One such process: a pickled job goes in, pickled parts or an error come out."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "outputs.finishers"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is for the process that started it
        )

    def ask(self, job: object) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            pickle.dump(job, self._process.stdin)
            self._process.stdin.flush()
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
        while True:
            try:
                jobs.put(pickle.load(sys.stdin.buffer))  # noqa: S301  # from the process that started this one
            except EOFError:
                os._exit(0)

    threading.Thread(target=take, daemon=True).start()
    while True:
        plan, codecs, where, parts, ffmpeg = jobs.get()
        answer: tuple[Part, ...] | Exception
        try:
            answer = finish_chapter(plan, codecs, SegmentStore(where), parts, ffmpeg)
        except (OutputError, OSError) as error:
            answer = error
        pickle.dump(answer, answers)
        answers.flush()


if __name__ == "__main__":
    _work()
