"""What `bindery serve` tells other commands of itself, and how its runs end with it."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Final
from uuid import UUID

import httpx
from prefect.exceptions import PrefectHTTPStatusError, TerminationSignal

from flows.errors import CannotStart
from outputs.files import complete_or_absent
from tasks.speaking import Speaking

_LOCK_NAME: Final = "serve.lock"
_ADDRESSES_NAME: Final = "serve.json"
_RUNS_NAME: Final = "runs"


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where what `bindery serve` runs can be reached."""

    api: str  # Prefect's; its pages are one level up
    speaking: str  # the socket of the speaking service


@contextmanager
def server_faults_told(api: str) -> Iterator[None]:
    """Tell in a line what goes wrong between us and Prefect's server.

    Raises:
        CannotStart: it did.
    """
    try:
        yield
    except PrefectHTTPStatusError as error:
        raise CannotStart(
            f"the server at {api} refuses: {error.response.status_code}",
            "Look at PREFECT_API_URL, which ends with /api, and at PREFECT_API_AUTH_STRING",
        ) from error
    except httpx.TransportError as error:
        raise CannotStart(
            f"the server at {api} does not answer",
            "Start one with `bindery serve`, or name one in PREFECT_API_URL",
        ) from error


@contextmanager
def only_one(home: Path) -> Iterator[Path]:
    """Hold this home's lock, and yield its path; the lock ends with this process, however that ends.

    Raises:
        CannotStart: another process holds it.
    """
    path = home / _LOCK_NAME
    with path.open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CannotStart(
                f"`bindery serve` runs already with {home}",
                "End that one first, or name another folder in BINDERY_HOME",
            ) from None
        yield path


@contextmanager
def told(home: Path, addresses: Addresses) -> Iterator[None]:
    """Let other commands know of the addresses for as long as this lasts."""
    path = home / _ADDRESSES_NAME
    with complete_or_absent(path) as part:
        part.write_text(json.dumps(asdict(addresses)) + "\n", encoding="utf-8")
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def addresses_in(home: Path) -> Addresses | None:
    """The addresses of the `bindery serve` that runs with this home; None: none does."""
    try:
        with (home / _LOCK_NAME).open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        try:
            return Addresses(**json.loads((home / _ADDRESSES_NAME).read_bytes()))
        except FileNotFoundError:  # it is about to be ready, or to end
            return None
    except FileNotFoundError:
        return None
    return None


@contextmanager
def noted(lock: Path | None, run: str, count: int) -> Iterator[None]:
    """Note that a run is one of a serve's; the note of one whose process dies stays.

    lock: of that serve; None: of none. run: its id with Prefect. count: how often it has begun.
    """
    if lock is None:
        yield
        return
    note = lock.parent / _RUNS_NAME / run
    note.parent.mkdir(exist_ok=True)
    note.write_text(str(count))
    try:
        yield
    finally:
        note.unlink(missing_ok=True)


def runs_noted(home: Path) -> dict[UUID, int]:
    """The runs of this home's serves whose processes died, and how often each had begun.

    For a moment at which none of its runs lives.
    """
    noted: dict[UUID, int] = {}
    for note in (home / _RUNS_NAME).glob("*"):
        with suppress(ValueError):  # what is no note of ours, or was cut off by a power cut
            noted[UUID(note.name)] = int(note.read_text())
    return noted


def forget_runs(home: Path, runs: Iterable[UUID]) -> None:
    """Remove the notes of runs that have been seen to."""
    for run in runs:
        (home / _RUNS_NAME / str(run)).unlink(missing_ok=True)


@cache
def end_with_serve(lock: Path | None) -> None:
    """End this process at once when the `bindery serve` that it runs for has ended, however it ended.

    Nothing is lost by it: what is done lies in the stores, complete. lock: of that serve; None: of none.
    """
    if lock is None:
        return

    def watch() -> None:
        with lock.open("a") as held:
            fcntl.flock(held, fcntl.LOCK_SH)  # which waits for as long as that process lives
        os._exit(1)

    threading.Thread(target=watch, name="watching bindery serve", daemon=True).start()


@contextmanager
def let_go_when_ended(service: Speaking) -> Iterator[None]:
    """End this process at once when Prefect ends its run: the card and the cores are free within a second.

    Else it would wait for the chapters that are being finished, until Prefect kills it half a minute later.
    The library has been tidied by then: the signal came out of whatever was being put there.
    """
    try:
        yield
    except TerminationSignal:
        service.close()
        os._exit(128 + signal.SIGTERM)
