"""The scheduled run that tidies up, as an operator finds what it did."""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np
import pytest

from flows.housekeeping import housekeeping
from outputs.store import SegmentStore
from synth.audio import AudioSegment
from tasks.upkeep import LEASE_S

KEYS = [f"{number:064x}" for number in range(3)]
DAY_S = 24 * 3600.0


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SegmentStore:
    """Three segments: not used for 100, 50 and 0 days; and the work folder of a run that died."""
    for name in ("BINDERY_SEGMENTS", "BINDERY_STORE_LIMIT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("BINDERY_HOME", str(tmp_path))
    store = SegmentStore(tmp_path / "segments")
    for key, days in zip(KEYS, (100, 50, 0), strict=True):
        store.put(AudioSegment(key, np.full(1000, 0.1, dtype=np.float32)))
        for path in (tmp_path / "segments").rglob(f"{key}.*"):
            os.utime(path, (time.time() - days * DAY_S,) * 2)
    died = tmp_path / "work" / "died"
    died.mkdir(parents=True)
    os.utime(died, (time.time() - LEASE_S - 60,) * 2)
    return store


def test_within_the_limit_only_what_died_goes(store: SegmentStore, tmp_path: Path) -> None:
    assert housekeeping.fn().message == "1 work folders removed, 0.0 MB"
    assert store.lacking(KEYS) == []
    assert housekeeping.fn().message == "nothing had to go"
    assert not list((tmp_path / "work").iterdir())


def test_what_was_not_used_for_long_goes_when_that_is_wanted(store: SegmentStore) -> None:
    assert "1 segments removed" in housekeeping.fn(unused_days=60).message
    assert store.lacking(KEYS) == KEYS[:1]


def test_what_is_beyond_the_limit_goes_by_age(store: SegmentStore, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = [path.stat().st_size for path in Path(store.where).rglob("*") if path.is_file()]
    monkeypatch.setenv("BINDERY_STORE_LIMIT", str(sum(sizes) - 1))
    assert "1 segments removed" in housekeeping.fn().message
    assert store.lacking(KEYS) == KEYS[:1]


def test_a_store_that_others_share_is_only_rid_of_what_is_old(
    store: SegmentStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = SegmentStore(f"memory://{tmp_path}")
    shared.put(AudioSegment(KEYS[0], np.full(1000, 0.1, dtype=np.float32)))
    monkeypatch.setenv("BINDERY_SEGMENTS", f"memory://{tmp_path}")
    monkeypatch.setenv("BINDERY_STORE_LIMIT", "1")
    assert "segments" not in housekeeping.fn().message
    in_two_months_s = time.time() + 61 * DAY_S
    monkeypatch.setattr(time, "time", lambda: in_two_months_s)
    assert "1 segments removed" in housekeeping.fn(unused_days=60).message
    assert shared.lacking(KEYS[:1]) == KEYS[:1]
