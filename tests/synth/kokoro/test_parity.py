"""Each stage against upstream's own code, on the same random weights of the published shapes.

Stages are compared in float32 on upstream's inputs. From end to end only float64 can be compared: the phase
sums F0 over thousands of samples and angles jump at pi, so two float32 programs drift apart by tenths of full
scale however equal they are. The noise is upstream's nine numbers per sample, reduced to the one of ours.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
import types
import warnings
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from bench.random_weights import random_pack
from synth.kokoro.alignment import expand, token_of_frame
from synth.kokoro.checkpoint import load_weights
from synth.kokoro.model import Kokoro
from synth.kokoro.sizes import Sizes
from synth.kokoro.stft import analyse
from synth.kokoro.vocoder import spectrum_to_samples
from synth.vocabulary import VOCABULARY
from synth.weights import CHECKPOINT, CONFIG

if importlib.util.find_spec("kokoro") is None:
    pytest.skip("upstream, the oracle, is not installed: pip install kokoro==0.9.4", allow_module_level=True)

STAGE_ERROR = 1e-4  # largest difference over the largest value; about 1e-6 is measured
SHORT = "həlˈO wˈɜɹld."
LONGER = "ðə kwˈɪk bɹˈWn fˈɑks ʤˈʌmps ˌOvəɹ."


class Oracle:
    """Upstream's KModel: what its stages gave, with noise from a seed and its phase summed in float64."""

    def __init__(self, folder: Path) -> None:
        upstream = _import_upstream("kokoro.model")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self.model = upstream.KModel(
                repo_id="none", config=str(folder / CONFIG), model=str(folder / CHECKPOINT)
            ).eval()
        self.sine_generator = _import_upstream("kokoro.istftnet").SineGen
        self.seen: dict[str, Tensor] = {}
        for name in (
            "bert",
            "bert_encoder",
            "text_encoder",
            "predictor.text_encoder",
            "decoder.decode.3",
            "decoder.generator.m_source",
            "decoder.generator.conv_post",
        ):
            self.model.get_submodule(name).register_forward_hook(self._keep(name))
        self._keep_curves()
        self._keep_spectrum()

    def speak(self, phonemes: str, style: Tensor, seed: int) -> tuple[Tensor, Tensor]:
        """-> samples (600F,), durations (T,)."""

        def randn_like(x: Tensor, **_: Any) -> Tensor:
            return nine(seed, x.shape[1])[None].to(x) if x.shape[-1] == 9 else torch.zeros_like(x)

        phase = self.sine_generator._f02sine
        with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")
            patch.setattr(torch, "randn_like", randn_like)
            # upstream's float32 phase is 0.03 rad off at 30 s: fed float64, it is the same code without that
            patch.setattr(self.sine_generator, "_f02sine", lambda own, f0: phase(own, f0.double()).to(f0))
            spoken = self.model(phonemes, style[None], 1, return_output=True)
        return spoken.audio, spoken.pred_dur

    def _keep(self, name: str) -> Callable[[Any, Any, Any], None]:
        def hook(_module: Any, _inputs: Any, made: Any) -> None:
            self.seen[name] = made[0] if isinstance(made, tuple) else made

        return hook

    def _keep_curves(self) -> None:
        curves = self.model.predictor.F0Ntrain

        def kept(features: Tensor, style: Tensor) -> tuple[Tensor, Tensor]:
            self.seen["features"] = features
            self.seen["f0"], self.seen["energy"] = made = curves(features, style)
            return made

        self.model.predictor.F0Ntrain = kept

    def _keep_spectrum(self) -> None:
        stft = self.model.decoder.generator.stft
        transform = stft.transform

        def kept(signal: Tensor) -> tuple[Tensor, Tensor]:
            magnitude, angle = transform(signal)
            # frame 0 is its own mirror image: its angles are 0 or pi, with a sign that is upstream's rounding
            angle[..., 0] = torch.where(angle[..., 0].abs() > 1.5, torch.pi, 0.0)
            self.seen["source"] = signal
            self.seen["harmonics"] = torch.cat([magnitude, angle], 1)
            return magnitude, angle

        stft.transform = kept


@cache
def _import_upstream(name: str) -> Any:
    """A module of upstream's without its package's __init__, which imports spaCy for a text front end."""
    if "kokoro" not in sys.modules:
        spec = importlib.util.find_spec("kokoro")
        assert spec is not None
        assert spec.origin is not None
        package = types.ModuleType("kokoro")
        package.__path__ = [str(Path(spec.origin).parent)]
        sys.modules["kokoro"] = package
    importlib.import_module("loguru").logger.disable("kokoro")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return importlib.import_module(name)


def nine(seed: int, samples: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(samples, 9, generator=generator, dtype=torch.float32)


def one(seed: int, samples: int, model: Kokoro) -> Tensor:
    """Upstream's nine normals per sample as the one that does the same: sum of w_h e_h over |w|."""
    weight = model.decoder.generator.m_source.l_linear.weight[0]
    return (nine(seed, samples).double() @ weight) / weight.norm()


def relative(ours: Tensor, theirs: Tensor) -> float:
    assert ours.shape == theirs.shape
    return float((ours - theirs).abs().max() / theirs.abs().max())


def rows_of(phrases: list[str]) -> tuple[Tensor, Tensor, Tensor]:
    """-> tokens (B, T), lengths (B,), style (B, 256)."""
    lengths = torch.tensor([len(phonemes) + 2 for phonemes in phrases])
    tokens = torch.zeros(len(phrases), int(lengths.max()), dtype=torch.long)
    for row, phonemes in zip(tokens, phrases, strict=True):
        row[1 : len(phonemes) + 1] = torch.tensor([VOCABULARY[symbol] for symbol in phonemes])
    return tokens, lengths, random_pack(7)[lengths - 3, 0]


@pytest.fixture(scope="module")
def oracle(full_folder: Path) -> Oracle:
    return Oracle(full_folder)


@pytest.fixture(scope="module")
def ours(full_folder: Path) -> Kokoro:
    return Kokoro.load(full_folder / CHECKPOINT, full_folder / CONFIG)


def test_upstream_takes_every_tensor_of_our_random_weights(oracle: Oracle, full_folder: Path) -> None:
    for part, tensors in torch.load(full_folder / CHECKPOINT, weights_only=True).items():
        wanted = getattr(oracle.model, part).state_dict()
        names = {name.removeprefix("module.") for name in tensors}
        assert names <= wanted.keys()
        # what upstream has beyond the file is the affine pair of its instance norms, which is never published
        extra = {name for name in wanted.keys() - names if not name.endswith((".norm.weight", ".norm.bias"))}
        assert extra <= {"embeddings.position_ids", "embeddings.token_type_ids"}
        for name, tensor in tensors.items():
            assert torch.equal(wanted[name.removeprefix("module.")], tensor)


@pytest.mark.parametrize("phonemes", [SHORT[:7], LONGER])
def test_each_stage_equals_upstreams(oracle: Oracle, ours: Kokoro, phonemes: str) -> None:
    tokens, lengths, style = rows_of([phonemes])
    timbre, manner = style[:, :128], style[:, 128:].double()
    audio, durations = oracle.speak(phonemes, style[0], seed=3)
    seen = oracle.seen
    prosody = ours.prosody(tokens, lengths, style, torch.ones(1))
    frames = prosody.frames
    mask = torch.ones(1, int(frames), dtype=torch.bool)
    aligned = token_of_frame(prosody.durations, int(frames))

    assert torch.equal(prosody.durations[0], durations)
    stages: dict[str, tuple[Tensor, Tensor]] = {
        "bert": (ours.bert(tokens, None), seen["bert"]),
        "duration encoder": (
            ours.predictor.text_encoder(seen["bert_encoder"].double(), manner, lengths),
            seen["predictor.text_encoder"],
        ),
        "text encoder": (prosody.text, seen["text_encoder"]),
    }
    f0, energy = ours.predictor.curves(seen["features"].transpose(1, 2).double(), manner, frames)
    stages["F0"], stages["energy"] = (f0, seen["f0"]), (energy, seen["energy"])
    text = expand(seen["text_encoder"], aligned, mask)
    decoded = ours.decoder(text, seen["f0"], seen["energy"], timbre, mask)
    stages["decoder"] = decoded, seen["decoder.decode.3"]
    vocoder = ours.decoder.generator
    noise = one(3, 600 * int(frames), ours)[None]
    stages["source"] = vocoder.m_source(seen["f0"].double(), noise), seen["source"]
    harmonics = analyse(seen["source"].double(), 600 * frames)
    stages["magnitude"] = harmonics[:, :11], seen["harmonics"][:, :11]
    turned = torch.remainder(harmonics[:, 11:] - seen["harmonics"][:, 11:] + torch.pi, 2 * torch.pi)
    loud = harmonics[:, :11] > 1e-3 * harmonics[:, :11].max()  # of what is silent the angle is rounding
    stages["angle"] = turned[loud], torch.full_like(turned[loud], torch.pi)
    spectrum = vocoder.spectrum(seen["decoder.decode.3"], seen["harmonics"], timbre, frames)
    stages["spectrum"] = spectrum, seen["decoder.generator.conv_post"]
    stages["samples"] = spectrum_to_samples(seen["decoder.generator.conv_post"], frames)[0], audio

    errors = {name: relative(made, theirs) for name, (made, theirs) in stages.items()}
    assert max(errors.values()) < STAGE_ERROR, errors


def test_in_float64_a_row_of_a_padded_batch_is_what_upstream_says_alone(full_folder: Path) -> None:
    phrases = [SHORT[:4], SHORT[:9]]
    oracle = Oracle(full_folder)
    with torch.device("meta"):
        ours = Kokoro(Sizes())
    load_weights(ours, full_folder / CHECKPOINT)
    ours.requires_grad_(False)
    ours.dtype, ours.device, ours.exact_device = torch.float64, torch.device("cpu"), torch.device("cpu")
    tokens, lengths, style = rows_of(phrases)
    try:
        torch.set_default_dtype(torch.float64)
        oracle.model.double()
        oracle.model.decoder.generator.stft.window = torch.hann_window(20, dtype=torch.float64)
        theirs = [oracle.speak(said, style[row].double(), seed=row) for row, said in enumerate(phrases)]
    finally:
        torch.set_default_dtype(torch.float32)
    prosody = ours.prosody(tokens, lengths, style, torch.ones(len(phrases)))
    noise = torch.zeros(len(phrases), 600 * int(prosody.frames.max()), dtype=torch.float64)
    for row, frames in enumerate(prosody.frames.tolist()):
        noise[row, : 600 * frames] = one(row, 600 * frames, ours)
    samples = ours.acoustics(prosody, style.double(), noise)
    for row, (audio, durations) in enumerate(theirs):
        assert torch.equal(prosody.durations[row, : len(durations)], durations)
        # upstream makes the noise's amplitude in float32, whatever it is fed
        assert relative(samples[row, : len(audio)], audio) < 1e-6
        assert not samples[row, len(audio) :].any()
