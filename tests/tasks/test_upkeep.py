from __future__ import annotations

import json
import logging
import os
import time
from pathlib import Path

import numpy as np
import pytest

import tasks.upkeep
from outputs.places import Folder
from outputs.store import SegmentStore
from outputs.upkeep import Pruned, Wanted
from synth.audio import AudioSegment
from tasks.upkeep import LEASE_S, jobs_in, keep_within, shelves_of, tidied

KEYS = [f"{number:064x}" for number in range(4)]


@pytest.fixture
def store(tmp_path: Path) -> SegmentStore:
    store = SegmentStore(tmp_path / "segments")
    for key in KEYS:
        store.put(AudioSegment(key, np.full(1000, 0.1, dtype=np.float32)))
    return store


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A job that lives, with the first segment, and one that died, with the second."""
    for name, key, age_s in (("alive", KEYS[0], LEASE_S - 60), ("dead", KEYS[1], LEASE_S + 60)):
        folder = tmp_path / "work" / name
        folder.mkdir(parents=True)
        (folder / "chapter-0001.json").write_text(json.dumps({"keys": [key, key]}))
        (folder / "book.json").write_text("{}")
        os.utime(folder, (time.time() - age_s,) * 2)
    return tmp_path / "work"


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks.upkeep, "get_run_logger", lambda: logging.getLogger("upkeep"))


def test_a_job_that_lives_protects_its_segments_and_a_dead_one_does_not(work: Path) -> None:
    jobs = jobs_in(work, time.time())
    assert [folder.name for folder in jobs.under_way] == ["alive"]
    assert [folder.name for folder in jobs.abandoned] == ["dead"]
    assert jobs.needed == {KEYS[0]}
    assert jobs_in(work / "nothing", 0.0).needed == frozenset()


def test_abandoned_work_folders_go_and_others_stay(store: SegmentStore, work: Path, tmp_path: Path) -> None:
    shelves = shelves_of(store, tmp_path / "parts")
    told = tidied(shelves, Wanted(), work, dry_run=True)
    assert len(list(work.iterdir())) == 2
    assert tidied(shelves, Wanted(), work) == told
    assert told[-1].stored == 1
    assert told[-1].size_bytes > 0
    assert [folder.name for folder in work.iterdir()] == ["alive"]


def test_after_a_book_the_store_is_within_its_limit_but_for_what_runs(
    store: SegmentStore, work: Path, tmp_path: Path, log: None
) -> None:
    keep_within(None, store, tmp_path / "parts", work)
    assert store.missing(KEYS) == []
    keep_within(0, store, tmp_path / "parts", work)
    assert store.missing(KEYS) == KEYS[1:]


def test_a_store_that_others_share_is_not_pruned_by_itself(work: Path, tmp_path: Path, log: None) -> None:
    shared = SegmentStore(f"memory://{tmp_path}")
    shared.put(AudioSegment(KEYS[2], np.full(1000, 0.1, dtype=np.float32)))
    keep_within(0, shared, tmp_path / "parts", work)
    assert shared.missing(KEYS[2:3]) == []
    (pruned, *_) = tidied(shelves_of(shared, tmp_path / "parts"), Wanted(0), work)
    assert pruned == Pruned("segments", 1, pruned.size_bytes)


def test_a_store_that_cannot_be_tidied_up_does_not_fail_the_book(
    store: SegmentStore,
    work: Path,
    tmp_path: Path,
    log: None,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError("not yours")

    monkeypatch.setattr(Folder, "remove", refuse)
    keep_within(0, store, tmp_path / "parts", work)
    assert "not yours" in caplog.text
