"""An inbox: the documents in it that wait and have arrived whole, and where they go when they are done."""

from __future__ import annotations

import filecmp
import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Final

from inputs.book_toml import files_beside
from inputs.errors import BadBookToml
from outputs.files import complete_or_absent
from tasks.errors import InboxUnusable

_UNFINISHED: Final = frozenset(
    (".part", ".partial", ".crdownload", ".download", ".opdownload", ".filepart", ".tmp", ".temp", ".!ut")
)
# What lies beside documents and is none: our own files, pictures, what Calibre and Windows put into folders.
_NO_DOCUMENTS: Final = frozenset(
    (".toml", ".jpg", ".jpeg", ".png", ".gif", ".webp", ".opf", ".nfo", ".db", ".ini", ".lnk", ".url")
)
REASON_SUFFIX: Final = ".reason.txt"
NOTE_SUFFIX: Final = ".note.txt"

Sign = tuple[
    int, int, int
]  # size in bytes, time of the last change in ns, inode: what shows that a file changes


@dataclass(frozen=True, slots=True)
class Inbox:
    """A folder that documents are put into; everything that is known of it lies in it.

    Names of documents are relative to the folder, so that a sub-folder is found again in done and failed.
    """

    folder: Path

    @property
    def done(self) -> Path:
        """Documents whose audiobook is in the library."""
        return self.folder / "done"

    @property
    def failed(self) -> Path:
        """Documents that no audiobook can be made of, each with its reason."""
        return self.folder / "failed"

    @property
    def claimed(self) -> Path:
        """A folder for each run, with what it has taken."""
        return self.folder / ".claimed"

    @property
    def attempts(self) -> Path:
        """What is known of documents that did not come to an end."""
        return self.folder / ".attempts"

    @property
    def known(self) -> Path:
        """What became of documents that are done, by their content."""
        return self.folder / ".known"

    def check(self) -> None:
        """Make sure that it is a folder that can be worked in.

        Raises:
            InboxUnusable: it is not.
        """
        if not self.folder.is_dir():
            raise InboxUnusable(f"there is no folder {self.folder}", "Make it, or name another one")
        if not os.access(self.folder, os.R_OK | os.W_OK | os.X_OK):
            raise InboxUnusable(
                f"the folder {self.folder} cannot be written to",
                "Documents are moved in it: give the user that runs this the right to",
            )


@dataclass(frozen=True, slots=True)
class Waiting:
    """A document in an inbox, with what belongs to it. Names are relative to the inbox."""

    name: Path
    beside: tuple[Path, ...]  # its book.toml and the cover that this names
    shared: frozenset[Path]  # those of `beside` that another document needs, too
    signs: tuple[Sign, ...]
    problem: BadBookToml | None = field(compare=False)  # nobody can tell whose the book.toml there is

    @property
    def is_placeholder(self) -> bool:
        """Whether this may be the empty file that a browser makes before it has downloaded anything."""
        return self.signs[0][0] == 0


def waiting(inbox: Inbox) -> dict[Path, Waiting]:
    """The documents in an inbox, complete or not, in the order of their names."""
    found: dict[Path, Waiting] = {}
    for folder, names in _folders(inbox):
        documents = [folder / name for name in names if _may_be_document(folder / name)]
        unfinished = any(Path(name).suffix.lower() in _UNFINISHED for name in names)
        told = {document: _beside(document) for document in documents}
        wanted = Counter(file for files, _ in told.values() for file in files)
        for document, (beside, problem) in told.items():
            shared = [file for file in beside if wanted[file] > 1]
            try:
                signs = tuple(_sign(path) for path in (document, *beside))
            except FileNotFoundError:  # another run has just taken it, or its owner has
                continue
            name = document.relative_to(inbox.folder)
            one = Waiting(name, _named(beside, inbox), frozenset(_named(shared, inbox)), signs, problem)
            if not (unfinished and one.is_placeholder):
                found[name] = one
    return dict(sorted(found.items()))


def arrived(inbox: Inbox, settle_s: float, wait: Callable[[float], None] = time.sleep) -> list[Waiting]:
    """The documents that did not change for `settle_s` seconds, and neither did what belongs to them.

    It is watched whether they change, not how old they say to be: copies keep times, and clocks jump.
    """
    before = waiting(inbox)
    if not before:
        return []
    wait(settle_s)
    now = waiting(inbox)
    whole = [one for name, one in now.items() if one == before.get(name)]
    moving = {name.parent for name in now.keys() | before.keys() if now.get(name) != before.get(name)}
    # whose a book.toml is can only be told once everything beside it is there
    return [one for one in whole if not (one.problem and one.name.parent in moving)]


def put_away(folder: Path, taken: Path, names: Iterable[Path], note: tuple[str, str] | None = None) -> None:
    """Move files from `taken` to `folder` under the same names, the first one first, with a note beside it.

    What is there under a name, and is something else, is kept as "name (2)". note: the suffix of its name,
    and its text.
    """
    for place, name in enumerate(names):
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if place == 0 and note is not None:
            with complete_or_absent(target.with_name(target.name + note[0])) as part:
                part.write_text(note[1], encoding="utf-8")
        if os.path.lexists(target) and not same_bytes(taken / name, target):
            target.rename(free_name(target))
        (taken / name).replace(target)


def same_bytes(one: Path, other: Path) -> bool:
    """Whether two files are the same; the other one may not be there."""
    return other.is_file() and filecmp.cmp(one, other, shallow=False)


def free_name(path: Path) -> Path:
    """The first of "name (2).epub", "name (3).epub" … that nothing has."""
    names = (path.with_name(f"{path.stem} ({number}){path.suffix}") for number in count(2))
    return next(name for name in names if not os.path.lexists(name))


def _folders(inbox: Inbox) -> Iterator[tuple[Path, list[str]]]:
    """The inbox and its sub-folders with the names of their files; hidden ones and our own are left out."""
    for place, folders, names in os.walk(inbox.folder):
        here = Path(place)
        folders[:] = sorted(
            _in_unicode(here, name)
            for name in folders
            if not name.startswith(".") and here / name not in (inbox.done, inbox.failed)
        )
        yield here, sorted(_in_unicode(here, name) for name in names)


def _in_unicode(folder: Path, name: str) -> str:
    """The name of a file or folder, which is renamed where it is no Unicode, as old archives have them.

    Such a name can be written neither into a note nor to Prefect. What cannot be renamed is left alone.
    """
    try:
        name.encode()
    except UnicodeEncodeError:
        better = folder / os.fsencode(name).decode("cp1252", errors="replace")
        if os.path.lexists(better):
            better = free_name(better)
        with suppress(OSError):
            (folder / name).rename(better)
        return better.name
    return name


def _may_be_document(path: Path) -> bool:
    """Whether a file is to be tried; what kind of document it is, its content tells.

    Links are left alone: moved, a relative one leads nowhere.
    """
    name = path.name
    if name.startswith((".", "~$")) or name.endswith((REASON_SUFFIX, NOTE_SUFFIX, "~")):
        return False
    if path.suffix.lower() in _UNFINISHED | _NO_DOCUMENTS:
        return False
    return path.is_file() and not path.is_symlink()


def _beside(document: Path) -> tuple[tuple[Path, ...], BadBookToml | None]:
    try:
        return tuple(path for path in files_beside(document) if path.is_file()), None
    except BadBookToml as error:
        return (), error
    except FileNotFoundError:  # the document was taken meanwhile
        return (), None


def _named(paths: Iterable[Path], inbox: Inbox) -> tuple[Path, ...]:
    return tuple(path.relative_to(inbox.folder) for path in paths)


def _sign(path: Path) -> Sign:
    status = path.stat()
    return status.st_size, status.st_mtime_ns, status.st_ino
