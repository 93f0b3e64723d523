"""`bindery store`, as an operator uses it."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from flows.cli import app
from flows.errors import CannotStart
from flows.settings import Settings, bytes_in
from outputs.store import SegmentStore
from synth.audio import AudioSegment

KEYS = [f"{number:064x}" for number in range(3)]
DAY_S = 24 * 3600.0


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three segments: not used for 100, 50 and 0 days."""
    for name in ("BINDERY_SEGMENTS", "BINDERY_STORE_LIMIT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("BINDERY_HOME", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "160")
    store = SegmentStore(tmp_path / "segments")
    for key, days in zip(KEYS, (100, 50, 0), strict=True):
        store.put(AudioSegment(key, np.full(1000, 0.1, dtype=np.float32)))
        for path in (tmp_path / "segments").rglob(f"{key}.*"):
            os.utime(path, (time.time() - days * DAY_S,) * 2)
    return tmp_path


def bindery(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["store", *arguments])


def missing(home: Path) -> list[str]:
    """The keys without a sidecar; asking the store would count as using them."""
    return [key for key in KEYS if not list((home / "segments").rglob(f"{key}.v*.json"))]


def test_info_says_how_much_there_is_and_how_old(home: Path) -> None:
    result = bindery("info")
    assert result.exit_code == 0
    assert "segments" in result.output
    assert "limit: 20" in result.output
    facts = json.loads(bindery("info", "--json").output)
    files = [path for path in (home / "segments").rglob("*") if path.is_file()]
    assert facts["segments"]["number"] == 3
    assert facts["segments"]["bytes"] == sum(path.stat().st_size for path in files)
    assert facts["segments"]["oldest_s"] == pytest.approx(time.time() - 100 * DAY_S, abs=600)
    assert facts["encoded chapters"]["number"] == 0
    assert facts["limit_bytes"] == 20 * 10**9


def test_prune_by_age_removes_what_was_not_used_for_so_long(home: Path) -> None:
    told = bindery("prune", "--older-than", "60d", "--dry-run")
    assert "1 segments would go" in told.output
    assert missing(home) == []
    done = bindery("prune", "--older-than", "60d")
    assert "1 segments removed" in done.output
    assert missing(home) == KEYS[:1]


def test_prune_to_a_size_or_to_the_setting(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    size = sum(path.stat().st_size for path in (home / "segments").rglob("*") if path.is_file())
    assert bindery("prune").exit_code == 0
    assert missing(home) == []
    bindery("prune", "--to", str(size - 1))
    assert missing(home) == KEYS[:1]
    monkeypatch.setenv("BINDERY_STORE_LIMIT", "0")
    bindery("prune")
    assert missing(home) == KEYS


def test_verify_names_what_is_damaged_and_removes_it(home: Path) -> None:
    audio = next((home / "segments").rglob(f"{KEYS[1]}*.flac"))
    audio.write_bytes(audio.read_bytes()[:-1] + b"!")
    found = bindery("verify")
    assert found.exit_code == 0
    assert f"segment {KEYS[1][:12]} is damaged" in found.output
    assert "2 segments are whole, 1 damaged" in found.output
    assert missing(home) == KEYS[1:2]


@pytest.mark.parametrize(
    ("arguments", "variable", "problem", "status"),
    [
        (["prune", "--to", "much"], {}, "--to much", 2),
        (["prune", "--older-than", "long"], {}, "--older-than long", 2),
        (["info"], {"BINDERY_STORE_LIMIT": "much"}, "BINDERY_STORE_LIMIT is 'much'", 4),
        (["verify"], {"BINDERY_SEGMENTS": "gopher://hole"}, "gopher://hole cannot be used", 4),
    ],
)
def test_what_cannot_be_done_is_refused_in_one_line(
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    variable: dict[str, str],
    problem: str,
    status: int,
) -> None:
    for name, value in variable.items():
        monkeypatch.setenv(name, value)
    result = bindery(*arguments)
    assert result.exit_code == status
    assert problem in result.output
    assert len(result.output.splitlines()) == 1


def test_the_store_may_be_elsewhere_or_have_no_limit() -> None:
    settings = Settings.read({"BINDERY_HOME": "/h", "BINDERY_SEGMENTS": "s3://shelf/segments"})
    assert settings.segments == "s3://shelf/segments"
    assert Settings.read({"BINDERY_SEGMENTS": "/fast"}).segments == Path("/fast")
    assert settings.store_limit_bytes == 20 * 10**9
    assert Settings.read({"BINDERY_STORE_LIMIT": "none"}).store_limit_bytes is None
    with pytest.raises(CannotStart, match="BINDERY_STORE_LIMIT"):
        _ = Settings.read({"BINDERY_STORE_LIMIT": "-3GB"}).store_limit_bytes


def test_sizes_are_read_as_people_write_them() -> None:
    assert [bytes_in(size) for size in ("20GB", "1.5 GiB", "5000", "much", "")] == [
        20 * 10**9,
        3 * 2**29,
        5000,
        None,
        None,
    ]
