"""Rows into their convolution tap by tap, with weights packed once for oneDNN where torch has it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import torch
import torch.nn.functional as F
from torch import Tensor

STEP_ROWS: Final = 256
_TYPICAL_ROWS: Final = 2048  # that weights are packed for; any other number works too


@dataclass(frozen=True, slots=True, eq=False)
class DirectConv:
    """A convolution I -> O over rows (n, I)."""

    weight: Tensor  # (O, I, 1, k), or oneDNN's packing of it
    bias: Tensor | None  # (O,)
    kernel: int
    dilation: int
    packed: bool

    @classmethod
    def of(cls, weight: Tensor, bias: Tensor | None, dilation: int, dtype: torch.dtype) -> DirectConv:
        """weight: (O, I, k) of a convolution as torch has it; dtype: to compute in."""
        image, kernel = weight.to(dtype)[:, :, None].contiguous(), weight.shape[2]
        bias = None if bias is None else bias.to(dtype)
        if not _can_pack(dtype):
            return cls(image, bias, kernel, dilation, packed=False)
        # torch's own inductor packs weights so; there is no public name for it
        operators: Any = torch._C._nn
        packed = operators.mkldnn_reorder_conv2d_weight(
            image.to_mkldnn(), [0, 0], [1, 1], [1, dilation], 1, [1, weight.shape[1], 1, _TYPICAL_ROWS]
        )
        return cls(packed, bias, kernel, dilation, packed=True)

    @property
    def step(self) -> int:
        """Rows that one window makes."""
        return STEP_ROWS

    @property
    def reach(self) -> int:
        """Rows that it sees before the row it makes, and after it."""
        return (self.kernel - 1) // 2 * self.dilation

    def rows_in(self, windows: int) -> int:
        """Rows that so many windows read."""
        return windows * STEP_ROWS + 2 * self.reach

    def __call__(self, rows: Tensor, windows: int) -> Tensor:
        """rows: (rows_in(windows), I), `reach` rows early -> (windows · step, O)."""
        image = rows.t()[None, :, None]  # (1, I, 1, n), channels last
        if self.packed:
            made = torch.ops.mkldnn._convolution_pointwise(
                image, self.weight, self.bias, [0, 0], [1, 1], [1, self.dilation], 1, "none", [], ""
            )
        else:
            made = F.conv2d(image, self.weight, self.bias, dilation=(1, self.dilation))
        out: Tensor = made[0, :, 0].t()
        return out


def _can_pack(dtype: torch.dtype) -> bool:
    """Whether oneDNN is there and this processor has instructions for the type."""
    if not torch._C._has_mkldnn:
        return False
    if dtype is torch.float32:
        return True
    narrow = torch.ops.mkldnn
    known: bool = (
        narrow._is_mkldnn_bf16_supported() if dtype is torch.bfloat16 else narrow._is_mkldnn_fp16_supported()
    )
    return known
