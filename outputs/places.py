"""Small files by name, in a folder or at any URL that fsspec knows."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Protocol, TypeVar

from fsspec.core import url_to_fs

from outputs.errors import StoreUnreachable
from outputs.files import complete_or_absent

TOUCH_EVERY_S: Final = 3600.0  # how exactly it is known when a file was used last
_AT_ONCE: Final = 32  # requests to a place that answers after a while

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class File:
    """A file in a place. used_s: seconds since the epoch at which it was last used, or else written."""

    name: str  # "ab/abcd.json": folders are parted by slashes
    size_bytes: int
    used_s: float


class Place(Protocol):
    """Where files lie; a file that is written is complete, or known by its size not to be."""

    is_shared: bool  # other machines may be using it

    def read(self, name: str) -> bytes:
        """A file's bytes; FileNotFoundError where there is none."""

    def size_bytes(self, name: str) -> int:
        """A file's size; FileNotFoundError where there is none."""

    def write(self, name: str, data: bytes) -> None:
        """Put a file there in one go, or replace the one that is there."""

    def remove(self, name: str) -> None:
        """Remove a file, if it is there."""

    def touch(self, name: str) -> None:
        """Note that a file was used just now, where the place can; it may be gone meanwhile."""

    def files(self) -> Iterator[File]:
        """All files, in no particular order."""

    def each(self, work: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
        """Do the same for many files, in order, in the way that is quickest here."""


def place_of(where: Path | str) -> Place:
    """The folder, or the place that a URL names: s3://bucket/segments, memory://segments, file:///folder.

    Raises:
        StoreUnreachable: nothing is known of this kind of URL, or what it needs is not installed.
    """
    if isinstance(where, Path) or "://" not in where:
        return Folder(Path(where))
    for local in ("file://", "local://"):
        if where.startswith(local):
            return Folder(Path(where.removeprefix(local)))
    return Remote(where)


class Folder:
    """A folder on this machine; what is written survives a power cut whole, or is not there."""

    is_shared = False

    def __init__(self, root: Path) -> None:
        self.root = root

    def read(self, name: str) -> bytes:
        """A file's bytes; FileNotFoundError where there is none."""
        return (self.root / name).read_bytes()

    def size_bytes(self, name: str) -> int:
        """A file's size; FileNotFoundError where there is none."""
        return (self.root / name).stat().st_size

    def write(self, name: str, data: bytes) -> None:
        """Put a file there in one go.

        Raises:
            DiskFull: there is no room left for it.
            OutputError: the folder cannot be written to.
        """
        with complete_or_absent(self.root / name) as part:
            part.write_bytes(data)

    def remove(self, name: str) -> None:
        """Remove a file, if it is there."""
        (self.root / name).unlink(missing_ok=True)

    def touch(self, name: str) -> None:
        """Note that a file was used just now, at most once an hour; it may be gone meanwhile."""
        path = self.root / name
        try:
            if time.time() - path.stat().st_mtime > TOUCH_EVERY_S:
                os.utime(path)
        except (FileNotFoundError, PermissionError):  # of a store that others write and we only read
            return

    def files(self) -> Iterator[File]:
        """All files, in no particular order."""
        for folder, _, names in os.walk(self.root):
            for name in names:
                path = Path(folder, name)
                try:
                    status = path.stat()
                except FileNotFoundError:  # of a run that is going on
                    continue
                yield File(path.relative_to(self.root).as_posix(), status.st_size, status.st_mtime)

    def each(self, work: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
        """One after another: a disk's answer is not worth a thread."""
        return map(work, items)


class Remote:
    """Any URL that fsspec knows, for several machines.

    Object stores put an object whole or not at all. Where a file is cut off all the same, its size shows it.
    Nobody notes there when a file was used: it counts as used when it was written.
    """

    is_shared = True

    def __init__(self, url: str) -> None:
        try:
            self._fs, root = url_to_fs(url)
        except (ImportError, ValueError) as error:
            hint = "Name a folder, or install the package that fsspec needs for it, such as s3fs"
            raise StoreUnreachable(f"{url} cannot be used ({error})", hint) from error
        self._url = url
        self._root = root.rstrip("/")

    def read(self, name: str) -> bytes:
        """A file's bytes; FileNotFoundError where there is none."""
        with self._named():
            return bytes(self._fs.cat_file(self._path(name)))

    def size_bytes(self, name: str) -> int:
        """A file's size; FileNotFoundError where there is none."""
        with self._named():
            return int(self._fs.info(self._path(name))["size"])

    def write(self, name: str, data: bytes) -> None:
        """Put a file there in one request.

        Raises:
            StoreUnreachable: it was refused or did not arrive.
        """
        path = self._path(name)
        try:
            with self._named():
                try:
                    self._fs.pipe_file(path, data)
                except FileNotFoundError:  # a place that has folders; object stores take names as they come
                    with suppress(FileExistsError):
                        self._fs.mkdir(path.rpartition("/")[0], create_parents=False)
                    self._fs.pipe_file(path, data)
        except FileNotFoundError as error:  # nothing is made for a name that may be misspelled
            raise StoreUnreachable(f"{self._url} is not there", "Make it first") from error

    def remove(self, name: str) -> None:
        """Remove a file, if it is there."""
        with self._named():
            try:
                self._fs.rm_file(self._path(name))
            except FileNotFoundError:
                return

    def touch(self, name: str) -> None:
        """Nothing: object stores keep no such note."""

    def files(self) -> Iterator[File]:
        """All files, in no particular order."""
        found: Mapping[str, Mapping[str, Any]] = {}
        with self._named(), suppress(FileNotFoundError):  # nothing was ever written
            self._fs.invalidate_cache()  # other machines write here, too
            found = self._fs.find(self._root, detail=True)
        for path, facts in found.items():
            name = path.removeprefix(self._root).lstrip("/")
            yield File(name, int(facts["size"]), _written_s(facts))

    def each(self, work: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
        """Many at once: each is some requests to a place that answers after a while."""
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            yield from pool.map(work, items)

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}"

    @contextmanager
    def _named(self) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError:
            raise
        except Exception as error:  # each kind of place has errors of its own, which know no common name
            said = f"{self._url} does not work ({type(error).__name__}: {error})"
            raise StoreUnreachable(said, "See that it can be reached, and with which rights") from error


def _written_s(facts: Mapping[str, Any]) -> float:
    """When a file was written, as its file system says it; now, if it does not."""
    for name in ("mtime", "LastModified", "last_modified", "modified", "updated", "created"):
        value = facts.get(name)
        if isinstance(value, str):
            value = datetime.fromisoformat(value)
        if isinstance(value, datetime):
            return value.timestamp()
        if isinstance(value, int | float):
            return float(value)
    return time.time()
