"""The name of a voice, or of a blend of voices, into the style vector of a chunk."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import torch
from torch import Tensor

from synth.errors import WeightsDoNotFit, WeightsMissing
from synth.kokoro.checkpoint import UNREADABLE, first_line, is_plain
from synth.vocabulary import MAX_PHONEMES

STYLE: Final = 256  # [:128] is the decoder's, [128:] is prosody's
_HINT: Final = (
    "Run `bindery models verify`, then `bindery models fetch`, or name another folder with --weights"
)


def load_pack(path: Path) -> Tensor:
    """A voice pack as published -> (510, 256) float32: row r is the style of a chunk of r + 1 phonemes.

    A v0.19 pack has a row for a length of 0 before them (`voicepack[len(tokens)]` in its own code).

    Raises:
        WeightsMissing: there is no such file.
        WeightsDoNotFit: it is no voice pack.
    """
    if not path.is_file():
        raise WeightsMissing(f"no voice pack {path.name} in {path.parent}", _HINT)
    try:
        pack = torch.load(path, map_location="cpu", weights_only=True)
    except UNREADABLE as error:
        raise WeightsDoNotFit(f"{path} is not a voice pack ({first_line(error)})", _HINT) from error
    shapes = [(rows, 1, STYLE) for rows in (MAX_PHONEMES, MAX_PHONEMES + 1)]
    if not isinstance(pack, Tensor) or tuple(pack.shape) not in shapes:
        found = tuple(pack.shape) if isinstance(pack, Tensor) else type(pack).__name__
        raise WeightsDoNotFit(f"{path} is {found}, not {shapes[0]} as a voice pack is", _HINT)
    if not is_plain(pack):
        raise WeightsDoNotFit(f"{path} has values that are not finite", _HINT)
    return pack[-MAX_PHONEMES:, 0].float()


def blend(packs: dict[str, Tensor], shares: dict[str, float]) -> Tensor:
    """The weighted mean of voice packs; of a single voice, that voice, bit for bit.

    packs: (510, 256) each, by name; shares: by name, sum 1 -> (510, 256) float32.
    """
    if len(shares) == 1:
        return packs[next(iter(shares))]
    # names in order, so that the same blend has the same bytes however it was written
    return torch.stack([packs[name].double() * shares[name] for name in sorted(shares)]).sum(0).float()


def style_of(pack: Tensor, phonemes: str) -> Tensor:
    """pack: (510, 256), phonemes: 1 to 510 symbols -> (256,), the row of that length."""
    assert 1 <= len(phonemes) <= MAX_PHONEMES, f"{len(phonemes)} phonemes"
    return pack[len(phonemes) - 1]
