"""What has arrived in an inbox, worked through once: each document taken, narrated and put away."""

from __future__ import annotations

import errno
import hashlib
import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import as_completed
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from flows.documents import Watching, narrate_one
from flows.lanes import Lanes
from flows.narrate import NarrationOptions
from flows.news import news_of_book, news_of_failure
from flows.ready import check_disks, library_of
from flows.report import Narrated, failure_json, folders_of
from flows.settings import Settings
from outputs.errors import OutputError
from outputs.files import sha256_of
from synth.errors import BadLexicon
from tasks.attempts import Attempt, Attempts
from tasks.claims import Claimed, Claims
from tasks.errors import InboxUnusable
from tasks.failures import Failure, Fault, failure_of
from tasks.hooks import Hooks, tell_of
from tasks.inbox import NOTE_SUFFIX, REASON_SUFFIX, Waiting
from tasks.known import recall, remember
from tasks.progress import Event, Listener, Planned

_NOT_TO_BE_OPENED: Final = (errno.EACCES, errno.EPERM, errno.ENOENT)
_NOT_HEARD: Final = frozenset(("device", "memory"))  # options that change nothing of what is heard


class Became(StrEnum):
    """What became of a document in the inbox."""

    DONE = "done"
    KNOWN = "known already"
    FAILED = "failed"
    WAITS = "waits"  # it is in the inbox again, for another try


@dataclass(frozen=True, slots=True)
class Handled:
    """One document of an inbox, worked through. name: as it was in the inbox."""

    name: Path
    became: Became
    narrated: Narrated | None = None
    failure: Failure | None = None
    folders: tuple[str, ...] = ()  # of the finished book
    warnings: tuple[str, ...] = ()  # of those who wanted to be told

    def as_json(self) -> dict[str, Any]:
        """The facts as JSON knows them; a book's as `bindery convert --json` has them."""
        facts: dict[str, Any] = {"name": str(self.name), "became": self.became.value}
        if self.folders:
            facts["folders"] = self.folders
        if self.failure:
            facts["error"] = failure_json("", self.failure)["error"]
        return {**(self.narrated.as_json() if self.narrated else {}), **facts}

    @property
    def line(self) -> str:
        """It in one line."""
        why = f": {self.failure.line}" if self.failure else f": {self.folders[0]}" if self.folders else ""
        return f"{self.name} {self.became.value}{why}"


@dataclass(eq=False, slots=True)
class Round:
    """One working through an inbox, by a few threads."""

    claims: Claims
    attempts: Attempts
    options: NarrationOptions
    settings: Settings
    hooks: Hooks
    watching: Watching | None
    _stopped: Failure | None = field(default=None, init=False)  # why nothing more is begun
    _suspects: list[tuple[Claimed, str]] = field(default_factory=list, init=False)
    _locks: dict[str, threading.Lock] = field(default_factory=dict, init=False)
    _choosing: threading.Lock = field(default_factory=threading.Lock, init=False)

    def work_through(self, waiting: Sequence[Waiting]) -> Iterator[Handled]:
        """Take and narrate each document; those that a process has ended with come last, one by one."""
        yield from self._fail_unclear([one for one in waiting if one.problem])
        lanes = Lanes()
        interrupted = True
        try:
            running = [
                lanes.submit(self._safely, one.name, partial(self._take_and_narrate, one))
                for one in waiting
                if not one.problem
            ]
            for future in as_completed(running):
                handled = future.result()
                if handled is not None:
                    yield handled
            for claimed, key in self._suspects:
                alone = (
                    partial(self._wait, claimed) if self._stopped else partial(self._narrate, claimed, key)
                )
                handled = self._safely(claimed.name, alone)
                if handled is not None:
                    yield handled
            interrupted = False
        finally:
            self.attempts.forgive()
            lanes.close(wait=not interrupted)

    def _fail_unclear(self, unclear: Sequence[Waiting]) -> Iterator[Handled]:
        """Put away those of which nobody can tell whose the book.toml beside them is."""
        try:
            taken = self.claims.take_all(unclear)
        except (InboxUnusable, OSError) as error:
            for one in unclear:
                yield Handled(one.name, Became.WAITS, failure=_cannot_be_moved(error))
            return
        for one, claimed in zip(unclear, taken, strict=True):
            assert one.problem is not None
            if claimed is not None:
                fail = partial(self._fail, claimed, failure_of(one.problem))
                handled = self._safely(one.name, fail)
                if handled is not None:
                    yield handled

    def _safely(self, name: Path, work: Callable[[], Handled | None]) -> Handled | None:
        """What became of a document; one that cannot be taken or put away waits, and stops no other."""
        try:
            return work()
        except (InboxUnusable, OSError) as error:
            return Handled(name, Became.WAITS, failure=_cannot_be_moved(error))

    def _take_and_narrate(self, waiting: Waiting) -> Handled | None:
        """What became of a document; None: another run has it, or it is tried later."""
        try:
            if self._stopped is None:
                check_disks(self.options, self.settings)
        except OutputError as error:
            self._stopped = failure_of(error)
        if self._stopped is not None:
            return Handled(waiting.name, Became.WAITS, failure=self._stopped)
        claimed = self.claims.take(waiting)
        if claimed is None:
            return None
        try:
            key = _content_key(claimed, self.options, self.settings)
        except OSError as error:
            return self._unread(claimed, error)
        attempt = self.attempts.of(key)
        if attempt.kills:
            return self._fail(claimed, _kills(attempt.begun), key)
        if not attempt.may_begin(time.time()):
            return self._wait(claimed, _later(attempt))
        if attempt.is_suspect:
            self._suspects.append((claimed, key))
            return None
        with self._choosing:
            same = self._locks.setdefault(key, threading.Lock())
        with same:  # the same content twice: the second one then is known
            return self._narrate(claimed, key)

    def _narrate(self, claimed: Claimed, key: str) -> Handled:
        inbox = self.claims.inbox
        folders = tuple(map(str, recall(inbox.known, key)))
        if folders:
            note = _note(claimed, folders)
            self.claims.put(claimed, inbox.done, (NOTE_SUFFIX, note))
            return Handled(claimed.name, Became.KNOWN, folders=folders)
        self.attempts.begin(key)
        kept_at = str(inbox.done / claimed.name)
        watching = self._watching(claimed, key)
        outcome = narrate_one(str(claimed.document), self.options, watching, kept_at)
        if not claimed.is_there:
            self.attempts.interrupted(key)
            return Handled(claimed.name, Became.WAITS, failure=_taken_back())
        if outcome.narrated is not None:
            return self._finish(claimed, key, outcome.narrated)
        assert outcome.failure is not None
        return self._try_again_or_fail(claimed, key, outcome.failure)

    def _finish(self, claimed: Claimed, key: str, book: Narrated) -> Handled:
        inbox = self.claims.inbox
        folders = folders_of(book)
        remember(inbox.known, key, map(Path, folders))
        self.claims.put(claimed, inbox.done)
        self.attempts.forget(key)
        there = inbox.done / claimed.name
        book = replace(book, file=str(there))
        warnings = tell_of(news_of_book(book, there), self.hooks)
        return Handled(claimed.name, Became.DONE, book, folders=folders, warnings=warnings)

    def _try_again_or_fail(self, claimed: Claimed, key: str, failure: Failure) -> Handled:
        if failure.fault is Fault.DOCUMENT:
            return self._fail(claimed, failure, key)
        if failure.fault is Fault.MACHINE:
            self._stopped = failure
            self.attempts.interrupted(key)
            return self._wait(claimed, failure)
        if self.attempts.failed(key, time.time()).is_hopeless:
            return self._fail(claimed, failure, key)
        return self._wait(claimed, failure)

    def _unread(self, claimed: Claimed, error: OSError) -> Handled:
        """A document that cannot be read, or a lexicon for it: a disk that fails is not its fault."""
        if error.errno not in _NOT_TO_BE_OPENED:
            return self._wait(claimed, _disk_failed(error))
        if Path(error.filename).is_relative_to(claimed.folder):
            return self._fail(claimed, _cannot_be_opened(claimed, error))
        self._stopped = Failure(
            BadLexicon.code,
            f"{error.filename} cannot be opened ({error.strerror})",
            "Check the path and its permissions",
            Fault.MACHINE,
        )
        return self._wait(claimed)

    def _wait(self, claimed: Claimed, failure: Failure | None = None) -> Handled:
        self.claims.give_back(claimed)
        return Handled(claimed.name, Became.WAITS, failure=failure or self._stopped)

    def _fail(self, claimed: Claimed, failure: Failure, key: str | None = None) -> Handled:
        inbox = self.claims.inbox
        self.claims.put(claimed, inbox.failed, (REASON_SUFFIX, _reason(claimed, failure)))
        if key is not None:
            self.attempts.forget(key)
        there = inbox.failed / claimed.name
        warnings = tell_of(news_of_failure(failure, there), self.hooks)
        return Handled(claimed.name, Became.FAILED, failure=failure, warnings=warnings)

    def _watching(self, claimed: Claimed, key: str) -> Watching:
        """What is heard of a document's progress also tells that it gets on."""

        @contextmanager
        def watch(_document: str) -> Iterator[Listener]:
            told: AbstractContextManager[Listener | None] = (
                self.watching(str(claimed.name)) if self.watching else nullcontext()
            )
            with told as listener:

                def hear(event: Event) -> None:
                    if isinstance(event, Planned):
                        self.attempts.planned(key, event.phonemes_to_speak)
                    if listener is not None:
                        listener(event)

                yield hear

        return watch


def _content_key(claimed: Claimed, options: NarrationOptions, settings: Settings) -> str:
    """A hash of a document's bytes, of what lies beside it, and of all that was chosen for it."""
    lexicons = [Path(name) for name in options.lexicon]
    if settings.lexicon:
        lexicons.append(settings.lexicon)
    made_of = [
        version("audiobindery"),
        options.model_dump(mode="json", exclude=set(_NOT_HEARD | {"lexicon", "library"})),
        str(library_of(options, settings).absolute()),
        [sha256_of(path) for path in lexicons],
        [sha256_of(claimed.folder / name) for name in claimed.names],
    ]
    return hashlib.sha256(json.dumps(made_of, sort_keys=True).encode()).hexdigest()


def _reason(claimed: Claimed, failure: Failure) -> str:
    return (
        f"{claimed.name.name} was not turned into an audiobook.\n\n"
        f"Reason: {failure.message}\nWhat to do: {failure.hint}\nCode: {failure.code}\n\n"
        "Put it into the inbox again to have it tried again.\n"
    )


def _note(claimed: Claimed, folders: Sequence[str]) -> str:
    places = "".join(f"  {folder}\n" for folder in folders)
    return f"{claimed.name.name} is in the library already, spoken the same way; nothing was done:\n{places}"


def _kills(times: int) -> Failure:
    return Failure(
        "kills-its-process",
        f"the process ended {times} times while it worked on this document, without getting any further",
        "The log of the machine may say why: out of memory, a killed process, a power cut",
    )


def _cannot_be_moved(error: InboxUnusable | OSError) -> Failure:
    if isinstance(error, InboxUnusable):
        return Failure(error.code, error.message, error.hint, Fault.PASSING)
    hints = {
        errno.ENOSPC: "Make room on the disk of the inbox",
        errno.EDQUOT: "Make room on the disk of the inbox",
        errno.EXDEV: "All of an inbox must be on one disk, done/ and failed/ too",
        errno.EIO: "Look at the disk of the inbox",
        errno.ESTALE: "Look at the disk of the inbox",
    }
    right = "Give the user that runs this the right to write to the inbox and all folders in it"
    hint = hints.get(error.errno or 0, right)
    return Failure("inbox", f"it cannot be moved ({error.strerror})", hint, Fault.PASSING)


def _disk_failed(error: OSError) -> Failure:
    return Failure(
        "inbox", f"it cannot be read ({error.strerror})", "Look at the disk of the inbox", Fault.PASSING
    )


def _later(attempt: Attempt) -> Failure:
    return Failure(
        "inbox",
        f"it failed {attempt.failed} times by what may pass",
        f"It is tried again at {datetime.fromtimestamp(attempt.again_s).astimezone():%H:%M}",
        Fault.PASSING,
    )


def _cannot_be_opened(claimed: Claimed, error: OSError) -> Failure:
    return Failure(
        "no-such-file",
        f"{claimed.name.name} or what lies beside it cannot be opened ({error.strerror})",
        "Check its permissions",
    )


def _taken_back() -> Failure:
    return Failure(
        "inbox",
        "another machine took it back, because this one gave no sign of life for too long",
        "Set the machines' clocks, and BINDERY_INBOX_LEASE to more",
        Fault.PASSING,
    )
