"""What jobs that are under way still need, and what jobs that died left behind."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from prefect import get_run_logger

from outputs.places import Folder
from outputs.store import SegmentStore
from outputs.upkeep import Pruned, Shelf, Wanted, part_shelf, prune, segment_shelf

# A job shows that it lives whenever a task of it begins, a few minutes of speech apart. One that shows
# nothing for so long is dead, or waits behind so many others that it may well speak a part again.
LEASE_S: Final = 2 * 24 * 3600.0


@dataclass(frozen=True, slots=True)
class Jobs:
    """The work folders below one folder."""

    under_way: tuple[Path, ...]
    abandoned: tuple[Path, ...]

    @property
    def needed(self) -> frozenset[str]:
        """The keys of the segments of jobs that are under way."""
        return frozenset(
            key
            for folder in self.under_way
            for path in folder.glob("chapter-*.json")
            for key in _keys_in(path)
        )


def jobs_in(work: Path, now_s: float) -> Jobs:
    """The jobs that there are, by when they last showed that they live; now_s: seconds since the epoch."""
    under_way: list[Path] = []
    abandoned: list[Path] = []
    for folder in sorted(work.glob("*/")):
        try:
            shown_s = folder.stat().st_mtime
        except FileNotFoundError:  # it has just been done
            continue
        (under_way if now_s - shown_s <= LEASE_S else abandoned).append(folder)
    return Jobs(tuple(under_way), tuple(abandoned))


def shelves_of(store: SegmentStore, parts: Path) -> tuple[Shelf, ...]:
    """All that upkeep looks after."""
    return segment_shelf(store), part_shelf(Folder(parts))


def keep_within(limit_bytes: int | None, store: SegmentStore, parts: Path, work: Path) -> None:
    """Bring the stores back to their limit after a book, and say so in the run's log.

    A store that other machines share is left alone: what their jobs need is not known here. A book that is
    done stays done, whatever becomes of this.
    """
    if limit_bytes is None:
        return
    shelves = [shelf for shelf in shelves_of(store, parts) if not shelf.place.is_shared]
    try:
        pruned = tidied(shelves, Wanted(limit_bytes), work)
    except OSError as error:
        get_run_logger().warning("the stores could not be tidied up: %s", error)
        return
    for one in pruned:
        if one.stored:
            get_run_logger().info("%d %s removed, %.1f MB", one.stored, one.name, one.size_bytes / 1e6)


def tidied(
    shelves: Sequence[Shelf], wanted: Wanted, work: Path, *, dry_run: bool = False
) -> tuple[Pruned, ...]:
    """Prune the stores and clear abandoned work folders away; the last of what is told is of those.

    Raises:
        OSError: something cannot be removed.
        StoreUnreachable: the same, at a URL.
    """
    now_s = time.time()
    jobs = jobs_in(work, now_s)
    pruned = prune(shelves, wanted, jobs.needed, now_s, dry_run=dry_run)
    sizes = [sum(path.stat().st_size for path in folder.iterdir()) for folder in jobs.abandoned]
    if not dry_run:
        for folder in jobs.abandoned:
            shutil.rmtree(folder, ignore_errors=True)  # a run may be taking it up again
    return *pruned, Pruned("work folders", len(sizes), sum(sizes))


def _keys_in(chapter: Path) -> Sequence[str]:
    try:
        keys: Sequence[str] = json.loads(chapter.read_bytes())["keys"]
    except FileNotFoundError:  # its job has just been done
        return ()
    return keys
