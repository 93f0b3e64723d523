"""Files that appear under their final name complete, or not at all."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from outputs.errors import DiskFull, OutputError


@contextmanager
def complete_or_absent(path: Path) -> Iterator[Path]:
    """Yield a temporary sibling of `path`; flush it to disk and rename it into place only on success.

    The sibling's name begins with a dot and keeps the suffix of `path`, because encoders go by it; it
    is drawn at random, so that double work on one file is harmless.

    Raises:
        DiskFull: there is no room left for it.
        OutputError: the folder cannot be written to.
    """
    part = path.with_name(f".{path.stem[:40]}.{os.urandom(8).hex()}.part{path.suffix}")
    with named_disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield part
            flush(part)
            part.replace(path)
            flush(path.parent)
        finally:
            with suppress(FileNotFoundError):
                part.unlink()


@contextmanager
def named_disk_errors(path: Path) -> Iterator[None]:
    """Turn the operating system's errors while writing `path` into ours."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise DiskFull(f"no room left to write {path}", "Free some space and run again") from error
        if error.errno in (
            errno.EACCES,
            errno.EPERM,
            errno.EROFS,
            errno.ENOTDIR,
            errno.ENOENT,
            errno.ENAMETOOLONG,
        ):
            raise OutputError(
                f"cannot write {path} ({error.strerror})", "Choose another folder with --out"
            ) from error
        raise


def sha256_of(path: Path) -> str:
    """The sha256 of a file's bytes, hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def flush(path: Path) -> None:
    """Have the operating system put a file's bytes, or a folder's names, on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
