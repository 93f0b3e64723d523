"""Stores of segments and encoded chapters into smaller ones: what was used longest ago goes first."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final

from outputs.errors import SegmentDamaged, SegmentMissing
from outputs.places import File, Place
from outputs.store import SegmentStore

LEFTOVER_AGE_S: Final = 24 * 3600.0  # nothing takes that long to write: who began it is dead


@dataclass(frozen=True, slots=True)
class Stored:
    """One thing in a store: its sound, with the file of facts that vouches for it.

    names: the facts first, since what has none is not there. used_s: seconds since the epoch.
    """

    names: tuple[str, ...]
    size_bytes: int
    used_s: float


@dataclass(frozen=True, slots=True)
class Stock:
    """All that is in a store. leftovers: what runs that died left half done, and what nothing vouches for."""

    stored: tuple[Stored, ...]
    leftovers: tuple[File, ...]

    @property
    def size_bytes(self) -> int:
        """Bytes of it all."""
        return sum(one.size_bytes for one in self.stored) + sum(file.size_bytes for file in self.leftovers)

    @property
    def oldest_s(self) -> float | None:
        """When that was used last which was not used longest; None if nothing is there."""
        return min((one.used_s for one in self.stored), default=None)


@dataclass(frozen=True, slots=True)
class Shelf:
    """A store as upkeep sees it.

    segments: the keys of the segments that a thing of it is made of, which a running job may need.
    """

    name: str
    place: Place
    segments: Callable[[Stored], AbstractSet[str]]


@dataclass(frozen=True, slots=True)
class Wanted:
    """How large the stores may be together, and for how long things are kept unused; None: any."""

    limit_bytes: int | None = None
    unused_s: float | None = None


@dataclass(frozen=True, slots=True)
class Pruned:
    """What was removed of a shelf, or would be; and what it would have been but that a job needs it."""

    name: str
    stored: int = 0
    size_bytes: int = 0
    leftovers: int = 0
    spared: int = 0


def segment_shelf(store: SegmentStore) -> Shelf:
    """A segment store for upkeep."""
    return Shelf("segments", store.place, lambda stored: {_key(stored.names[0])})


def part_shelf(place: Place) -> Shelf:
    """The encoded chapters for upkeep."""

    def segments(stored: Stored) -> AbstractSet[str]:
        try:
            return {cue["key"] for cue in json.loads(place.read(stored.names[0]))["cues"]}
        except (FileNotFoundError, ValueError, KeyError, TypeError):  # a part that will not be used again
            return frozenset()

    return Shelf("encoded chapters", place, segments)


def stock_of(place: Place) -> Stock:
    """Look at everything in a store; nothing is opened."""
    groups: dict[str, list[File]] = defaultdict(list)
    leftovers: list[File] = []
    for file in place.files():
        key = _key(file.name)
        (groups[key] if key else leftovers).append(file)  # hidden files are being written, or were
    stored = []
    for files in groups.values():
        facts = [file for file in files if file.name.endswith(".json")]
        sound = [file for file in files if not file.name.endswith(".json")]
        if not (facts and sound):
            leftovers += files
            continue
        stored.append(
            Stored(
                tuple(file.name for file in (*facts, *sound)),
                sum(file.size_bytes for file in files),
                max(file.used_s for file in facts),
            )
        )
    return Stock(tuple(stored), tuple(leftovers))


def prune(
    shelves: Sequence[Shelf], wanted: Wanted, needed: AbstractSet[str], now_s: float, *, dry_run: bool = False
) -> tuple[Pruned, ...]:
    """Remove leftovers, what was not used for long, and then what was used longest ago until all fits.

    needed: the keys of the segments of jobs that are under way. They and what is made of them stay, even
    where the stores then remain larger than wanted. now_s: seconds since the epoch.

    Raises:
        OSError: something cannot be removed.
        StoreUnreachable: the same, at a URL.
    """
    stocks = [stock_of(shelf.place) for shelf in shelves]
    excess_bytes = sum(stock.size_bytes for stock in stocks) - (wanted.limit_bytes or 0)
    removed: list[list[Stored]] = [[] for _ in shelves]
    leftovers: list[list[File]] = []
    spared = [0] * len(shelves)
    for stock in stocks:
        leftovers.append([file for file in stock.leftovers if now_s - file.used_s > LEFTOVER_AGE_S])
        excess_bytes -= sum(file.size_bytes for file in leftovers[-1])
    everything = ((one, number) for number, stock in enumerate(stocks) for one in stock.stored)
    for one, number in sorted(everything, key=lambda pair: (pair[0].used_s, pair[0].names)):
        unused = wanted.unused_s is not None and now_s - one.used_s > wanted.unused_s
        if not unused and (wanted.limit_bytes is None or excess_bytes <= 0):
            break  # all others were used later
        if not needed.isdisjoint(shelves[number].segments(one)):
            spared[number] += 1
            continue
        removed[number].append(one)
        excess_bytes -= one.size_bytes
    if not dry_run:
        for shelf, things, files in zip(shelves, removed, leftovers, strict=True):
            for name in (*(name for one in things for name in one.names), *(file.name for file in files)):
                shelf.place.remove(name)
    return tuple(
        Pruned(shelf.name, len(things), sum(one.size_bytes for one in things), len(files), kept)
        for shelf, things, files, kept in zip(shelves, removed, leftovers, spared, strict=True)
    )


def verify(store: SegmentStore) -> Iterator[tuple[str, str | None]]:
    """Read every segment: each key with what is wrong with it, or None. What is damaged is removed."""
    for key in sorted(store.keys()):
        try:
            store.read(key)
        except (SegmentDamaged, SegmentMissing) as error:
            store.discard(key)
            yield key, error.message
        else:
            yield key, None


def _key(name: str) -> str:
    """What the names of all files of one thing begin with; nothing for hidden files."""
    return name.rpartition("/")[2].partition(".")[0]
