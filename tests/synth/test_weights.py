from __future__ import annotations

from pathlib import Path

import pytest

from synth.checksums import SHA256
from synth.errors import WeightsMissing
from synth.voices import VOICES
from synth.weights import CHECKPOINT, CONFIG, find_files, is_as_published


def test_a_folder_that_is_named_is_where_the_files_are_taken_from(tmp_path: Path) -> None:
    (tmp_path / "voices").mkdir()
    for name in (CHECKPOINT, "config.json", "voices/af_heart.pt"):
        (tmp_path / name).touch()
    names = [CHECKPOINT, "voices/af_heart.pt"]
    assert find_files(names, tmp_path) == [tmp_path / name for name in names]


def test_a_folder_that_lacks_files_is_never_passed_over(tmp_path: Path) -> None:
    (tmp_path / CHECKPOINT).touch()
    with pytest.raises(WeightsMissing, match=r"no config.json, af_heart.pt in .*bindery models fetch"):
        find_files([CHECKPOINT, CONFIG, "voices/af_heart.pt"], tmp_path)


def test_without_the_hub_the_cache_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("huggingface_hub.try_to_load_from_cache", lambda *_, **__: None)
    with pytest.raises(WeightsMissing, match=rf"{CHECKPOINT} is not in {tmp_path / 'cache'}.*models fetch"):
        find_files([CHECKPOINT], download=False)


def test_every_published_file_has_a_checksum_that_a_changed_file_misses(tmp_path: Path) -> None:
    assert set(SHA256) == {CHECKPOINT, CONFIG, *(f"voices/{voice}.pt" for voice in VOICES)}
    changed = tmp_path / CONFIG
    changed.write_text("{}")
    assert not is_as_published(changed, CONFIG)
