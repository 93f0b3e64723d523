from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from outputs.places import Folder
from outputs.store import SegmentStore
from outputs.upkeep import LEFTOVER_AGE_S, Shelf, Wanted, part_shelf, prune, segment_shelf, stock_of, verify
from synth.audio import AudioSegment

NOW_S = 2e9
DAY_S = 24 * 3600.0


def key(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


@pytest.fixture
def store(tmp_path: Path) -> SegmentStore:
    """Segments a to e; a was used longest ago, ten days, e six days ago."""
    store = SegmentStore(tmp_path / "segments")
    for number, name in enumerate("abcde"):
        add(store, name, NOW_S - (10 - number) * DAY_S)
    return store


def add(store: SegmentStore, name: str, used_s: float) -> None:
    store.put(AudioSegment(key(name), np.full(1000, 0.1, dtype=np.float32)))
    for path in files(store):
        if path.name.startswith(key(name)):
            os.utime(path, (used_s, used_s))


def files(store: SegmentStore) -> list[Path]:
    assert isinstance(store.place, Folder)
    return sorted(path for path in store.place.root.rglob("*") if path.is_file())


def left(store: SegmentStore) -> str:
    return "".join(sorted(name for name in "abcde" if not store.missing([key(name)])))


def size_bytes(store: SegmentStore) -> int:
    return sum(path.stat().st_size for path in files(store))


def test_what_was_used_longest_ago_goes_first_and_no_more_than_must(store: SegmentStore) -> None:
    all_bytes = size_bytes(store)
    (pruned,) = prune([segment_shelf(store)], Wanted(all_bytes - 1), set(), NOW_S)
    assert (left(store), pruned.stored) == ("bcde", 1)
    assert pruned.size_bytes == all_bytes - size_bytes(store)
    (pruned,) = prune([segment_shelf(store)], Wanted(size_bytes(store)), set(), NOW_S)
    assert (left(store), pruned.stored) == ("bcde", 0)


@pytest.mark.parametrize(("days", "kept"), [(5, ""), (7.5, "de"), (30, "abcde")])
def test_what_was_not_used_for_long_goes_whatever_the_size(
    store: SegmentStore, days: float, kept: str
) -> None:
    prune([segment_shelf(store)], Wanted(unused_s=days * DAY_S), set(), NOW_S)
    assert left(store) == kept


def test_what_a_running_job_needs_stays_even_if_the_store_remains_too_large(store: SegmentStore) -> None:
    (pruned,) = prune([segment_shelf(store)], Wanted(0, unused_s=0.0), {key("a"), key("c")}, NOW_S)
    assert (left(store), pruned.stored, pruned.spared) == ("ac", 3, 2)


def test_a_dry_run_tells_the_same_and_removes_nothing(store: SegmentStore) -> None:
    before = files(store)
    wanted = Wanted(size_bytes(store) // 2)
    told = prune([segment_shelf(store)], wanted, set(), NOW_S, dry_run=True)
    assert files(store) == before
    assert prune([segment_shelf(store)], wanted, set(), NOW_S) == told


@hypothesis_settings(max_examples=25, deadline=None)
@given(limit=st.floats(0, 1.2), needed=st.sets(st.sampled_from("abcde")))
def test_after_pruning_the_store_fits_or_only_what_is_needed_is_left(
    tmp_path_factory: pytest.TempPathFactory, limit: float, needed: set[str]
) -> None:
    store = SegmentStore(tmp_path_factory.mktemp("store"))
    for number, name in enumerate("abcde"):
        add(store, name, NOW_S - (10 - number) * DAY_S)
    limit_bytes = int(size_bytes(store) * limit)
    prune([segment_shelf(store)], Wanted(limit_bytes), {key(name) for name in needed}, NOW_S)
    assert size_bytes(store) <= limit_bytes or set(left(store)) == needed
    assert needed <= set(left(store))


def test_what_dead_runs_left_goes_when_it_is_old_and_live_ones_keep_theirs(store: SegmentStore) -> None:
    assert isinstance(store.place, Folder)
    names = {
        "old.part": store.place.root / "ab" / ".abcd.0123.part.flac",
        "new.part": store.place.root / "ab" / ".abce.0123.part.flac",
        "old sound without facts": store.place.root / "ab" / f"{key('x')}.0123456789abcdef.flac",
        "old facts without sound": store.place.root / "ab" / f"{key('y')}.v1.json",
    }
    for name, path in names.items():
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"half")
        age_s = LEFTOVER_AGE_S + 1 if name.startswith("old") else LEFTOVER_AGE_S - 1
        os.utime(path, (NOW_S - age_s, NOW_S - age_s))
    (pruned,) = prune([segment_shelf(store)], Wanted(), set(), NOW_S)
    assert (pruned.leftovers, pruned.stored, left(store)) == (3, 0, "abcde")
    assert [name for name, path in names.items() if path.exists()] == ["new.part"]


def part(parts: Path, name: str, keys: list[str], used_s: float) -> None:
    parts.mkdir(exist_ok=True)
    (parts / f"{name}.mp3").write_bytes(b"x" * 5000)
    (parts / f"{name}.json").write_text(json.dumps({"cues": [{"key": key} for key in keys]}))
    os.utime(parts / f"{name}.json", (used_s, used_s))


def test_segments_and_encoded_chapters_share_one_limit(store: SegmentStore, tmp_path: Path) -> None:
    parts = tmp_path / "parts"
    part(parts, "old", [key("x")], NOW_S - 11 * DAY_S)
    part(parts, "needed", [key("x"), key("b")], NOW_S - 11 * DAY_S)
    part(parts, "new", [key("x")], NOW_S - DAY_S)
    shelves: list[Shelf] = [segment_shelf(store), part_shelf(Folder(parts))]
    segments, chapters = prune(shelves, Wanted(11_000), {key("b")}, NOW_S)
    assert (chapters.name, chapters.stored, chapters.spared) == ("encoded chapters", 1, 1)
    assert {path.stem for path in parts.iterdir()} == {"needed", "new"}
    assert (segments.stored, left(store)) == (4, "b")


def test_facts_that_cannot_be_read_protect_nothing(tmp_path: Path) -> None:
    part(tmp_path / "parts", "bad", [], NOW_S - DAY_S)
    (tmp_path / "parts" / "bad.json").write_bytes(b"{")
    (pruned,) = prune([part_shelf(Folder(tmp_path / "parts"))], Wanted(0), {key("b")}, NOW_S + 10 * DAY_S)
    assert pruned.stored == 1


def test_a_stores_stock_is_its_number_size_and_age(store: SegmentStore, tmp_path: Path) -> None:
    stock = stock_of(store.place)
    assert len(stock.stored) == 5
    assert stock.size_bytes == size_bytes(store)
    assert stock.oldest_s == NOW_S - 10 * DAY_S
    empty = stock_of(Folder(tmp_path / "nothing"))
    assert (empty.stored, empty.size_bytes, empty.oldest_s) == ((), 0, None)


def test_a_store_at_a_url_is_pruned_by_the_same_law(tmp_path: Path) -> None:
    store = SegmentStore(f"memory://{tmp_path}")
    for name in "abc":
        store.put(AudioSegment(key(name), np.full(1000, 0.1, dtype=np.float32)))
    in_a_year_s = max(file.used_s for file in store.place.files()) + 365 * DAY_S
    prune([segment_shelf(store)], Wanted(unused_s=90 * DAY_S), {key("b")}, in_a_year_s)
    assert left(store) == "b"
    assert len(list(store.place.files())) == 2


def test_verifying_finds_and_removes_what_is_damaged_and_nothing_else(store: SegmentStore) -> None:
    damaged = {name: next(path for path in files(store) if path.match(f"{key(name)}*.flac")) for name in "bd"}
    damaged["b"].write_bytes(damaged["b"].read_bytes()[:-1] + b"!")
    damaged["d"].unlink()
    problems = dict(verify(store))
    assert set(problems) == {key(name) for name in "abcde"}
    assert {found for found, problem in problems.items() if problem} == {key("b"), key("d")}
    assert "damaged" in (problems[key("b")] or "")
    assert left(store) == "ace"
    assert all(problem is None for _, problem in verify(store))
