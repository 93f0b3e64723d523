"""What is known of documents that did not come to an end: how often, and when they may be tried again."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

from outputs.files import complete_or_absent

MOST_DEATHS: Final = 2  # of the process, in which this was the document that it worked on
MOST_FAILURES: Final = 4  # by what may pass
_FIRST_DELAY_S: Final = 60.0
_LONGEST_DELAY_S: Final = 3600.0


@dataclass(frozen=True, slots=True)
class Attempt:
    """What became of a document so far.

    begun: how often it was begun and nothing was heard of it again, though nothing more of it was spoken than
    the time before. left: phonemes that were to be spoken when it was begun last. failed: how often it failed
    by what may pass; again_s: seconds since the epoch before which it is not tried again.
    """

    begun: int = 0
    left: int | None = None
    failed: int = 0
    again_s: float = 0.0

    @property
    def is_suspect(self) -> bool:
        """Whether a process ended while it was under way: it is tried alone now, to see whose fault it is."""
        return self.begun > 0

    @property
    def kills(self) -> bool:
        """Whether it is set aside: it was begun so often, and each time the process ended."""
        return self.begun >= MOST_DEATHS

    @property
    def is_hopeless(self) -> bool:
        """Whether what should have passed has not."""
        return self.failed >= MOST_FAILURES

    def may_begin(self, now_s: float) -> bool:
        """Whether the time of its next try has come; a clock that was set back does not put it off."""
        return not 0 < self.again_s - now_s <= _LONGEST_DELAY_S


class Attempts:
    """A file for each document that is under way or was, by the key of its content."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._under_way: set[str] = set()

    def of(self, key: str) -> Attempt:
        """What is known of a document; a file that a power cut left unreadable says nothing."""
        try:
            return Attempt(**json.loads(self._path(key).read_bytes()))
        except (FileNotFoundError, ValueError, TypeError):
            return Attempt()

    def begin(self, key: str) -> None:
        """Note that a document is begun, before anything of it is read."""
        before = self.of(key)
        self._under_way.add(key)
        self._write(key, replace(before, begun=before.begun + 1))

    def planned(self, key: str, left: int) -> None:
        """Note how much of it is left to be spoken; less than the last time means that it gets on."""
        before = self.of(key)
        gets_on = before.left is not None and left < before.left
        self._write(key, replace(before, left=left, begun=1 if gets_on else before.begun))

    def interrupted(self, key: str) -> None:
        """Take back that it was begun: its end was somebody else's wish, or the machine's fault."""
        self._under_way.discard(key)
        before = self.of(key)
        if before.begun:
            self._write(key, replace(before, begun=before.begun - 1))

    def forgive(self) -> None:
        """Take it back of all that this process has under way: it is about to end by somebody's wish."""
        for key in tuple(self._under_way):
            self.interrupted(key)

    def failed(self, key: str, now_s: float) -> Attempt:
        """Note that it failed by what may pass; each time it waits twice as long."""
        self._under_way.discard(key)
        before = self.of(key)
        delay_s = min(_FIRST_DELAY_S * 2**before.failed, _LONGEST_DELAY_S)
        now = replace(before, begun=0, failed=before.failed + 1, again_s=now_s + delay_s)
        self._write(key, now)
        return now

    def forget(self, key: str) -> None:
        """It has come to an end, good or bad."""
        self._under_way.discard(key)
        self._path(key).unlink(missing_ok=True)

    def _path(self, key: str) -> Path:
        return self._folder / f"{key}.json"

    def _write(self, key: str, attempt: Attempt) -> None:
        with complete_or_absent(self._path(key)) as part:
            part.write_text(json.dumps(asdict(attempt)), encoding="utf-8")
