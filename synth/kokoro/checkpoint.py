"""A published Kokoro checkpoint into the tensors of our model: all of them used, none left over."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor, nn

from synth.errors import WeightsDoNotFit

PARTS: Final = ("bert", "bert_encoder", "predictor", "decoder", "text_encoder")
# What torch's reader raises for files that are damaged, cut off or something else.
UNREADABLE: Final = (
    pickle.UnpicklingError,
    RuntimeError,
    EOFError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    NotImplementedError,
    OSError,
)
PREFIX: Final = "module."  # every name has it, as torch's DataParallel writes it
# PL-BERT's sentence vector: published with it, and used by nothing.
UNUSED: Final = ("bert.pooler.weight", "bert.pooler.bias")
_SHOWN: Final = 5  # names in an error
_HINT: Final = (
    "Run `bindery models verify`, then `bindery models fetch`, or name another folder with --weights"
)


def load_weights(model: nn.Module, path: Path) -> None:
    """Replace every parameter of `model` (which may be on the meta device) by the checkpoint's, in float64.

    Raises:
        WeightsDoNotFit: it is no checkpoint, or its tensors are not the model's; names those that differ.
    """
    given = _folded(read_checkpoint(path), path)
    wanted = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
    shapes = {name: tuple(tensor.shape) for name, tensor in given.items()}
    names = sorted(wanted.keys() | shapes.keys())
    if differ := [name for name in names if wanted.get(name) != shapes.get(name)]:
        lines = [f"{name} is {_shape(shapes, name)}, not {_shape(wanted, name)}" for name in differ[:_SHOWN]]
        raise WeightsDoNotFit(
            f"{path} does not fit the model; {len(differ)} of {len(wanted)} tensors differ: "
            + "; ".join(lines),
            _HINT,
        )
    model.load_state_dict(given, strict=True, assign=True)


def read_checkpoint(path: Path) -> dict[str, Tensor]:
    """The tensors of a checkpoint by "part.name", as published, without "module.", on the CPU.

    v0.19 has the five parts one level down, under "net".

    Raises:
        WeightsDoNotFit: the file is no checkpoint, or has other parts.
    """
    try:
        loaded = torch.load(path, map_location="cpu", weights_only=True)
    except UNREADABLE as error:
        raise WeightsDoNotFit(f"{path} is not a torch checkpoint ({first_line(error)})", _HINT) from error
    if isinstance(loaded, dict) and set(loaded) == {"net"}:
        loaded = loaded["net"]
    if not isinstance(loaded, dict) or set(loaded) != set(PARTS):
        parts = sorted(map(str, loaded)) if isinstance(loaded, dict) else type(loaded).__name__
        raise WeightsDoNotFit(f"{path} has the parts {parts}, not {sorted(PARTS)}", _HINT)
    return {
        f"{part}.{name}": tensor for part in PARTS for name, tensor in _part(path, part, loaded[part]).items()
    }


def _part(path: Path, part: str, tensors: Any) -> dict[str, Tensor]:
    if not isinstance(tensors, Mapping):
        raise WeightsDoNotFit(f"{path} has no tensors under '{part}'", _HINT)
    stray = [
        name
        for name, tensor in tensors.items()
        if not str(name).startswith(PREFIX) or not isinstance(tensor, Tensor)
    ]
    if stray:
        shown = ", ".join(map(str, stray[:_SHOWN]))
        raise WeightsDoNotFit(f"{path} has under '{part}' what is no tensor of '{PREFIX}…': {shown}", _HINT)
    for name, tensor in tensors.items():
        if not is_plain(tensor):
            raise WeightsDoNotFit(f"{path} has values in {part}.{name} that no weight can have", _HINT)
    return {name.removeprefix(PREFIX): tensor for name, tensor in tensors.items()}


def is_plain(tensor: Tensor) -> bool:
    """Whether a tensor is one of real numbers, in memory, all of them finite."""
    return (
        tensor.layout is torch.strided
        and tensor.device.type == "cpu"
        and tensor.dtype.is_floating_point
        and bool(tensor.isfinite().all())
    )


def _folded(state: Mapping[str, Tensor], path: Path) -> dict[str, Tensor]:
    """Weight norm undone, in float64: w = g v / |v|, the norm over all axes but the first.

    weight_g: (O, 1, 1), weight_v: (O, I, K) -> weight: (O, I, K); a transposed convolution has I first.
    """
    folded: dict[str, Tensor] = {}
    for name, tensor in state.items():
        if name in UNUSED:
            continue
        if name.endswith(".weight_v"):
            magnitude = state.get(name.removesuffix("_v") + "_g")
            if magnitude is None or tensor.ndim != 3 or magnitude.shape != (len(tensor), 1, 1):
                raise WeightsDoNotFit(f"{path} has no fitting weight_g to {name}", _HINT)
            direction = tensor.double()
            length = torch.linalg.vector_norm(direction, dim=(1, 2), keepdim=True)
            if not length.all():
                raise WeightsDoNotFit(f"{path} has a direction without length in {name}", _HINT)
            folded[name.removesuffix("_v")] = direction * (magnitude.double() / length)
        elif not (name.endswith(".weight_g") and name.removesuffix("_g") + "_v" in state):
            folded[name] = tensor.double()
    return folded


def _shape(shapes: Mapping[str, tuple[int, ...]], name: str) -> str:
    return str(shapes[name]) if name in shapes else "missing"


def first_line(error: BaseException) -> str:
    """What an exception says, short enough for a line of an error."""
    return (str(error).splitlines() or [type(error).__name__])[0][:120]
