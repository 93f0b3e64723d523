from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from synth.errors import WeightsDoNotFit
from synth.kokoro.checkpoint import read_checkpoint
from synth.kokoro.model import Kokoro
from synth.weights import CHECKPOINT, CONFIG

Checkpoint = dict[str, Any]


def changed(folder: Path, to: Path, change: Callable[[Checkpoint], Any]) -> Path:
    """A copy of a folder's checkpoint after `change`, which may return another in its place."""
    checkpoint: Checkpoint = torch.load(folder / CHECKPOINT, weights_only=True)
    other = change(checkpoint)
    torch.save(checkpoint if other is None else other, to / "changed.pth")
    return to / "changed.pth"


def load(checkpoint: Path, folder: Path) -> Kokoro:
    return Kokoro.load(checkpoint, folder / CONFIG)


def test_weight_norm_is_undone(tiny: Kokoro, tiny_folder: Path) -> None:
    published = torch.load(tiny_folder / CHECKPOINT, weights_only=True)["decoder"]
    direction, size = (published[f"module.generator.ups.0.weight_{part}"] for part in "vg")
    expected = torch._weight_norm(direction, size, 0)
    assert torch.allclose(tiny.decoder.generator.get_parameter("ups.0.weight"), expected, rtol=1e-6, atol=0)


def test_a_checkpoint_of_v0_19_has_its_parts_one_level_down(tiny_folder: Path, tmp_path: Path) -> None:
    path = changed(tiny_folder, tmp_path, lambda parts: {"net": parts})
    assert read_checkpoint(path).keys() == read_checkpoint(tiny_folder / CHECKPOINT).keys()


def drop(part: str, name: str) -> Callable[[Checkpoint], None]:
    return lambda parts: parts[part].__delitem__(name)


def put(part: str, name: str, *shape: int) -> Callable[[Checkpoint], None]:
    return lambda parts: parts[part].__setitem__(name, torch.zeros(shape))


def spoil(
    part: str, name: str, change: Callable[[torch.Tensor], torch.Tensor]
) -> Callable[[Checkpoint], None]:
    return lambda parts: parts[part].__setitem__(name, change(parts[part][name]))


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (spoil("bert_encoder", "module.bias", lambda x: x * torch.nan), "in bert_encoder.module.bias"),
        (spoil("bert_encoder", "module.bias", lambda x: x.to_sparse()), "in bert_encoder.module.bias"),
        (
            spoil("bert_encoder", "module.bias", lambda x: x.to(torch.complex64)),
            "in bert_encoder.module.bias",
        ),
        (spoil("bert_encoder", "module.bias", lambda x: x.to("meta")), "in bert_encoder.module.bias"),
        (put("decoder", "module.F0_conv.weight_v", 1, 1), "no fitting weight_g to decoder.F0_conv.weight_v"),
        (put("decoder", "module.F0_conv.weight_v", 1, 1, 3), "without length in decoder.F0_conv.weight_v"),
        (drop("bert_encoder", "module.bias"), r"1 of \d+ tensors differ: bert_encoder.bias is missing"),
        (
            put("predictor", "module.F0_proj.bias", 3),
            r"predictor.F0_proj.bias is \(3,\), not \(1,\)",
        ),
        (put("decoder", "module.extra", 2), r"decoder.extra is \(2,\), not missing"),
        (drop("decoder", "module.F0_conv.weight_g"), "no fitting weight_g to decoder.F0_conv.weight_v"),
        (drop("decoder", "module.F0_conv.weight_v"), "decoder.F0_conv.weight is missing"),
        (put("bert_encoder", "stray", 1), "under 'bert_encoder' .*'module.…': stray"),
        (lambda parts: parts.__delitem__("decoder"), "has the parts"),
        (lambda parts: parts.update(decoder=1), "no tensors under 'decoder'"),
        (lambda _: torch.zeros(3), "has the parts Tensor"),
    ],
)
def test_a_checkpoint_that_does_not_fit_says_what_differs(
    tiny_folder: Path, tmp_path: Path, change: Callable[[Checkpoint], Any], problem: str
) -> None:
    with pytest.raises(WeightsDoNotFit, match=problem):
        load(changed(tiny_folder, tmp_path, change), tiny_folder)


def test_the_sentence_vector_that_is_published_and_unused_may_be_there_or_not(
    tiny_folder: Path, tmp_path: Path
) -> None:
    def without_pooler(parts: Checkpoint) -> None:
        for name in ("weight", "bias"):
            del parts["bert"][f"module.pooler.{name}"]

    load(changed(tiny_folder, tmp_path, without_pooler), tiny_folder)


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", b"PK\x03\x04 broken"])
def test_a_file_that_is_no_checkpoint_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "k.pth"
    path.write_bytes(content)
    with pytest.raises(WeightsDoNotFit, match="is not a torch checkpoint"):
        read_checkpoint(path)


@pytest.mark.parametrize(
    ("place", "name", "value", "problem"),
    [
        ("vocab", "a", 9, r"'a' is token 9, not \d+"),
        ("vocab", "☃", 177, "'☃' is token 177, not None"),
        ("istftnet", "upsample_rates", [8, 8], r"upsample_rates is \[8, 8\], not \[10, 6\]"),
        ("plbert", "hidden_size", 64, "tensors differ: bert.encoder"),
        ("plbert", "hidden_size", "wide", "is no config of Kokoro's"),
    ],
)
def test_a_config_of_another_model_is_refused(
    tiny_folder: Path, tmp_path: Path, place: str, name: str, value: object, problem: str
) -> None:
    config = json.loads((tiny_folder / CONFIG).read_text(encoding="utf-8"))
    config[place][name] = value
    (tmp_path / CONFIG).write_text(json.dumps(config), encoding="utf-8")
    with pytest.raises(WeightsDoNotFit, match=problem):
        Kokoro.load(tiny_folder / CHECKPOINT, tmp_path / CONFIG)
