from __future__ import annotations

from pathlib import Path

import pytest

from synth.errors import WeightsMissing
from synth.weights import CHECKPOINT, find_weights


def test_a_folder_that_is_named_is_where_the_files_are_taken_from(tmp_path: Path) -> None:
    (tmp_path / "voices").mkdir()
    for name in (CHECKPOINT, "config.json", "voices/af_heart.pt"):
        (tmp_path / name).touch()
    found = find_weights("af_heart", tmp_path)
    assert (found.checkpoint, found.voice) == (tmp_path / CHECKPOINT, tmp_path / "voices/af_heart.pt")


def test_a_folder_that_lacks_files_is_never_passed_over(tmp_path: Path) -> None:
    (tmp_path / CHECKPOINT).touch()
    with pytest.raises(WeightsMissing, match=r"no config.json, af_heart.pt in .*bindery models fetch"):
        find_weights("af_heart", tmp_path)


def test_without_the_hub_the_cache_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("huggingface_hub.try_to_load_from_cache", lambda *_, **__: None)
    with pytest.raises(WeightsMissing, match=rf"{CHECKPOINT} is not in {tmp_path / 'cache'}.*models fetch"):
        find_weights("af_heart", download=False)
