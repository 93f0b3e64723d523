"""Folders and the space that is to stay free into an error, before a disk is full to the brim."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

from outputs.errors import DiskFull


def check_room(folders: Iterable[Path], least_free_bytes: int) -> None:
    """Make sure that the disks of some folders have room left; a folder need not be there yet.

    Raises:
        DiskFull: one has less than `least_free_bytes`; says which folder, how much and how much is wanted.
    """
    for folder in folders:
        free_bytes = free_bytes_of(folder)
        if free_bytes < least_free_bytes:
            raise DiskFull(
                f"the disk of {folder} has {free_bytes / 1e9:.2f} GB left, "
                f"and {least_free_bytes / 1e9:.2f} GB are to stay free",
                "Free some space, or set BINDERY_LEAST_FREE to less; what is done already is kept",
            )


def free_bytes_of(folder: Path) -> int:
    """What is free on the disk of a folder, which need not be there yet.

    Raises:
        OSError: the disk does not say.
    """
    there = next(parent for parent in (folder.absolute(), *folder.absolute().parents) if parent.exists())
    return shutil.disk_usage(there).free
