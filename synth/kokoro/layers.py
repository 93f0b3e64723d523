"""The layers that see padding: each turns zeros behind the mask into zeros behind the mask.

B rows, C channels, S style width, n positions of any rate. What comes in is zero where the mask is False,
and so is what goes out; without that a row would sound different next to a longer one.
"""

from __future__ import annotations

import math
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

NORM_EPS: Final = 1e-5
LEAK: Final = 0.2  # of every leaky ReLU before the vocoder


def real(lengths: Tensor, longest: int) -> Tensor:
    """lengths: (B,) int -> (B, longest) bool on the same device, True on real positions."""
    return torch.arange(longest, device=lengths.device) < lengths[:, None]


def wide(dtype: torch.dtype) -> torch.dtype:
    """The type that statistics of `dtype` are summed in: float32, or float64 where that comes in."""
    return torch.promote_types(dtype, torch.float32)


class AdaIN1d(nn.Module):
    """Instance norm over a row's real positions, whose scale and shift come from the style.

    Upstream's code gives the norm an affine pair of its own; the published checkpoint has none.
    """

    def __init__(self, style: int, channels: int) -> None:
        super().__init__()
        self.fc = nn.Linear(style, 2 * channels)

    def forward(self, x: Tensor, style: Tensor, mask: Tensor) -> Tensor:
        """x: (B, C, n) of any precision, style: (B, S), mask: (B, n) -> (B, C, n), at least float32.

        Two passes, biased variance, as torch's instance norm.
        """
        gamma, beta = self.fc(style)[:, :, None].chunk(2, dim=1)  # (B, C, 1) each
        keep = mask[:, None]
        count = mask.sum(-1)[:, None, None]
        mean = x.sum(-1, keepdim=True, dtype=wide(x.dtype)) / count
        centred = (x - mean) * keep
        variance = centred.square().sum(-1, keepdim=True) / count
        scale = (1 + gamma) * torch.rsqrt(variance + NORM_EPS)
        return torch.addcmul(beta, centred, scale) * keep


class AdaLayerNorm(nn.Module):
    """Layer norm over channels whose scale and shift come from the style."""

    def __init__(self, style: int, channels: int) -> None:
        super().__init__()
        self.fc = nn.Linear(style, 2 * channels)

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        """x: (B, n, C), style: (B, S) -> (B, n, C), *not* zero on padding."""
        gamma, beta = self.fc(style)[:, None].chunk(2, dim=-1)  # (B, 1, C) each
        return torch.addcmul(beta, F.layer_norm(x, x.shape[-1:], eps=NORM_EPS), 1 + gamma)


class BiLSTM(nn.LSTM):
    """A bidirectional LSTM whose backward direction starts at each row's true end."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs // 2, batch_first=True, bidirectional=True)

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:  # type: ignore[override]
        """x: (B, n, I), lengths: (B,) int on the CPU -> (B, n, O), zero on padding."""
        longest = x.shape[1]
        if bool((lengths == longest).all()):
            return super().forward(x)[0]
        packed = nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        made, _ = super().forward(packed)
        return nn.utils.rnn.pad_packed_sequence(made, batch_first=True, total_length=longest)[0]


class AdaINResidual(nn.Module):
    """Two convolutions, each behind AdaIN and a leaky ReLU, beside a shortcut; may double the rate."""

    def __init__(self, inputs: int, outputs: int, style: int, *, doubles: bool = False) -> None:
        super().__init__()
        self.norm1 = AdaIN1d(style, inputs)
        self.conv1 = nn.Conv1d(inputs, outputs, 3, padding=1)
        self.norm2 = AdaIN1d(style, outputs)
        self.conv2 = nn.Conv1d(outputs, outputs, 3, padding=1)
        self.conv1x1 = nn.Conv1d(inputs, outputs, 1, bias=False) if inputs != outputs else None
        self.pool = (
            nn.ConvTranspose1d(inputs, inputs, 3, stride=2, padding=1, output_padding=1, groups=inputs)
            if doubles
            else None
        )

    def forward(self, x: Tensor, style: Tensor, mask: Tensor) -> Tensor:
        """x: (B, I, n), style: (B, S), mask: (B, n) -> (B, O, n), or (B, O, 2n) where it doubles."""
        residual = F.leaky_relu(self.norm1(x, style, mask), LEAK).to(x.dtype)
        shortcut = x
        if self.pool is not None:
            mask = mask.repeat_interleave(2, dim=-1)  # (B, 2n)
            shortcut = shortcut.repeat_interleave(2, dim=-1)  # (B, I, 2n)
            residual = self.pool(residual) * mask[:, None]  # (B, I, 2n)
        residual = self.conv1(residual) * mask[:, None]  # (B, O, ·)
        residual = F.leaky_relu(self.norm2(residual, style, mask), LEAK).to(x.dtype)
        if self.conv1x1 is not None:
            shortcut = self.conv1x1(shortcut)
        made: Tensor = (self.conv2(residual) + shortcut) * mask[:, None] * math.sqrt(0.5)
        return made
