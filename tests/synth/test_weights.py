from __future__ import annotations

from pathlib import Path

import pytest
import torch

from synth.errors import WeightsDoNotFit, WeightsMissing
from synth.weights import CHECKPOINT, PARTS, find_weights, load_checkpoint


def checkpoint(path: Path, **changes: object) -> Path:
    parts: dict[str, object] = {
        part: {f"module.layer{i}.weight": torch.zeros(1) for i in range(count)}
        for part, count in PARTS.items()
    }
    torch.save(parts | changes, path)
    return path


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


def test_a_whole_checkpoint_loses_nothing_but_its_prefix(tmp_path: Path) -> None:
    loaded = load_checkpoint(checkpoint(tmp_path / "k.pth"))
    assert {part: len(tensors) for part, tensors in loaded.items()} == PARTS
    assert "layer0.weight" in loaded["bert"]


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"bert": {}}, "0 tensors under 'bert', not 25"),
        (
            {"bert_encoder": {"weight": torch.zeros(1), "bias": torch.zeros(1)}},
            "without 'module.': weight, bias",
        ),
        ({"extra": {}}, "'extra'"),
    ],
)
def test_a_checkpoint_of_another_form_is_refused_with_what_differs(
    tmp_path: Path, changes: dict[str, object], problem: str
) -> None:
    with pytest.raises(WeightsDoNotFit, match=problem):
        load_checkpoint(checkpoint(tmp_path / "k.pth", **changes))


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", b"PK\x03\x04 broken"])
def test_a_file_that_is_no_checkpoint_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "k.pth"
    path.write_bytes(content)
    with pytest.raises(WeightsDoNotFit, match="is not a torch checkpoint"):
        load_checkpoint(path)
