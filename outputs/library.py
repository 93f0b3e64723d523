"""Recipes of files into a book's folder in a library, which appears and changes whole.

Files are built in a hidden staging folder of the same tree. A new book is one rename; a book that is there
already gets only the files that differ, each by one replacement, and its manifest last. A run that dies
leaves finished files under final names and staging that the next run removes.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path
from typing import Final

from outputs.errors import OutputError
from outputs.files import flush, named_disk_errors, sha256_of
from outputs.manifest import MANIFEST_NAME, Manifest, Origin, Written, read_manifest, with_incoming
from outputs.names import NAME_BYTES, file_name

_STAGING_PREFIX: Final = ".bindery-"
_LOCK_NAME: Final = (
    ".bindery.lock"  # hidden, empty and left in place: a lock that is removed locks nobody out
)
_ATTEMPTS: Final = 5  # each time another run has published into the same folder meanwhile
_AUTHORS_IN_NAME: Final = 3


@dataclass(frozen=True, slots=True)
class Recipe:
    """A file of a book's folder: how to make it, and a digest of all that its bytes depend on.

    is_sound: for files that a listener or a player may edit. One that was edited and is still sound stays as
    it is for as long as our own wording of it stays the same.
    """

    name: str
    digest: str
    make: Callable[[Path], None]
    is_sound: Callable[[bytes], bool] | None = None


@dataclass(frozen=True, slots=True)
class Package:
    """A file that is made from other files of the same folder, by name; they come before it."""

    name: str
    digest: str
    contents: tuple[str, ...]
    pack: Callable[[Path, Sequence[Path]], None]
    is_sound: None = None


@dataclass(frozen=True, slots=True)
class Shelved:
    """What became of a book's folder. Names are those of files in it."""

    folder: Path
    written: tuple[str, ...]
    kept: tuple[str, ...]
    removed: tuple[str, ...]


def shelve(
    tree: Path,
    shelf: Path,
    origin: Origin,
    recipes: Sequence[Recipe | Package],
    describe: Callable[[Mapping[str, Written]], bytes],
) -> Shelved:
    """Bring a book's folder to what the recipes say; a folder that is so already is not touched.

    tree: the root of one format's part of the library. shelf: the wanted folder in it, as `shelf_of` gives
    it; if that belongs to another document, " (2)" and so on is added. describe: the manifest's bytes, from
    the name, hash and digest of each file.

    Raises:
        OutputError: the tree cannot be written to or locked, or other runs keep changing the folder.
        DiskFull: there is no room left.
        Whatever a recipe raises; the folder is then as it was before.
    """
    with named_disk_errors(tree):
        tree.mkdir(parents=True, exist_ok=True)
        folder, manifest = _folder_for(tree / shelf, origin)
        kept = _whole_files(folder, manifest, recipes)
        if manifest and len(kept) == len(recipes) and manifest.data == describe(kept):
            return Shelved(folder, (), tuple(kept), ())
        with _staging(tree) as staging:
            made: dict[str, Written] = {}
            for _ in range(_ATTEMPTS):
                for recipe in recipes:
                    if recipe.name not in kept and recipe.name not in made:
                        made[recipe.name] = _make(recipe, staging, folder)
                files = {recipe.name: kept.get(recipe.name) or made[recipe.name] for recipe in recipes}
                with _locked(tree):
                    if _folder_for(tree / shelf, origin) == (folder, manifest):
                        return _place(staging, folder, manifest, files, kept, describe(files))
                folder, manifest = _folder_for(tree / shelf, origin)
                kept = _whole_files(folder, manifest, recipes)
    raise OutputError(f"other runs keep changing {tree / shelf}", "Let them finish, and run again")


def shelf_of(authors: Sequence[str], title: str, label: str | None = None) -> Path:
    """Where a book stands in a tree: Author/Title, or Author/Title (label)."""
    some = ", ".join(authors[:_AUTHORS_IN_NAME]) + (" and others" if len(authors) > _AUTHORS_IN_NAME else "")
    suffix = f" ({file_name(label, 'other', NAME_BYTES // 2)})" if label else ""
    name = file_name(title, "Untitled", NAME_BYTES - len(suffix.encode()))
    return Path(file_name(some, "Unknown author"), name + suffix)


def folder_of(tree: Path, shelf: Path, origin: Origin) -> Path:
    """The folder that `shelve` would bring a book to, as things are."""
    return _folder_for(tree / shelf, origin)[0]


def copy_of(name: str, data: bytes, is_sound: Callable[[bytes], bool] | None = None) -> Recipe:
    """The recipe of a file whose bytes are known already."""

    def make(path: Path) -> None:
        path.write_bytes(data)

    return Recipe(name, hashlib.sha256(data).hexdigest(), make, is_sound)


def digest_of(*recipe: object) -> str:
    """The sha256, hex, of what a file's bytes depend on; all of it JSON."""
    return hashlib.sha256(json.dumps(recipe).encode()).hexdigest()


def remove_stale_staging(tree: Path) -> None:
    """Remove the staging folders of runs that died; those of runs that live hold a lock."""
    for staging in tree.glob(f"{_STAGING_PREFIX}*/"):
        lock = staging / _LOCK_NAME
        try:
            with lock.open("a") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            continue
        except FileNotFoundError:  # its own run has just removed it
            continue
        shutil.rmtree(staging)


def _folder_for(wanted: Path, origin: Origin) -> tuple[Path, Manifest | None]:
    """The folder that is the document's own, with its manifest; else the first name that is free."""
    numbered = re.compile(r" \((\d+)\)")
    found: dict[int, Path] = {}
    if wanted.parent.is_dir():
        for path in wanted.parent.iterdir():
            rest = path.name.removeprefix(wanted.name)
            if path.name == wanted.name:
                found[1] = path
            elif rest != path.name and (match := numbered.fullmatch(rest)):
                found[int(match[1])] = path
    for _, path in sorted(found.items()):
        manifest = read_manifest(path)
        if manifest and manifest.origin.is_same_document(origin):
            return path, manifest
    numbers = (wanted.with_name(f"{wanted.name} ({number})") for number in count(2))
    # lexists also finds names that differ in case only, where the disk takes them for the same
    return next(path for path in chain([wanted], numbers) if not os.path.lexists(path)), None


def _whole_files(
    folder: Path, manifest: Manifest | None, recipes: Sequence[Recipe | Package]
) -> dict[str, Written]:
    """The files in the folder that are already what their recipes would make."""
    whole: dict[str, Written] = {}
    for recipe in recipes:
        written = manifest.files.get(recipe.name) if manifest else None
        path = folder / recipe.name
        if not written or written.digest != recipe.digest or not path.is_file():
            continue
        if sha256_of(path) == written.sha256 or (recipe.is_sound and recipe.is_sound(path.read_bytes())):
            whole[recipe.name] = written
    return whole


def _make(recipe: Recipe | Package, staging: Path, folder: Path) -> Written:
    path = staging / recipe.name
    if isinstance(recipe, Package):
        new = [staging / name for name in recipe.contents]
        recipe.pack(path, [file if file.exists() else folder / file.name for file in new])
    else:
        recipe.make(path)
    flush(path)
    return Written(sha256_of(path), recipe.digest)


def _place(
    staging: Path,
    folder: Path,
    manifest: Manifest | None,
    files: Mapping[str, Written],
    kept: Mapping[str, Written],
    description: bytes,
) -> Shelved:
    """Move what is in staging to where it belongs; nobody else does so in this tree meanwhile."""
    written = tuple(name for name in files if name not in kept)
    _write(staging / MANIFEST_NAME, description)
    if manifest is None:
        flush(staging)
        folder.parent.mkdir(parents=True, exist_ok=True)
        staging.rename(folder)
        flush(folder.parent)
        return Shelved(folder, written, (), ())
    before = manifest.files.keys() | manifest.incoming
    if set(written) - before:
        # a run that dies below leaves new names behind: the next one must know that they are ours
        _write(staging / f".{MANIFEST_NAME}", with_incoming(manifest, written))
        (staging / f".{MANIFEST_NAME}").replace(folder / MANIFEST_NAME)
        flush(folder)
    for name in written:
        (staging / name).replace(folder / name)
    removed = tuple(sorted(before - files.keys()))
    for name in removed:
        (folder / name).unlink(missing_ok=True)
    flush(folder)
    (staging / MANIFEST_NAME).replace(folder / MANIFEST_NAME)
    flush(folder)
    return Shelved(folder, written, tuple(kept), removed)


def _write(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    flush(path)


@contextmanager
def _staging(tree: Path) -> Iterator[Path]:
    """A hidden folder in the tree that is gone afterwards, except for what was moved out of it."""
    root = tree / f"{_STAGING_PREFIX}{os.urandom(8).hex()}"
    with _locked(tree):
        remove_stale_staging(tree)
        root.mkdir()
        lock = (root / _LOCK_NAME).open("a")
        _lock(lock.fileno(), root)
    try:
        staging = root / "book"
        staging.mkdir()
        yield staging
    finally:
        with _locked(tree):  # or a run that tidies up could step in half-way
            shutil.rmtree(root)
            lock.close()


@contextmanager
def _locked(tree: Path) -> Iterator[None]:
    """Hold the tree's lock; it ends with the process that holds it, however that ends."""
    with (tree / _LOCK_NAME).open("a") as file:
        _lock(file.fileno(), tree)
        yield


def _lock(descriptor: int, path: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    except OSError as error:
        if error.errno in (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP):
            raise OutputError(
                f"the disk of {path} knows no locks ({error.strerror})", "Choose another folder with --out"
            ) from error
        raise
