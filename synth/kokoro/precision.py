"""Convolutions in float32 into convolutions in fewer bits."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Precision(StrEnum):
    """Of the decoder's and the vocoder's convolutions; norms, phases and the iSTFT are at least float32."""

    FLOAT32 = "float32"
    BFLOAT16 = "bfloat16"
    FLOAT16 = "float16"
    INT8 = "int8"  # as bfloat16, with weights kept in 8 bits: half the memory of bfloat16's

    @property
    def dtype(self) -> torch.dtype:
        """What convolutions are computed in."""
        return _DTYPES[self]


_DTYPES: Final = {
    Precision.FLOAT32: torch.float32,
    Precision.BFLOAT16: torch.bfloat16,
    Precision.FLOAT16: torch.float16,
    Precision.INT8: torch.bfloat16,
}


def narrow(part: nn.Module, precision: Precision) -> None:
    """Convert the convolutions below `part`, in place; all other layers stay as they are.

    int8 leaves the transposed convolutions in bfloat16: they have 6 % of the weights.
    """
    if precision is Precision.FLOAT32:
        return
    for module in list(part.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, nn.Conv1d) and precision is Precision.INT8:
                setattr(module, name, Int8Conv1d(child, precision.dtype))
            elif isinstance(child, nn.Conv1d | nn.ConvTranspose1d):
                child.to(precision.dtype)


class Int8Conv1d(nn.Module):
    """A convolution whose weights are kept in 8 bits, with one scale per output channel."""

    weight: Tensor  # (O, I, K) int8
    scale: Tensor  # (O, 1, 1)
    bias: Tensor | None

    def __init__(self, conv: nn.Conv1d, dtype: torch.dtype) -> None:
        """dtype: of the weights when used."""
        super().__init__()
        largest = conv.weight.detach().abs().amax(dim=(1, 2), keepdim=True)
        scale = torch.where(largest > 0, largest / 127, 1.0)
        self.register_buffer("weight", (conv.weight.detach() / scale).round().to(torch.int8))
        self.register_buffer("scale", scale.to(dtype))
        self.register_buffer("bias", None if conv.bias is None else conv.bias.detach().to(dtype))
        self.stride, self.dilation = conv.stride, conv.dilation
        assert not isinstance(conv.padding, str)
        self.padding = conv.padding

    def forward(self, x: Tensor) -> Tensor:
        """x: (B, I, n) -> (B, O, n')."""
        weight = self.weight.to(self.scale.dtype) * self.scale
        return F.conv1d(x, weight, self.bias, self.stride, self.padding, self.dilation)
