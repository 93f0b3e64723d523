"""Children into a going concern: each is started again when it ends, and all end together."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final

from flows.child import end_child, start_child
from flows.errors import CannotStart

MOST_DEATHS: Final = 5  # in a row, each soon after its start
SOON_S: Final = 60.0
_LONGEST_BACKOFF_S: Final = 30.0
_LOOK_S: Final = 0.5
_LAST_WORDS: Final = 3  # lines of its log


@dataclass(eq=False, slots=True)
class Supervised:
    """One child: how it is started, and how it has fared."""

    name: str
    module: str
    arguments: Sequence[str]
    environment: Mapping[str, str]
    log: Path
    grace_s: float
    process: subprocess.Popen[bytes] | None = None
    deaths: int = 0  # in a row
    restarts: int = 0  # in all
    _file: IO[bytes] | None = None
    _started_s: float = field(default=0.0)
    _again_s: float = field(default=0.0)

    def start(self) -> subprocess.Popen[bytes]:
        """Start it; its log goes on where it was."""
        if self._file is None:
            self.log.parent.mkdir(parents=True, exist_ok=True)
            with suppress(FileNotFoundError):  # what the one before said of its end stays beside it
                self.log.replace(self.log.with_suffix(".1.log"))
            self._file = self.log.open("wb")
        self._started_s = time.monotonic()
        self.process = start_child(self.module, self.arguments, self.environment, self._file)
        return self.process

    def look(self) -> None:
        """Start it again if it has ended, after a while that is longer each time.

        Raises:
            CannotStart: it keeps ending.
        """
        assert self.process is not None
        now_s = time.monotonic()
        if self.process.poll() is None:
            if now_s - self._started_s > SOON_S:
                self.deaths = 0
            return
        if not self._again_s:
            self.deaths += 1
            if self.deaths >= MOST_DEATHS:
                raise CannotStart(
                    f"{self.name} ended {self.deaths} times: {self.last_words()}", f"See {self.log}"
                )
            self._again_s = now_s + min(2.0 ** (self.deaths - 1), _LONGEST_BACKOFF_S)
        elif now_s >= self._again_s:
            self._again_s = 0.0
            end_child(self.process)  # closes our end of its pipe
            self.restarts += 1
            self.start()

    @property
    def is_running(self) -> bool:
        """Whether its process is there just now."""
        return self.process is not None and self.process.poll() is None

    def end(self) -> None:
        """End it, if it runs."""
        if self.process is not None:
            end_child(self.process, self.grace_s)
        if self._file is not None:
            self._file.close()

    def last_words(self) -> str:
        """The end of its log, in one line."""
        lines = self.log.read_text(errors="replace").strip().splitlines()
        return " / ".join(line.strip() for line in lines[-_LAST_WORDS:]) or "it said nothing"


def supervise(
    children: Iterable[Supervised], ended: threading.Event, regularly: Callable[[], None], every_s: float
) -> None:
    """Keep children going until `ended` is set; call `regularly` now and then.

    Raises:
        CannotStart: one keeps ending.
    """
    children = tuple(children)
    next_s = time.monotonic() + every_s
    while not ended.wait(_LOOK_S):
        for child in children:
            child.look()
        if time.monotonic() >= next_s:
            regularly()
            next_s = time.monotonic() + every_s
