"""A published config.json into the widths of the model, checked against what this code builds."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from synth.errors import WeightsDoNotFit
from synth.vocabulary import VOCABULARY


@dataclass(frozen=True, slots=True)
class Sizes:
    """Widths and depths; the defaults are Kokoro-82M v1.0's."""

    tokens: int = 178  # places in the phoneme vocabulary
    channels: int = 512  # of text and prosody features
    style: int = 128  # half of a style vector: the first half is the decoder's, the second prosody's
    depth: int = 3  # layers of the text encoder and of the duration encoder
    text_kernel: int = 5
    longest: int = 50  # frames that a token can last at speed 1
    bert_hidden: int = 768
    bert_heads: int = 12
    bert_inner: int = 2048
    bert_positions: int = 512
    bert_passes: int = 12  # through one shared layer
    vocoder: int = 512  # channels that enter the vocoder; the decoder is twice as wide

    def as_config(self) -> dict[str, Any]:
        """The config.json that states these sizes, with all that upstream reads of one."""
        return {
            **_UPSTREAMS,
            **{name: getattr(self, field) for name, field in _TOP.items()},
            "plbert": {name: getattr(self, field) for name, field in _PLBERT.items()} | {"dropout": 0.1},
            "istftnet": {**_VOCODER, "upsample_initial_channel": self.vocoder},
            "vocab": dict(VOCABULARY),
        }


_TOP: Final = {
    "n_token": "tokens",
    "hidden_dim": "channels",
    "style_dim": "style",
    "n_layer": "depth",
    "text_encoder_kernel_size": "text_kernel",
    "max_dur": "longest",
}
_PLBERT: Final = {
    "hidden_size": "bert_hidden",
    "num_attention_heads": "bert_heads",
    "intermediate_size": "bert_inner",
    "max_position_embeddings": "bert_positions",
    "num_hidden_layers": "bert_passes",
}
# Published too, but of training alone, or written in upstream's code as they are in ours.
_UPSTREAMS: Final = {"dim_in": 64, "dropout": 0.2, "max_conv_dim": 512, "multispeaker": True, "n_mels": 80}
# What vocoder.py and stft.py are written for.
_VOCODER: Final = {
    "upsample_rates": [10, 6],
    "upsample_kernel_sizes": [20, 12],
    "gen_istft_n_fft": 20,
    "gen_istft_hop_size": 5,
    "resblock_kernel_sizes": [3, 7, 11],
    "resblock_dilation_sizes": [[1, 3, 5], [1, 3, 5], [1, 3, 5]],
}


def read_sizes(config: Path) -> Sizes:
    """The sizes that a config.json states.

    Raises:
        WeightsDoNotFit: it is no such file, has another vocabulary, or describes another vocoder.
    """
    try:
        stated = json.loads(config.read_text(encoding="utf-8"))
        sizes = Sizes(
            **{field: int(stated[name]) for name, field in _TOP.items()},
            **{field: int(stated["plbert"][name]) for name, field in _PLBERT.items()},
            vocoder=int(stated["istftnet"]["upsample_initial_channel"]),
        )
        differences = list(_differences(stated))
    except (ValueError, KeyError, TypeError) as error:
        raise _unfit(config, f"is no config of Kokoro's ({type(error).__name__}: {error})") from error
    if differences:
        raise _unfit(config, "describes another model: " + "; ".join(differences[:5]))
    return sizes


def _differences(stated: dict[str, Any]) -> Iterator[str]:
    for name, built in _VOCODER.items():
        if stated["istftnet"][name] != built:
            yield f"{name} is {stated['istftnet'][name]}, not {built}"
    vocabulary = dict(stated["vocab"])
    for symbol in sorted(VOCABULARY.keys() | vocabulary.keys()):
        if vocabulary.get(symbol) != VOCABULARY.get(symbol):
            yield f"{symbol!r} is token {vocabulary.get(symbol)}, not {VOCABULARY.get(symbol)}"


def _unfit(config: Path, problem: str) -> WeightsDoNotFit:
    return WeightsDoNotFit(f"{config} {problem}", "Use the config.json published with the weights")
