"""What runs have taken out of an inbox: each document by one run alone, and back when that run is dead.

A run has a folder below `.claimed`, and a lock on a file in it that ends with its process, however it ends.
So no clock and no process number decides whether a run lives, as long as its lock can be seen: on one machine
always. Another machine's run, whose lock a shared disk may not show, also lives while it gives signs of life.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import shutil
import socket
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self

from outputs.files import flush
from tasks.errors import InboxUnusable
from tasks.inbox import Inbox, Waiting, free_name, put_away, same_bytes

BEAT_S: Final = 60.0  # how often a run shows to other machines that it lives
_SIGN: Final = ".run"
_LOCK: Final = ".lock"  # left in place: a lock that is removed locks nobody out
_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, slots=True)
class Machine:
    """Which machine this is, and since which start of it; `boot` is empty where the system does not tell."""

    host: str
    boot: str

    @classmethod
    def this(cls) -> Machine:
        """The machine that this runs on; its containers see each other's locks, and share `boot`."""
        return cls(socket.gethostname(), _BOOT_ID.read_text().strip() if _BOOT_ID.exists() else "")


@dataclass(frozen=True, slots=True)
class Claimed:
    """A document that one run has taken, with what belongs to it; the document is the first of `names`."""

    folder: Path  # the run's
    names: tuple[Path, ...]  # relative to `folder`, and to the inbox

    @property
    def name(self) -> Path:
        """The document's name in the inbox."""
        return self.names[0]

    @property
    def document(self) -> Path:
        """Where the document lies now."""
        return self.folder / self.name

    @property
    def is_there(self) -> bool:
        """Whether it still is: a run that gave no sign of life for too long has its documents taken back."""
        return self.document.exists()


class Claims:
    """What one run takes out of an inbox, from its beginning to its end; what is left then goes back."""

    def __init__(self, inbox: Inbox, machine: Machine) -> None:
        self.inbox = inbox
        self._machine = machine
        self._over = threading.Event()
        self._heart = threading.Thread(target=self._beat, name="signs of life", daemon=True)
        self.folder = inbox.claimed / f"{machine.host}-{os.getpid()}-{os.urandom(4).hex()}"
        self._sign: IO[str]

    def __enter__(self) -> Self:
        with _locked(self.inbox):
            self.folder.mkdir(parents=True)
            self._sign = (self.folder / _SIGN).open("w", encoding="utf-8")
            _lock(self._sign, self.inbox)
            json.dump(asdict(self._machine) | {"pid": os.getpid()}, self._sign)
            self._sign.flush()
            flush(self.folder / _SIGN)
        self._heart.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._heart.join()
        with _locked(self.inbox):
            _give_back(self.inbox, self.folder)
            shutil.rmtree(self.folder, ignore_errors=True)
            self._sign.close()

    def take(self, waiting: Waiting) -> Claimed | None:
        """Take a document and what belongs to it; None: another run was faster, or its owner took it away."""
        (taken,) = self.take_all([waiting])
        return taken

    def take_all(self, waiting: Iterable[Waiting]) -> list[Claimed | None]:
        """Take several at once, so that no other run sees some of them without the others."""
        with _locked(self.inbox):
            return [self._take(one) for one in waiting]

    def _take(self, waiting: Waiting) -> Claimed | None:
        here = self.inbox.folder
        try:
            _move(here / waiting.name, self.folder / waiting.name)
        except FileNotFoundError:
            return None
        names = [waiting.name]
        for name in waiting.beside:
            try:
                if name in waiting.shared and (here / name).exists():
                    shutil.copy2(here / name, self.folder / name)
                else:
                    _move(here / name, self.folder / name)
                names.append(name)
            except FileNotFoundError:  # its owner has taken it away meanwhile
                continue
        return Claimed(self.folder, tuple(names))

    def put(self, claimed: Claimed, folder: Path, note: tuple[str, str] | None = None) -> None:
        """Move a document and what belongs to it to where it is kept, as `put_away` does."""
        with _locked(self.inbox):
            put_away(folder, claimed.folder, claimed.names, note)

    def give_back(self, claimed: Claimed) -> None:
        """Put a document back into the inbox: its time has not come."""
        with _locked(self.inbox):
            _return(self.inbox, claimed.folder, reversed(claimed.names))

    def _beat(self) -> None:
        with suppress(FileNotFoundError):  # another machine has taken everything back
            while not self._over.wait(BEAT_S):
                os.utime(self.folder / _SIGN)


def take_back(inbox: Inbox, lease_s: float, machine: Machine) -> list[Path]:
    """Return what dead runs had taken to the inbox; the return value is the names of it.

    lease_s: for how long a run on another machine may give no sign of life, by the clock of the disk that
    both see.
    """
    returned: list[Path] = []
    with _locked(inbox) as lock:
        os.utime(lock)
        now_s = lock.stat().st_mtime
        for folder in sorted(inbox.claimed.glob("*/")):
            if _is_dead(folder, now_s - lease_s, machine):
                returned += _give_back(inbox, folder)
                shutil.rmtree(folder)
    return returned


def is_touched(inbox: Inbox) -> bool:
    """Whether any run, living or dead, has taken something."""
    return any(inbox.claimed.glob("*/"))


def _is_dead(folder: Path, last_s: float, machine: Machine) -> bool:
    """Whether nobody holds the folder any more. last_s: the oldest sign of life that still counts."""
    try:
        with (folder / _SIGN).open("r+", encoding="utf-8") as sign:
            fcntl.flock(sign, fcntl.LOCK_EX | fcntl.LOCK_NB)
            facts = json.load(sign)
        owner = Machine(facts["host"], facts["boot"])
    except BlockingIOError:
        return False
    except PermissionError as error:
        raise _anothers(error) from error
    except (FileNotFoundError, ValueError, KeyError):  # it died while it began, or as it ended
        return folder.stat().st_mtime < last_s
    if owner.boot == machine.boot or owner.host == machine.host:
        return True  # its lock would be seen here, or its machine was started again since
    return (folder / _SIGN).stat().st_mtime < last_s


def _give_back(inbox: Inbox, folder: Path) -> list[Path]:
    """Put all that a run has taken back; returned are the names of the files."""
    names = [
        path.relative_to(folder)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != _SIGN
    ]
    # a book.toml goes first: its document must not be seen without it
    names.sort(key=lambda name: (name.suffix != ".toml", name))
    return _return(inbox, folder, names)


def _return(inbox: Inbox, folder: Path, names: Iterable[Path]) -> list[Path]:
    returned = []
    for name in names:
        target = inbox.folder / name
        if not (folder / name).exists():
            continue
        if same_bytes(folder / name, target):  # another document needs it, too
            continue
        _move(folder / name, free_name(target) if os.path.lexists(target) else target)
        returned.append(name)
    return returned


def _move(source: Path, target: Path) -> None:
    """Rename, which one of several runs can do.

    Raises:
        FileNotFoundError: another run has done it.
        InboxUnusable: the file lies on another disk than the inbox.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        source.rename(target)
    except OSError as error:
        if error.errno == errno.EXDEV:
            raise InboxUnusable(
                f"{source} lies on another disk than the inbox",
                "All of an inbox must be on one disk, so that a document can be taken in one step",
            ) from error
        raise


@contextmanager
def _locked(inbox: Inbox) -> Iterator[Path]:
    """Hold the inbox's lock for a moment; it ends with the process that holds it, however that ends."""
    path = inbox.claimed / _LOCK
    try:
        inbox.claimed.mkdir(parents=True, exist_ok=True)
        file = path.open("a", encoding="utf-8")
    except PermissionError as error:
        raise _anothers(error) from error
    with file:
        _lock(file, inbox)
        yield path


def _anothers(error: PermissionError) -> InboxUnusable:
    return InboxUnusable(
        f"{error.filename} belongs to another user who worked on this inbox",
        f"Run this as that user, or give yourself the right to write to {Path(error.filename).parent}",
    )


def _lock(file: IO[str], inbox: Inbox) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
    except OSError as error:
        if error.errno in (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP):
            raise InboxUnusable(
                f"the disk of {inbox.folder} knows no locks ({error.strerror})",
                "Have it mounted with locks, or use another folder",
            ) from error
        raise
