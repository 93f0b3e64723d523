"""Features of tokens into how long each lasts, and features of frames into how high and loud each is."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from synth.kokoro.layers import AdaINResidual, AdaLayerNorm, BiLSTM, real


class Predictor(nn.Module):
    """Durations, F0 and energy. B rows, T tokens, F frames of 25 ms, C channels, S style width."""

    def __init__(self, channels: int, style: int, depth: int, longest: int) -> None:
        super().__init__()
        self.text_encoder = DurationEncoder(channels, style, depth)
        self.lstm = BiLSTM(channels + style, channels)
        self.duration_proj = nn.ModuleDict({"linear_layer": nn.Linear(channels, longest)})
        self.shared = BiLSTM(channels + style, channels)
        self.F0 = _curve_blocks(channels, style)
        self.N = _curve_blocks(channels, style)
        self.F0_proj = nn.Conv1d(channels // 2, 1, 1)
        self.N_proj = nn.Conv1d(channels // 2, 1, 1)

    def durations(self, features: Tensor, speed: Tensor, lengths: Tensor) -> Tensor:
        """Frames per token: at least 1, 0 on padding.

        features: (B, T, C + S), speed: (B,), lengths: (B,) int on the CPU -> (B, T) int.

        The first and the last token of a row stand for no sound, so speed does not touch them: upstream
        divides them too, and below speed 1 voices what it stretches.
        """
        scores = self.duration_proj["linear_layer"](self.lstm(features, lengths))  # (B, T, longest)
        expected = torch.sigmoid(scores).sum(-1)
        place = torch.arange(expected.shape[1], device=expected.device)
        spoken = (place > 0) & (place < lengths.to(expected.device)[:, None] - 1)
        expected = torch.where(spoken, expected / speed[:, None], expected)
        mask = real(lengths, expected.shape[1]).to(expected.device)
        return expected.round().clamp(min=1).long() * mask

    def curves(self, features: Tensor, style: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """F0 in Hz and energy, every 12.5 ms.

        features: (B, F, C + S), style: (B, S), lengths: (B,) int on the CPU, frames
        -> (B, 2F) each, zero on padding.
        """
        shared = self.shared(features, lengths).transpose(1, 2)  # (B, C, F)
        mask = real(lengths, shared.shape[-1]).to(shared.device)
        halves = mask.repeat_interleave(2, dim=-1)  # (B, 2F)

        def curve(blocks: nn.ModuleList, projection: nn.Module) -> Tensor:
            first, doubling, last = blocks
            x = doubling(first(shared, style, mask), style, mask)  # (B, C/2, 2F)
            values: Tensor = projection(last(x, style, halves))[:, 0] * halves
            return values

        return curve(self.F0, self.F0_proj), curve(self.N, self.N_proj)


class DurationEncoder(nn.Module):
    """Bi-LSTMs, each fed the style too and followed by an AdaLayerNorm; `lstms` alternates the two."""

    def __init__(self, channels: int, style: int, depth: int) -> None:
        super().__init__()
        self.lstms = nn.ModuleList(
            module
            for _ in range(depth)
            for module in (BiLSTM(channels + style, channels), AdaLayerNorm(style, channels))
        )

    def forward(self, x: Tensor, style: Tensor, lengths: Tensor) -> Tensor:
        """x: (B, T, C), style: (B, S), lengths: (B,) int on the CPU -> (B, T, C + S), zero on padding."""
        mask = real(lengths, x.shape[1]).to(x.device)[..., None]  # (B, T, 1)
        spread = style[:, None].expand(-1, x.shape[1], -1)  # (B, T, S)
        x = torch.cat([x, spread], dim=-1) * mask
        for lstm, norm in zip(self.lstms[::2], self.lstms[1::2], strict=True):
            x = torch.cat([norm(lstm(x, lengths), style), spread], dim=-1) * mask
        return x


def _curve_blocks(channels: int, style: int) -> nn.ModuleList:
    half = channels // 2
    return nn.ModuleList(
        [
            AdaINResidual(channels, channels, style),
            AdaINResidual(channels, half, style, doubles=True),
            AdaINResidual(half, half, style),
        ]
    )
