"""A seed into a folder of random weights that speak: Kokoro's published files, without the training.

Tokens last about 2.7 frames each and F0 lies where human voices do, so that batches, alignment and the
vocoder work as hard as on real speech. Shapes and names are the published ones; upstream loads the file.

Scales, by rule of the tensor's name (of anything else: weights N(0, 1/fan-in), biases N(0, 0.02²)):

- Weight norm: weight_v N(0, 1), weight_g = gain: white input of unit variance gives outputs of std = gain.
- AdaIN and AdaLayerNorm: fc weights N(0, 0.15²), against style vectors of rms 0.16: scales of 1 ± 0.3.
- Snake's alpha: exp N(0, 0.3²).
- PL-BERT: embeddings N(0, 1/3); what attention and feed-forward add is made small (0.2), else twelve passes
  through one random layer mix all tokens into one.
- LSTM: input weights N(0, 4/fan-in), recurrent N(0, 0.25/H), forget bias + 0.5.
- Durations: the 50 rows share one direction and their biases fall by 1 from row to row, so that the sum of
  sigmoids counts.
- F0: std about 80 Hz around 110 Hz: 3 to 10 % of it falls below the voiced threshold of 10 Hz.
- conv_post: log magnitudes N(-1.1, 0.7²), phases over ± 1.5: rms about -25 dBFS, peaks below full scale.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import torch
from torch import Tensor, nn

from synth.kokoro.checkpoint import PARTS, PREFIX
from synth.kokoro.model import Kokoro
from synth.kokoro.sizes import Sizes
from synth.kokoro.voicepacks import STYLE
from synth.vocabulary import MAX_PHONEMES
from synth.weights import CHECKPOINT, CONFIG

Shape = tuple[int, ...]

STYLE_RMS: Final = 0.16  # of the published voices
PLAIN_CONVS: Final = ("F0_proj", "N_proj", "noise_convs")  # published without weight norm
# F0 comes in Hz; its channel should not drown the others in the decoder's shortcut
GAINS: Final = {"F0_conv": 0.01}


def write_weights(
    folder: Path, sizes: Sizes | None = None, voices: tuple[str, ...] = ("af_heart",), seed: int = 0
) -> None:
    """Make `folder` what `bindery --weights` expects: checkpoint, config.json and voices."""
    sizes = sizes or Sizes()
    (folder / "voices").mkdir(parents=True, exist_ok=True)
    torch.save(random_checkpoint(sizes, seed), folder / CHECKPOINT)
    (folder / CONFIG).write_text(json.dumps(sizes.as_config(), ensure_ascii=False), encoding="utf-8")
    for number, voice in enumerate(voices):
        torch.save(random_pack(seed + number, 2 * sizes.style), folder / "voices" / f"{voice}.pt")


def random_checkpoint(sizes: Sizes, seed: int = 0) -> dict[str, dict[str, Tensor]]:
    """{part: {"module.name": tensor}}, as kokoro-v1_0.pth."""
    generator = torch.Generator().manual_seed(seed)
    made: dict[str, dict[str, Tensor]] = {part: {} for part in PARTS}
    for name, shape in sorted(published_shapes(sizes).items()):
        part, _, rest = name.partition(".")
        made[part][PREFIX + rest] = _tensor(name, shape, generator)
    return made


def random_pack(seed: int = 0, style: int = STYLE) -> Tensor:
    """(510, 1, style): rows that drift slowly with length, as the published voices' do."""
    generator = torch.Generator().manual_seed(seed)
    voice = torch.randn(style, generator=generator)
    drift = torch.randn(2, style, generator=generator)
    turn = torch.linspace(0, 1, MAX_PHONEMES)[:, None]
    rows = voice + 0.3 * (drift[0] * torch.cos(turn) + drift[1] * torch.sin(turn))
    return (STYLE_RMS * rows / rows.square().mean(1, keepdim=True).sqrt())[:, None]


def published_shapes(sizes: Sizes) -> Mapping[str, Shape]:
    """The shape of every tensor in a checkpoint of these sizes, by "part.name"."""
    with torch.device("meta"):
        model = Kokoro(sizes)
    shapes = dict(_shapes(model))
    shapes["bert.pooler.weight"] = (sizes.bert_hidden, sizes.bert_hidden)
    shapes["bert.pooler.bias"] = (sizes.bert_hidden,)
    return shapes


def _shapes(model: nn.Module) -> Iterator[tuple[str, Shape]]:
    normed = {
        f"{name}.weight"
        for name, module in model.named_modules()
        if isinstance(module, nn.Conv1d | nn.ConvTranspose1d)
        and not any(part in name for part in PLAIN_CONVS)
    }
    for name, tensor in model.state_dict().items():
        if name in normed:
            yield f"{name}_g", (tensor.shape[0], 1, 1)
            yield f"{name}_v", tuple(tensor.shape)
        else:
            yield name, tuple(tensor.shape)


def _tensor(name: str, shape: Shape, generator: torch.Generator) -> Tensor:
    def normal(std: float, mean: float = 0.0) -> Tensor:
        return mean + std * torch.randn(shape, generator=generator)

    owner, leaf = name.split(".")[-2:]
    if ".alpha" in name:
        return torch.exp(normal(0.3))
    if leaf == "weight_v":
        return normal(1.0)
    if leaf == "weight_g":
        return _gain(name, owner, shape) * normal(0.1, 1.0)
    if name.startswith("bert."):
        if "LayerNorm.weight" in name or "layer_norm.weight" in name:
            return normal(0.05, 1.0)
        if "embeddings." in name and leaf == "weight":
            return normal(1 / math.sqrt(3))
        branch = 0.2 if "attention.dense" in name or "ffn_output" in name else 1.0
        return normal(branch / math.sqrt(shape[1])) if leaf == "weight" else normal(0.02)
    if leaf in ("gamma", "beta"):
        return normal(0.05, 1.0 if leaf == "gamma" else 0.0)
    if owner == "fc":
        return normal(0.15) if leaf == "weight" else normal(0.1)
    if leaf.startswith("weight_ih"):
        return normal(2 / math.sqrt(shape[1]))
    if leaf.startswith("weight_hh"):
        return normal(0.5 / math.sqrt(shape[1]))
    if leaf.startswith(("bias_ih", "bias_hh")):
        bias, hidden = normal(0.02), shape[0] // 4  # gates i, f, g, o
        bias[hidden : 2 * hidden] += 0.5
        return bias
    if "duration_proj" in name:
        if leaf == "bias":
            return 1.4 - torch.arange(shape[0], dtype=torch.float32)
        return normal(0.005) + (5 / math.sqrt(shape[1])) * torch.randn((1, shape[1]), generator=generator)
    if owner == "F0_proj":
        return torch.full(shape, 110.0) if leaf == "bias" else normal(110 / math.sqrt(shape[1]))
    if owner == "l_linear":
        return normal(1.0) if leaf == "weight" else normal(0.01)
    if owner == "conv_post" and leaf == "bias":
        return torch.cat([torch.full((shape[0] // 2,), -1.1), torch.zeros(shape[0] - shape[0] // 2)])
    if leaf == "bias":
        return normal(0.02)
    return normal(1.0) if owner == "embedding" else normal(1 / math.sqrt(math.prod(shape[1:])))


def _gain(name: str, owner: str, shape: Shape) -> float | Tensor:
    if owner == "conv_post":  # its input has std about 3.5; first half log magnitudes, second half phases
        half = shape[0] // 2
        return torch.cat([torch.full((half, 1, 1), 0.2), torch.full((shape[0] - half, 1, 1), 0.45)])
    if ".ups." in name:
        # normed per *input* channel; an output sample sums two taps of each, so g = sqrt(kernel / 4)
        return math.sqrt((20, 12)[int(name.split(".ups.")[1][0])] / 4)
    return GAINS.get(owner, 1.0)


if __name__ == "__main__":
    write_weights(Path(sys.argv[1]))
