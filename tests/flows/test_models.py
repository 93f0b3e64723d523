"""What `bindery models` says of Kokoro's files, with one small file for all of them."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from flows.exits import Exit
from flows.models import fetch_all, tell_status, verify_all
from synth.errors import TaggerMissing
from synth.weights import CONFIG

PUBLISHED = b"{}"


@pytest.fixture(autouse=True)
def one_file_is_published(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    published = {CONFIG: hashlib.sha256(PUBLISHED).hexdigest()}
    monkeypatch.setattr("flows.models.SHA256", published)
    monkeypatch.setattr("synth.weights.SHA256", published)
    monkeypatch.setattr("flows.models.find_tagger", lambda _: None)
    (tmp_path / CONFIG).write_bytes(PUBLISHED)


@pytest.fixture
def damaged(tmp_path: Path) -> Path:
    (tmp_path / CONFIG).write_bytes(b"{")
    return tmp_path / CONFIG


def test_status_does_not_pass_for_a_comparison(damaged: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert tell_status(damaged.parent) is Exit.DONE
    assert (
        "1 of 1 files of Kokoro-82M (not compared; `bindery models verify` does)" in capsys.readouterr().out
    )


def test_a_damaged_file_of_a_named_folder_is_not_promised_to_be_fetched(
    damaged: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert verify_all(damaged.parent) is Exit.CANNOT_START
    said = capsys.readouterr().out
    assert f"{damaged} is not as published; copy it into the folder again" in said
    assert "0 of 1 files are as published" in said


def test_a_damaged_file_of_the_hubs_cache_is_promised_to_be_fetched(
    damaged: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("huggingface_hub.try_to_load_from_cache", lambda *_, **__: str(damaged))
    assert verify_all(None) is Exit.CANNOT_START
    assert f"{damaged} is not as published; `bindery models fetch`" in capsys.readouterr().out


def test_what_was_fetched_is_compared_also_where_the_tagger_cannot_be_had(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def no_tagger(_: str) -> None:
        raise TaggerMissing("the mirror is away", "Try later")

    monkeypatch.setattr("huggingface_hub.try_to_load_from_cache", lambda *_, **__: str(tmp_path / CONFIG))
    monkeypatch.setattr("flows.models.fetch_tagger", no_tagger)
    assert fetch_all(None) is Exit.CANNOT_START
    said = capsys.readouterr().out
    assert "the mirror is away" in said
    assert "✓ 1 of 1 files are as published" in said
