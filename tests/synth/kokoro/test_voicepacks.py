from __future__ import annotations

from pathlib import Path

import pytest
import torch

from bench.random_weights import random_pack
from synth.errors import UnknownVoice, WeightsDoNotFit, WeightsMissing
from synth.kokoro.voicepacks import blend, load_pack, style_of
from synth.voices import parse_blend


def test_the_style_of_a_chunk_is_the_row_of_its_phoneme_count(tiny_folder: Path) -> None:
    pack = load_pack(tiny_folder / "voices" / "af_heart.pt")
    published = torch.load(tiny_folder / "voices" / "af_heart.pt", weights_only=True)
    for count in (1, 2, 137, 510):
        style = style_of(pack, "a" * count)
        assert style.shape == (256,)
        assert style.dtype == torch.float32
        assert torch.equal(style, published[count - 1, 0])


@pytest.mark.parametrize("count", [0, 511])
def test_there_is_no_style_for_a_length_that_no_chunk_has(count: int) -> None:
    with pytest.raises(AssertionError, match=f"{count} phonemes"):
        style_of(torch.zeros(510, 256), "a" * count)


def test_a_pack_of_v0_19_begins_with_the_style_of_no_phonemes_at_all(tmp_path: Path) -> None:
    pack = torch.randn(511, 1, 256)
    torch.save(pack, tmp_path / "af.pt")
    loaded = load_pack(tmp_path / "af.pt")
    for count in (1, 137, 510):
        assert torch.equal(style_of(loaded, "a" * count), pack[count, 0])


@pytest.mark.parametrize("voice", ["af_bella", "af_bella:1", "af_bella:0.3"])
def test_a_blend_of_one_voice_is_that_voice(voice: str) -> None:
    pack = random_pack(1)[:, 0]
    assert blend({"af_bella": pack}, parse_blend(voice)) is pack


def test_a_blend_is_the_weighted_mean_however_it_is_written() -> None:
    bella, sarah = random_pack(1)[:, 0], random_pack(2)[:, 0]
    packs = {"af_bella": bella, "af_sarah": sarah}
    mean = blend(packs, parse_blend("af_bella:0.25+af_sarah:0.75"))
    assert torch.allclose(mean, 0.25 * bella + 0.75 * sarah, atol=1e-7)
    for same in ("af_sarah:0.75+af_bella:0.25", "af_sarah:3 + af_bella:1", "af_bella+af_sarah:3"):
        assert torch.equal(mean, blend(packs, parse_blend(same)))


def test_a_voice_mixed_with_a_copy_of_itself_is_that_voice() -> None:
    pack = random_pack(1)[:, 0]
    assert torch.equal(blend({"a": pack, "b": pack}, parse_blend("a+b")), pack)


@pytest.mark.parametrize(
    "voice",
    ["", "+", "af_bella+", "af_bella:", "af_bella:x", "af_bella:-1+af_sarah", "af_bella:0", "af_bella:inf",
     "af_bella:nan", "af_bella+af_bella"],
)  # fmt: skip
def test_what_is_no_blend_is_refused(voice: str) -> None:
    with pytest.raises(UnknownVoice, match="neither a voice nor a blend"):
        parse_blend(voice)


def test_a_pack_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(WeightsMissing, match=r"no voice pack af_heart.pt"):
        load_pack(tmp_path / "af_heart.pt")


@pytest.mark.parametrize(
    ("pack", "problem"),
    [
        (torch.zeros(510, 256), r"is \(510, 256\), not \(510, 1, 256\)"),
        (torch.zeros(509, 1, 256), r"is \(509, 1, 256\)"),
        ({"a": 1}, "is dict"),
        (torch.full((510, 1, 256), float("nan")), "not finite"),
    ],
)
def test_a_file_of_another_form_is_refused(tmp_path: Path, pack: object, problem: str) -> None:
    torch.save(pack, tmp_path / "af_heart.pt")
    with pytest.raises(WeightsDoNotFit, match=problem):
        load_pack(tmp_path / "af_heart.pt")


def test_a_file_that_torch_cannot_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "af_heart.pt").write_bytes(b"no voice")
    with pytest.raises(WeightsDoNotFit, match="is not a voice pack"):
        load_pack(tmp_path / "af_heart.pt")
