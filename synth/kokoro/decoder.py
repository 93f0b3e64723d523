"""Aligned text features, F0, energy and style into the features that the vocoder speaks."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor, nn

from synth.kokoro.layers import AdaINResidual
from synth.kokoro.vocoder import Vocoder

SHORTCUT: Final = 64  # channels of the text that every block sees again


class Decoder(nn.Module):
    """B rows, F frames of 25 ms, C channels of text, S style width. `generator` is the checkpoint's name."""

    def __init__(self, channels: int, style: int, vocoder: int) -> None:
        super().__init__()
        width = 2 * vocoder
        seen = width + 2 + SHORTCUT
        self.encode = AdaINResidual(channels + 2, width, style)
        self.decode = nn.ModuleList(
            [
                *(AdaINResidual(seen, width, style) for _ in range(3)),
                AdaINResidual(seen, vocoder, style, doubles=True),
            ]
        )
        self.F0_conv = nn.Conv1d(1, 1, 3, stride=2, padding=1)
        self.N_conv = nn.Conv1d(1, 1, 3, stride=2, padding=1)
        self.asr_res = nn.Sequential(nn.Conv1d(channels, SHORTCUT, 1))
        self.generator = Vocoder(vocoder, style)

    def forward(self, text: Tensor, f0: Tensor, energy: Tensor, style: Tensor, mask: Tensor) -> Tensor:
        """text: (B, C, F), f0 and energy: (B, 2F), style: (B, S), mask: (B, F) -> (B, 512, 2F)."""
        keep = mask[:, None]
        curves = torch.cat([self.F0_conv(f0[:, None]), self.N_conv(energy[:, None])], dim=1) * keep
        shortcut = torch.cat([self.asr_res(text) * keep, curves], dim=1)  # (B, 66, F)
        x: Tensor = self.encode(torch.cat([text, curves], dim=1), style, mask)
        for block in self.decode:
            x = block(torch.cat([x, shortcut], dim=1), style, mask)
        return x
